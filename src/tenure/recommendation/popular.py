"""Most popular of late: the fallback for everybody of whom nothing is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from tenure.recommendation.candidates import Arrays, Candidates
from tenure.recommendation.interactions import Floats, Interactions, Ints
from tenure.recommendation.reasons import Words
from tenure.wording import counted


@dataclass(frozen=True, kw_only=True)
class PopularConfig:
    """How fast fame fades."""

    half_life_days: float = 28.0
    """A user who last chose an item this long ago counts half."""
    recent_days: int = 28
    """The window that the words speak of."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Popular:
    """What do users choose most, of late?

    Score = sum over the item's users of 0.5 ^ (age of their last commitment / half-life).
    """

    name: ClassVar[str] = "popular"

    items: Ints
    """[I'] the items with any commitment, most popular first."""
    scores: Floats
    """[I']"""
    n_recent: Ints
    """[I] users who committed to the item within the recent window, by item number."""
    recent_days: int

    @classmethod
    def fit(cls, interactions: Interactions, config: PopularConfig = PopularConfig()) -> Self:
        """Rank the items by their recent committed users."""
        committed = interactions.n_commitments > 0
        item, age = interactions.item[committed], interactions.last_days[committed]
        shares = 0.5 ** (age / config.half_life_days)
        # In single precision, so that the order in which the shares were added cannot decide a tie.
        fame = np.bincount(item, shares, minlength=interactions.n_items).astype(np.float32)
        order = np.argsort(-fame, kind="stable")[: np.count_nonzero(fame)]
        n_recent = np.bincount(item[age < config.recent_days], minlength=interactions.n_items)
        return cls(items=order, scores=fame[order], n_recent=n_recent, recent_days=config.recent_days)

    def candidates(self, histories: Interactions, n: int, *, repeats_allowed: bool = True) -> Candidates:
        """The same list for everybody, less what a user may not see again."""
        n_own = np.bincount(histories.user[histories.n_commitments > 0], minlength=histories.n_users)
        width = n if repeats_allowed else n + int(n_own.max(initial=0))
        first = Candidates(self.items[None, :width], self.scores[None, :width])
        shape = (histories.n_users, first.items.shape[1])
        everybody = Candidates(np.broadcast_to(first.items, shape), np.broadcast_to(first.scores, shape))
        if repeats_allowed:
            return everybody
        return everybody.without(histories.is_committed(everybody.items), n)

    def reasons(self, histories: Interactions, user: Ints, item: Ints, words: Words) -> list[str]:
        """How many chose it of late, and that it is a first guess where the user is new."""
        return [
            ("First suggestion, as we do not know you yet: " if is_new else "")
            + (
                f"{'chosen' if is_new else 'Popular: chosen'} by {counted(n, words.user_noun)} "
                f"in the last {counted(self.recent_days, 'day')}"
                if n
                else f"{'among' if is_new else 'Among'} the most chosen so far"
            )
            for is_new, n in zip(histories.is_new[user], self.n_recent[item].tolist(), strict=True)
        ]

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """The fitted model as plain arrays."""
        return {
            "items": self.items,
            "scores": self.scores,
            "n_recent": self.n_recent,
            "recent_days": np.array(self.recent_days),
        }

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """The inverse of `to_arrays`."""
        return cls(
            items=arrays["items"],
            scores=arrays["scores"],
            n_recent=arrays["n_recent"],
            recent_days=int(arrays["recent_days"]),
        )
