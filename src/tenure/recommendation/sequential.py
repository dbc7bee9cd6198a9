"""Sequential: what the heart expects next, found beforehand for every user; asking needs no PyTorch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tenure.recommendation.candidates import Arrays, Candidates
from tenure.recommendation.interactions import Floats, Interactions, Ints
from tenure.recommendation.reasons import Words
from tenure.recommendation.vocabulary import Vocabulary


@dataclass(frozen=True, eq=False, kw_only=True)
class Sequential:
    """The items that a sequence model expects of each user after all that they did, the likeliest first."""

    name: ClassVar[str] = "heart"

    users: NDArray[np.str_]
    """[B]"""
    items: Ints
    """[B, N]: item numbers of the interactions; -1 = no item"""
    scores: Floats
    """[B, N]: falling along a row; -inf where there is no item"""

    @classmethod
    def of(cls, expected: pa.Table, items: Vocabulary) -> Self:
        """From a table `user_id, item_ids, scores` of lists of one length; unknown items are left out."""
        n = expected.schema.field("item_ids").type.list_size
        flat = expected["item_ids"].combine_chunks().flatten()
        number = items.encode(pa.chunked_array([flat])).reshape(expected.num_rows, n)
        scores = (
            expected["scores"].combine_chunks().flatten().to_numpy().reshape(expected.num_rows, n).astype(np.float32)
        )
        known = number >= 0
        return cls(
            users=np.array(expected["user_id"].to_pylist(), np.str_),
            items=np.where(known, number, -1),
            scores=np.where(known, scores, np.float32(-np.inf)),
        )

    def candidates(self, histories: Interactions, n: int, *, repeats_allowed: bool = True) -> Candidates:
        """The n likeliest items of each user; none for users it did not know."""
        place = {user: i for i, user in enumerate(self.users.tolist())}
        rows = np.array([place.get(user, -1) for user in histories.users.ids.tolist()], np.int64)
        items = np.where(rows[:, None] >= 0, self.items[rows], -1)
        scores = np.where(items >= 0, self.scores[rows], np.float32(-np.inf))
        found = Candidates(items, scores)
        if not repeats_allowed:
            return found.without(histories.is_committed(items), n)
        return Candidates(items[:, :n], scores[:, :n])

    def reasons(self, histories: Interactions, user: Ints, item: Ints, words: Words) -> list[str]:  # noqa: ARG002
        """That it comes next, and after what."""
        newest = histories.newest_items()
        return [
            f"Often next after what you did lately, such as {words.title(int(newest[u]))}"
            if newest[u] >= 0
            else "Often next after what you did lately"
            for u in user.tolist()
        ]

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """The lists as plain arrays."""
        return {"users": self.users, "items": self.items, "scores": self.scores}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """The inverse of `to_arrays`."""
        return cls(users=arrays["users"], items=arrays["items"], scores=arrays["scores"])
