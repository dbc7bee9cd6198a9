"""Ranges of amounts against a truth that is known: whether nothing comes, and how much else."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import lognorm

from tenure.errors import ConfigError
from tenure.evaluation.ranges import pinball_loss
from tenure.prediction.amounts.spread import Spread

LEVELS = np.array([0.025, 0.1, 0.5, 0.8, 0.9, 0.95, 0.975])
SIGMA = 0.7


def truth(expected):
    """Nothing with probability p0, else a lognormal amount; the mean is what was expected."""
    p_zero = np.exp(-expected / 30)
    mean_if_any = expected / (1 - p_zero)
    return p_zero, lognorm(s=SIGMA, scale=mean_if_any * np.exp(-(SIGMA**2) / 2))


def drawn(n, seed):
    draw = np.random.default_rng(seed)
    expected = draw.lognormal(3.0, 1.2, n)
    p_zero, amounts = truth(expected)
    return expected, np.where(draw.random(n) < p_zero, 0.0, amounts.rvs(n, random_state=draw))


@pytest.fixture(scope="module")
def spread():
    return Spread.fit(*drawn(6_000, seed=1))


@pytest.mark.parametrize("level", [0.8, 0.95])
def test_holds_as_often_as_it_says(spread, level):
    expected, actual = drawn(40_000, seed=2)
    p_zero, _ = truth(expected)
    below, all_above, above = spread.quantiles(expected, np.array([(1 - level) / 2, level, (1 + level) / 2])).T
    held = (below <= actual) & (actual <= np.where(below > 0, above, all_above))
    assert held.mean() == pytest.approx(np.maximum(p_zero, level).mean(), abs=0.015)
    tenth = np.argsort(np.argsort(expected)) * 10 // len(expected)
    for k in range(10):  # not only on average: for the small and the large as well
        rows = tenth == k
        assert held[rows].mean() == pytest.approx(np.maximum(p_zero, level)[rows].mean(), abs=0.04), k


def test_quantiles_are_near_the_true_ones(spread):
    expected, actual = drawn(40_000, seed=3)
    p_zero, amounts = truth(expected)
    found = spread.quantiles(expected, LEVELS)
    for i, level in enumerate(LEVELS):
        share = np.clip((level - p_zero) / (1 - p_zero), 0, 1)
        best = np.where(level > p_zero, amounts.ppf(share), 0.0)
        assert pinball_loss(actual, found[:, i], level) < 1.02 * pinball_loss(actual, best, level)
    assert spread.p_zero(expected) == pytest.approx(p_zero, abs=0.08)


def test_the_level_of_the_expectations_is_left_to_others():
    expected, actual = drawn(4_000, seed=4)
    straight, low = Spread.fit(expected, actual), Spread.fit(expected / 2, actual)
    assert low.quantiles(expected, LEVELS) == pytest.approx(straight.quantiles(expected, LEVELS))


def test_a_model_may_know_better_how_likely_nothing_is(spread):
    expected = np.array([20.0, 20.0, 20.0])
    found = spread.quantiles(expected, np.array([0.1, 0.5]), p_zero=np.array([0.0, 0.3, 1.0]))
    assert (found[:, 0] > 0).tolist() == [True, False, False]
    assert found[0, 1] > found[1, 1] > found[2, 1] == 0


def test_beyond_all_that_was_seen_ranges_grow_with_the_expectation(spread):
    at_edge, beyond = spread.quantiles(np.array([1e6, 1e7]), LEVELS)
    assert beyond == pytest.approx(10 * at_edge, rel=1e-4)
    assert spread.quantiles(np.zeros(1), np.array([0.5]))[0, 0] == 0


def test_the_extremes_are_those_that_were_seen():
    # With n spenders a new one exceeds the largest with probability 1 / (n + 1): such levels give the largest.
    actual = np.arange(1.0, 11.0)
    found = Spread.fit(np.full(10, 5.5), actual).quantiles(np.full(1, 5.5), np.array([1 / 11, 0.5, 10 / 11, 1.0]))
    assert found[0] == pytest.approx([1, 5.5, 10, 10], abs=0.05)


def test_nobody_spent_or_nobody_is_known():
    for spread in (Spread.fit(np.ones(5), np.zeros(5)), Spread.fit(np.empty(0), np.empty(0))):
        assert (spread.quantiles(np.array([0.0, 100.0]), LEVELS) == 0).all()


def test_nothing_was_expected_but_something_came():
    spread = Spread.fit(np.zeros(500), np.repeat([0.0, 10.0], 250))
    assert spread.quantiles(np.zeros(1), np.array([0.4, 0.9]))[0] == pytest.approx([0, 10])


def test_round_trip(spread):
    again = Spread.from_arrays(spread.to_arrays())
    expected = drawn(50, seed=5)[0]
    assert (again.quantiles(expected, LEVELS) == spread.quantiles(expected, LEVELS)).all()


def test_refuses_what_is_no_level(spread):
    with pytest.raises(ConfigError, match="between 0 and 1"):
        spread.quantiles(np.ones(2), np.array([-0.1]))
