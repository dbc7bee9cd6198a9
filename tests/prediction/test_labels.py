"""Labels against a plain loop over the log, and blind to everything outside their windows."""

from datetime import datetime, timedelta

import ibis
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenure.engine.duckdb import DuckDBConfig, DuckDBEngine
from tenure.events.log import EVENTS_TABLE
from tenure.prediction.labels import labels
from tenure.schema import LOG

START = datetime.fromisoformat("2020-01-01")
CUTS = [START + timedelta(days=5), START + timedelta(days=9)]
HORIZON = 4

events = st.lists(
    st.tuples(
        st.sampled_from(["ann", "bob", "cleo", "dan", "eve", "fay"]),
        st.integers(0, 18 * 4),  # quarter days, so that times fall on the very edges of the windows
        st.sampled_from(["commitment", "interest", "reversal", None]),
        st.sampled_from([None, -3.0, 2.0, 5.5]),
    ),
    max_size=40,
)


@pytest.fixture(scope="module")
def engine():
    with DuckDBEngine(config=DuckDBConfig(threads=1)) as running:
        yield running


def log_of(rows):
    filled = [
        {
            "event_id": str(i),
            "user_id": user,
            "event_type": "x",
            "timestamp": START + timedelta(hours=6 * quarter),
            "role": role,
            "value": value,
        }
        for i, (user, quarter, role, value) in enumerate(rows)
    ]
    return pa.Table.from_pylist(filled, schema=LOG)


def run(engine, rows, cuts, horizon=HORIZON):
    engine.register("events", log_of(rows))
    found = engine.run(labels(EVENTS_TABLE, cuts, horizon)).to_pylist()
    return {(r["user_id"], r["as_of"]): (r["committed"], round(r["value"], 9)) for r in found}


def by_loop(rows, cuts):
    expected = {}
    for cut in cuts:
        for user in {row[0] for row in rows if START + timedelta(hours=6 * row[1]) < cut}:
            window = [
                (role, value or 0.0)
                for who, quarter, role, value in rows
                if who == user and cut <= START + timedelta(hours=6 * quarter) < cut + timedelta(days=HORIZON)
            ]
            committed = any(role == "commitment" for role, _ in window)
            expected[user, cut] = (committed, sum(v for role, v in window if role in ("commitment", "reversal")))
    return expected


@settings(max_examples=20, deadline=None)
@given(events)
def test_equals_a_loop_over_the_log(engine, rows):
    assert run(engine, rows, CUTS) == by_loop(rows, CUTS)


@settings(max_examples=8, deadline=None)
@given(events)
def test_many_cutoffs_are_a_loop_over_one(engine, rows):
    assert run(engine, rows, CUTS) == run(engine, rows, CUTS[0]) | run(engine, rows, CUTS[1])


@settings(max_examples=12, deadline=None)
@given(events, events)
def test_outside_its_windows_only_who_was_seen_counts(engine, rows, noise):
    cut = CUTS[0]
    end = cut + timedelta(days=HORIZON)
    time = lambda row: START + timedelta(hours=6 * row[1])  # noqa: E731
    inside = [row for row in rows if cut <= time(row) < end]
    seen = {row[0] for row in rows if time(row) < cut}
    # The past is reduced to one event per user, and what follows the horizon is replaced altogether.
    other = [(user, 0, "interest", 99.0) for user in sorted(seen)] + inside + [r for r in noise if time(r) >= end]
    assert run(engine, rows, cut) == run(engine, other, cut)


def test_empty_log(engine):
    assert run(engine, [], CUTS) == {}


def test_a_return_alone_is_no_commitment(engine):
    found = run(engine, [("ann", 0, "commitment", 9.0), ("ann", 21, "reversal", -9.0)], CUTS[0])
    assert found == {("ann", CUTS[0]): (False, -9.0)}


def test_compiles_for_spark():
    assert "LEFT OUTER JOIN" in ibis.to_sql(labels(EVENTS_TABLE, CUTS, HORIZON), dialect="databricks")
