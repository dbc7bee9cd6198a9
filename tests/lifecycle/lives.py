"""Logs written as lives: who did what on which day."""

from __future__ import annotations

from datetime import datetime, timedelta

import pyarrow as pa
from ibis.expr.types import Table

from tenure.lifecycle.activity import active_periods
from tenure.lifecycle.cohorts import CohortConfig, calendar_ages, retention, rolling_ages
from tenure.lifecycle.growth import growth
from tenure.lifecycle.states import reach, return_rates, state_counts
from tenure.lifecycle.stickiness import stickiness
from tenure.lifecycle.thresholds import evidence
from tenure.schema import LOG

START = datetime.fromisoformat("2024-01-01")


def log_of(*events: tuple) -> pa.Table:
    """A log of (user, days after the start, role, value?)."""
    rows = [
        {
            "event_id": f"e{i}",
            "user_id": user,
            "event_type": role or "unheard_of",
            "timestamp": START + timedelta(days=day),
            "value": value[0] if value else None,
            "role": role,
            "weight": 1.0,
        }
        for i, (user, day, role, *value) in enumerate(events)
    ]
    return pa.Table.from_pylist(rows, schema=LOG)


def at(day: float) -> datetime:
    return START + timedelta(days=day)


# The relations of the room on the log itself: what a pipeline does in two steps.


def growth_of(events: Table, as_of: datetime, period: str) -> Table:
    return growth(active_periods(events, as_of, period), as_of, period)


def growth_with(events: Table, users: Table, as_of: datetime, period: str) -> Table:
    return growth(active_periods(events, as_of, period), as_of, period, users)


def states_of(events: Table, as_of: datetime, period: str) -> Table:
    return state_counts(active_periods(events, as_of, period), as_of, period)


def rates_of(events: Table, as_of: datetime, period: str) -> Table:
    return return_rates(active_periods(events, as_of, period), as_of, period)


def reach_of(events: Table, as_of: datetime, period: str) -> Table:
    return reach(states_of(events, as_of, period))


def retention_of(events: Table, as_of: datetime, period: str, config: CohortConfig = CohortConfig()) -> Table:
    if config.clock == "calendar":
        ages = calendar_ages(active_periods(events, as_of, period))
    else:
        ages = rolling_ages(events, as_of, period)
    return retention(ages, as_of, period, config)


def stickiness_of(events: Table, as_of: datetime, period: str, n_periods: int) -> Table:
    return stickiness(active_periods(events, as_of, period), as_of, period, n_periods)


def evidence_of(events: Table, as_of: datetime) -> Table:
    return evidence(events, active_periods(events, as_of, "day"), as_of)
