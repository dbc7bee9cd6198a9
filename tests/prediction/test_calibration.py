"""Calibration undoes a known distortion, and leaves alone what needs no help."""

import numpy as np
import pytest
from scipy.special import expit, logit
from sklearn.isotonic import IsotonicRegression

from tenure.evaluation.forecasts import ece, log_loss
from tenure.prediction.calibration import IDENTITY, Isotonic, Platt, calibrator_from_arrays, choose_calibrator


def outcomes(n=6000, seed=0):
    rng = np.random.default_rng(seed)
    truth = rng.beta(2, 2, size=n)
    return truth, rng.random(n) < truth


def test_platt_undoes_overconfidence():
    truth, y = outcomes(30_000)
    too_sure = expit(2 * logit(truth) - 1)
    found = Platt.fit(too_sure, y)
    assert found.slope == pytest.approx(0.5, abs=0.03)  # standard error about 0.007
    assert found.shift == pytest.approx(0.5, abs=0.06)


def test_isotonic_never_falls_and_equals_scikit_learn():
    truth, y = outcomes()
    found = Isotonic.fit(truth, y)
    grid = np.linspace(0, 1, 500)
    assert np.all(np.diff(found(grid)) >= 0)
    assert 0 < found(grid).min() <= found(grid).max() < 1
    edge = 0.5 / (len(y) + 1)
    theirs = IsotonicRegression(y_min=edge, y_max=1 - edge, out_of_bounds="clip").fit(truth, y)
    np.testing.assert_allclose(found(grid), theirs.predict(grid), atol=1e-12)


def test_chooses_nothing_for_what_is_true_already():
    truth, y = outcomes()
    assert choose_calibrator(truth, y) is IDENTITY
    np.testing.assert_array_equal(IDENTITY(truth), truth)


def test_chooses_platt_for_overconfidence():
    truth, y = outcomes()
    too_sure = expit(3 * logit(truth))
    found = choose_calibrator(too_sure, y)
    assert isinstance(found, Platt)
    assert log_loss(y, found(too_sure)) < log_loss(y, too_sure) - 0.05


def test_chooses_isotonic_for_a_bent_forecast():
    truth, y = outcomes(20_000)
    bent = np.where(truth < 0.5, 0.1 + truth / 10, 0.5 + truth / 3)
    found = choose_calibrator(bent, y)
    assert isinstance(found, Isotonic)
    assert ece(y, found(bent)) < 0.02 < ece(y, bent)


def test_never_reverses_the_order():
    truth, y = outcomes(500)
    assert Platt.fit(1 - truth, y) is IDENTITY


def test_few_or_equal_outcomes_are_left_alone():
    p = np.full(100, 0.3)
    assert choose_calibrator(p, np.zeros(100, dtype=bool)) is IDENTITY
    assert choose_calibrator(p[:3], np.array([True, False, True])) is IDENTITY


@pytest.mark.parametrize("fit", [Platt.fit, Isotonic.fit])
def test_arrays_round_trip(fit):
    truth, y = outcomes(300)
    found = fit(truth**2, y)
    np.testing.assert_array_equal(calibrator_from_arrays(found.to_arrays())(truth), found(truth))
