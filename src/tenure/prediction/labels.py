"""What did each user do in the days after a cut-off? The only relation of this floor that reads the future, by name."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import ibis
from ibis.expr.types import BooleanValue, Table

from tenure.domain import Role
from tenure.events.log import AsOf, before, cutoffs, following, has_role


def labels(
    events: Table, as_of: AsOf, horizon_days: int, *, until: datetime | None = None, of: str = Role.COMMITMENT
) -> Table:
    """Who of those seen before the cut-off committed within the next `horizon_days`, and for how much?

    One row per user with any event before `as_of`, and per cut-off: `user_id, as_of, committed` (at least one
    commitment at or after the cut-off and before its end), `value` (of these commitments, net of reversals; 0 without
    any). Users who appear only after the cut-off are no rows: nothing was known of them.

    `until` is where the log ends: a cut-off whose horizon reaches beyond it has null outcomes, for "not yet" is not
    "no"; None = every horizon is over. `of` is what counts as a commitment: a role, or one event type (reversals then
    are not taken off).
    """
    first = events.group_by("user_id").aggregate(timestamp=events.timestamp.min())
    seen = before(first, as_of).select("user_id", "as_of")
    counted = [of, Role.REVERSAL] if of == Role.COMMITMENT else [of]
    later = following(events.filter(_is(events, counted)), as_of, horizon_days)
    outcome = later.group_by("user_id", "as_of").aggregate(committed=_is(later, [of]).any(), value=later.value.sum())
    joined = seen.left_join(outcome, ["user_id", "as_of"])
    committed, value = joined.committed.fill_null(False), joined.value.fill_null(0.0)
    if until is not None and (open_ := [t for t in cutoffs(as_of) if t + timedelta(days=horizon_days) > until]):
        is_open = joined.as_of >= ibis.literal(open_[0], type="timestamp(6)")
        committed, value = is_open.ifelse(ibis.null("boolean"), committed), is_open.ifelse(ibis.null("float64"), value)
    return joined.select(joined.user_id, joined.as_of, committed=committed, value=value)


def _is(events: Table, kinds: Sequence[str]) -> BooleanValue:
    roles = [Role(kind) for kind in kinds if kind in set(Role)]
    return has_role(events, *roles) if roles else (events.event_type == kinds[0]).fill_null(False)
