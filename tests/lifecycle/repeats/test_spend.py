"""Gamma-Gamma: against simulation, numerical integration and the corners of data."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import gamma as gamma_law

from tenure.errors import ConfigError, EvidenceError
from tenure.lifecycle.repeats.fitting import FitConfig
from tenure.lifecycle.repeats.spend import GammaGamma, independence

TRUTH = GammaGamma(p=6.25, q=3.74, gamma=15.44)


def simulated(n: int, seed: int, truth: GammaGamma = TRUTH) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Number of amounts, their means, and each user's true mean."""
    rng = np.random.default_rng(seed)
    nu = rng.gamma(truth.q, 1 / truth.gamma, size=n)
    x = rng.poisson(2.0, size=n).astype(np.float64)
    total = rng.gamma(np.where(x > 0, truth.p * x, 1.0)) / nu
    return x, np.where(x > 0, total / np.maximum(x, 1), np.nan), truth.p / nu


def test_the_likelihood_is_that_of_the_integral():
    for x, m in ((1, 20.0), (3, 7.0), (12, 90.0)):

        def integrand(nu, x=x, m=m):
            given_nu = gamma_law.pdf(m, TRUTH.p * x, scale=1 / (nu * x))
            return given_nu * gamma_law.pdf(nu, TRUTH.q, scale=1 / TRUTH.gamma)

        whole = quad(integrand, 0, 5)[0]
        got = TRUTH.log_likelihood(np.array([float(x)]), np.array([m]))
        assert got == pytest.approx(np.log(whole), abs=1e-7)


def test_known_parameters_are_found_again_within_three_standard_errors():
    for seed in range(3):
        x, m, _ = simulated(4_000, seed)
        model = GammaGamma.fit(x, m, config=FitConfig(prior=0.0))
        for name, error in model.standard_errors.items():
            assert abs(getattr(model, name) - getattr(TRUTH, name)) < 3 * error, name


def test_the_expected_value_is_that_of_users_like_them():
    x, m, true_mean = simulated(200_000, 7)
    expected = TRUTH.expected(x, m)
    for group in (x == 0, x == 1, x >= 4, (x == 2) & (m > 40), (x == 2) & (m < 15)):
        error = true_mean[group].std() / np.sqrt(group.sum())
        assert abs(expected[group].mean() - true_mean[group].mean()) < 4 * error


def test_simulated_amounts_have_the_expected_mean():
    n = np.full(200_000, 3)
    x, m = np.full(len(n), 2.0), np.full(len(n), 50.0)
    draws = TRUTH.simulate(n, x, m, np.random.default_rng(3))
    wanted = 3 * TRUTH.expected(x[:1], m[:1])[0]
    assert abs(draws.mean() - wanted) < 4 * draws.std() / np.sqrt(len(n))
    assert TRUTH.simulate(np.array([0]), x[:1], m[:1], np.random.default_rng(3)) == pytest.approx([0.0])


@settings(max_examples=30, deadline=None)
@given(scale=st.floats(1e-6, 1e9), seed=st.integers(0, 5))
def test_the_currency_changes_nothing(scale, seed):
    x, m, _ = simulated(400, seed)
    one, other = GammaGamma.fit(x, m), GammaGamma.fit(x, m * scale)
    assert (other.p, other.q, other.gamma / scale) == pytest.approx((one.p, one.q, one.gamma), rel=1e-6)


@given(x=st.integers(1, 10_000), m=st.floats(1e-3, 1e6))
def test_the_expected_value_lies_between_own_mean_and_that_of_all(x, m):
    got = TRUTH.expected(np.array([float(x)]), np.array([m]))[0]
    low, high = sorted((m, TRUTH.mean))
    assert low * (1 - 1e-12) <= got <= high * (1 + 1e-12)


def test_a_model_survives_its_arrays():
    x, m, _ = simulated(500, 1)
    model = GammaGamma.fit(x, m)
    again = GammaGamma.from_arrays(model.to_arrays())
    assert again.standard_errors == model.standard_errors
    assert again.expected(x, m) == pytest.approx(model.expected(x, m), rel=0)


def test_parameter_draws_spread_like_the_standard_errors():
    x, m, _ = simulated(4_000, 1)
    model = GammaGamma.fit(x, m)
    drawn = np.log([draw.q for draw in model.draws(2_000, seed=1)])
    assert drawn.std() == pytest.approx(model.standard_errors["q"] / model.q, rel=0.08)  # its own error: 1.6 %


@pytest.mark.parametrize(
    ("x", "m"),
    [([], []), ([0.0, 0.0], [np.nan, np.nan]), ([1.0], [5.0]), ([2.0, 0.0], [5.0, 7.0]), ([1.0, 1.0], [-3.0, 0.0])],
)
def test_too_few_amounts_are_refused(x, m):
    with pytest.raises(EvidenceError, match="at least 2 users"):
        GammaGamma.fit(np.array(x), np.array(m))


def test_equal_amounts_need_the_prior():
    x, m = np.array([1.0, 2.0, 5.0]), np.full(3, 9.99)
    with pytest.raises(EvidenceError, match="same mean amount"):
        GammaGamma.fit(x, m, config=FitConfig(prior=0.0))
    model = GammaGamma.fit(x, m)
    assert 5 < model.expected(x, m)[2] < 20


def test_a_handful_of_users_is_held_by_the_prior():
    x, m, _ = simulated(6, 3)
    model = GammaGamma.fit(x, m)
    assert 0.5 < model.expected(x, m).mean() / np.nanmean(m) < 2
    assert all(np.isfinite(error) for error in model.standard_errors.values())


def test_huge_numbers_do_not_overflow():
    x, m = np.array([1e5, 3.0, 1e7]), np.array([1e-3, 1e12, 40.0])
    assert np.isfinite(TRUTH.log_likelihood(x, m))
    assert np.isfinite(TRUTH.expected(x, m)).all()


def test_an_infinite_mean_is_told():
    wild = GammaGamma(p=1.0, q=0.9, gamma=3.0)
    assert wild.mean == np.inf
    assert wild.expected(np.array([2.0]), np.array([5.0])) == pytest.approx([1.0 * (3 + 10) / (2 + 0.9 - 1)])
    with pytest.raises(EvidenceError, match="infinite"):
        wild.expected(np.array([0.0]), np.array([np.nan]))


def test_few_amounts_that_settle_no_mean_are_refused_instead_of_a_worth_below_0():
    few = GammaGamma(p=0.1, q=0.5, gamma=1.0)
    with pytest.raises(EvidenceError, match=r"infinite for 2 of 3 users \(p x \+ q = 0\.6"):
        few.expected(np.array([1.0, 5.0, 6.0]), np.array([5.0, 5.0, 5.0]))  # p x + q = 0.6, 1 and 1.1
    assert few.expected(np.array([6.0]), np.array([5.0])) == pytest.approx([0.1 * 31 / 0.1])


def test_wrong_arguments_are_named():
    with pytest.raises(ConfigError, match="gamma"):
        GammaGamma(p=1.0, q=2.0, gamma=0.0)
    with pytest.raises(ConfigError, match="one row per user"):
        GammaGamma.fit(np.ones(2), np.ones(3))
    with pytest.raises(ConfigError, match="infinite"):
        GammaGamma.fit(np.ones(2), np.array([np.inf, 1.0]))
    with pytest.raises(EvidenceError, match="given"):
        _ = TRUTH.standard_errors


def test_the_check_of_independence_finds_dependence():
    rng = np.random.default_rng(2)
    x = rng.integers(1, 20, size=500).astype(np.float64)
    free, tied = rng.gamma(3.0, size=500), x * rng.gamma(20.0, size=500)
    assert "does not depend" in independence(x, free).sentence
    assert independence(x, tied).correlation > 0.8
    assert "overstate" in independence(x, 1000 / tied).sentence
    with pytest.raises(EvidenceError, match="three or more"):
        independence(np.ones(9), np.arange(1.0, 10.0))
