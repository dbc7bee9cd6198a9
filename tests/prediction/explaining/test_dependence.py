"""Curves along an input: known slopes are found, and correlation deceives the local effects less."""

from __future__ import annotations

import numpy as np
import pytest
from prediction.explaining.planted import inputs_of

from tenure.errors import ConfigError, EvidenceError
from tenure.prediction.explaining.dependence import DependenceConfig, dependence

NAMES = ("recency_days", "value_90")


def pairs(n=4000, rho=0.0, seed=0):
    rng = np.random.default_rng(seed)
    first, noise = rng.normal(size=(2, n))
    return inputs_of(np.stack([first, rho * first + np.sqrt(1 - rho**2) * noise], axis=1), NAMES)


def test_of_a_sum_both_curves_are_the_line_itself():
    users = pairs(rho=0.9)
    found = dependence(lambda i: 2 * i.values[:, 0] - i.values[:, 1], users, ["recency_days"])
    x, local, partial = (found[name].to_numpy() for name in ("value", "local", "partial"))
    np.testing.assert_allclose(local - local[0], 2 * (x - x[0]), atol=1e-9)
    np.testing.assert_allclose(partial - partial[0], 2 * (x - x[0]), atol=1e-9)
    np.testing.assert_allclose(found["high"].to_numpy(), found["low"].to_numpy(), atol=1e-9)  # every step is certain
    assert found["n_users"].to_pylist()[-1] == 0
    assert sum(found["n_users"].to_pylist()) == 4000


def test_the_curve_of_users_who_do_not_exist_and_that_of_those_who_do():
    # f = x1 x2 with x2 = rho x1 + noise: the local effect integrates E[x2 | x1] = rho x1, so rho x1^2 / 2; the partial
    # dependence is x1 E[x2] = 0. Source: the example of Apley & Zhu, section 5.
    users = pairs(20_000, rho=0.8)
    found = dependence(lambda i: i.values[:, 0] * i.values[:, 1], users, ["recency_days"], DependenceConfig(n_bins=40))
    x, local, partial = (found[name].to_numpy() for name in ("value", "local", "partial"))
    inside = np.abs(x) < 1.5
    expected = 0.8 * x**2 / 2
    shift = (local - expected)[inside]
    np.testing.assert_allclose(shift, shift.mean(), atol=0.05)
    assert np.abs(partial[inside]).max() < 0.2
    width = (found["high"].to_numpy() - found["low"].to_numpy())[inside]
    assert width.max() < 0.1


def test_the_mean_of_the_curve_over_users_is_the_mean_forecast():
    users = pairs(rho=0.5, seed=2)
    found = dependence(lambda i: np.tanh(i.values[:, 0]) + i.values[:, 1], users, ["recency_days"])
    local, n = found["local"].to_numpy(), found["n_users"].to_numpy()[:-1]
    mean = np.average((local[1:] + local[:-1]) / 2, weights=n)
    assert mean == pytest.approx((np.tanh(users.values[:, 0]) + users.values[:, 1]).mean(), abs=1e-9)


def test_intervals_cover_the_curve_of_all():
    def ask(inputs):
        return inputs.values[:, 0] * inputs.values[:, 1]

    def at(x, seed, n):
        found = dependence(ask, pairs(n, 0.8, seed), ["recency_days"], DependenceConfig(n_bins=10))
        edges = found["value"].to_numpy()
        return [np.interp(x, edges, found[name].to_numpy()) - np.interp(0.0, edges, found["local"].to_numpy())
                for name in ("low", "local", "high")]  # fmt: skip

    truth = 0.8 / 2
    widths = [at(1.0, seed, 500) for seed in range(60)]
    errors = np.array([middle - truth for _, middle, _ in widths])
    stated = np.mean([(high - low) / 3.92 for low, _, high in widths])
    # The difference of two edges spreads a little less or more than one edge; it must be of the stated size.
    assert 0.5 < errors.std() / stated < 2.0


def test_what_is_not_defined_or_does_not_vary_is_left_out():
    values = np.array([[np.nan, 1.0], [1.0, 1.0], [2.0, 1.0], [3.0, 1.0]])
    found = dependence(lambda i: i.values[:, 0], inputs_of(values, NAMES), NAMES)
    assert set(found["feature"].to_pylist()) == {"recency_days"}
    assert sum(found["n_users"].to_pylist()) == 3
    with pytest.raises(ConfigError, match="did you mean"):
        dependence(lambda i: i.values[:, 0], inputs_of(values, NAMES), ["recency"])
    with pytest.raises(EvidenceError, match="got none"):
        dependence(lambda i: i.values[:, 0], inputs_of(np.empty((0, 2)), NAMES), NAMES)
