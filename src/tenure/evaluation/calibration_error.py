"""How far off are probabilities, beyond what chance among so few users would show of perfect ones?"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tenure.evaluation.forecasts import N_BINS, Vector, check_forecast, ece, equal_bins
from tenure.evaluation.intervals import Interval
from tenure.seeds import generator

_N_DRAWS = 400


def ece_by_chance(
    p: Vector, windows: NDArray[np.generic] | None = None, *, seed: int, n_draws: int = _N_DRAWS, level: float = 0.95
) -> Interval:
    """What expected calibration error would these forecasts [B] show if every one of them were exactly true?

    ECE is a mean of absolute gaps, so chance alone keeps it above 0: outcomes are drawn from the forecasts themselves.
    With `windows` [B], from which time window each forecast is, it is that of each window, averaged.

    The value is the mean over the draws; an ECE above `high` is no accident. Source: Bröcker & Smith (2007), Increasing
    the reliability of reliability diagrams, Weather and Forecasting 22 ("consistency resampling").
    """
    draws = generator(seed, "ece by chance")
    of_window = [p] if windows is None else [p[windows == window] for window in np.unique(windows)]

    def drawn(said: Vector) -> float:
        return ece((draws.random(len(said)) < said).astype(np.float64), said)

    found = np.array([np.mean([drawn(said) for said in of_window]) for _ in range(n_draws)])
    return Interval.of(float(found.mean()), found, level=level)


def debiased_calibration_error(y: NDArray[np.generic], p: Vector, *, n_bins: int = N_BINS) -> float:
    """How far are forecasts from frequencies, root mean square over bins of equal numbers, without the part of chance?

    The squared gap of a bin of n users exceeds the true one by the variance of its frequency, of which f (1 - f) /
    (n - 1) is an unbiased estimate that is taken away; a negative sum counts as 0. NaN without users; users alone in
    their bin are left out. Source: Kumar, Liang & Ma (2019), Verified uncertainty calibration, NeurIPS, section 5.
    """
    outcome, p = check_forecast(y, p)
    if not len(p):
        return float("nan")
    bins = equal_bins(p, n_bins)
    n = np.bincount(bins).astype(np.float64)
    said, came = (np.bincount(bins, weights=values) / n for values in (p, outcome))
    is_judged = n > 1
    squared = (said - came) ** 2 - came * (1 - came) / np.maximum(n - 1, 1)
    if not is_judged.any():
        return float("nan")
    return float(np.sqrt(max(0.0, np.average(squared[is_judged], weights=n[is_judged]))))
