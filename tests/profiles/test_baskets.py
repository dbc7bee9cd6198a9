"""Which things were committed together."""

from __future__ import annotations

from datetime import UTC, datetime

import ibis
import pyarrow as pa
import pytest

from tenure.engine.duckdb import DuckDBEngine
from tenure.events.log import EVENTS_TABLE, ITEMS_TABLE
from tenure.profiles.baskets import Level, baskets
from tenure.schema import ITEMS, LOG

AS_OF = datetime(2020, 2, 1, tzinfo=UTC)


def log(*rows: tuple[str, str | None, str, str, str | None]) -> pa.Table:
    """Rows of (user, item, time, role, session) as a log."""
    return pa.Table.from_pylist(
        [
            {
                "event_id": str(number),
                "user_id": user,
                "item_id": item,
                "event_type": "x",
                "timestamp": datetime.fromisoformat(time),
                "role": role,
                "session_id": session,
            }
            for number, (user, item, time, role, session) in enumerate(rows)
        ],
        schema=LOG,
    )


ITEMS_ROWS = pa.Table.from_pylist(
    [
        {"item_id": "brie", "categories": ["FOOD", "CHEESE", "SOFT"]},
        {"item_id": "feta", "categories": ["FOOD", "CHEESE"]},
        {"item_id": "pen", "categories": ["OFFICE"]},
        {"item_id": "bare", "categories": []},
    ],
    schema=ITEMS,
)


def run(events: pa.Table, level: Level) -> set[frozenset[str]]:
    with DuckDBEngine({"events": events, "items": ITEMS_ROWS}) as engine:
        rows = engine.run(baskets(EVENTS_TABLE, ITEMS_TABLE, AS_OF, level)).to_pylist()
    assert len(rows) == len({(r["basket"], r["thing"]) for r in rows})
    found: dict[str, set[str]] = {}
    for row in rows:
        found.setdefault(row["basket"], set()).add(row["thing"])
    return {frozenset(things) for things in found.values()}


def test_a_basket_is_one_users_commitments_in_one_session() -> None:
    events = log(
        ("ann", "brie", "2020-01-01T10:00:00", "commitment", "s1"),
        ("ann", "pen", "2020-01-01T10:01:00", "commitment", "s1"),
        ("ann", "pen", "2020-01-01T10:02:00", "commitment", "s1"),
        ("ann", "feta", "2020-01-01T10:02:00", "interest", "s1"),
        ("bob", "feta", "2020-01-01T10:02:00", "commitment", "s1"),
        ("bob", None, "2020-01-01T10:02:00", "commitment", "s1"),
        ("bob", "gone", "2020-01-01T10:02:00", "commitment", "s1"),
    )
    assert run(events, "item") == {frozenset({"brie", "pen"}), frozenset({"feta", "gone"})}
    assert run(events, "category") == {frozenset({"CHEESE", "OFFICE"}), frozenset({"CHEESE"})}


def test_without_sessions_a_basket_is_a_users_day() -> None:
    events = log(
        ("ann", "brie", "2020-01-01T00:00:00", "commitment", None),
        ("ann", "pen", "2020-01-01T23:59:59", "commitment", None),
        ("ann", "feta", "2020-01-02T00:00:00", "commitment", None),
    )
    assert run(events, "item") == {frozenset({"brie", "pen"}), frozenset({"feta"})}


def test_nothing_at_or_after_the_cut_off_is_in_a_basket() -> None:
    events = log(
        ("ann", "brie", "2020-01-31T23:59:59", "commitment", "s"),
        ("ann", "pen", "2020-02-01T00:00:00", "commitment", "s"),
    )
    assert run(events, "item") == {frozenset({"brie"})}


def test_items_without_a_category_are_in_no_category_basket() -> None:
    events = log(("ann", "bare", "2020-01-01T00:00:00", "commitment", "s"))
    assert run(events, "category") == set()


@pytest.mark.parametrize("level", ["item", "category"])
def test_the_relation_compiles_for_spark_too(level: Level) -> None:
    assert "SELECT" in str(ibis.to_sql(baskets(EVENTS_TABLE, ITEMS_TABLE, AS_OF, level), dialect="databricks"))
