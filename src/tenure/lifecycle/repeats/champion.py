"""Which model of repeats fits these users? Chosen by a holdout inside the past, so that the future stays unseen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from scipy.special import xlogy

from tenure.errors import ConfigError
from tenure.lifecycle.repeats.bgnbd import BGNBD
from tenure.lifecycle.repeats.fitting import FitConfig
from tenure.lifecycle.repeats.history import History, Vector
from tenure.lifecycle.repeats.holdout import holdout_scores
from tenure.lifecycle.repeats.mbgnbd import MBGNBD
from tenure.lifecycle.repeats.model import RepeatModel
from tenure.lifecycle.repeats.paretonbd import ParetoNBD

CANDIDATES: tuple[type[RepeatModel], ...] = (BGNBD, MBGNBD, ParetoNBD)
"""From simple to costly."""


@dataclass(frozen=True, eq=False)
class InnerHoldout:
    """Users at an earlier cut-off, and what followed until today."""

    history: History
    """At the earlier cut-off [B]."""
    actual: Vector
    """Commitments from then until today [B]."""
    t: float
    """The time from then until today."""


@dataclass(frozen=True, eq=False)
class Champion:
    """The chosen model, and what it was chosen by."""

    model: RepeatModel
    """Fitted on the whole past."""
    candidates: pa.Table
    """A row per candidate: `model, is_champion, deviance` (per user, of the inner holdout), `total_actual,
    total_expected, total_ratio, mae, rmse, correlation` (of the inner holdout)."""


def inner_share(past: float, horizon: float) -> float:
    """At which share of the past does the inner cut-off lie, so that its holdout asks what the forecast will ask?

    The inner horizon is to its past as the horizon is to the whole past.

    >>> inner_share(39, 39)
    0.5
    """
    if not (past > 0 and horizon > 0):
        raise ConfigError(f"inner_share: expected a past and a horizon above 0, got {past!r} and {horizon!r}")
    return past / (past + horizon)


def choose(
    inner: InnerHoldout,
    history: History,
    *,
    candidates: Sequence[type[RepeatModel]] = CANDIDATES,
    config: FitConfig = FitConfig(),
) -> Champion:
    """Which candidate foresaw best what is known by now? Refitted on the whole past.

    Candidates are compared by the Poisson deviance of the numbers they expected of each user, which is least for the
    true mean. From simple to costly, the next one must lower it by more than one standard error of the paired
    difference over users; else the tie goes to the simpler.

    Args:
        inner: an earlier cut-off with what followed; see `inner_share` for a good one.
        history: of the users today.
        candidates: models to choose from, from simple to costly.
        config: of all fits.
    """
    if not candidates:
        raise ConfigError("choose: expected at least one candidate, got none")
    if inner.actual.shape != (len(inner.history),):
        raise ConfigError(f"choose: expected {len(inner.history)} actual numbers, got shape {inner.actual.shape}")
    fitted = [candidate.fit(inner.history, config=config) for candidate in candidates]
    deviances = [_deviance(inner.actual, model.expected(inner.t, inner.history)) for model in fitted]
    best = 0
    for i in range(1, len(candidates)):
        gain = deviances[best] - deviances[i]
        if gain.mean() > gain.std() / np.sqrt(max(len(gain) - 1, 1)):
            best = i
    rows = [
        {"model": candidate.__name__, "is_champion": i == best, "deviance": float(deviances[i].mean())}
        | holdout_scores(fitted[i], inner.history, inner.actual, inner.t)
        for i, candidate in enumerate(candidates)
    ]
    return Champion(candidates[best].fit(history, config=config), pa.Table.from_pylist(rows))


def _deviance(actual: Vector, expected: Vector) -> Vector:
    """2 (a ln(a / e) - a + e) per user; who expects next to nothing and is wrong pays dearly, not infinitely."""
    expected = np.maximum(expected, 1e-9)
    return np.asarray(2 * (xlogy(actual, actual / expected) - actual + expected), dtype=np.float64)
