"""Which model is better on the same users, and is the difference beyond chance?"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tenure.errors import ConfigError, nearest
from tenure.evaluation.forecasts import METRICS, Matrix, Metric, Vector
from tenure.evaluation.intervals import Interval, resample_counts


@dataclass(frozen=True)
class Comparison:
    """All metrics of all models with their intervals, and what one model gains over each other one."""

    values: Mapping[tuple[str, str], Interval]
    """(model, metric) -> the metric."""
    gains: Mapping[tuple[str, str], Interval]
    """(baseline, metric) -> champion - baseline, on the same users and windows. For a loss a negative difference is a
    gain."""


def compare(
    y: NDArray[np.generic],
    forecasts: Mapping[str, Vector],
    *,
    champion: str,
    metrics: Sequence[Metric] = METRICS,
    users: NDArray[np.int64] | None = None,
    windows: NDArray[np.int64] | None = None,
    seed: int,
    n_resamples: int = 1000,
    level: float = 0.95,
) -> Comparison:
    """How good is each forecast of the same outcomes, and how much better is the champion than the others?

    Every model and metric sees the same resamples of users, so differences are paired.

    Args:
        y: outcomes [B].
        forecasts: model -> probabilities, or amounts [B].
        champion: the model that is compared with each other one.
        metrics: what is measured: of probabilities, or of amounts.
        users: whose row each is [B], 0 to U - 1; all rows of a user are drawn together, since they are no independent
            evidence. None = every row is another user.
        windows: from which time window each row is [B], 0 to W - 1; a metric is that of each window, averaged over
            those in which it is defined (the AUC is not where all did alike). None = one window.
        seed: of the bootstrap.
        n_resamples: resamples of users.
        level: coverage of the intervals.

    Raises:
        ConfigError: no forecast of the champion, or one that cannot be such a forecast.
    """
    if champion not in forecasts:
        raise ConfigError(f"champion: there is no forecast '{champion}'; {nearest(champion, forecasts)}")
    users = np.arange(len(y)) if users is None else users
    windows = np.zeros(len(y), dtype=np.int64) if windows is None else windows
    rows = [np.flatnonzero(windows == window) for window in np.unique(windows)]
    # Metrics that sort find the users sorted already, which saves most of their time.
    ordered = {}
    for model, forecast in forecasts.items():
        outcome, p = metrics[0].check(y, forecast)
        orders = [window[np.argsort(-p[window], kind="stable")] for window in rows]
        ordered[model] = [(outcome[order], p[order], users[order]) for order in orders]

    def measured(counts: Matrix) -> dict[tuple[str, str], Matrix]:
        """[R, W] each."""
        return {
            (model, metric.name): np.stack([metric.weighted(y, p, counts[:, who]) for y, p, who in parts], axis=1)
            for model, parts in ordered.items()
            for metric in metrics
        }

    n_users = len(np.unique(users))
    if not n_users:
        nothing = Interval(math.nan, math.nan, math.nan)
        unknown = {(model, metric.name): nothing for model in forecasts for metric in metrics}
        return Comparison(unknown, {key: nothing for key in unknown if key[0] != champion})
    found = measured(np.ones((1, users.max() + 1)))
    draws = resample_counts(users.max() + 1, seed=seed, n_resamples=n_resamples) if n_users > 1 else ()
    blocks = [measured(counts) for counts in draws]
    drawn = {key: np.concatenate([*(block[key] for block in blocks), np.empty((0, len(rows)))]) for key in found}

    def averaged(value: Matrix, replicates: Matrix) -> Interval:
        return Interval.of(float(_over_windows(value)[0]), _over_windows(replicates), level=level)

    return Comparison(
        values={key: averaged(found[key], drawn[key]) for key in found},
        gains={
            (model, name): averaged(
                found[champion, name] - found[model, name], drawn[champion, name] - drawn[model, name]
            )
            for model, name in found
            if model != champion
        },
    )


def _over_windows(values: Matrix) -> Vector:
    """The mean of each row [R, W] over the windows where it is defined; NaN where it is in none."""
    is_defined = ~np.isnan(values)
    n_defined = is_defined.sum(axis=1)
    total = np.where(is_defined, values, 0.0).sum(axis=1)
    mean: Vector = np.divide(total, n_defined, out=np.full(len(values), np.nan), where=n_defined > 0)
    return mean
