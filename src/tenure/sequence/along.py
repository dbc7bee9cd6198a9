"""Hearts along the cut-offs: what each cut-off's users did teaches the heart of the one before, from no later time.

They learn when the next step comes, of what kind it is and what it is worth, and no items: on Complete Journey vectors
of items made forecasts of returns worse. So each is small, and a new cut-off takes seconds. Needs PyTorch.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import lru_cache
from hashlib import blake2b

import numpy as np
import torch
from numpy.typing import NDArray

from tenure.errors import EvidenceError
from tenure.events.sequences import Sequences
from tenure.schema import SECONDS_PER_DAY
from tenure.sequence.config import AlongConfig
from tenure.sequence.foretold import FORETOLD, Foretold
from tenure.sequence.hazards import Matrix, Waits
from tenure.sequence.histories import Histories
from tenure.sequence.items import ItemTokens
from tenure.sequence.learnt import Learnt
from tenure.sequence.objectives import NextTime, NextValue
from tenure.sequence.states import user_states
from tenure.sequence.training import learn

Moments = NDArray[np.datetime64]

_KEPT = 128
"""Hearts that are remembered: the tasks and test cut-offs of one training ask for the same ones again and again."""


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
    hearts: list[_Moment] = []
    told = np.full((len(as_of), len(FORETOLD)), np.nan)
    for number, moment in enumerate(np.unique(as_of)):
        here = as_of == moment
        rows = bare.rows(np.flatnonzero(here))
        digest.update(str(moment).encode())
        for array in (rows.starts, rows.ends):
            digest.update(array.tobytes())
        at = _Moment(digest.hexdigest(), number, moment, rows, hearts[-1] if hearts else None, config)
        try:
            _heart_of(at)
        except EvidenceError:
            continue  # too little has happened yet
        hearts.append(at)
        ready = [heart for heart in hearts if heart.moment + np.timedelta64(horizon_days, "D") <= moment]
        told[here] = _columns_of(ready[-1] if ready else hearts[0], at)
    return (_heart_of(hearts[-1]) if hearts else None), told


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
    commitments = [o for o in times if o.of == "commitment"] or times
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


@dataclass(frozen=True)
class _Moment:
    """A cut-off after those before it; equal to another one if all that was known is equal."""

    key: str
    number: int
    moment: np.datetime64 = field(compare=False)
    rows: Sequences = field(compare=False)
    before: _Moment | None = field(compare=False)
    config: AlongConfig = field(compare=False)


@lru_cache(maxsize=_KEPT)
def _heart_of(at: _Moment) -> Learnt:
    start = None if at.before is None else _heart_of(at.before)
    until = np.repeat(_seconds(np.array([at.moment])), len(at.rows))
    histories = Histories.of(at.rows, None if start is None else start.normaliser, until=until)
    return learn(
        histories,
        ItemTokens.plain(0),
        None,
        at.config.shape,
        at.config.training(at.number, is_first=start is None),
        start=start,
    )


@lru_cache(maxsize=_KEPT)
def _columns_of(teller: _Moment, at: _Moment) -> Matrix:
    return foretold(_heart_of(teller), at.rows, np.repeat(np.array([at.moment]), len(at.rows))).columns()


def _seconds(as_of: Moments) -> NDArray[np.int64]:
    return as_of.astype("datetime64[s]").astype(np.int64)
