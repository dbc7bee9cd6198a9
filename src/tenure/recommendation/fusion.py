"""One list out of many: reciprocal-rank fusion.

Source: Cormack, Clarke and Buettcher 2009, Reciprocal Rank Fusion outperforms Condorcet, SIGIR.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tenure.recommendation.candidates import Candidates
from tenure.recommendation.interactions import Ints

Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Fused:
    """All candidates of each user, best first. Shapes: B users, F the most candidates of any of them."""

    items: Ints
    """[B, F] item numbers, -1 = padding."""
    scores: Vector
    """[B, F] sum of the sources' contributions; 0 = padding."""
    source: Ints
    """[B, F] number of the source that contributed most; -1 = padding."""


def fuse(lists: Mapping[str, Candidates], *, weights: Mapping[str, float], constant: float, n_users: int) -> Fused:
    """Which items do the sources, taken together, put first?

    Score = sum over sources of weight / (constant + rank), rank from 1. Only ranks count, so sources need no
    common scale. A source of weight 0, or without a weight, has no say.

    >>> a = Candidates(np.array([[5, 7]]), np.array([[9.0, 1.0]], np.float32))
    >>> b = Candidates(np.array([[7, 3]]), np.array([[0.2, 0.1]], np.float32))
    >>> fuse({"a": a, "b": b}, weights={"a": 1.0, "b": 1.0}, constant=60, n_users=1).items
    array([[7, 5, 3]])
    """
    user, item, share, source = _contributions(lists, weights, constant)
    # Equal (user, item) side by side, the largest contribution first: it names the source.
    order = np.lexsort((source, -share, item, user))
    user, item, share, source = user[order], item[order], share[order], source[order]
    is_first = np.ones(len(user), dtype=bool)
    is_first[1:] = (user[1:] != user[:-1]) | (item[1:] != item[:-1])
    starts = np.flatnonzero(is_first)
    score = np.add.reduceat(share, starts) if len(starts) else share
    user, item, source = user[starts], item[starts], source[starts]

    order = np.lexsort((item, -score, user))
    user, item, score, source = user[order], item[order], score[order], source[order]
    place = np.arange(len(user)) - np.searchsorted(user, np.arange(n_users))[user]
    shape = (n_users, int(place.max(initial=-1)) + 1)
    items, scores, sources = np.full(shape, -1), np.zeros(shape), np.full(shape, -1)
    items[user, place], scores[user, place], sources[user, place] = item, score, source
    return Fused(items, scores, sources)


def _contributions(
    lists: Mapping[str, Candidates], weights: Mapping[str, float], constant: float
) -> tuple[Ints, Ints, Vector, Ints]:
    """Every (user, item, contribution, source number), flat."""
    none = np.zeros(0, np.int64)
    parts: list[tuple[Ints, Ints, Vector, Ints]] = [(none, none, np.zeros(0), none)]
    for number, (name, candidates) in enumerate(lists.items()):
        weight = weights.get(name, 0.0)
        if weight > 0:
            user, column = np.nonzero(candidates.items >= 0)
            share = np.asarray(weight / (constant + column + 1), np.float64)
            source = np.full(len(user), number, np.int64)
            parts.append((user.astype(np.int64), candidates.items[user, column], share, source))
    users, items, shares, sources = zip(*parts, strict=True)
    return np.concatenate(users), np.concatenate(items), np.concatenate(shares), np.concatenate(sources)
