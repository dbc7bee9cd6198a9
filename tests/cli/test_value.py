"""`tenure value`, asked of a shop that was run once."""

from __future__ import annotations

import pyarrow.parquet as pq
import pytest


def test_value_says_how_much_from_whom_and_on_what_ground(tenure, shop_with_run):
    said = tenure("value", "-p", shop_with_run.folder, "-n", 3)
    assert said.code == 0, said.err
    for words in ("Value of the next 365 days, discounted 10% a year", "stage", "segment", "at risk", "repeats before"):
        assert words in said.out
    assert "month 1" in said.out or "week 1" in said.out
    assert "held out: it expected" in said.out
    best = said.out[said.out.index("Of the highest value") :].splitlines()[2:5]
    top = shop_with_run.last_run.table("lifetime_values").sort_by([("expected_value", "descending")])
    assert [line.split()[0] for line in best] == top["user_id"].to_pylist()[:3]


def test_value_as_json_is_what_the_run_kept(tenure, shop_with_run):
    said = tenure("value", "-p", shop_with_run.folder, "--by", "stage", "--json").json
    assert {row["by"] for row in said["lifetime_totals"]} == {"all", "stage"}
    kept = shop_with_run.last_run.table("lifetime_values").to_pylist()
    assert [row["user_id"] for row in said["lifetime_values"]] == [row["user_id"] for row in kept]
    assert said["lifetime_values"][0]["expected_value"] == pytest.approx(kept[0]["expected_value"], rel=1e-6)


def test_value_of_another_time_and_discount(tenure, shop_with_run):
    order = ("value", "-p", shop_with_run.folder, "--days", 30, "--discount", 0)
    assert "Value of the next 30 days\n" in "\n".join(line.rstrip() for line in tenure(*order).out.splitlines())


def test_value_writes_all_users(tenure, shop_with_run, tmp_path):
    path = tmp_path / "new" / "values.parquet"
    said = tenure("value", "-p", shop_with_run.folder, "--to", path)
    assert (said.code, str(path) in said.out) == (0, True)
    assert pq.read_table(path).num_rows == shop_with_run.last_run.table("lifetime_values").num_rows


def test_a_moment_before_the_log_is_refused_in_one_line(tenure, shop_with_run):
    said = tenure("value", "-p", shop_with_run.folder, "--as-of", "1999-01-01")
    assert (said.code, said.out) == (2, "")
    assert "There is no event before 1999-01-01" in said.err
