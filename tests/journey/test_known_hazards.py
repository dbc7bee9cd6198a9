"""Simulated users whose hazard of return is known: curves lie within their errors, intervals cover what they state."""

from __future__ import annotations

import numpy as np
import pytest
from lifecycle.survival.worlds import constant_hazards, fading_hazards, late_hazards, late_truth

from tenure.evaluation.forecasts import ece
from tenure.evaluation.survival import concordance
from tenure.lifecycle.survival.hazard import HazardConfig, ReturnModel

LEVELS = (0.80, 0.95)


def test_curves_lie_within_their_standard_errors():
    """Over many samples, the truth is as many standard errors away as a normal variable would be."""
    x, days = np.array([[0.0, 0, 0], [1.0, -1, 0.5], [-1.5, 0.5, -1]]), np.array([2.0, 7, 30])
    truth = np.log(0.06 * np.exp(x @ np.array([0.8, -0.5, 0.0]))[:, None] * days)  # log of the cumulated hazard
    away = []
    for seed in range(150):
        world = constant_hazards(1_500, seed)
        model = ReturnModel.fit(world.X, world.days, world.returned, config=HazardConfig(penalty=1e-3))
        p = model.curve(x, days)
        cumulated = -np.log1p(-p)
        error = model.standard_error(x, days) / (cumulated * (1 - p))
        away.append((np.log(cumulated) - truth) / error)
    z = np.array(away)  # [150, 3, 3]
    # 150 samples: the error of a mean is 0.08, of a standard deviation 0.06, of a coverage of 95 % 1.8 points.
    assert np.abs(z.mean(axis=0)).max() < 4 * 0.082
    assert np.abs(z.std(axis=0) - 1).max() < 4 * 0.058
    assert abs((np.abs(z) < 1.96).mean() - 0.95) < 0.03


@pytest.mark.parametrize("world_of", [constant_hazards, fading_hazards])
def test_intervals_of_the_return_cover_what_they_state(world_of):
    """Also where the world is not what the model assumes: hazards that fade, and something that no input tells."""
    learnt, new = world_of(20_000, seed=1), world_of(20_000, seed=2)
    model = ReturnModel.fit(learnt.X, learnt.days, learnt.returned)
    for level in LEVELS:
        low, high = model.interval(new.X, level).T
        covered, closed = (low <= new.waits) & (new.waits <= high), np.isfinite(high)
        assert closed.mean() > 0.3
        assert covered[closed].mean() == pytest.approx(level, abs=0.03)
        assert covered[~closed].mean() > level  # no end is known, so that it holds more than it states
        assert (low <= new.waits).mean() == pytest.approx((1 + level) / 2, abs=0.02)
    sure = np.isfinite(model.median_days(new.X))
    assert (new.waits < model.median_days(new.X))[sure].mean() == pytest.approx(0.5, abs=0.02)


def test_a_rhythm_that_fades_while_one_stays_away_is_found():
    learnt, new = late_hazards(20_000, seed=1), late_hazards(5_000, seed=2)
    model = ReturnModel.fit(learnt.X, learnt.days, learnt.returned, rhythm=learnt.rhythm)
    blind = ReturnModel.fit(learnt.X, learnt.days, learnt.returned)
    for day in (3.0, 10.0, 30.0):
        truth = late_truth(new.rhythm, day)
        p = model.curve(new.X, np.array([day]), new.rhythm)[:, 0]
        assert np.abs(p - truth).mean() < 0.01
        assert np.abs(blind.curve(new.X, np.array([day]))[:, 0] - truth).mean() > 0.05
    for level in LEVELS:
        low, high = model.interval(new.X, level, new.rhythm).T
        covered, closed = (low <= new.waits) & (new.waits <= high), np.isfinite(high)
        assert covered[closed].mean() == pytest.approx(level, abs=0.03)
    risk = model.curve(new.X, np.array([10.0]), new.rhythm)[:, 0]
    assert concordance(new.days, new.returned, risk) > 0.6


def test_who_is_lost_from_sight_at_random_changes_no_estimate():
    world = fading_hazards(10_000, seed=3)
    lost = np.random.default_rng(4).exponential(25, len(world.days))
    days, returned = np.minimum(world.days, lost), world.returned & (world.days <= lost)
    assert 0.3 < 1 - returned.mean() < 0.7
    all_seen = ReturnModel.fit(world.X, world.days, world.returned)
    partly = ReturnModel.fit(world.X, days, returned)
    x, at = np.vstack([np.zeros(3), world.X[:20]]), np.array([1.0, 7, 20])
    error = np.hypot(all_seen.standard_error(x, at), partly.standard_error(x, at))
    assert (np.abs(partly.curve(x, at) - all_seen.curve(x, at)) / error).max() < 3
    assert (np.abs(partly.weights - all_seen.weights) / partly.standard_errors).max() < 3


def test_calibration_sets_right_a_level_and_a_spread_that_have_moved():
    learnt = constant_hazards(10_000, seed=1)
    moved = {"base": 0.03, "weights": np.array([0.4, -0.25, 0.0]), "watched_days": 200.0}
    later, newest = (constant_hazards(5_000, seed=seed, **moved) for seed in (2, 3))
    old = ReturnModel.fit(learnt.X, np.minimum(learnt.days, 60), learnt.returned)
    calibrated = old.calibrated(later.X, later.days, later.returned)
    for day in (7.0, 30.0):
        back = (newest.waits <= day).astype(float)
        before, after = (m.curve(newest.X, np.array([day]))[:, 0] for m in (old, calibrated))
        assert ece(back, before) > 0.08
        # Tenths of 500 users each: chance alone makes an error of about 0.8 * sqrt(p (1 - p) / 500) = 0.018.
        assert ece(back, after) < 0.025
        assert after.mean() == pytest.approx(back.mean(), abs=4 * 0.5 / np.sqrt(5_000))
    assert calibrated.slope.mean() == pytest.approx(0.5, abs=0.1)
    np.testing.assert_array_equal(calibrated.weights, old.weights)


def test_calibration_leaves_a_true_model_as_it_is():
    learnt, later = constant_hazards(20_000, seed=1), constant_hazards(20_000, seed=2)
    model = ReturnModel.fit(learnt.X, learnt.days, learnt.returned)
    again = model.calibrated(later.X, later.days, later.returned)
    days = np.array([1.0, 7, 30])
    assert np.abs(again.curve(later.X, days) - model.curve(later.X, days)).max() < 0.03
    np.testing.assert_allclose(again.slope, 1, atol=0.06)
