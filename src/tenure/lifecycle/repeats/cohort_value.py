"""What has a user brought by a certain age, cohort by cohort, and what was to be expected?"""

from __future__ import annotations

from datetime import datetime

import ibis
import numpy as np
import pyarrow as pa
from ibis.expr.types import Table

from tenure.domain import Period, Role
from tenure.events.log import before, has_role
from tenure.lifecycle.periods import PERIOD_DAYS, period_number, period_start, seconds_of
from tenure.lifecycle.repeats.model import RepeatModel
from tenure.lifecycle.repeats.spend import GammaGamma
from tenure.schema import SECONDS_PER_DAY


def cohort_values(events: Table, as_of: datetime, period: Period) -> Table:
    """How much has each cohort of users brought by each age?

    A cohort is the users whose first commitment lies in the same calendar period; age counts periods of 1, 7 or 30 days
    on each user's own clock, from the day of that commitment on.

    Returns `cohort_start, age, n_users, first_value, value, is_complete`: a row per cohort and age that any of its
    members can have reached, with the users of the cohort, what their first days brought in all, and what everything
    up to and including that age brought (net of reversals). Complete = even the youngest possible member has lived
    through that age; in other cells `value` is what was seen so far.
    """
    known = before(events, as_of)
    known = known.filter(has_role(known, Role.COMMITMENT, Role.REVERSAL))
    is_commitment = has_role(known, Role.COMMITMENT)
    days = known.group_by("user_id", day=period_number(known.timestamp, "day")).aggregate(
        is_occasion=is_commitment.any(), value=known.value.sum().fill_null(0.0)
    )
    first = days.group_by("user_id").aggregate(first_day=days.day.min(where=days.is_occasion))
    first = first.filter(first.first_day.notnull())
    start = period_start(first.first_day, "day")
    first = first.mutate(cohort=period_number(start, period))
    n_days = PERIOD_DAYS[period]
    days = days.inner_join(first, "user_id").select("day", "value", "first_day", "cohort")
    days = days.filter(days.day >= days.first_day).mutate(age=(days.day - days.first_day) // n_days)
    brought = days.group_by("cohort", "age").aggregate(
        brought=days.value.sum(), first_value=days.value.sum(where=days.day == days.first_day)
    )
    sizes = first.group_by("cohort").aggregate(n_users=first.count(), oldest_day=first.first_day.min())
    oldest = (_last_day(as_of) - sizes.oldest_day) // n_days
    cells = sizes.mutate(age=ibis.range(0, oldest + 1).unnest())
    cells = cells.left_join(brought, ["cohort", "age"]).select(
        "cohort",
        "age",
        "n_users",
        brought=brought.brought.fill_null(0.0),
        first_value=brought.first_value.fill_null(0.0),
    )
    so_far = ibis.cumulative_window(group_by="cohort", order_by="age")
    youngest_day = period_start(cells.cohort + 1, period).epoch_seconds() // SECONDS_PER_DAY - 1
    return cells.select(
        cohort_start=period_start(cells.cohort, period),
        age=cells.age,
        n_users=cells.n_users,
        first_value=cells.first_value.sum().over(so_far),
        value=cells.brought.sum().over(so_far),
        is_complete=youngest_day + (cells.age + 1) * n_days - 1 <= _last_day(as_of),
    ).order_by("cohort_start", "age")


def value_curves(cells: pa.Table, model: RepeatModel, spend: GammaGamma, period: Period, unit_days: float) -> pa.Table:
    """What did a user of each cohort bring by each age, on average, and what was to be expected of a new one?

    Args:
        cells: the rows of `cohort_values`.
        model: of repeats, fitted on the users of the same log.
        spend: of amounts.
        period: that of the cells.
        unit_days: the unit of time of the model.

    Returns `cohort_start, age, n_users, observed, expected`: cumulative value per user acquired; `observed` is null in
    cells that are not complete. Expected is what the first days of the cohort did bring, plus the repeats that the
    model expects of any new user by the end of that age, times their mean worth. Discounting is left out: the curve is
    to be compared with what the bank account saw.
    """
    age, n_users = cells["age"].to_numpy(), cells["n_users"].to_numpy()
    reached = (age + 1) * PERIOD_DAYS[period] / unit_days
    ages, place = np.unique(reached, return_inverse=True)
    repeats = model.expected_new(ages)[place] if len(ages) else np.zeros(0)
    observed = cells["value"].to_numpy() / n_users
    complete = cells["is_complete"].to_numpy(zero_copy_only=False)
    return pa.table(
        {
            "cohort_start": cells["cohort_start"],
            "age": age,
            "n_users": n_users,
            "observed": pa.array(observed, mask=~complete),
            "expected": cells["first_value"].to_numpy() / n_users + repeats * spend.mean,
        }
    )


def _last_day(as_of: datetime) -> int:
    """The last calendar day that had begun before the cut-off."""
    return (seconds_of(as_of) - 1) // SECONDS_PER_DAY
