"""How good are the ranges that are stated of amounts? Do they hold as often as they say, and how wide are they?

Shapes: B users; `low` and `high` are the ends of each user's range, in the unit of the amount.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tenure.errors import ConfigError
from tenure.evaluation.amounts import check_amounts
from tenure.evaluation.forecasts import mean_of_ties

Vector = NDArray[np.float64]


def coverage(actual: Vector, low: Vector, high: Vector) -> float:
    """How often does the amount lie within its range, ends included? NaN without users.

    >>> coverage(np.array([0.0, 5, 9]), np.zeros(3), np.array([0.0, 6, 6])).__round__(3)
    0.667
    """
    actual, low, high = _ranges(actual, low, high)
    return float(((low <= actual) & (actual <= high)).mean()) if len(actual) else float("nan")


def mean_width(low: Vector, high: Vector) -> float:
    """How wide are the ranges on average? NaN without users."""
    return float((np.asarray(high) - np.asarray(low)).mean()) if len(low) else float("nan")


def interval_score(actual: Vector, low: Vector, high: Vector, level: float) -> float:
    """How good are ranges that should hold with probability `level`? Lower is better: width, and a fine for each miss.

    (high - low) + 2/a (low - y) where y < low + 2/a (y - high) where y > high, with a = 1 - level; smallest on average
    for the true quantiles (1 -+ level) / 2. Source: Gneiting & Raftery (2007), Journal of the American Statistical
    Association 102, equation (43).
    """
    if not 0 < level < 1:
        raise ConfigError(f"level: expected a share between 0 and 1, such as 0.8, got {level!r}")
    actual, low, high = _ranges(actual, low, high)
    missed = np.maximum(low - actual, 0.0) + np.maximum(actual - high, 0.0)
    return float((high - low + 2 / (1 - level) * missed).mean()) if len(actual) else float("nan")


def pinball_loss(actual: Vector, quantile: Vector, level: float) -> float:
    """How good is a forecast of the amount that is not exceeded with probability `level`? Lower is better.

    level * (y - q) where y >= q, else (1 - level) * (q - y): smallest on average for the true quantile; at level 1/2
    half the mean absolute error. Source: Koenker & Bassett (1978), Econometrica 46.
    """
    if not 0 <= level <= 1:
        raise ConfigError(f"level: expected a probability between 0 and 1, got {level!r}")
    actual, quantile = check_amounts(actual, quantile)
    excess = actual - quantile
    return float(np.maximum(level * excess, (level - 1) * excess).mean()) if len(actual) else float("nan")


def amount_by_tenth(actual: Vector, expected: Vector, *, n_parts: int = 10) -> pa.Table:
    """How much do the most promising tenth of the users bring, the next tenth, ...?

    One row per tenth, the most promising first: `tenth, n_users, expected, observed` (mean amounts), `lift` (observed
    over everybody's mean; NaN if nobody brings anything), `captured` (share of the total found so far). Users of equal
    forecast share their amounts, as if in random order. Fewer than ten users give fewer rows.
    """
    actual, expected = check_amounts(actual, expected)
    order = np.argsort(-expected, kind="stable")
    shared = mean_of_ties(actual, expected)[order]
    tenth = np.arange(len(expected)) * n_parts // max(len(expected), 1)
    present, tenth = np.unique(tenth, return_inverse=True)
    n_users = np.bincount(tenth, minlength=len(present))
    observed = np.bincount(tenth, weights=shared, minlength=len(present))
    total = float(actual.sum())
    undefined = np.full(len(present), np.nan)
    return pa.table(
        {
            "tenth": np.arange(1, len(present) + 1),
            "n_users": n_users,
            "expected": np.bincount(tenth, weights=expected[order], minlength=len(present)) / n_users,
            "observed": observed / n_users,
            "lift": observed / n_users / (total / len(actual)) if total else undefined,
            "captured": np.cumsum(observed) / total if total else undefined,
        }
    )


def _ranges(actual: Vector, low: Vector, high: Vector) -> tuple[Vector, Vector, Vector]:
    actual, low = check_amounts(actual, low)
    _, high = check_amounts(actual, high)
    if (low > high).any():
        user = int(np.argmax(low > high))
        raise ConfigError(f"range {user}: expected low <= high, got {low[user]:g} to {high[user]:g}")
    return actual, low, high
