"""What is shown: a ranked list of items per user, with where each comes from, why, and how probable it was."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tenure.recommendation.interactions import Ints
from tenure.recommendation.vocabulary import Vocabulary
from tenure.schema import TIME

RECOMMENDATIONS = pa.schema(
    [
        pa.field("user_id", pa.string(), nullable=False),
        pa.field("as_of", TIME, nullable=False),
        pa.field("rank", pa.int64(), nullable=False),  # from 1
        pa.field("item_id", pa.string(), nullable=False),
        pa.field("score", pa.float64(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("propensity", pa.float64(), nullable=False),  # probability with which this item was shown
    ]
)
"""One row per user and rank."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Slate:
    """The slates of B users with K places each; -1, 0 and "" stand where a place is empty, always at the end."""

    as_of: datetime
    users: Vocabulary
    catalogue_items: Vocabulary
    items: Ints
    """[B, K] item numbers."""
    scores: NDArray[np.float64]
    """[B, K]"""
    source: NDArray[np.object_]
    """[B, K] the source that spoke for it most; "explore" where chance chose."""
    reasons: NDArray[np.object_]
    """[B, K] in words."""
    propensity: NDArray[np.float64]
    """[B, K]"""
    shortfall: NDArray[np.object_]
    """[B] why places are empty; "" where none is."""

    @property
    def rank(self) -> Ints:
        """Place from 1, 0 where empty. Shape: [B, K]."""
        return np.where(self.items >= 0, np.arange(1, self.items.shape[1] + 1), 0)

    def to_table(self) -> pa.Table:
        """The slates as rows of RECOMMENDATIONS."""
        user, place = np.nonzero(self.items >= 0)
        return pa.table(
            {
                "user_id": pa.array(self.users.ids[user], pa.string()),
                "as_of": pa.array([self.as_of] * len(user), TIME),
                "rank": place + 1,
                "item_id": pa.array(self.catalogue_items.ids[self.items[user, place]], pa.string()),
                "score": self.scores[user, place],
                "source": pa.array(self.source[user, place], pa.string()),
                "reason": pa.array(self.reasons[user, place], pa.string()),
                "propensity": self.propensity[user, place],
            },
            schema=RECOMMENDATIONS,
        )
