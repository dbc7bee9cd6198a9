"""How long were users away after each cut-off, as far as the log can tell?"""

from __future__ import annotations

from datetime import datetime, timedelta

import ibis
from ibis.expr.types import Table

from tenure.domain import Role
from tenure.errors import ConfigError
from tenure.events.log import AsOf, before, cutoffs, days_between, following, has_role, is_activity
from tenure.lifecycle.periods import single

_DAY_ZERO = datetime(1970, 1, 1)  # noqa: DTZ001 - naive is UTC here


def spells(events: Table, as_of: AsOf, until: datetime, *roles: Role, grain_days: float = 0.0) -> Table:
    """After how many days did each user seen before the cut-off return, or how long were they watched in vain?

    Args:
        events: the log.
        as_of: one cut-off or many, all before `until`.
        until: the log is complete up to here; what happens from here on is not looked at.
        roles: what counts as a return; none = any activity.
        grain_days: how finely the log tells time: 1 where it knows dates only. A return then counts as at the middle of
            its day, where it is on average, and watching lasts to the end of the day that `until` lies in: who is not
            seen on a date was away for all of it. What happens from `until` on is still not looked at.

    Returns `user_id, as_of, days, returned`, a row per user with any event before `as_of`, and per cut-off: `days` from
    the cut-off to the first return at or after it, if there was one before `until` (`returned`), else to `until`: such
    a spell is censored, its true length at least that. No return is later than that either.

    Raises:
        ConfigError: a cut-off is not before `until`.
    """
    times, end = cutoffs(as_of), single(until)
    if times[-1] >= end:
        raise ConfigError(f"spells: expected every cut-off before the end of watching {end}, got {times[-1]}")
    users = events.group_by("user_id").aggregate(timestamp=events.timestamp.min())
    seen = before(users, times).select("user_id", "as_of")
    comes_back = has_role(events, *roles) if roles else is_activity(events)
    visits = events.filter(comes_back & (events.timestamp < ibis.literal(end, type="timestamp(6)")))
    # The first visit after a cut-off is the first between two neighbouring cut-offs: only these go on.
    n_passed = sum((visits.timestamp >= ibis.literal(t, type="timestamp(6)")).cast("int32") for t in times)
    firsts = (
        visits.mutate(n_passed=n_passed).group_by("user_id", "n_passed").aggregate(timestamp=visits.timestamp.min())
    )
    ahead = following(firsts, times, (end - times[0]).days + 1)
    returns = ahead.group_by("user_id", "as_of").aggregate(returned_at=ahead.timestamp.min())
    known = seen.left_join(returns, ["user_id", "as_of"]).select("user_id", "as_of", "returned_at")
    watched = days_between(ibis.literal(_edge(end, grain_days), type="timestamp(6)"), known.as_of)
    away = days_between(known.returned_at, known.as_of)
    if grain_days:
        # Some events of a log of dates do have an hour: half a day later they must not outlast those who were watched
        # in vain, or nobody but them would be left to return at the end.
        away = ibis.least(away + grain_days / 2, watched)
    return known.select("user_id", "as_of", days=away.fill_null(watched), returned=known.returned_at.notnull())


def _edge(end: datetime, grain_days: float) -> datetime:
    """The end of the grain of time that a moment lies in; the moment itself if it is one, or if there is no grain."""
    return end + (_DAY_ZERO - end) % timedelta(days=grain_days) if grain_days else end
