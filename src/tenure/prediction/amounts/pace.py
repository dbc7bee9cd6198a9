"""The pace at which users spend: what they would be worth within the horizon, going on as they did."""

from __future__ import annotations

import numpy as np

from tenure.prediction.examples import Inputs, Vector

_SHARES = {"value_30": (30, 0.2), "value_90": (90, 0.6)}
"""Column: days it covers, and its say in the pace. The rest is the say of the whole life."""
_SHARE_OF_LIFE = 0.2


def pace(inputs: Inputs, horizon_days: int) -> Vector:
    """The value of the last 30 and 90 days and of the whole life, each scaled to the horizon, and mixed [B].

    Trees know a user only as above or below their thresholds: as a factor on this pace their forecast follows the
    largest spenders beyond all that was seen. Never below 0; 0 where nothing is known.
    """
    found = np.zeros(len(inputs))
    for column, (days, share) in _SHARES.items():
        found += share * _known(inputs.column(column)) * horizon_days / days
    life = np.maximum(_known(inputs.column("tenure_days")), horizon_days)
    return found + _SHARE_OF_LIFE * _known(inputs.column("value")) * horizon_days / life


def _known(values: Vector) -> Vector:
    found: Vector = np.where(np.isfinite(values), np.maximum(values, 0.0), 0.0)
    return found
