"""Every user's events in order, cut for many moments at once, against a loop over plain rows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from profiles.random_logs import random_log
from relation_runner import run

from tenure.domain import Role
from tenure.errors import ConfigError, SourceError
from tenure.events.log import EVENTS_TABLE
from tenure.events.sequences import Sequences, in_order
from tenure.schema import LOG, TIME

CUTS = tuple(datetime.fromisoformat(t) for t in ("2024-03-01", "2024-06-01T12:30:01", "2024-12-01"))
ROLES = [None, *map(str, Role)]


def asked(pairs) -> tuple[pa.Array, np.ndarray]:
    return pa.array([user for user, _ in pairs]), np.array([t for _, t in pairs], dtype="datetime64[us]")


def ordered(log: pa.Table) -> pa.Table:
    return run({"events": log}, in_order, EVENTS_TABLE, CUTS)


def told(sequences: Sequences, i: int) -> list[tuple]:
    """One sequence in words: second, role, item, value."""
    here = range(sequences.starts[i], sequences.ends[i])
    return [
        (
            int(sequences.seconds[j]),
            None if sequences.roles[j] < 0 else list(Role)[sequences.roles[j]].value,
            None if sequences.items[j] < 0 else sequences.item_ids[sequences.items[j]],
            None if np.isnan(sequences.values[j]) else float(sequences.values[j]),
        )
        for j in here
    ]


def by_loop(log: pa.Table, user: str, cut: datetime) -> list[tuple]:
    rows = [row for row in log.to_pylist() if row["user_id"] == user and row["timestamp"] < cut]
    rows.sort(key=lambda row: (row["timestamp"], row["event_id"]))
    return [
        (
            int(row["timestamp"].replace(tzinfo=UTC).timestamp()),
            row["role"],
            row["item_id"],
            None if row["value"] is None else float(np.float32(row["value"])),
        )
        for row in rows
    ]


@pytest.mark.parametrize("seed", range(3))
def test_every_sequence_is_what_a_loop_finds(seed):
    log = random_log(seed, n_events=400, n_users=12)
    users = [*sorted(set(log["user_id"].to_pylist())), "nobody"]
    pairs = [(user, cut) for cut in CUTS for user in users]
    np.random.default_rng(seed).shuffle(pairs)
    sequences = Sequences.from_table(ordered(log), *asked(pairs))
    assert len(sequences) == len(pairs)
    for i, (user, cut) in enumerate(pairs):
        assert told(sequences, i) == by_loop(log, user, cut), (user, cut)


def test_cutoffs_of_a_user_share_their_events():
    log = random_log(0, n_events=100, n_users=3)
    pairs = [("u0", cut) for cut in CUTS]
    sequences = Sequences.from_table(ordered(log), *asked(pairs))
    assert len(set(sequences.starts)) == 1
    assert (np.diff(sequences.ends) > 0).all()
    some = sequences.rows(np.array([2]))
    assert told(some, 0) == told(sequences, 2)
    assert some.seconds is sequences.seconds


def event(user: str, time: datetime, number: int = 0) -> dict:
    return {"event_id": f"e{number}", "user_id": user, "event_type": "x", "timestamp": time}


def test_a_moment_before_the_cutoff_is_before_it():
    cut, moment = CUTS[1], timedelta(microseconds=1)
    log = pa.Table.from_pylist([event("u", cut - moment), event("u", cut, 1), event("u", cut + moment, 2)], schema=LOG)
    events = run({"events": log}, in_order, EVENTS_TABLE, CUTS)
    sequences = Sequences.from_table(events, *asked([("u", cut)]))
    assert [second for second, *_ in told(sequences, 0)] == [int(cut.replace(tzinfo=UTC).timestamp()) - 1]


def test_times_before_1970_are_cut_as_well():
    times = [datetime.fromisoformat(t) for t in ("1969-12-31T23:59:58.5", "1969-12-31T23:59:59.5", "1970-01-01")]
    log = pa.Table.from_pylist([event("u", t, i) for i, t in enumerate(times)], schema=LOG)
    sequences = Sequences.from_table(
        ordered(log), *asked([("u", times[2]), ("u", datetime.fromisoformat("1969-12-31T23:59:59"))])
    )
    assert [len(told(sequences, i)) for i in range(2)] == [2, 1]


def test_nothing_at_all():
    empty = ordered(pa.Table.from_pylist([], schema=LOG))
    assert told(Sequences.from_table(empty, *asked([("u", CUTS[0])])), 0) == []
    assert len(Sequences.from_table(empty, pa.array([], pa.string()), np.array([], dtype="datetime64[us]"))) == 0


@pytest.mark.parametrize("rows", [[("a", 2), ("a", 1)], [("a", 1), ("b", 1), ("a", 2)]], ids=["time", "user"])
def test_another_order_is_refused(rows):
    table = pa.Table.from_pylist(
        [
            {"user_id": u, "timestamp": CUTS[0] + timedelta(days=d), "role": None, "item_id": None, "value": None}
            for u, d in rows
        ],
        schema=pa.schema([LOG.field(name) for name in ("user_id", "timestamp", "role", "item_id", "value")]),
    )
    with pytest.raises(SourceError, match="by user and time"):
        Sequences.from_table(table, *asked([("a", CUTS[2])]))


def test_cutoffs_that_do_not_fit_are_refused():
    events = ordered(random_log(0, n_events=10))
    with pytest.raises(ConfigError, match="for each of 1 users, got 2"):
        Sequences.from_table(
            events, pa.array(["u0"]), np.array(CUTS[:2], dtype=str(TIME).replace("timestamp", "datetime64"))
        )
    with pytest.raises(ConfigError, match="whole second"):
        Sequences.from_table(events, *asked([("u0", CUTS[0] + timedelta(microseconds=1))]))
