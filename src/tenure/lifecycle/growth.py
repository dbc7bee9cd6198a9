"""Growth accounting: of the users active in a period, who is new, who stayed, who came back, and who stayed away?"""

from __future__ import annotations

from datetime import datetime

import ibis
from ibis.expr.types import Table

from tenure.domain import Period
from tenure.lifecycle.activity import every_period
from tenure.lifecycle.periods import last_begun, last_complete, period_number, period_start, single


def growth(active: Table, as_of: datetime, period: Period, users: Table | None = None) -> Table:
    """Where do this period's active users come from, and how many of the last period's were lost?

    Args:
        active: `activity.active_periods` of the same `as_of` and `period`.
        as_of: the cut-off.
        period: day, week or month.
        users: the user table. Where it knows `created_at`, a user is new in the period of their creation only, and a
            first event in a later period is resurrecting; elsewhere a user is new in the period of their first
            activity.

    Returns one row per period, also for those in which nobody came: `period_start, n_active, n_new, n_returning,
    n_resurrecting, n_dormant (<= 0), quick_ratio, is_complete`. `n_returning` were active in the period before,
    `n_dormant` counts those who were and are not now, so n_returning[t] - n_dormant[t] = n_active[t-1]. The quick ratio
    is (new + resurrecting) / dormant, null when nobody was lost. A period still running at `as_of` is not complete: its
    dormant users may yet come.

    Source: PostHog, lifecycle_query_runner.py; being active in the period before takes precedence over `created_at`
    here, so that the identity holds whatever `created_at` says.
    """
    last = last_begun(as_of, period)
    kinds = _kinds(active, as_of, period, users)
    came = kinds.group_by("period").aggregate(
        n_active=kinds.count(),
        n_new=kinds.count(where=kinds.kind == "new"),
        n_returning=kinds.count(where=kinds.kind == "returning"),
        n_resurrecting=kinds.count(where=kinds.kind == "resurrecting"),
    )
    missed = active.filter(active.next_period.isnull() | (active.next_period > active.period + 1))
    lost = missed.group_by(period=missed.period + 1).aggregate(n_lost=missed.count())
    table = every_period(active, last).left_join(came, "period").drop("period_right").left_join(lost, "period")
    counts = {
        name: table[name].fill_null(0) for name in ("n_active", "n_new", "n_returning", "n_resurrecting", "n_lost")
    }
    gained = counts["n_new"] + counts["n_resurrecting"]
    return table.select(
        period_start=period_start(table.period, period),
        n_active=counts["n_active"],
        n_new=counts["n_new"],
        n_returning=counts["n_returning"],
        n_resurrecting=counts["n_resurrecting"],
        n_dormant=-counts["n_lost"],
        quick_ratio=gained / counts["n_lost"].nullif(0),
        is_complete=table.period <= last_complete(as_of, period),
    ).order_by("period_start")


def _kinds(active: Table, as_of: datetime, period: Period, users: Table | None) -> Table:
    if users is None:
        return active.select("period", kind=_kind(active, active.previous_period.isnull()))
    cut_off = ibis.literal(single(as_of), type="timestamp(6)")
    created = users.filter(users.created_at < cut_off)
    created = created.group_by("user_id").aggregate(created_period=period_number(created.created_at.min(), period))
    known = active.left_join(created, "user_id")
    is_new = ibis.ifelse(
        known.created_period.isnull(), known.previous_period.isnull(), known.period == known.created_period
    )
    return known.select("period", kind=_kind(known, is_new))


def _kind(active: Table, is_new: ibis.expr.types.BooleanValue) -> ibis.expr.types.StringValue:
    was_there = (active.previous_period == active.period - 1).fill_null(False)
    return ibis.cases((was_there, "returning"), (is_new, "new"), else_="resurrecting")
