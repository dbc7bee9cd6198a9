"""`tenure predict --task return` and the proof of it, in the terminal."""

from __future__ import annotations

import pytest


def test_days_and_chances_are_printed_soonest_first(tenure, shop_with_run):
    said = tenure("predict", "-p", shop_with_run.folder, "--task", "return", "-n", 5)
    assert said.code == 0
    for words in ("return: 300 users; back on average", "back in 7 d", "back in 90 d", "median day", "95 % from"):
        assert words in said.out
    rows = [line.split() for line in said.out.splitlines() if line.startswith("u0")]
    assert len(rows) == 5
    days = [float(row[4]) for row in rows]
    assert days == sorted(days)
    assert all(row[1].endswith("%") for row in rows)


def test_json_has_the_days_and_the_chances(tenure, shop_with_run):
    rows = tenure("predict", "-p", shop_with_run.folder, "--task", "return", "--json").json
    assert len(rows) == 300
    assert {row["model"] for row in rows} == {"hazard"}
    soonest = min((row for row in rows if row["value"] is not None), key=lambda row: row["value"])
    assert soonest["low_80"] < soonest["value"]
    assert soonest["p_return_7"] > 0.5


def test_all_tasks_are_told_together(tenure, shop_with_run):
    said = tenure("predict", "-p", shop_with_run.folder, "-n", 1)
    for task in ("commit:30d: ", "value:30d: ", "return: "):
        assert task in said.out


def test_its_proof_stands_beside_the_leaderboards(tenure, shop_with_run):
    name = shop_with_run.models.current().name
    said = tenure("models", "show", name, "-p", shop_with_run.folder)
    assert "return: all seen" in said.out
    lines = {line.split()[0]: line for line in said.out.splitlines() if line.strip()}
    assert "hazard *" in lines["hazard"]
    assert "[+" in lines["kaplan"]  # better beyond chance


@pytest.mark.parametrize("task", ["return:30d", "return[view]"])
def test_a_return_has_no_horizon_and_no_kind(tenure, shop_with_run, task):
    said = tenure("predict", "-p", shop_with_run.folder, "--task", task)
    assert said.code == 2
    assert "return" in said.err
