"""Cohort retention: of the users who came first in the same period, how many come back at age 0, 1, 2 ...?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import ibis
from ibis.expr.types import IntegerValue, Table

from tenure.domain import Period
from tenure.errors import ConfigError
from tenure.events.log import before, is_activity
from tenure.lifecycle.activity import total
from tenure.lifecycle.periods import PERIOD_DAYS, last_begun, last_complete, period_number, period_start, seconds_of
from tenure.schema import SECONDS_PER_DAY

Rule = Literal["on", "on_or_after"]
Clock = Literal["calendar", "rolling"]


@dataclass(frozen=True, kw_only=True)
class CohortConfig:
    """What counts as being retained."""

    rule: Rule = "on"
    """`on`: active at that very age. `on_or_after`: active at that age or later (unbounded retention; it never rises
    with age)."""
    clock: Clock = "calendar"
    """`calendar`: age in calendar periods; someone who comes at 23:45 and again at 00:01 was back on day 1. `rolling`:
    age in periods of 1, 7 or 30 times 24 hours from the user's own first event."""

    def __post_init__(self) -> None:
        if self.rule not in ("on", "on_or_after"):
            raise ConfigError(f"cohorts.rule: expected 'on' or 'on_or_after', got '{self.rule}'")
        if self.clock not in ("calendar", "rolling"):
            raise ConfigError(f"cohorts.clock: expected 'calendar' or 'rolling', got '{self.clock}'")


def calendar_ages(active: Table) -> Table:
    """At which ages, in calendar periods, was each user there? `user_id, cohort, age`, from `active_periods`."""
    return active.select("user_id", cohort=active.first_period, age=active.period - active.first_period)


def rolling_ages(events: Table, as_of: datetime, period: Period) -> Table:
    """At which ages, on their own clock, was each user there? `user_id, cohort, age`; cohorts stay calendar periods."""
    cut = before(events, as_of)
    active = cut.filter(is_activity(cut)).select("user_id", "timestamp")
    first = active.timestamp.min().over(ibis.window(group_by="user_id"))
    timed = active.mutate(first=first)
    seconds = timed.timestamp.epoch_seconds() - timed.first.epoch_seconds()
    age = (seconds // (PERIOD_DAYS[period] * SECONDS_PER_DAY)).cast("int64")
    return timed.select("user_id", cohort=period_number(timed.first, period), age=age).distinct()


def retention(ages: Table, as_of: datetime, period: Period, config: CohortConfig = CohortConfig()) -> Table:
    """Which share of each first-time cohort comes back, by age?

    Args:
        ages: `calendar_ages` or `rolling_ages`, as the configured clock says, of the same `as_of` and `period`.
        as_of: the cut-off.
        period: day, week or month.
        config: rule and clock.

    Returns `cohort_start, age, n_users (size of the cohort), n_retained, rate, is_complete`. A cell is complete when
    the youngest possible member of the cohort has lived through that age; only then it has a rate, so every user in a
    denominator was old enough. In other cells `n_retained` is what was seen so far and the rate is null, never 0.

    Source: Amplitude, "Retention analysis" (24 hour clock); PostHog, retention_query_runner.py (calendar clock,
    cumulative).
    """
    grid = _grid(ages, as_of, period, config.clock)
    retained = _retained_on(ages) if config.rule == "on" else _retained_on_or_after(ages, grid)
    table = grid.left_join(retained, ["cohort", "age"]).drop("cohort_right", "age_right")
    n_retained = table.n_retained.fill_null(0)
    is_complete = _is_complete(table.cohort, table.age, as_of, period, config.clock)
    return table.select(
        cohort_start=period_start(table.cohort, period),
        age=table.age,
        n_users=table.n_users,
        n_retained=n_retained,
        rate=ibis.ifelse(is_complete, n_retained / table.n_users, None),
        is_complete=is_complete,
    ).order_by("cohort_start", "age")


def average_retention(cells: Table) -> Table:
    """How does retention fall with age over all cohorts? Complete cells only.

    `cells` is the result of `retention`. Returns `age, n_cohorts, n_users, weighted_rate, simple_rate`: weighted by
    cohort size (a user counts once) and simple (a cohort counts once; a cohort of ten can swing it).
    """
    complete = cells.filter(cells.is_complete)
    averages = complete.group_by("age").aggregate(
        n_cohorts=complete.count(),
        n_users=total(complete.n_users),
        weighted_rate=complete.n_retained.sum() / complete.n_users.sum(),
        simple_rate=complete.rate.mean(),
    )
    return averages.order_by("age")


def _retained_on(ages: Table) -> Table:
    return ages.group_by("cohort", "age").aggregate(n_retained=ages.count())


def _retained_on_or_after(ages: Table, grid: Table) -> Table:
    oldest = ages.group_by("user_id", "cohort").aggregate(age=ages.age.max())
    ends = oldest.group_by("cohort", "age").aggregate(n_last=oldest.count())
    cells = grid.left_join(ends, ["cohort", "age"])
    cells = cells.select("cohort", "age", n_last=cells.n_last.fill_null(0))
    from_here_on = ibis.cumulative_window(group_by="cohort", order_by=ibis.desc("age"))
    return cells.select("cohort", "age", n_retained=total(cells.n_last, over=from_here_on))


def _grid(ages: Table, as_of: datetime, period: Period, clock: Clock) -> Table:
    """Every cohort with its size, and every age that any of its members can have reached."""
    sizes = ages.group_by("cohort").aggregate(n_users=ages.count(where=ages.age == 0))
    if clock == "calendar":
        oldest = last_begun(as_of, period) - sizes.cohort
    else:
        lived = seconds_of(as_of) - period_start(sizes.cohort, period).epoch_seconds()
        oldest = (lived // (PERIOD_DAYS[period] * SECONDS_PER_DAY)).cast("int64")
    return sizes.mutate(age=ibis.range(0, oldest + 1).unnest())


def _is_complete(
    cohort: IntegerValue, age: IntegerValue, as_of: datetime, period: Period, clock: Clock
) -> ibis.expr.types.BooleanValue:
    if clock == "calendar":
        return cohort + age <= last_complete(as_of, period)
    last_arrival = period_start(cohort + 1, period).epoch_seconds()
    return last_arrival + (age + 1) * (PERIOD_DAYS[period] * SECONDS_PER_DAY) <= seconds_of(as_of)
