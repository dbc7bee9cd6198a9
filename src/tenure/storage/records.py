"""Records that may nest: JSON lines, and Parquet or frames with nested columns."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tenure.errors import SourceError
from tenure.events.columns import FIELDS, GATHERED, PRESETS, REQUIRED, ColumnMap

BATCH_ROWS = 50_000
PREVIEW_RECORDS = 100
"""So many lines of JSON are looked at to find out which keys there are."""
BLOCK_BYTES = 16 * 1024 * 1024
"""The largest single record that is read; a larger one is an error, not a reason to fill the memory."""


AMOUNTS = {"value", "quantity", "discount", "duration_seconds"}
"""Fields that add up."""

_NOTHING = ("null", "none", "nan", "na", "n/a", "<na>", "nat", "undefined", "\\n")
SAYS_NOTHING = pa.array(["", *{form(word) for word in _NOTHING for form in (str, str.upper, str.title)}, "NaN", "NaT"])
"""How sources write that there is nothing."""


@dataclass(frozen=True)
class RawBatch:
    """Some records of one source: text fields, and the faults of records that could not be split into fields."""

    source: str
    columns: Mapping[str, pa.Array | pa.ChunkedArray]
    """Field -> text, for the fields that the source has."""
    lines: pa.Array
    """1-based number of each record in its source."""
    faults: pa.Array | None = None
    records: pa.Array | None = None

    def to_arrow(self, schema: pa.Schema, first_row: int) -> pa.RecordBatch:
        """As a batch of the full raw schema, rows numbered from `first_row`; fields the source lacks are null."""
        n = len(self.lines)
        arrays = []
        for name in schema.names:
            if name == "row":
                arrays.append(pa.array(range(first_row, first_row + n), pa.int64()))
            elif name == "source":
                arrays.append(pa.repeat(pa.scalar(self.source), n))
            elif name == "line":
                arrays.append(self.lines)
            elif name == "fault":
                arrays.append(self.faults if self.faults is not None else pa.nulls(n, pa.string()))
            elif name == "record":
                arrays.append(self.records if self.records is not None else pa.nulls(n, pa.string()))
            elif name in self.columns:
                arrays.append(said(self.columns[name]))
            else:
                arrays.append(pa.nulls(n, pa.string()))
        return pa.record_batch(arrays, schema=schema)


def said(text: pa.Array) -> pa.Array:
    """Text without blanks around it; null where it only says that there is nothing."""
    stripped = pc.utf8_trim_whitespace(text)
    return pc.if_else(pc.is_in(stripped, value_set=SAYS_NOTHING), None, stripped)


@dataclass
class _Builder:
    """Collects records until a batch is full."""

    source: str
    columns: ColumnMap
    lines: list[int] = field(default_factory=list)
    faults: list[str | None] = field(default_factory=list)
    records: list[str | None] = field(default_factory=list)
    values: dict[str, list[str | None]] = field(default_factory=dict)

    def add(
        self, line: int, values: Mapping[str, str | None], *, fault: str | None = None, record: str | None = None
    ) -> None:
        self.lines.append(line)
        self.faults.append(fault)
        self.records.append(record)
        for name in FIELDS[self.columns.kind]:
            self.values.setdefault(name, []).append(values.get(name))

    def flush(self) -> RawBatch:
        batch = RawBatch(
            self.source,
            {name: pa.array(values, pa.string()) for name, values in self.values.items()},
            pa.array(self.lines, pa.int64()),
            pa.array(self.faults, pa.string()),
            pa.array(self.records, pa.string()),
        )
        self.lines, self.faults, self.records, self.values = [], [], [], {}
        return batch


def read_json_lines(path: Path, columns: ColumnMap) -> Iterator[RawBatch]:
    """Every line of a JSON-lines file; a line that is not an object is a fault, blank lines are no records."""
    builder = _Builder(path.name, columns)
    for number, raw in enumerate(read_lines(path), start=1):
        stripped = raw.strip()
        if not stripped:
            continue
        if number == 1:
            stripped = stripped.removeprefix(b"\xef\xbb\xbf")
            if stripped == b"[" or stripped.startswith((b"[{", b"[ {")):
                raise SourceError(
                    f"{path}: holds one JSON array; expected one object per line (`jq -c '.[]'` converts it)"
                )
        record, fault = _parse(stripped)
        if record is None:
            builder.add(number, {}, fault=fault, record=stripped.decode("utf-8", "replace")[:1000])
        else:
            for values in flatten(record, columns):
                builder.add(number, values)
        if len(builder.lines) >= BATCH_ROWS:
            yield builder.flush()
    yield builder.flush()


def seen_in_json(path: Path, columns: ColumnMap) -> ColumnMap:
    """The part of a map of candidates that the first records of a JSON-lines file have.

    Raises:
        SourceError: none of them has a required field, with the keys that they do have.
    """
    parsed = (_parse(line.strip())[0] for line in islice(read_lines(path), PREVIEW_RECORDS) if line.strip())
    records = [record for record in parsed if record is not None]
    paths: dict[str, tuple[str, ...]] = {}
    for field_name, candidates in columns.paths.items():
        seen = {_bare(path): path for path in reversed(candidates) if any(_has(record, path) for record in records)}
        if seen:
            paths[field_name] = tuple(reversed(seen.values()))
    missing = [field for field in REQUIRED[columns.kind] if field not in paths]
    if missing:
        keys = ", ".join(f"'{key}'" for key in dict.fromkeys(key for record in records for key in record))
        hint = ",".join(f"{field}=KEY" for field in missing)
        raise SourceError(
            f"{path.name}: found no {' and '.join(missing)} in its first records, which have {keys or 'no keys'}; "
            f"say where with --map {hint}, or choose a --preset ({', '.join(PRESETS)})"
        )
    return ColumnMap(columns.kind, paths)


def _has(record: Mapping[str, Any], path: str) -> bool:
    if "[]" not in path:
        return _get(record, path) is not None
    start, rest = path.split("[]", 1)
    elements = _get(record, start)
    return isinstance(elements, list) and any(_in_element(e, rest.lstrip(".")) is not None for e in elements)


def _parse(line: bytes) -> tuple[dict[str, Any] | None, str | None]:
    try:
        record = json.loads(line.decode("utf-8"))
        if b"\\u" in line:
            json.dumps(record, ensure_ascii=False).encode("utf-8")  # half a surrogate pair is no text
    except UnicodeError:
        return None, "not_utf8"
    except (ValueError, RecursionError):
        return None, "not_json"
    return (record, None) if isinstance(record, dict) else (None, "not_json")


def read_records(
    label: str, records: Iterable[Mapping[str, Any]], columns: ColumnMap, first: int = 1
) -> Iterator[RawBatch]:
    """Records that are dictionaries already (nested Parquet, frames)."""
    builder = _Builder(label, columns)
    for number, record in enumerate(records, start=first):
        for values in flatten(record, columns):
            builder.add(number, values)
    if builder.lines:
        yield builder.flush()


def flatten(record: Mapping[str, Any], columns: ColumnMap) -> Iterator[dict[str, str | None]]:
    """The text fields of one record; a path with `[]` gives one set of fields per element of that list.

    An event of several elements keeps its id, with the place of the element added, so that ids stay unique.
    """
    prefix = _list_prefix(record, columns)
    elements: list[Any] = [None]
    if prefix is not None:
        elements = _get(record, prefix)
    for place, element in enumerate(elements):
        is_part = len(elements) > 1
        values = {
            name: _field(name, record, _own_paths(paths) if is_part and name in AMOUNTS else paths, prefix, element)
            for name, paths in columns.paths.items()
        }
        if len(elements) > 1 and values.get("event_id"):
            values["event_id"] = f"{values['event_id']}#{place}"
        yield values


def _own_paths(paths: tuple[str, ...]) -> tuple[str, ...]:
    """The paths into an element: an amount of the whole record must not be counted once for each of its elements."""
    return tuple(path for path in paths if "[]" in path)


def _list_prefix(record: Mapping[str, Any], columns: ColumnMap) -> str | None:
    for paths in columns.paths.values():
        for path in paths:
            if "[]" in path:
                prefix = path.split("[]")[0]
                found = _get(record, prefix)
                if isinstance(found, list) and found:
                    return prefix
    return None


def _field(
    name: str, record: Mapping[str, Any], paths: tuple[str, ...], prefix: str | None, element: Any
) -> str | None:
    found: list[tuple[str, Any]] = []
    for path in paths:
        if "[]" in path:
            start, rest = path.split("[]", 1)
            value = _in_element(element, rest.lstrip(".")) if start == prefix else None
        else:
            value = _get(record, path)
        if value is not None:
            found.append((path, value))
    if not found:
        return None
    # The text of one column may hold several categories ("Drama|Comedy"); whoever types the table takes it apart.
    is_whole = name == "categories" and len(paths) == 1 and isinstance(found[0][1], str)
    return gather(name, found) if name in GATHERED and not is_whole else as_text(found[0][1])


def _in_element(element: Any, path: str) -> Any:
    """The value at a path in an element; `a*b` is the product of two, or the first where the second is not given."""
    first, _, second = path.partition("*")
    value = _get(element, first)
    factor = _get(element, second) if second else None
    try:
        return value if value is None or factor is None else float(value) * float(factor)
    except (TypeError, ValueError):
        return value


def gather(name: str, parts: list[tuple[str, Any]]) -> str | None:
    """Several columns as one field: a JSON list for categories, else a JSON object of column -> value."""
    if name == "categories":
        flat = [entry for _, value in parts for entry in (value if isinstance(value, list) else [value])]
        texts = [text for entry in flat if (text := as_text(entry)) is not None]
        if len(texts) == 1 and texts[0].startswith("["):
            return texts[0]
        return json.dumps(texts, ensure_ascii=False) if texts else None
    if len(parts) == 1 and isinstance(parts[0][1], dict):
        return json.dumps(parts[0][1], ensure_ascii=False, default=str)
    if len(parts) == 1 and isinstance(parts[0][1], str) and parts[0][1].lstrip().startswith("{"):
        return str(parts[0][1])
    return json.dumps(dict(parts), ensure_ascii=False, default=str)


def _get(value: Any, path: str) -> Any:
    """The value at a dotted path, or None; a key that holds the dots itself comes first."""
    if not path:
        return value
    if isinstance(value, dict) and path in value:
        return value[path]
    for part in path.split("."):
        if isinstance(value, dict):
            value = value[part] if part in value else _in_any_spelling(value, part)
        elif isinstance(value, list) and part.isdigit():
            value = value[int(part)] if int(part) < len(value) else None
        else:
            return None
    return value


def _in_any_spelling(record: Mapping[str, Any], name: str) -> Any:
    """The value of a key that differs from the name in case, blanks, hyphens or underscores only."""
    wanted = _bare(name)
    return next((value for key, value in record.items() if _bare(str(key)) == wanted), None)


@cache
def _bare(name: str) -> str:
    return "".join(c for c in name.lower() if c not in " _-")


def as_text(value: Any) -> str | None:
    """A value as the text that stands for it; whole floats lose their point, so ids survive a frame with gaps."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, default=str)
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def read_lines(path: Path) -> Iterator[bytes]:
    """The lines of a (compressed) text file, without their ends.

    Raises:
        SourceError: a line is longer than BLOCK_BYTES.
    """
    pending = b""
    with pa.input_stream(str(path), compression="detect") as stream:
        while chunk := stream.read(1 << 20):
            lines = (pending + chunk).split(b"\n")
            pending = lines.pop()
            if len(pending) > BLOCK_BYTES:
                raise SourceError(f"{path}: a line is longer than {BLOCK_BYTES >> 20} MB; is it a text file?")
            for line in lines:
                yield line.removesuffix(b"\r")
    if pending:
        yield pending.removesuffix(b"\r")
