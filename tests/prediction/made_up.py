"""Examples with known truth, for tests of training: many users at evenly spaced cut-offs."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
from scipy.special import expit

from tenure.prediction.examples import Examples, Inputs

FIRST = datetime(2025, 1, 1)


def inputs(n_users=200, n_cutoffs=8, *, step_days=10, seed=0, names=("recency_days", "a", "b")):
    rng = np.random.default_rng(seed)
    users = pa.array([f"u{i:04d}" for i in range(n_users)] * n_cutoffs)
    days = np.repeat(np.arange(n_cutoffs) * step_days, n_users)
    as_of = np.array([np.datetime64(FIRST + timedelta(days=int(day)), "us") for day in days])
    values = rng.normal(size=(n_users * n_cutoffs, len(names)))
    values[:, 0] = rng.exponential(30, len(values))
    return Inputs(users, as_of, tuple(names), values)


def chances(given):
    return expit(1.5 * given.column("a") - 0.5)


def examples(n_users=200, n_cutoffs=8, *, horizon_days=10, seed=0, **more):
    given = inputs(n_users, n_cutoffs, seed=seed, **more)
    outcome = (np.random.default_rng(seed + 1).random(len(given)) < chances(given)).astype(float)
    return Examples(given, outcome, horizon_days)
