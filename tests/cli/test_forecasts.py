"""`tenure predict`, `evaluate`, `explain` and `models`: asked of a shop that was run once."""

from __future__ import annotations

import shutil

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from tenure import open_project
from tenure.project import Run


@pytest.fixture(scope="module")
def shop(shop_with_run, tmp_path_factory):
    """A copy, so that models may come and go."""
    folder = tmp_path_factory.mktemp("forecasts") / "shop"
    shutil.copytree(shop_with_run.folder, folder)
    return open_project(folder)


def user_of(shop):
    return shop.last_run.table("plan").sort_by([("stake", "descending")])["user_id"][0].as_py()


def test_predict_says_what_the_run_said(tenure, shop):
    rows = tenure("predict", "--task", "commit:30d", "-p", shop.folder, "--json").json
    of_run = shop.last_run.table("predictions")
    assert [row["user_id"] for row in rows] == of_run["user_id"].to_pylist()
    assert [row["value"] for row in rows] == pytest.approx(of_run["p_commit"].to_pylist())
    assert [row["low_80"] for row in rows] == pytest.approx(of_run["p_commit_low"].to_pylist())
    said = tenure("predict", "-p", shop.folder, "-n", 3)
    assert said.code == 0
    for words in ("commit:30d: 300 users, on average", "value:30d: 300 users, in total", "80 % from", "Ranges: "):
        assert words in said.out


def test_predict_writes_all_rows_to_a_file(tenure, shop, tmp_path):
    said = tenure("predict", "--task", "churn:30d", "--to", tmp_path / "out.parquet", "-p", shop.folder)
    table = pq.read_table(tmp_path / "out.parquet")
    assert said.out == f"{table.num_rows} forecasts: {tmp_path / 'out.parquet'}\n"
    p_churn = shop.last_run.table("predictions")["p_churn"].to_pylist()
    assert table["value"].to_pylist() == pytest.approx(p_churn)
    assert pc.all(pc.less_equal(table["low_80"], table["high_80"])).as_py()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["predict", "--task", "churn:31d"], "train it with `tenure evaluate --task churn:31d`"),
        (["predict", "--task", "leave:30d"], "there is no kind 'leave'"),
        (["predict", "--as-of", "2024-02-01"], "so they would know the future of 2024-02-01"),
        (["predict", "--version", "19990101"], "19990101"),
        (["explain", "nobody"], "nobody"),
        (["models", "promote", "19990101"], "19990101"),
        (["models", "rollback"], ""),
    ],
)
def test_what_cannot_be_answered_is_said_in_a_line(tenure, shop, arguments, words):
    said = tenure(*arguments, "-p", shop.folder)
    assert (said.code, said.out) == (2, "")
    last = said.err.splitlines()[-1]
    assert last.startswith("tenure: ")
    assert words in last


def test_a_new_task_is_trained_promoted_and_taken_back(tenure, shop):
    before = shop.models.current().name
    said = tenure("evaluate", "--task", "churn:14d", "--no-promote", "-p", shop.folder)
    assert said.code == 0
    for words in (
        "commit:14d: all seen",
        "commit:30d: all seen",
        "value:30d: all seen",
        "not in use",
        "champion minus",
    ):
        assert words in said.out
    made = next(name for name in shop.models.names() if name != before)
    assert shop.models.current().name == before
    listed = tenure("models", "list", "-p", shop.folder, "--json").json
    assert [(row["version"], row["in_use"]) for row in listed] == [(before, True), (made, False)]
    assert tenure("predict", "--task", "churn:14d", "-p", shop.folder).code == 2
    assert tenure("models", "promote", made, "-p", shop.folder).out == f"In use: {made}\n"
    rows = tenure("predict", "--task", "churn:14d", "-p", shop.folder, "--json").json
    assert all(0 <= row["low_80"] <= row["high_80"] <= 1 for row in rows)
    shown = tenure("models", "show", made, "-p", shop.folder)
    assert "commit:14d" in shown.out
    assert tenure("models", "rollback", "-p", shop.folder).out == f"In use: {before}\n"


def test_explain_tells_why_in_words_bars_and_on_a_page(tenure, shop, tmp_path):
    user = user_of(shop)
    found = tenure("explain", user, "-p", shop.folder, "--json").json
    (row,) = shop.last_run.of_user("predictions", user)
    assert found["forecast"] == pytest.approx(row["p_churn"])
    said = tenure("explain", user, "-p", shop.folder)
    assert said.code == 0
    for words in (
        f"{user}, churn:30d",
        "The chance that they do not buy within 30 days is",
        "What makes it",
        "By theme",
    ):
        assert words in said.out
    page = tmp_path / "why.html"
    assert tenure("explain", user, "--html", page, "-p", shop.folder).out == f"Explanation: {page}\n"
    assert "The chance that they do not buy within 30 days is" in page.read_text(encoding="utf-8")


def test_show_sends_users_without_told_reasons_to_explain(tenure, shop, monkeypatch):
    user, found = user_of(shop), Run.show
    monkeypatch.setattr(Run, "show", lambda run, who: {**found(run, who), "reasons": []})
    assert f"`tenure explain {user}` tells why P(commit) is" in tenure("show", user, "-p", shop.folder).out
