"""Against high precision: the closed forms with 2F1 (mpmath, 50 digits), and adaptive quadrature with 40."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad

from tenure.lifecycle.repeats.quadrature import count_integral, mean_commitments, power_integral

MEAN_COMMITMENTS = [  # shape, scale, a, b, t, value
    (0.2426, 43.27, 0.7929, 2.4259, 39.0, 0.1948013790814073),
    (2.2426, 43.27, 0.7929, 4.4259, 39.0, 1.6872910291665746),
    (100000.0, 1000.0, 0.8, 100000.0, 250.0, 22819.772481692897),
    (0.01, 5.0, 0.02, 0.03, 100.0, 0.12748295083597952),
    (30.0, 100.0, 10000.0, 30000.0, 50.0, 3.8834005891765324),
    (50.0, 100.0, 0.8, 2.5, 39.0, 7.035364367095852),
    (7.3, 12.0, 1.0000001, 3.0, 1e-06, 6.083332807378487e-07),
    (0.5, 10.0, 3.0, 0.1, 1000.0, 0.9416500129331487),
    (3.2, 40.0, 1.7, 9.0, 2000.0, 11.741123076365726),
]
LOG_POWERS = [  # alpha, p, beta, q, low, high, ln of the integral
    (10.578, 0.553, 11.669, 1.606, 0.0, 38.86, -3.1634414916490385),
    (10.578, 26.553, 11.669, 1.606, 30.86, 31.0, -106.92462077872922),
    (4.0, 100000.0, 900.0, 1.4, 500.0, 1000.0, -622273.0590698957),
    (900.0, 200.5, 0.01, 1.05, 3.0, 1000.0, -1364.8830217355362),
    (10000.0, 0.02, 0.001, 1.01, 0.0, 10000.0, 2.584357170633163),
    (0.001, 3.7, 50.0, 9.0, 1.0, 1.0001, -44.60066284403321),
    (1000.0, 1000.0, 1000.0, 50.0, 10.0, 2000.0, -7263.628777325632),
]


@pytest.mark.parametrize("case", MEAN_COMMITMENTS)
def test_mean_commitments(case):
    *arguments, value = case
    assert mean_commitments(*(np.array([v]) for v in arguments)) == pytest.approx([value], rel=2e-10)


def test_mean_commitments_of_many_rows_are_those_of_each():
    columns = [np.array(column) for column in zip(*[case[:-1] for case in MEAN_COMMITMENTS * 3], strict=True)]
    assert mean_commitments(*columns) == pytest.approx([case[-1] for case in MEAN_COMMITMENTS * 3], rel=2e-10)


@pytest.mark.parametrize("a", [1 - 1e-9, 1.0, 1 + 1e-9])
def test_mean_commitments_near_the_gap_of_the_closed_form(a):
    def integrand(p):
        return 2.5 * (1 - p) ** 1.5 * (1 - (1 + 0.9 * p) ** -0.25) / p

    value = mean_commitments(*(np.array([v]) for v in (0.25, 1.0, a, 2.5, 0.9)))
    assert value == pytest.approx([quad(integrand, 0, 1, epsabs=0, epsrel=1e-12)[0]], rel=1e-8)


@pytest.mark.parametrize("case", LOG_POWERS)
def test_power_integral(case):
    alpha, p, beta, q, low, high, value = case
    got = power_integral(*_powers(alpha, p, beta, q), np.array([low]), np.array([high]))
    assert got.log_value == pytest.approx([value], rel=1e-14, abs=1e-10)


@pytest.mark.parametrize("case", LOG_POWERS)
def test_the_means_are_the_derivatives(case):
    alpha, p, beta, q, low, high, _ = case
    got = power_integral(*_powers(alpha, p, beta, q), np.array([low]), np.array([high]))
    derivatives = {1: -got.log_alpha, 3: -got.log_beta, 0: -p * got.inverse_alpha, 2: -q * got.inverse_beta}
    for position, derivative in derivatives.items():
        arguments = [alpha, p, beta, q]
        step = 1e-4 * arguments[position]
        ends = []
        for move in (-step, step):
            moved = [v + move * (i == position) for i, v in enumerate(arguments)]
            ends.append(power_integral(*_powers(*moved), np.array([low]), np.array([high])).log_value[0])
        assert derivative == pytest.approx([(ends[1] - ends[0]) / (2 * step)], rel=1e-5, abs=1e-6 / step)


def test_an_empty_interval_has_no_mass():
    got = power_integral(*_powers(4.0, 2.3, 9.0, 1.5), np.array([7.0]), np.array([7.0]))
    assert got.log_value == -np.inf
    assert np.isfinite(got[1:]).all()


@pytest.mark.parametrize(
    ("n", "alpha", "beta", "t"),
    [
        (1, 10.578, 11.669, 39.0),
        (7, 3.0, 200.0, 52.0),
        (4, 90.0, 2.0, 30.0),
        (1, 100.0, 0.1, 100.0),
        (900, 2.0, 5.0, 80.0),
    ],
)
def test_count_integral(n, alpha, beta, t):
    def integrand(u):
        return (u / (alpha + u)) ** n * (alpha + u) ** -0.6 * (beta + u) ** -1.4

    value, _ = quad(integrand, 0, t, epsabs=0, epsrel=1e-12)
    got = count_integral(np.array([float(n)]), (alpha, 0.6), (beta, 1.4), np.array([t]))
    assert np.exp(got) == pytest.approx([value], rel=1e-10)


def _powers(alpha, p, beta, q):
    return (np.array([alpha]), np.array([p])), (np.array([beta]), np.array([q]))
