"""Activity states: Duolingo's growth model on the domain's natural period.

A user's state in a period p follows from when they were active, with a short and a long window (7 and 30 for days):

    active in p     new            p is their first period
                    current        active in the short window before p, [p - short + 1, p - 1]
                    reactivated    not in the short window, but in the long one, [p - long + 1, p - short]
                    resurrected    in neither
    not active      at_risk_early  active in the short window before p
                    at_risk_late   not in the short window, but in the long one
                    dormant        in neither

Nobody is in two states, so active users = the first four; active in the short window (WAU, for days) = those +
at_risk_early; active in the long window (MAU) = those + at_risk_late.

Source: blog.duolingo.com/growth-model-duolingo; window limits as in wowone.github.io, posts/003_dau_prediction.
Duolingo's at_risk_wau is at_risk_early, its at_risk_mau is at_risk_late.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import ibis
from ibis.expr.types import IntegerValue, Table

from tenure.domain import Period
from tenure.lifecycle.activity import every_period, total
from tenure.lifecycle.periods import last_complete, period_start

ACTIVE_STATES = ("new", "current", "reactivated", "resurrected")
SILENT_STATES = ("at_risk_early", "at_risk_late", "dormant")
STATES = ACTIVE_STATES + SILENT_STATES


@dataclass(frozen=True, kw_only=True)
class Windows:
    """How many periods, the present one included, count as recent."""

    short: int
    """Week for days, month for weeks, quarter for months."""
    long: int
    """Month for days, quarter for weeks, year for months."""


WINDOWS: dict[Period, Windows] = {
    "day": Windows(short=7, long=30),
    "week": Windows(short=4, long=13),
    "month": Windows(short=3, long=12),
}


def state_counts(active: Table, as_of: datetime, period: Period) -> Table:
    """How many users were in each state, period by period?

    Args:
        active: `activity.active_periods` of the same `as_of` and `period`.
        as_of: the cut-off.
        period: day, week or month.

    Returns `period_start, state, n_users` for every complete period and every state (0 where nobody is in it).
    """
    counts = _counts(active, as_of, period)
    return counts.select(
        period_start=period_start(counts.period, period), state=counts.state, n_users=counts.n_users
    ).order_by("period_start", "state")


def return_rates(active: Table, as_of: datetime, period: Period) -> Table:
    """Of the users in a state, which share is active in the next period?

    For the active states these are Duolingo's NURR (new), CURR (current), RURR (reactivated) and SURR (resurrected),
    the strongest levers of growth; for the silent states, the rates of coming back.

    Returns `period_start, state, n_users, n_active_next, rate` for every complete period whose next one is complete
    too; the rate is null where nobody is in the state.
    """
    counts = _counts(active, as_of, period)
    spans = _spans(active, as_of, period)
    windows = WINDOWS[period]
    returns = spans.filter(spans.is_return)
    silence = returns.until - 1 - returns.period
    state = ibis.cases(
        (silence == 0, returns.state),
        (silence < windows.short, "at_risk_early"),
        (silence < windows.long, "at_risk_late"),
        else_="dormant",
    )
    returned = returns.group_by(period=returns.until - 1, state=state).aggregate(n_active_next=total(returns.n_users))
    joined = counts.filter(counts.period < last_complete(as_of, period)).left_join(returned, ["period", "state"])
    n_active_next = joined.n_active_next.fill_null(0)
    return joined.select(
        period_start=period_start(joined.period, period),
        state=joined.state,
        n_users=joined.n_users,
        n_active_next=n_active_next,
        rate=n_active_next / joined.n_users.nullif(0),
    ).order_by("period_start", "state")


def reach(states: Table) -> Table:
    """How many users come in a period, and how many in its short and long window? DAU, WAU, MAU and DAU / MAU.

    `states` is the result of `state_counts`. Returns `period_start, n_active, n_active_short, n_active_long,
    stickiness`.
    """
    inside = {
        "n_active": states.state.isin(ACTIVE_STATES),
        "n_active_short": states.state.isin([*ACTIVE_STATES, "at_risk_early"]),
        "n_active_long": states.state != "dormant",
    }
    counts = states.group_by("period_start").aggregate(
        **{name: total(states.n_users, where=is_in) for name, is_in in inside.items()}
    )
    return counts.mutate(stickiness=counts.n_active / counts.n_active_long.nullif(0)).order_by("period_start")


def _spans(active: Table, as_of: datetime, period: Period) -> Table:
    """Users counted by period, state in it, and `until`, their next active period.

    That is all the states of the silence in between need: a few thousand rows whatever the number of users, so that no
    grid of users and periods is ever built.
    """
    last = last_complete(as_of, period)
    windows = WINDOWS[period]
    active = active.filter(active.period <= last)
    gap = active.period - active.previous_period
    state = ibis.cases(
        (gap.isnull(), "new"),
        (gap < windows.short, "current"),
        (gap < windows.long, "reactivated"),
        else_="resurrected",
    )
    until = ibis.least(active.next_period.fill_null(last + 1), last + 1)
    is_return = (active.next_period <= last).fill_null(False)
    return active.group_by(period=active.period, state=state, until=until, is_return=is_return).aggregate(
        n_users=active.count()
    )


def _counts(active: Table, as_of: datetime, period: Period) -> Table:
    """`period, state, n_users` for every period and state.

    Intervals [start, end) in a state enter as +n at the start and as -n at the end, and are summed up.
    """
    last = last_complete(as_of, period)
    windows = WINDOWS[period]
    spans = _spans(active, as_of, period)
    early = spans.period + 1
    late = spans.period + windows.short
    dormant = spans.period + windows.long
    until = spans.until
    intervals = [
        _interval(spans, spans.state, spans.period, early),
        _interval(spans, ibis.literal("at_risk_early"), early, ibis.least(late, until)),
        _interval(spans, ibis.literal("at_risk_late"), late, ibis.least(dormant, until)),
        _interval(spans, ibis.literal("dormant"), dormant, until),
    ]
    table = ibis.union(*intervals)
    enter = table.select("state", period=table.start, change=table.n_users)
    leave = table.select("state", period=table.end, change=-table.n_users)
    changes = ibis.union(enter, leave)
    changes = changes.group_by("state", "period").aggregate(change=changes.change.sum())
    periods = every_period(active, last)
    grid = periods.mutate(state=ibis.array(list(STATES)).unnest())
    joined = grid.left_join(changes, ["period", "state"])
    joined = joined.select("period", "state", change=joined.change.fill_null(0))
    so_far = ibis.cumulative_window(group_by="state", order_by="period")
    return joined.select("period", "state", n_users=total(joined.change, over=so_far))


def _interval(spans: Table, state: ibis.expr.types.StringValue, start: IntegerValue, end: IntegerValue) -> Table:
    return spans.filter(start < end).select(state=state, start=start, end=end, n_users=spans.n_users)
