"""The measured tasks, as tenure does them: relations compiled by Ibis, run by DuckDB."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow as pa

from tenure.engine.duckdb import DuckDBEngine
from tenure.events.log import EVENTS_TABLE, ITEMS_TABLE
from tenure.lifecycle.activity import active_periods
from tenure.lifecycle.cohorts import calendar_ages, retention
from tenure.lifecycle.growth import growth
from tenure.lifecycle.states import state_counts
from tenure.profiles.activity import activity

# The peers number weeks: a few hundred rows are renumbered here, so that results can be compared.
WEEK = "(epoch({}) // 86400 + 3)::BIGINT // 7"


def features(folder: Path, as_of: datetime) -> pa.Table:
    with _engine(folder) as engine:
        return engine.run(activity(EVENTS_TABLE, ITEMS_TABLE, as_of))


def states(folder: Path, as_of: datetime) -> pa.Table:
    with _engine(folder) as engine:
        active = engine.materialise("active", active_periods(EVENTS_TABLE, as_of, "week"))
        tables = {"accounts": engine.run(growth(active, as_of, "week"))}
        tables["counts"] = engine.run(state_counts(active, as_of, "week"))
    week = f"{WEEK.format('period_start')} AS week"
    counts = f"PIVOT (SELECT {week}, state, n_users FROM counts) ON state USING sum(n_users)"
    accounts = f"SELECT {week}, n_active, n_new, n_returning, n_resurrecting, n_dormant FROM accounts"
    return _query(f"FROM ({accounts}) JOIN ({counts}) USING (week)", tables)


def cohorts(folder: Path, as_of: datetime) -> pa.Table:
    with _engine(folder) as engine:
        active = engine.materialise("active", active_periods(EVENTS_TABLE, as_of, "week"))
        cells = engine.run(retention(calendar_ages(active), as_of, "week"))
    seen = f"SELECT {WEEK.format('cohort_start')} AS cohort, age, n_retained FROM cells WHERE n_retained > 0"
    return _query(seen, {"cells": cells})


def _engine(folder: Path) -> DuckDBEngine:
    return DuckDBEngine({name: folder / f"{name}.parquet" for name in ("events", "items")})


def _query(text: str, tables: dict[str, pa.Table]) -> pa.Table:
    with duckdb.connect() as connection:
        for name, table in tables.items():
            connection.register(name, table)
        return connection.sql(text).to_arrow_table()
