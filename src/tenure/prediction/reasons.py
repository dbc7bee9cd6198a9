"""Which inputs moved each user's forecast most, and which weigh most in general?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from tenure.errors import ConfigError
from tenure.evaluation.ranking import top_k
from tenure.prediction.logistic import Logistic
from tenure.prediction.snapshots import Matrix


def contributions_table(
    model: Logistic, users: Sequence[str], features: Sequence[str], X: Matrix, values: Matrix, *, n_strongest: int = 6
) -> pa.Table:
    """What speaks for and against each user's return? Their strongest inputs in either direction, strongest first.

    `X` [B, D] is what the model saw, `values` [B, D] the same features in their own units, for people. Columns
    `user_id, feature, value, contribution`, the last in log-odds of commitment against the average user, before
    calibration.
    """
    _check_width(model, features)
    contributions = model.contributions(X)
    strongest = top_k(np.abs(contributions), max(1, min(n_strongest, len(features))))
    users_of_rows, places = np.nonzero(strongest >= 0)
    chosen = strongest[users_of_rows, places]
    return pa.table(
        {
            "user_id": pa.array(users, pa.string()).take(users_of_rows),
            "feature": pa.array(features, pa.string()).take(chosen),
            "value": values[users_of_rows, chosen],
            "contribution": contributions[users_of_rows, chosen],
        }
    )


def weights_table(model: Logistic, features: Sequence[str], themes: Sequence[str]) -> pa.Table:
    """Which inputs matter in general? `feature, theme, weight`, the largest weights in either direction first."""
    _check_width(model, features)
    order = np.argsort(-np.abs(model.weights), kind="stable")
    return pa.table(
        {
            "feature": pa.array(features, pa.string()).take(order),
            "theme": pa.array(themes, pa.string()).take(order),
            "weight": model.weights[order],
        }
    )


def _check_width(model: Logistic, features: Sequence[str]) -> None:
    if len(features) != len(model.weights):
        raise ConfigError(
            f"features: expected the names of the model's {len(model.weights)} inputs, got {len(features)} names"
        )
