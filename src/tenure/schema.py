"""Column names and Arrow schemas of everything that enters, with their units.

Ids are strings. Times are UTC with microseconds (`timestamp[us]` without a zone: UTC by definition, so that every
engine truncates days alike). Money is in the currency of the domain. Durations end in `_seconds` or `_days`.
"""

from __future__ import annotations

import pyarrow as pa

from tenure.errors import SourceError

TIME = pa.timestamp("us")
"""The type of every time: microseconds since 1970 in UTC."""

SECONDS_PER_DAY = 86_400

SEPARATOR = " + "
"""Between two things that stand in one text field, as in the antecedent of a rule."""

EVENTS = pa.schema(
    [
        pa.field("event_id", pa.string(), nullable=False),  # key; derived by hash of the content where absent
        pa.field("user_id", pa.string(), nullable=False),
        pa.field("item_id", pa.string()),
        pa.field("event_type", pa.string(), nullable=False),  # the source's own word; a domain says what it means
        pa.field("timestamp", TIME, nullable=False),
        pa.field("value", pa.float64()),  # money of a commitment, or the rating of a satisfaction
        pa.field("quantity", pa.float64()),
        pa.field("discount", pa.float64()),  # money taken off the price, >= 0
        pa.field("duration_seconds", pa.float64()),  # dwell, watch or read time
        pa.field("session_id", pa.string()),  # derived from pauses where absent
        pa.field("recommendation_id", pa.string()),  # joins an outcome to the slate that caused it
        pa.field("properties", pa.string()),  # JSON object of whatever else the source says
    ]
)
"""One row per event: who did what to which item, when, worth how much."""

LOG = pa.schema([*EVENTS, pa.field("role", pa.string()), pa.field("weight", pa.float64())])
"""The clean log: events plus what their domain says they mean (`domain.Role`, strength as evidence of taste)."""

ITEMS = pa.schema(
    [
        pa.field("item_id", pa.string(), nullable=False),
        pa.field("title", pa.string()),
        pa.field("description", pa.string()),
        pa.field("categories", pa.list_(pa.string())),  # from broad to narrow
        pa.field("brand", pa.string()),
        pa.field("price", pa.float64()),
        pa.field("created_at", TIME),
        pa.field("attributes", pa.string()),  # JSON object
    ]
)
"""One row per item."""

USERS = pa.schema(
    [
        pa.field("user_id", pa.string(), nullable=False),
        pa.field("created_at", TIME),
        pa.field("attributes", pa.string()),  # JSON object: age, region ...
    ]
)
"""One row per user."""

QUARANTINE = pa.schema(
    [
        pa.field("source", pa.string(), nullable=False),  # file name, or the kind of object that was passed
        pa.field("line", pa.int64(), nullable=False),  # 1-based record number in that source, the header not counted
        pa.field("reason", pa.string(), nullable=False),  # a key of events.quality.REASONS
        pa.field("detail", pa.string()),  # the offending value
        pa.field("record", pa.string()),  # the mapped fields of the record as JSON, as they came
    ]
)
"""One row per record that was set aside, with the reason. Nothing is dropped without an entry here."""


def check_table(table: pa.Table, schema: pa.Schema, *, name: str) -> pa.Table:
    """Is this table of the given schema? Returns it with columns in schema order.

    Raises:
        SourceError: a column is missing, has another type, or holds nulls where none are allowed.
    """
    missing = [field.name for field in schema if field.name not in table.column_names]
    if missing:
        raise SourceError(
            f"{name}: expected columns {schema.names}, but {missing} are missing; it has {table.column_names}"
        )
    table = table.select(schema.names)
    for field in schema:
        column = table.column(field.name)
        if column.type != field.type:
            raise SourceError(f"{name}.{field.name}: expected type {field.type}, got {column.type}")
        if not field.nullable and column.null_count:
            raise SourceError(f"{name}.{field.name}: expected no missing values, got {column.null_count}")
    return table.cast(schema)
