"""How good are the recommended lists, against everything that the catalogue holds?

Shapes: B users, K places, I items, N relevant items of all users together. `recommended` is int64 [B, K] of item
numbers, best first, -1 where a place stays empty. The truth is ragged: the relevant items of user b are
`items[offsets[b]:offsets[b + 1]]`. The per-user metrics give float64 [B], NaN for a user without any relevant item:
nothing could have been right.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tenure.errors import ConfigError

Items = NDArray[np.int64]
Vector = NDArray[np.float64]

_GROUP = 32
"""Items whose highest score is looked at before their own."""


def top_k(scores: NDArray[np.floating], k: int) -> Items:
    """Which k items score highest? int64 [B, k] from scores [B, I]; ties go to the smaller item number.

    An item scored -inf (or NaN) is never chosen; places left over are -1.

    >>> top_k(np.array([[0.1, 0.9, -np.inf, 0.9]]), 4)
    array([[ 1,  3,  0, -1]])
    """
    _check_k(k)
    if np.isnan(scores).any():
        scores = np.where(np.isnan(scores), -np.inf, scores)
    user, item = np.divmod(np.flatnonzero(scores >= _reached_by(scores, k)), max(scores.shape[1], 1))
    order = np.lexsort((item, -scores[user, item], user))
    user, item = user[order], item[order]
    place = np.arange(len(user)) - np.searchsorted(user, np.arange(len(scores)))[user]
    best = np.full((len(scores), k), -1, np.int64)
    is_in = place < k
    best[user[is_in], place[is_in]] = item[is_in]
    return best


def _reached_by(scores: NDArray[np.floating], k: int) -> NDArray[np.floating]:
    """A score that k items of each user reach, and hardly more do [B, 1].

    It is the k-th of the highest scores of groups of items, since in k groups an item reaches it; but no less than the
    lowest finite number, so that -inf never does.
    """
    lowest = np.full((len(scores), 1), np.finfo(scores.dtype).min, scores.dtype)
    size = min(_GROUP, scores.shape[1] // k)
    if not size:
        return lowest
    n_groups = scores.shape[1] // size
    highest = scores[:, : n_groups * size].reshape(len(scores), size, n_groups).max(axis=1)
    return np.maximum(np.partition(highest, -k, axis=1)[:, -k, None], lowest)


def ndcg(recommended: Items, offsets: Items, items: Items, k: int) -> Vector:
    """How high up do the relevant items stand, against the best possible order? In [0, 1].

    Binary relevance, discount 1 / log2(place + 1), ideal list of min(k, number of relevant items).
    Source: Järvelin & Kekäläinen (2002), ACM Transactions on Information Systems 20(4).

    >>> ndcg(np.array([[7, 3, 5]]), np.array([0, 2]), np.array([3, 9]), 3).round(4)
    array([0.3869])
    """
    hits, n_relevant = _hits(recommended, offsets, items, k)
    discount = 1 / np.log2(np.arange(2, k + 2))
    ideal = np.concatenate([[0.0], np.cumsum(discount)])[np.minimum(n_relevant, k)]
    return _share(hits @ discount, ideal)


def recall(recommended: Items, offsets: Items, items: Items, k: int) -> Vector:
    """Which share of the relevant items is in the first k places?"""
    hits, n_relevant = _hits(recommended, offsets, items, k)
    return _share(hits.sum(axis=1), n_relevant)


def precision(recommended: Items, offsets: Items, items: Items, k: int) -> Vector:
    """Which share of the first k places holds a relevant item? An empty place counts as a miss."""
    hits, n_relevant = _hits(recommended, offsets, items, k)
    return _defined(hits.sum(axis=1) / float(k), n_relevant)


def hit_rate(recommended: Items, offsets: Items, items: Items, k: int) -> Vector:
    """Is any of the first k items relevant? 1 or 0."""
    hits, n_relevant = _hits(recommended, offsets, items, k)
    return _defined(hits.max(axis=1), n_relevant)


def mrr(recommended: Items, offsets: Items, items: Items, k: int) -> Vector:
    """How soon does the first relevant item come? 1 / its place, 0 when not within k."""
    hits, n_relevant = _hits(recommended, offsets, items, k)
    return _defined((hits / np.arange(1, k + 1)).max(axis=1), n_relevant)


def average_precision_at(recommended: Items, offsets: Items, items: Items, k: int) -> Vector:
    """How pure is the list down to each relevant item? Its mean over users is MAP@k.

    Sum of the precision at each hit, divided by min(k, number of relevant items).
    """
    hits, n_relevant = _hits(recommended, offsets, items, k)
    precision_there = np.cumsum(hits, axis=1) / np.arange(1, k + 1)
    return _share((precision_there * hits).sum(axis=1), np.minimum(n_relevant, k))


RANKING = {
    "ndcg": ndcg,
    "recall": recall,
    "precision": precision,
    "hit_rate": hit_rate,
    "mrr": mrr,
    "map": average_precision_at,
}
"""Per-user metrics by the name under which they are reported, as in "ndcg@10"."""


def coverage(recommended: Items, n_items: int) -> float:
    """Which share of the catalogue is recommended to anybody?"""
    return len(np.unique(recommended[recommended >= 0])) / n_items if n_items else float("nan")


def exposure_gini(recommended: Items, n_items: int) -> float:
    """How unequally is the attention spread over the catalogue? 0 = all items alike, towards 1 = one item gets it all.

    Source: Gini coefficient of the number of places per item.
    """
    placed = np.sort(np.bincount(recommended[recommended >= 0], minlength=n_items))
    if not placed.sum():
        return float("nan")
    rank = np.arange(1, len(placed) + 1)
    return float(((2 * rank - len(placed) - 1) * placed).sum() / (len(placed) * placed.sum()))


def novelty(recommended: Items, n_users_of_item: Items, n_users: int) -> Vector:
    """How surprising are a user's recommendations? Mean self-information in bits [B]; NaN for an empty list.

    -log2 of the share of users who have the item, one imagined user being added who has them all, so that an item that
    nobody has yet stays finite. Source: Vargas & Castells (2011), RecSys.
    """
    bits = -np.log2((n_users_of_item + 1) / (n_users + 1))
    shown = recommended >= 0
    return _share((np.append(bits, 0.0)[recommended] * shown).sum(axis=1), shown.sum(axis=1))


def intra_list_diversity(recommended: Items, categories: Items) -> Vector:
    """How different are the items of a list from each other? Mean over its pairs, in [0, 1] [B]; NaN below two items.

    `categories` are category numbers, [I] or [I, levels] from broad to narrow; two items differ by the share of levels
    on which they disagree. -1 means unknown, which agrees with nothing. Source: Ziegler et al. (2005), WWW.
    """
    levels = categories.reshape(len(categories), -1)
    padded = np.vstack([levels, np.full((1, levels.shape[1]), -1)])[
        recommended
    ]  # [B, K, levels]; place -1 reads the last row
    shown = recommended >= 0
    n_pairs = np.zeros(len(recommended))
    distance = np.zeros(len(recommended))
    for gap in range(1, recommended.shape[1]):
        both = shown[:, gap:] & shown[:, :-gap]
        agree = (padded[:, gap:] == padded[:, :-gap]) & (padded[:, gap:] >= 0)
        distance += (both * (1 - agree.mean(axis=2))).sum(axis=1)
        n_pairs += both.sum(axis=1)
    return _share(distance, n_pairs)


def _hits(recommended: Items, offsets: Items, items: Items, k: int) -> tuple[Vector, Items]:
    """Which of the first k places hold a relevant item, 1 or 0 [B, k]; how many distinct ones there are [B]."""
    _check_k(k)
    if len(offsets) != len(recommended) + 1:
        raise ConfigError(
            f"offsets: expected one more than the {len(recommended)} recommended lists, got {len(offsets)}"
        )
    shown = recommended[:, :k]
    _check_distinct(shown)
    n_users = len(shown)
    width = int(max(items.max(initial=-1), shown.max(initial=-1))) + 1
    users = np.arange(n_users)[:, None]
    relevant = np.unique(np.repeat(np.arange(n_users), np.diff(offsets)) * width + items)
    hits = np.isin(users * width + shown, relevant) & (shown >= 0)
    n_relevant = np.bincount(relevant // max(width, 1), minlength=n_users)
    return np.pad(hits.astype(np.float64), ((0, 0), (0, k - shown.shape[1]))), n_relevant


def _check_k(k: int) -> None:
    if k < 1:
        raise ConfigError(f"k: expected a list length of at least 1, got {k}")


def _check_distinct(shown: Items) -> None:
    ordered = np.sort(shown, axis=1)
    twice = np.argwhere((ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] >= 0))
    if len(twice):
        row, place = twice[0]
        raise ConfigError(
            f"recommended: expected each item at most once per list, got item {ordered[row, place]} twice in row {row}"
        )


def _share(part: Vector, whole: Vector | Items) -> Vector:
    share = np.full(len(part), np.nan)
    np.divide(part, whole, out=share, where=whole > 0)
    return share


def _defined(values: NDArray[np.floating], n_relevant: Items) -> Vector:
    return np.where(n_relevant > 0, values, np.float64(np.nan))
