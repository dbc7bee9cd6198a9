"""The logistic model solves its equation, recovers known weights and stays finite at the edges."""

import numpy as np
import pytest
from scipy.special import expit

from tenure.errors import ConfigError
from tenure.prediction.logistic import Logistic


def simulated(n=4000, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 3))
    weights = np.array([1.0, -0.5, 0.0])
    return X, rng.random(n) < expit(X @ weights + 0.4), weights


@pytest.mark.parametrize("penalty", [0.1, 10.0, 1000.0])
def test_the_gradient_of_the_stated_objective_is_zero(penalty):
    X, y, _ = simulated()
    model = Logistic.fit(X, y, penalty=penalty)
    residual = model.p(X) - y
    np.testing.assert_allclose(X.T @ residual + penalty * model.weights, 0, atol=1e-3)
    assert residual.sum() == pytest.approx(0, abs=1e-3)


def test_recovers_known_weights():
    X, y, weights = simulated(n=20_000)
    model = Logistic.fit(X, y, penalty=1e-3)
    np.testing.assert_allclose(model.weights, weights, atol=0.1)  # standard error about 0.02
    assert model.intercept == pytest.approx(0.4, abs=0.1)


def test_contributions_sum_to_the_log_odds():
    X, y, _ = simulated(n=100)
    model = Logistic.fit(X, y)
    np.testing.assert_allclose(model.contributions(X).sum(axis=1) + model.intercept, model.log_odds(X))


def test_collinear_and_constant_inputs_are_harmless():
    X, y, _ = simulated(n=500)
    doubled = np.hstack([X, X, np.zeros((500, 1))])
    model = Logistic.fit(doubled, y, penalty=1.0)
    np.testing.assert_allclose(model.weights[:3], model.weights[3:6], atol=1e-3)
    assert model.weights[6] == 0


@pytest.mark.parametrize(
    ("outcomes", "p"), [([True], 0.75), ([False, False], 0.5 / 3), ([True, True, True], 3.5 / 4), ([], 0.5)]
)
def test_equal_outcomes_give_a_finite_share(outcomes, p):
    model = Logistic.fit(np.ones((len(outcomes), 2)), np.array(outcomes, dtype=bool))
    assert model.p(np.zeros((1, 2)))[0] == pytest.approx(p)
    np.testing.assert_array_equal(model.weights, 0)


def test_arrays_round_trip():
    X, y, _ = simulated(n=50)
    model = Logistic.fit(X, y)
    np.testing.assert_array_equal(Logistic.from_arrays(model.to_arrays()).p(X), model.p(X))


def test_refuses_what_cannot_be_learnt_from():
    with pytest.raises(ConfigError, match=r"finite numbers, got nan in column 1"):
        Logistic.fit(np.array([[1.0, np.nan]]), np.array([True]))
    with pytest.raises(ConfigError, match="penalty"):
        Logistic.fit(np.ones((2, 1)), np.array([True, False]), penalty=0)
