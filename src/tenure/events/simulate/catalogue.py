"""The items of the simulated world, and how likely each is to be chosen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tenure.events.simulate.config import SimulationConfig
from tenure.schema import ITEMS, TIME
from tenure.seeds import generator

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]

_TOPICS = {
    "Home": ("Cooking", "Gardening", "Crafts", "Interiors"),
    "Outdoors": ("Hiking", "Cycling", "Fishing", "Camping"),
    "Culture": ("Music", "Cinema", "History", "Books"),
    "Technology": ("Gaming", "Photography", "Computing", "Audio"),
    "Body": ("Fitness", "Running", "Nutrition", "Beauty"),
    "Family": ("Toys", "School", "Pets", "Travel"),
}
CATEGORIES_PER_DEPARTMENT = 4
_ONSETS = ("Nor", "Kel", "Tam", "Ori", "Vel", "Sun")
_ENDINGS = ("va", "mo", "ra", "dex", "lin")


@dataclass(frozen=True)
class Shelf:
    """Items in groups; within a group each has its share of the choices."""

    order: IntArray
    """Items, group by group. Shape [I]."""
    mass: FloatArray
    """Running total of mass along `order`. Shape [I + 1]."""
    bounds: IntArray
    """Where each group begins in `order`, and where the last one ends. Shape [groups + 1]."""
    p: FloatArray
    """Probability of each item within its group (0 in a group without mass). Shape [I]."""

    @classmethod
    def build(cls, mass: FloatArray, group: IntArray, n_groups: int) -> Self:
        """A shelf with this mass per item."""
        order = np.argsort(group, kind="stable")
        totals = np.bincount(group, weights=mass, minlength=n_groups)
        p = np.divide(mass, totals[group], out=np.zeros_like(mass), where=totals[group] > 0)
        bounds = np.searchsorted(group[order], np.arange(n_groups + 1))
        return cls(order, np.concatenate([[0.0], np.cumsum(mass[order])]), bounds, p)

    def draw(self, groups: IntArray, uniform: FloatArray) -> IntArray:
        """One item from each of these groups; -1 where the group has none."""
        low, high = self.mass[self.bounds[groups]], self.mass[self.bounds[groups + 1]]
        place = np.searchsorted(self.mass, low + uniform * (high - low), side="right") - 1
        # Rounding must not carry a draw over into the next group.
        place = np.minimum(place, self.bounds[groups + 1] - 1)
        return np.where(high > low, self.order[place], -1)

    def draw_any(self, uniform: FloatArray) -> IntArray:
        """One item from all groups together."""
        place = np.searchsorted(self.mass, uniform * self.mass[-1], side="right") - 1
        return np.asarray(self.order[np.minimum(place, len(self.order) - 1)])


@dataclass(frozen=True)
class Catalogue:
    """All items, those that have not arrived yet included. One entry per item in every array."""

    n_categories: int
    category: IntArray
    brand: IntArray
    price: FloatArray
    arrived: FloatArray
    """Days from the start of the window; zero or less for items that were there before."""
    companion: IntArray
    """The item it brings along, or -1."""
    shelf: Shelf
    """Everything by category."""
    brand_shelf: Shelf
    """Everything by category and brand."""
    old_shelf: Shelf
    """What was there from the start, by category: chosen instead of an item that has not arrived."""

    @classmethod
    def build(cls, config: SimulationConfig) -> Self:
        """The catalogue of a world."""
        rng = generator(config.seed, "simulate", "catalogue")
        n, n_categories = config.n_items, min(config.n_categories, config.n_items)
        # The first item of each category is always an old one, so that no category is ever empty.
        category = np.concatenate([np.arange(n_categories), rng.integers(n_categories, size=n - n_categories)])
        brand = rng.integers(config.n_brands, size=n)
        popularity = 1 / (1 + rng.permutation(n)) ** 0.8
        is_new = (rng.random(n) < config.new_item_share) & (np.arange(n) >= n_categories)
        arrived = np.where(is_new, rng.random(n) * config.days, -rng.random(n) * 365)
        price = np.exp(rng.normal(2.0, 0.6, n_categories)[category] + rng.normal(0, 0.3, config.n_brands)[brand])
        companion = np.full(n, -1)
        old = np.flatnonzero(~is_new)
        lead = old[np.argsort(-popularity[old], kind="stable")][: min(config.n_companions, len(old) - 1)]
        steps = 1 + rng.integers(max(len(old) - 1, 1), size=len(lead))  # at least one on: nobody's own companion
        companion[lead] = old[(np.searchsorted(old, lead) + steps) % len(old)]
        return cls(
            n_categories=n_categories,
            category=category,
            brand=brand,
            price=np.round(price * np.exp(rng.normal(0, 0.25, n)), 2),
            arrived=arrived,
            companion=companion,
            shelf=Shelf.build(popularity, category, n_categories),
            brand_shelf=Shelf.build(popularity, category * config.n_brands + brand, n_categories * config.n_brands),
            old_shelf=Shelf.build(np.where(is_new, 0.0, popularity), category, n_categories),
        )

    @property
    def ids(self) -> pa.Array:
        """Item ids."""
        return pa.array([f"i{number:06d}" for number in range(len(self.category))], pa.string())

    def to_table(self, config: SimulationConfig) -> pa.Table:
        """The catalogue as a source would deliver it (`schema.ITEMS`)."""
        brands = [brand_name(number) for number in range(config.n_brands)]
        categories = [[*category_names(number)] for number in range(self.n_categories)]
        arrived = np.datetime64(config.start, "us") + (self.arrived * 86_400e6).astype("timedelta64[us]")
        numbers = np.arange(len(self.category))
        columns = {
            "item_id": self.ids,
            "title": [
                f"{brands[b]} {categories[c][-1]} {i}"
                for i, b, c in zip(numbers, self.brand, self.category, strict=True)
            ],
            "description": pa.nulls(len(numbers), pa.string()),
            "categories": [categories[c] for c in self.category],
            "brand": [brands[b] for b in self.brand],
            "price": self.price if config.has_values else pa.nulls(len(numbers), pa.float64()),
            "created_at": pa.array(arrived, TIME),
            "attributes": pa.nulls(len(numbers), pa.string()),
        }
        return pa.table(columns, schema=ITEMS)


def category_names(number: int) -> tuple[str, str]:
    """Broad and narrow name of a category.

    >>> category_names(5), category_names(29)
    (('Outdoors', 'Cycling'), ('Outdoors 2', 'Cycling 2'))
    """
    departments = list(_TOPICS)
    lap, place = divmod(number, CATEGORIES_PER_DEPARTMENT * len(departments))
    department = departments[place // CATEGORIES_PER_DEPARTMENT]
    suffix = f" {lap + 1}" if lap else ""
    return department + suffix, _TOPICS[department][place % CATEGORIES_PER_DEPARTMENT] + suffix


def brand_name(number: int) -> str:
    """An invented name.

    >>> brand_name(0), brand_name(7), brand_name(30)
    ('Norva', 'Kelva', 'Norva 2')
    """
    lap, place = divmod(number, len(_ONSETS) * len(_ENDINGS))
    name = _ONSETS[place % len(_ONSETS)] + _ENDINGS[(place // len(_ONSETS) + 2 * place) % len(_ENDINGS)]
    return f"{name} {lap + 1}" if lap else name
