"""Which items are met by the same users? What the network is told from the start, rather than having to find it out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, diags_array, eye_array
from sklearn.utils.extmath import randomized_svd

Numbers = NDArray[np.int64]
Floats = NDArray[np.float32]

N_NEIGHBOURS = 200
"""Of each item, so many are kept."""
MOST_STEPS = 20
"""Items are met together if they are met within so many steps."""
BACKWARDS = 0.3
"""What came before an item counts so much of what came after it."""
_STEPS_POWER, _USER_POWER = 0.5, 0.25
_MOST_PAIRS = 1 << 22


@dataclass(frozen=True, eq=False)
class Neighbours:
    """How much meeting item i speaks for meeting item j next: by how many users met both, how soon, in which order.

    S_ij = sum_u w_u d(t_uj - t_ui) / (n_i n_j) over users u who met both, for the first time after t_ui and t_uj steps:
    d(t) = t^(-1/2) up to `most_steps`, .3 |t|^(-1/2) backwards, the mean of both at 1 step within a step. A user who
    met m items weighs w_u = m^(-1/4), and n_i^2 = 1 + sum_u w_u of those who met i. Rows of a sparse matrix [I, I];
    nothing is its own neighbour.
    """

    offsets: Numbers
    """[I + 1]"""
    items: NDArray[np.int32]
    """[N]: the neighbours of item i are items[offsets[i]:offsets[i + 1]], rising."""
    likeness: Floats
    """[N]"""
    norms: Floats
    """[I]: n_i"""
    most_steps: int = MOST_STEPS
    """Items further apart are not met together."""

    @property
    def n_items(self) -> int:
        """I."""
        return len(self.norms)

    @classmethod
    def fit(
        cls,
        users: Numbers,
        steps: Numbers,
        items: Numbers,
        n_items: int,
        *,
        n_neighbours: int = N_NEIGHBOURS,
        most_steps: int = MOST_STEPS,
    ) -> Neighbours:
        """The neighbours among I items, from who met what when: users [N], their steps [N] and items [N].

        Of each user and item the first meeting counts.
        """
        order = np.lexsort((steps, items, users))
        is_first = np.diff(users[order], prepend=-1) != 0
        is_first |= np.diff(items[order], prepend=-1) != 0
        order = order[is_first]
        order = order[np.lexsort((items[order], steps[order], users[order]))]
        users, steps, items = users[order], steps[order], items[order]
        weights = _user_weights(np.bincount(users)[users]) if len(users) else np.zeros(0)
        norms = np.sqrt(1 + np.bincount(items, weights, minlength=n_items))
        ahead = _ahead(users, steps, items, weights, n_items, most_steps)
        near = (ahead + BACKWARDS * ahead.T).tocsr()
        near = (diags_array(1 / norms) @ near @ diags_array(1 / norms)).tocsr()
        lengths, columns, values = _nearest(near, n_neighbours)
        return cls(
            np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
            columns.astype(np.int32),
            values.astype(np.float32),
            norms.astype(np.float32),
            most_steps,
        )

    @classmethod
    def none(cls, n_items: int) -> Neighbours:
        """I items that nobody met."""
        nothing = np.zeros(0, np.float32)
        return cls(np.zeros(n_items + 1, np.int64), nothing.astype(np.int32), nothing, np.ones(n_items, np.float32))

    def to_sparse(self) -> csr_array:
        """S as a sparse matrix [I, I]."""
        return csr_array((self.likeness, self.items, self.offsets), shape=(self.n_items, self.n_items))

    def between(self, rows: Numbers, columns: Numbers) -> Floats:
        """S of some items [R] with some items [C], each at most once among the columns: [R, C]."""
        place = np.full(self.n_items, -1, np.int64)
        place[columns] = np.arange(len(columns))
        lengths = self.offsets[rows + 1] - self.offsets[rows]
        row = np.repeat(np.arange(len(rows)), lengths)
        entry = np.repeat(self.offsets[rows] - np.cumsum(lengths) + lengths, lengths) + np.arange(lengths.sum())
        column = place[self.items[entry]]
        is_asked = column >= 0
        found = np.zeros((len(rows), len(columns)), np.float32)
        found[row[is_asked], column[is_asked]] = self.likeness[entry[is_asked]]
        return found

    def of_pairs(self, a: Numbers, b: Numbers) -> Floats:
        """S of pairs of items [P]."""
        keys = self._keys
        asked = a * self.n_items + b
        place = np.minimum(np.searchsorted(keys, asked), max(len(keys) - 1, 0))
        if not len(keys):
            return np.zeros(len(asked), np.float32)
        return np.where(keys[place] == asked, self.likeness[place], np.float32(0.0))

    def without_own(self, a: Numbers, b: Numbers, steps: Numbers, n_met: Numbers) -> Floats:
        """S of pairs of items [P] without one user who met b so many steps [P] after a, and `n_met` items in all [P].

        Otherwise a network would learn from a user that what they did had to come: their own pair is part of S.
        """
        own = _user_weights(np.maximum(n_met, 1)) * _nearness(steps, self.most_steps) / (self.norms[a] * self.norms[b])
        return np.maximum(self.of_pairs(a, b) - own, 0.0).astype(np.float32)

    def vectors(self, width: int, seed: int) -> Floats:
        """Vectors of the items [I, width] whose products come near to I + S in both directions: a place to begin."""
        rank = min(width, self.n_items - 1)
        alike = self.to_sparse()
        near = ((alike + alike.T) / 2 + eye_array(self.n_items, format="csr")).tocsr().astype(np.float32)
        left, values, _ = randomized_svd(near, rank, random_state=seed)
        found = np.zeros((self.n_items, width), np.float32)
        found[:, :rank] = left * np.sqrt(values)
        return found

    @cached_property
    def _keys(self) -> Numbers:
        return np.repeat(np.arange(self.n_items), np.diff(self.offsets)) * self.n_items + self.items


def _user_weights(n_met: Numbers) -> NDArray[np.float64]:
    """w_u of users who met so many items."""
    return np.asarray(n_met**-_USER_POWER, dtype=np.float64)


def _nearness(steps: Numbers, most_steps: int) -> NDArray[np.float64]:
    """The d of items met so many steps later, or earlier."""
    apart = np.abs(steps)
    order = np.where(steps > 0, 1.0, np.where(steps < 0, BACKWARDS, (1 + BACKWARDS) / 2))
    return np.where(apart <= most_steps, order * np.maximum(apart, 1.0) ** -_STEPS_POWER, 0.0)


def _ahead(  # noqa: PLR0917
    users: Numbers, steps: Numbers, items: Numbers, weights: NDArray[np.float64], n_items: int, most_steps: int
) -> csr_array:
    """sum_u w_u t^(-1/2) of pairs of items in the order met [I, I]; half in each order within a step.

    Meetings [N] are in order of users and steps: the pairs of the n-th before each are looked at for n = 1, 2, ...
    """
    found = csr_array((n_items, n_items))
    parts: list[tuple[Numbers, Numbers, NDArray[np.float64]]] = []
    later = np.arange(len(users))
    back = 0
    while True:
        back += 1
        later = later[later >= back]
        later = later[users[later - back] == users[later]]
        apart = steps[later] - steps[later - back]
        later, apart = later[apart <= most_steps], apart[apart <= most_steps]
        a, b, w = items[later - back], items[later], weights[later] * np.maximum(apart, 1.0) ** -_STEPS_POWER
        is_one = apart == 0
        parts.append((a, b, np.where(is_one, w / 2, w)))
        parts.append((b[is_one], a[is_one], w[is_one] / 2))
        if not len(later) or sum(len(part[0]) for part in parts) > _MOST_PAIRS:
            low, high, value = (np.concatenate(column) for column in zip(*parts, strict=True))
            found = found + csr_array((value, (low, high)), shape=found.shape)
            parts = []
        if not len(later):
            return found.tocsr()


def _nearest(said: csr_array, n: int) -> tuple[Numbers, Numbers, NDArray[np.float64]]:
    """Of each row the n largest entries, in order of their columns: lengths, columns, values."""
    said = said.tocsr()
    said.sort_indices()
    is_kept = said.data > 0
    # Few rows are that long, and one sort of all rows would take most of the time of learning.
    for row in np.flatnonzero(np.diff(said.indptr) > n):
        low, high = said.indptr[row], said.indptr[row + 1]
        is_kept[low + np.argpartition(-said.data[low:high], n)[n:]] = False
    kept_before = np.concatenate([[0], np.cumsum(is_kept)])
    lengths = np.diff(kept_before[said.indptr])
    return lengths, said.indices[is_kept].astype(np.int64), said.data[is_kept]
