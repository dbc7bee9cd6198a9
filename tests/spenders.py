"""Users whose spend is known in truth: rates, drop-outs and amounts drawn, so that expectations have a right answer."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from tenure.prediction.examples import Examples, Inputs

NAMES = ("value", "value_30", "value_90", "tenure_days", "recency_days", "x", "t_x_days", "T_days", "mean_value")
CUTS = np.array(["2024-01-01", "2024-02-10", "2024-03-21"], dtype="datetime64[us]")
HORIZON_DAYS = 30


def spenders(n_users: int, seed: int = 0, *, cuts=CUTS, quiet: float = 0.3) -> Examples:
    """Users who buy at random at a rate of their own, gamma amounts around a mean of their own; some have left."""
    draw = np.random.default_rng(seed)
    rate = draw.gamma(1.0, 0.03, n_users)  # purchases a day
    basket = draw.lognormal(3.0, 0.6, n_users)
    tenure = draw.integers(120, 400, n_users)
    left = np.where(draw.random(n_users) < quiet, draw.uniform(0, tenure), np.inf)
    rows = []
    for place, cut in enumerate(cuts):
        age = tenure + 40 * place
        values = np.full((n_users, len(NAMES)), np.nan)
        outcome = np.zeros(n_users)
        for i in range(n_users):
            user = np.random.default_rng([seed, i])  # the same life at every cut-off
            times = np.append(0.0, np.cumsum(user.exponential(1 / rate[i], int(rate[i] * 1200) + 20)))
            times = times[times < min(left[i], age[i] + HORIZON_DAYS)]
            amounts = user.gamma(2.0, basket[i] / 2, len(times))
            past = times < age[i]
            days, at = np.unique(np.floor(times[past]), return_inverse=True)
            by_day = np.bincount(at, weights=amounts[past])
            ago = age[i] - times[past]
            values[i] = [
                amounts[past].sum(),
                amounts[past][ago <= 30].sum(),
                amounts[past][ago <= 90].sum(),
                age[i],
                ago.min(),
                len(days) - 1,
                days[-1],
                age[i],
                by_day[1:].mean() if len(days) > 1 else np.nan,
            ]
            outcome[i] = amounts[~past].sum()
        rows.append((np.array([f"u{i}" for i in range(n_users)]), np.full(n_users, cut), values, outcome))
    users, as_of, values, outcome = (np.concatenate(parts) for parts in zip(*rows, strict=True))
    return Examples(Inputs(pa.array(users), as_of, NAMES, values), outcome, HORIZON_DAYS)
