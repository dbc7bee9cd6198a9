"""Forecast metrics against scikit-learn, their weighted form against real resampling, and the tables by hand."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from tenure.errors import ConfigError, UnknownError
from tenure.evaluation.amounts import spearman
from tenure.evaluation.comparison import compare
from tenure.evaluation.forecasts import (
    METRICS,
    auc,
    average_precision,
    ece,
    log_loss,
)
from tenure.evaluation.reliability import lift_table, reliability_table, wilson

SKLEARN = {
    "auc": sk.roc_auc_score,
    "average_precision": sk.average_precision_score,
    "average_precision_churn": lambda y, p: sk.average_precision_score(1 - y, 1 - p),
    "log_loss": lambda y, p: sk.log_loss(y, p, labels=[0, 1]),
    "brier": sk.brier_score_loss,
}

# Forecasts are tenths, so that ties abound.
forecasts = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 10)), min_size=2, max_size=40).map(
    lambda rows: (np.array([r[0] for r in rows]), np.array([r[1] for r in rows]) / 10)
)


@settings(max_examples=80, deadline=None)
@given(forecasts)
def test_equals_scikit_learn(forecast):
    y, p = forecast
    assume(0 < y.sum() < len(y))
    for metric in METRICS:
        if metric.name in SKLEARN:
            assert metric(y, p) == pytest.approx(SKLEARN[metric.name](y, p), abs=1e-9), metric.name


@settings(max_examples=60, deadline=None)
@given(forecasts, st.integers(0, 2**32 - 1))
def test_weighted_form_equals_repeating_rows(forecast, seed):
    y, p = forecast
    rows = np.random.default_rng(seed).integers(0, len(y), len(y))
    counts = np.bincount(rows, minlength=len(y)).astype(float)
    for metric in METRICS:
        if metric is ece:  # its bins stay those of all users
            continue
        repeated, weighted = metric(y[rows], p[rows]), metric.weighted(y.astype(float), p, counts[None])[0]
        assert weighted == pytest.approx(repeated, nan_ok=True), metric.name


def test_ece_by_loop():
    rng = np.random.default_rng(0)
    p = rng.random(1000)
    y = (rng.random(1000) < p**2).astype(int)
    tenths = np.array_split(np.argsort(p), 10)
    expected = sum(len(rows) / 1000 * abs(p[rows].mean() - y[rows].mean()) for rows in tenths)
    assert ece(y, p) == pytest.approx(expected)
    assert ece(y, np.full(1000, y.mean())) == pytest.approx(0)


def test_undefined_without_both_outcomes():
    nobody, everybody, p = np.zeros(3), np.ones(3), np.array([0.1, 0.2, 0.3])
    assert math.isnan(auc(nobody, p))
    assert math.isnan(auc(everybody, p))
    assert math.isnan(average_precision(nobody, p))
    assert average_precision(everybody, p) == 1
    assert all(math.isnan(metric(np.empty(0), np.empty(0))) for metric in METRICS)


def test_refuses_what_is_no_forecast():
    with pytest.raises(ConfigError, match=r"got 0.5 to 1.5"):
        log_loss(np.array([0, 1]), np.array([0.5, 1.5]))
    with pytest.raises(ConfigError, match="nan"):
        log_loss(np.array([0, 1]), np.array([0.5, np.nan]))
    with pytest.raises(ConfigError, match="equal length"):
        log_loss(np.array([0, 1]), np.array([0.5]))
    with pytest.raises(ConfigError, match="0 or 1"):
        log_loss(np.array([0, 2]), np.array([0.5, 0.5]))


def test_wilson_equals_scipy():
    from scipy.stats import binomtest

    for n_true, n in ((0, 5), (3, 10), (10, 10)):
        low, high = wilson(np.array([float(n_true)]), np.array([float(n)]))
        theirs = binomtest(n_true, n).proportion_ci(method="wilson")
        assert (low[0], high[0]) == (pytest.approx(theirs.low, abs=1e-9), pytest.approx(theirs.high, abs=1e-9))


def test_reliability_keeps_equal_forecasts_together():
    y, p = np.array([1, 0, 1, 1]), np.array([0.2, 0.2, 0.9, 0.9])
    rows = reliability_table(y, p).to_pylist()
    assert [(r["bin"], r["n_users"], r["predicted"], r["observed"]) for r in rows] == [
        (1, 2, 0.2, 0.5),
        (2, 2, 0.9, 1.0),
    ]
    assert reliability_table(y[:0], p[:0]).num_rows == 0
    assert reliability_table(y, np.full(4, 0.75)).num_rows == 1


def test_lift_by_hand():
    y = np.array([1, 1, 0, 0, 1, 0, 0, 0, 0, 0])
    risk = np.linspace(0.9, 0.0, 10)
    table = lift_table(y, risk, n_parts=5)
    assert table["tenth"].to_pylist() == [1, 2, 3, 4, 5]
    assert table["observed"].to_pylist() == [1.0, 0.0, 0.5, 0.0, 0.0]
    np.testing.assert_allclose(table["lift"], [1 / 0.3, 0, 0.5 / 0.3, 0, 0])
    np.testing.assert_allclose(table["captured"], [2 / 3, 2 / 3, 1, 1, 1])


def test_lift_of_a_constant_is_one_everywhere():
    table = lift_table(np.array([1] * 5 + [0] * 45), np.full(50, 0.1))
    np.testing.assert_allclose(table["lift"], np.ones(10))
    np.testing.assert_allclose(table["captured"], np.arange(1, 11) / 10)


def test_lift_with_few_users_or_nobody_concerned():
    assert lift_table(np.array([1, 0, 0]), np.array([0.9, 0.5, 0.1]))["n_users"].to_pylist() == [1, 1, 1]
    assert lift_table(np.empty(0), np.empty(0)).num_rows == 0
    assert np.isnan(lift_table(np.zeros(20), np.linspace(0, 1, 20))["lift"]).all()


def test_comparison_is_paired():
    rng = np.random.default_rng(0)
    risk = rng.random(800)
    y = (rng.random(800) < risk).astype(int)
    good, slightly_worse = risk, np.clip(risk + rng.normal(scale=0.15, size=800), 0.01, 0.99)
    found = compare(y, {"good": good, "worse": slightly_worse}, champion="good", seed=1, n_resamples=300)
    assert found.values["good", "auc"].value == pytest.approx(auc(y, good))
    gain = found.gains["worse", "auc"]
    assert gain.value == pytest.approx(auc(y, good) - auc(y, slightly_worse))
    assert gain.low > 0
    # unpaired intervals overlap
    assert found.values["good", "auc"].low < found.values["worse", "auc"].high
    assert set(found.gains) == {("worse", metric.name) for metric in METRICS}


def test_a_window_in_which_all_did_alike_leaves_the_others_their_ranking():
    rng = np.random.default_rng(0)
    risk, windows = rng.random(600), np.repeat([0, 1, 2], 200)
    y = (rng.random(600) < risk) & (windows != 1)
    found = compare(y, {"good": risk, "flat": np.full(600, 0.4)}, champion="good", windows=windows, seed=1)
    first, last = (auc(y[windows == w], risk[windows == w]) for w in (0, 2))
    told = found.values["good", "auc"]
    assert told.value == pytest.approx((first + last) / 2)
    assert told.low < told.value < told.high
    assert found.gains["flat", "auc"].value == pytest.approx(told.value - 0.5)
    assert found.gains["flat", "auc"].low > 0
    losses = [log_loss(y[windows == w], risk[windows == w]) for w in range(3)]
    assert found.values["good", "log_loss"].value == pytest.approx(np.mean(losses))
    none = compare(windows > 3, {"good": risk}, champion="good", windows=windows, seed=1, n_resamples=20)
    assert math.isnan(none.values["good", "auc"].value)


def test_gains_are_of_the_windows_that_both_are_measured_in():
    """A rank correlation with one forecast for all is not defined: there is nothing to gain or lose there."""
    actual, windows = np.array([1.0, 2.0, 3.0, 1.0, 2.0, 3.0]), np.repeat([0, 1], 3)
    champion, flat_first = np.array([3.0, 2.0, 1.0, 1.0, 2.0, 3.0]), np.array([5.0, 5.0, 5.0, 1.0, 2.0, 3.0])
    found = compare(actual, {"a": champion, "b": flat_first}, champion="a", metrics=[spearman], windows=windows, seed=1)
    assert found.values["a", "spearman"].value == pytest.approx(0.0)
    assert found.values["b", "spearman"].value == pytest.approx(1.0)
    assert found.gains["b", "spearman"].value == pytest.approx(0.0)


def test_comparison_of_nobody_and_of_an_unknown_champion():
    found = compare(np.empty(0), {"a": np.empty(0)}, champion="a", seed=1)
    assert math.isnan(found.values["a", "auc"].value)
    with pytest.raises((ConfigError, UnknownError), match="no forecast 'b'"):
        compare(np.zeros(2), {"a": np.zeros(2)}, champion="b", seed=1)
