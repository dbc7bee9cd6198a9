"""Users whose outcomes are made by a known formula from known inputs."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pyarrow as pa
from scipy.special import expit

from tenure.prediction.examples import Examples, Inputs

NAMES = ("recency_days", "n_active_days_90", "n_occasions_90", "value_90", "weekend_share", "x", "t_x_days", "T_days")
CUTOFFS = (datetime(2024, 1, 1), datetime(2024, 2, 1), datetime(2024, 3, 1))


def inputs_of(values, names=NAMES, as_of=CUTOFFS[0]):
    users = pa.array([f"u{i}" for i in range(len(values))], pa.string())
    moments = np.full(len(values), np.datetime64(as_of, "us"))
    return Inputs(users, moments, tuple(names), np.asarray(values, dtype=np.float64))


def users(n=600, seed=0, as_of=CUTOFFS[0]):
    """Inputs that are unrelated, heavy-tailed and partly undefined."""
    rng = np.random.default_rng(seed)
    T = rng.uniform(50, 300, n)
    x = rng.poisson(3, n).astype(float)
    columns = [
        rng.exponential(20, n),
        rng.poisson(6, n),
        rng.poisson(6, n),
        np.where(rng.random(n) < 0.2, np.nan, rng.exponential(80, n)),
        rng.random(n),
        x,
        np.where(x > 0, T * rng.random(n), 0.0),
        T,
    ]
    return inputs_of(np.stack(columns, axis=1), as_of=as_of)


def examples_by_recency(n=600, seed=0):
    """Three cut-offs; whether they come depends on recency alone."""
    parts = [users(n, seed + i, as_of) for i, as_of in enumerate(CUTOFFS)]
    values = np.concatenate([part.values for part in parts])
    ids = pa.concat_arrays([part.users for part in parts])
    inputs = Inputs(ids, np.concatenate([part.as_of for part in parts]), NAMES, values)
    p = expit(3.0 - 1.5 * np.log1p(values[:, 0]))
    outcome = (np.random.default_rng(seed + 99).random(len(p)) < p).astype(np.float64)
    return Examples(inputs, outcome, 30)


class Formula:
    """A model with a formula of our choice in log-odds."""

    def __init__(self, log_odds):
        self.log_odds = log_odds

    def predict(self, inputs):
        return expit(self.log_odds(inputs))
