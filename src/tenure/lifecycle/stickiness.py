"""Stickiness: in how many of the last periods does a user come?"""

from __future__ import annotations

from datetime import datetime

import ibis
from ibis.expr.types import Table

from tenure.domain import Period
from tenure.errors import ConfigError
from tenure.lifecycle.activity import total
from tenure.lifecycle.periods import last_complete


def stickiness(active: Table, as_of: datetime, period: Period, n_periods: int) -> Table:
    """How are users spread over 1, 2 ... n active periods in the last n complete ones? L7 and L28 for days.

    Args:
        active: `activity.active_periods` of the same `as_of` and `period`.
        as_of: the cut-off.
        period: day, week or month.
        n_periods: length of the window.

    Returns one row per number of active periods, 1 to n: `n_active_periods, n_users, share, n_at_least,
    share_at_least`; shares are of the users active at all in the window, null when there are none.

    Raises:
        ConfigError: the window is empty.

    Source: PostHog, stickiness_query_runner.py.
    """
    if n_periods < 1:
        raise ConfigError(f"stickiness.n_periods: expected at least 1, got {n_periods}")
    last = last_complete(as_of, period)
    recent = active.filter((active.period > last - n_periods) & (active.period <= last))
    per_user = recent.group_by("user_id").aggregate(n_active_periods=recent.count())
    users = per_user.group_by("n_active_periods").aggregate(n_users=per_user.count())
    numbers = ibis.range(1, n_periods + 1).unnest().name("n_active_periods").as_table()
    table = numbers.left_join(users, "n_active_periods")
    table = table.select("n_active_periods", n_users=table.n_users.fill_null(0))
    at_least = total(table.n_users, over=ibis.cumulative_window(order_by=ibis.desc("n_active_periods")))
    table = table.mutate(n_at_least=at_least, n_all=total(table.n_users, over=ibis.window()).nullif(0))
    return table.select(
        "n_active_periods",
        "n_users",
        share=table.n_users / table.n_all,
        n_at_least=table.n_at_least,
        share_at_least=table.n_at_least / table.n_all,
    ).order_by("n_active_periods")
