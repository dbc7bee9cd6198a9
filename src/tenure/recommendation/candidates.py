"""Lists of candidates, and what a source of them must offer.

Shapes: B users, C candidates per user, n rows of (user, item, score) triples, P pairs of a user's row and an item.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from tenure.recommendation.interactions import Floats, Interactions, Ints
from tenure.recommendation.reasons import Words

Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, eq=False)
class Candidates:
    """The best items of each user by one source, best first."""

    items: Ints
    """[B, C] item numbers; -1 where a user has fewer."""
    scores: Floats
    """[B, C] falling; only their order is comparable between sources. -inf where the item is -1."""

    @classmethod
    def best(cls, user: Ints, item: Ints, score: NDArray[np.floating], *, n_users: int, n: int) -> Self:
        """The n best items of each user, from triples in any order; ties go to the smaller item number."""
        order = np.lexsort((item, -score, user))
        user, item, score = user[order], item[order], score[order]
        place = np.arange(len(user)) - np.searchsorted(user, np.arange(n_users))[user]
        kept = place < n
        items = np.full((n_users, n), -1)
        scores = np.full((n_users, n), -np.inf, dtype=np.float32)
        items[user[kept], place[kept]] = item[kept]
        scores[user[kept], place[kept]] = score[kept]
        return cls(items, scores)

    def without(self, forbidden: NDArray[np.bool_], n: int) -> Candidates:
        """The first n that are not forbidden [B, C]; those behind move up."""
        gone = forbidden | (self.items < 0)
        order = np.argsort(gone, axis=1, kind="stable")[:, :n]
        gone = np.take_along_axis(gone, order, axis=1)
        items = np.where(gone, -1, np.take_along_axis(self.items, order, axis=1))
        return Candidates(items, np.where(gone, -np.inf, np.take_along_axis(self.scores, order, axis=1)))


class Source(Protocol):
    """One way to find items for a user. A fitted, frozen value: `fit(interactions, ...)` of its class returns it."""

    name: ClassVar[str]

    def candidates(self, histories: Interactions, n: int, *, repeats_allowed: bool = True) -> Candidates:
        """The n best items for each of these users; none that a user committed to when repeats are not allowed.

        Item numbers are those of the interactions it was fitted on. One user at a time gives the same as all together.
        """

    def reasons(self, histories: Interactions, user: Ints, item: Ints, words: Words) -> list[str]:
        """Why user[p] gets item[p], in words that are true. Length: P."""

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """The fitted model as plain arrays."""

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """The inverse of `to_arrays`."""
