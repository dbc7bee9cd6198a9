"""Gather: what forecasts may see of every user at many cut-offs, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import ibis
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from ibis.expr.types import Table

from tenure.events.log import EVENTS_TABLE, ITEMS_TABLE
from tenure.events.sequences import Sequences, in_order
from tenure.lifecycle.repeats.relation import repeat_history
from tenure.pipeline.known import Known
from tenure.prediction.examples import Inputs
from tenure.prediction.schedule import N_TEST, N_VALIDATION
from tenure.prediction.signals import signals
from tenure.profiles.activity import activity
from tenure.schema import TIME
from tenure.seeds import uniforms

HISTORY_COLUMNS = ("x", "t_x_days", "T_days", "n_valued", "mean_value")
"""Of the repeat history, what models may see: its days since 1970 would tell them the date."""

LEAST_CUTOFFS, MOST_CUTOFFS = 12, 36


def grid(known: Known, step_days: int, max_rows: int, longest_days: int = 0) -> tuple[datetime, ...]:
    """Cut-offs to learn from, oldest first, one of them the test cut-off of the run.

    Evenly spaced, as many as the log has room for and `max_rows` rows allow, but at least a dozen: rather fewer users
    than too few moments. Before them, half the longest horizon apart, as many as a task of that horizon needs to be
    learnt, chosen and tested. A cut-off has some history before it.
    """
    if known.cutoffs is None:
        return ()
    step, anchor = timedelta(days=step_days), known.cutoffs.test
    earliest = known.first + timedelta(days=known.domain.horizon_days)
    back = [anchor - i * step for i in range(int((anchor - earliest) / step) + 1)]
    ahead = [anchor + i * step for i in range(1, int((known.until - anchor) / step) + 1)]
    n = int(np.clip(max_rows // max(known.n_users, 1), LEAST_CUTOFFS, MOST_CUTOFFS))
    near = sorted(t for t in (*back, *ahead) if earliest <= t < known.until)[-n:]
    if not near:
        return ()
    far_step = timedelta(days=max(longest_days / 2, step_days))
    reach = known.until - (N_TEST + N_VALIDATION + 2) * timedelta(days=longest_days)
    n_far = int((near[0] - max(earliest, reach)) / far_step)
    return (*(near[0] - i * far_step for i in range(n_far, 0, -1)), *near)


def learners_of(known: Known, cutoffs: Sequence[datetime], max_rows: int) -> Table:
    """The events to learn from: of everybody, or of as many users as `max_rows` allow, drawn by their ids."""
    share = max_rows / max(known.n_users * len(cutoffs), 1)
    if share >= 1:
        return EVENTS_TABLE
    users = known.run(EVENTS_TABLE.select("user_id").distinct())["user_id"]
    is_drawn = uniforms(known.seed, "learners", users.to_pylist()) < share
    known.duck.register("learners", pa.table({"user_id": users.filter(pa.array(is_drawn))}))
    return EVENTS_TABLE.semi_join(ibis.table({"user_id": "!string"}, name="learners"), "user_id")


def inputs_at(
    known: Known, cutoffs: Sequence[datetime], events: Table = EVENTS_TABLE, *, with_events: bool = False
) -> Inputs:
    """What is known of every user seen before each cut-off; `with_events` for models that read events one by one.

    Rows in order of cut-off and user. Activity alone: user attributes carry no time, so a value filled in later could
    leak what became of the user.
    """
    did = known.run(activity(events, ITEMS_TABLE, cutoffs)).sort_by([("as_of", "ascending"), ("user_id", "ascending")])
    keys = _key(did)
    columns = {name: did[name] for name in did.column_names}
    history = known.run(repeat_history(events, cutoffs)).select(["user_id", "as_of", *HISTORY_COLUMNS])
    for more in (known.run(signals(events, cutoffs)), history):
        place = pc.index_in(keys, value_set=_key(more))
        columns |= {name: more[name].take(place) for name in more.column_names if name not in columns}
    inputs = Inputs.from_table(pa.table(columns))
    if not with_events:
        return inputs
    ordered = known.run(in_order(events, cutoffs))
    return replace(inputs, sequences=Sequences.from_table(ordered, inputs.users, inputs.as_of))


def evenly(n: int, most: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Which of n rows to take so that at most so many are taken, evenly spread [n]."""
    chosen = np.zeros(n, dtype=np.bool_)
    chosen[np.linspace(0, n - 1, min(n, most)).round().astype(np.int64)] = True
    return chosen


def _key(table: pa.Table) -> pa.Array:
    moment = table["as_of"].cast(TIME).cast(pa.int64()).cast(pa.string())
    return pc.binary_join_element_wise(table["user_id"], moment, "\x1f").combine_chunks()
