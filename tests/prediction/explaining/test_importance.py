"""Importance is found where it was planted, with intervals that hold and ranks that can be trusted."""

from __future__ import annotations

import numpy as np
import pyarrow.compute as pc
import pytest
from prediction.explaining.planted import CUTOFFS, NAMES, Formula, examples_by_recency, users

from tenure.errors import ConfigError, EvidenceError
from tenure.prediction.champion import log_losses
from tenure.prediction.examples import Examples
from tenure.prediction.explaining.attribution import contributions
from tenure.prediction.explaining.catalogue import catalogue
from tenure.prediction.explaining.contributions import Contributions
from tenure.prediction.explaining.importance import moves, worth
from tenure.prediction.explaining.reasons import reasons
from tenure.prediction.learners.logistic import LogisticLearner
from tenure.prediction.learners.trees import TreesLearner

KNOWN = catalogue()


@pytest.fixture(scope="module")
def planted():
    return examples_by_recency(1500, seed=3)


@pytest.mark.parametrize("learner", [LogisticLearner(), TreesLearner(n_threads=1)], ids=lambda learner: learner.name)
def test_the_planted_input_and_its_theme_lead(planted, learner):
    model = learner.fit(planted.at(*CUTOFFS[:2]))
    later = planted.at(CUTOFFS[2])
    found = contributions(model, later.inputs, later.inputs)
    table = moves([(later.inputs, found)], KNOWN)
    first = {row["level"]: row for row in reversed(table.to_pylist())}
    assert first["theme"]["name"] == "rhythm"
    assert first["input"]["name"] == "recency_days"
    lost = worth([(model.predict, later)], KNOWN, log_losses).to_pylist()
    assert lost[0]["name"] == "rhythm"
    assert lost[0]["low"] > 0.1
    assert all(row["low"] < 0.01 for row in lost[1:])
    why = reasons(found, later.inputs, later.inputs, KNOWN, n_strongest=1)
    extreme = np.abs(np.log1p(later.inputs.values[:, 0]) - 2.0) > 1.0
    chosen = why.filter(extreme)
    assert pc.mean(pc.equal(chosen["theme"], "rhythm")).as_py() > 0.95
    assert pc.mean(pc.equal(chosen["feature"], "recency_days")).as_py() > 0.95


def test_intervals_cover_and_ranks_span_the_cutoffs():
    rng = np.random.default_rng(5)
    names = ("recency_days", "value_90")
    parts = []
    for scale in (1.0, 3.0):
        inputs = users(400)
        values = np.abs(rng.normal(size=(400, 2))) * [2.0, scale]
        parts.append((inputs, Contributions(0.0, values, names)))
    rows = {row["name"]: row for row in moves(parts, KNOWN).to_pylist() if row["level"] == "input"}
    mean = np.sqrt(2 / np.pi) * 2.0
    assert rows["recency_days"]["low"] < mean < rows["recency_days"]["high"]
    assert (rows["recency_days"]["rank_low"], rows["recency_days"]["rank_high"]) == (1, 2)
    assert rows["recency_days"]["importance"] == pytest.approx(np.mean([p[1].values[:, 0].mean() for p in parts]))


def test_a_theme_is_exchanged_as_a_whole():
    # Two inputs that stand in for each other: taken one by one, either would look worth far less.
    inputs = users(2000, seed=1)
    values = inputs.values.copy()
    values[:, 0] = values[:, 1]
    inputs = type(inputs)(inputs.users, inputs.as_of, NAMES, values)
    model = Formula(lambda i: np.maximum(i.values[:, 0], i.values[:, 1]) - 6.0)
    outcome = (np.random.default_rng(2).random(2000) < model.predict(inputs)).astype(float)
    table = worth([(model.predict, Examples(inputs, outcome, 30))], KNOWN, log_losses).to_pylist()
    by_name = {row["name"]: row["importance"] for row in table}
    exchanged = values.copy()
    exchanged[:, :2] = exchanged[np.random.default_rng(9).permutation(2000), :2]
    without = model.predict(type(inputs)(inputs.users, inputs.as_of, NAMES, exchanged))
    brute = (log_losses(outcome, without) - log_losses(outcome, model.predict(inputs))).mean()
    assert by_name["rhythm"] == pytest.approx(brute, rel=0.15)
    assert by_name["money"] == pytest.approx(0.0, abs=1e-15)


def test_nothing_to_judge_is_refused():
    with pytest.raises(EvidenceError, match="got none"):
        moves([], KNOWN)
    with pytest.raises(EvidenceError, match="at least two users"):
        worth([], KNOWN, log_losses)
    part = Contributions(0.0, np.zeros((3, 1)), ("x",)), Contributions(0.0, np.zeros((3, 1)), ("value_90",))
    with pytest.raises(ConfigError, match="same inputs"):
        moves([(users(3), found) for found in part], KNOWN)
