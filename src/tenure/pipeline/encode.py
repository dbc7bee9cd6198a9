"""Encode: the heart learns what users do one thing after the other, and is judged on later time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from tenure.errors import EvidenceError, TrainingError
from tenure.pipeline.hearts import Encoded, Told, kept_heart
from tenure.pipeline.known import Known
from tenure.seeds import generator
from tenure.sequence import extra
from tenure.sequence.config import HeartConfig, TrainingConfig
from tenure.sequence.histories import Histories

if TYPE_CHECKING:
    # Their modules need PyTorch, which need not be there.
    from tenure.sequence.checkpoints import Checkpoint, Look
    from tenure.sequence.learnt import Learnt
    from tenure.sequence.scoring import Asked

N_EXPECTED = 100
"""Items that are expected of each user."""
LATER_SHARE = 0.25
"""What was learnt from is learnt from again, with the newer events, for such a share of the epochs."""


def encode(known: Known, folder: Path) -> Encoded | None:
    """The heart of a run: the one trained for this very log and moment, else one that learns within the run's budget.

    None, with the reason among what was left out, where PyTorch is missing or the log cannot teach it.
    """
    settings = known.settings.heart
    if not settings.use:
        return None
    if not extra.has_torch():
        known.left_out.append(
            "The heart (the sequence model) was left out: PyTorch is not installed; pip install 'tenure[torch]'."
        )
        return None
    kept = kept_heart(known, folder)
    if kept is not None:
        return kept
    config, training = configs(known)
    with known.stage("encode", 100) as step:
        try:
            told = Told.of(known)
            quick = replace(training, most_updates=settings.most_updates, patience=2)
            return train_heart(known, told, config, quick, looked=lambda _: step())
        except (EvidenceError, TrainingError) as error:
            known.left_out.append(f"The heart was left out: {error}.")
            return None


def configs(known: Known) -> tuple[HeartConfig, TrainingConfig]:
    """The shape and the training that the settings ask for."""
    settings, run = known.settings.heart, known.settings.run
    training = TrainingConfig(most_minutes=settings.most_minutes, seed=known.seed)
    return HeartConfig.of_size(settings.size), training if run.threads is None else replace(
        training, n_threads=min(run.threads, training.n_threads)
    )


def train_heart(
    known: Known,
    told: Told,
    config: HeartConfig,
    training: TrainingConfig,
    *,
    resume: Checkpoint | None = None,
    looked: Callable[[Look], None] = lambda _: None,
    keep: Callable[[Checkpoint], None] | None = None,
    learner: Callable[..., Learnt] | None = None,
) -> Encoded:
    """Learn until the horizon before the test tells when to end; go on with the newer events; be judged on the test.

    The heart that is judged knows nothing after the test cut-off, and the one that ends its learning nothing of the
    test. Where the log is too short for that, it learns for all of the epochs, and nothing is proven.

    Args:
        known: the log and the moment.
        told: what users did.
        config: the shape.
        training: how it learns.
        resume: where a former training stopped.
        looked: called as learning goes on.
        keep: called with what `resume` needs.
        learner: in place of `training.learn`: several processes.

    Raises:
        EvidenceError: the log names fewer than two items, and neither times nor kinds nor values of steps differ.
    """
    from tenure.sequence.evidence import SCHEMA, heart_evidence
    from tenure.sequence.training import learn

    learn_first = learner or learn
    now, tokens = known.as_of, told.tokens
    stops = _stops(known)
    if stops is None:
        made = learn_first(told.histories(now), tokens, None, config, training, resume=resume, looked=looked, keep=keep)
        return Encoded(told, now, made, None, SCHEMA.empty_table(), _looks(made))
    valid, test = stops
    past = told.histories(valid)
    later = told.histories(test, past.normaliser)
    first = learn_first(
        past, tokens, _asked(past, later, known.seed), config, training, resume=resume, looked=looked, keep=keep
    )
    more = replace(
        training,
        most_epochs=max(1, round(LATER_SHARE * first.best.epoch)),
        most_updates=max(1, round(LATER_SHARE * training.most_updates)),
        epochs_per_look=10**6,
    )
    at_test = learn(later, tokens, None, config, more, start=first)
    end = told.histories(now, past.normaliser)
    moment = int(np.datetime64(test, "s").astype(np.int64))
    evidence = heart_evidence(at_test, end, later.n_steps, moment, known.seed)
    final = learn(end, tokens, None, config, more, start=at_test)
    return Encoded(told, now, final, at_test, evidence, _looks(first))


def expected(encoded: Encoded | None, moment: datetime) -> pa.Table | None:
    """What the heart expects each user to choose next, by what it knew at the moment: `user_id, item_ids, scores`.

    None where there is no heart that knows just the time before it.
    """
    if encoded is None:
        return None
    from tenure.sequence.scoring import best

    told = encoded.told
    learnt = encoded.now if moment == encoded.as_of else encoded.at_test
    if learnt is None or not learnt.heart.shape.knows_items:
        return None
    histories = told.histories(moment, learnt.normaliser)
    seen = np.flatnonzero(histories.n_steps)
    items, scores = best(learnt.heart, learnt.neighbours, histories.rows(seen), N_EXPECTED)
    ids = np.array(told.tokens.ids, object)
    return pa.table(
        {
            "user_id": told.users.take(pa.array(seen)),
            "item_ids": pa.FixedSizeListArray.from_arrays(pa.array(ids[items.ravel()], pa.string()), items.shape[1]),
            "scores": pa.FixedSizeListArray.from_arrays(pa.array(scores.ravel()), items.shape[1]),
        }
    )


def _stops(known: Known) -> tuple[datetime, datetime] | None:
    """Until when is learnt from, and where the test begins."""
    if known.cutoffs is None:
        return None
    test = known.cutoffs.test
    valid = test - timedelta(days=known.cutoffs.horizon_days)
    return (valid, test) if valid > known.first + timedelta(days=1) else None


def _asked(past: Histories, later: Histories, seed: int) -> Asked:
    """What each user did in the first step after the end of what is learnt from: one item of it, drawn."""
    from tenure.sequence.scoring import Asked

    if not len(later.items):
        return Asked(past, np.full(len(past), -1), later)
    step = later.steps.starts + past.n_steps
    has = (step < later.steps.ends) & (past.n_steps > 0)
    step = np.minimum(step, len(later.offsets) - 2)
    first, n = later.offsets[step], later.offsets[step + 1] - later.offsets[step]
    place = first + (generator(seed, "heart asked").random(len(step)) * n).astype(np.int64)
    items = later.items[np.minimum(place, len(later.items) - 1)]
    return Asked(past, np.where(has & (n > 0), items, -1), later)


def _looks(made: Learnt) -> pa.Table:
    return pa.Table.from_pylist([asdict(look) for look in made.looks])
