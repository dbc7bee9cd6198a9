"""Lifetime value, asked of logs of all kinds: it adds up, knows no future, and says what it cannot know."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from simulated_project import CONFIG, world

from tenure import create_project
from tenure.errors import ConfigError, EvidenceError

START = datetime.fromisoformat("2017-01-02")
BANDS = ("low_95", "low_80", "high_80", "high_95")


@pytest.fixture(scope="module")
def valued(shop_with_run):
    return shop_with_run.value()


def shop_of(folder, rows, **options):
    """A project of `(user, day, event_type, value)`."""
    names = ("user_id", "timestamp", "event_type", "value")
    made = [(user, START + timedelta(days=day), kind, value) for user, day, kind, value in rows]
    events = pa.table({name: [row[k] for row in made] for k, name in enumerate(names)})
    project = create_project(folder, events, **options)
    with (folder / "tenure.toml").open("a", encoding="utf-8") as file:
        file.write("\n[run]\nthreads = 1\n")
    return project


def regulars(kind="purchase", worth=20.0, n_users=30, n_days=200):
    """Users who come every 5 to 14 days; some of them leave."""
    rng = np.random.default_rng(5)
    for k in range(n_users):
        last = n_days if rng.random() < 0.7 else n_days * rng.random()
        for day in np.arange(rng.integers(0, 9), last, rng.integers(5, 15)):
            yield f"u{k}", float(day), kind, worth * rng.gamma(4, 0.25)


def test_a_run_keeps_what_is_said_when_asked(shop_with_run, valued):
    run = shop_with_run.last_run
    assert set(valued.tables) <= set(run.tables())
    for name, table in valued.tables.items():
        assert run.table(name).equals(table), name
    assert run.manifest["value_notes"] == " ".join(valued.notes)
    kept = {path.stem for path in (run.folder / "models").glob("*.safetensors")}
    assert set(valued.models) <= kept


def test_the_parts_add_up_to_the_whole(shop_with_run, valued):
    users, totals = valued.tables["lifetime_values"], valued.tables["lifetime_totals"]
    whole = totals.filter(pc.equal(totals["by"], "all")).to_pylist()[0]
    assert whole["n_users"] == users.num_rows
    assert pc.sum(users["expected_value"]).as_py() == pytest.approx(whole["expected_value"])
    for by in ("stage", "segment"):
        parts = totals.filter(pc.equal(totals["by"], by))
        assert pc.sum(parts["expected_value"]).as_py() == pytest.approx(whole["expected_value"])
        assert pc.sum(parts["n_users"]).as_py() == users.num_rows
    stages = shop_with_run.last_run.table("stages")
    buyers = stages.filter(pc.is_in(stages["user_id"], value_set=users["user_id"].combine_chunks()))
    n_retained = pc.sum(pc.equal(buyers["stage"], "retained")).as_py()
    assert {row["group"]: row["n_users"] for row in totals.to_pylist() if row["by"] == "stage"}[
        "retained"
    ] == n_retained


def test_ranges_lie_within_each_other(valued):
    for name in ("lifetime_values", "lifetime_totals"):
        bands = [valued.tables[name][band].to_numpy() for band in BANDS]
        assert all((low <= high).all() for low, high in pairwise(bands))
    whole = valued.tables["lifetime_totals"].to_pylist()[0]
    assert whole["low_95"] < whole["expected_value"] < whole["high_95"]


def test_the_holdout_counts_what_came(shop_with_run, valued):
    """By a loop over the log: days with a purchase, in the second half of the time, of users seen in the first."""
    events = world().events
    bought = events.filter(pc.equal(events["event_type"], "purchase"))
    days = {(u, t.date()) for u, t in zip(bought["user_id"].to_pylist(), bought["timestamp"].to_pylist(), strict=True)}
    tracking = valued.tables["value_tracking"].to_pylist()
    end = max(events["timestamp"].to_pylist()).date()
    inner = end - timedelta(days=tracking[-1]["end_days"] - 1)
    seen = {user for user, day in days if day < inner}
    n_came = sum(day >= inner and user in seen for user, day in days)
    assert tracking[-1]["cumulative_actual"] == n_came > 100
    rows = valued.tables["value_holdout"].to_pylist()
    assert sum(row["n_users"] * row["actual"] for row in rows) == pytest.approx(n_came)
    assert sum(row["n_users"] for row in rows) == len(seen)
    (champion,) = [row for row in valued.tables["value_models"].to_pylist() if row["is_champion"]]
    assert champion["total_actual"] == n_came


def test_it_knows_no_future(shop_with_run, tmp_path):
    moment = CONFIG.start + timedelta(days=110, hours=13)
    past = world().events.filter(pc.less(world().events["timestamp"], moment))
    then = create_project(tmp_path / "cut", past).value(moment, days=90)
    now = shop_with_run.value(moment, days=90)
    for name, table in then.tables.items():
        for column in table.column_names:
            ours, theirs = (tables[name][column] for tables in (then.tables, now.tables))
            if pa.types.is_floating(ours.type):
                ours, theirs = (side.to_numpy() for side in (ours, theirs))  # null = NaN
                np.testing.assert_allclose(ours, theirs, rtol=1e-6, err_msg=f"{name}.{column}")
            else:
                assert ours.equals(theirs), f"{name}.{column}"
    assert any("no run stands at this moment" in note for note in now.notes)


def test_a_longer_time_and_a_lower_discount_are_worth_more(tmp_path):
    project = shop_of(tmp_path / "shop", regulars())
    said = [project.value(days=days, discount=rate) for days, rate in ((60, 0.1), (365, 0.5), (365, 0.0))]
    worth = [valued.tables["lifetime_totals"]["expected_value"][0].as_py() for valued in said]
    assert worth == sorted(worth)
    assert worth[0] < 0.5 * worth[2]


def test_regulars_go_on_as_they_did(tmp_path):
    """21 or so of 30 users are still there and come every 9.5 days or so, for 20 each."""
    rows = list(regulars())
    valued = shop_of(tmp_path / "shop", rows).value(days=70, discount=0)
    there = [sum(user == f"u{k}" and day >= 130 for user, day, *_ in rows) for k in range(30)]
    whole = valued.tables["lifetime_totals"].to_pylist()[0]
    assert whole["expected_value"] == pytest.approx(20 * sum(there), rel=0.15)
    assert valued.unit == "money"


def test_without_a_currency_commitments_are_counted(tmp_path):
    """A rating of 4 is no money."""
    rows = [(user, day, "rating", 4.0) for user, day, *_ in regulars()]
    valued = shop_of(tmp_path / "films", rows, domain="video").value()
    assert valued.unit == "commitments"
    assert any("count views to the end" in note for note in valued.notes)
    users = valued.tables["lifetime_values"]
    np.testing.assert_allclose(users["expected_value"], users["expected_commitments"], rtol=1e-9)
    whole = np.array(users["high_95"])
    np.testing.assert_allclose(whole, np.round(whole / 0.01) * 0.01, atol=1)
    first = valued.tables["cohort_values"].to_pylist()[0]
    assert first["observed"] >= 1  # the first day of each user counts one
    assert "spend_gammagamma" not in valued.models


def test_what_was_given_back_is_worth_nothing(tmp_path):
    rows = list(regulars())
    kept = shop_of(tmp_path / "kept", rows).value(days=90)
    back = [(user, day + 0.1, "return", -value) for user, day, _, value in rows if user not in {"u0", "u1"}]
    given = shop_of(tmp_path / "given", rows + back).value(days=90)
    ours, theirs = (v.tables["lifetime_totals"]["expected_value"][0].as_py() for v in (kept, given))
    assert theirs < ours
    assert (
        given.tables["cohort_values"].to_pylist()[0]["observed"]
        < 0.2 * (kept.tables["cohort_values"].to_pylist()[0]["observed"])
    )


def test_a_short_log_has_no_holdout_and_says_so(tmp_path):
    rows = [row for row in regulars() if row[1] < 25]
    valued = shop_of(tmp_path / "shop", rows).value()
    assert "value_holdout" not in valued.tables
    assert valued.tables["value_models"].to_pylist() == [{"model": "BGNBD", "is_champion": True}]
    assert "too short to choose another on a holdout" in valued.notes[0]


@pytest.mark.parametrize(
    "rows",
    [
        [(f"u{k}", k % 50, "purchase", 10.0) for k in range(60)],
        [("only", day, "purchase", 10.0) for day in range(0, 90, 9)],
        [(f"u{k}", k % 50, "view", None) for k in range(60)],
    ],
    ids=["nobody repeats", "a single user", "nobody commits"],
)
def test_where_nothing_is_known_of_repeats_that_is_said(tmp_path, rows):
    project = shop_of(tmp_path / "shop", rows)
    with pytest.raises(EvidenceError, match=r"at least 2 users with a purchase on a second day.*wait"):
        project.value()


def test_a_wrong_setting_names_itself(shop_with_run):
    with pytest.raises(ConfigError, match=r"\[value\] days"):
        shop_with_run.value(days=0)
    with pytest.raises(ConfigError, match=r"did you mean 'discount'"):
        shop_with_run.value(discont=0.2)
