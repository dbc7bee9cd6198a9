"""How many kinds of users are there? The most segments that are all real.

For each number of segments, users are split into random halves, each half is segmented by itself, and everybody is
assigned to the segments of both. A number is admissible when

1. the two halves agree on who belongs together (adjusted Rand index),
2. every segment comes back from the halves (Jaccard similarity with its likeness there, on average),
3. no segment is too small to act on,
4. segments are not much less distinct (silhouette) than those of the best number.

The largest admissible number is chosen: finer is more useful as long as it is not noise. None = one segment. The
Calinski-Harabasz index is shown beside them.

Sources: Hubert and Arabie 1985 (adjusted Rand); Hennig 2007, Cluster-wise assessment of cluster stability (mean Jaccard
below 0.6: not to be trusted, from 0.75: stable); Rousseeuw 1987 (silhouette); Calinski and Harabasz 1974.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tenure.seeds import generator


@dataclass(frozen=True, kw_only=True)
class ChoiceConfig:
    """When a number of segments is admissible."""

    max_segments: int = 10
    """More than this nobody can keep apart."""
    n_resamples: int = 5
    """Pairs of random halves."""
    min_agreement: float = 0.5
    """Adjusted Rand index between the halves, on average."""
    min_stability: float = 0.7
    """Mean Jaccard of the least stable segment."""
    min_share: float = 0.03
    """Share of the users in the smallest segment."""
    max_silhouette_loss: float = 0.2
    """How far the silhouette (-1 to 1, 1 = far apart) may lie below the best of any number tried."""
    min_users: int = 10
    """So many users per segment are needed to try a number at all."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What became of one number of segments."""

    n_segments: int
    silhouette: float
    calinski_harabasz: float
    agreement: float
    stabilities: tuple[float, ...]
    """Of each segment."""
    smallest_share: float
    centres: NDArray[np.float64]
    """[K, P]"""


def try_numbers(points: NDArray[np.float64], *, seed: int, config: ChoiceConfig = ChoiceConfig()) -> tuple[Trial, ...]:
    """What becomes of 2, 3, ... segments of these users? `points`: [B, P]."""
    most = min(config.max_segments, int(1 / config.min_share), len(points) // config.min_users)
    most = min(most, len(np.unique(points, axis=0)) // 2)
    return tuple(_trial(points, number, seed=seed, config=config) for number in range(2, most + 1))


def chosen(trials: Sequence[Trial], config: ChoiceConfig = ChoiceConfig()) -> Trial | None:
    """The trial with the most segments that are all real; None where no split of the users is."""
    best = max((t.silhouette for t in trials), default=0.0)
    admissible = [
        t
        for t in trials
        if t.agreement >= config.min_agreement
        and min(t.stabilities) >= config.min_stability
        and t.smallest_share >= config.min_share
        and t.silhouette >= best - config.max_silhouette_loss
    ]
    return max(admissible, key=lambda t: t.n_segments, default=None)


def k_means(
    points: NDArray[np.float64], start: int | NDArray[np.float64], *, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Group points [B, P] into a number of segments, or from given centres: centres [K, P], segment of each [B]."""
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning

    number, init, n_init = (start, "k-means++", 5) if isinstance(start, int) else (len(start), start, 1)
    model = KMeans(number, init=init, n_init=n_init, random_state=int(generator(seed, "k-means").integers(2**31)))
    with warnings.catch_warnings():
        # Fewer different users than segments: no failure, the trial is found unstable.
        warnings.simplefilter("ignore", ConvergenceWarning)
        labels = model.fit_predict(points)
    return model.cluster_centers_, labels.astype(np.int64)


def nearest(points: NDArray[np.float64], centres: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The nearest centre of each point and the distance to it, both [B]."""
    squares = np.column_stack([((points - centre) ** 2).sum(axis=1) for centre in centres])
    closest = squares.argmin(axis=1)
    return closest, np.sqrt(squares[np.arange(len(points)), closest])


def _trial(points: NDArray[np.float64], number: int, *, seed: int, config: ChoiceConfig) -> Trial:
    from sklearn.metrics import adjusted_rand_score, calinski_harabasz_score, silhouette_score

    centres, labels = k_means(points, number, seed=seed)
    agreements, similarities = [], []
    draws = generator(seed, "segments", "halves", number)
    for _ in range(config.n_resamples):
        halves = np.array_split(draws.permutation(len(points)), 2)
        views = [nearest(points, k_means(points[half], number, seed=seed)[0])[0] for half in halves]
        agreements.append(adjusted_rand_score(*views))
        similarities += [_jaccard(labels, view, number).max(axis=1) for view in views]
    return Trial(
        n_segments=number,
        silhouette=float(silhouette_score(points, labels)),
        calinski_harabasz=float(calinski_harabasz_score(points, labels)),
        agreement=float(np.mean(agreements)),
        stabilities=tuple(np.mean(similarities, axis=0).tolist()),
        smallest_share=float(np.bincount(labels, minlength=number).min() / len(points)),
        centres=centres,
    )


def _jaccard(a: NDArray[np.int64], b: NDArray[np.int64], number: int) -> NDArray[np.float64]:
    """Users in both over users in either, for each segment of `a` and each of `b`: [K, K]."""
    both = np.bincount(a * number + b, minlength=number**2).reshape(number, number)
    either = both.sum(axis=1, keepdims=True) + both.sum(axis=0, keepdims=True) - both
    similarity: NDArray[np.float64] = both / np.maximum(either, 1)
    return similarity
