"""How late is a user by their own rhythm, and how does that change while they stay away?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tenure.errors import ConfigError

Vector = NDArray[np.float64]
Array = NDArray[np.float64]

KNOTS = np.arange(-3.0, 6.0)
"""Where the effect of being late may bend: 1/8, 1/4 ... 16, 32 times the own usual pause, as powers of 2."""


@dataclass(frozen=True, eq=False)
class Rhythm:
    """The pauses of users [B] at the cut-off."""

    recency_days: Vector
    """Days since the last activity [B]."""
    gap_days: Vector
    """The user's own median pause between active days [B]; NaN where they have none yet."""

    def __post_init__(self) -> None:
        recency, gap = self.recency_days, self.gap_days
        if recency.ndim != 1 or recency.shape != gap.shape:
            raise ConfigError(
                f"rhythm: expected one recency and one gap per user, got shapes {recency.shape} and {gap.shape}"
            )
        if not (np.isfinite(recency) & (recency >= 0)).all():
            raise ConfigError("rhythm: expected finite recency_days of 0 or more; leave users without activity out")
        if (gap <= 0).any() or np.isinf(gap).any():
            raise ConfigError("rhythm: expected gap_days above 0, or NaN where a user has no pause yet")

    def __len__(self) -> int:
        return len(self.recency_days)

    def __getitem__(self, rows: slice) -> Rhythm:
        return Rhythm(self.recency_days[rows], self.gap_days[rows])

    @property
    def typical_gap_days(self) -> float:
        """The median user's usual pause; 1 day where nobody has one."""
        known = self.gap_days[~np.isnan(self.gap_days)]
        return float(np.median(known)) if len(known) else 1.0

    def lateness(self, days: Vector, typical_gap_days: float) -> Array:
        """log2 of (recency + days) / own gap, for days [K] after the cut-off -> [B, K], cut to the range of `KNOTS`.

        0 = due today, 1 = twice as long away as usual. Who has no gap yet is measured by the typical one.
        """
        gap = np.where(np.isnan(self.gap_days), typical_gap_days, self.gap_days)
        ratio = (self.recency_days[:, None] + days) / gap[:, None]
        lateness: Array = np.log2(np.clip(ratio, 2 ** KNOTS[0], 2 ** KNOTS[-1]))
        return lateness


def hats(lateness: Array) -> Array:
    """The weights [..., J] of the knots that draw a line between them: 1 at the own knot, 0 from the next one on."""
    weights: Array = np.maximum(1 - np.abs(lateness[..., None] - KNOTS), 0.0)
    return weights
