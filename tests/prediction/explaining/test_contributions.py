"""Contributions add up to what the model says, whoever the model is; and what matters is found where it was planted."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prediction.explaining.planted import NAMES, Formula, examples_by_recency, inputs_of, users
from scipy.special import expit

from tenure.errors import ConfigError, EvidenceError
from tenure.events.sequences import Sequences
from tenure.prediction.examples import Inputs
from tenure.prediction.explaining.attribution import contributions, stack_contributions
from tenure.prediction.explaining.catalogue import CORRECTION, EVENTS, HISTORY, THEMES, catalogue, themes_of
from tenure.prediction.explaining.contributions import Contributions, log_odds
from tenure.prediction.explaining.exact import exact
from tenure.prediction.explaining.shapley import ShapleyConfig
from tenure.prediction.learners.catalogue import LEARNERS
from tenure.prediction.learners.stack import Stack
from tenure.prediction.learners.trees import TreesLearner
from tenure.prediction.signals import SIGNALS
from tenure.profiles.features import FEATURES
from tenure.profiles.inputs import Input

KNOWN = catalogue()
RFM = ("commitment_recency_days", "tenure_days", "n_occasions", "value_per_occasion")


@pytest.fixture(scope="module")
def fitted():
    learnt = examples_by_recency()
    wide = np.hstack([learnt.inputs.values, learnt.inputs.values[:, [0, 7, 5, 3]]])
    inputs = Inputs(learnt.inputs.users, learnt.inputs.as_of, (*NAMES, *RFM), wide)
    examples = type(learnt)(inputs, learnt.outcome, learnt.horizon_days)
    learners = [replace(entry, n_threads=1) if isinstance(entry, TreesLearner) else entry for entry in LEARNERS]
    return {learner.name: learner.fit(examples) for learner in learners}, examples


@pytest.mark.parametrize("name", [learner.name for learner in LEARNERS])
def test_contributions_of_every_learner_sum_to_what_it_says(fitted, name):
    models, examples = fitted
    some = examples.at(datetime(2024, 3, 1)).inputs.rows(np.arange(600) < 20)
    found = contributions(models[name], some, examples.inputs, config=ShapleyConfig(n_reference=4))
    said, kept = models[name].predict(some), getattr(models[name], "surest", 0.0)
    np.testing.assert_allclose(np.clip(expit(found.total), kept, 1 - kept), said, atol=1e-12)
    by_theme = found.by_theme(KNOWN)
    np.testing.assert_allclose(by_theme.total, found.total, atol=1e-9)
    assert set(by_theme.names) <= set(THEMES)
    assert found.is_sampled == (exact(models[name], some) is None)


def test_a_stack_is_the_weighted_sum_of_its_members(fitted):
    models, examples = fitted
    some = examples.at(datetime(2024, 3, 1)).inputs.rows(np.arange(600) < 10)
    members = [models["logistic"], models["trees"], models["repeats"]]
    stack = Stack(weights=np.array([0.7, 0.4, 0.0]), intercept=-0.2)
    found = stack_contributions(stack, members, some, examples.inputs)
    said = stack.combine(np.stack([member.predict(some) for member in members], axis=1))
    np.testing.assert_allclose(found.total, log_odds(said), atol=1e-9)
    assert not found.is_sampled  # the one that must be asked has no weight
    with pytest.raises(ConfigError, match="3 members"):
        stack_contributions(stack, members[:2], some, examples.inputs)


def test_of_an_additive_model_the_sampled_contributions_are_known_exactly():
    some, reference = users(5, seed=7), users(40, seed=8)

    def parts(inputs):
        known = np.nan_to_num(inputs.values)
        return np.stack([-0.02 * known[:, 0], 0.1 * known[:, 1], 0.01 * known[:, 3] ** 0.5], axis=1)

    model = Formula(lambda inputs: parts(inputs).sum(axis=1) + 0.3)
    found = contributions(model, some, reference, config=ShapleyConfig(n_reference=40))
    expected = np.zeros((5, len(found.names)))
    expected[:, [0, 1, 3]] = parts(some) - parts(reference).mean(axis=0)
    np.testing.assert_allclose(found.values, expected, atol=1e-9)
    assert found.names == (*NAMES[:5], HISTORY)  # a repeat history is exchanged as a whole
    assert found.is_sampled


def test_sampled_contributions_converge_to_the_owen_values_of_an_interaction():
    names = ("recency_days", "n_occasions_90")
    some, reference = inputs_of([[1.0, 1.0]], names), inputs_of(np.zeros((30, 2)), names)
    found = contributions(Formula(lambda i: i.values[:, 0] * i.values[:, 1]), some, reference)
    np.testing.assert_allclose(found.values, [[0.5, 0.5]], atol=1e-9)  # by symmetry; each order walked both ways


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=15, deadline=None)
def test_sums_are_exact_for_any_model_however_few_are_compared(seed):
    rng = np.random.default_rng(seed)
    W, some = rng.normal(size=(len(NAMES), 4)), users(3, seed % 1000)
    model = Formula(lambda inputs: np.tanh(np.log1p(np.nan_to_num(inputs.values)) @ W).sum(axis=1))
    found = contributions(model, some, users(9, seed=1), config=ShapleyConfig(n_reference=1, seed=seed))
    np.testing.assert_allclose(found.total, log_odds(model.predict(some)), atol=1e-9)


def test_one_user_and_many_get_the_same(fitted):
    models, examples = fitted
    some = examples.at(datetime(2024, 3, 1)).inputs.rows(np.arange(600) < 6)
    for name in ("logistic", "trees", "repeats"):
        together = contributions(models[name], some, examples.inputs).values
        alone = [contributions(models[name], some.rows(np.arange(6) == i), examples.inputs).values for i in range(6)]
        np.testing.assert_allclose(together, np.concatenate(alone), atol=1e-12)


def test_events_read_one_by_one_are_an_input_of_their_own():
    def with_events(inputs, n_events):
        ends = np.cumsum(n_events)
        n = int(ends[-1])
        events = Sequences(
            ends - n_events, ends, np.arange(n), np.zeros(n, np.int8), np.zeros(n, np.int32), np.zeros(n, np.float32)
        )
        return Inputs(inputs.users, inputs.as_of, inputs.names, inputs.values, events)

    some, reference = with_events(users(3), np.array([5, 0, 2])), with_events(users(4, 1), np.array([1, 1, 3, 3]))
    model = Formula(lambda i: 0.5 * (i.sequences.ends - i.sequences.starts) + 0.0 * i.values[:, 0])
    found = contributions(model, some, reference)
    assert found.names[-1] == EVENTS
    np.testing.assert_allclose(found.values[:, -1], [1.5, -1.0, 0.0], atol=1e-9)
    np.testing.assert_allclose(found.values[:, :-1], 0.0, atol=1e-9)
    with pytest.raises(ConfigError, match="or of neither"):
        contributions(model, some, users(4, 1))


def test_inputs_of_a_theme_cannot_contradict_each_other():
    found = Contributions(0.0, np.array([[2.0, -1.8, 0.5]]), ("n_events_30", "n_events_90", "value_90"))
    by_theme = found.by_theme(KNOWN)
    assert by_theme.names == ("volume", "money")
    np.testing.assert_allclose(by_theme.values, [[0.2, 0.5]])


def test_the_opposite_event_and_the_correction():
    found = Contributions(1.0, np.array([[0.5, -0.25]]), ("recency_days", "value_90"))
    assert found.opposite().total == -found.total
    corrected = found.corrected(np.array([2.0]))
    assert corrected.names[-1] == CORRECTION
    np.testing.assert_allclose(corrected.total, [2.0])
    with pytest.raises(ConfigError, match="no opposite"):
        Contributions(1.0, np.zeros((1, 0)), (), "amount").opposite()


def test_every_column_that_models_see_has_a_theme():
    columns = [*(f.name for f in FEATURES), *(s.name for s in SIGNALS), "x", "t_x_days", "T_days", "mean_value"]
    assert set(themes_of(columns, KNOWN)) <= set(THEMES)
    with pytest.raises(ConfigError, match="'shoe_size'"):
        themes_of(["recency_days", "shoe_size"], KNOWN)
    with pytest.raises(ConfigError, match="did you mean 'money'"):
        catalogue(Input("shoe_size", "mony", "linear", "size of the shoe"))
    assert themes_of(["shoe_size"], catalogue(Input("shoe_size", "attributes", "linear", "size"))) == ("attributes",)


def test_nobody_to_compare_with_is_refused():
    with pytest.raises(EvidenceError, match="reference users"):
        contributions(Formula(lambda i: i.values[:, 0]), users(2), users(2).rows(np.zeros(2, bool)))
