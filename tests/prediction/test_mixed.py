"""The mix of models where its members are worth nothing: it says what is left, for every user."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from prediction.made_up import chances, examples
from scipy.special import expit

from tenure.prediction.examples import Examples
from tenure.prediction.learners.logistic import LogisticLearner
from tenure.prediction.mixed import Mixed, fit_mixed
from tenure.prediction.rolling import Rolled
from tenure.storage.arrays import load_model, save_model

LEARNERS = [LogisticLearner(name="few", complexity=3, columns=("a",)), LogisticLearner()]


@pytest.fixture(scope="module")
def misled() -> tuple[Examples, Mixed]:
    """A world that turned round: what every model said was the opposite of what came."""
    given = examples(n_users=600, n_cutoffs=4)
    wrong = 1 - chances(given.inputs)
    return given, fit_mixed(Rolled(given, {"few": wrong, "logistic": wrong}), given, LEARNERS, ["few", "logistic"])


def test_without_members_everybody_is_told_the_base_rate(misled):
    given, mixed = misled
    assert mixed.members == {}
    said = mixed.predict(given.inputs)
    assert said == pytest.approx(np.full(len(given), expit(mixed.stack.intercept)), abs=1e-12)
    assert said.mean() == pytest.approx(given.outcome.mean(), abs=0.01)
    assert mixed.predict(given.inputs.rows(np.zeros(len(given), dtype=bool))).shape == (0,)


def test_it_can_be_kept_without_members(misled, tmp_path):
    given, mixed = misled
    save_model(tmp_path, "mix", mixed.to_arrays())
    back = Mixed.from_arrays(load_model(tmp_path, "mix"), {learner.name: learner for learner in LEARNERS})
    assert (back.predict(given.inputs) == mixed.predict(given.inputs)).all()


def test_members_speak_by_their_weight():
    given = examples(n_users=300, n_cutoffs=4)
    right = chances(given.inputs)
    mixed = fit_mixed(Rolled(given, {"few": right, "logistic": right}), given, LEARNERS, ["few", "logistic"])
    assert list(mixed.members) == ["few", "logistic"]
    alone = replace(mixed, stack=replace(mixed.stack, weights=np.array([1.0, 0.0]), intercept=0.0))
    assert alone.predict(given.inputs) == pytest.approx(mixed.members["few"].predict(given.inputs), abs=1e-6)
