"""What must hold for forecasts and their metrics whatever the numbers are."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenure.evaluation.comparison import compare
from tenure.evaluation.forecasts import (
    METRICS,
    auc,
    average_precision,
    average_precision_of_absence,
    brier,
    ece,
    log_loss,
)
from tenure.evaluation.reliability import lift_table, reliability_table
from tenure.prediction.calibration import Isotonic, Platt
from tenure.prediction.logistic import Logistic

cases = st.lists(st.tuples(st.booleans(), st.integers(1, 99)), min_size=4, max_size=60).map(
    lambda rows: (np.array([y for y, _ in rows]), np.array([p for _, p in rows]) / 100)
)


@settings(max_examples=60, deadline=None)
@given(cases)
def test_order_of_users_is_irrelevant(case):
    y, p = case
    shuffled = np.random.default_rng(0).permutation(len(y))
    for metric in METRICS:
        assert metric(y[shuffled], p[shuffled]) == pytest.approx(metric(y, p), nan_ok=True), metric.name
    for table in (reliability_table, lift_table):
        for one, other in zip(table(y, p).columns, table(y[shuffled], p[shuffled]).columns, strict=True):
            np.testing.assert_allclose(one, other, atol=1e-12)


@settings(max_examples=60, deadline=None)
@given(cases)
def test_ranking_metrics_see_only_the_order(case):
    y, p = case
    for metric in (auc, average_precision, average_precision_of_absence):
        assert metric(y, p**3 / 2) == pytest.approx(metric(y, p), nan_ok=True)


@settings(max_examples=60, deadline=None)
@given(cases)
def test_commit_and_churn_are_two_sides_of_one_forecast(case):
    y, p = case
    for metric in (auc, log_loss, brier):
        assert metric(~y, 1 - p) == pytest.approx(metric(y, p), nan_ok=True)
    assert average_precision(~y, 1 - p) == pytest.approx(average_precision_of_absence(y, p), nan_ok=True)


@settings(max_examples=60, deadline=None)
@given(cases)
def test_metrics_are_bounded(case):
    y, p = case
    for metric in (auc, average_precision, average_precision_of_absence, brier, ece):
        value = metric(y, p)
        assert np.isnan(value) or 0 <= value <= 1 + 1e-12
    assert log_loss(y, p) > 0


@settings(max_examples=60, deadline=None)
@given(cases, st.floats(0.01, 0.99))
def test_the_share_is_the_best_constant(case, other):
    y, _ = case
    share, constant = np.full(len(y), y.mean()), np.full(len(y), other)
    assert log_loss(y, share) <= log_loss(y, constant) + 1e-12
    assert brier(y, share) <= brier(y, constant) + 1e-12
    assert ece(y, share) == pytest.approx(0, abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(cases)
def test_tables_count_everybody_once(case):
    y, p = case
    for table in (reliability_table(y, p), lift_table(y, p)):
        n_users = table["n_users"].to_numpy()
        assert n_users.sum() == len(y)
        assert n_users @ table["observed"].to_numpy() == pytest.approx(y.sum())
    low, high = reliability_table(y, p)["low"].to_numpy(), reliability_table(y, p)["high"].to_numpy()
    assert np.all((low >= -1e-12) & (low <= high) & (high <= 1 + 1e-12))


@settings(max_examples=40, deadline=None)
@given(cases)
def test_calibration_keeps_order_and_range(case):
    y, p = case
    grid = np.linspace(0, 1, 101)
    for fit in (Platt.fit, Isotonic.fit):
        calibrated = fit(p, y)(grid)
        assert np.all(np.diff(calibrated) >= -1e-12)
        assert np.all((calibrated >= 0) & (calibrated <= 1))


@settings(max_examples=40, deadline=None)
@given(cases, st.integers(0, 1000))
def test_no_model_gains_over_itself(case, seed):
    y, p = case
    found = compare(y, {"a": p, "b": p.copy()}, champion="a", seed=seed, n_resamples=20)
    for interval in found.gains.values():
        # Of few rows a metric may be undefined, for all of them or in every resample.
        assert all(np.isnan(number) or number == 0 for number in (interval.value, interval.low, interval.high))


@settings(max_examples=40, deadline=None)
@given(cases, st.floats(0.1, 1000))
def test_a_heavier_penalty_makes_smaller_weights(case, penalty):
    y, p = case
    X = np.column_stack([p, p**2])
    light, heavy = Logistic.fit(X, y, penalty=penalty), Logistic.fit(X, y, penalty=10 * penalty)
    assert np.linalg.norm(heavy.weights) <= np.linalg.norm(light.weights) + 1e-9
