"""What users like: categories, brands and price bands by decayed weight of evidence."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import ibis
from ibis.expr.types import Table

from tenure.domain import Role
from tenure.errors import ConfigError, nearest
from tenure.events.log import AsOf, before, days_between, has_role
from tenure.profiles.categories import category

DIMENSIONS = ("category", "brand", "price_band")

PRICE_BANDS = ("lowest", "low", "middle", "high", "highest")
"""Fifths of the items of a category, from cheap to dear."""

USER = ("user_id", "as_of")


def taste(
    events: Table,
    items: Table,
    as_of: AsOf,
    *,
    half_life_days: float,
    dimensions: Sequence[str] = DIMENSIONS,
    top: int = 20,
) -> Table:
    """What does each user like at each cut-off, and how much more than others do?

    Columns: `user_id, as_of, dimension, name, weight, share, lift`; the `top` heaviest per user, cut-off and dimension.

    - `weight`: sum over the user's events of (event weight) x 2^(-age / half life); only what is liked on balance
      (weight > 0) is kept.
    - `share`: of the user's weight in this dimension, `top` or not.
    - `lift`: the user's share over the share among all users, drawn towards 1 where the user has shown little.

    Raises:
        ConfigError: an unknown dimension, or a half life or `top` that is not above 0.
    """
    _check(half_life_days, dimensions, top)
    known = before(events, as_of)
    known = known.filter(known.item_id.notnull())
    catalogue = items.select("item_id", "brand", "price", category=category(items))
    decay = 0.5 ** (days_between(known.as_of, known.timestamp) / half_life_days)
    evidence = known.mutate(decayed=known.weight * decay).group_by(*USER, "item_id")
    evidence = evidence.aggregate(weight=ibis._.decayed.sum()).join(catalogue, "item_id")
    if "price_band" in dimensions:
        banded = _price_bands(known, catalogue)
        evidence = evidence.left_join(banded, ["as_of", "item_id"]).select(*evidence.columns, "price_band")
    compared = _compared(reduce(Table.union, (_liked(evidence, dimension) for dimension in dimensions)))
    order = ibis.window(group_by=(*USER, "dimension"), order_by=[compared.weight.desc(), compared.name])
    heaviest = compared.mutate(place=ibis.row_number().over(order)).filter(ibis._.place < top)
    return heaviest.select(*USER, "dimension", "name", "weight", "share", "lift")


def _liked(evidence: Table, dimension: str) -> Table:
    named = evidence.mutate(dimension=ibis.literal(dimension), name=evidence[dimension])
    named = named.filter(named.name.notnull())
    weights = named.group_by(*USER, "dimension", "name").aggregate(weight=named.weight.sum())
    return weights.filter(weights.weight > 0)


def _compared(liked: Table) -> Table:
    """How does a liking compare with the user's other likings, and with everybody's?

    With w the user's weight for a name, W that for all names, m the mean W, p the name's share of everybody's weight:
    share = w / W and lift = ((w + m p) / (W + m)) / p. So a user with average evidence goes half way to the usual,
    and one who has shown little stays close to lift 1.
    """
    own = liked.group_by(*USER, "dimension").aggregate(own=liked.weight.sum())
    everyone = own.group_by("as_of", "dimension").aggregate(mean=own.own.mean(), everyone=own.own.sum())
    names = liked.group_by("as_of", "dimension", "name").aggregate(named=liked.weight.sum())
    usual = names.join(everyone, ["as_of", "dimension"])
    usual = usual.select("as_of", "dimension", "name", "mean", usual=usual.named / usual.everyone)
    joined = liked.join(own, [*USER, "dimension"]).join(usual, ["as_of", "dimension", "name"])
    drawn = (joined.weight + joined["mean"] * joined.usual) / (joined.own + joined["mean"])
    return joined.mutate(share=joined.weight / joined.own, lift=drawn / joined.usual)


def _price_bands(known: Table, catalogue: Table) -> Table:
    """How dear is each item among those of its category seen before the cut-off? `as_of, item_id, price_band`.

    The price is what was paid per unit before the cut-off, else the listed one. Without price or category, no band.
    """
    quantity = known.quantity.fill_null(1.0)
    is_paid = has_role(known, Role.COMMITMENT) & known.value.notnull() & (quantity > 0)
    seen = known.group_by("as_of", "item_id").aggregate(
        paid=known.value.sum(where=is_paid), quantity=quantity.sum(where=is_paid)
    )
    priced = seen.join(catalogue, "item_id")
    priced = priced.mutate(unit_price=(priced.paid / priced.quantity).fill_null(priced.price))
    priced = priced.filter(priced.unit_price.notnull() & priced.category.notnull())
    peers = ibis.window(group_by=["as_of", "category"])
    by_price = ibis.window(group_by=["as_of", "category"], order_by=priced.unit_price)
    # The middle of the ranks that equal prices share: they get one band, and an item without peers the middle one.
    quantile = (ibis.rank().over(by_price) / priced.count().over(peers) + ibis.cume_dist().over(by_price)) / 2
    fifth = (quantile * len(PRICE_BANDS)).floor().cast("int32")
    return priced.select("as_of", "item_id", price_band=fifth.cases(*enumerate(PRICE_BANDS)))


def _check(half_life_days: float, dimensions: Sequence[str], top: int) -> None:
    if not half_life_days > 0:
        raise ConfigError(f"taste_half_life_days: expected a number above 0, got {half_life_days!r}")
    if top < 1:
        raise ConfigError(f"taste.top: expected at least 1, got {top!r}")
    if not dimensions:
        raise ConfigError(f"taste.dimensions: expected at least one of {', '.join(DIMENSIONS)}, got none")
    for name in dimensions:
        if name not in DIMENSIONS:
            raise ConfigError(f"taste.dimensions: there is no dimension '{name}'; {nearest(name, DIMENSIONS)}")
