"""Tables in files that other programs read, never half-written."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from tenure.errors import ConfigError


def check_target(path: Path) -> None:
    """Could a table be written under this name? To be asked before long work.

    Raises:
        ConfigError: it ends otherwise than a table's.
    """
    if path.suffix not in _WRITERS:
        raise ConfigError(f"{path}: expected a name that ends in {', '.join(_WRITERS)}")


def write_table(table: pa.Table, path: Path) -> None:
    """Write a table as the ending of the path says: .parquet, .csv or .jsonl; beside the target first, then renamed.

    Raises:
        ConfigError: another ending.
    """
    check_target(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as scratch:
        partial = Path(scratch) / path.name
        _WRITERS[path.suffix](table, partial)
        partial.replace(path)


def _write_lines(table: pa.Table, path: Path) -> None:
    with path.open("w", encoding="utf-8") as file:
        for batch in table.to_batches(max_chunksize=10_000):
            file.writelines(json.dumps(row, default=str, ensure_ascii=False) + "\n" for row in batch.to_pylist())


_WRITERS: dict[str, Callable[[pa.Table, Path], None]] = {
    ".parquet": pyarrow.parquet.write_table,
    ".csv": pyarrow.csv.write_csv,
    ".jsonl": _write_lines,
}
