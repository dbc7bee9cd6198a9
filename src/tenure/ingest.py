"""From sources to the clean log: read, judge, sort, count. Every record is either kept or in quarantine."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa
import pyarrow.parquet as pq
from ibis.expr.types import Table

from tenure.domain import Domain
from tenure.engine.duckdb import DuckDBConfig, DuckDBEngine
from tenure.errors import SourceError
from tenure.events import normalise as norm
from tenure.events import quality
from tenure.events.log import EVENTS_TABLE, ITEMS_TABLE, unbound
from tenure.events.sessions import with_sessions
from tenure.schema import ITEMS, LOG, QUARANTINE, USERS
from tenure.storage.side_tables import SideTable, read_side_table
from tenure.storage.sources import Source, read

Report = Callable[[int], None]
"""Called with the number of records read so far."""


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """What is read, and how."""

    events: Source
    items: Source | None
    users: Source | None
    base: Path
    """Folder that relative paths start from."""
    domain: Domain
    timezone: str = "UTC"
    """Zone of times that name none."""
    reading: norm.NormaliseConfig = field(default_factory=norm.NormaliseConfig)


def ingest(inputs: Inputs, folder: Path, *, now: datetime, engine: DuckDBConfig, report: Report) -> Mapping[str, Any]:
    """Write `events, items, users, quarantine` as Parquet and `quality.json` into an empty folder; returns the quality.

    Args:
        inputs: what to read.
        folder: where to write.
        now: naive UTC; events after it lie in the future.
        engine: limits of memory and threads.
        report: for a progress bar.

    Raises:
        SourceError: a source cannot be read.
    """
    with DuckDBEngine(config=engine, timezone=inputs.timezone) as duck:
        items = _side(duck, inputs.items, inputs, folder / "items.parquet", ITEMS)
        users = _side(duck, inputs.users, inputs, folder / "users.parquet", USERS)
        staged, n_in = _stage(duck, inputs, folder / "staged.parquet", now, report)
        n_kept, repeats_kept = _settle(duck, staged, inputs, folder, [items.quarantine, users.quarantine])
        n_quarantined = pq.read_metadata(folder / "quarantine.parquet").num_rows
        n_in += items.n_in + users.n_in
        n_all_kept = n_kept + items.rows.num_rows + users.rows.num_rows
        if n_in != n_all_kept + n_quarantined:
            raise SourceError(
                f"Records were lost: {n_in} came in, {n_all_kept} were kept, {n_quarantined} set aside. "
                "This is a defect of tenure; please report it with the source"
            )
        (folder / "staged.parquet").unlink()
        measures = _measure(
            duck, folder, n_in, n_all_kept, has_items=inputs.items is not None, repeats_kept=repeats_kept
        )
    found = quality.assess(measures, inputs.domain, max_events_per_hour=inputs.reading.max_events_per_hour)
    (folder / "quality.json").write_text(json.dumps(found, indent=2, default=str), encoding="utf-8")
    return found


def _side(duck: DuckDBEngine, source: Source | None, inputs: Inputs, path: Path, schema: pa.Schema) -> SideTable:
    if source is None:
        table = SideTable(schema.empty_table(), QUARANTINE.empty_table(), 0)
        pq.write_table(table.rows, path)
        return table
    table = read_side_table(source, inputs.base)
    duck.register("side", table.rows)
    side = unbound("side", table.rows.schema)
    read_side = side.mutate(
        created_at=norm.parse_time(side.created_at, inputs.reading.time_format), said=side.created_at
    )
    is_unread = read_side.said.notnull() & read_side.created_at.isnull()
    duck.write(read_side.filter(~is_unread).drop("said"), path)
    return table.without(duck.run(read_side.filter(is_unread).select(schema.names[0], "said")))


def _stage(duck: DuckDBEngine, inputs: Inputs, path: Path, now: datetime, report: Report) -> tuple[Table, int]:
    """Stream every record through `normalise` to disk; returns the staged table and its number of rows."""
    n = 0

    def batches() -> Iterator[pa.RecordBatch]:
        nonlocal n
        for raw in read(inputs.events, inputs.base):
            batch = raw.to_arrow(norm.RAW_EVENTS, n)
            n += batch.num_rows
            report(n)
            yield batch

    # An error while reading must surface as itself, not as the engine's account of it.
    failure: list[BaseException] = []

    def guarded() -> Iterator[pa.RecordBatch]:
        try:
            yield from batches()
        except BaseException as error:
            failure.append(error)
            raise

    duck.register("raw", pa.RecordBatchReader.from_batches(norm.RAW_EVENTS, guarded()))
    events = norm.normalise(unbound("raw", norm.RAW_EVENTS), inputs.domain, now, inputs.reading)
    try:
        duck.write(events, path)
    except Exception:
        if failure:
            raise failure[0] from None
        raise
    duck.register("staged", path)
    return ibis.table(events.schema(), name="staged"), n


def _settle(
    duck: DuckDBEngine, staged: Table, inputs: Inputs, folder: Path, side_quarantines: list[pa.Table]
) -> tuple[int, int]:
    """Split the staged records into the log and the quarantine; returns (kept events, repeats that were kept)."""
    repeated = duck.materialise("repeated", norm.repeats(staged))
    inhuman = duck.materialise("inhuman", norm.inhuman_users(staged, inputs.reading.max_events_per_hour))
    judged = norm.judge(staged, repeated, inhuman, duplicates=inputs.reading.duplicates)
    duck.register("more_quarantine", pa.concat_tables(side_quarantines))
    duck.write(norm.quarantined(judged).union(unbound("more_quarantine", QUARANTINE)), folder / "quarantine.parquet")
    good = judged.filter(judged.reason.isnull())
    good = duck.materialise("good", with_sessions(good, inputs.domain.session_gap_minutes))
    n_kept = duck.write(good.order_by("user_id", "timestamp", "row").select(*LOG.names), folder / "events.parquet")
    n_repeats = (
        duck.run(good.filter(~good.has_own_id & good.event_id.contains("#")).agg(n=ibis._.count()))
        .column("n")[0]
        .as_py()
    )
    return n_kept, n_repeats


def _measure(
    duck: DuckDBEngine, folder: Path, n_in: int, n_kept: int, *, has_items: bool, repeats_kept: int
) -> quality.Measures:
    duck.register("events", folder / "events.parquet")
    duck.register("items", folder / "items.parquet")
    days = duck.run(quality.daily(EVENTS_TABLE))
    reasons = (
        pq.read_table(folder / "quarantine.parquet", columns=["reason"]).column("reason").value_counts().to_pylist()
    )
    return quality.Measures(
        n_in=n_in,
        n_kept=n_kept,
        reasons={row["values"]: row["counts"] for row in reasons},
        summary=duck.run(quality.summary(EVENTS_TABLE, ITEMS_TABLE)).to_pylist()[0],
        types=duck.run(quality.event_types(EVENTS_TABLE)).to_pylist(),
        daily=list(zip(days.column("day").to_pylist(), days.column("n_events").to_pylist(), strict=True)),
        has_items=has_items,
        repeats_kept=repeats_kept,
    )
