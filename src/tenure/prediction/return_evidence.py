"""Can a return be foretold better than by everybody's curve, or by recency alone? On later time, with intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tenure.errors import EvidenceError
from tenure.evaluation.forecasts import ece
from tenure.evaluation.intervals import Interval, resample_counts
from tenure.evaluation.kaplan_meier import kaplan_meier
from tenure.evaluation.survival import calibration_at, concordance_ipcw
from tenure.prediction.examples import Matrix, Vector
from tenure.prediction.returning import ReturnConfig, ReturnForecaster, Spells
from tenure.prediction.tasks import RETURN_DAYS

NAME = "hazard"
"""Of the model in use."""
RECENCY = "recency"
"""A hazard that knows nothing but how long a user has been away."""
EVERYBODY = "kaplan_meier"
"""The curve of everybody, the same for each user."""

_METRICS = pa.schema(
    [
        pa.field("model", pa.string()),
        pa.field("metric", pa.string()),
        pa.field("horizon_days", pa.int64()),
        pa.field("value", pa.float64()),
        pa.field("low", pa.float64()),
        pa.field("high", pa.float64()),
        pa.field("n_users", pa.int64()),
    ]
)
_GAINS = pa.schema(
    [
        pa.field("baseline", pa.string()),
        pa.field("metric", pa.string()),
        pa.field("horizon_days", pa.int64()),
        pa.field("difference", pa.float64()),
        pa.field("low", pa.float64()),
        pa.field("high", pa.float64()),
    ]
)

Numbers = NDArray[np.int64]
Key = tuple[str, int]
"""Metric and horizon."""


@dataclass(frozen=True, kw_only=True)
class ReturnEvidenceConfig:
    """How evidence is gathered."""

    n_resamples: int = 100
    """Resamples of users behind every interval."""
    level: float = 0.95
    """Coverage of the intervals."""
    seed: int = 0


@dataclass(frozen=True, eq=False)
class _Test:
    """One test cut-off: what each model said of its users [B] beforehand, and what came of it."""

    spells: Spells
    users: Numbers
    """Numbers of the users [B], the same at all cut-offs."""
    days: Vector
    """1, 2 ... to the last day that was watched, and that every model can speak of [H]; at most the last horizon."""
    p: Mapping[str, Matrix]
    """Model -> P(back by each of these days) [B, H]."""

    def at(self, model: str, horizon: int) -> tuple[Vector, Vector]:
        """Who was back by a day [B], and how likely that had been called."""
        back = self.spells.returned & (self.spells.days <= horizon)
        return back.astype(np.float64), self.p[model][:, horizon - 1]


def return_evidence(
    spells: Spells,
    tests: Sequence[datetime],
    until: datetime,
    config: ReturnEvidenceConfig = ReturnEvidenceConfig(),
) -> dict[str, pa.Table]:
    """How good were forecasts of the return at these cut-offs, made from what was known at each?

    Args:
        spells: of these cut-offs and of earlier ones, watched up to `until`.
        tests: the cut-offs to forecast.
        until: the log is complete up to here.
        config: resamples and seed.

    Returns:
        `return_metrics`: model, metric, horizon_days, value, low, high, n_users: means over the test cut-offs that were
        watched that long. Metrics: concordance (of two users, how often is the one who is back first called so; over
        all pairs settled within the horizon), integrated_brier (mean squared error of P(back by day t) over the days
        of the horizon), ece (mean gap between forecast and share at the horizon, over tenths of the users).
        `return_gains`: baseline, metric, horizon_days, difference (hazard - baseline), low, high, on the same users.
        `return_calibration`: horizon_days, bin, n_users, predicted, observed, low, high, of the hazard.

    Concordance and integrated Brier are taken over the longest horizon that all test cut-offs were watched for.
    Everybody of a cut-off is watched equally long, so that nothing is left to weigh: within a horizon that was watched,
    every outcome is known. Intervals are those of resampled users, all rows of a user together.

    Raises:
        EvidenceError: none of the cut-offs was watched for a day, or none could be forecast.
    """
    numbers = np.unique(np.asarray(spells.inputs.users), return_inverse=True)[1]
    made = [_forecast(spells, numbers, cutoff, until) for cutoff in sorted(tests)]
    judged = [test for test in made if test is not None]
    if not judged:
        raise EvidenceError("No forecast of returns can be tested: nobody had returned before the test cut-offs")
    watched = min(len(test.days) for test in judged)
    common = max((days for days in RETURN_DAYS if days <= watched), default=watched)
    values, drawn = _measured(judged, common, config)
    n_users = {key: sum(len(test.spells) for test in judged if len(test.days) >= key[1]) for _, key in values}
    metrics = [
        (model, *key, *_limits(Interval.of(value, drawn[model, key], level=config.level)), n_users[key])
        for (model, key), value in values.items()
    ]
    gains = [
        (model, *key, *_limits(Interval.of(values[NAME, key] - value, drawn[NAME, key] - drawn[model, key])))
        for (model, key), value in values.items()
        if model != NAME
    ]
    return {
        "return_metrics": _table(metrics, _METRICS),
        "return_gains": _table(gains, _GAINS),
        "return_calibration": _calibration(judged, config.level),
    }


def _forecast(spells: Spells, numbers: Numbers, cutoff: datetime, until: datetime) -> _Test | None:
    """What each model says of a cut-off, knowing the spells before it as they were then; None = there was nothing."""
    past, here = spells.known_by(cutoff), spells.at(cutoff)
    if not past.returned.any() or not len(here):
        return None
    hazard = ReturnForecaster.fit(past)
    recency = ReturnForecaster.fit(past, ReturnConfig(columns=("recency_days",), has_rhythm=False))
    everybody = kaplan_meier(past.days, past.returned)
    watched = (until - cutoff) / timedelta(days=1)
    last = int(min(watched, hazard.observed_days, recency.observed_days, max(RETURN_DAYS)))
    if last < 1:
        return None
    days = np.arange(1.0, last + 1)
    p = {
        NAME: hazard.curve(here.inputs, days),
        RECENCY: recency.curve(here.inputs, days),
        EVERYBODY: np.tile(everybody.returned_by(days)[0], (len(here), 1)),
    }
    return _Test(here, numbers[spells.inputs.as_of == np.datetime64(cutoff)], days, p)


def _measured(
    tests: Sequence[_Test], common: int, config: ReturnEvidenceConfig
) -> tuple[dict[tuple[str, Key], float], dict[tuple[str, Key], Vector]]:
    """(model, metric and horizon) -> the metric, and its values over resamples of users [R]."""
    n_users = max(int(test.users.max()) for test in tests) + 1
    whole = _all(tests, common, np.ones((1, n_users)))
    draws = resample_counts(n_users, seed=config.seed, n_resamples=config.n_resamples)
    blocks = [_all(tests, common, counts) for counts in draws]
    return (
        {key: float(value[0]) for key, value in whole.items()},
        {key: np.concatenate([block[key] for block in blocks]) for key in whole},
    )


def _all(tests: Sequence[_Test], common: int, counts: Matrix) -> dict[tuple[str, Key], Vector]:
    found: dict[tuple[str, Key], Vector] = {}
    for model in (NAME, RECENCY, EVERYBODY):
        over = {
            ("concordance", common): [_concordance(test, model, common, counts[:, test.users]) for test in tests],
            ("integrated_brier", common): [_brier(test, model, common, counts[:, test.users]) for test in tests],
        }
        for horizon in RETURN_DAYS:
            known = [test for test in tests if len(test.days) >= horizon]
            if known:
                errors = [ece.weighted(*test.at(model, horizon), counts[:, test.users]) for test in known]
                over["ece", horizon] = errors
        found |= {(model, key): np.mean(values, axis=0) for key, values in over.items()}
    return found


def _concordance(test: _Test, model: str, horizon: int, weights: Matrix) -> Vector:
    """Who is likelier back, on average over the days, is called the earlier one: [R]."""
    risk, days, returned = test.p[model][:, :horizon].sum(axis=1), test.spells.days, test.spells.returned
    drawn = [np.repeat(np.arange(len(risk)), row.astype(np.int64)) for row in weights]
    return np.array([concordance_ipcw(days[i], returned[i], risk[i], until_days=horizon) for i in drawn])


def _brier(test: _Test, model: str, horizon: int, weights: Matrix) -> Vector:
    """The error of each user, integrated over the days, then the mean over users [R]."""
    days = test.days[:horizon]
    back = test.spells.returned[:, None] & (test.spells.days[:, None] <= days)
    errors = (back - test.p[model][:, :horizon]) ** 2
    each = np.trapezoid(errors, days, axis=1) / (days[-1] - days[0]) if horizon > 1 else errors[:, 0]
    return np.asarray(weights @ each / weights.sum(axis=1), dtype=np.float64)


def _calibration(tests: Sequence[_Test], level: float) -> pa.Table:
    parts = []
    for horizon in RETURN_DAYS:
        known = [test for test in tests if len(test.days) >= horizon]
        if known:
            days = np.concatenate([test.spells.days for test in known])
            returned = np.concatenate([test.spells.returned for test in known])
            p = np.concatenate([test.p[NAME][:, horizon - 1] for test in known])
            table = calibration_at(days, returned, p, float(horizon), level=level)
            parts.append(table.add_column(0, "horizon_days", pa.array([horizon] * table.num_rows, pa.int64())))
    empty = calibration_at(np.ones(1), np.ones(1, dtype=np.bool_), np.ones(1), 1.0).slice(0, 0)
    return pa.concat_tables(parts) if parts else empty.add_column(0, "horizon_days", pa.array([], pa.int64()))


def _limits(found: Interval) -> tuple[float, float, float]:
    return found.value, found.low, found.high


def _table(rows: Sequence[tuple[object, ...]], schema: pa.Schema) -> pa.Table:
    return pa.table([list(column) for column in zip(*rows, strict=True)], schema=schema)
