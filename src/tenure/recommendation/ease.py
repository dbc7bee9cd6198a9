"""EASE: items that go with the user's own items, by a linear model in closed form.

Source: Steck 2019, Embarrassingly Shallow Autoencoders for Sparse Data, WWW, equations 5 to 8.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from tenure.evaluation.ranking import top_k
from tenure.recommendation.candidates import Arrays, Candidates
from tenure.recommendation.interactions import Floats, Interactions, Ints
from tenure.recommendation.reasons import Words
from tenure.wording import times


@dataclass(frozen=True, kw_only=True)
class EaseConfig:
    """How much of the catalogue is learnt, and how cautiously."""

    max_items: int = 4000
    """Only the items of most users: memory grows with the square of this, time with the cube."""
    min_users: int = 2
    """An item of fewer users goes with nothing."""
    regularisation: float = 3.0
    """lambda, in units of the mean of the Gram matrix's diagonal."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Ease:
    """What goes with the items that the user already has? Score = sqrt(weight) @ B, with diag(B) = 0."""

    name: ClassVar[str] = "ease"

    items: Ints
    """[M] the learnt items' numbers, rising."""
    B: Floats
    """[M, M] how far an item (row) speaks for another (column)."""

    @classmethod
    def fit(cls, interactions: Interactions, config: EaseConfig = EaseConfig()) -> Self:
        """Solve min |X - X B|^2 + lambda |B|^2 with diag(B) = 0; X is [users, items]."""
        n_users = np.bincount(interactions.item, minlength=interactions.n_items)
        most_used = np.argsort(-n_users, kind="stable")[: config.max_items]
        items = np.sort(most_used[n_users[most_used] >= config.min_users])
        if not len(items):
            return cls(items=items, B=np.zeros((0, 0), np.float32))
        X = interactions.matrix[:, items].sqrt()
        G = (X.T @ X).toarray()
        G[np.diag_indices_from(G)] += config.regularisation * G.diagonal().mean()
        P = linalg.inv(G, assume_a="pos", overwrite_a=True, check_finite=False)
        # Row by row in memory, as scoring reads it: scipy would otherwise copy the whole matrix for every request.
        B = np.ascontiguousarray(P / -np.diag(P))  # equation 8
        B[np.diag_indices_from(B)] = 0
        return cls(items=items, B=B)

    def candidates(self, histories: Interactions, n: int, *, repeats_allowed: bool = True) -> Candidates:
        """The items that the user's own speak for most; an item without support is no candidate."""
        if not len(self.items):
            return Candidates(np.full((histories.n_users, 0), -1), np.zeros((histories.n_users, 0), np.float32))
        scores = histories.matrix[:, self.items].sqrt() @ self.B
        scores[scores <= 0] = -np.inf
        if not repeats_allowed:
            place = self._places(histories.item)
            forbidden = (histories.n_commitments > 0) & (place >= 0)
            scores[histories.user[forbidden], place[forbidden]] = -np.inf
        best = top_k(scores, min(n, len(self.items)))
        return Candidates(
            np.where(best >= 0, self.items[best], -1),
            np.where(best >= 0, np.take_along_axis(scores, best, axis=1), np.float32(-np.inf)),
        )

    def reasons(self, histories: Interactions, user: Ints, item: Ints, words: Words) -> list[str]:
        """The one of the user's own items that speaks for it most."""
        # Every pair (p) against every row of its user's history.
        length = np.diff(histories.offsets)[user]
        pair = np.repeat(np.arange(len(user)), length)
        row = np.arange(len(pair)) + np.repeat(histories.offsets[user] - np.cumsum(length) + length, length)
        own = self._places(histories.item)[row]
        support = np.where(own >= 0, np.sqrt(histories.weight[row]) * self.B[own, self._places(item)[pair]], 0)
        strongest = np.lexsort((-support, pair))[np.searchsorted(pair, np.arange(len(user)))]
        because = row[strongest]
        return [
            f"Goes with {words.title(own_item)}, which you {f'chose {times(n)}' if n else 'showed interest in'}"
            for own_item, n in zip(
                histories.item[because].tolist(), histories.n_commitments[because].tolist(), strict=True
            )
        ]

    def _places(self, item: Ints) -> Ints:
        """Where in `items` each item number stands, -1 where it was not learnt."""
        place = np.searchsorted(self.items, item)
        return np.where(np.append(self.items, -1)[place] == item, place, -1)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """The fitted model as plain arrays."""
        return {"items": self.items, "B": self.B}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """The inverse of `to_arrays`."""
        return cls(items=arrays["items"], B=arrays["B"])
