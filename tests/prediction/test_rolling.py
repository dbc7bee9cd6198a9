"""Honest forecasts know nothing that was not complete by their cut-off."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np
import pytest
from prediction.made_up import FIRST, examples

from tenure.errors import EvidenceError
from tenure.prediction.learners.constant import ConstantLearner
from tenure.prediction.rolling import roll


@dataclass(frozen=True)
class Spy:
    """A learner that notes what it was shown."""

    name: str = "spy"
    complexity: int = 1
    seen: list = None

    def fit(self, given):
        self.seen.append(given)
        return ConstantLearner().fit(given)


def cutoff(number, step_days=10):
    return FIRST + timedelta(days=number * step_days)


def test_a_model_sees_only_what_was_complete_by_the_cutoff():
    spy = Spy(seen=[])
    given = examples(n_cutoffs=8, horizon_days=20)
    rolled = roll(given, [spy], [cutoff(n) for n in range(8)])
    assert rolled.cutoffs == tuple(cutoff(n) for n in range(2, 8))
    for moment, seen in zip(rolled.cutoffs, spy.seen, strict=True):
        assert max(seen.cutoffs) + timedelta(days=20) <= moment


def test_changing_the_future_changes_no_earlier_forecast():
    given = examples(n_cutoffs=8)
    late = given.inputs.as_of >= np.datetime64(cutoff(5))
    changed = replace(given, outcome=np.where(late, 1 - given.outcome, given.outcome))
    before, after = (roll(e, [ConstantLearner()], [cutoff(4), cutoff(5), cutoff(7)]) for e in (given, changed))
    first = before.examples.inputs.as_of <= np.datetime64(cutoff(5))
    assert (before.forecasts["constant"][first] == after.forecasts["constant"][first]).all()
    assert (before.forecasts["constant"][~first] != after.forecasts["constant"][~first]).all()


def test_over_time_gives_each_cutoff_what_was_known_then():
    rolled = roll(examples(n_cutoffs=6, horizon_days=20), [ConstantLearner()], [cutoff(n) for n in range(2, 6)])
    pasts = []

    def forecast(past, present):
        pasts.append((past.cutoffs, present.cutoffs))
        return np.full(len(present.examples), float(len(past.cutoffs)))

    made = rolled.over_time(forecast)
    assert pasts == [
        ((), (cutoff(2),)),
        ((), (cutoff(3),)),
        ((cutoff(2),), (cutoff(4),)),
        ((cutoff(2), cutoff(3)), (cutoff(5),)),
    ]
    assert np.unique(made).tolist() == [0.0, 1.0, 2.0]


def test_nothing_complete_is_refused():
    with pytest.raises(EvidenceError, match="bring a longer log"):
        roll(examples(n_cutoffs=2, horizon_days=30), [ConstantLearner()], [cutoff(1)])


@dataclass(frozen=True)
class Unable:
    """Learns from at most so many examples."""

    most: int
    name: str = "unable"
    complexity: int = 1

    def fit(self, given):
        if len(given) > self.most:
            raise EvidenceError("too much to learn")
        return ConstantLearner().fit(given)


def test_a_model_that_cannot_learn_competes_nowhere_and_the_others_go_on():
    given = examples(n_users=30)
    unable, cutoffs = Unable(most=30), [cutoff(n) for n in range(8)]
    rolled = roll(given, [unable, ConstantLearner()], cutoffs)
    assert set(rolled.forecasts) == {"constant"}
    assert rolled.unable == {"unable": "too much to learn"}
    assert rolled.at(cutoff(7)).unable == rolled.unable
    with pytest.raises(EvidenceError, match="No model can learn: unable: too much to learn"):
        roll(given, [unable], cutoffs)
