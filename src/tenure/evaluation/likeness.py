"""What do users tell of those who are like them? Two ways to say who is alike, judged by what came later."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Numbers = NDArray[np.int64]


def told_by_group(outcome: Vector, group: Numbers) -> Vector:
    """The mean outcome of the others in each user's group [B]; that of all others where nobody else is in it.

    >>> told_by_group(np.array([1.0, 3.0, 8.0]), np.array([0, 0, 1])).tolist()
    [3.0, 1.0, 2.0]
    """
    sums, sizes = np.bincount(group, outcome), np.bincount(group).astype(np.float64)
    others, n_others = sums[group] - outcome, sizes[group] - 1
    overall = (outcome.sum() - outcome) / max(len(outcome) - 1, 1)
    return np.where(n_others > 0, others / np.maximum(n_others, 1), overall)


def told_by_nearest(outcome: Vector, points: NDArray[np.float64], k: int) -> Vector:
    """The mean outcome of the k nearest others of each user [B], points [B, D].

    >>> told_by_nearest(np.array([1.0, 3.0, 8.0]), np.array([[0.0], [0.1], [5.0]]), 1).tolist()
    [3.0, 1.0, 3.0]
    """
    from sklearn.neighbors import NearestNeighbors

    k = min(k, len(points) - 1)
    found = NearestNeighbors(n_neighbors=k).fit(points).kneighbors(return_distance=False)
    return np.asarray(outcome[found].mean(axis=1), dtype=np.float64)


def share_explained(outcome: Vector, told: Vector) -> Vector:
    """How much each user adds to 1 - sum (y - told)^2 / sum (y - mean)^2: its mean over users [B] is that share.

    NaN where all outcomes are alike.
    """
    variance = float(outcome.var())
    if not variance > 0:
        return np.full(len(outcome), np.nan)
    return np.asarray(1 - (outcome - told) ** 2 / variance, dtype=np.float64)
