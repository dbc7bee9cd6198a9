"""Nothing from the future: whatever happens after the cut-off, profiles, tastes and sessions stay what they were."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ibis.expr.types import Table
from profiles.random_logs import ROLES, random_items, random_log
from relation_runner import run

from tenure.events.log import EVENTS_TABLE, ITEMS_TABLE
from tenure.events.sessions import with_sessions
from tenure.profiles.activity import activity
from tenure.profiles.taste import taste
from tenure.schema import LOG

CUTS = tuple(datetime.fromisoformat(t) for t in ("2024-05-01", "2024-08-17T11:30"))
LAST = max(CUTS)


def profile(events: Table, items: Table) -> Table:
    return activity(with_sessions(events, 30), items, CUTS)


def likings(events: Table, items: Table) -> Table:
    return taste(events, items, CUTS, half_life_days=60.0)


def sessions(events: Table, items: Table) -> Table:
    found = with_sessions(events, 30)
    return found.filter(found.timestamp < LAST).select("event_id", "user_id", "session_id")


# What may happen later, or at once: (user, item, role, seconds after the cut-off, money), of known and unknown people.
later_events = st.lists(
    st.tuples(
        st.integers(0, 8),
        st.integers(0, 12),
        st.sampled_from(ROLES),
        st.integers(0, 3 * 86_400),
        st.sampled_from([None, -1e6, 0.0, 1e6]),
    ),
    max_size=12,
)


def future(rows: list[tuple]) -> pa.Table:
    return pa.Table.from_pylist(
        [
            {
                "event_id": f"later{i}",
                "user_id": f"u{user}",
                "item_id": f"i{item}",
                "event_type": "x",
                "timestamp": LAST + timedelta(seconds=seconds),
                "value": money,
                "quantity": 1.0,
                "session_id": None if i % 2 else "s1",
                "role": role,
                "weight": 100.0,
            }
            for i, (user, item, role, seconds, money) in enumerate(rows)
        ],
        schema=LOG,
    )


def rows_of(table: pa.Table) -> list[dict]:
    keys = [name for name, kind in zip(table.column_names, table.schema.types, strict=True) if kind != pa.float64()]
    return table.sort_by([(name, "ascending") for name in keys]).to_pylist()


ITEMS = random_items(0, 10)
LOG_TO_THE_END = random_log(0, n_events=200, n_users=8, n_items=10, n_days=300)
LOG_SO_FAR = LOG_TO_THE_END.filter(pc.less(LOG_TO_THE_END["timestamp"], pa.scalar(LAST, pa.timestamp("us"))))


@cache
def truth(relation: Callable[[Table, Table], Table]) -> list[dict]:
    return rows_of(run({"events": LOG_SO_FAR, "items": ITEMS}, relation, EVENTS_TABLE, ITEMS_TABLE))


@pytest.mark.parametrize("relation", [profile, likings, sessions])
@settings(max_examples=25, deadline=None)
@given(log=st.sampled_from([LOG_SO_FAR, LOG_TO_THE_END]), later=later_events)
def test_the_future_changes_nothing(relation, log, later):
    changed = pa.concat_tables([future(later), log])
    got = rows_of(run({"events": changed, "items": ITEMS}, relation, EVENTS_TABLE, ITEMS_TABLE))
    for one, row in zip(got, truth(relation), strict=True):
        for name, value in row.items():
            expected = pytest.approx(value, rel=1e-9, abs=1e-9) if isinstance(value, float) else value
            assert one[name] == expected, (name, one, row)


def test_the_law_can_fail():
    """A profile that looks a day too far does see the later events."""
    more = pa.concat_tables([LOG_TO_THE_END, future([(0, 0, "commitment", 0, 1.0)])])

    def peeking(events: Table, items: Table) -> Table:
        return activity(events, items, LAST + timedelta(days=1))

    tables = ({"events": log, "items": ITEMS} for log in (LOG_TO_THE_END, more))
    one, other = (rows_of(run(these, peeking, EVENTS_TABLE, ITEMS_TABLE)) for these in tables)
    assert one != other
