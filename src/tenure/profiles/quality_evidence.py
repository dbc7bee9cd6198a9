"""What the quality of profiles is measured against: what users did after the cut-off, and the catalogue."""

from __future__ import annotations

from datetime import datetime

from ibis.expr.types import Table

from tenure.domain import Role
from tenure.events.log import AsOf, before, following, has_role
from tenure.profiles.categories import category


def next_categories(events: Table, items: Table, as_of: AsOf, horizon_days: int) -> Table:
    """From which categories did each user commit in the days after a cut-off? `user_id, as_of, name, n_commitments`."""
    later = following(events, as_of, horizon_days)
    later = later.filter(has_role(later, Role.COMMITMENT))
    named = items.select("item_id", name=category(items))
    joined = later.join(named.filter(named.name.notnull()), "item_id")
    return joined.group_by("user_id", "as_of", "name").aggregate(n_commitments=joined.count())


def next_value(events: Table, as_of: AsOf, horizon_days: int) -> Table:
    """How much was each user worth in the days after a cut-off, net of reversals? `user_id, as_of, value`."""
    later = following(events, as_of, horizon_days)
    later = later.filter(has_role(later, Role.COMMITMENT, Role.REVERSAL))
    return later.group_by("user_id", "as_of").aggregate(value=later.value.sum().fill_null(0.0))


def touched(events: Table, items: Table, as_of: datetime) -> Table:
    """How much of the catalogue did anybody touch before the cut-off? One row.

    Columns: `n_items, n_items_touched, n_categories, n_categories_touched`.
    """
    known = before(events, as_of)
    catalogue = items.select("item_id", category=category(items))
    seen = catalogue.semi_join(known, "item_id")
    return catalogue.aggregate(n_items=catalogue.count(), n_categories=catalogue.category.nunique()).cross_join(
        seen.aggregate(n_items_touched=seen.count(), n_categories_touched=seen.category.nunique())
    )
