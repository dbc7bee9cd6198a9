"""The mix of models: weights that optimise, stay at or above 0, and lean on evenness where data are few."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit

from tenure.errors import ConfigError, EvidenceError
from tenure.evaluation.forecasts import log_loss
from tenure.prediction.learners.stack import Stack


def two_views(n: int = 20_000, seed: int = 0):
    """An outcome with two independent causes, and forecasts that see one of them each."""
    draw = np.random.default_rng(seed)
    a, b = draw.normal(size=(2, n))
    y = (draw.random(n) < expit(a + b)).astype(float)
    return np.stack([expit(0.85 * a), expit(0.85 * b)], axis=1), y


def test_two_that_see_different_causes_are_added():
    p, y = two_views(100_000)
    stack = Stack.fit(p, y)
    assert stack.weights == pytest.approx([1 / 0.85, 1 / 0.85], abs=0.05)  # standard error .009, the prior's pull .01
    assert log_loss(y, stack.combine(p)) < min(log_loss(y, p[:, 0]), log_loss(y, p[:, 1])) - 0.02


def test_one_that_misleads_gets_no_weight():
    p, y = two_views()
    stack = Stack.fit(np.stack([p[:, 0], 1 - p[:, 0]], axis=1), y)
    assert 0 <= stack.weights[1] < 0.05  # the prior's pull is all there is
    assert stack.weights[0] > 0.9


def test_twins_share_evenly():
    p, y = two_views()
    weights = Stack.fit(p[:, [0, 0]], y).weights
    assert weights[0] == pytest.approx(weights[1], abs=1e-4)


def test_a_level_that_all_lack_is_taken_up():
    p, y = two_views()
    low = expit(logit(p) - 1.0)
    assert Stack.fit(low, y).combine(low).mean() == pytest.approx(y.mean(), abs=1e-3)


def test_few_rows_leave_the_weights_even():
    p, y = two_views(5)
    assert Stack.fit(p, y).weights == pytest.approx([0.5, 0.5], abs=0.05)


def test_one_class_stays_finite():
    p, y = two_views(50)
    for outcome in (0.0, 1.0):
        mixed = Stack.fit(p, np.full(len(y), outcome)).combine(p)
        assert ((mixed > 0) & (mixed < 1)).all()


def test_round_trip():
    p, y = two_views(500)
    stack = Stack.fit(p, y)
    assert (Stack.from_arrays(stack.to_arrays()).combine(p) == stack.combine(p)).all()


@given(st.lists(st.floats(0, 1), min_size=1, max_size=5))
def test_a_forecast_of_one_model_passes_unchanged(p):
    passed = Stack(np.array([1.0]), 0.0).combine(np.array(p)[:, None])
    assert passed == pytest.approx(np.clip(p, 1e-6, 1 - 1e-6), rel=1e-9)


@pytest.mark.parametrize(
    ("p", "y", "error"),
    [
        (np.empty((0, 2)), np.empty(0), EvidenceError),
        (np.full((3, 2), 0.5), np.zeros(2), ConfigError),
        (np.full(3, 0.5), np.zeros(3), ConfigError),
        (np.array([[1.5]]), np.zeros(1), ConfigError),
        (np.array([[np.nan]]), np.zeros(1), ConfigError),
    ],
)
def test_what_cannot_be_mixed_is_refused(p, y, error):
    with pytest.raises(error, match="Stack"):
        Stack.fit(p, y)


def test_a_mix_of_none_says_its_level():
    assert Stack(np.empty(0), -1.0).combine(np.empty((3, 0))) == pytest.approx(np.full(3, expit(-1.0)))


def test_other_models_than_it_knows_are_refused():
    with pytest.raises(ConfigError, match="2 models"):
        Stack(np.array([0.5, 0.5]), 0.0).combine(np.full((4, 3), 0.5))
