"""The heart among the forecasts: what it says of past cut-offs knows nothing later, and models use what it says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from tenure.domain import Role
from tenure.errors import ConfigError
from tenure.evaluation.forecasts import auc
from tenure.events.sequences import Sequences
from tenure.prediction.amounts.poisson import PoissonAmountLearner
from tenure.prediction.examples import Examples, Inputs
from tenure.prediction.explaining.attribution import contributions
from tenure.prediction.explaining.contributions import log_odds
from tenure.prediction.heads import AmountAloneLearner, Heads, WithHeartAmountLearner, WithHeartLearner
from tenure.prediction.learners.logistic import LogisticLearner
from tenure.sequence.config import AlongConfig, HeartConfig
from tenure.sequence.foretold import FORETOLD

pytest.importorskip("torch")

DAY = 86_400
CUTS = np.array(["2024-05-01", "2024-06-01", "2024-07-01"], dtype="datetime64[us]")
QUICK = AlongConfig(
    n_first=120, n_more=20, shape=HeartConfig(width=16, n_blocks=1, n_heads=1, dropout=0.0), n_threads=1
)
ALONE = tuple(entry.name for entry in FORETOLD)
COMMITMENT = list(Role).index(Role.COMMITMENT)


def shoppers(n_users=150, *, changed_after: str | None = None) -> Examples:
    """Users who buy every so many days, some of whom fall silent; what they spend is their own habit."""
    draw = np.random.default_rng(0)
    start = np.datetime64("2024-01-01").astype("datetime64[s]").astype(np.int64)
    end = np.datetime64("2024-08-05").astype("datetime64[s]").astype(np.int64)
    times, values, lengths = [], [], []
    for _ in range(n_users):
        pause, spend = draw.choice([3.0, 20.0]), draw.choice([5.0, 50.0])
        stays = draw.choice([90, 400])
        when = start + np.cumsum(draw.gamma(9.0, pause / 9.0, 80) * DAY).astype(np.int64)
        when = when[(when < end) & (when < start + stays * DAY)]
        times.append(when)
        values.append(np.full(len(when), spend))
        lengths.append(len(when))
    seconds, worth = np.concatenate(times), np.concatenate(values)
    if changed_after is not None:
        later = seconds >= np.datetime64(changed_after).astype("datetime64[s]").astype(np.int64)
        worth = np.where(later, 999.0, worth)
    last = np.cumsum(lengths)
    first = last - lengths
    n = len(CUTS)
    cut = CUTS.astype("datetime64[s]").astype(np.int64)
    ends = np.array([a + (seconds[a:b] < t).sum() for a, b in zip(first, last, strict=True) for t in cut])
    horizon_end = np.array(
        [a + (seconds[a:b] < t + 30 * DAY).sum() for a, b in zip(first, last, strict=True) for t in cut]
    )
    total = np.concatenate([[0.0], np.cumsum(worth)])
    events = Sequences(
        first.repeat(n),
        ends,
        seconds,
        np.full(len(seconds), COMMITMENT, np.int8),
        np.full(len(seconds), -1, np.int32),
        worth.astype(np.float32),
    )
    users = pa.array([f"u{i}" for i in range(n_users)]).take(pa.array(np.arange(n_users).repeat(n)))
    inputs = Inputs(users, np.tile(CUTS, n_users), ("tenure_days",), np.ones((n_users * n, 1)), events)
    return Examples(inputs, total[horizon_end] - total[ends], 30)


def test_what_is_said_of_a_past_cutoff_knows_nothing_later():
    known, other = shoppers(), shoppers(changed_after="2024-06-01")
    past = known.inputs.as_of < CUTS[2]
    _, told = Heads.along(known.inputs, 30, QUICK)
    _, told_other = Heads.along(other.inputs, 30, QUICK)
    assert np.array_equal(told.columns(ALONE)[past], told_other.columns(ALONE)[past], equal_nan=True)
    # It is told by a heart one horizon old, as it will be later: all rows but those of the first cut-off differ from
    # what the newest heart says.
    newest, _ = Heads.along(known.rows(past).inputs, 30, QUICK)
    second = known.inputs.as_of == CUTS[1]
    assert not np.allclose(newest.columns(known.inputs.rows(second)), told.columns(ALONE)[second], equal_nan=True)


def test_it_tells_who_comes_and_what_is_spent():
    known = shoppers()
    past, later = known.rows(known.inputs.as_of < CUTS[2]), known.rows(known.inputs.as_of == CUTS[2])
    bought = replace(past, outcome=(past.outcome > 0).astype(float))
    learner = WithHeartLearner(learner=LogisticLearner(columns=ALONE), name="heart", complexity=10, along=QUICK)
    model = learner.fit(bought)
    assert auc((later.outcome > 0).astype(float), model.predict(later.inputs)) > 0.9
    told = contributions(model, later.inputs, past.inputs)
    assert told.total == pytest.approx(log_odds(model.predict(later.inputs)), abs=1e-6)
    assert set(told.names) == set(ALONE)
    for inner in (AmountAloneLearner(), PoissonAmountLearner()):
        amounts = WithHeartAmountLearner(learner=inner, name="x", complexity=9, along=QUICK)
        spent = amounts.fit(past)
        said = spent.predict(later.inputs)
        assert np.corrcoef(said, later.outcome)[0, 1] > 0.6
        assert said.sum() == pytest.approx(later.outcome.sum(), rel=0.35)
        ends = spent.quantiles(later.inputs, np.array([0.1, 0.9]))
        assert (ends[:, 0] <= ends[:, 1]).all()
        again = amounts.load(spent.to_arrays())
        assert np.array_equal(again.predict(later.inputs), said)
        assert np.array_equal(again.quantiles(later.inputs, np.array([0.1, 0.9])), ends)
        mean = amounts.fit_mean(past)
        assert amounts.load_expectation(mean.to_arrays()).predict(later.inputs) == pytest.approx(
            mean.predict(later.inputs)
        )


def test_users_who_did_nothing_are_not_spoken_of():
    known = shoppers(60)
    heads, _ = Heads.along(known.inputs, 30, QUICK)
    nothing = replace(known.inputs.sequences, ends=known.inputs.sequences.starts)
    assert np.isnan(heads.columns(replace(known.inputs, sequences=nothing))).all()
    silent, told = Heads.along(replace(known.inputs, sequences=nothing), 30, QUICK)
    assert not silent.arrays
    assert np.isnan(told.columns(ALONE)).all()
    with pytest.raises(ConfigError, match="with_events"):
        heads.columns(replace(known.inputs, sequences=None))
