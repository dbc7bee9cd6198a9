"""Variety: maximal marginal relevance over item categories.

Source: Carbonell and Goldstein 1998, The Use of MMR, SIGIR. Each next item has the largest
(1 - diversity) * relevance - diversity * (likeness to the most alike item above it).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tenure.recommendation.interactions import Ints


def rerank(scores: NDArray[np.float64], categories: Ints, n: int, *, diversity: float) -> Ints:
    """Which n of each user's candidates, in which order, are good and not all alike?

    Returns their columns [B, min(n, P)], -1 where none is left.

    Args:
        scores: [B, P] relevance above 0, falling; 0 = padding, never chosen. Taken relative to each user's best.
        categories: [B, P, levels] category numbers, -1 = none. Likeness is the share of categories in common.
        n: length of the list.
        diversity: 0 = the order of the scores, 1 = variety alone.

    >>> rerank(np.array([[1.0, 0.9, 0.8]]), np.array([[[7], [7], [8]]]), 2, diversity=0.3)
    array([[0, 2]])
    """
    n_users, pool = scores.shape
    n = min(n, pool)
    chosen = np.full((n_users, n), -1)
    if not n_users or not n:
        return chosen
    best = scores.max(axis=1, keepdims=True)
    relevance = (1 - diversity) * np.divide(scores, best, out=np.zeros_like(scores), where=best > 0)
    is_left = scores > 0
    likeness = np.zeros(scores.shape)
    users = np.arange(n_users)
    for place in range(n):
        marginal = np.where(is_left, relevance - diversity * likeness, -np.inf)
        pick = marginal.argmax(axis=1)
        chosen[:, place] = np.where(is_left[users, pick], pick, -1)
        is_left[users, pick] = False
        if diversity > 0:
            likeness = np.maximum(likeness, _likeness(categories, categories[users, pick]))
    return chosen


def _likeness(pool: Ints, picked: Ints) -> NDArray[np.float64]:
    """The share of categories that each candidate [B, P, levels] has in common with the picked item [B, levels]."""
    common = np.zeros(pool.shape[:2])
    for level in range(picked.shape[1]):
        name = picked[:, None, level, None]
        common += ((pool == name) & (name >= 0)).any(axis=2)
    n_each = np.maximum((pool >= 0).sum(axis=2), (picked >= 0).sum(axis=1)[:, None])
    likeness: NDArray[np.float64] = common / np.maximum(n_each, 1)
    return likeness
