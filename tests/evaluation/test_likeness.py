"""What users tell of those who are like them."""

from __future__ import annotations

import numpy as np

from tenure.evaluation.likeness import share_explained, told_by_group, told_by_nearest


def test_alike_users_tell_all_or_nothing():
    draw = np.random.default_rng(0)
    group = draw.integers(0, 4, 400)
    outcome = group * 2.0
    points = np.column_stack([group + 0.01 * draw.normal(size=400), np.zeros(400)])
    for told in (told_by_group(outcome, group), told_by_nearest(outcome, points, 10)):
        assert np.allclose(told, outcome)
        assert np.isclose(share_explained(outcome, told).mean(), 1.0)
    noise = draw.normal(size=400)
    shares = [
        share_explained(noise, told_by_group(noise, group)).mean(),
        share_explained(noise, told_by_nearest(noise, draw.normal(size=(400, 3)), 20)).mean(),
    ]
    assert max(shares) < 0.03  # a user's own outcome is no part of what is told


def test_nobody_alike_is_told_by_all_others_and_no_difference_is_not_defined():
    outcome = np.array([1.0, 2.0, 6.0])
    assert told_by_group(outcome, np.array([0, 1, 2])).tolist() == [4.0, 3.5, 1.5]
    assert np.isnan(share_explained(np.ones(3), np.ones(3))).all()
