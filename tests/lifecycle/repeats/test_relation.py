"""Who is known how: repeats, their times and their worth, by hand and by a loop over a random log."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import date, timedelta

import pytest
from lifecycle.lives import at, log_of
from relation_runner import run

from tenure.events.log import EVENTS_TABLE
from tenure.lifecycle.repeats.relation import following_occasions, repeat_history


def histories(log, *cuts):
    rows = run({"events": log}, repeat_history, EVENTS_TABLE, tuple(at(day) for day in cuts)).to_pylist()
    return {(row["user_id"], row["as_of"]): row for row in rows}


def test_a_life_by_hand():
    log = log_of(
        ("ann", 0.1, "interest"),  # no commitment: the life begins at the first one
        ("ann", 2.2, "commitment", 10.0),
        ("ann", 2.9, "commitment", 2.0),  # the same day: one occasion
        ("ann", 5.5, "commitment", 30.0),
        ("ann", 9.0, "commitment"),  # worth unknown: an occasion without an amount
        ("ann", 12.0, "commitment", 18.0),
        ("ann", 13.0, "reversal", -15.0),  # a quarter of 60 is given back
        ("bob", 4.0, "reversal", -5.0),  # never committed
        ("cy", 20.0, "commitment", 9.0),
    )
    early, late = 3.0, 20.0
    found = histories(log, early, late)
    assert set(found) == {("ann", at(early)), ("ann", at(late))}  # cy comes at the cut-off, which is not before it
    start = (at(2.2).date() - date(1970, 1, 1)).days
    assert found["ann", at(early)] == {
        "user_id": "ann", "as_of": at(early), "first_day": start, "x": 0, "t_x_days": 0, "T_days": 0,
        "first_value": 12.0, "n_valued": 0, "mean_value": None,
    }  # fmt: skip
    row = found["ann", at(late)]
    assert (row["x"], row["t_x_days"], row["T_days"], row["n_valued"]) == (3, 10, 17, 2)
    assert row["mean_value"] == pytest.approx(24 * 0.75)
    assert row["first_value"] == pytest.approx(12 * 0.75)


def test_a_cutoff_inside_a_day_counts_that_day_once():
    log = log_of(("ann", 1.0, "commitment", 1.0), ("ann", 3.2, "commitment", 1.0), ("ann", 3.8, "commitment", 1.0))
    row = histories(log, 3.5)["ann", at(3.5)]
    assert (row["x"], row["t_x_days"], row["T_days"]) == (1, 2, 2)
    assert run({"events": log}, following_occasions, EVENTS_TABLE, at(3.5), 30).num_rows == 0


def test_who_gave_everything_back_is_worth_nothing():
    log = log_of(("ann", 1, "commitment", 5.0), ("ann", 2, "commitment", 5.0), ("ann", 3, "reversal", -12.0))
    row = histories(log, 9.0)["ann", at(9)]
    assert (row["x"], row["n_valued"], row["mean_value"], row["first_value"]) == (1, 0, None, 0.0)


def test_later_days_are_counted_from_the_last_known_one():
    log = log_of(
        ("ann", 1, "commitment", 5.0), ("ann", 10.0, "commitment", 5.0), ("ann", 10.7, "commitment", 2.0),
        ("ann", 16.9, "commitment"), ("ann", 17, "commitment", 5.0), ("new", 12, "commitment", 5.0),
    )  # fmt: skip
    rows = run({"events": log}, following_occasions, EVENTS_TABLE, at(10), 7).sort_by("day").to_pylist()
    assert [(row["user_id"], row["day"], row["value"]) for row in rows] == [("ann", 1, 7.0), ("ann", 7, None)]
    assert histories(log, 10.0)["ann", at(10)]["T_days"] == 8  # day 9 is the last known one; day 10 is day 1 after it


@pytest.mark.parametrize("seed", range(3))
def test_the_relation_is_the_loop(seed):
    draw = random.Random(seed)  # noqa: S311
    life = [
        (
            draw.choice("abcdefgh"),
            draw.uniform(0, 90),
            draw.choice(["commitment", "commitment", "reversal", "interest"]),
            draw.choice([None, 0.0, 4.0, 7.5]),
        )
        for _ in range(150)
    ]
    life = [(user, day, role, -value if role == "reversal" and value else value) for user, day, role, value in life]
    cuts = (30.0, 61.25, 90.0)
    found = histories(log_of(*life), *cuts)
    for cut in cuts:
        days = defaultdict(lambda: defaultdict(list))
        back = defaultdict(float)
        for user, day, role, value in life:
            if day < cut and role == "commitment":
                days[user][int(day)].append(value)
            if day < cut and role == "reversal":
                back[user] += value or 0.0
        assert {user for user, when in found if when == at(cut)} == set(days)
        for user, occasions in days.items():
            row = found[user, at(cut)]
            first, *repeats = sorted(occasions)
            last_known = int((at(cut) - timedelta(seconds=1) - at(0)).days)
            assert (row["x"], row["T_days"]) == (len(repeats), last_known - first)
            assert row["t_x_days"] == (repeats[-1] - first if repeats else 0)
            paid = sum(value or 0.0 for values in occasions.values() for value in values)
            kept = max((paid + back[user]) / paid, 0.0) if paid else 1.0
            worth = [total for day in repeats if (total := sum(value or 0.0 for value in occasions[day])) > 0]
            if worth and kept > 0:
                assert row["n_valued"] == len(worth)
                assert row["mean_value"] == pytest.approx(kept * sum(worth) / len(worth))
            else:
                assert (row["n_valued"], row["mean_value"]) == (0, None)
