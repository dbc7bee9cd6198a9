"""Who the simulated users are: the latent truth that no model may see, and the attributes that hint at it.

Users come in blocks of `BLOCK`. A block is always drawn whole, from its own generator, and cut to size afterwards; so
a user is the same however many there are, and a block is one set of array operations.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tenure.events.simulate.catalogue import CATEGORIES_PER_DEPARTMENT, Catalogue
from tenure.events.simulate.config import SimulationConfig
from tenure.schema import TIME, USERS

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]

BLOCK = 1_000

RESPONSE_TYPES = ("persuadable", "sure thing", "sleeping dog", "lost cause")
_PACE = np.array([1.0, 1.5, 1.0, 0.6])
"""How much more often than others each response type visits."""
_RESTLESSNESS = np.array([1.0, 0.4, 0.8, 1.8])
"""How much more readily than others each response type leaves."""

_AGES = ("18-24", "25-34", "35-44", "45-54", "55-64", "65+")
_REGIONS = ("north", "east", "south", "west")


@dataclass(frozen=True)
class Users:
    """Simulated users, one row each. B users, C categories."""

    joined: FloatArray
    """Days from the start of the window to the first visit. [B]"""
    rate: FloatArray
    """Phases per busy day: `shape` times the rate of visits. [B]"""
    shape: IntArray
    """Erlang shape of the gaps: a visit is every shape-th phase. [B]"""
    p_pleased: FloatArray
    """Probability that a visit pleases. [B]"""
    p_commit: FloatArray
    """Probability of a commitment in a displeasing and in a pleasing visit. [B, 2]"""
    p_leave: FloatArray
    """Probability of leaving for good after a displeasing and after a pleasing visit. [B, 2]"""
    p_discount: FloatArray
    """Probability that a commitment is made at a discount. [B]"""
    response_type: IntArray
    """Place in RESPONSE_TYPES. [B]"""
    taste: FloatArray
    """Share of each category in the user's choices at the start of the window. Rows sum to 1. [B, C]"""
    later_taste: FloatArray
    """What the taste drifts to. [B, C]"""
    brand: IntArray
    """Favourite brand. [B]"""
    usual: IntArray
    """The user's usual item of each category. [B, C]"""
    persona: IntArray
    """The broad category the user cares for most; attributes hint at it. [B]"""
    age: IntArray
    """Place in the age groups. [B]"""
    region: IntArray
    """Place in the regions. [B]"""

    def __len__(self) -> int:
        return len(self.joined)

    def head(self, n: int) -> Self:
        """The first n of these users."""
        return type(self)(*(getattr(self, field.name)[:n] for field in fields(self)))

    @classmethod
    def concatenate(cls, blocks: Sequence[Self]) -> Self:
        """All users of several blocks."""
        return cls(*(np.concatenate([getattr(block, field.name) for block in blocks]) for field in fields(cls)))

    @classmethod
    def draw(cls, config: SimulationConfig, catalogue: Catalogue, rng: np.random.Generator) -> Self:
        """One whole block of users."""
        n, n_categories = BLOCK, catalogue.n_categories
        shares = [config.share_persuadable, config.share_sure_thing, config.share_sleeping_dog]
        response_type = np.searchsorted(np.cumsum(shares), rng.random(n), side="right")
        pace = _PACE[response_type] * np.exp(rng.normal(0, config.visit_gap_spread, n)) / config.visit_gap_days
        shape = rng.integers(1, config.max_regularity + 1, n)
        p_commit = _beta(rng, config.p_commit, n)
        restless = _RESTLESSNESS[response_type][:, None]

        n_departments = -(-n_categories // CATEGORIES_PER_DEPARTMENT)
        persona = rng.integers(n_departments, size=n)
        is_own = np.arange(n_categories) // CATEGORIES_PER_DEPARTMENT == persona[:, None]
        pull = config.focus * np.where(is_own, config.persona_pull, 1.0)
        is_typical = rng.random(n) < config.attribute_signal
        random_age, random_region = rng.integers(len(_AGES), size=n), rng.integers(len(_REGIONS), size=n)
        categories = np.broadcast_to(np.arange(n_categories), (n, n_categories))
        return cls(
            joined=rng.random(n) * config.join_share * config.days,
            rate=pace * shape,
            shape=shape,
            p_pleased=_beta(rng, config.p_pleased, n),
            p_commit=np.column_stack([p_commit * config.displeased_factor, p_commit]),
            p_leave=np.minimum(restless * [config.p_leave_displeased, config.p_leave_pleased], 1.0),
            p_discount=_beta(rng, 0.25, n),
            response_type=response_type,
            taste=_dirichlet(rng, pull),
            later_taste=_dirichlet(rng, pull),
            brand=rng.integers(config.n_brands, size=n),
            usual=catalogue.old_shelf.draw(categories.ravel(), rng.random(categories.size)).reshape(categories.shape),
            persona=persona,
            age=np.where(is_typical, persona % len(_AGES), random_age),
            region=np.where(is_typical, persona % len(_REGIONS), random_region),
        )

    def to_table(self, config: SimulationConfig) -> pa.Table:
        """The users as a source would deliver them (`schema.USERS`): no latent truth."""
        created = np.datetime64(config.start, "us") + (self.joined * 86_400e6).astype("timedelta64[us]")
        attributes = [f'{{"age": "{age}", "region": "{region}"}}' for age in _AGES for region in _REGIONS]
        columns = {
            "user_id": user_ids(0, len(self)),
            "created_at": pa.array(created, TIME),
            "attributes": pa.array(attributes).take(pa.array(self.age * len(_REGIONS) + self.region)),
        }
        return pa.table(columns, schema=USERS)


def user_ids(first: int, n: int) -> pa.Array:
    """Ids of n users from this number on.

    >>> user_ids(7, 2).to_pylist()
    ['u0000007', 'u0000008']
    """
    digits = pc.utf8_lpad(pc.cast(pa.array(np.arange(first, first + n)), pa.string()), 7, "0")
    return pc.binary_join_element_wise("u", digits, "")


def _beta(rng: np.random.Generator, mean: float, n: int, concentration: float = 8.0) -> FloatArray:
    """Probabilities that differ between users around a mean; a mean of 0 or 1 is kept exactly."""
    if mean in (0.0, 1.0):
        return np.full(n, mean)
    return rng.beta(mean * concentration, (1 - mean) * concentration, n)


def _dirichlet(rng: np.random.Generator, parameters: FloatArray) -> FloatArray:
    """One distribution per row of parameters."""
    weights = rng.standard_gamma(parameters) + 1e-9  # small parameters may give a row of zeros
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))
