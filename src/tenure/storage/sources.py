"""Reads any accepted input as a stream of raw text records, each with the place where it stood.

Accepted: paths and globs of CSV, TSV and other delimited text, JSON lines and Parquet (plain, .gz, .zst, .bz2), and
anything with an Arrow C stream: pandas, Polars, DuckDB relations, Arrow tables and readers. Memory is bounded by one
block, whatever the size of the source.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa

from tenure.errors import SourceError
from tenure.events.columns import ColumnMap, Kind, resolve
from tenure.storage.delimited import delimited_columns, read_delimited
from tenure.storage.records import RawBatch, read_json_lines, seen_in_json
from tenure.storage.typed import parquet_columns, read_parquet, read_stream

TEXT_SUFFIXES = {".csv", ".tsv", ".txt", ".inter", ".item", ".user", ".dat"}
JSON_SUFFIXES = {".jsonl", ".ndjson", ".json"}
PARQUET_SUFFIXES = {".parquet", ".pq"}
COMPRESSED = {".gz", ".zst", ".bz2"}


@dataclass(frozen=True, kw_only=True)
class Source:
    """One kind of input: where it is and which of its columns is what."""

    kind: Kind
    inputs: Sequence[Any]
    """Paths, globs, or objects with an Arrow C stream."""
    columns: Mapping[str, Any]
    """The user's own map, field -> column(s)."""
    preset: str | None = None
    encoding: str = "utf-8"
    """Of delimited text."""


def read(source: Source, base: Path) -> Iterator[RawBatch]:
    """Every record of a source, in order, as raw text.

    Args:
        source: what to read.
        base: folder that relative paths start from.

    Raises:
        SourceError: nothing matches, a file is unreadable or broken, or a required column cannot be found.
    """
    for path in files_of(source, base):
        yield from _read_file(path, source, os.path.relpath(path, base))
    for given in source.inputs:
        if not isinstance(given, str | Path):
            yield from read_stream(given, lambda names, label: _resolve(source, names, label))


def files_of(source: Source, base: Path) -> list[Path]:
    """The files of a source, each once, even where two of its patterns mean it.

    Raises:
        SourceError: a pattern means no file.
    """
    patterns = [given for given in source.inputs if isinstance(given, str | Path)]
    return list(dict.fromkeys(path for pattern in patterns for path in expand(pattern, base)))


def columns_of(source: Source, base: Path) -> ColumnMap:
    """Which column of the first file (or table) of a source is read as which field?

    Raises:
        SourceError: there is no file, or a required field has no column.
    """
    first = source.inputs[0]
    if isinstance(first, pa.Table):
        return _resolve(source, first.schema.names, f"the table of {source.kind}")
    path = expand(first, base)[0]
    form = _form(path)
    if form == "parquet":
        return _resolve(source, parquet_columns(path), path.name)
    if form == "text":
        return _resolve(source, delimited_columns(path, source.encoding).columns, path.name)
    return seen_in_json(path, _resolve(source, None, path.name))


def expand(pattern: str | Path, base: Path) -> list[Path]:
    """The files that a path or glob means, in order of name.

    Raises:
        SourceError: none.
    """
    # By its name alone: a folder that is yet to be made, or a link, must not change what ".." means.
    given = Path(pattern).expanduser()
    absolute = os.path.abspath(base / given)  # noqa: PTH100  (resolve() would follow links)
    # Only what the user wrote is a pattern; the folder of the project may hold brackets in its name.
    wild = os.path.abspath(glob.escape(str(base.absolute())) / given)  # noqa: PTH100
    found = [absolute] if Path(absolute).is_file() else sorted(glob.glob(wild, recursive=True))  # noqa: PTH207
    files = [Path(name) for name in found if Path(name).is_file()]
    if not files:
        raise SourceError(
            f"No file matches '{pattern}' (looked for {absolute}); check the path, and quote globs in the shell"
        )
    return files


def _read_file(path: Path, source: Source, label: str) -> Iterator[RawBatch]:
    form = _form(path)
    try:
        if form == "parquet":
            batches = read_parquet(path, _resolve(source, parquet_columns(path), label))
        elif form == "json":
            batches = read_json_lines(path, _resolve(source, None, label))
        else:
            layout = delimited_columns(path, source.encoding)
            batches = read_delimited(path, layout, _resolve(source, layout.columns, label))
        for batch in batches:
            yield replace(batch, source=label)
    except SourceError:
        raise
    except (OSError, EOFError, UnicodeError, pa.ArrowException) as error:
        raise SourceError(
            f"{path}: the file cannot be read to its end ({_first_line(error)}); it may be truncated or of another "
            "format. Nothing was taken; mend or remove the file and run again"
        ) from error


def _form(path: Path) -> Literal["parquet", "json", "text"]:
    """The format that the ending of a file names.

    Raises:
        SourceError: none that is known.
    """
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] in COMPRESSED:
        suffixes.pop()
    suffix = suffixes[-1] if suffixes else ""
    if suffix in PARQUET_SUFFIXES:
        return "parquet"
    if suffix in JSON_SUFFIXES:
        return "json"
    if suffix in TEXT_SUFFIXES:
        return "text"
    known = ", ".join(sorted(TEXT_SUFFIXES | JSON_SUFFIXES | PARQUET_SUFFIXES))
    raise SourceError(
        f"{path}: cannot tell the format from the ending '{suffix}'; expected one of {known}, "
        "with or without .gz, .zst or .bz2 behind it"
    )


def _resolve(source: Source, available: Sequence[str] | None, label: str) -> ColumnMap:
    return resolve(source.kind, available, chosen=source.columns, preset=source.preset, source=label)


def _first_line(error: BaseException) -> str:
    return str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
