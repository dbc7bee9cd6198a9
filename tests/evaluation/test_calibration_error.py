"""Chance is told from error."""

import math

import numpy as np
import pytest

from tenure.evaluation.calibration_error import debiased_calibration_error, ece_by_chance
from tenure.evaluation.forecasts import ece


def test_perfect_forecasts_lie_within_what_chance_shows():
    rng = np.random.default_rng(0)
    p = rng.beta(2, 2, 2000)
    by_chance = ece_by_chance(p, seed=1)
    inside = [by_chance.low <= ece((rng.random(2000) < p).astype(float), p) <= by_chance.high for _ in range(300)]
    assert np.mean(inside) == pytest.approx(0.95, abs=3 * math.sqrt(0.05 * 0.95 / 300))
    assert by_chance.value == pytest.approx(math.sqrt(2 / math.pi * 0.2 / 200), rel=0.1)  # mean |gap| of 200 users


def test_the_debiased_error_is_near_the_truth_where_the_plain_one_is_not():
    rng = np.random.default_rng(0)
    p = np.full(1000, 0.4) + np.linspace(-0.1, 0.1, 1000)
    squared = [debiased_calibration_error(rng.random(1000) < p + 0.05, p) ** 2 for _ in range(400)]
    assert np.mean(squared) == pytest.approx(0.05**2, abs=0.0003)
    plain = [ece(rng.random(1000) < p, p) for _ in range(50)]
    true = [debiased_calibration_error(rng.random(1000) < p, p) for _ in range(50)]
    assert np.mean(true) < 0.4 * np.mean(plain)


def test_nobody_and_one_alone_are_not_judged():
    assert math.isnan(debiased_calibration_error(np.zeros(0), np.zeros(0)))
    assert math.isnan(debiased_calibration_error(np.ones(1), np.array([0.3])))
