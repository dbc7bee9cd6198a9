"""What is kept of the past does not depend on what happens later, not even in the judging of the sources."""

from __future__ import annotations

from datetime import datetime, timedelta

import pyarrow.parquet as pq
import pytest

from tenure.domains.ecommerce import DOMAIN
from tenure.engine.duckdb import DuckDBConfig
from tenure.ingest import Inputs, ingest
from tenure.storage.sources import Source

CUT = datetime(2024, 3, 1)
HEADER = "event_id,user_id,item_id,event_type,timestamp,value"


def whole_days():
    """Fifty records without ids, each twice: repeats that "auto" keeps, since their times are whole days."""
    return [f",u{n % 5},i{n},purchase,2024-02-{1 + n % 28:02d},3" for n in range(50)] * 2


def with_ids():
    return [f"e{n},u{n % 5},i{n},purchase,2024-02-{1 + n % 28:02d}T08:00:00,3" for n in range(50)]


FUTURES = {
    "none": [],
    "a burst that no human makes": [
        f"x{n},u0,i1,view,{(datetime(2024, 3, 5) + timedelta(seconds=n)).isoformat()},1" for n in range(1200)
    ],
    "times of day where there were none": [f"y{n},u1,i1,purchase,2024-03-0{1 + n % 9}T09:30:00,1" for n in range(400)],
    "an id that was there before": ["e7,u2,i9,purchase,2024-03-08T09:30:00,1"],
}


def kept_of_the_past(folder, rows):
    folder.mkdir()
    (folder / "e.csv").write_text("\n".join([HEADER, *rows]))
    log = folder / "log"
    log.mkdir()
    source = Source(kind="events", inputs=["e.csv"], columns={})
    inputs = Inputs(events=source, items=None, users=None, base=folder, domain=DOMAIN)
    ingest(inputs, log, now=datetime(2026, 1, 1), engine=DuckDBConfig(threads=1), report=lambda _: None)
    rows = pq.read_table(log / "events.parquet").drop_columns(["event_id"]).to_pylist()
    return sorted(str(row) for row in rows if row["timestamp"] < CUT)


@pytest.mark.parametrize("future", [name for name in FUTURES if name != "none"])
@pytest.mark.parametrize("past", [whole_days, with_ids])
@pytest.mark.parametrize("first", ["past", "future"])
def test_no_future_changes_the_past(tmp_path, past, future, first):
    rows = past(), FUTURES[future]
    together = [*rows[0], *rows[1]] if first == "past" else [*rows[1], *rows[0]]
    expected = kept_of_the_past(tmp_path / "alone", past())
    assert len(expected) == len(past())
    assert kept_of_the_past(tmp_path / "together", together) == expected
