"""What does each model get to see of a user? The champion sees the profile; the baselines that it must beat see less.

A model is the same logistic regression, the same calibration and the same cut-offs each time, so that only the inputs
differ.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tenure.prediction.snapshots import Matrix, Vector

Inputs = Callable[[Matrix, Vector], Matrix]
"""(profile vectors [B, D], recency_days [B]) -> what the model sees [B, D']."""


def _profile(X: Matrix, _recency_days: Vector) -> Matrix:
    return X


def _recency(_X: Matrix, recency_days: Vector) -> Matrix:
    return np.log1p(np.maximum(recency_days, 0.0))[:, None]


def _nothing(_X: Matrix, recency_days: Vector) -> Matrix:
    return np.empty((len(recency_days), 0))


CHAMPION = "logistic"

INPUTS: dict[str, Inputs] = {CHAMPION: _profile, "recency": _recency, "constant": _nothing}
"""Models by name: all features, only the days since the last activity, only the share of users who committed."""
