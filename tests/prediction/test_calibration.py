"""Calibration undoes a known distortion, and leaves alone what needs no help."""

import numpy as np
import pytest
from scipy.special import expit, logit
from scipy.stats import norm
from sklearn.isotonic import IsotonicRegression

from tenure.evaluation.forecasts import ece, log_loss
from tenure.prediction.calibration import IDENTITY, Beta, Isotonic, Platt, calibrator_from_arrays, choose_calibrator
from tenure.prediction.level import moved, shift_of


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
    assert choose_calibrator(truth, y, np.zeros(len(truth))) is IDENTITY
    np.testing.assert_array_equal(IDENTITY(truth), truth)


def test_chooses_platt_for_overconfidence():
    truth, y = outcomes()
    too_sure = expit(3 * logit(truth))
    found = choose_calibrator(too_sure, y, np.zeros(len(too_sure)))
    assert isinstance(found, Platt)
    assert log_loss(y, found(too_sure)) < log_loss(y, too_sure) - 0.05


def test_chooses_isotonic_for_a_bent_forecast():
    truth, y = outcomes(20_000)
    bent = np.where(truth < 0.5, 0.1 + truth / 10, 0.5 + truth / 3)
    found = choose_calibrator(bent, y, np.zeros(len(bent)))
    assert isinstance(found, Isotonic)
    assert found(bent).mean() == pytest.approx(bent.mean(), abs=0.001)  # the total is left to the level
    assert ece(y, with_total_of(y, found(bent))) < 0.02 < ece(y, with_total_of(y, bent))


def test_isotonic_mends_the_shape_in_spite_of_moving_windows():
    rng = np.random.default_rng(0)
    said = rng.beta(2, 2, size=(4, 6000))
    bent = np.where(said < 0.5, 0.2 + said / 5, 0.3 + 0.6 * (said - 0.5) + 0.3 * (said > 0.8))
    y = rng.random(said.shape) < expit(logit(bent) + np.array([0.6, -0.4, 0.5, -0.3])[:, None])
    found = choose_calibrator(said.ravel(), y.ravel(), np.repeat(np.arange(4), 6000))
    assert isinstance(found, Isotonic)
    here = with_total_of(bent[3], found(said[3]))
    assert np.abs(here - bent[3]).mean() < 0.02
    assert np.abs(here - bent[3]).mean() < 0.2 * np.abs(said[3] - bent[3]).mean()


def with_total_of(y, p):
    return moved(p, shift_of(p, y.astype(float))[0], is_amount=False)


def test_never_reverses_the_order():
    truth, y = outcomes(500)
    assert Platt.fit(1 - truth, y) is IDENTITY


def test_few_or_equal_outcomes_are_left_alone():
    p = np.full(100, 0.3)
    assert choose_calibrator(p, np.zeros(100, dtype=bool), np.zeros(len(p))) is IDENTITY
    assert choose_calibrator(p[:3], np.array([True, False, True]), np.zeros(len(p[:3]))) is IDENTITY


@pytest.mark.parametrize("fit", [Platt.fit, Beta.fit, Isotonic.fit])
def test_arrays_round_trip(fit):
    truth, y = outcomes(300)
    found = fit(truth**2, y)
    np.testing.assert_array_equal(calibrator_from_arrays(found.to_arrays())(truth), found(truth))


def test_beta_undoes_what_it_is_made_for():
    """Scores of two beta distributions: the log-odds are exactly a ln p - b ln(1 - p) + c. Kull (2017), section 3."""
    rng = np.random.default_rng(0)
    y = rng.random(40_000) < 0.5
    p = np.where(y, rng.beta(5, 2, len(y)), rng.beta(2, 3, len(y)))
    found = Beta.fit(p, y)
    assert isinstance(found, Beta)
    assert (found.a, found.b) == pytest.approx((5 - 2, 3 - 2), abs=0.1)  # standard errors about 0.03
    assert isinstance(choose_calibrator(p, y, np.zeros(len(p))), Beta)


def test_beta_falls_back_where_a_side_would_turn():
    rng = np.random.default_rng(0)
    p = rng.beta(2, 2, 20_000)
    humped = np.where(p < 0.5, 0.2 + 0.6 * p, 0.5 - 0.3 * (p - 0.5))
    found = Beta.fit(p, rng.random(len(p)) < humped)
    assert found == IDENTITY or min(found.a, found.b) == 0
    assert (np.diff(found(np.linspace(0.01, 0.99, 99))) >= 0).all()


def over_time(shape, shifts, n=3000, seed=0):
    rng = np.random.default_rng(seed)
    said = rng.beta(2, 2, size=(len(shifts), n))
    y = rng.random(said.shape) < expit(shape * logit(said) + np.array(shifts)[:, None])
    return said.ravel(), y.ravel(), np.repeat(np.arange(len(shifts)), n)


def test_moves_of_whole_windows_are_left_to_the_level():
    assert choose_calibrator(*over_time(1.0, [0.5, -0.3, 0.6])) is IDENTITY
    p, y, as_of = over_time(1.0, [0.7])
    assert choose_calibrator(p, y, as_of)(p).mean() == pytest.approx(p.mean(), abs=0.01)


def test_a_shape_that_lasts_is_mended_in_spite_of_moving_windows():
    found = choose_calibrator(*over_time(0.5, [0.5, -0.3, 0.6]))
    assert isinstance(found, Platt)
    assert found.slope == pytest.approx(0.5, abs=0.06)  # standard error 0.02
    p = over_time(0.5, [0.5, -0.3, 0.6])[0]
    assert found(p).mean() == pytest.approx(p.mean(), abs=1e-3)


def test_a_shape_that_does_not_last_is_not_believed():
    p, y, as_of = over_time(1.0, [0.0, 0.0])
    bent = np.where(as_of == 0, p**2 / (p**2 + (1 - p) ** 2), p)  # the first window alone was too sure of itself
    assert choose_calibrator(bent, y, as_of) is IDENTITY


def lasting(seed, *, slope=1.0, n=1000, n_cutoffs=5, rho=0.6):
    """Forecasts p, true on average, of users who do more or less than foretold at every cut-off (Gaussian copula)."""
    rng = np.random.default_rng(seed)
    p = np.tile(rng.beta(2, 2, n), n_cutoffs)
    own, passing = np.tile(rng.normal(size=n), n_cutoffs), rng.normal(size=n * n_cutoffs)
    y = norm.cdf(np.sqrt(rho) * own + np.sqrt(1 - rho) * passing) < p
    return expit(logit(p) / slope), y, np.repeat(np.arange(n_cutoffs), n), np.tile(np.arange(n), n_cutoffs)


def test_peculiarities_of_users_that_last_are_no_shape_of_the_forecasts():
    n = 40
    mended = sum(choose_calibrator(*lasting(seed)) is not IDENTITY for seed in range(n))
    assert mended <= 0.2 * n  # some 5 of 100 are; 60 of 100 where users are judged by what they have taught


def test_a_shape_is_mended_in_spite_of_users_who_last():
    for seed in range(5):
        found = choose_calibrator(*lasting(seed, slope=0.5))
        assert isinstance(found, Platt)
        assert found.slope == pytest.approx(0.5, abs=0.1)


def test_users_seen_once_need_not_be_told():
    p, y, as_of = over_time(0.5, [0.5, -0.3, 0.6])
    assert isinstance(choose_calibrator(p, y, as_of, np.arange(len(p))), Platt)


def test_one_user_alone_teaches_nothing():
    p, y, as_of = over_time(0.5, [0.0] * 40, n=1)
    assert choose_calibrator(p, y, as_of, np.zeros(40, dtype=np.int64)) is IDENTITY


def test_one_outcome_in_the_earlier_windows_teaches_nothing():
    p = np.linspace(0.1, 0.9, 200)
    y = np.concatenate([np.zeros(100, bool), np.arange(100) % 2 == 0])
    assert choose_calibrator(p, y, np.repeat([0, 1], 100)) is IDENTITY
