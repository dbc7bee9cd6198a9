"""The optional tables of items and users: small beside the log, so they are typed and checked in memory."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tenure.errors import ConfigError
from tenure.schema import ITEMS, QUARANTINE, USERS
from tenure.storage.sources import Source, read

_SCHEMAS = {"items": ITEMS, "users": USERS}
_SPLITTERS = ("|", ";")


@dataclass(frozen=True)
class SideTable:
    """Rows that can be used, and the records that cannot."""

    rows: pa.Table
    """ITEMS or USERS, one row per id; `created_at` is text still, because only the engine reads times."""
    quarantine: pa.Table
    n_in: int

    def without(self, unread: pa.Table) -> SideTable:
        """The same, with the rows of these ids in quarantine: `created_at` (the second column) cannot be read."""
        key = self.rows.column_names[0]
        bad = [
            {
                "source": key.removesuffix("_id") + "s",
                "line": 0,
                "reason": "unparsable_time",
                "detail": said[:200],
                "record": json.dumps({key: name, "created_at": said}, ensure_ascii=False),
            }
            for name, said in zip(*(column.to_pylist() for column in unread.columns), strict=True)
        ]
        kept = self.rows.filter(pc.invert(pc.is_in(self.rows[key], value_set=unread[key].combine_chunks())))
        quarantine = pa.concat_tables([self.quarantine, pa.Table.from_pylist(bad, QUARANTINE)])
        return SideTable(kept, quarantine, self.n_in)


def read_side_table(source: Source, base: Path) -> SideTable:
    """Read the item or the user table.

    A record without an id, with a broken number, or of an id that came before is set aside with the reason.
    """
    schema = _SCHEMAS.get(source.kind)
    if schema is None:
        raise ConfigError(f"side table: expected kind 'items' or 'users', got '{source.kind}'")
    key = schema.names[0]
    raw_schema = pa.schema(
        [
            ("row", pa.int64()),
            ("source", pa.string()),
            ("line", pa.int64()),
            ("fault", pa.string()),
            ("record", pa.string()),
        ]
        + [(name, pa.string()) for name in schema.names]
    )
    kept: dict[str, dict[str, Any]] = {}
    bad: list[dict[str, Any]] = []
    n = 0
    for batch in read(source, base):
        for record in batch.to_arrow(raw_schema, n).to_pylist():
            n += 1
            row, reason, detail = _typed(record, schema, key)
            if reason is None and row[key] in kept:
                reason, detail = "duplicate", row[key]
            if reason is None:
                kept[row[key]] = row
            else:
                text = record["record"] or json.dumps(
                    {k: record[k] for k in schema.names if record[k]}, ensure_ascii=False
                )
                bad.append(
                    {
                        "source": record["source"],
                        "line": record["line"],
                        "reason": reason,
                        "detail": detail and detail[:200],
                        "record": text[:2000],
                    }
                )
    typed = pa.schema([pa.field(f.name, pa.string() if f.name == "created_at" else f.type) for f in schema])
    return SideTable(pa.Table.from_pylist(list(kept.values()), typed), pa.Table.from_pylist(bad, QUARANTINE), n)


def _typed(record: dict[str, Any], schema: pa.Schema, key: str) -> tuple[dict[str, Any], str | None, str | None]:
    if record["fault"]:
        return {}, record["fault"], None
    row: dict[str, Any] = {name: record[name] for name in schema.names}
    if row[key] is None:
        return row, "missing_item" if key == "item_id" else "missing_user", None
    if any(ord(c) < 32 for c in row[key]) or len(row[key]) > 1000:
        return row, "bad_id", row[key]
    if row.get("price"):
        if not re.fullmatch(r"\+?\d+(\.\d*)?([eE][-+]?\d{1,2})?|\.\d+", row["price"]):
            return row, "unparsable_number", row["price"]
        row["price"] = float(row["price"])
    if "categories" in schema.names:
        row["categories"] = _categories(row["categories"])
    return row, None, None


def _categories(text: str | None) -> list[str] | None:
    """`["a", "b"]`, `a|b` or `a;b` as a list without blanks."""
    if text is None:
        return None
    parts: list[Any]
    if text.startswith("["):
        try:
            parts = json.loads(text)
        except ValueError:
            parts = [text]
    else:
        splitter = next((s for s in _SPLITTERS if s in text), None)
        parts = text.split(splitter) if splitter else [text]
    named = [str(part).strip() for part in parts if part is not None and str(part).strip()]
    return named or None
