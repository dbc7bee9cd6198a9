"""How many have come back by then, when some were watched for a shorter time than others?

A spell is a wait: its `days` until the return, or until watching ended (`returned` says which). All functions take
spells as arrays [B]. A return and an end of watching at the same time are taken in this order: the return comes first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2, norm

from tenure.errors import ConfigError, EvidenceError

Vector = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class KaplanMeier:
    """The share of users still away after each time at which someone returned: a falling staircase."""

    days: Vector
    """When somebody returned, rising [M]."""
    at_risk: Vector
    """How many were still away and watched just before [M]."""
    n_returns: Vector
    """How many returned then [M]; like `at_risk` a sum of weights if there were any."""
    survival: Vector
    """Share still away after it [M]."""
    standard_error: Vector
    """Of `survival`, by Greenwood's formula [M]; NaN once nobody is left."""
    low: Vector
    """Lower end of the interval of `survival`, on the log-log scale, so within 0 and 1 [M]; NaN once nobody is left."""
    high: Vector
    """Upper end of it [M]."""
    observed_days: float
    """The longest wait that was watched: nothing is known beyond, unless everybody had returned."""

    def away(self, days: Vector | float) -> Vector:
        """Which share is still away after these days? NaN beyond `observed_days`."""
        return self._step(self.survival, days, side="right", start=1.0)

    def away_before(self, days: Vector | float) -> Vector:
        """Which share is still away just before these days, those of the very day not yet counted as back?"""
        return self._step(self.survival, days, side="left", start=1.0)

    def returned_by(self, days: Vector | float) -> tuple[Vector, Vector, Vector]:
        """Which share is back by then: the share, and the lower and upper end of its interval.

        >>> kaplan_meier(np.array([1.0, 2.0, 2.0, 3.0]), np.array([True, True, False, False])).returned_by(2.0)[0]
        np.float64(0.5)
        """
        share, high, low = (
            1 - self._step(steps, days, side="right", start=1.0) for steps in (self.survival, self.low, self.high)
        )
        return share, low, high

    def quantile(self, share: float = 0.5) -> float:
        """By which day is this share back? Infinite if it was not reached while watching."""
        reached = np.flatnonzero(1 - self.survival >= share - 1e-12)
        return float(self.days[reached[0]]) if len(reached) else float("inf")

    def _step(self, steps: Vector, days: Vector | float, *, side: str, start: float) -> Vector:
        at = np.asarray(days, dtype=np.float64)
        values = np.append(start, steps)[np.searchsorted(self.days, at, side="left" if side == "left" else "right")]
        everybody_back = len(self.survival) > 0 and self.survival[-1] == 0
        return values if everybody_back else np.where(at <= self.observed_days, values, np.nan)


def kaplan_meier(days: Vector, returned: Flags, weights: Vector | None = None, *, level: float = 0.95) -> KaplanMeier:
    """Which share of users is still away after each time?

    Args:
        days: how long each spell was watched [B], >= 0.
        returned: did it end with a return [B], or with the end of watching?
        weights: how often each spell counts [B]; the errors then hold for counts, not for other weights.
        level: coverage of the interval at each time.

    Raises:
        EvidenceError: there is no spell.
        ConfigError: lengths differ, a number is negative or not finite, or the level is no share.

    Source: Kaplan & Meier (1958), JASA 53; Greenwood (1926); log-log interval: Kalbfleisch & Prentice (2002), 1.4.
    """
    days, returned = check_spells(days, returned)
    weights = _checked_weights(weights, len(days))
    times, at_risk, _, returns = _tally(days, returned, weights)
    return _product_limit(times, at_risk, returns, level=level)


def censoring(days: Vector, returned: Flags) -> KaplanMeier:
    """Which share would still be watched after each time, if nobody returned: G(t), the weights' denominator.

    Somebody who returns at a time is not at risk of being lost at that time.
    """
    days, returned = check_spells(days, returned)
    times, at_risk, leaving, returns = _tally(days, returned, np.ones(len(days)))
    return _product_limit(times, at_risk - returns, leaving - returns, level=0.95)


@dataclass(frozen=True, slots=True)
class LogRank:
    """Do groups return at the same speed?"""

    statistic: float
    """Chi-squared under the assumption that they do."""
    degrees: int
    """Its degrees of freedom: one less than there are groups with anybody at risk."""
    p_value: float
    """How often would chance alone make them differ as much?"""


def log_rank(days: Vector, returned: Flags, group: NDArray[np.generic]) -> LogRank:
    """Is the difference between the return curves of groups [B] beyond chance?

    Raises:
        EvidenceError: there are fewer than two groups, or nobody returned.

    Source: Mantel (1966); Peto & Peto (1972), JRSS A 135. The variance is that of the hypergeometric distribution.
    """
    days, returned = check_spells(days, returned)
    names, member = np.unique(group, return_inverse=True)
    if member.shape != days.shape:
        raise ConfigError(f"log-rank: expected one group per spell, got {member.shape} groups for {days.shape} spells")
    if len(names) < 2:
        raise EvidenceError(f"log-rank: expected at least two groups to compare, got {len(names)}")
    if not returned.any():
        raise EvidenceError("log-rank: nobody returned, so there is nothing to compare")
    times = np.unique(days[returned])
    at_risk = np.stack([_at_risk(days[member == g], times) for g in range(len(names))])  # [G, M]
    returns = np.stack([_returns_at(days[returned & (member == g)], times) for g in range(len(names))])
    n, d = at_risk.sum(axis=0), returns.sum(axis=0)
    share = at_risk / n
    excess = (returns - share * d).sum(axis=1)
    spread = np.divide(d * (n - d), n - 1, out=np.zeros_like(n), where=n > 1)
    covariance = np.diag((share * spread).sum(axis=1)) - (share * spread) @ share.T
    degrees = max(int((at_risk[:, 0] > 0).sum()) - 1, 1)
    statistic = float(excess @ np.linalg.pinv(covariance, hermitian=True) @ excess)
    return LogRank(statistic, degrees, float(chi2.sf(statistic, degrees)))


def check_spells(days: Vector, returned: Flags) -> tuple[Vector, Flags]:
    """Spells as float64 and bool, or an error that says what is wrong with them."""
    days, flags = np.asarray(days, dtype=np.float64), np.asarray(returned)
    if days.ndim != 1 or days.shape != flags.shape:
        raise ConfigError(
            f"spells: expected days and returned of one equal length, got shapes {days.shape} and {flags.shape}"
        )
    if not len(days):
        raise EvidenceError("spells: expected at least one user to watch, got none")
    wrong = ~(np.isfinite(days) & (days >= 0))
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise ConfigError(f"spells: expected days of 0 or more, got {days[row]} in row {row}")
    if flags.dtype != np.bool_ and not np.isin(flags, (0, 1)).all():
        raise ConfigError(f"spells: expected returned to be true or false, got {flags.dtype}")
    return days, flags.astype(np.bool_)


def _checked_weights(weights: Vector | None, n: int) -> Vector:
    if weights is None:
        return np.ones(n)
    given = np.asarray(weights, dtype=np.float64)
    if given.shape != (n,) or not np.isfinite(given).all() or (given < 0).any() or not given.sum():
        raise ConfigError(f"weights: expected {n} numbers of 0 or more, not all 0, got shape {given.shape}")
    return given


def _tally(days: Vector, returned: Flags, weights: Vector) -> tuple[Vector, Vector, Vector, Vector]:
    """Distinct times [M], and the weight at risk just before, leaving at and returning at each."""
    times, at = np.unique(days, return_inverse=True)
    leaving: Vector = np.bincount(at, weights=weights).astype(np.float64)
    returns: Vector = np.bincount(at, weights=weights * returned).astype(np.float64)
    at_risk: Vector = np.cumsum(leaving[::-1])[::-1]
    return times, at_risk, leaving, returns


def _product_limit(times: Vector, at_risk: Vector, ended: Vector, *, level: float) -> KaplanMeier:
    if not 0 < level < 1:
        raise ConfigError(f"level: expected a share between 0 and 1, such as 0.95, got {level!r}")
    steps = ended > 0
    n, d = at_risk[steps], ended[steps]
    left = n - d
    left[left <= 1e-12 * n] = 0.0  # weights that do not add up to the last digit must not leave a ghost behind
    survival: Vector = np.cumprod(left / n, dtype=np.float64)
    alive = survival > 0
    log_variance = np.full(len(n), np.nan)  # of log S: sum of d / (n (n - d))
    log_variance[alive] = np.cumsum(d[alive] / (n[alive] * left[alive]))
    z = float(norm.ppf((1 + level) / 2))
    stretch = np.full(len(n), np.nan)
    stretch[alive] = np.exp(z * np.sqrt(log_variance[alive]) / -np.log(survival[alive]))
    return KaplanMeier(
        days=times[steps],
        at_risk=n,
        n_returns=d,
        survival=survival,
        standard_error=survival * np.sqrt(log_variance),
        low=survival**stretch,
        high=survival ** (1 / stretch),
        observed_days=float(times[-1]),
    )


def _at_risk(days: Vector, times: Vector) -> Vector:
    return (len(days) - np.searchsorted(np.sort(days), times, side="left")).astype(np.float64)


def _returns_at(days: Vector, times: Vector) -> Vector:
    return np.bincount(np.searchsorted(times, days), minlength=len(times)).astype(np.float64)
