"""How fast is a log of many gigabytes read, and in how much memory?

    python benchmarks/ingest.py --gigabytes 5

Writes a CSV of that size into a temporary folder (random rows), ingests it in a process of its own and prints a
Markdown table.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc_csv

ROWS = 1_000_000


def write_log(path: Path, gigabytes: float) -> int:
    """A CSV of about that size; returns its number of rows."""
    rng = np.random.default_rng(0)
    n_rows, schema = 0, None
    with path.open("wb") as sink:
        while sink.tell() < gigabytes * 1e9:
            seconds = rng.integers(1_700_000_000, 1_731_000_000, ROWS)
            chunk = pa.table(
                {
                    "user_id": pa.array(rng.integers(0, 2_000_000, ROWS)).cast(pa.string()),
                    "item_id": pa.array(rng.integers(0, 100_000, ROWS)).cast(pa.string()),
                    "event_type": pa.array(np.array(["view", "add_to_cart", "purchase"])[rng.integers(0, 3, ROWS)]),
                    "timestamp": pa.array(seconds, pa.timestamp("s")).cast(pa.string()),
                    "value": np.round(rng.gamma(2.0, 10.0, ROWS), 2),
                    "note": pa.array(["a field that nobody maps, as logs have many of them"] * ROWS),
                }
            )
            schema = schema or chunk.schema
            pc_csv.write_csv(chunk, sink, pc_csv.WriteOptions(include_header=n_rows == 0))
            n_rows += ROWS
    return n_rows


def measured(folder: Path) -> dict[str, float]:
    """Ingest the log in this process; seconds, peak memory and what came of it."""
    from tenure.domains.ecommerce import DOMAIN
    from tenure.engine.duckdb import DuckDBConfig
    from tenure.ingest import Inputs, ingest
    from tenure.storage.sources import Source

    log = folder / "log"
    log.mkdir()
    inputs = Inputs(
        events=Source(kind="events", inputs=["log.csv"], columns={}), items=None, users=None, base=folder, domain=DOMAIN
    )
    started = time.perf_counter()
    quality = ingest(inputs, log, now=datetime(2026, 1, 1), engine=DuckDBConfig(), report=lambda _: None)
    return {
        "seconds": time.perf_counter() - started,
        "peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
        "n_in": quality["n_in"],
        "n_kept": quality["n_kept"],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gigabytes", type=float, default=5.0)
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        print(json.dumps(measured(given.measure)))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        n_rows = write_log(folder / "log.csv", given.gigabytes)
        size = (folder / "log.csv").stat().st_size / 1e9
        command = [sys.executable, __file__, "--measure", str(folder)]
        found = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    print("| CSV | records | read, judged, sorted in | records/s | peak memory |")
    print("|---|---|---|---|---|")
    speed = n_rows / found["seconds"]
    print(f"| {size:.1f} GB | {n_rows:,} | {found['seconds']:.0f} s | {speed:,.0f} | {found['peak_gb']:.1f} GB |")
    assert found["n_in"] == n_rows


if __name__ == "__main__":
    main()
