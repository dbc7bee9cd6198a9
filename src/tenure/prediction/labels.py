"""What did each user do in the days after a cut-off? The only relation of this floor that reads the future, by name."""

from __future__ import annotations

from ibis.expr.types import Table

from tenure.domain import Role
from tenure.events.log import AsOf, before, following, has_role


def labels(events: Table, as_of: AsOf, horizon_days: int) -> Table:
    """Who of those seen before the cut-off committed within the next `horizon_days`, and for how much?

    One row per user with any event before `as_of`, and per cut-off: `user_id, as_of, committed` (at least one
    commitment at or after the cut-off and before its end), `value` (of these commitments, net of reversals; 0 without
    any). Users who appear only after the cut-off are no rows: nothing was known of them.
    """
    first = events.group_by("user_id").aggregate(timestamp=events.timestamp.min())
    seen = before(first, as_of).select("user_id", "as_of")
    kept = events.filter(has_role(events, Role.COMMITMENT, Role.REVERSAL))
    later = following(kept, as_of, horizon_days)
    outcome = later.group_by("user_id", "as_of").aggregate(
        committed=has_role(later, Role.COMMITMENT).any(),
        value=later.value.sum(),
    )
    joined = seen.left_join(outcome, ["user_id", "as_of"])
    return joined.select(
        joined.user_id, joined.as_of, committed=joined.committed.fill_null(False), value=joined.value.fill_null(0.0)
    )
