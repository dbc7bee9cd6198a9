"""Intervals cover what they claim to cover, pair what is paired, and do not depend on memory blocks."""

import math

import numpy as np
import pytest
from scipy import stats

from tenure.errors import ConfigError
from tenure.evaluation import intervals
from tenure.evaluation.intervals import Interval, bootstrap, bootstrap_mean, paired_bootstrap, resample_counts


def test_mean_agrees_with_normal_theory():
    values = np.random.default_rng(0).exponential(size=2000)
    found = bootstrap_mean(values, seed=1, n_resamples=4000)
    half = 1.96 * values.std(ddof=1) / math.sqrt(2000)
    assert found.value == pytest.approx(values.mean())
    assert found.high - found.low == pytest.approx(2 * half, rel=0.06)


def test_agrees_with_scipy():
    values = np.random.default_rng(3).gamma(2.0, size=300)
    ours = bootstrap(np.median, values, seed=1, n_resamples=3000)
    theirs = stats.bootstrap((values,), np.median, method="percentile", n_resamples=3000, rng=5).confidence_interval
    assert ours.low == pytest.approx(theirs.low, abs=0.03)
    assert ours.high == pytest.approx(theirs.high, abs=0.03)


def test_covers_the_truth_about_as_often_as_promised():
    rng = np.random.default_rng(7)
    covered = 0
    for trial in range(200):
        found = bootstrap_mean(rng.normal(size=60), seed=trial, n_resamples=300)
        covered += found.low <= 0 <= found.high
    assert 175 <= covered <= 199  # 190 expected, standard error 3.1, the percentile interval being a little short


def test_blocks_do_not_change_draws(monkeypatch):
    whole = np.vstack(list(resample_counts(7, seed=2, n_resamples=11)))
    monkeypatch.setattr(intervals, "_CELLS_AT_ONCE", 21)
    parts = list(resample_counts(7, seed=2, n_resamples=11))
    assert [len(part) for part in parts] == [3, 3, 3, 2]
    np.testing.assert_array_equal(np.vstack(parts), whole)
    assert np.all(whole.sum(axis=1) == 7)


def test_pairing_removes_what_both_share():
    rng = np.random.default_rng(1)
    difficulty = rng.normal(scale=10, size=400)
    a, b = difficulty + 0.5 + rng.normal(scale=0.1, size=400), difficulty
    paired = paired_bootstrap(np.mean, [a], [b], seed=1, n_resamples=500)
    assert paired.value == pytest.approx(a.mean() - b.mean())
    assert paired.excludes_zero
    assert not bootstrap_mean(a, seed=1, n_resamples=500).excludes_zero


def test_few_users():
    assert math.isnan(bootstrap_mean(np.array([]), seed=1).value)
    assert math.isnan(bootstrap_mean(np.array([np.nan]), seed=1).value)
    one = bootstrap_mean(np.array([0.3, np.nan]), seed=1)
    assert one.value == 0.3
    assert math.isnan(one.low)
    assert bootstrap_mean(np.array([2.0, 2.0]), seed=1) == Interval(2.0, 2.0, 2.0)
    assert math.isnan(bootstrap(np.mean, np.array([]), seed=1).value)


def test_undefined_resamples_are_left_out():
    def middle(v):
        return math.nan if v.min() == v.max() else (v.min() + v.max()) / 2  # undefined in a third of the resamples

    found = bootstrap(middle, np.array([0.0, 1.0, 1.0]), seed=1)
    assert found == Interval(0.5, 0.5, 0.5)


def test_no_interval_where_most_resamples_say_nothing():
    most = Interval.of(0.5, np.array([0.1, 0.9, math.nan, math.nan, math.nan]))
    assert most.value == 0.5
    assert math.isnan(most.low)
    assert math.isnan(most.high)
    half = Interval.of(0.5, np.array([0.1, 0.9, math.nan, math.nan]), level=0.5)
    assert (half.low, half.high) == pytest.approx((0.3, 0.7))


def test_refuses_unequal_lengths_and_odd_levels():
    with pytest.raises(ConfigError, match=r"got lengths \[2, 3\]"):
        bootstrap(np.mean, np.zeros(2), np.zeros(3), seed=1)
    with pytest.raises(ConfigError, match="level"):
        bootstrap_mean(np.zeros(3), seed=1, level=95)
