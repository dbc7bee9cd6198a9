"""Two models speak of one user: how likely a commitment is, and how much it will be. Their words must go together."""

from __future__ import annotations

import numpy as np

from tenure.prediction.examples import Vector
from tenure.prediction.training import Forecast


def agreed(amount: Forecast, p_commit: Vector) -> Forecast:
    """The forecast of an amount, its ranges widened where the chance of a commitment [B] contradicts them.

    A range of 80 of 100 leaves out 10 at each end. Where more than 10 in 100 will commit, it cannot end at nothing:
    it then ends at what a commitment would bring on average, expected / chance. Where more than 10 in 100 will not, it
    cannot start above nothing. Ranges only grow, so they hold at least as many users as before.
    """
    least = (1 - 0.95) / 2  # of a smaller chance, no range is asked to hold it
    if_they_commit = amount.value / np.maximum(p_commit, least)

    def widened(low: Vector, high: Vector, level: float) -> tuple[Vector, Vector]:
        left_out = (1 - level) / 2
        ends_at_nothing = (high <= 0) & (p_commit > left_out)
        return (
            np.where(1 - p_commit > left_out, np.minimum(low, 0.0), low),
            np.where(ends_at_nothing, np.maximum(high, if_they_commit), high),
        )

    low_80, high_80 = widened(amount.low_80, amount.high_80, 0.80)
    low_95, high_95 = widened(amount.low_95, amount.high_95, 0.95)
    return Forecast(amount.value, low_80, high_80, np.minimum(low_95, low_80), np.maximum(high_95, high_80))
