"""The holdout tables by hand, and the choice among models on simulated users of known kind."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pytest

from tenure.errors import ConfigError
from tenure.lifecycle.repeats.bgnbd import BGNBD
from tenure.lifecycle.repeats.champion import InnerHoldout, choose, inner_share
from tenure.lifecycle.repeats.history import History
from tenure.lifecycle.repeats.holdout import holdout_scores, holdout_table, tracking_curve
from tenure.lifecycle.repeats.mbgnbd import MBGNBD
from tenure.lifecycle.repeats.paretonbd import ParetoNBD


@dataclass(frozen=True)
class OnePerWeek:
    """Expects one commitment a week of those who came back before, none of the others."""

    def expected(self, t, history):
        return np.where(history.x > 0, t, 0.0)


HISTORY = History([0, 0, 3, 9, 12], [0, 0, 2, 8, 9], [10, 10, 10, 10, 10])
ACTUAL = np.array([1.0, 0, 5, 2, 8])


def test_the_table_by_hand():
    assert holdout_table(OnePerWeek(), HISTORY, ACTUAL, 4).to_pylist() == [
        {"repeats": "0", "n_users": 2, "actual": 0.5, "expected": 0.0},
        {"repeats": "3", "n_users": 1, "actual": 5.0, "expected": 4.0},
        {"repeats": "7+", "n_users": 2, "actual": 5.0, "expected": 4.0},
    ]


def test_the_scores_by_hand():
    scores = holdout_scores(OnePerWeek(), HISTORY, ACTUAL, 4)
    assert scores["total_actual"] == 16
    assert scores["total_expected"] == 12
    assert scores["total_ratio"] == pytest.approx(0.75)
    assert scores["mae"] == pytest.approx((1 + 0 + 1 + 2 + 4) / 5)
    assert scores["rmse"] == pytest.approx(((1 + 0 + 1 + 4 + 16) / 5) ** 0.5)
    assert scores["correlation"] == pytest.approx(np.corrcoef(ACTUAL, [0, 0, 4, 4, 4])[0, 1])


def test_what_is_not_defined_is_nan():
    nobody = holdout_scores(OnePerWeek(), History([], [], []), np.zeros(0), 4)
    assert all(math.isnan(nobody[name]) for name in ("total_ratio", "mae", "rmse", "correlation"))
    assert math.isnan(holdout_scores(OnePerWeek(), HISTORY, np.zeros(5), 4)["total_ratio"])


def test_the_curve_by_hand():
    rows = tracking_curve(OnePerWeek(), HISTORY, np.array([2.5, 0.5, 1.0, 9.0]), 2.5).to_pylist()
    assert [row["end"] for row in rows] == [1.0, 2.0, 2.5]
    assert [row["actual"] for row in rows] == [2, 0, 1]
    assert [row["cumulative_actual"] for row in rows] == [2, 2, 3]
    assert [row["expected"] for row in rows] == pytest.approx([3.0, 3.0, 1.5])
    assert [row["cumulative_expected"] for row in rows] == pytest.approx([3.0, 6.0, 7.5])


def test_wrong_arguments_are_named():
    with pytest.raises(ConfigError, match="one actual number per user"):
        holdout_table(OnePerWeek(), HISTORY, ACTUAL[:2], 4)
    with pytest.raises(ConfigError, match="step"):
        tracking_curve(OnePerWeek(), HISTORY, ACTUAL, 4, step=0.0)
    with pytest.raises(ConfigError, match="candidate"):
        choose(InnerHoldout(HISTORY, ACTUAL, 4), HISTORY, candidates=())
    with pytest.raises(ConfigError, match="above 0"):
        inner_share(0, 3)


def observed_twice(truth, n, seed):
    """Users observed for 30, and the same users for 60: what followed the first cut-off is known."""
    rng = np.random.default_rng(seed)
    if isinstance(truth, ParetoNBD):
        rate, last = rng.gamma(truth.r, 1 / truth.alpha, n), np.full(n, 10**9)
        life = rng.exponential(size=n) / rng.gamma(truth.s, 1 / truth.beta, n)
    else:
        rate, life = rng.gamma(truth.r, 1 / truth.alpha, n), np.full(n, np.inf)
        last = rng.geometric(rng.beta(truth.a, truth.b, n)) - truth.FIRST
    moments = [np.sort(rng.uniform(0, 60, m))[:k] for m, k in zip(rng.poisson(rate * 60), last, strict=True)]
    moments = [m[m < end] for m, end in zip(moments, life, strict=True)]

    def at(T):
        x = np.array([(m < T).sum() for m in moments], dtype=np.float64)
        return History(x, np.array([m[m < T].max(initial=0.0) for m in moments]), np.full(n, float(T)))

    early, late = at(30), at(60)
    return InnerHoldout(early, late.x - early.x, 30.0), late


@pytest.mark.parametrize(
    ("truth", "chosen"),
    [
        (BGNBD(r=0.25, alpha=4.4, a=0.8, b=2.4), BGNBD),
        (ParetoNBD(r=0.6, alpha=5.0, s=0.7, beta=4.0), ParetoNBD),
    ],
)
def test_the_model_that_made_the_users_is_chosen(truth, chosen):
    inner, today = observed_twice(truth, 4_000, 1)
    champion = choose(inner, today, candidates=(BGNBD, ParetoNBD))
    assert type(champion.model) is chosen
    table = champion.candidates.to_pylist()
    assert [row["is_champion"] for row in table] == [row["model"] == chosen.__name__ for row in table]


def test_ties_go_to_the_simpler():
    inner, today = observed_twice(BGNBD(r=0.25, alpha=4.4, a=0.8, b=2.4), 400, 2)
    assert type(choose(inner, today, candidates=(MBGNBD, MBGNBD)).model) is MBGNBD
    assert choose(inner, today, candidates=(BGNBD, BGNBD)).candidates["is_champion"].to_pylist() == [True, False]
