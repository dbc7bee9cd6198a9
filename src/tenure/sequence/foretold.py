"""What a heart says of users at a moment, in numbers alone: needs no PyTorch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tenure.profiles.inputs import Input
from tenure.sequence.hazards import Matrix, Vector, Waits

DAYS = (7, 30, 90)

FORETOLD = (
    *(
        Input(f"heart_{days}", "course", "linear", f"chance of a commitment within {days} days by the course of events")
        for days in DAYS
    ),
    Input("heart_days", "course", "log", "days until the next commitment by the course of events"),
    Input("heart_value", "course", "log", "what the next visit is expected to be worth by the course of events"),
)
"""What a heart says, as inputs of other models; chances on the scale of `Foretold.log_chance`."""

MOST_DAYS = 3650.0
"""A wait that may never end counts as so long."""


@dataclass(frozen=True, eq=False)
class Foretold:
    """Of B users at their cut-offs."""

    has_steps: NDArray[np.bool_]
    """[B]; of users who did nothing yet nothing is said: NaN."""
    waited: Vector
    """Days from the newest step to the cut-off [B]."""
    waits: Waits | None
    """To the next commitment, from the newest step on; None where times could not be learnt."""
    value: Vector
    """What the next step is expected to be worth [B]; NaN where that could not be learnt."""

    def log_chance(self, days: float) -> Vector:
        """The logarithm of the hazard lived through within so many days from the cut-off on [B]; p = 1 - exp(-exp x).

        A scale on which weighted sums do well, and the logarithm of how many commitments come, were they independent.
        """
        if self.waits is None:
            return np.full(len(self.waited), np.nan)
        lived = self.waits.cumulative(self.waited + days) - self.waits.cumulative(self.waited)
        return np.where(self.has_steps, np.log(np.maximum(lived, 1e-12)), np.nan)

    def days(self, p: float = 0.5) -> Vector:
        """After how many days from the cut-off on a commitment has come with probability p [B], at most ten years."""
        if self.waits is None:
            return np.full(len(self.waited), np.nan)
        return np.where(self.has_steps, np.minimum(self.waits.quantile(p, self.waited), MOST_DAYS), np.nan)

    def columns(self) -> Matrix:
        """FORETOLD of each user [B, 5]; NaN where nothing is said."""
        return np.column_stack([*(self.log_chance(days) for days in DAYS), self.days(), self.value])
