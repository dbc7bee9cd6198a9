"""How often, how recently and for how much did each user commit? The rows that models of repeats are fitted on."""

from __future__ import annotations

import ibis
from ibis.expr.types import IntegerValue, Table

from tenure.domain import Role
from tenure.events.log import AsOf, before, following, has_role
from tenure.lifecycle.periods import period_number
from tenure.schema import SECONDS_PER_DAY


def repeat_history(events: Table, as_of: AsOf) -> Table:
    """What do the models of repeat commitments know of each user, at each cut-off?

    One row per user with a commitment before `as_of`, and per cut-off. Time is counted in calendar days, and the
    commitments of one day are one occasion, as in the papers (divide by 7 for weeks):

    - `first_day`: day of the first commitment, since 1970-01-01;
    - `x`: days with a commitment after the first one;
    - `t_x_days`: from the first to the last of these days (0 without repeats);
    - `T_days`: from the first day to the last one that had begun before the cut-off;
    - `first_value`: worth of the first day's commitments (null where no event says so);
    - `n_valued`, `mean_value`: the repeat days that were worth something, and what they were worth on average. Both as
      Gamma-Gamma takes them: a mean is above 0, or null where `n_valued` is 0.

    Values are net of reversals: what was given back is taken off a user's days in proportion to what each was worth,
    because a refund seldom says which commitment it undoes. The occasion itself stays: the user was there.
    """
    known = before(events, as_of)
    known = known.filter(has_role(known, Role.COMMITMENT, Role.REVERSAL))
    is_commitment = has_role(known, Role.COMMITMENT)
    days = known.group_by("user_id", "as_of", day=period_number(known.timestamp, "day")).aggregate(
        is_occasion=is_commitment.any(),
        paid=known.value.sum(where=is_commitment),
        reversed=known.value.sum(where=~is_commitment),
    )
    first = days.group_by("user_id", "as_of").aggregate(first_day=days.day.min(where=days.is_occasion))
    first = first.filter(first.first_day.notnull())
    days = days.inner_join(first, ["user_id", "as_of"]).select(*days.columns, "first_day")
    is_repeat = days.is_occasion & (days.day > days.first_day)
    is_valued = is_repeat & (days.paid > 0).fill_null(False)
    users = days.group_by("user_id", "as_of", "first_day").aggregate(
        x=days.count(where=is_repeat),
        last_day=days.day.max(where=days.is_occasion),
        first_paid=days.paid.sum(where=days.day == days.first_day),
        n_paid=days.count(where=is_valued),
        mean_paid=days.paid.mean(where=is_valued),
        paid=days.paid.sum(),
        reversed=days.reversed.sum(),
    )
    reversed_share = (-users.reversed / users.paid.nullif(0.0)).fill_null(0.0)
    kept = ibis.greatest(1.0 - reversed_share, 0.0)
    is_worth = (users.n_paid > 0) & (kept > 0)
    return users.select(
        "user_id",
        "as_of",
        "first_day",
        x=users.x,
        t_x_days=users.last_day - users.first_day,
        T_days=_last_known_day(users) - users.first_day,
        first_value=users.first_paid * kept,
        n_valued=is_worth.ifelse(users.n_paid, 0),
        mean_value=is_worth.ifelse(users.mean_paid * kept, None),
    )


def following_occasions(events: Table, as_of: AsOf, horizon_days: int) -> Table:
    """On which days after the cut-off did users commit? For the evaluation of models of repeats: it reads the future.

    One row per user, cut-off and calendar day with a commitment at or after it, within `horizon_days`, of the users who
    had committed before: `user_id, as_of, day` (1 = the day after the last one that `repeat_history` knows) and `value`
    of these commitments (null where no event says so). What comes later on the very day of a cut-off is left out:
    `T_days` has counted that day.
    """
    later = following(events.filter(has_role(events, Role.COMMITMENT)), as_of, horizon_days)
    days = later.group_by("user_id", "as_of", calendar_day=period_number(later.timestamp, "day")).aggregate(
        value=later.value.sum()
    )
    known = events.filter(has_role(events, Role.COMMITMENT))
    known = known.group_by("user_id").aggregate(timestamp=known.timestamp.min())
    seen = before(known, as_of).select("user_id", "as_of")
    days = days.inner_join(seen, ["user_id", "as_of"]).select(*days.columns)
    days = days.mutate(day=days.calendar_day - _last_known_day(days))
    return days.filter(days.day > 0).select("user_id", "as_of", "day", "value")


def each_counts_one(events: Table) -> Table:
    """The occasions of commitment, each worth 1: for values where there is no money. One row per user and day."""
    commitments = events.filter(has_role(events, Role.COMMITMENT))
    days = commitments.group_by("user_id", day=period_number(commitments.timestamp, "day"))
    occasions = days.aggregate(timestamp=commitments.timestamp.min())
    return occasions.select("user_id", "timestamp", role=ibis.literal(str(Role.COMMITMENT)), value=ibis.literal(1.0))


def _last_known_day(table: Table) -> IntegerValue:
    """The last calendar day that had begun before the cut-off; cut-offs lie on whole seconds."""
    return ((table.as_of.epoch_seconds() - 1) // SECONDS_PER_DAY).cast("int64")
