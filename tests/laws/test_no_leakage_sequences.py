"""Nothing from the future: whatever happens after a cut-off, a sequence before it and its steps stay what they were."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st
from profiles.random_logs import ROLES, random_log
from relation_runner import run

from tenure.events.log import EVENTS_TABLE
from tenure.events.sequences import Sequences, in_order
from tenure.schema import LOG
from tenure.sequence.steps import Steps, steps

CUTS = tuple(datetime.fromisoformat(t) for t in ("2024-05-01", "2024-08-17T11:30"))
LONG_AFTER = datetime.fromisoformat("2025-06-01")
USERS = [f"u{i}" for i in range(8)]
LOG_TO_THE_END = random_log(0, n_events=200, n_users=8, n_items=10, n_days=300)

# What may happen after the first cut-off, or at once: (user, item, role, seconds later, money), of all kinds of people.
later_events = st.lists(
    st.tuples(
        st.integers(0, 8),
        st.integers(0, 12),
        st.sampled_from(ROLES),
        st.integers(0, 200 * 86_400),
        st.sampled_from([None, -1e6, 0.0, 1e6]),
    ),
    max_size=12,
)


def with_future(rows: list[tuple], cut: datetime) -> pa.Table:
    """The log up to a cut-off, then other events than those that really came."""
    later = [
        {
            "event_id": f"a{i}",
            "user_id": f"u{user}",
            "item_id": f"i{item}",
            "event_type": "x",
            "timestamp": cut + timedelta(seconds=seconds),
            "value": money,
            "role": role,
        }
        for i, (user, item, role, seconds, money) in enumerate(rows)
    ]
    past = [row for row in LOG_TO_THE_END.to_pylist() if row["timestamp"] < cut]
    return pa.Table.from_pylist([*later, *past], schema=LOG)


def read(log: pa.Table, cut: datetime, until: datetime) -> tuple[Sequences, Steps]:
    """The users at a cut-off, in a table that reaches until a later one."""
    events = run({"events": log}, in_order, EVENTS_TABLE, (cut, until))
    at = np.full(len(USERS), cut, dtype="datetime64[us]")
    sequences = Sequences.from_table(events, pa.array(USERS), at)
    return sequences, steps(sequences, 20)


def words(sequences: Sequences, i: int) -> list[tuple]:
    here = slice(sequences.starts[i], sequences.ends[i])
    items = [sequences.item_ids[item] if item >= 0 else None for item in sequences.items[here]]
    values = np.nan_to_num(sequences.values[here], nan=-7).tolist()
    return list(zip(sequences.seconds[here].tolist(), sequences.roles[here].tolist(), items, values, strict=True))


@settings(max_examples=25, deadline=None)
@given(rows=later_events, cut=st.sampled_from(CUTS))
def test_the_future_changes_nothing(rows, cut):
    sequences, done = read(with_future(rows, cut), cut, LONG_AFTER)
    expected, done_then = read(LOG_TO_THE_END, cut, cut)
    for i in range(len(USERS)):
        assert words(sequences, i) == words(expected, i)
    np.testing.assert_array_equal(done.ends - done.starts, done_then.ends - done_then.starts)
    np.testing.assert_array_equal(done.seconds, done_then.seconds)
    np.testing.assert_array_equal(done.features, done_then.features)


def test_the_law_can_fail():
    """A sequence that is cut a day too late does see the later events."""
    cut = CUTS[0]
    log = with_future([(0, 0, "commitment", 0, 1.0)], cut)
    day_late, _ = read(log, cut + timedelta(days=1), LONG_AFTER)
    in_time, _ = read(log, cut, LONG_AFTER)
    assert words(day_late, 0) != words(in_time, 0)
