"""What a fitted return model says of users, as tables: one row per user, or one user's whole curve."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.stats import norm

from tenure.errors import ConfigError
from tenure.lifecycle.survival.hazard import ReturnModel
from tenure.lifecycle.survival.rhythm import Rhythm

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

LEVELS = (0.80, 0.95)
"""Coverage of the stated intervals of the time of return."""


def return_outlook(
    model: ReturnModel,
    user_ids: Sequence[str],
    X: Matrix,
    rhythm: Rhythm | None = None,
    *,
    horizons_days: Sequence[int] = (7, 30, 90),
) -> pa.Table:
    """When does each user come back?

    One row per user: `user_id`, `p_return_<horizon>` per horizon (null beyond what the model has seen), `median_days`,
    then `low_80_days, high_80_days, low_95_days, high_95_days`: with that probability the return is in between, as
    likely before as after. Days that lie beyond what the model has seen are null: "later than `observed_days`".
    """
    if len(user_ids) != len(X):
        raise ConfigError(f"outlook: expected one user id per row of X, got {len(user_ids)} for {len(X)}")
    columns: dict[str, pa.Array] = {"user_id": pa.array(user_ids, pa.string())}
    for horizon in horizons_days:
        seen = horizon <= model.observed_days
        p = model.curve(X, np.array([horizon], dtype=np.float64), rhythm)[:, 0] if seen else np.full(len(X), np.nan)
        columns[f"p_return_{horizon}"] = pa.array(p, from_pandas=True)
    shares = [0.5, *((1 + sign * level) / 2 for level in LEVELS for sign in (-1, 1))]
    names = [
        "median_days",
        *(f"{end}_{level:.0%}_days".replace("%", "") for level in LEVELS for end in ("low", "high")),
    ]
    days = model.quantile(X, np.array(shares), rhythm)
    for name, column in zip(names, days.T, strict=True):
        columns[name] = pa.array(column, mask=np.isinf(column))
    return pa.table(columns)


def user_curve(
    model: ReturnModel, x: Vector, rhythm: Rhythm | None = None, *, days: Vector | None = None, level: float = 0.95
) -> pa.Table:
    """How likely is one user back by each day, and how sure is the model of that?

    `day, p_returned, low, high`; the interval says how far the curve may be off because the data were few, on the
    log-log scale. `days` = None: every day up to `observed_days`.
    """
    asked = np.arange(0.0, np.floor(model.observed_days) + 1) if days is None else np.asarray(days, dtype=np.float64)
    X = np.asarray(x, dtype=np.float64)[None, :]
    p = model.curve(X, asked, rhythm)[0]
    error = model.standard_error(X, asked, rhythm)[0]
    is_open = (p > 0) & (p < 1)
    cumulated = np.where(p < 1, 0.0, np.inf)  # of a return that is as good as certain
    cumulated[is_open] = -np.log1p(-p[is_open])
    relative = np.zeros_like(p)
    relative[is_open] = error[is_open] / (cumulated[is_open] * (1 - p[is_open]))
    factor = np.exp(float(norm.ppf((1 + level) / 2)) * relative)
    return pa.table(
        {
            "day": asked,
            "p_returned": p,
            "low": -np.expm1(-cumulated / factor),
            "high": -np.expm1(-cumulated * factor),
        }
    )
