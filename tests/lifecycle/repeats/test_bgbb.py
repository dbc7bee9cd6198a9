"""BG/BB: laws of probability, the sums written out by hand, simulated users, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import approx_fprime
from scipy.special import roots_jacobi

from tenure.errors import ConfigError, EvidenceError
from tenure.lifecycle.repeats.bgbb import BGBB
from tenure.lifecycle.repeats.fitting import FitConfig
from tenure.lifecycle.repeats.history import History

MODEL = BGBB(alpha=1.204, beta=0.75, gamma=0.657, delta=2.783)
HISTORY = History([0, 1, 2, 5, 6, 0], [0, 1, 4, 6, 6, 0], [6, 6, 6, 6, 6, 1])

shapes = st.floats(0.05, 50.0)
models = st.builds(BGBB, alpha=shapes, beta=shapes, gamma=shapes, delta=shapes)


def given_user(p, theta, x, t_x, n):
    """The probability of a history of a user whose p and theta are known; equation (6)."""
    whole = p**x * (1 - p) ** (n - x) * (1 - theta) ** n
    return whole + sum(p**x * (1 - p) ** (t_x - x + i) * theta * (1 - theta) ** (t_x + i) for i in range(int(n - t_x)))


def nodes_of(first, second):
    """Nodes and weights that integrate polynomials over beta(first, second) exactly; Gauss-Jacobi."""
    node, weight = roots_jacobi(20, second - 1, first - 1)
    return (1 + node) / 2, weight / weight.sum()


def test_the_likelihood_is_the_integral_over_users():
    p, p_weight = nodes_of(MODEL.alpha, MODEL.beta)
    theta, theta_weight = nodes_of(MODEL.gamma, MODEL.delta)
    for x, t_x, n in ((0, 0, 3), (1, 2, 4), (3, 3, 6), (2, 4, 9)):
        whole = p_weight @ given_user(p[:, None], theta, x, t_x, n) @ theta_weight
        got = MODEL.log_likelihood(History([x], [t_x], [n]))[0]
        assert got == pytest.approx(np.log(whole), abs=1e-9)


def test_the_slope_is_that_of_the_likelihood():
    theta = np.log([1.204, 0.75, 0.657, 2.783])

    def total(at):
        return float(BGBB.likelihood(tuple(np.exp(at)[:, None]), HISTORY)[0].sum())

    exact = [part.sum() for part in BGBB.likelihood(tuple(np.exp(theta)[:, None]), HISTORY)[1]]
    assert exact == pytest.approx(approx_fprime(theta, total, 1e-6), abs=1e-4)


@settings(max_examples=50, deadline=None)
@given(model=models, t=st.integers(0, 12))
def test_laws(model, t):
    any_, expected = model.p_any(t, HISTORY), model.expected(t, HISTORY)
    assert (any_ >= 0).all()
    assert (any_ <= model.p_alive(HISTORY) + 1e-12).all()
    assert (expected >= any_ - 1e-12).all()
    assert (expected <= t).all()
    assert (model.p_any(t + 1, HISTORY) >= any_ - 1e-12).all()
    counts = model.p_count(np.arange(t + 1), t)
    assert counts.sum() == pytest.approx(1, abs=1e-9)
    assert np.arange(t + 1) @ counts == pytest.approx(model.expected_new(t)[0], abs=1e-8)


@settings(max_examples=30, deadline=None)
@given(model=models)
def test_the_chances_of_all_histories_add_up_to_one(model):
    ways = [(0, 0, 1)] + [(x, t_x, _ways(x, t_x)) for t_x in range(1, 5) for x in range(1, t_x + 1)]
    x, t_x, n_ways = np.array(ways, dtype=np.float64).T
    total = n_ways @ np.exp(model.log_likelihood(History(x, t_x, np.full(len(x), 4.0))))
    assert total == pytest.approx(1, abs=1e-9)


def _ways(x, t_x):
    """In how many orders x repeats can have come, the last one at t_x."""
    return float(np.prod([(t_x - 1 - i) / (i + 1) for i in range(x - 1)]))


def test_the_future_of_simulated_users_is_as_expected():
    # Whoever is observed at 10 opportunities has been a user observed at 6 of them.
    rng = np.random.default_rng(5)
    n = 60_000
    p, theta = rng.beta(MODEL.alpha, MODEL.beta, n), rng.beta(MODEL.gamma, MODEL.delta, n)
    alive = np.cumprod(rng.random((10, n)) >= theta, axis=0)
    took = alive * (rng.random((10, n)) < p)
    x = took[:6].sum(axis=0)
    t_x = np.where(x > 0, 6 - took[:6][::-1].argmax(axis=0), 0)
    history = History(x, t_x, np.full(n, 6.0))
    later = took[6:].sum(axis=0)
    expected, any_, here = MODEL.expected(4, history), MODEL.p_any(4, history), MODEL.p_alive(history)
    for group in (x == 0, (x == 2) & (t_x == 4), (x == 6), (x == 1) & (t_x == 1)):
        for actual, told in ((later, expected), (later > 0, any_), (alive[6], here)):
            assert abs(actual[group].mean() - told[group].mean()) < 4 * actual[group].std() / np.sqrt(group.sum())


def test_simulated_users_give_their_parameters_back():
    history = MODEL.simulate(np.full(20_000, 8.0), seed=4)
    found = BGBB.fit(history, config=FitConfig(prior=0))
    for name, error in found.standard_errors.items():
        assert abs(getattr(found, name) - getattr(MODEL, name)) < 3 * error, name
    per_user = float(history.x.std()) / np.sqrt(len(history))
    assert abs(history.x.mean() - MODEL.expected_new(8)[0]) < 4 * per_user


def test_long_histories_do_not_overflow():
    history = History([0, 500, 3], [0, 900, 3], [1000, 1000, 1000])
    for values in (MODEL.log_likelihood(history), MODEL.p_any(200, history), MODEL.expected(200, history)):
        assert np.isfinite(values).all()


@pytest.mark.parametrize(
    ("history", "message"),
    [
        (History([1], [1.5], [3]), "whole numbers"),
        (History([3], [2], [3]), "one repeat per opportunity"),
        (History([1, 0], [1, 0], [3, 3], np.array([[1.0], [2.0]])), "no covariates"),
    ],
)
def test_what_does_not_come_at_opportunities_is_refused(history, message):
    with pytest.raises(ConfigError, match=message):
        BGBB.fit(history)


def test_wrong_times_are_refused():
    with pytest.raises(ConfigError, match="whole"):
        MODEL.expected(1.5, HISTORY)
    with pytest.raises(EvidenceError):
        BGBB.fit(History([], [], []))


def test_times_may_differ_between_users():
    times = np.array([1.0, 2, 3, 4, 5, 0])
    got = MODEL.expected(times, HISTORY)
    assert got == pytest.approx([MODEL.expected(t, HISTORY)[i] for i, t in enumerate(times)])
    assert got[-1] == 0


def test_a_model_survives_its_arrays():
    model = BGBB.fit(MODEL.simulate(np.full(300, 5.0), seed=1))
    again = BGBB.from_arrays(model.to_arrays())
    assert again.standard_errors == model.standard_errors
    assert again.expected(3, HISTORY) == pytest.approx(model.expected(3, HISTORY), rel=0)
