"""What comes next, of all items: a state and the items met speak for each. Needs no PyTorch."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from tenure.evaluation.ranking import top_k
from tenure.sequence.batches import Batch
from tenure.sequence.neighbours import Neighbours

Numbers = NDArray[np.int64]
Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Met:
    """What b users met in their newest steps: E items, users in rising order."""

    rows: Numbers
    """[E]: by whom, 0 to b - 1"""
    items: Numbers
    """[E]"""
    ages: Numbers
    """[E]: so many steps ago; 1 = in the newest step"""
    sizes: Numbers
    """[E]: items of that step"""

    @classmethod
    def of(cls, batch: Batch) -> Met:
        """All that the windows of a batch hold."""
        b, L = batch.shape
        row, step = np.divmod(batch.cells, L)
        sizes = np.bincount(batch.cells, minlength=b * L)[batch.cells]
        return cls(row, batch.items, batch.n_steps[row] - step, sizes)


@dataclass(frozen=True, eq=False)
class Best:
    """The best items of each user, best first."""

    items: Numbers
    """[B, K]; -1 where no further item may be said"""
    scores: Floats
    """[B, K]; minus infinity there"""


@dataclass(frozen=True, eq=False)
class Catalogue:
    """All items, as they answer to a state and to the items met."""

    vectors: Floats
    """[I, D]"""
    neighbours: Neighbours
    by_age: Floats
    """[A]: how much an item met 1, 2, ... steps ago speaks for its neighbours"""
    again_by_age: Floats | None
    """[A']: and for itself; None where nothing is met again"""

    @property
    def n_recent(self) -> int:
        """Steps that say anything: the greater of A and A'."""
        return max(len(self.by_age), 0 if self.again_by_age is None else len(self.again_by_age))

    @cached_property
    def _sparse(self) -> csr_array:
        return self.neighbours.to_sparse()

    def scores(self, states: Floats, met: Met) -> Floats:
        """The score of every item for states [b, D] and what was met before them [b, I]."""
        said: Floats = states @ self.vectors.T
        recent = met.ages <= len(self.by_age)
        row, item, age, size = (x[recent] for x in (met.rows, met.items, met.ages, met.sizes))
        first = np.searchsorted(row, np.arange(len(states) + 1))
        weights = self.by_age[age - 1] / size.astype(np.float32)
        # Added up as a dense matrix: much faster than at the places of the sparse one.
        said += (csr_array((weights, item, first), shape=said.shape) @ self._sparse).toarray()
        if self.again_by_age is not None:
            known = met.ages <= len(self.again_by_age)
            np.add.at(said, (met.rows[known], met.items[known]), self.again_by_age[met.ages[known] - 1])
        return said


def best_of_scores(scores: Floats, k: int) -> Best:
    """The k best of scores [b, I]; of equal ones the lower number first."""
    items = top_k(scores, min(k, scores.shape[1]))
    return Best(items, np.where(items >= 0, np.take_along_axis(scores, items, axis=1), np.float32(-np.inf)))
