"""Do forecasts mean what they say, and does the top of the list hold those who matter? Tables to look at."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.stats import norm

from tenure.evaluation.forecasts import N_BINS, Vector, check_forecast, equal_bins, mean_of_ties


def reliability_table(y: NDArray[np.generic], p: Vector, *, n_bins: int = N_BINS, level: float = 0.95) -> pa.Table:
    """Of the users to whom we gave about p, how many did it?

    One row per bin of users with similar forecasts (equal numbers of users, equal forecasts together), lowest first:
    `bin, n_users, predicted, observed, low, high`, the last two being the Wilson interval of the observed share.
    """
    outcome, p = check_forecast(y, p)
    bins = equal_bins(p, n_bins)
    n_users = np.bincount(bins)
    n_true = np.bincount(bins, weights=outcome).astype(np.float64)
    low, high = wilson(n_true, n_users.astype(np.float64), level=level)
    return pa.table(
        {
            "bin": np.arange(1, len(n_users) + 1),
            "n_users": n_users,
            "predicted": np.bincount(bins, weights=p) / n_users,
            "observed": n_true / n_users,
            "low": low,
            "high": high,
        }
    )


def lift_table(y: NDArray[np.generic], risk: Vector, *, n_parts: int = 10) -> pa.Table:
    """How many of those concerned are found by looking at the riskiest tenth of users, the next tenth, ...?

    `y` is 1 where the risk came true. One row per tenth, riskiest first: `tenth, n_users, observed` (share in it),
    `lift` (that share over everybody's; NaN if nobody is concerned), `captured` (share of all concerned found so far).
    Users of equal risk share their outcomes, as if in random order. Fewer than ten users give fewer rows.
    """
    outcome, risk = check_forecast(y, risk)
    shared = mean_of_ties(outcome, risk)[np.argsort(-risk, kind="stable")]
    tenth = np.arange(len(risk)) * n_parts // max(len(risk), 1)
    present, tenth = np.unique(tenth, return_inverse=True)
    n_users = np.bincount(tenth, minlength=len(present))
    found = np.bincount(tenth, weights=shared, minlength=len(present))
    total = outcome.sum()
    undefined = np.full(len(present), np.nan)
    return pa.table(
        {
            "tenth": np.arange(1, len(present) + 1),
            "n_users": n_users,
            "observed": found / n_users,
            "lift": found / n_users / (total / len(risk)) if total else undefined,
            "captured": np.cumsum(found) / total if total else undefined,
        }
    )


def wilson(n_true: Vector, n: Vector, *, level: float = 0.95) -> tuple[Vector, Vector]:
    """Between which bounds does a share lie of which `n_true` of `n` were seen?

    Source: Wilson (1927), Journal of the American Statistical Association 22.

    >>> low, high = wilson(np.array([8.0]), np.array([10.0]))
    >>> low.round(3), high.round(3)
    (array([0.49]), array([0.943]))
    """
    z = float(norm.ppf((1 + level) / 2))
    share = n_true / n
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return centre - half, centre + half
