"""Baskets: the things that one user committed together."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import ibis
from ibis.expr.types import Table

from tenure.domain import Role
from tenure.events.log import before, has_role
from tenure.profiles.categories import category

Level = Literal["item", "category"]
"""What the things of a basket are: items, or the categories of items."""


def baskets(events: Table, items: Table, as_of: datetime, level: Level) -> Table:
    """What was committed together? One row per basket and thing, both distinct: `basket, thing`.

    A basket is what one user committed in one session; an event without a session falls into its user's day
    (`events.sessions.with_sessions` fills sessions from pauses). A thing is an item, or the item's category.
    """
    known = before(events, as_of)
    known = known.filter(has_role(known, Role.COMMITMENT) & known.item_id.notnull())
    session = ibis.coalesce(known.session_id, known.timestamp.strftime("%Y-%m-%d"))
    # A session id need not be unique between users.
    rows = known.select(basket=known.user_id + ibis.literal("\x1f") + session, item_id=known.item_id)
    if level == "item":
        return rows.select("basket", thing=rows.item_id).distinct()
    named = items.select("item_id", thing=category(items))
    return rows.join(named.filter(named.thing.notnull()), "item_id").select("basket", "thing").distinct()
