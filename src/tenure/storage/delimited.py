"""CSV, TSV and other delimited text: finds the delimiter, reads in blocks, keeps every broken record."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pc_csv
from numpy.typing import NDArray

from tenure.errors import SourceError
from tenure.events.columns import GATHERED, ColumnMap
from tenure.storage.records import BLOCK_BYTES, RawBatch, gather, read_lines

DELIMITERS = (",", "\t", ";", "|")
WHITESPACE = "whitespace"


@dataclass(frozen=True)
class Layout:
    """How a delimited file is laid out."""

    columns: tuple[str, ...]
    delimiter: str
    encoding: str


def delimited_columns(path: Path, encoding: str = "utf-8") -> Layout:
    """The header of a file, and the delimiter that it shows.

    Raises:
        SourceError: the file is empty, or its header cannot be read.
    """
    head = _head(path)
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    if not head.strip(b"\xef\xbb\xbf \t\r\n"):
        raise SourceError(f"{path}: the file is empty; expected a header line and at least one event")
    try:
        text = head.decode(
            "utf-8-sig" if encoding == "utf-8" else encoding, errors="replace" if encoding == "utf-8" else "ignore"
        )
    except LookupError as error:
        raise SourceError(f"{path}: there is no encoding '{encoding}'") from error
    header = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")[0]
    if "\x00" in header:
        raise SourceError(f"{path}: the header holds NUL bytes; this is not a text file (or set its encoding)")
    widths = {delimiter: len(_split(header, delimiter)) for delimiter in DELIMITERS}
    delimiter = max(DELIMITERS, key=lambda d: widths[d])
    if widths[delimiter] == 1 and len(header.split()) > 1:
        return Layout(tuple(header.split()), WHITESPACE, encoding)
    return Layout(tuple(name.strip() for name in _split(header, delimiter)), delimiter, encoding)


def _head(path: Path) -> bytes:
    with pa.input_stream(str(path), compression="detect") as stream:
        head: bytes = stream.read(1 << 16)
        while head and not any(end in head for end in (b"\n", b"\r")) and len(head) < BLOCK_BYTES:
            more = stream.read(1 << 20)
            if not more:
                break
            head += more
    return head


def _split(line: str, delimiter: str) -> list[str]:
    return next(csv.reader(io.StringIO(line), delimiter=delimiter), [])


def read_delimited(path: Path, layout: Layout, columns: ColumnMap) -> Iterator[RawBatch]:
    """Every record of a delimited file.

    Raises:
        SourceError: a mapped column stands twice in the header, or a record is longer than BLOCK_BYTES (an open quote).
    """
    wanted = sorted({path_ for paths in columns.paths.values() for path_ in paths})
    for name in wanted:
        if layout.columns.count(name) > 1:
            raise SourceError(
                f"{path}: the header names '{name}' {layout.columns.count(name)} times; rename one of them"
            )
    blocks = _whitespace_blocks(path, layout) if layout.delimiter == WHITESPACE else _arrow_blocks(path, layout, wanted)
    for texts, lines, faults, records in blocks:
        yield RawBatch(path.name, _fields(texts, columns, len(lines)), lines, faults, records)


_Block = tuple[dict[str, pa.Array], pa.Array, pa.Array, pa.Array]


def _fields(texts: dict[str, pa.Array], columns: ColumnMap, n: int) -> dict[str, pa.Array]:
    fields = {}
    for field, paths in columns.paths.items():
        if field in GATHERED and (len(paths) > 1 or field != "categories"):
            rows = zip(*[texts[path].to_pylist() for path in paths], strict=True) if n else []
            fields[field] = pa.array([_gathered(field, paths, row) for row in rows], pa.string())
        elif len(paths) > 1:
            fields[field] = pc.coalesce(*[_without_blanks(texts[path]) for path in paths])
        else:
            fields[field] = texts[paths[0]]
    return fields


def _gathered(field: str, paths: Sequence[str], row: Sequence[Any]) -> str | None:
    parts = [(path.split(":")[0], value) for path, value in zip(paths, row, strict=True) if value not in (None, "")]
    return gather(field, parts) if parts else None


def _without_blanks(text: pa.Array) -> pa.Array:
    return pc.if_else(pc.equal(text, ""), None, text)


def _arrow_blocks(path: Path, layout: Layout, wanted: list[str]) -> Iterator[_Block]:
    invalid: list[tuple[int, str]] = []
    empty: NDArray[np.int64] | None = None

    def keep_invalid(row: Any) -> str:
        invalid.append((row.number, row.text))
        return "skip"

    names = [f"c{place}" for place in range(len(layout.columns))]
    of = {name: names[layout.columns.index(name)] for name in wanted}
    with pa.input_stream(str(path), compression="detect") as stream:
        try:
            reader = pc_csv.open_csv(
                stream,
                # One thread: only then does the reader know the number of a broken record.
                pc_csv.ReadOptions(
                    use_threads=False,
                    block_size=BLOCK_BYTES,
                    column_names=names,
                    skip_rows=1,
                    encoding=_codec(layout.encoding),
                ),
                pc_csv.ParseOptions(
                    delimiter=layout.delimiter,
                    newlines_in_values=True,
                    ignore_empty_lines=False,
                    invalid_row_handler=keep_invalid,
                ),
                pc_csv.ConvertOptions(column_types=dict.fromkeys(names, pa.binary()), strings_can_be_null=False),
            )
        except pa.ArrowInvalid as error:
            if "Empty CSV" in str(error) or "Could not skip" in str(error):
                return  # a header and nothing else
            _refuse_too_long(path, error)
            raise
        number = 2  # physical row, the header being the first
        try:
            for batch in reader:
                blank = _blank_rows(batch)
                if blank.any():
                    empty = _empty_lines(path) if empty is None else empty
                numbers, number = _physical_rows(batch.num_rows, number, [place for place, _ in invalid])
                if empty is not None:
                    blank &= np.isin(numbers + 1, empty)
                kept = batch.filter(pa.array(~blank)) if blank.any() else batch
                yield _block({name: kept.column(of[name]) for name in wanted}, numbers[~blank])
        except pa.ArrowInvalid as error:
            _refuse_too_long(path, error)
            raise
    if invalid:
        numbers = pa.array([place - 1 for place, _ in invalid], pa.int64())
        nothing = {name: pa.nulls(len(invalid), pa.string()) for name in wanted}
        texts = pa.array([_decoded(text)[:1000] for _, text in invalid], pa.string())
        yield nothing, numbers, pa.repeat(pa.scalar("wrong_field_count"), len(invalid)), texts


def _refuse_too_long(path: Path, error: pa.ArrowInvalid) -> None:
    if "straddling" in str(error) or "block size" in str(error):
        limit = f"{BLOCK_BYTES >> 20} MB"
        raise SourceError(
            f"{path}: a record is longer than {limit}; most likely a quote was opened and never closed"
        ) from error


def _codec(encoding: str) -> str:
    return "utf8" if encoding == "utf-8" else encoding


def _blank_rows(batch: pa.RecordBatch) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Rows of empty fields only: a line without anything, which is no record, or one of nothing but delimiters."""
    lengths = [pc.binary_length(column).to_numpy(zero_copy_only=False) for column in batch.columns]
    return np.asarray(np.sum(lengths, axis=0) == 0)


def _empty_lines(path: Path) -> NDArray[np.int64]:
    """Numbers of the lines without anything, the first being 1; only a file with rows of empty fields is asked."""
    return np.array([number for number, line in enumerate(read_lines(path), start=1) if not line.strip()], np.int64)


def _physical_rows(n: int, start: int, invalid: list[int]) -> tuple[np.ndarray[Any, np.dtype[np.int64]], int]:
    """Numbers of the n good rows from `start` on, leaving out the broken ones, and where the next block starts."""
    broken = np.asarray([place for place in invalid if place >= start], dtype=np.int64)
    numbers = np.arange(start, start + n + len(broken), dtype=np.int64)
    numbers = numbers[~np.isin(numbers, broken)][:n]
    return numbers - 1, int(numbers[-1]) + 1 if n else start


def _block(binary: dict[str, pa.Array], lines: np.ndarray[Any, np.dtype[np.int64]]) -> _Block:
    n = len(lines)
    faults: list[str | None] | None = None
    texts: dict[str, pa.Array] = {}
    for name, column in binary.items():
        try:
            texts[name] = column.cast(pa.string())
        except pa.ArrowInvalid:
            values = column.to_pylist()
            faults = faults or [None] * n
            for place, value in enumerate(values):
                if value is not None and not _is_utf8(value):
                    faults[place] = "not_utf8"
            texts[name] = pa.array([None if value is None else _decoded(value) for value in values], pa.string())
    fault_array = pa.array(faults, pa.string()) if faults else pa.nulls(n, pa.string())
    return texts, pa.array(lines, pa.int64()), fault_array, pa.nulls(n, pa.string())


def _is_utf8(value: bytes) -> bool:
    try:
        value.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _decoded(value: bytes | str) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def _whitespace_blocks(path: Path, layout: Layout) -> Iterator[_Block]:
    """Columns set apart by any run of blanks (CDNOW, many scientific files)."""
    width = len(layout.columns)
    rows: list[list[str | None]] = []
    lines: list[int] = []
    faults: list[str | None] = []
    records: list[str | None] = []

    def flush() -> _Block:
        columns = zip(*rows, strict=True) if rows else [()] * width
        texts = {name: pa.array(values, pa.string()) for name, values in zip(layout.columns, columns, strict=True)}
        block = (texts, pa.array(lines, pa.int64()), pa.array(faults, pa.string()), pa.array(records, pa.string()))
        for collected in (rows, lines, faults, records):
            collected.clear()
        return block

    for number, raw in enumerate(read_lines(path)):
        if number == 0 or not raw.strip():
            continue
        parts: list[str] = raw.decode("utf-8", "replace").split()
        fault = None if len(parts) == width else "wrong_field_count"
        fault = fault if _is_utf8(raw) else "not_utf8"
        rows.append([None] * width if fault else list(parts))
        lines.append(number)
        faults.append(fault)
        records.append(" ".join(parts)[:1000] if fault else None)
        if len(rows) >= 50_000:
            yield flush()
    yield flush()
