"""Sessions: what a user did without a long pause."""

from __future__ import annotations

import ibis
from ibis.expr.types import Table

from tenure.errors import ConfigError


def with_sessions(events: Table, gap_minutes: float) -> Table:
    """Which events belong to one visit? The same rows, with `session_id` filled where the source gave none.

    A pause of more than `gap_minutes` between two events of a user starts a new session. Given ids are kept, and events
    that have one are no bridge between those that have none. A new id is made of the user and the second in which the
    session began, so events that happen later never change the sessions of earlier ones.

    Raises:
        ConfigError: `gap_minutes` is shorter than a second.
    """
    gap_seconds = round(gap_minutes * 60)
    if gap_seconds < 1:
        raise ConfigError(f"session_gap_minutes: expected at least a second, got {gap_minutes!r} minutes")
    given = events.filter(events.session_id.notnull())
    derived = events.filter(events.session_id.isnull())
    by_time = ibis.window(group_by=derived.user_id, order_by=derived.timestamp)
    # A range, not rows: events of the same moment see each other, so their order, which nothing fixes, does not matter.
    so_far = ibis.range_window(group_by=derived.user_id, order_by=derived.timestamp, following=0)
    previous = derived.timestamp.lag().over(by_time)
    is_start = previous.isnull() | (derived.timestamp > previous + ibis.interval(seconds=gap_seconds))
    derived = derived.mutate(began=is_start.ifelse(derived.timestamp, None))
    began = derived.began.max().over(so_far)
    # The floor makes an integer of it: some engines give the seconds as a fraction.
    second = (began.epoch_seconds() / 1.0).floor()
    session_id = derived.user_id.concat("@", second.cast("string"))
    return given.union(derived.mutate(session_id=session_id).select(events.columns))
