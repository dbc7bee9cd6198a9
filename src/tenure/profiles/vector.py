"""The profile vector: everything known of a user as one row of comparable numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tenure.profiles.features import FEATURES, Feature
from tenure.profiles.inputs import Facts, Inputs, InputsConfig
from tenure.profiles.normalise import Normaliser, NormaliserConfig

FEATURE_TABLE = pa.schema(
    [
        pa.field("feature", pa.string(), nullable=False),
        pa.field("theme", pa.string(), nullable=False),
        pa.field("description", pa.string(), nullable=False),
        pa.field("scaling", pa.string(), nullable=False),
        pa.field("mean", pa.float64()),  # where z is 0, on the scaled value (log1p of it where scaling is log)
        pa.field("sd", pa.float64(), nullable=False),  # the step of z; 0 = the same for everybody, so left out
        pa.field("coverage", pa.float64(), nullable=False),  # share of the users for whom it is defined
    ]
)
"""One row per input of the profile vector."""


@dataclass(frozen=True, kw_only=True)
class VectorConfig:
    """What goes into the profile vector and how it is made comparable."""

    inputs: InputsConfig = field(default_factory=InputsConfig)
    normaliser: NormaliserConfig = field(default_factory=NormaliserConfig)


@dataclass(frozen=True, slots=True)
class Profiles:
    """One row per (user, as_of): what is known, and the same as comparable numbers."""

    table: pa.Table
    """`user_id, as_of` and every activity feature."""
    values: NDArray[np.float64]
    """[B, D]: the columns of the vector in their own units, NaN where not defined. For people."""
    matrix: NDArray[np.float64]
    """[B, D]: z, 0 = as usual, 1 = one standard deviation above. For models with weights."""
    names: tuple[str, ...]
    """[D]"""
    themes: tuple[str, ...]
    """[D]: the themes of the activity features, then taste, attributes, vector."""

    @property
    def balance(self) -> NDArray[np.float64]:
        """[D]: weights for distances (`matrix * balance`), so that no theme drowns the others.

        1 / sqrt(number of columns of the theme); below four columns as with four, so that a lone column does not lead.
        """
        width = np.array([self.themes.count(theme) for theme in self.themes], dtype=np.float64)
        weights: NDArray[np.float64] = 1 / np.sqrt(np.maximum(width, 4))
        return weights


@dataclass(frozen=True, slots=True)
class Vectoriser:
    """Facts -> Profiles: fitted once on the past, then applied to anyone, one user or many."""

    inputs: Inputs
    normaliser: Normaliser

    @classmethod
    def fit(
        cls, facts: Facts, *, features: Sequence[Feature] = FEATURES, config: VectorConfig = VectorConfig()
    ) -> Self:
        """What is usual among these users?"""
        inputs = Inputs.fit(facts, features=features, config=config.inputs)
        names, scalings = [i.name for i in inputs], [i.scaling for i in inputs]
        return cls(inputs, Normaliser.fit(names, scalings, inputs.values(facts), config.normaliser))

    def transform(self, facts: Facts) -> Profiles:
        """How does each of these users differ from the usual? A row does not depend on the other rows."""
        table = facts.activity.select(["user_id", "as_of", *(feature.name for feature in self.inputs.features)])
        values = self.inputs.values(facts)
        themes = [i.theme for i in self.inputs]
        return Profiles(
            table=table,
            values=self.normaliser.select(values),
            matrix=self.normaliser.transform(values),
            names=self.normaliser.names,
            themes=tuple(themes[source] for source in self.normaliser.sources),
        )

    def feature_table(self) -> pa.Table:
        """What does each input mean, what is usual, and for how many is it known? A table of FEATURE_TABLE."""
        names, themes, scalings, descriptions = zip(*self.inputs, strict=True)
        fitted = self.normaliser
        columns = [names, themes, descriptions, scalings, fitted.centre, fitted.spread, fitted.coverage]
        return pa.Table.from_arrays([pa.array(column) for column in columns], schema=FEATURE_TABLE)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """The fitted model as arrays, names as text."""
        parts = {"inputs": self.inputs.to_arrays(), "normaliser": self.normaliser.to_arrays()}
        return {f"{part}.{name}": array for part, arrays in parts.items() for name, array in arrays.items()}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """The model that `to_arrays` wrote."""

        def part(prefix: str) -> dict[str, NDArray[Any]]:
            return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}

        return cls(Inputs.from_arrays(part("inputs.")), Normaliser.from_arrays(part("normaliser.")))
