"""Did the commitments come that the model expected? Fitted on the past, judged on what followed."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa

from tenure.errors import ConfigError
from tenure.lifecycle.repeats.history import History, Vector
from tenure.lifecycle.repeats.model import RepeatModel

TOP_COUNT = 7
"""Users with this many repeats or more share a row, as in the papers."""


def holdout_table(model: RepeatModel, history: History, actual: Vector, t: float) -> pa.Table:
    """Do users with as many repeats in the past come as often as expected?

    Args:
        model: fitted on the past.
        history: of each user, at the end of the past [B].
        actual: how many commitments followed within t [B].
        t: length of the holdout, in the unit of the history.

    Returns a row per past count that occurs: `repeats` (0 to 6, and 7+), `n_users`, `actual` and `expected` (means).
    Source: Fader, Hardie & Lee (2005), Marketing Science 24, figure 5.
    """
    expected = _expected(model, history, actual, t)
    past = np.minimum(history.x, TOP_COUNT).astype(np.int64)
    n_users = np.bincount(past, minlength=TOP_COUNT + 1)
    occurring = np.flatnonzero(n_users)
    return pa.table(
        {
            "repeats": [f"{count}+" if count == TOP_COUNT else f"{count}" for count in occurring],
            "n_users": n_users[occurring],
            "actual": np.bincount(past, weights=actual)[occurring] / n_users[occurring],
            "expected": np.bincount(past, weights=expected)[occurring] / n_users[occurring],
        }
    )


def holdout_scores(model: RepeatModel, history: History, actual: Vector, t: float) -> dict[str, float]:
    """How far were the expected numbers off, in all and per user?

    `total_actual`, `total_expected`, `total_ratio` (expected / actual), `mae`, `rmse`, `correlation`; NaN where one is
    not defined. Read `mae` with care: it is least for the median, which for most users is 0, so a model that expects
    too little of everybody can have a lower one than a model that is right on average.
    """
    expected = _expected(model, history, actual, t)
    total = float(actual.sum())
    alike = len(actual) < 2 or np.ptp(actual) == 0 or np.ptp(expected) == 0
    error = actual - expected if len(actual) else np.array([math.nan])
    return {
        "total_actual": total,
        "total_expected": float(expected.sum()),
        "total_ratio": float(expected.sum()) / total if total else math.nan,
        "mae": float(np.abs(error).mean()),
        "rmse": float(np.sqrt(np.mean(error**2))),
        "correlation": math.nan if alike else float(np.corrcoef(actual, expected)[0, 1]),
    }


def tracking_curve(model: RepeatModel, history: History, times: Vector, t: float, *, step: float = 1.0) -> pa.Table:
    """How do the commitments of all users add up after the cut-off, and how were they expected to?

    Args:
        model: fitted on the past.
        history: of each user, at the cut-off [B].
        times: when the later commitments came, since the cut-off, in any order [N].
        t: length of the holdout.
        step: length of a period.

    Returns a row per period: `period` (1, 2 ...), `end` (time since the cut-off), `actual`, `expected` (within the
    period), `cumulative_actual`, `cumulative_expected`.
    """
    if not 0 < step <= t:
        raise ConfigError(f"tracking_curve.step: expected a length above 0 and at most t = {t:g}, got {step!r}")
    distinct = history.distinct()
    ends = np.minimum(np.arange(1, math.ceil(t / step - 1e-9) + 1) * step, t)
    cumulative = np.array([float(distinct.counts @ model.expected(end, distinct.history)) for end in ends])
    reached = np.searchsorted(np.sort(times), ends, side="right")
    return pa.table(
        {
            "period": np.arange(1, len(ends) + 1),
            "end": ends,
            "actual": np.diff(reached, prepend=0),
            "expected": np.diff(cumulative, prepend=0.0),
            "cumulative_actual": reached,
            "cumulative_expected": cumulative,
        }
    )


def _expected(model: RepeatModel, history: History, actual: Vector, t: float) -> Vector:
    if actual.shape != (len(history),):
        raise ConfigError(f"holdout: expected one actual number per user [{len(history)}], got shape {actual.shape}")
    distinct = history.distinct()
    return model.expected(t, distinct.history)[distinct.inverse]
