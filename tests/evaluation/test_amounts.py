"""Metrics of amounts, against known answers, laws and a loop over resamples."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenure.errors import ConfigError
from tenure.evaluation.amounts import AMOUNT_METRICS, mae, normalised_gini, rmse, spearman, total_ratio
from tenure.evaluation.comparison import compare
from tenure.evaluation.forecasts import auc


def test_amounts():
    actual, predicted = np.array([0.0, 10, 30]), np.array([5.0, 10, 5])
    assert mae(actual, predicted) == pytest.approx(10)
    assert rmse(actual, predicted) == pytest.approx(math.sqrt((25 + 625) / 3))
    assert total_ratio(actual, predicted) == pytest.approx(0.5)
    assert math.isnan(total_ratio(np.zeros(2), predicted[:2]))
    assert math.isnan(mae(np.empty(0), np.empty(0)))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 20), min_size=3, max_size=30))
def test_gini_is_one_for_the_truth_and_minus_one_upside_down(amounts):
    actual = np.array(amounts, dtype=float)
    if actual.min() == actual.max():
        assert math.isnan(normalised_gini(actual, actual))
        return
    assert normalised_gini(actual, actual**3) == pytest.approx(1)
    assert normalised_gini(actual, -actual) == pytest.approx(-1)
    assert normalised_gini(actual, np.ones(len(actual))) == pytest.approx(0, abs=1e-12)


def test_gini_of_outcomes_is_that_of_the_auc():
    rng = np.random.default_rng(0)
    p = rng.random(300).round(1)
    y = (rng.random(300) < p).astype(float)
    assert normalised_gini(y, p) == pytest.approx(2 * auc(y, p) - 1)


def test_spearman_equals_scipy():
    from scipy.stats import spearmanr

    rng = np.random.default_rng(2)
    actual, expected = rng.poisson(2.0, 200).astype(float), rng.gamma(1.0, 3, 200).round()  # ties in both
    assert spearman(actual, expected) == pytest.approx(spearmanr(actual, expected).statistic)
    assert math.isnan(spearman(actual, np.full(200, 0.1)))
    assert math.isnan(spearman(np.empty(0), np.empty(0)))


@pytest.mark.parametrize("metric", AMOUNT_METRICS, ids=lambda metric: metric.name)
def test_a_weight_is_a_repetition(metric):
    rng = np.random.default_rng(1)
    actual = rng.gamma(0.5, 10, 40) * (rng.random(40) < 0.6)
    expected = rng.gamma(1.0, 5, 40).round()  # rounding makes ties
    counts = rng.integers(0, 4, size=(5, 40))
    repeated = [metric(np.repeat(actual, n), np.repeat(expected, n)) for n in counts]
    assert metric.weighted(actual, expected, counts.astype(float)) == pytest.approx(repeated)


def test_rows_of_one_user_are_drawn_together_and_windows_averaged():
    actual, good, bad = np.array([1.0, 3.0, 2.0, 6.0]), np.array([1.0, 3.0, 2.0, 6.0]), np.array([2.0, 2.0, 4.0, 4.0])
    users, windows = np.array([0, 1, 0, 1]), np.array([0, 0, 1, 1])
    found = compare(
        actual, {"good": good, "bad": bad}, champion="good", metrics=[mae], users=users, windows=windows, seed=1
    )
    assert found.values["bad", "mae"].value == pytest.approx((1 + 2) / 2)
    assert found.gains["bad", "mae"].value == pytest.approx(-1.5)
    # Both rows of a user come or go together, so every resample sees one of three mixes: always a difference of 1.5.
    assert found.gains["bad", "mae"].low == found.gains["bad", "mae"].high == pytest.approx(-1.5)


def test_what_is_wrong_is_named():
    with pytest.raises(ConfigError, match="equal length"):
        mae(np.zeros(2), np.zeros(3))
    with pytest.raises(ConfigError, match="finite"):
        mae(np.zeros(2), np.array([0.0, np.nan]))
