"""The default engine: DuckDB in this process. It streams from and to Parquet and spills to disk above its limit."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import duckdb
import ibis
import pyarrow as pa
from ibis.expr.types import Table

from tenure.errors import ConfigError, EngineError


@dataclass(frozen=True, kw_only=True)
class DuckDBConfig:
    """How much of the machine a run may use."""

    threads: int | None = None
    """None = all cores."""
    memory_limit: str = "3GB"
    """Above this DuckDB spills to disk."""


class DuckDBEngine:
    """Runs Ibis relations over named Parquet files or Arrow tables. Use as a context manager."""

    dialect = "duckdb"

    def __init__(
        self,
        sources: Mapping[str, Path | str | pa.Table | pa.RecordBatchReader] | None = None,
        config: DuckDBConfig = DuckDBConfig(),
        timezone: str = "UTC",
    ) -> None:
        self._scratch = tempfile.TemporaryDirectory(prefix="tenure-duckdb-")
        try:
            self._connection = _connect(self._scratch.name, config, timezone)
        except ConfigError:
            self._scratch.cleanup()
            raise
        try:
            for name, source in (sources or {}).items():
                self.register(name, source)
        except BaseException:
            self.close()
            raise

    def register(self, name: str, source: Path | str | pa.Table | pa.RecordBatchReader) -> None:
        """Make a Parquet file (or glob), an Arrow table or a stream readable under a name."""
        if isinstance(source, Path | str):
            text = str(source).replace("'", "''")
            with _told():
                self._connection.execute(f"CREATE OR REPLACE VIEW \"{name}\" AS SELECT * FROM read_parquet('{text}')")
        else:
            self._connection.register(name, source)

    def run(self, relation: Table) -> pa.Table:
        """The rows of a relation, as Arrow in memory."""
        with _told(), _interruptible():
            return _as_declared(self._connection.sql(compile_sql(relation)).to_arrow_table(), relation)

    def write(self, relation: Table, path: Path) -> int:
        """Write a relation to one Parquet file without holding it in memory; returns its number of rows.

        Written beside the target first and renamed when complete.
        """
        if path.suffix != ".parquet":
            raise ConfigError(f"engine.write: expected a path ending in .parquet, got {path}")
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        target = str(partial).replace("'", "''")
        copy = f"COPY ({compile_sql(relation)}) TO '{target}' (FORMAT parquet, COMPRESSION zstd)"
        with _told(), _interruptible():
            row = self._connection.execute(copy).fetchone()
        partial.replace(path)
        return int(row[0]) if row else 0

    def materialise(self, name: str, relation: Table) -> Table:
        """Compute a relation once and keep it under a name as long as the engine lives; returns a table to build on."""
        with _told(), _interruptible():
            self._connection.execute(f'CREATE OR REPLACE TABLE "{name}" AS {compile_sql(relation)}')
        return ibis.table(relation.schema(), name=name)

    def close(self) -> None:
        """Free memory and scratch space."""
        self._connection.close()
        self._scratch.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _connect(scratch: str, config: DuckDBConfig, timezone: str) -> duckdb.DuckDBPyConnection:
    limits: dict[str, str | bool | int | float | list[str]] = {
        "temp_directory": scratch,
        "memory_limit": config.memory_limit,
        "threads": config.threads or os.cpu_count() or 1,
        "preserve_insertion_order": False,
    }
    try:
        connection = duckdb.connect(":memory:", config=limits)
    except duckdb.Error as error:
        raise ConfigError(f"memory_limit: expected a size like '3GB', got '{config.memory_limit}'") from error
    try:
        connection.execute("SET TimeZone = ?", [timezone])
    except duckdb.Error as error:
        connection.close()
        raise ConfigError(f"timezone: expected a zone like 'UTC' or 'Europe/Paris', got '{timezone}'") from error
    return connection


@contextmanager
def _interruptible() -> Iterator[None]:
    """DuckDB answers Ctrl-C with an error of its own; give back what it was."""
    try:
        yield
    except RuntimeError as error:
        if "interrupted" in str(error).lower():
            raise KeyboardInterrupt from error
        raise


@contextmanager
def _told() -> Iterator[None]:
    """What DuckDB cannot do becomes an error of ours that says what to do.

    Raises:
        EngineError: too little memory or disk, a file that is gone.
    """
    try:
        yield
    except (duckdb.OutOfMemoryException, duckdb.IOException) as error:
        reason = str(error).strip().splitlines()[0]
        raise EngineError(
            f"The engine stopped: {reason} Give it more memory ([run] memory_limit) or free some disk, and run again"
        ) from error


def compile_sql(relation: Table) -> str:
    """The SQL text of a relation in DuckDB's dialect. Ibis is only the compiler; it never connects.

    Steps stay nested as they were written: merged into one, a column used by later columns would be computed for each.
    """
    fuses = ibis.options.sql.fuse_selects
    ibis.options.sql.fuse_selects = False
    try:
        return str(ibis.to_sql(relation, dialect="duckdb"))
    finally:
        ibis.options.sql.fuse_selects = fuses


def _as_declared(table: pa.Table, relation: Table) -> pa.Table:
    """DuckDB sums integers to 128 bits, which arrive as decimals; the relation says what they are."""
    for place, (name, kind) in enumerate(relation.schema().items()):
        if pa.types.is_decimal(table.schema.field(name).type) and not kind.is_decimal():
            wanted = pa.int64() if kind.is_integer() else pa.float64()
            table = table.set_column(place, name, table.column(name).cast(wanted))
    return table
