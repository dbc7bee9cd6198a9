"""The user's own items: what they will come back to, by how often and how recently they chose it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from tenure.recommendation.candidates import Arrays, Candidates
from tenure.recommendation.interactions import Floats, Interactions, Ints
from tenure.recommendation.reasons import Words
from tenure.wording import ago, counted, times


@dataclass(frozen=True, kw_only=True)
class RepeatsConfig:
    """How far the crowd's habit with an item counts beside the user's own."""

    habit_power: float = 0.3
    """Score = weight * repeatability ^ power: 0 = only the user's own history."""
    prior_users: float = 5.0
    """An item's repeatability is drawn towards the mean of all items as if by so many more users."""
    max_counted: int = 10
    """Commitments of one user to one item beyond this tell no more about the item."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Repeats:
    """What will the user come back to? Frequency and recency (the decayed weight) times how repeatable the item is.

    An item that the user looked at but never committed to is a candidate as well, as weak as its evidence: the film
    begun, the cart left standing. Where repeats are not allowed, only those remain.
    """

    name: ClassVar[str] = "repeats"

    repeatability: Floats
    """[I] further commitments per user who committed once, drawn towards the mean, to the power."""

    @classmethod
    def fit(cls, interactions: Interactions, config: RepeatsConfig = RepeatsConfig()) -> Self:
        """Learn which items are chosen again and again."""
        committed = interactions.n_commitments > 0
        item = interactions.item[committed]
        again = np.minimum(interactions.n_commitments[committed], config.max_counted) - 1.0
        n_users = np.bincount(item, minlength=interactions.n_items)
        # Where nobody ever repeated, every item is alike and the user's own history decides.
        mean = again.mean() if again.any() else 1.0
        total = np.bincount(item, again, minlength=interactions.n_items)
        rate = (total + mean * config.prior_users) / (n_users + config.prior_users)
        return cls(repeatability=(rate**config.habit_power).astype(np.float32))

    def candidates(self, histories: Interactions, n: int, *, repeats_allowed: bool = True) -> Candidates:
        """The user's own items, the likeliest first."""
        allowed = slice(None) if repeats_allowed else histories.n_commitments == 0
        user, item = histories.user[allowed], histories.item[allowed]
        score = histories.weight[allowed] * self.repeatability[item]
        return Candidates.best(user, item, score, n_users=histories.n_users, n=n)

    def reasons(self, histories: Interactions, user: Ints, item: Ints, words: Words) -> list[str]:  # noqa: ARG002 (no names needed)
        """How often, at which rhythm and when last; due when about one rhythm has passed."""
        rows = histories.rows_of(user, item)
        return [
            _habit(n, first, last, seen)
            for n, first, last, seen in zip(
                histories.n_commitments[rows].tolist(),
                histories.first_days[rows].tolist(),
                histories.last_days[rows].tolist(),
                histories.seen_days[rows].tolist(),
                strict=True,
            )
        ]

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """The fitted model as plain arrays."""
        return {"repeatability": self.repeatability}

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """The inverse of `to_arrays`."""
        return cls(repeatability=arrays["repeatability"])


def _habit(n: int, first_days: int, last_days: int, seen_days: int) -> str:
    if n == 0:
        return f"You showed interest in it {ago(seen_days)}"
    if n == 1:
        return f"You chose it once, {ago(last_days)}"
    gap = (first_days - last_days) / (n - 1)
    # With fewer than three there is one gap, which makes no rhythm.
    rhythm = f", about every {counted(round(gap), 'day')}" if n > 2 and gap >= 1 else ""
    if not rhythm or last_days < 0.8 * gap:
        timing = ""
    else:
        timing = "; due again" if last_days <= 2 * gap else "; longer ago than usual"
    return f"You chose it {times(n)}{rhythm}, last {ago(last_days)}{timing}"
