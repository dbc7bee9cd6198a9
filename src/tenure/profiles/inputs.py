"""What goes into the profile vector: activity, taste, attributes and given vectors of a user, in their own units."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby, islice
from typing import Any, NamedTuple, Self, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tenure.errors import ConfigError
from tenure.profiles.attributes import Attributes, AttributesConfig, attributes_of
from tenure.profiles.features import FEATURES, Feature, Scaling, Theme
from tenure.profiles.normalise import numbers
from tenure.schema import TIME, USERS

TASTE = pa.schema(
    [
        pa.field("user_id", pa.string()),
        pa.field("as_of", TIME),
        pa.field("dimension", pa.string()),
        pa.field("name", pa.string()),
        pa.field("share", pa.float64()),
    ]
)
"""The columns of a taste table that the vector reads."""


@dataclass(frozen=True, kw_only=True)
class InputsConfig:
    """Which tastes and attributes get a column."""

    n_tastes: int = 20
    """The most columns per dimension of taste (category, brand, price band); what most users like comes first."""
    min_reach: float = 0.05
    """A thing gets a column when at least this share of the users like it."""
    attributes: AttributesConfig = field(default_factory=AttributesConfig)


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """What is known of some users at their cut-offs."""

    activity: pa.Table
    """`user_id, as_of` and a column per feature, a row per user and cut-off. Results have its rows in its order."""
    taste: pa.Table = field(default_factory=TASTE.empty_table)
    """At least the columns of TASTE: what they like, all cut-offs together."""
    users: pa.Table = field(default_factory=USERS.empty_table)
    """Of schema.USERS; the attributes of users that it lacks are unknown."""
    vectors: NDArray[np.float64] | None = None
    """[B, V]: embeddings of text, pictures ..., a row per row of `activity`; NaN where a user has none."""


class Input(NamedTuple):
    """One column."""

    name: str
    theme: str
    scaling: Scaling
    description: str


@dataclass(frozen=True, slots=True)
class Inputs:
    """The chosen columns; fitted once, so that everybody later gets the same ones."""

    features: tuple[Feature, ...]
    tastes: tuple[tuple[str, str], ...]
    """(dimension, name) of the liked things that have a column."""
    attributes: Attributes
    n_vector: int
    """Width of the given vectors; 0 = none."""

    @classmethod
    def fit(
        cls, facts: Facts, *, features: Sequence[Feature] = FEATURES, config: InputsConfig = InputsConfig()
    ) -> Self:
        """Which tastes and attributes are frequent enough among these users to tell them apart?"""
        attributes = Attributes.fit(attributes_of(facts.users, facts.activity["user_id"]), config.attributes)
        n_vector = 0 if facts.vectors is None else facts.vectors.shape[1]
        return cls(tuple(features), _most_liked(facts, config), attributes, n_vector)

    def __iter__(self) -> Iterator[Input]:
        """The columns, in order."""
        yield from (Input(f.name, f.theme, f.scaling, f.description) for f in self.features)
        for dimension, name in self.tastes:
            yield Input(f"taste:{dimension}:{name}", "taste", "share", f"share of taste ({dimension}) that is {name}")
        yield from (
            Input(f"user:{name}", "attributes", "linear", f"attribute {name}") for name in self.attributes.names
        )
        yield from (Input(f"vector:{i}", "vector", "linear", f"given vector, place {i}") for i in range(self.n_vector))

    def values(self, facts: Facts) -> NDArray[np.float64]:
        """The columns of these users, [B, F], NaN where not known; each row by itself."""
        activity = facts.activity
        vectors = np.full((activity.num_rows, self.n_vector), np.nan) if facts.vectors is None else facts.vectors
        expected = (activity.num_rows, self.n_vector)
        if vectors.shape != expected:
            raise ConfigError(f"Facts.vectors: expected shape {expected}, a row per user, got {vectors.shape}")
        return np.hstack(
            [
                numbers(activity, [feature.name for feature in self.features]),
                _taste_shares(facts, self.tastes),
                self.attributes.transform(attributes_of(facts.users, activity["user_id"])),
                vectors,
            ]
        )

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """The choice as arrays, names as text."""
        features = [(f.name, f.theme, f.scaling, f.description, f.undefined) for f in self.features]
        return {
            "features": np.array(features, dtype=np.str_).reshape(-1, 5),
            "tastes": np.array(self.tastes, dtype=np.str_).reshape(-1, 2),
            "n_vector": np.array(self.n_vector),
            **self.attributes.to_arrays(),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """The choice that `to_arrays` wrote."""
        features = (
            Feature(name, cast("Theme", theme), cast("Scaling", scaling), description, undefined)
            for name, theme, scaling, description, undefined in arrays["features"].tolist()
        )
        tastes = tuple((dimension, name) for dimension, name in arrays["tastes"].tolist())
        return cls(tuple(features), tastes, Attributes.from_arrays(arrays), int(arrays["n_vector"]))


def _most_liked(facts: Facts, config: InputsConfig) -> tuple[tuple[str, str], ...]:
    """The (dimension, name) pairs that enough users like, per dimension the most liked first."""
    counted = facts.taste.group_by(["dimension", "name"]).aggregate([([], "count_all")])
    liked = [row for row in counted.to_pylist() if row["count_all"] >= config.min_reach * facts.activity.num_rows]
    liked.sort(key=lambda row: (row["dimension"], -row["count_all"], row["name"]))
    by_dimension = groupby(liked, key=lambda row: row["dimension"])
    return tuple((d, row["name"]) for d, rows in by_dimension for row in islice(rows, config.n_tastes))


def _taste_shares(facts: Facts, tastes: Sequence[tuple[str, str]]) -> NDArray[np.float64]:
    """Share of each thing in the user's taste, [B, T]: 0 where they like only others, NaN where nothing is known."""
    activity, taste = facts.activity, facts.taste
    shares = np.full((activity.num_rows, len(tastes)), np.nan)
    rows = pc.index_in(_key(taste), value_set=_key(activity))
    for dimension in {dimension for dimension, _ in tastes}:
        columns = np.array([i for i, (d, _) in enumerate(tastes) if d == dimension])
        inside = pc.and_(pc.is_valid(rows), pc.equal(taste["dimension"], dimension))
        users = rows.filter(inside).to_numpy()
        shares[np.ix_(np.unique(users), columns)] = 0.0
        names = pa.array([tastes[i][1] for i in columns], pa.string())
        places = pc.index_in(taste["name"].filter(inside), value_set=names)
        chosen = pc.is_valid(places)
        shares[users[chosen.to_numpy()], columns[places.filter(chosen).to_numpy()]] = (
            taste["share"].filter(inside).filter(chosen).to_numpy()
        )
    return shares


def _key(table: pa.Table) -> pa.Array:
    """One text per (user, cut-off)."""
    times = pc.cast(pc.cast(table["as_of"], pa.int64()), pa.string())
    return pc.binary_join_element_wise(table["user_id"], times, "\x1f").combine_chunks()
