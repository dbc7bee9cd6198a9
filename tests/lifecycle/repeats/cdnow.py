"""The CDNOW sample as the papers use it: 2,357 customers, calibration to 1997-09-30, one occasion a day."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from pathlib import Path

import pyarrow as pa
from relation_runner import run

from tenure.events.log import EVENTS_TABLE
from tenure.lifecycle.repeats.relation import following_occasions, repeat_history
from tenure.schema import LOG

CALIBRATED = datetime.fromisoformat("1997-10-01")
HOLDOUT_DAYS = 273


@cache
def purchases(folder: Path) -> pa.Table:
    """The sample as a clean log."""
    lines = (folder / "cdnow" / "CDNOW_sample.txt").read_text().split("\n")
    rows = [
        {
            "event_id": f"{i}",
            "user_id": user,
            "event_type": "purchase",
            "timestamp": datetime.fromisoformat(day),
            "value": float(value),
            "role": "commitment",
            "weight": 1.0,
        }
        for i, line in enumerate(lines)
        if line.strip()
        for _, user, day, _, value in [line.split()]
    ]
    return pa.Table.from_pylist(rows, schema=LOG)


def history(folder: Path, as_of: datetime = CALIBRATED) -> pa.Table:
    return run({"events": purchases(folder)}, repeat_history, EVENTS_TABLE, as_of).sort_by("user_id")


def later(folder: Path, as_of: datetime = CALIBRATED, days: int = HOLDOUT_DAYS) -> pa.Table:
    return run({"events": purchases(folder)}, following_occasions, EVENTS_TABLE, as_of, days)
