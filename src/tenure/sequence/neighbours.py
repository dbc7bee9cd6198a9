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
_ROWS_AT_ONCE = 2048


@dataclass(frozen=True, eq=False)
class Neighbours:
    """How alike two items are: the cosine of their users, each of whom counts the less the more they met.

    S_ij = sum_u w_u^2 x_ui x_uj / (n_i n_j) with x_ui = 1 where user u met item i, w_u = (sum_i x_ui)^(-1/2) and
    n_i^2 = sum_u w_u^2 x_ui. Rows of a sparse matrix [I, I]; nothing is its own neighbour.
    """

    offsets: Numbers
    """[I + 1]"""
    items: NDArray[np.int32]
    """[N]: the neighbours of item i are items[offsets[i]:offsets[i + 1]], rising."""
    likeness: Floats
    """[N]"""
    norms: Floats
    """[I]: n_i"""

    @property
    def n_items(self) -> int:
        """I."""
        return len(self.norms)

    @classmethod
    def fit(cls, users: Numbers, items: Numbers, n_items: int, n_neighbours: int = N_NEIGHBOURS) -> Neighbours:
        """The neighbours among I items, from who met what: users [N] and items [N], each pair any number of times."""
        x = _weighted(users, items, n_items)
        norms = np.sqrt(np.asarray(x.multiply(x).sum(axis=0)).ravel())
        scaled = (x @ diags_array(1 / np.where(norms > 0, norms, 1.0))).tocsr()
        turned = scaled.T.tocsr()
        rows = [
            _nearest(turned[low : low + _ROWS_AT_ONCE] @ scaled, low, n_neighbours)
            for low in range(0, n_items, _ROWS_AT_ONCE)
        ]
        lengths, columns, values = (np.concatenate(parts) for parts in zip(*rows, strict=True))
        return cls(
            np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
            columns.astype(np.int32),
            values.astype(np.float32),
            norms.astype(np.float32),
        )

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

    def without_own(self, a: Numbers, b: Numbers, n_met: Numbers) -> Floats:
        """S of pairs of items [P] as it would be without one user who met both, and `n_met` items in all [P].

        Otherwise a network would learn from a user that what they did had to come: their own pair is part of S.
        """
        own = 1 / (np.maximum(n_met, 1) * self.norms[a] * self.norms[b])
        return np.maximum(self.of_pairs(a, b) - own, 0.0).astype(np.float32)

    def vectors(self, width: int, seed: int) -> Floats:
        """Vectors of the items [I, width] whose products come near to I + S: where the network may begin."""
        rank = min(width, self.n_items - 1)
        near = (self.to_sparse() + eye_array(self.n_items, format="csr")).astype(np.float32)
        left, values, _ = randomized_svd(near, rank, random_state=seed)
        found = np.zeros((self.n_items, width), np.float32)
        found[:, :rank] = left * np.sqrt(values)
        return found

    @cached_property
    def _keys(self) -> Numbers:
        return np.repeat(np.arange(self.n_items), np.diff(self.offsets)) * self.n_items + self.items


def _weighted(users: Numbers, items: Numbers, n_items: int) -> csr_array:
    """w_u x_ui as a sparse matrix [U, I]."""
    pairs = np.unique(np.stack([users, items]), axis=1)
    _, who, counts = np.unique(pairs[0], return_inverse=True, return_counts=True)
    weights = (counts**-0.5)[who]
    return csr_array((weights, (who, pairs[1])), shape=(len(counts), n_items))


def _nearest(alike: csr_array, low: int, n: int) -> tuple[Numbers, Numbers, NDArray[np.float64]]:
    """Of each row the n largest entries off the diagonal, in order of their columns: lengths, columns, values."""
    alike = alike.tocsr()
    alike.sort_indices()
    row = np.repeat(np.arange(alike.shape[0]), np.diff(alike.indptr))
    order = np.lexsort((-alike.data, row))
    rank = np.empty(len(row), np.int64)
    rank[order] = np.arange(len(row)) - alike.indptr[row[order]]
    is_other = alike.indices != row + low
    self_rank = np.full(alike.shape[0], np.iinfo(np.int64).max)
    self_rank[row[~is_other]] = rank[~is_other]
    is_kept = is_other & (rank - (rank > self_rank[row]) < n) & (alike.data > 0)
    lengths = np.bincount(row[is_kept], minlength=alike.shape[0])
    return lengths, alike.indices[is_kept].astype(np.int64), alike.data[is_kept]
