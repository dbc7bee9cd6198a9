"""The returns of a made-up run."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

SKILL = {"hazard": (0.73, 0.132, 0.02), "recency": (0.67, 0.154, 0.05), "kaplan_meier": (0.5, 0.194, 0.01)}
"""Model -> concordance, integrated Brier, calibration error."""
RATES = {"retained": 0.15, "at_risk": 0.05, "acquired": 0.02}
"""Of return per day."""


def tables(users: Sequence[str], as_of: datetime) -> dict[str, pa.Table]:
    """Users who are back at a rate of 0.1 a day; stages of 300, 80 and 5 users."""
    if not users:
        return {}
    rate, n = 0.1, len(users)
    share = {"median": 0.5, "low_80": 0.1, "high_80": 0.9, "low_95": 0.025, "high_95": 0.975}
    returns = pa.table(
        {
            "user_id": users,
            "as_of": pa.array([as_of] * n, pa.timestamp("us")),
            **{f"p_return_{days}": np.full(n, -np.expm1(-rate * days)) for days in (7, 30, 90)},
            **{f"{name}_days": np.full(n, -np.log1p(-p) / rate) for name, p in share.items()},
        }
    )
    return {
        "returns": returns,
        "return_curves": pa.Table.from_pylist(
            [
                _step(as_of, stage, n_users, day)
                for stage, n_users in zip(RATES, (300, 80, 5), strict=True)
                for day in range(91)
            ]
        ),
        "return_metrics": pa.Table.from_pylist([row for model in SKILL for row in _metrics(model)]),
        "return_gains": pa.Table.from_pylist([row for model in SKILL if model != "hazard" for row in _gains(model)]),
        "return_calibration": pa.Table.from_pylist(
            [
                {
                    "horizon_days": days,
                    "bin": bin_,
                    "n_users": 60,
                    "predicted": bin_ / 10,
                    "observed": bin_ / 10,
                    "low": bin_ / 10 - 0.05,
                    "high": bin_ / 10 + 0.05,
                }
                for days in (7, 30)
                for bin_ in range(1, 10)
            ]
        ),
    }


def curve(rate: float = 0.1) -> pa.Table:
    """One user's own."""
    day = np.arange(0.0, 91)
    p = -np.expm1(-rate * day)
    return pa.table({"day": day, "p_returned": p, "low": 0.9 * p, "high": 1 - 0.9 * (1 - p)})


def _step(as_of: datetime, stage: str, n_users: int, day: int) -> dict[str, Any]:
    p = float(-np.expm1(-RATES[stage] * day))
    look = as_of - timedelta(days=90)
    return {
        "as_of": look,
        "group": stage,
        "n_users": n_users,
        "day": float(day),
        "p_returned": p,
        "low": 0.9 * p,
        "high": 1 - 0.9 * (1 - p),
    }


def _metrics(model: str) -> list[dict[str, Any]]:
    keys = (("concordance", 30), ("integrated_brier", 30), ("ece", 7), ("ece", 30))
    values = (*SKILL[model], SKILL[model][-1])
    return [
        {
            "model": model,
            "metric": metric,
            "horizon_days": days,
            "value": value,
            "low": value - 0.005,
            "high": value + 0.005,
            "n_users": 1_800,
        }
        for (metric, days), value in zip(keys, values, strict=True)
    ]


def _gains(model: str) -> list[dict[str, Any]]:
    ours, theirs = _metrics("hazard"), _metrics(model)
    return [
        {
            "baseline": model,
            "metric": a["metric"],
            "horizon_days": a["horizon_days"],
            "difference": a["value"] - b["value"],
            "low": a["value"] - b["value"] - 0.007,
            "high": a["value"] - b["value"] + 0.007,
        }
        for a, b in zip(ours, theirs, strict=True)
    ]
