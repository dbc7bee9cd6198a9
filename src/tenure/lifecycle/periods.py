"""Days, weeks and months as whole numbers, so that "the period before" is minus one and needs no calendar.

A period is numbered from the one that holds 1970-01-01. Weeks start on Monday (ISO 8601). All times are UTC.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import ibis
from ibis.expr.types import IntegerValue, TimestampValue

from tenure.domain import Period
from tenure.events.log import cutoffs
from tenure.schema import SECONDS_PER_DAY

PERIOD_DAYS: dict[Period, int] = {"day": 1, "week": 7, "month": 30}
"""Length of a period where it must be a fixed number of days (a user's own clock)."""

_DAY_ZERO = datetime(1970, 1, 1)  # noqa: DTZ001 - naive is UTC here
_MONDAY_SHIFT = 3  # 1970-01-01 was a Thursday
_BETWEEN_DAY_AND_WEEK = (1 * 7) ** 0.5
_BETWEEN_WEEK_AND_MONTH = (7 * 30) ** 0.5


def natural_period(median_gap_days: float | None) -> Period:
    """How often do people naturally come: by the day, the week or the month?

    The period whose length is nearest to the median gap between active days on a logarithmic scale: about one visit per
    period. A week where nobody ever came back and nothing is known.

    >>> natural_period(1.0), natural_period(3.0), natural_period(34.0)
    ('day', 'week', 'month')
    """
    if median_gap_days is None:
        return "week"
    if median_gap_days <= _BETWEEN_DAY_AND_WEEK:
        return "day"
    return "week" if median_gap_days <= _BETWEEN_WEEK_AND_MONTH else "month"


def number_of(time: datetime, period: Period) -> int:
    """In which period does a moment lie?

    >>> number_of(datetime(1970, 1, 5), "week"), number_of(datetime(1997, 2, 1), "month")
    (1, 325)
    """
    if period == "month":
        return (time.year - 1970) * 12 + time.month - 1
    day = (time - _DAY_ZERO).days
    return day if period == "day" else (day + _MONDAY_SHIFT) // 7


def start_of(number: int, period: Period) -> datetime:
    """When does a period begin?

    >>> start_of(1, "week").isoformat(), start_of(325, "month").isoformat()
    ('1970-01-05T00:00:00', '1997-02-01T00:00:00')
    """
    if period == "month":
        return datetime(1970 + number // 12, number % 12 + 1, 1)  # noqa: DTZ001 - naive is UTC here
    return _DAY_ZERO + timedelta(days=number if period == "day" else number * 7 - _MONDAY_SHIFT)


def last_complete(as_of: datetime, period: Period) -> int:
    """The number of the last period that was over at the cut-off.

    >>> start_of(last_complete(datetime(2017, 12, 1), "month"), "month").isoformat()
    '2017-11-01T00:00:00'
    """
    return number_of(single(as_of), period) - 1


def last_begun(as_of: datetime, period: Period) -> int:
    """The number of the last period that had begun before the cut-off; it may still be running."""
    return number_of(single(as_of) - timedelta(microseconds=1), period)


def complete_periods(first: datetime, as_of: datetime, period: Period) -> list[datetime]:
    """Which periods were over at the cut-off, from the one that holds `first` on? Their starts, in order.

    >>> [day.day for day in complete_periods(datetime(2017, 3, 1, 9), datetime(2017, 3, 4, 12), "day")]
    [1, 2, 3]
    """
    numbers = range(number_of(single(first), period), last_complete(as_of, period) + 1)
    return [start_of(number, period) for number in numbers]


def single(as_of: datetime) -> datetime:
    """One cut-off as a naive UTC time."""
    return cutoffs(as_of)[0]


def seconds_of(as_of: datetime) -> int:
    """One cut-off as whole seconds since 1970."""
    return (single(as_of) - _DAY_ZERO) // timedelta(seconds=1)


def period_number(time: TimestampValue, period: Period) -> IntegerValue:
    """`number_of` for a column."""
    if period == "month":
        return ((time.year() - 1970) * 12 + time.month() - 1).cast("int64")
    day = time.epoch_seconds() // SECONDS_PER_DAY
    return day.cast("int64") if period == "day" else ((day + _MONDAY_SHIFT) // 7).cast("int64")


def period_start(number: IntegerValue, period: Period) -> TimestampValue:
    """`start_of` for a column."""
    zero = ibis.literal(_DAY_ZERO, type="timestamp(6)")
    if period == "month":
        return (zero + number.as_interval("M")).cast("timestamp(6)")
    days = number if period == "day" else number * 7 - _MONDAY_SHIFT
    return (zero + days.as_interval("D")).cast("timestamp(6)")
