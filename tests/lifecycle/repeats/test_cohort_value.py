"""Value by cohort and age: by hand, by a loop, and of simulated users against what their model expects."""

from __future__ import annotations

import random
from collections import defaultdict

import numpy as np
import pytest
from lifecycle.lives import at, log_of
from relation_runner import run

from tenure.events.log import EVENTS_TABLE
from tenure.lifecycle.repeats.bgnbd import BGNBD
from tenure.lifecycle.repeats.cohort_value import cohort_values, value_curves
from tenure.lifecycle.repeats.spend import GammaGamma

ROLES = ("commitment", "reversal")
SPEND = GammaGamma(p=6.25, q=3.74, gamma=15.44)


def cells(log, as_of, period="week"):
    return run({"events": log}, cohort_values, EVENTS_TABLE, at(as_of), period)


def test_two_cohorts_by_hand():
    log = log_of(
        ("ann", 0.5, "interest"),
        ("ann", 1.5, "commitment", 10.0),  # Tuesday of the first week
        ("ann", 7.9, "commitment", 5.0),  # six days later: age 0
        ("ann", 8.0, "commitment", 3.0),  # seven days later: age 1
        ("ann", 9.0, "reversal", -4.0),
        ("bob", 6.0, "commitment", 20.0),
        ("cy", 10.0, "commitment", 1.0),
        ("dee", 3.0, "reversal", -9.0),  # never committed
    )
    rows = cells(log, 20.0).to_pylist()
    told = [(row["age"], row["n_users"], row["first_value"], row["value"], row["is_complete"]) for row in rows]
    assert [row["cohort_start"] for row in rows] == [at(0)] * 3 + [at(7)] * 2
    assert told == [
        (0, 2, 30.0, 35.0, True),
        (1, 2, 30.0, 34.0, True),  # who came on day 6 lived through age 1 on day 19, the last one known
        (2, 2, 30.0, 34.0, False),
        (0, 1, 1.0, 1.0, True),
        (1, 1, 1.0, 1.0, False),
    ]


def test_a_cell_is_complete_on_the_day_after_its_end():
    log = log_of(("ann", 6.0, "commitment", 20.0))
    assert [row["is_complete"] for row in cells(log, 13.0).to_pylist()] == [True]
    assert [row["is_complete"] for row in cells(log, 12.0).to_pylist()] == [False]


@pytest.mark.parametrize("period", ["day", "week", "month"])
def test_the_relation_is_the_loop(period):
    draw = random.Random(4)  # noqa: S311
    life = [
        (draw.choice("abcdefghij"), draw.uniform(0, 80), draw.choice(ROLES), draw.choice([None, 5.0]))
        for _ in range(60)
    ]
    length = {"day": 1, "week": 7, "month": 30}[period]
    first = {}
    for user, day, role, _ in life:
        if role == "commitment":
            first[user] = min(first.get(user, 99), int(day))
    brought = defaultdict(float)
    for user, day, _, value in life:
        if user in first and int(day) >= first[user]:
            brought[user, (int(day) - first[user]) // length] += value or 0.0
    table = cells(log_of(*life), 80.0, period).to_pylist()
    for row in table:
        begin = (row["cohort_start"] - at(0)).days
        end = begin + (31 if period == "month" and row["cohort_start"].month in (1, 3) else length)
        end = 60 if period == "month" and row["cohort_start"].month == 2 else end
        members = [user for user, day in first.items() if begin <= day < end]
        assert row["n_users"] == len(members)
        wanted = sum(worth for (user, age), worth in brought.items() if user in members and age <= row["age"])
        assert row["value"] == pytest.approx(wanted)
    assert sum(row["n_users"] for row in table if row["age"] == 0) == len(first)


def test_simulated_users_bring_what_is_expected():
    model = BGNBD(r=0.6, alpha=2.0, a=0.8, b=2.4)
    rng = np.random.default_rng(3)
    events = []
    n = 1_500
    rate, nu = rng.gamma(model.r, 1 / model.alpha, n), rng.gamma(SPEND.q, 1 / SPEND.gamma, n)
    last = rng.geometric(rng.beta(model.a, model.b, n))
    for user in range(n):
        begin = int(rng.integers(0, 7))
        gaps = np.cumsum(rng.exponential(1 / rate[user], min(500, last[user]))) * 7
        days = [begin, *(begin + gaps[gaps < 70])]
        events += [(f"u{user}", day, "commitment", rng.gamma(SPEND.p) / nu[user]) for day in days]
    table = value_curves(cells(log_of(*events), 70.0), model, SPEND, "week", 7.0).to_pylist()
    late = [row for row in table if row["observed"] is not None][-1]
    assert late["age"] == 8
    assert late["observed"] == pytest.approx(late["expected"], rel=0.12)  # one standard error: 4 %
    assert table[-1]["observed"] is None
    assert table[-1]["expected"] > late["expected"]


def test_no_cells_no_curve():
    assert value_curves(cells(log_of(), 9.0), BGNBD(r=1, alpha=1, a=1, b=1), SPEND, "week", 7.0).num_rows == 0
