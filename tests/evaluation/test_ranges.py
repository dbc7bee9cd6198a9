"""Metrics of stated ranges against loops, against the truth that must win, and by hand."""

import math

import numpy as np
import pytest
from scipy.stats import norm

from tenure.errors import ConfigError
from tenure.evaluation.ranges import amount_by_tenth, coverage, interval_score, mean_width, pinball_loss

ACTUAL = np.array([0.0, 5.0, 20.0, 3.0])
LOW, HIGH = np.array([0.0, 6.0, 1.0, 3.0]), np.array([0.0, 9.0, 12.0, 3.0])


def test_by_hand():
    assert coverage(ACTUAL, LOW, HIGH) == 0.5  # the ends of a range belong to it
    assert mean_width(LOW, HIGH) == pytest.approx((0 + 3 + 11 + 0) / 4)
    assert interval_score(ACTUAL, LOW, HIGH, 0.8) == pytest.approx((0 + (3 + 10 * 1) + (11 + 10 * 8) + 0) / 4)


@pytest.mark.parametrize("level", [0.1, 0.5, 0.9])
def test_pinball_by_loop(level):
    loop = [level * (y - q) if y >= q else (1 - level) * (q - y) for y, q in zip(ACTUAL, HIGH, strict=True)]
    assert pinball_loss(ACTUAL, HIGH, level) == pytest.approx(sum(loop) / 4)
    assert pinball_loss(ACTUAL, HIGH, 0.5) == pytest.approx(np.abs(ACTUAL - HIGH).mean() / 2)


def test_the_interval_score_is_that_of_its_two_ends():
    ends = pinball_loss(ACTUAL, LOW, 0.1) + pinball_loss(ACTUAL, HIGH, 0.9)
    assert interval_score(ACTUAL, LOW, HIGH, 0.8) == pytest.approx(2 / 0.2 * ends)


def test_the_true_quantiles_win():
    actual = np.random.default_rng(0).normal(size=20_000)
    low, high = norm.ppf([0.1, 0.9])
    assert coverage(actual, *np.full((2, 20_000), [[low], [high]])) == pytest.approx(0.8, abs=4 * math.sqrt(0.16 / 2e4))
    for shift in (-0.3, 0.3):
        assert pinball_loss(actual, np.full(20_000, high), 0.9) < pinball_loss(
            actual, np.full(20_000, high + shift), 0.9
        )
        truth = interval_score(actual, np.full(20_000, low), np.full(20_000, high), 0.8)
        assert truth < interval_score(actual, np.full(20_000, low - shift), np.full(20_000, high + shift), 0.8)


def test_nobody():
    nobody = np.empty(0)
    assert math.isnan(coverage(nobody, nobody, nobody))
    assert math.isnan(mean_width(nobody, nobody))
    assert math.isnan(interval_score(nobody, nobody, nobody, 0.8))
    assert math.isnan(pinball_loss(nobody, nobody, 0.5))
    assert amount_by_tenth(nobody, nobody).num_rows == 0


def test_refusals():
    with pytest.raises(ConfigError, match=r"range 1: expected low <= high, got 9 to 6"):
        coverage(ACTUAL, HIGH, LOW)
    with pytest.raises(ConfigError, match="length"):
        coverage(ACTUAL, LOW, HIGH[:2])
    with pytest.raises(ConfigError, match="level"):
        interval_score(ACTUAL, LOW, HIGH, 1.0)
    with pytest.raises(ConfigError, match="level"):
        pinball_loss(ACTUAL, HIGH, 1.5)


def test_tenths_by_loop():
    draw = np.random.default_rng(1)
    expected, actual = draw.random(57), draw.exponential(5.0, 57)
    table = amount_by_tenth(actual, expected)
    place = np.argsort(-expected)
    rows = [[place[i] for i in range(57) if i * 10 // 57 == k] for k in range(10)]
    assert table["n_users"].to_pylist() == [len(users) for users in rows]
    assert table["expected"].to_pylist() == pytest.approx([expected[users].mean() for users in rows])
    assert table["observed"].to_pylist() == pytest.approx([actual[users].mean() for users in rows])
    assert table["lift"].to_pylist() == pytest.approx([actual[users].mean() / actual.mean() for users in rows])
    assert table["captured"][9].as_py() == pytest.approx(1)


def test_tenths_of_equal_forecasts_and_of_nothing():
    flat = amount_by_tenth(np.arange(50.0), np.ones(50))
    np.testing.assert_allclose(flat["lift"], np.ones(10))
    assert np.isnan(amount_by_tenth(np.zeros(20), np.arange(20.0))["lift"]).all()
    assert amount_by_tenth(np.ones(3), np.arange(3.0))["n_users"].to_pylist() == [1, 1, 1]
