"""The signs by which a stage is told: silence, rhythm, occasions, trend, praise, leaving, coming back."""

from __future__ import annotations

from datetime import datetime, time
from functools import reduce
from operator import add

import ibis
from ibis.expr.types import BooleanValue, IntegerColumn, IntegerValue, Table

from tenure.domain import Role
from tenure.events.log import AsOf, before, cutoffs, days_between, has_role, is_activity
from tenure.lifecycle.activity import total
from tenure.lifecycle.periods import period_number
from tenure.lifecycle.thresholds import Thresholds, usual_gap

USUAL_STRETCHES = 3
"""The usual worth of a user is the mean of this many stretches of `recent_days` before the last one, or of as many as
they lived."""


def signs(events: Table, as_of: AsOf, thresholds: Thresholds) -> Table:
    """What does each user's history say about their stage, at each cut-off?

    One row per (user, as_of) for every user seen before it, with

    - `silence_days`: whole days since the last activity (since the first event where there was none: reached, but never
      came);
    - `usual_gap_days`: the user's own mean gap between active days, drawn towards the crowd's when there are few;
      `overdue_ratio`: silence / usual gap;
    - `n_active_days`; `span_days`, from the first of them to the last; `n_occasions`: days with a commitment;
    - `has_left`: an exit and no activity after it;
    - `away_days`: the silence ended by a return in the last `recent_days` (null without activity on both sides);
    - `n_referrals`, `n_praises` in the last `churned_days`;
    - `recent_occasions`, `recent_amount` in the last `recent_days`; `usual_occasions`, `usual_amount`: the mean of up
      to three stretches of equal length before (null for users not known that long). An amount is the value of
      commitments less reversals, or the number of occasions where none of these carries a value.
    """
    split_at = [cut_off for cut_off in cutoffs(as_of) if cut_off.time() != time.min]
    cut = before(_user_days(events, as_of, thresholds, split_at), as_of)
    recent, usual_until = thresholds.recent_days, (1 + USUAL_STRETCHES) * thresholds.recent_days
    is_recent = cut.age_days < recent
    is_usual = (cut.age_days < usual_until) & ~is_recent
    is_remembered = cut.age_days < thresholds.churned_days

    def n_days(day: IntegerColumn, where: BooleanValue | None = None) -> IntegerValue:
        # Counting distinct days is several times slower, and only needed when one day can have two rows.
        return day.nunique(where=where) if split_at else day.count(where=where)

    seen = cut.group_by("user_id", "as_of").aggregate(
        first_seen=cut.timestamp.min(),
        known_days=cut.age_days.max() + 1,
        last_active=cut.last_active.max(),
        last_exit=cut.last_exit.max(),
        n_active_days=n_days(cut.active_day),
        first_day=cut.active_day.min(),
        last_day=cut.active_day.max(),
        last_day_before=cut.active_day.max(where=~is_recent),
        first_day_back=cut.active_day.min(where=is_recent),
        n_occasions=n_days(cut.commitment_day),
        recent_occasions=n_days(cut.commitment_day, is_recent),
        earlier_occasions=n_days(cut.commitment_day, is_usual),
        recent_value=cut.amount.sum(where=is_recent),
        earlier_value=cut.amount.sum(where=is_usual),
        n_referrals=total(cut.n_referrals, where=is_remembered).fill_null(0),
        n_praises=total(cut.n_praises, where=is_remembered).fill_null(0),
    )
    silent_since = ibis.coalesce(seen.last_active, seen.first_seen)
    silence = (days_between(seen.as_of, silent_since).ceil() - 1).cast("int64")
    span = (seen.last_day - seen.first_day).fill_null(0)
    n_gaps = ibis.greatest(seen.n_active_days - 1, 0)
    usual = usual_gap(n_gaps, span / n_gaps.nullif(0), thresholds.typical_gap_days)
    lived = ibis.least(seen.known_days / recent - 1, float(USUAL_STRETCHES))
    stretches = ibis.ifelse(lived >= 1, lived, None)
    has_value = seen.recent_value.notnull() | seen.earlier_value.notnull()
    recent_amount = ibis.ifelse(has_value, seen.recent_value.fill_null(0.0), seen.recent_occasions.cast("float64"))
    earlier_amount = ibis.ifelse(has_value, seen.earlier_value.fill_null(0.0), seen.earlier_occasions.cast("float64"))
    return seen.select(
        "user_id",
        "as_of",
        silence_days=silence,
        usual_gap_days=usual,
        overdue_ratio=silence / usual,
        n_active_days=seen.n_active_days,
        span_days=span,
        n_occasions=seen.n_occasions,
        has_left=seen.last_exit.notnull() & (seen.last_active.isnull() | (seen.last_exit >= seen.last_active)),
        away_days=seen.first_day_back - seen.last_day_before,
        n_referrals=seen.n_referrals,
        n_praises=seen.n_praises,
        recent_occasions=seen.recent_occasions,
        usual_occasions=seen.earlier_occasions / stretches,
        recent_amount=recent_amount,
        usual_amount=earlier_amount / stretches,
    )


def _user_days(events: Table, as_of: AsOf, thresholds: Thresholds, split_at: list[datetime]) -> Table:
    """The log boiled down to user-days, split at cut-offs inside a day, so that `before` cuts them exactly."""
    cut = before(events, cutoffs(as_of)[-1])
    key = {"user_id": cut.user_id, "day": period_number(cut.timestamp, "day")}
    if split_at:
        passed = [(cut.timestamp >= ibis.literal(at, type="timestamp(6)")).cast("int32") for at in split_at]
        key["part"] = reduce(add, passed)
    is_praise = has_role(cut, Role.SATISFACTION) & (cut.weight > 0).fill_null(False)
    if thresholds.good_rating is not None:
        is_praise &= (cut.value >= thresholds.good_rating).fill_null(True)
    days = cut.group_by(**key).aggregate(
        timestamp=cut.timestamp.max(),
        last_active=cut.timestamp.max(where=is_activity(cut)),
        last_exit=cut.timestamp.max(where=has_role(cut, Role.EXIT)),
        has_commitment=has_role(cut, Role.COMMITMENT).any(),
        amount=cut.value.sum(where=has_role(cut, Role.COMMITMENT, Role.REVERSAL)),
        n_referrals=cut.count(where=has_role(cut, Role.REFERRAL)),
        n_praises=cut.count(where=is_praise),
    )
    return days.mutate(
        active_day=ibis.ifelse(days.last_active.notnull(), days.day, None),
        commitment_day=ibis.ifelse(days.has_commitment, days.day, None),
    )
