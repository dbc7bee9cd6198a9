"""Who was active in which period: made once from the log, everything else here is counted from it."""

from __future__ import annotations

from datetime import datetime

import ibis
from ibis.expr.types import BooleanValue, IntegerValue, Table

from tenure.domain import Period
from tenure.events.log import before, is_activity
from tenure.lifecycle.periods import period_number


def active_periods(events: Table, as_of: datetime, period: Period) -> Table:
    """In which periods was each user there, and when before and after?

    Columns: `user_id, period, first_period, previous_period?, next_period?`: period numbers (see `periods`), one row
    per user and period with any activity before `as_of`. The neighbours are the user's own; null at the ends.
    Materialise it: everything else in this room only counts its rows.
    """
    cut = before(events, as_of)
    active = cut.filter(is_activity(cut))
    distinct = active.select("user_id", period=period_number(active.timestamp, period)).distinct()
    in_order = ibis.window(group_by="user_id", order_by="period")
    return distinct.mutate(
        first_period=distinct.period.min().over(ibis.window(group_by="user_id")),
        previous_period=distinct.period.lag().over(in_order),
        next_period=distinct.period.lead().over(in_order),
    )


def every_period(active: Table, last: int) -> Table:
    """All periods from the first with activity to `last`, also those in which nobody came: one column, `period`."""
    span = active.aggregate(first=active.period.min())
    return span.select(period=ibis.range(span.first, last + 1).unnest())


def total(
    count: IntegerValue, *, where: BooleanValue | None = None, over: ibis.expr.builders.WindowBuilder | None = None
) -> IntegerValue:
    """The sum of a count, as a count.

    Engines widen sums of integers, DuckDB to 128 bits, which Arrow reads as decimals; doubles are exact to 2 ** 53.
    """
    found = count.cast("float64").sum(where=where)
    return (found if over is None else found.over(over)).cast("int64")
