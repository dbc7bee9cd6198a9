"""Made-up tables of forecasts: metrics, gains, reasons, and who won."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pyarrow as pa
from report.made_up_words import AS_OF


def tables(rng: np.random.Generator, users: list[str]) -> dict[str, pa.Table]:
    few = users[:40]
    predicted, tenths = np.linspace(0.05, 0.97, 10), np.arange(1, 11)
    observed = {"constant": np.full(10, 0.17), "recency": 0.7 * np.exp(-tenths / 2.6)}
    observed |= {"trees": 0.9 * np.exp(-tenths / 2), "stack": 0.9 * np.exp(-tenths / 2)}
    themes = ("rhythm", "money", "volume", "habits")
    return {
        **_contests(len(users)),
        "reliability": pa.table(
            {
                "task": ["commit:30d"] * 10,
                "model": ["trees"] * 10,
                "bin": list(range(10)),
                "n_users": rng.integers(30, 400, 10),
                "predicted": predicted,
                "observed": np.clip(predicted + rng.normal(0, 0.02, 10), 0, 1),
                "low": np.clip(predicted - 0.06, 0, 1),
                "high": np.clip(predicted + 0.06, 0, 1),
            }
        ),
        "lift": pa.table(
            {
                "task": ["commit:30d"] * 40,
                "model": [m for m in observed for _ in tenths],
                "tenth": np.tile(tenths, 4),
                "n_users": [len(users) // 10] * 40,
                "observed": np.concatenate(list(observed.values())),
                "lift": np.concatenate([o / o.mean() for o in observed.values()]),
                "captured": np.concatenate([np.cumsum(o) / o.sum() for o in observed.values()]),
            }
        ),
        "ranges": pa.table(
            {
                "task": ["value:30d"] * 2,
                "model": ["poisson"] * 2,
                "level": [0.8, 0.95],
                "coverage": [0.79, 0.94],
                "low": [0.77, 0.93],
                "high": [0.81, 0.95],
                "mean_width": [80.0, 150.0],
                "n_users": [30, 30],
            }
        ),
        "dependence": pa.table(
            {
                "task": ["commit:30d"] * 6,
                "feature": ["recency_days"] * 3 + ["value_90"] * 3,
                "value": [0.0, 20.0, 90.0, 0.0, 50.0, 400.0],
                "partial": [0.8, 0.6, 0.3, 0.4, 0.5, 0.6],
                "local": [0.9, 0.6, 0.1, 0.3, 0.5, 0.7],
                "low": [0.88, 0.57, 0.07, 0.28, 0.47, 0.66],
                "high": [0.92, 0.63, 0.13, 0.32, 0.53, 0.74],
                "n_users": [20, 10, 0, 15, 15, 0],
            }
        ),
        "importance": pa.table(
            {
                "level": ["theme"] * 4,
                "name": themes,
                "theme": themes,
                "importance": [0.9, 0.4, 0.3, 0.02],
                "low": [0.85, 0.36, 0.27, -0.01],
                "high": [0.95, 0.44, 0.33, 0.05],
                "rank": [1, 2, 3, 4],
                "rank_low": [1, 2, 2, 4],
                "rank_high": [1, 3, 3, 4],
            }
        ),
        "reasons": pa.table(
            {
                "user_id": [u for u in few for _ in range(3)],
                "as_of": pa.array([AS_OF] * 3 * len(few), pa.timestamp("us")),
                "theme": ["rhythm", "money", "volume"] * len(few),
                "contribution": rng.normal(0, 1, 3 * len(few)),
                "unit": ["log-odds"] * 3 * len(few),
                "feature": ["recency_days", "value_90", "n_events_30"] * len(few),
                "value": [41.0, None, 2.0] * len(few),
                "usual": [3.0, 120.0, 20.0] * len(few),
                "own_usual_days": [12.0, None, None] * len(few),
            }
        ),
    }


METRICS_OF = {
    "commit:30d": {
        "auc": {"constant": 0.5, "recency": 0.84, "trees": 0.889, "stack": 0.888},
        "average_precision": {"constant": 0.83, "recency": 0.953, "trees": 0.974, "stack": 0.974},
        "average_precision_churn": {"constant": 0.17, "recency": 0.52, "trees": 0.61, "stack": 0.612},
        "log_loss": {"constant": 0.45, "recency": 0.342, "trees": 0.301, "stack": 0.3},
        "brier": {"constant": 0.14, "recency": 0.104, "trees": 0.091, "stack": 0.091},
        "ece": {"constant": 0.0, "recency": 0.02, "trees": 0.012, "stack": 0.011},
    },
    "value:30d": {
        "mae": {"constant": 80.4, "hurdle": 41.2},
        "rmse": {"constant": 190.0, "hurdle": 120.0},
        "normalised_gini": {"constant": 0.0, "hurdle": 0.71},
        "spearman": {"constant": 0.0, "hurdle": 0.66},
        "total_ratio": {"constant": 1.0, "hurdle": 1.02},
    },
    "commit:90d": {"auc": {"constant": 0.5, "trees": 0.9}, "log_loss": {"constant": 0.3, "trees": 0.31}},
}
"""Task -> metric -> model -> what it reached on later time, over everybody."""
CHAMPIONS = {"commit:30d": "trees", "value:30d": "hurdle", "commit:90d": "constant"}
POPULATIONS = ("all seen", "active in the last 90 days")


def _contests(n_users: int) -> dict[str, pa.Table]:
    """Who won which task; an interval is 0.012 wide to either side, a difference within it is not beyond chance."""
    found = [
        (task, model, where, metric, value * (1 if where == "all seen" else 0.98))
        for task, metrics in METRICS_OF.items()
        for where in POPULATIONS
        for metric, of_model in metrics.items()
        for model, value in of_model.items()
    ]
    value_of = {(task, model, where, metric): value for task, model, where, metric, value in found}
    columns = ("task", "model", "population", "metric", "value", "low", "high", "n_users", "is_champion")
    metrics = [(*row, row[-1] - 0.012, row[-1] + 0.012, 3 * n_users, row[1] == CHAMPIONS[row[0]]) for row in found]
    gains = [
        (task, CHAMPIONS[task], model, where, metric, gain, gain - 0.012, gain + 0.012)
        for task, model, where, metric, value in found
        if model != CHAMPIONS[task]
        for gain in [value_of[task, CHAMPIONS[task], where, metric] - value]
    ]
    over_time = [
        (task, model, AS_OF - timedelta(days=30 * back), metric, value + 0.01 * back, n_users)
        for task, model, where, metric, value in found
        for back in (3, 2, 1)
        if where == "all seen"
    ]
    trials = [
        ("commit:30d", "constant", 0.45, "constant", 0.0, 0.0, False),
        ("commit:30d", "recency", 0.34, "constant", 0.11, 0.01, True),
        ("commit:30d", "trees", 0.3, "recency", 0.04, 0.01, True),
        ("commit:30d", "stack", 0.299, "trees", 0.001, 0.002, False),
        ("value:30d", "constant", 9.0, "constant", 0.0, 0.0, False),
        ("value:30d", "hurdle", 6.0, "constant", 3.0, 0.2, True),
        ("commit:90d", "constant", 0.3, "constant", 0.0, 0.0, False),
        ("commit:90d", "trees", 0.31, "constant", -0.01, 0.02, False),
    ]
    return {
        "prediction_metrics": _rows(columns, metrics),
        "prediction_gains": _rows(
            ("task", "champion", "baseline", "population", "metric", "difference", "low", "high"), gains
        ),
        "prediction_over_time": _rows(("task", "model", "as_of", "metric", "value", "n_users"), over_time),
        "prediction_choice": _rows(
            ("task", "model", "loss", "incumbent", "gain", "standard_error", "took_over"), trials
        ),
    }


def _rows(names: tuple[str, ...], rows: list[tuple[Any, ...]]) -> pa.Table:
    return pa.table(dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)))
