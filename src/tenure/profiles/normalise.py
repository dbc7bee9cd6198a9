"""Makes columns of any unit comparable: z = (x - centre) / spread, after each column's own scaling.

What is usual (centre, spread) is learnt once, on the past; a user's z does not depend on whom it is scored with.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tenure.errors import ConfigError
from tenure.profiles.features import Scaling

IQR_OF_NORMAL = 1.3489795
"""Interquartile range of the standard normal: makes a robust spread comparable with a standard deviation."""
MISSING = "_missing"
"""Ends the name of a column that says whether another one is missing."""


@dataclass(frozen=True, kw_only=True)
class NormaliserConfig:
    """How columns become comparable."""

    clip: float = 5.0
    """A z beyond this, either way, is cut: one odd user must not bend a model."""
    missing_share: float = 0.02
    """A column undefined for at least this share of the rows, and defined for as many, gets a column that says so."""


@dataclass(frozen=True, slots=True)
class Normaliser:
    """Columns [B, F] in their own units -> z [B, D]: those that vary, then an indicator per pattern of missing values.

    A missing value becomes 0, the centre. Columns that were constant when fitted say nothing and are left out.
    """

    inputs: tuple[str, ...]
    """The names of the F columns that go in."""
    scalings: tuple[Scaling, ...]
    centre: NDArray[np.float64]
    """[F]: mean of the scaled column, or its median where the scaling is robust; NaN where nothing was seen."""
    spread: NDArray[np.float64]
    """[F]: standard deviation of the scaled column, or interquartile range / 1.349; 0 = constant, left out."""
    coverage: NDArray[np.float64]
    """[F]: share of the rows in which the column was defined."""
    indicated: NDArray[np.int64]
    """The columns that stand for a pattern of missing values and have an indicator."""
    clip: float

    @classmethod
    def fit(
        cls,
        inputs: Sequence[str],
        scalings: Sequence[Scaling],
        values: NDArray[np.float64],
        config: NormaliserConfig = NormaliserConfig(),
    ) -> Self:
        """What is usual, and how far do users differ from it? Learnt from `values` [B, F], NaN = not defined.

        >>> normaliser = Normaliser.fit(["age"], ["linear"], np.array([[20.0], [40.0], [60.0]]))
        >>> normaliser.transform(np.array([[40.0], [np.nan], [56.33]])).round(2).tolist()
        [[0.0], [0.0], [1.0]]
        """
        if values.ndim != 2 or not len(inputs) == len(scalings) == values.shape[1]:
            raise ConfigError(
                f"Normaliser: expected one name and one scaling per column, got {len(inputs)} names, "
                f"{len(scalings)} scalings and values of shape {values.shape}"
            )
        missing = np.isnan(values)
        fitted = [
            _centre_and_spread(column, s) for column, s in zip(_scaled(values, scalings).T, scalings, strict=True)
        ]
        centre, spread = np.array(fitted, dtype=np.float64).reshape(-1, 2).T
        coverage = 1 - missing.mean(axis=0) if len(values) else np.zeros(values.shape[1])
        often = (coverage <= 1 - config.missing_share) & (coverage >= config.missing_share)
        # Features of one theme are undefined for the same users: one indicator speaks for all of them.
        _, first = np.unique(missing[:, often], axis=1, return_index=True)
        indicated = np.flatnonzero(often)[np.sort(first)]
        return cls(tuple(inputs), tuple(scalings), centre, spread, coverage, indicated, config.clip)

    @property
    def kept(self) -> NDArray[np.int64]:
        """The input columns that vary, by number."""
        return np.flatnonzero(self.spread > 0)

    @property
    def constant(self) -> tuple[str, ...]:
        """The input columns that were left out, because they had one value or none."""
        return tuple(self.inputs[i] for i in np.flatnonzero(self.spread == 0))

    @property
    def sources(self) -> NDArray[np.int64]:
        """[D]: the number of the input column behind each output column."""
        return np.concatenate([self.kept, self.indicated])

    @property
    def names(self) -> tuple[str, ...]:
        """[D]: the output columns; an indicator is the name of its column and `MISSING`."""
        kept = (self.inputs[i] for i in self.kept)
        return (*kept, *(f"{self.inputs[i]}{MISSING}" for i in self.indicated))

    def select(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """The output columns in their own units, [B, F] -> [B, D]; an indicator is 1 where its column is missing."""
        missing = np.isnan(values[:, self.indicated]).astype(np.float64)
        return np.hstack([values[:, self.kept], missing])

    def transform(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """How far is each user from the usual? [B, F] -> [B, D], each row by itself."""
        n_kept, p = len(self.kept), 1 - self.coverage[self.indicated]
        z = np.empty((len(values), n_kept + len(p)))  # filled in place: a copy of all profiles is large
        z[:, :n_kept] = _scaled(values, self.scalings)[:, self.kept]
        z[:, :n_kept] -= self.centre[self.kept]
        z[:, :n_kept] /= self.spread[self.kept]
        z[:, n_kept:] = (np.isnan(values[:, self.indicated]) - p) / np.sqrt(p * (1 - p))
        z[np.isnan(z)] = 0.0
        return np.clip(z, -self.clip, self.clip, out=z)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """The fitted model as arrays; names are arrays of text."""
        return {
            "inputs": np.array(self.inputs, dtype=np.str_),
            "scalings": np.array(self.scalings, dtype=np.str_),
            "centre": self.centre,
            "spread": self.spread,
            "coverage": self.coverage,
            "indicated": self.indicated,
            "clip": np.array(self.clip),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """The model that `to_arrays` wrote."""
        return cls(
            tuple(arrays["inputs"].tolist()),
            tuple(arrays["scalings"].tolist()),
            arrays["centre"],
            arrays["spread"],
            arrays["coverage"],
            arrays["indicated"],
            float(arrays["clip"]),
        )


def numbers(table: pa.Table, names: Sequence[str]) -> NDArray[np.float64]:
    """The named columns as one float64 matrix [B, F]; null and infinity become NaN."""
    if not names:
        return np.empty((table.num_rows, 0))
    matrix = np.column_stack([pc.cast(table[name], pa.float64()).to_numpy() for name in names])
    matrix[~np.isfinite(matrix)] = np.nan
    return matrix


def _scaled(values: NDArray[np.float64], scalings: Sequence[Scaling]) -> NDArray[np.float64]:
    scaled = values.copy()
    heavy = np.array([s == "log" for s in scalings], dtype=bool)
    scaled[:, heavy] = np.sign(scaled[:, heavy]) * np.log1p(np.abs(scaled[:, heavy]))
    return scaled


def _centre_and_spread(column: NDArray[np.float64], scaling: Scaling) -> tuple[float, float]:
    seen = column[~np.isnan(column)]
    if not len(seen):
        return np.nan, 0.0
    if seen.min() == seen.max():  # the standard deviation of equal numbers need not be exactly 0
        return float(seen[0]), 0.0
    if scaling == "robust":
        low, middle, high = np.quantile(seen, [0.25, 0.5, 0.75])
        if high > low:
            return float(middle), float(high - low) / IQR_OF_NORMAL
    return float(seen.mean()), float(seen.std())
