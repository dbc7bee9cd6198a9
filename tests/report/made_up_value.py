"""The value to come of a made-up run."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa

BANDS = {"low_95": 0.5, "low_80": 0.7, "high_80": 1.4, "high_95": 1.8}
REPEATS = ("0", "1", "2", "7+")


def tables(
    users: Sequence[str], groups: dict[str, Sequence[Any]], as_of: datetime, months: Sequence[datetime]
) -> dict[str, pa.Table]:
    """Users who will bring 10, 20, 30 ..., in these groups, and cohorts that brought 10 % less than was expected."""
    if not users:
        return {}
    worth = 10.0 * np.arange(1, len(users) + 1)
    values = pa.table(
        {
            "user_id": users,
            "as_of": pa.array([as_of] * len(users), pa.timestamp("us")),
            "p_alive": np.full(len(users), 0.8),
            "expected_commitments": worth / 10,
            "expected_value": worth,
            "median_value": worth,
            **{name: worth * factor for name, factor in BANDS.items()},
        }
    )
    rows = []
    for by, of_user in {"all": ["all"] * len(users), **groups}.items():
        labels = np.array(of_user, dtype=str)
        for group in np.unique(labels):
            whole = float(worth[labels == group].sum())
            row = {"by": by, "group": str(group), "n_users": int((labels == group).sum()), "expected_value": whole}
            row |= {name: whole * (1 + (factor - 1) / 10) for name, factor in BANDS.items()}
            rows.append(row | {"days": 365, "annual_discount": 0.1, "unit": "money"})
    cells = [
        {
            "cohort_start": start,
            "age": age,
            "n_users": 50,
            "observed": 9.0 * (age + 1) if age < len(months) - c - 1 else None,
            "expected": 10.0 * (age + 1),
            "period": "month",
        }
        for c, start in enumerate(months)
        for age in range(len(months) - c)
    ]
    weeks = np.arange(1, 21)
    return {
        "lifetime_values": values,
        "lifetime_totals": pa.Table.from_pylist(rows),
        "cohort_values": pa.Table.from_pylist(cells),
        "value_holdout": pa.table(
            {
                "repeats": REPEATS,
                "n_users": [60, 30, 20, 10],
                "actual": [0.21, 0.9, 1.6, 8.04],
                "expected": [0.25, 0.8, 1.7, 7.0],
            }
        ),
        "value_tracking": pa.table(
            {
                "period": weeks,
                "end_days": 7.0 * weeks,
                "actual": np.full(20, 10),
                "expected": np.full(20, 11.0),
                "cumulative_actual": 10 * weeks,
                "cumulative_expected": 11.0 * weeks,
            }
        ),
    }
