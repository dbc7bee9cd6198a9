"""Which model is better on the same users, and is the difference beyond chance?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tenure.errors import ConfigError, nearest
from tenure.evaluation.forecasts import METRICS, Metric, Vector, check_forecast
from tenure.evaluation.intervals import Interval, resample_counts


@dataclass(frozen=True)
class Comparison:
    """All metrics of all models with their intervals, and what one model gains over each other one."""

    values: Mapping[tuple[str, str], Interval]
    """(model, metric) -> the metric."""
    gains: Mapping[tuple[str, str], Interval]
    """(baseline, metric) -> champion - baseline, on the same users. For a loss a negative difference is a gain."""


def compare(
    y: NDArray[np.generic],
    forecasts: Mapping[str, Vector],
    *,
    champion: str,
    metrics: Sequence[Metric] = METRICS,
    seed: int,
    n_resamples: int = 1000,
    level: float = 0.95,
) -> Comparison:
    """How good is each forecast of the same outcomes, and how much better is the champion than the others?

    Every model and metric sees the same resamples of users, so differences are paired.
    """
    if champion not in forecasts:
        raise ConfigError(f"champion: there is no forecast '{champion}'; {nearest(champion, forecasts)}")
    checked = {model: check_forecast(y, p) for model, p in forecasts.items()}
    best_first = {model: np.argsort(-p, kind="stable") for model, (_, p) in checked.items()}
    values = {(model, m.name): m(*pair) for model, pair in checked.items() for m in metrics}
    blocks: dict[tuple[str, str], list[Vector]] = {key: [] for key in values}
    if len(y) > 1:
        for counts in resample_counts(len(y), seed=seed, n_resamples=n_resamples):
            for model, (outcome, p) in checked.items():
                # Metrics that sort find the users sorted already, which saves most of their time.
                order = best_first[model]
                ordered = outcome[order], p[order], counts[:, order]
                for metric in metrics:
                    blocks[model, metric.name].append(metric.weighted(*ordered))
    drawn = {key: np.concatenate([*parts, np.empty(0)]) for key, parts in blocks.items()}
    return Comparison(
        values={key: Interval.of(value, drawn[key], level=level) for key, value in values.items()},
        gains={
            (model, name): Interval.of(
                values[champion, name] - value, drawn[champion, name] - drawn[model, name], level=level
            )
            for (model, name), value in values.items()
            if model != champion
        },
    )
