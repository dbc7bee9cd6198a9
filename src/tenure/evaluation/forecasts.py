"""How good are the probabilities against what came to pass?

Shapes: B users; `y` is 1 where it happened, else 0; `p` is the forecast probability. A `Metric` is a value that is
called as `auc(y, p)`; its `weighted` form takes how often each user counts in each of R resamples, [R, B], and gives
[R] numbers: a whole bootstrap for one sort. Metrics that need both outcomes are NaN when only one occurs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tenure.errors import ConfigError

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

N_BINS = 10
"""Calibration is judged in tenths of the users by forecast."""

_SURE = float(
    np.finfo(np.float64).eps
)  # log-loss of a forecast of exactly 0 or 1 that fails stays finite, as in scikit-learn


def check_forecast(y: NDArray[np.generic], p: Vector) -> tuple[Vector, Vector]:
    """Outcomes and probabilities as float64, or an error that says what is wrong with them."""
    outcome = np.asarray(y, dtype=np.float64)
    p = np.asarray(p, dtype=np.float64)
    if outcome.shape != p.shape or p.ndim != 1:
        raise ConfigError(f"forecast: expected y and p of one equal length, got shapes {outcome.shape} and {p.shape}")
    if len(p) and not (p.min() >= 0 and p.max() <= 1):
        raise ConfigError(f"forecast: expected probabilities between 0 and 1, got {p.min():.3g} to {p.max():.3g}")
    if not np.isin(outcome, (0.0, 1.0)).all():
        raise ConfigError("forecast: expected outcomes y of 0 or 1")
    return outcome, p


@dataclass(frozen=True)
class Metric:
    """A number that says how good forecast probabilities are.

    >>> y, p = np.array([0, 1, 1, 0]), np.array([0.1, 0.9, 0.4, 0.5])
    >>> auc(y, p), round(log_loss(y, p), 3)
    (0.75, 0.455)
    """

    name: str
    weighted: Callable[[Vector, Vector, Matrix], Vector]
    """(y [B], p [B], weights [R, B]) -> [R]"""
    higher_is_better: bool
    meaning: str
    check: Callable[[NDArray[np.generic], Vector], tuple[Vector, Vector]] = check_forecast
    """Outcomes and forecasts as float64, or an error that says what is wrong with them."""

    def __call__(self, y: NDArray[np.generic], p: Vector) -> float:
        """The metric of one set of users.

        Raises:
            ConfigError: lengths differ, or p is no probability.
        """
        y, p = self.check(y, p)
        return float(self.weighted(y, p, np.ones((1, len(y))))[0]) if len(y) else float("nan")


def _auc(y: Vector, p: Vector, weights: Matrix) -> Vector:
    true, false = _above_thresholds(y, p, weights)
    width = np.diff(false, axis=1, prepend=0)
    height = (true + np.hstack([np.zeros((len(true), 1)), true[:, :-1]])) / 2
    return _ratio((width * height).sum(axis=1), true[:, -1] * false[:, -1])


def _average_precision(y: Vector, p: Vector, weights: Matrix) -> Vector:
    true, false = _above_thresholds(y, p, weights)
    precision = true / np.maximum(true + false, 1e-300)  # a resample may lack everybody above the first thresholds
    return _ratio((np.diff(true, axis=1, prepend=0) * precision).sum(axis=1), true[:, -1])


def _average_precision_of_absence(y: Vector, p: Vector, weights: Matrix) -> Vector:
    return _average_precision(1 - y, 1 - p, weights)


def _log_loss(y: Vector, p: Vector, weights: Matrix) -> Vector:
    p = np.clip(p, _SURE, 1 - _SURE)
    return _mean(-np.where(y > 0, np.log(p), np.log1p(-p)), weights)


def _brier(y: Vector, p: Vector, weights: Matrix) -> Vector:
    return _mean((y - p) ** 2, weights)


def _ece(y: Vector, p: Vector, weights: Matrix) -> Vector:
    # A mean of absolute values: resampling noise can only raise it, so its interval sits high.
    bins = equal_bins(p)
    in_bin = bins[:, None] == np.arange(bins.max() + 1)
    excess = weights @ (in_bin * (p - y)[:, None])  # [R, bins]
    return _ratio(np.abs(excess).sum(axis=1), weights.sum(axis=1))


auc = Metric("auc", _auc, higher_is_better=True, meaning="chance that a user who did is ranked above one who did not")
average_precision = Metric(
    "average_precision",
    _average_precision,
    higher_is_better=True,
    meaning="purity of the top of the list of those who did",
)
average_precision_of_absence = Metric(
    "average_precision_churn",
    _average_precision_of_absence,
    higher_is_better=True,
    meaning="purity of the top of the list of those who did not (1 - y ranked by 1 - p)",
)
log_loss = Metric("log_loss", _log_loss, higher_is_better=False, meaning="mean surprise, in nats")
brier = Metric("brier", _brier, higher_is_better=False, meaning="mean squared error of the probability")
ece = Metric(
    "ece", _ece, higher_is_better=False, meaning="mean gap between forecast and frequency over tenths of the users"
)

METRICS = (auc, average_precision, average_precision_of_absence, log_loss, brier, ece)


def equal_bins(p: Vector, n_bins: int = N_BINS) -> NDArray[np.int64]:
    """The bin of each user when they are cut into equal parts by forecast; equal forecasts share one."""
    edges = np.unique(np.quantile(p, np.linspace(0, 1, n_bins + 1)[1:-1])) if len(p) else p
    return np.unique(np.searchsorted(edges, p, side="right"), return_inverse=True)[1].astype(np.int64)


def mean_of_ties(values: Vector, order_by: Vector) -> Vector:
    """Each value replaced by the mean of those that share its place: a random order of ties, on average."""
    _, group, size = np.unique(order_by, return_inverse=True, return_counts=True)
    return (np.bincount(group, weights=values) / size)[group]


def _above_thresholds(y: Vector, p: Vector, weights: Matrix) -> tuple[Matrix, Matrix]:
    """Numbers of those who did and did not, at or above each of T distinct forecasts from high to low: [R, T]."""
    order = np.argsort(-p, kind="stable")
    last_of_tie = np.append(np.flatnonzero(np.diff(p[order])), len(p) - 1)
    everybody = np.cumsum(weights[:, order], axis=1)[:, last_of_tie]
    true = np.cumsum(weights[:, order] * y[order], axis=1)[:, last_of_tie]
    return true, everybody - true


def _mean(values: Vector, weights: Matrix) -> Vector:
    return _ratio(weights @ values, weights.sum(axis=1))


def _ratio(part: Vector, whole: Vector) -> Vector:
    ratio = np.full(len(part), np.nan)
    np.divide(part, whole, out=ratio, where=whole > 0)
    return ratio
