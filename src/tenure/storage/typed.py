"""Parquet and Arrow streams: columns that have types already, turned into the same raw text as everything else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tenure.errors import SourceError
from tenure.events.columns import GATHERED, ColumnMap
from tenure.storage.records import BATCH_ROWS, RawBatch, read_records


def parquet_columns(path: Path) -> list[str]:
    """The top-level column names of a Parquet file."""
    return list(pq.read_schema(path).names)


def read_parquet(path: Path, columns: ColumnMap) -> Iterator[RawBatch]:
    """Every row of a Parquet file, batch by batch."""
    file = pq.ParquetFile(path)
    names = _top_columns(columns, file.schema_arrow.names)
    yield from _batches(path.name, file.iter_batches(BATCH_ROWS, columns=names), columns)


def read_stream(given: Any, mapping: Callable[[Sequence[str], str], ColumnMap]) -> Iterator[RawBatch]:
    """Every row of an object with an Arrow C stream.

    Args:
        given: pandas, Polars, DuckDB, Arrow ...
        mapping: from (column names, label) to the column map.

    Raises:
        SourceError: the object is none of these.
    """
    label = f"{type(given).__module__.split('.')[0]} {type(given).__name__}"
    if not hasattr(given, "__arrow_c_stream__"):
        raise SourceError(
            f"Expected a path, a glob, or a table with an Arrow C stream (pandas, Polars, Arrow, DuckDB), got {label}"
        )
    reader = pa.RecordBatchReader.from_stream(given)
    columns = mapping(reader.schema.names, label)
    names = _top_columns(columns, reader.schema.names)
    yield from _batches(label, (batch.select(names) for batch in reader), columns)


def _top_columns(columns: ColumnMap, available: Sequence[str]) -> list[str]:
    paths = {path for paths in columns.paths.values() for path in paths}
    return [name for name in available if any(p == name or p.split(".")[0].removesuffix("[]") == name for p in paths)]


def _batches(label: str, batches: Any, columns: ColumnMap) -> Iterator[RawBatch]:
    first = 1
    for whole in batches:
        for start in range(0, max(whole.num_rows, 1), BATCH_ROWS):
            batch = whole.slice(start, BATCH_ROWS)
            if _needs_records(batch.schema, columns):
                yield from read_records(label, batch.to_pylist(), columns, first)
            else:
                yield _flat(label, batch, columns, first)
            first += batch.num_rows


def _needs_records(schema: pa.Schema, columns: ColumnMap) -> bool:
    gathers = any(field in GATHERED for field in columns.paths)
    return gathers or any(path not in schema.names for paths in columns.paths.values() for path in paths)


def _flat(label: str, batch: pa.RecordBatch, columns: ColumnMap, first: int) -> RawBatch:
    texts = {}
    for field, paths in columns.paths.items():
        parts = [as_texts(batch.column(path)) for path in paths]
        texts[field] = parts[0] if len(parts) == 1 else pc.coalesce(*parts)
    return RawBatch(label, texts, pa.array(np.arange(first, first + batch.num_rows), pa.int64()))


def as_texts(column: pa.Array) -> pa.Array:
    """A column as text: whole floats without a point (ids of a frame with gaps), times in ISO 8601 with their zone."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return as_texts(column.dictionary_decode())
    if pa.types.is_floating(kind):
        return _float_texts(column)
    if pa.types.is_timestamp(kind):
        zone = "" if kind.tz is None else "+00"
        plain = column.cast(pa.timestamp("us", tz=kind.tz), safe=False)
        plain = plain.cast(pa.timestamp("us")) if kind.tz else plain
        return pc.binary_join_element_wise(plain.cast(pa.string()), pa.scalar(zone), "")
    return column.cast(pa.string())


def _float_texts(column: pa.Array) -> pa.Array:
    wide = column.cast(pa.float64())
    is_whole = pc.and_(pc.equal(pc.floor(wide), wide), pc.less(pc.abs(wide), float(2**53)))
    whole = pc.if_else(pc.fill_null(is_whole, False), wide, None).cast(pa.int64()).cast(pa.string())
    return pc.coalesce(whole, wide.cast(pa.string()))
