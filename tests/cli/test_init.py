"""`tenure init` and `tenure check`: a log is read, or it is said why not."""

from __future__ import annotations

import tomllib

import pytest

from tenure.project import open_project

MAP = "user_id=shopper,timestamp=at,item_id=sku,value=paid"


def test_init_writes_the_file_and_says_what_is_read_from_where(tenure, sources, tmp_path):
    said = tenure("init", tmp_path / "shop", "--events", f"{sources}/part*.csv", "--map", MAP, "--domain", "ecommerce")
    assert said.code == 0, said.err
    for field, column in (("user_id", "shopper"), ("timestamp", "at"), ("event_type", "event")):
        assert any(line.split() == [field, column] for line in said.out.splitlines())
    assert "tenure check" in said.out
    written = tomllib.loads((tmp_path / "shop" / "tenure.toml").read_text())
    assert written["events"]["columns"] == {"user_id": "shopper", "timestamp": "at", "item_id": "sku", "value": "paid"}
    assert open_project(tmp_path / "shop").check()["n_in"] == 2_000


def test_init_does_not_overwrite_unless_told(tenure, sources, tmp_path):
    order = ("init", tmp_path / "shop", "--events", sources / "part0.csv", "--map", MAP)
    assert tenure(*order).code == 0
    path = tmp_path / "shop" / "tenure.toml"
    path.write_text(path.read_text() + "\n[run]\nbudget = 7\n")
    said = tenure(*order)
    assert (said.code, said.is_one_line) == (2, True)
    assert "exists already" in said.err
    assert "budget = 7" in path.read_text()
    assert tenure(*order, "--force").code == 0
    assert "budget = 7" not in path.read_text()


def test_a_field_named_twice_is_gathered_from_both_columns(tenure, sources, tmp_path):
    order = ("init", tmp_path / "shop", "--events", sources / "part0.csv", "--map", MAP)
    said = tenure(*order, "--map", "properties=sku,properties=paid")
    assert said.code == 0, said.err
    written = tomllib.loads((tmp_path / "shop" / "tenure.toml").read_text())
    assert written["events"]["columns"]["properties"] == ["sku", "paid"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--map", "user_id"], ["--map", "field=column", "'user_id'"]),
        (["--map", "user_id="], ["--map"]),
        (["--map", "usr_id=shopper,timestamp=at"], ["'usr_id'", "user_id"]),
        (["--map", "user_id=shoper,timestamp=at"], ["'shoper'", "did you mean 'shopper'"]),
        ([], ["user_id", "--map user_id=COLUMN", "part0.csv"]),
        (["--map", MAP, "--preset", "segmant"], ["did you mean 'segment'"]),
        (["--map", MAP, "--domain", "comerce"], ["did you mean 'ecommerce'"]),
        (["--map", MAP, "--items", "nowhere/*.csv"], ["No file matches", "nowhere/*.csv'"]),
    ],
)
def test_a_wrong_init_says_why_in_one_line_and_leaves_nothing(tenure, sources, tmp_path, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    said = tenure("init", "shop", "--events", sources / "part0.csv", *arguments)
    assert (said.code, said.is_one_line, said.out) == (2, True, "")
    for word in words:
        assert word in said.err
    assert not (tmp_path / "shop" / "tenure.toml").exists(), "a second try is not refused"


def test_init_without_a_single_file(tenure, tmp_path):
    said = tenure("init", tmp_path / "shop", "--events", f"{tmp_path}/*.csv")
    assert (said.code, said.is_one_line) == (2, True)
    assert "No file matches" in said.err
    assert not (tmp_path / "shop").exists()


def test_check_says_that_a_good_log_is_fit(tenure, shop_with_run):
    said = tenure("check", "-p", shop_with_run.folder)
    assert said.code == 0
    assert "Fit for use" in said.out
    assert "0 set aside" in said.out


def test_check_leaves_with_one_when_the_log_is_not_fit(tenure, tmp_path):
    (tmp_path / "e.csv").write_text("user_id,timestamp,item_id\n" + "u1,yesterday,a\n" * 5 + "u1,2024-01-01,a\n")
    assert tenure("init", tmp_path / "shop", "--events", tmp_path / "e.csv").code == 0
    said = tenure("check", "-p", tmp_path / "shop")
    assert said.code == 1
    assert "Not fit for use" in said.out
    assert "unparsable_time" in said.out
    assert "quarantine.parquet" in said.out
    as_json = tenure("check", "-p", tmp_path / "shop", "--json")
    assert as_json.code == 1
    assert as_json.json["n_quarantined"] == 5
    assert as_json.json["is_fit"] is False


def test_check_leaves_with_two_when_there_is_nothing_to_check(tenure, tmp_path):
    said = tenure("check", "-p", tmp_path)
    assert (said.code, said.out, said.is_one_line) == (2, "", True)
    assert "tenure init" in said.err
