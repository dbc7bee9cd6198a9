"""Against scipy, which computes the same curve by other means, and by hand at the edges."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tenure.errors import ConfigError, EvidenceError
from tenure.evaluation.kaplan_meier import censoring, kaplan_meier, log_rank


def random_spells(seed: int, n: int = 60, *, whole: bool = True) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(seed)
    waits, watched = draw.exponential(8, n), draw.exponential(12, n)
    days = np.minimum(waits, watched)
    return (np.floor(days) if whole else days), waits <= watched


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("whole", [True, False])
def test_the_curve_is_scipys(seed, whole):
    days, returned = random_spells(seed, whole=whole)
    got = kaplan_meier(days, returned)
    oracle = stats.ecdf(stats.CensoredData(uncensored=days[returned], right=days[~returned])).sf
    np.testing.assert_allclose(got.away(oracle.quantiles), oracle.probabilities, atol=1e-12)
    with np.errstate(all="ignore"), warnings.catch_warnings(action="ignore"):
        interval = oracle.confidence_interval(method="log-log")
    inside = (oracle.probabilities > 0) & (oracle.probabilities < 1)
    at = np.searchsorted(got.days, oracle.quantiles[inside], side="right") - 1
    np.testing.assert_allclose(got.low[at], interval.low.probabilities[inside], atol=1e-10)
    np.testing.assert_allclose(got.high[at], interval.high.probabilities[inside], atol=1e-10)


@pytest.mark.parametrize("seed", range(5))
def test_log_rank_of_two_groups_is_scipys(seed):
    days, returned = random_spells(seed, n=80)
    group = np.arange(80) % 2
    sides = [
        stats.CensoredData(uncensored=days[returned & (group == g)], right=days[~returned & (group == g)])
        for g in (0, 1)
    ]
    oracle = stats.logrank(*sides)
    got = log_rank(days, returned, group)
    assert (got.statistic, got.degrees) == (pytest.approx(oracle.statistic**2), 1)
    assert got.p_value == pytest.approx(oracle.pvalue)


def test_log_rank_of_many_groups_does_not_depend_on_their_names_and_is_uniform_without_difference():
    days, returned = random_spells(3, n=300)
    draw = np.random.default_rng(0)
    p_values = []
    for _ in range(200):
        group = draw.integers(0, 4, 300)
        found = log_rank(days, returned, group)
        assert found.degrees == 3
        p_values.append(found.p_value)
    renamed = log_rank(days, returned, np.array(list("dbca"))[group])
    assert renamed.statistic == pytest.approx(found.statistic)
    assert stats.kstest(p_values, "uniform").pvalue > 0.001


@settings(max_examples=30, deadline=None)
@given(
    rows=st.lists(st.tuples(st.integers(0, 9), st.booleans(), st.integers(1, 4)), min_size=1, max_size=25),
)
def test_a_weight_is_so_many_users(rows):
    days, returned, weights = (np.array(column) for column in zip(*rows, strict=True))
    weighted = kaplan_meier(days, returned, weights.astype(float))
    repeated = kaplan_meier(np.repeat(days, weights), np.repeat(returned, weights))
    for name in ("days", "at_risk", "n_returns", "survival", "standard_error", "low", "high"):
        np.testing.assert_allclose(getattr(weighted, name), getattr(repeated, name), atol=1e-9, err_msg=name)


def test_without_censoring_it_is_the_empirical_share():
    days = np.array([0.0, 1, 1, 2, 5])
    curve = kaplan_meier(days, np.ones(5, bool))
    np.testing.assert_allclose(curve.away(np.array([0.0, 0.5, 1, 2, 4.9, 5, 100])), [0.8, 0.8, 0.4, 0.2, 0.2, 0, 0])
    np.testing.assert_allclose(curve.away_before(np.array([0.0, 1, 2])), [1.0, 0.8, 0.4])
    assert (curve.quantile(0.2), curve.quantile(), curve.quantile(1.0)) == (0.0, 1.0, 5.0)
    assert np.isnan(curve.standard_error[-1])


def test_nothing_is_told_beyond_what_was_watched():
    curve = kaplan_meier(np.array([1.0, 3.0]), np.array([True, False]))
    assert curve.away(3.0) == 0.5
    assert np.isnan(curve.away(3.1))
    assert curve.quantile(0.6) == np.inf
    nobody = kaplan_meier(np.array([1.0, 3.0]), np.zeros(2, bool))
    assert (nobody.returned_by(2.0)[0], nobody.quantile()) == (0.0, np.inf)


def test_who_returns_is_not_lost_at_the_same_time():
    days, returned = np.array([1.0, 1.0, 2.0, 2.0]), np.array([True, False, True, False])
    # At day 1 three are left to be lost, at day 2 one.
    np.testing.assert_allclose(censoring(days, returned).survival, [2 / 3, 0.0])


@pytest.mark.parametrize(
    ("days", "returned", "error", "words"),
    [
        ([], [], EvidenceError, "at least one user"),
        ([1.0, -1.0], [True, True], ConfigError, "-1.0 in row 1"),
        ([1.0, np.nan], [True, True], ConfigError, "nan in row 1"),
        ([1.0], [True, False], ConfigError, "equal length"),
        ([1.0], [2], ConfigError, "true or false"),
    ],
)
def test_wrong_spells_are_named(days, returned, error, words):
    with pytest.raises(error, match=words):
        kaplan_meier(np.array(days), np.array(returned))


def test_wrong_weights_level_and_groups_are_named():
    days, returned = np.array([1.0, 2.0]), np.array([True, False])
    with pytest.raises(ConfigError, match="weights"):
        kaplan_meier(days, returned, np.array([1.0, -1.0]))
    with pytest.raises(ConfigError, match="level"):
        kaplan_meier(days, returned, level=95)
    with pytest.raises(EvidenceError, match="two groups"):
        log_rank(days, returned, np.array(["a", "a"]))
    with pytest.raises(EvidenceError, match="nobody returned"):
        log_rank(days, ~np.ones(2, bool), np.array(["a", "b"]))
    with pytest.raises(ConfigError, match="one group per spell"):
        log_rank(days, returned, np.array(["a"]))
