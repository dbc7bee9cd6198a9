"""Sessions against plain Python on random logs; ids that are given stay, and later events change nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import ibis
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from relation_runner import run

from tenure.errors import ConfigError
from tenure.events.log import EVENTS_TABLE
from tenure.events.sessions import with_sessions
from tenure.schema import LOG

START = datetime.fromisoformat("2024-01-01")

# Minutes after the start, so that pauses of exactly the gap and events of the same moment are frequent.
events = st.lists(
    st.tuples(st.sampled_from(["ann", "bob"]), st.integers(0, 120), st.sampled_from([None, None, None, "own"])),
    max_size=25,
)


def log_of(rows: list[tuple]) -> pa.Table:
    keys = ("user_id", "timestamp", "session_id", "event_id", "event_type")
    return pa.Table.from_pylist(
        [
            dict(zip(keys, (user, START + timedelta(minutes=m), session, f"e{i}", "x"), strict=True))
            for i, (user, m, session) in enumerate(rows)
        ],
        schema=LOG,
    )


def sessions(log: pa.Table, gap_minutes: float = 10) -> dict[str, str]:
    """Event id -> session id."""
    table = run({"events": log}, with_sessions, EVENTS_TABLE, gap_minutes)
    assert table.schema.names == LOG.names
    assert table.num_rows == log.num_rows
    return dict(zip(table["event_id"].to_pylist(), table["session_id"].to_pylist(), strict=True))


def oracle(rows: list[tuple], gap: int) -> dict[str, str]:
    result = {}
    began, previous = {}, {}
    start = int(START.replace(tzinfo=UTC).timestamp())
    for i, (user, minute, given_id) in sorted(enumerate(rows), key=lambda pair: pair[1][1]):
        if given_id is None:
            if user not in previous or minute - previous[user] > gap:
                began[user] = minute
            previous[user] = minute
        result[f"e{i}"] = given_id or f"{user}@{start + 60 * began[user]}"
    return result


@settings(max_examples=40, deadline=None)
@given(events)
def test_sessions_equal_plain_python(rows):
    assert sessions(log_of(rows)) == oracle(rows, 10)


@settings(max_examples=25, deadline=None)
@given(events, st.integers(0, 120))
def test_later_events_change_no_session(rows, minute):
    known = [row for row in rows if row[1] < minute]
    later = [row for row in rows if row[1] >= minute]
    before, after = sessions(log_of(known)), sessions(log_of(known + later))
    assert before == {event_id: after[event_id] for event_id in before}


def test_events_of_one_moment_are_one_session_however_many():
    assert len(set(sessions(log_of([("ann", 0, None), *[("ann", 60, None)] * 5000])).values())) == 2


def test_the_pause_may_be_exactly_the_gap_but_not_a_moment_longer():
    log = log_of([("ann", 0, None), ("ann", 10, None)])
    assert len(set(sessions(log, 10).values())) == 1
    assert len(set(sessions(log, 9.98).values())) == 2


@pytest.mark.parametrize("gap", [0, -5, 0.001])
def test_a_gap_below_a_second_is_refused(gap):
    with pytest.raises(ConfigError, match="session_gap_minutes"):
        with_sessions(EVENTS_TABLE, gap)


def test_it_compiles_for_spark_too():
    assert "RANGE BETWEEN" in str(ibis.to_sql(with_sessions(EVENTS_TABLE, 30), dialect="databricks"))
