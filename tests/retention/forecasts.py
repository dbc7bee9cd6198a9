"""Made-up forecasts for the tests of the plan."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pyarrow as pa

from tenure.lifecycle.stages import STAGES
from tenure.schema import TIME
from tenure.seeds import generator

AS_OF = datetime(2024, 6, 1)


def forecasts(
    stage: list[str], p_churn: list[float | None], expected_value: list[float | None], as_of: datetime = AS_OF
) -> pa.Table:
    n = len(stage)
    return pa.table(
        {
            "user_id": pa.array([f"u{i:05d}" for i in range(n)], pa.string()),
            "as_of": pa.array([as_of] * n, TIME),
            "stage": pa.array(stage, pa.string()),
            "p_churn": pa.array(p_churn, pa.float64()),
            "expected_value": pa.array(expected_value, pa.float64()),
        }
    )


def random_forecasts(n: int, seed: int = 0) -> pa.Table:
    rng = generator(seed, "made-up forecasts")
    stage = [str(s) for s in rng.choice(np.array(STAGES), n)]
    return forecasts(stage, rng.beta(1, 1, n).round(2).tolist(), rng.gamma(0.5, 60, n).round(1).tolist())
