"""The statistician's value where a few amounts are so large that nobody's mean can be told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from spenders import spenders

from tenure.lifecycle.repeats.fitting import FitConfig
from tenure.lifecycle.repeats.spend import GammaGamma
from tenure.prediction.amounts.repeats import RepeatAmountLearner
from tenure.prediction.examples import Examples

LEARNER = RepeatAmountLearner()


@pytest.fixture(scope="module")
def wild() -> Examples:
    """Users whose means are drawn from a law of tail 0.6, which has no mean."""
    given = spenders(500)
    values, draw = given.inputs.values.copy(), np.random.default_rng(0)
    at = given.inputs.names.index("mean_value")
    values[:, at] /= np.tile(draw.gamma(0.6, size=500), 3)
    return replace(given, inputs=replace(given.inputs, values=values))


def test_where_the_mean_is_infinite_all_have_the_average(wild):
    newest = wild.at(wild.cutoffs[-1]).inputs
    x, mean_value = newest.columns(("x", "mean_value")).T
    is_known = x > 0
    assert GammaGamma.fit(x[is_known], mean_value[is_known], config=FitConfig(prior=1.0)).q < 1, "as it is meant to be"
    assert (x == 0).any(), "of them nothing could be said"
    model = LEARNER.expectation(wild)
    assert model.gamma_gamma is None
    assert "infinite (q = 0." in model.why_average
    assert model.average == pytest.approx(np.average(mean_value[is_known], weights=x[is_known]))
    said = model.predict(newest)
    assert np.isfinite(said).all()
    assert (said >= 0).all()
    assert LEARNER.fit(wild).predict(newest) == pytest.approx(said)


def test_why_is_kept(wild):
    model = LEARNER.fit(wild)
    assert LEARNER.load(model.to_arrays()).mean.why_average == model.mean.why_average != ""
    usual = LEARNER.fit(spenders(200))
    assert usual.mean.gamma_gamma is not None
    assert usual.mean.why_average == ""
    former = {name: array for name, array in usual.to_arrays().items() if not name.endswith("why_average")}
    assert LEARNER.load(former).mean.why_average == "", "models of earlier versions are still read"


def test_one_who_came_back_says_nothing_of_a_spread():
    few = spenders(200)
    values, at = few.inputs.values.copy(), few.inputs.names.index("mean_value")
    values[1:, at] = np.nan
    values[:1, [few.inputs.names.index("x"), at]] = 2.0, 9.0
    model = LEARNER.expectation(replace(few, inputs=replace(few.inputs, values=values)))
    assert model.gamma_gamma is None
    assert "at least 2 users" in model.why_average
