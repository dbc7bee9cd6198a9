"""Hearts along the cut-offs: what each cut-off's users did teaches the heart of the one before, from no later time.

They learn when the next step comes, of what kind it is and what it is worth, and no items: on Complete Journey vectors
of items made forecasts of returns worse. So each is small, and a new cut-off takes seconds. Needs PyTorch.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from hashlib import blake2b
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from tenure.domain import Role
from tenure.errors import EvidenceError
from tenure.events.sequences import Sequences
from tenure.schema import SECONDS_PER_DAY
from tenure.sequence.config import AlongConfig
from tenure.sequence.foretold import FORETOLD, Foretold
from tenure.sequence.hazards import Matrix, Waits
from tenure.sequence.histories import Histories
from tenure.sequence.items import ItemTokens
from tenure.sequence.learnt import Learnt, objectives_of
from tenure.sequence.objectives import NextTime, NextValue
from tenure.sequence.states import user_states
from tenure.sequence.steps import KINDS
from tenure.sequence.training import learn

Moments = NDArray[np.datetime64]

T = TypeVar("T")

_KEPT = 128
"""Hearts and their words that are remembered: the tasks and test cut-offs of one training ask for the same ones."""


def told_along(
    sequences: Sequences, as_of: Moments, horizon_days: int, config: AlongConfig = AlongConfig()
) -> tuple[Learnt | None, Matrix]:
    """The heart of the newest cut-off among the rows [B], and what older hearts say of each row: FORETOLD [B, 5].

    A row is told by the heart of the newest cut-off at least one horizon before its own; where there is none, by the
    first one. The same rows give the same answers; these are remembered, so that a further cut-off costs only its own
    learning. No heart and NaN where nothing could be learnt: the first cut-offs may hold too little.
    """
    bare = without_items(sequences)
    digest = blake2b(repr(config).encode())
    for array in (bare.seconds, bare.roles, bare.values):
        digest.update(array.tobytes())
    hearts: list[tuple[np.datetime64, str, Learnt]] = []
    told = np.full((len(as_of), len(FORETOLD)), np.nan)
    for number, moment in enumerate(np.unique(as_of)):
        here = np.flatnonzero(as_of == moment)
        rows, until = bare.rows(here), as_of[here]
        digest.update(until.tobytes() + rows.starts.tobytes() + rows.ends.tobytes())
        key, before = digest.hexdigest(), hearts[-1][2] if hearts else None
        try:
            made = _remembered((key,), partial(_learn, rows, until, before, config, number))
        except EvidenceError:
            continue  # too little has happened yet
        hearts.append((moment, key, made))
        ready = [heart for heart in hearts if heart[0] + np.timedelta64(horizon_days, "D") <= moment]
        _, by, teller = ready[-1] if ready else hearts[0]
        told[here] = _remembered((key, by), lambda: foretold(teller, rows, until).columns())  # noqa: B023  (asked at once)
    return (hearts[-1][2] if hearts else None), told


def foretold(learnt: Learnt, sequences: Sequences, as_of: Moments) -> Foretold:
    """What a heart says of each row [B] at its cut-off [B], by what the user had done by then."""
    until = _seconds(as_of)
    histories = Histories.of(without_items(sequences), learnt.normaliser, until=until)
    states = user_states(learnt, histories)
    has_steps = histories.n_steps > 0
    waited = np.where(has_steps, np.maximum(until - states.seconds, 0), 0) / SECONDS_PER_DAY
    times = [o for o in learnt.objectives if isinstance(o, NextTime)]
    values = [o for o in learnt.objectives if isinstance(o, NextValue)]
    with torch.inference_mode():
        asked = torch.from_numpy(states.states)
        said = {name: head(asked).double().numpy() for name, head in learnt.heart.heads.items()}
    commitments = [o for o in times if o.of == "commitment"]
    if not commitments and (histories.steps.features[:, KINDS.index(Role.COMMITMENT)] > 0).all():
        commitments = times  # every step is one
    waits = None if not commitments else Waits(commitments[0].stretches, said[commitments[0].name])
    worth = np.full(len(until), np.nan)
    if values:
        numbers = said[values[0].name]
        sizes = np.exp(values[0].centre + values[0].spread * numbers[:, 1:]).mean(axis=1)
        worth = sizes / (1 + np.exp(-numbers[:, 0]))
    return Foretold(has_steps, waited, waits, np.where(has_steps, worth, np.nan))


def without_items(sequences: Sequences) -> Sequences:
    """The same events, none of which names an item."""
    return replace(sequences, items=np.full_like(sequences.items, -1), item_ids=())


def _learn(rows: Sequences, until: Moments, before: Learnt | None, config: AlongConfig, number: int) -> Learnt:
    """The heart of a cut-off: that of the one before goes on, unless there is more to be foretold by now."""
    histories = Histories.of(rows, None if before is None else before.normaliser, until=_seconds(until))
    if before is not None:
        by_now = objectives_of(histories, config.shape)
        if {o.name for o in by_now} - {o.name for o in before.objectives}:
            before, histories = None, Histories.of(rows, until=_seconds(until))
    training = config.training(number, is_first=before is None)
    return learn(histories, ItemTokens.plain(0), None, config.shape, training, start=before)


_MEMORY: OrderedDict[tuple[str, ...], Any] = OrderedDict()


def _remembered(key: tuple[str, ...], make: Callable[[], T]) -> T:
    """What was made of the very same, or made now; of much, the newest."""
    if key not in _MEMORY:
        _MEMORY[key] = make()
    _MEMORY.move_to_end(key)
    while len(_MEMORY) > _KEPT:
        _MEMORY.popitem(last=False)
    found: T = _MEMORY[key]
    return found


def _seconds(as_of: Moments) -> NDArray[np.int64]:
    return as_of.astype("datetime64[s]").astype(np.int64)
