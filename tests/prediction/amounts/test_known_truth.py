"""Simulated users whose rates are known: totals come out right, and ranges hold as often as they say."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from spenders import CUTS, spenders

from tenure.evaluation.ranges import coverage
from tenure.prediction.amounts.base import interval
from tenure.prediction.amounts.catalogue import AMOUNTS

LEARNERS = [replace(one, n_threads=1) if hasattr(one, "n_threads") else one for one in AMOUNTS if one.complexity > 1]


@cache
def known():
    return spenders(2_500, seed=3)


@cache
def later():
    return spenders(2_500, seed=4).at(CUTS[-1].item())


@cache
def model_of(learner):
    return learner.fit(known())


@pytest.mark.parametrize("learner", LEARNERS, ids=lambda learner: learner.name)
@pytest.mark.parametrize("level", [0.8, 0.95])
def test_ranges_hold_as_often_as_they_say(learner, level):
    low, high = interval(model_of(learner), later().inputs, level)
    y = later().outcome
    beyond = high > 0
    assert coverage(y[beyond], low[beyond], high[beyond]) == pytest.approx(level, abs=0.03)
    assert coverage(y[~beyond], low[~beyond], high[~beyond]) > level - 0.03  # of them 0 alone holds, or more often


@pytest.mark.parametrize("learner", LEARNERS, ids=lambda learner: learner.name)
def test_each_quantile_is_exceeded_as_rarely_as_it_says(learner):
    levels = np.array([0.5, 0.7, 0.9, 0.975])
    found = model_of(learner).quantiles(later().inputs, levels)
    for i, level in enumerate(levels):
        above_nothing = found[:, i] > 0
        held = (later().outcome <= found[:, i])[above_nothing]
        error = np.sqrt(level * (1 - level) * 2 / len(held))  # about so many users taught the quantile, and judge it
        assert held.mean() == pytest.approx(level, abs=3 * error), level


@pytest.mark.parametrize("learner", LEARNERS, ids=lambda learner: learner.name)
def test_the_total_is_right(learner):
    expected = model_of(learner).predict(later().inputs)
    error = np.sqrt(((later().outcome - expected) ** 2).sum())
    assert expected.sum() == pytest.approx(later().outcome.sum(), abs=4 * error)
