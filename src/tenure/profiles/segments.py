"""Segments: groups of users who behave alike, and a map of everybody.

Users are compared in the few directions in which they differ most (principal components of the profile vector, every
theme weighing the same) and grouped there by k-means. How many groups there are is decided in `segment_choice`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from tenure.profiles.segment_choice import ChoiceConfig, Trial, chosen, k_means, nearest, try_numbers
from tenure.profiles.vector import Profiles
from tenure.seeds import generator


@dataclass(frozen=True, kw_only=True)
class SegmentsConfig:
    """How users are grouped."""

    variance_share: float = 0.6
    """As many directions are kept as hold this share of the differences between users; the rest is mostly noise."""
    min_directions: int = 5
    """Not fewer, where there are so many: along a line any cut comes back from other users, even one through noise."""
    max_directions: int = 12
    n_sample: int = 4_000
    """The number of segments is chosen on so many users, drawn at random."""
    choice: ChoiceConfig = field(default_factory=ChoiceConfig)


@dataclass(frozen=True, slots=True)
class Placement:
    """Where users stand. All of shape [B]."""

    segment: NDArray[np.int64]
    distance: NDArray[np.float64]
    """To the centre of the segment: large = not typical of it."""
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    """Place on the map: the two directions in which users differ most."""


@dataclass(frozen=True, slots=True)
class Segments:
    """Groups of users, numbered from the largest: `assign` places anybody, one user or many."""

    origin: NDArray[np.float64]
    """[D]: the average user, in z."""
    directions: NDArray[np.float64]
    """[D, P]: the strongest first."""
    centres: NDArray[np.float64]
    """[K, P]"""
    stability: NDArray[np.float64]
    """[K]: how alike the segment comes back from other halves of the users (mean Jaccard); 1 = the same every time."""
    trials: tuple[Trial, ...] = ()
    """Every number of segments that was tried; not kept in arrays."""

    @classmethod
    def fit(cls, profiles: Profiles, *, seed: int, config: SegmentsConfig = SegmentsConfig()) -> Self:
        """Which kinds of users are there? One segment, when no split of the users comes back from their halves."""
        # Draws are by place in line: stand in the order of ids, so that the order of rows cannot change a segment.
        line = pc.sort_indices(profiles.table, [("user_id", "ascending"), ("as_of", "ascending")]).to_numpy()
        return cls.of(profiles.matrix[line], profiles.balance, seed=seed, config=config)

    @classmethod
    def of(
        cls,
        matrix: NDArray[np.float64],
        balance: NDArray[np.float64],
        *,
        seed: int,
        config: SegmentsConfig = SegmentsConfig(),
    ) -> Self:
        """The same of any vectors [B, D], their columns weighing `balance` [D] in distances; draws go by row."""
        origin = matrix.mean(axis=0) if len(matrix) else np.zeros(matrix.shape[1])
        directions = _directions((matrix - origin) * balance, config) * balance[:, None]
        points = (matrix - origin) @ directions
        sample = points
        if len(points) > config.n_sample:
            sample = points[generator(seed, "segments", "sample").choice(len(points), config.n_sample, replace=False)]
        trials = try_numbers(sample, seed=seed, config=config.choice)
        best = chosen(trials, config.choice)
        if best is None:
            return cls(origin, directions, np.zeros((1, points.shape[1])), np.ones(1), trials)
        # Start from the centres of the trial, so that each segment keeps the stability that was found for it.
        centres, labels = k_means(points, best.centres, seed=seed)
        order = np.argsort(-np.bincount(labels, minlength=len(centres)), kind="stable")
        return cls(origin, directions, centres[order], np.array(best.stabilities)[order], trials)

    def assign(self, matrix: NDArray[np.float64]) -> Placement:
        """Which segment does each user belong to? `matrix`: z, [B, D]; each row by itself."""
        points = (matrix - self.origin) @ self.directions
        segment, distance = nearest(points, self.centres)
        on_map = np.zeros((len(points), 2))
        on_map[:, : points.shape[1]] = points[:, :2]
        return Placement(segment, distance, on_map[:, 0], on_map[:, 1])

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """The fitted model as arrays."""
        return {name: getattr(self, name) for name in ("origin", "directions", "centres", "stability")}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """The model that `to_arrays` wrote."""
        return cls(arrays["origin"], arrays["directions"], arrays["centres"], arrays["stability"])


def _directions(z: NDArray[np.float64], config: SegmentsConfig) -> NDArray[np.float64]:
    """The directions in which users differ most, [D, P], orthonormal, strongest first. `z`: [B, D] with mean 0."""
    variances, axes = np.linalg.eigh(z.T @ z)
    variances, axes = variances[::-1], axes[:, ::-1]
    total = variances.sum()
    # Without differences there is no direction; rounding would still give some.
    if not total > 1e-9 * len(z):
        return np.empty((z.shape[1], 0))
    enough = int(np.searchsorted(np.cumsum(variances) / total, config.variance_share)) + 1
    number = min(max(enough, config.min_directions), config.max_directions, int((variances > 1e-9 * total).sum()))
    axes = axes[:, :number]
    # An axis has no sign of its own: let its largest entry be positive, so that a map is never mirrored.
    largest = np.abs(axes).argmax(axis=0)
    directions: NDArray[np.float64] = axes * np.sign(axes[largest, np.arange(axes.shape[1])])
    return directions
