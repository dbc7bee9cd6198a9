"""What do real users look like: which values go together, and is there anybody like this at all?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri
from sklearn.covariance import ledoit_wolf
from sklearn.neighbors import NearestNeighbors

from tenure.errors import ConfigError, EvidenceError, nearest
from tenure.prediction.examples import Inputs
from tenure.prediction.explaining.histories import possible

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class LikenessConfig:
    """When a profile counts as one that real users have."""

    n_alike: int = 10
    """So many real users must have about the new value, or no number is given."""
    about: float = 0.25
    """What "about" means, in standard deviations of the normal scores."""
    plausible: float = 0.99
    """A combination of values stranger than those of this part of the real users is one that nobody has."""
    n_users: int = 5_000
    """The most real users that are looked at."""


@dataclass(frozen=True, eq=False)
class Likeness:
    """How the inputs of real users [N] hang together: each made normal by its ranks, then their correlations.

    A Gaussian copula: whatever the shape of a column, its normal score is the z of its place in the order of users.
    Source: Liu, Lafferty & Wasserman (2009), Journal of Machine Learning Research 10 (the nonparanormal).
    """

    names: tuple[str, ...]
    """The inputs [D]."""
    levels: tuple[Vector, ...]
    """The values that each input takes among them, rising."""
    scores: tuple[Vector, ...]
    """The normal score of each of these values."""
    correlation: Matrix
    """[D, D] of the normal scores, shrunk so that it can be inverted (Ledoit & Wolf)."""
    users: Matrix
    """The normal scores of these users [N, D], in the same units; 0, the middle, where a value is not defined."""
    config: LikenessConfig

    @classmethod
    def fit(cls, inputs: Inputs, config: LikenessConfig = LikenessConfig()) -> Likeness:
        """Which values go together among these users?

        Raises:
            EvidenceError: there are too few users to tell.
        """
        if len(inputs) < 2 * config.n_alike:
            raise EvidenceError(
                f"what-if: expected at least {2 * config.n_alike} real users to compare with, got {len(inputs)}"
            )
        rows = np.linspace(0, len(inputs) - 1, min(config.n_users, len(inputs))).round().astype(np.int64)
        values = inputs.values[rows]
        levels, scores = zip(*(_normal_scores(column) for column in values.T), strict=True)
        users = _scored(values, levels, scores)
        covariance, _ = ledoit_wolf(users)
        if not covariance.any():  # all users are alike, so nothing is known of what goes together
            covariance = np.eye(len(inputs.names))
        sd = np.sqrt(np.diag(covariance))  # scores in units of it, so that correlations are slopes
        scaled = tuple(score / spread for score, spread in zip(scores, sd, strict=True))
        return cls(inputs.names, levels, scaled, covariance / np.outer(sd, sd), users / sd, config)

    def scored(self, values: Matrix) -> Matrix:
        """The normal scores of values [B, D]."""
        return _scored(values, self.levels, self.scores)

    def moved(self, row: Vector, change: Mapping[str, float]) -> Vector:
        """The row [D] with some values changed and all others moved along, as they differ between real users.

        z_o' = z_o + C_oc C_cc^-1 (z_c' - z_c): what makes this user other than such users are stays as it is. A value
        that is not defined stays so.
        """
        changed = self._places(change)
        others = np.setdiff1d(np.arange(len(self.names)), changed)
        new = row.copy()
        new[changed] = list(change.values())
        before, after = self.scored(row[None])[0], self.scored(new[None])[0]
        C = self.correlation
        step = C[np.ix_(others, changed)] @ np.linalg.solve(C[np.ix_(changed, changed)], (after - before)[changed])
        for place, score in zip(others, before[others] + step, strict=True):
            if np.isfinite(row[place]) and len(self.levels[place]) > 1 and score != before[place]:
                new[place] = self._value(place, score)
        return np.asarray(possible(new[None], self.names, set(change))[0], dtype=np.float64)

    def n_with(self, change: Mapping[str, float]) -> int:
        """How many real users have about these values, all of them together?"""
        changed = self._places(change)
        wanted = np.array(list(change.values()))
        seen = [self.levels[place] for place in changed]
        if not all(len(s) and s[0] <= value <= s[-1] for s, value in zip(seen, wanted, strict=True)):
            return 0
        new = np.full(len(self.names), np.nan)
        new[changed] = wanted
        near = np.abs(self.users[:, changed] - self.scored(new[None])[0, changed]) <= self.config.about
        return int(near.all(axis=1).sum())

    def is_plausible(self, row: Vector, changed: Mapping[str, float]) -> bool:
        """Do such changed values occur in users who are otherwise like this row [D]?

        The Mahalanobis distance of the changed values from what the others let expect is compared with the same
        distance of every real user.
        """
        precision = np.linalg.inv(self.correlation)
        places = self._places(changed)
        inner = precision[np.ix_(places, places)]

        def distance(z: Matrix) -> Vector:
            # The residual given the others is inner^-1 (precision z)_c, and inner^-1 its covariance.
            pull = z @ precision[:, places]
            return np.asarray((pull * np.linalg.solve(inner, pull.T).T).sum(axis=1), dtype=np.float64)

        limit = float(np.quantile(distance(self.users), self.config.plausible))
        return bool(distance(self.scored(row[None]))[0] <= limit)

    def has_company(self, row: Vector) -> bool:
        """Are there real users about like this row [D] as a whole?

        It is as near to its `n_alike`-th nearest real user as real users are to theirs. Neighbours are asked, not the
        correlations: those make much of small departures from near equalities (of counts over 30 and 90 days, say).

        Source: Ramaswamy, Rastogi & Shim (2000), Efficient algorithms for mining outliers from large data sets, SIGMOD.
        """
        distances, _ = self._neighbours.kneighbors(self.scored(row[None]), n_neighbors=self.config.n_alike)
        return bool(distances[0, -1] <= self._usual_distance)

    @cached_property
    def _neighbours(self) -> NearestNeighbors:
        return NearestNeighbors(n_neighbors=self.config.n_alike).fit(self.users)

    @cached_property
    def _usual_distance(self) -> float:
        """So far off is the `n_alike`-th nearest other user of all but the strangest real users."""
        distances, _ = self._neighbours.kneighbors()
        return float(np.quantile(distances[:, -1], self.config.plausible))

    def _value(self, place: int, score: float) -> float:
        levels = self.levels[place]
        value = float(np.interp(score, self.scores[place], levels))
        return float(np.rint(value)) if (levels == np.rint(levels)).all() else value

    def _places(self, change: Mapping[str, float]) -> NDArray[np.int64]:
        for name, value in change.items():
            if name not in self.names:
                raise ConfigError(f"what-if: there is no input '{name}'; {nearest(name, self.names)}")
            if not np.isfinite(value):
                raise ConfigError(f"what-if: expected a finite value of '{name}', got {value}")
        if not change:
            raise ConfigError("what-if: expected at least one input to change, got none")
        return np.array([self.names.index(name) for name in change], dtype=np.int64)


def _normal_scores(column: Vector) -> tuple[Vector, Vector]:
    """The values of a column, rising, and their normal scores: the quantile of the normal at their mid-rank."""
    levels, counts = np.unique(column[np.isfinite(column)], return_counts=True)
    middle = (np.cumsum(counts) - counts / 2) / max(counts.sum(), 1)
    return levels, np.asarray(ndtri(middle), dtype=np.float64)


def _scored(values: Matrix, levels: tuple[Vector, ...], scores: tuple[Vector, ...]) -> Matrix:
    z = np.zeros(values.shape)
    for i, (level, score) in enumerate(zip(levels, scores, strict=True)):
        known = np.isfinite(values[:, i])
        if len(level):
            z[known, i] = np.interp(values[known, i], level, score)
    return z
