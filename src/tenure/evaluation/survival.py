"""How good are forecasts of when a user returns, though some were still away when watching ended?

Spells are arrays [B] as in `kaplan_meier`: `days` watched, and whether the user `returned`. Forecasts are a risk [B]
(higher = sooner back) or P(back by a day) [B]. A user lost from sight at an unknown outcome is made up for by others
who were watched longer: each counts 1 / G, G being the share that is still watched (inverse probability of censoring).
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tenure.errors import ConfigError, EvidenceError
from tenure.evaluation.forecasts import N_BINS, equal_bins
from tenure.evaluation.kaplan_meier import Flags, Vector, censoring, check_spells, kaplan_meier

Matrix = NDArray[np.float64]
Numbers = NDArray[np.int64]


def concordance(days: Vector, returned: Flags, risk: Vector) -> float:
    """Of two users of whom we know who was back first, how often had that one the higher risk? 0.5 = by chance.

    Equal risks count one half; two returns at the same time are no pair. NaN without any pair. O(n log n).

    >>> concordance(np.array([1.0, 2.0, 3.0]), np.array([True, True, False]), np.array([0.9, 0.3, 0.5]))
    0.6666666666666666

    Source: Harrell, Lee & Mark (1996), Statistics in Medicine 15.
    """
    days, returned = check_spells(days, returned)
    return _weighted_concordance(days, returned, risk, returned.astype(np.float64))


def concordance_ipcw(days: Vector, returned: Flags, risk: Vector, *, until_days: float | None = None) -> float:
    """The same, as it would be had everybody been watched to the end: it does not depend on who was lost when.

    Only pairs whose first return came before `until_days` count (None = all). Weight of a return: 1 / G(days)^2.

    Source: Uno et al. (2011), Statistics in Medicine 30, equation 6.
    """
    days, returned = check_spells(days, returned)
    counted = returned if until_days is None else returned & (days < until_days)
    weights = np.zeros(len(days))
    weights[counted] = censoring(days, returned).away_before(days[counted]) ** -2.0
    return _weighted_concordance(days, returned, risk, weights)


def brier_at(days: Vector, returned: Flags, p: Vector, horizon_days: float) -> float:
    """How far is P(back by the horizon) [B] from what happened, squared, on average? 0 = perfect.

    Raises:
        EvidenceError: nobody was watched that long.

    Source: Graf et al. (1999), Statistics in Medicine 18, with P(C >= t) as the weight's denominator.
    """
    days, returned = check_spells(days, returned)
    p = _checked(p, len(days))
    weights, back = _known_by(days, returned, horizon_days)
    return float((weights * (back - p) ** 2).mean())


def integrated_brier(days: Vector, returned: Flags, p: Matrix, horizons_days: Vector) -> float:
    """The mean of `brier_at` over the time between the first and the last of H rising horizons; p [B, H].

    Raises:
        ConfigError: there are fewer than two horizons, they do not rise, or p has another shape.
    """
    horizons = np.asarray(horizons_days, dtype=np.float64)
    if horizons.ndim != 1 or len(horizons) < 2 or (np.diff(horizons) <= 0).any():
        raise ConfigError(f"integrated Brier: expected at least two rising horizons, got {horizons.tolist()}")
    if p.shape != (len(days), len(horizons)):
        raise ConfigError(f"integrated Brier: expected p of shape {(len(days), len(horizons))}, got {p.shape}")
    scores = np.array([brier_at(days, returned, p[:, h], t) for h, t in enumerate(horizons)])
    return float(np.trapezoid(scores, horizons) / (horizons[-1] - horizons[0]))


def calibration_at(
    days: Vector, returned: Flags, p: Vector, horizon_days: float, *, n_bins: int = N_BINS, level: float = 0.95
) -> pa.Table:
    """Of the users to whom we gave about p of being back by the horizon, how many were?

    One row per bin of users with similar forecasts, lowest first: `bin, n_users, predicted, observed, low, high`, as in
    `reliability.reliability_table`; here the observed share and its interval are Kaplan-Meier's. They are NaN in a bin
    of which nobody was watched that long, and the interval is NaN where nobody or everybody was back.
    """
    days, returned = check_spells(days, returned)
    p = _checked(p, len(days))
    bins = equal_bins(p, n_bins)
    n_users = np.bincount(bins)
    curves = [kaplan_meier(days[bins == b], returned[bins == b], level=level) for b in range(len(n_users))]
    observed, low, high = np.array([curve.returned_by(horizon_days) for curve in curves], dtype=np.float64).T
    sure = (observed == 0) | (observed == 1)
    return pa.table(
        {
            "bin": np.arange(1, len(n_users) + 1),
            "n_users": n_users,
            "predicted": np.bincount(bins, weights=p) / n_users,
            "observed": observed,
            "low": np.where(sure, np.nan, low),
            "high": np.where(sure, np.nan, high),
        }
    )


def calibration_error(calibration: pa.Table) -> float:
    """The mean gap between forecast and observed share over the users of a `calibration_at` table: the ECE."""
    gap = np.abs(calibration["predicted"].to_numpy() - calibration["observed"].to_numpy())
    return float(np.average(gap, weights=calibration["n_users"].to_numpy()))


def _known_by(days: Vector, returned: Flags, horizon: float) -> tuple[Vector, Flags]:
    """What each outcome at the horizon weighs [B] (0 = not known), and who was back by then."""
    if not (days >= horizon).any() and not returned.all():
        raise EvidenceError(
            f"The outcome at {horizon:g} days is not known: the longest spell was watched for {days.max():g} days; "
            "ask for a shorter horizon or use an earlier cut-off"
        )
    watched = censoring(days, returned)
    back = returned & (days <= horizon)
    weights = np.zeros(len(days))
    weights[back] = 1 / watched.away_before(days[back])
    away = ~back & (days >= horizon)
    if away.any():
        weights[away] = 1 / watched.away_before(horizon)
    return weights, back


def _weighted_concordance(days: Vector, returned: Flags, risk: Vector, weights: Vector) -> float:
    risk = np.asarray(risk, dtype=np.float64)
    if risk.shape != days.shape or not np.isfinite(risk).all():
        raise ConfigError(f"risk: expected {len(days)} finite numbers, one per spell, got shape {risk.shape}")
    order = np.lexsort((~returned, days))  # by time, and returns before those lost from sight at the same time
    days, returned, weights = days[order], returned[order], weights[order]
    rank = np.unique(risk, return_inverse=True)[1][order]
    first = np.flatnonzero(weights > 0)
    # Later than a return is whoever stands behind all returns of the same time.
    n_returns_so_far = np.cumsum(returned)
    last_return = np.searchsorted(days[returned], days[first], side="right")
    start = np.searchsorted(n_returns_so_far, last_return, side="left") + 1
    below = _n_below(rank, start, rank[first])
    not_above = _n_below(rank, start, rank[first] + 1)
    pairs = float(weights[first] @ (len(days) - start))
    return float(weights[first] @ (below + not_above)) / 2 / pairs if pairs else float("nan")


def _n_below(ranks: Numbers, start: Numbers, limit: Numbers) -> Numbers:
    """For each query: how many of `ranks[start:]` are below its limit? All queries at once, in O(n log n).

    A wavelet matrix: from the highest bit on, numbers are stably parted by that bit, and a query follows its own bit.
    Source: Claude, Navarro & Ordonez (2015), Information Systems 47.
    """
    found = np.zeros(len(start), dtype=np.int64)
    left, right = start.astype(np.int64), np.full(len(start), len(ranks), dtype=np.int64)
    for bit in reversed(range(int(max(ranks.max(initial=0), limit.max(initial=0))).bit_length())):
        ones = (ranks >> bit) & 1
        zeros_before = np.concatenate([[0], np.cumsum(1 - ones)])
        n_zeros = zeros_before[-1]
        left_zeros, right_zeros = zeros_before[left], zeros_before[right]
        up = ((limit >> bit) & 1).astype(np.bool_)
        found += np.where(up, right_zeros - left_zeros, 0)
        left = np.where(up, n_zeros + left - left_zeros, left_zeros)
        right = np.where(up, n_zeros + right - right_zeros, right_zeros)
        ranks = np.concatenate([ranks[ones == 0], ranks[ones == 1]])
    return found


def _checked(p: Vector, n: int) -> Vector:
    p = np.asarray(p, dtype=np.float64)
    if p.shape != (n,) or not ((p >= 0) & (p <= 1)).all():
        raise ConfigError(f"forecast: expected {n} probabilities between 0 and 1, one per spell, got shape {p.shape}")
    return p
