"""Is the champion better than simple models, on later time, beyond chance? Everything a sceptic asks for, as tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from tenure.evaluation.amounts import AMOUNT_METRICS
from tenure.evaluation.calibration_error import ece_by_chance
from tenure.evaluation.comparison import Comparison, compare
from tenure.evaluation.forecasts import METRICS
from tenure.evaluation.intervals import Interval
from tenure.evaluation.ranges import coverage, mean_width
from tenure.evaluation.reliability import lift_table, reliability_table, wilson
from tenure.prediction.examples import Vector
from tenure.prediction.rolling import Rolled
from tenure.prediction.training import Trained
from tenure.schema import TIME

ALL_SEEN = "all seen"
BY_CHANCE = "ece_by_chance"
"""Beside the metrics of the champion: the calibration error that its forecasts would show if they were exactly true."""

_INTERVAL = [(end, pa.float64()) for end in ("low", "high")]
_WHERE = [("population", pa.string()), ("metric", pa.string())]
_METRICS = pa.schema(
    [
        ("task", pa.string()),
        ("model", pa.string()),
        *_WHERE,
        ("value", pa.float64()),
        *_INTERVAL,
        ("n_users", pa.int64()),
        ("is_champion", pa.bool_()),
    ]
)
_GAINS = pa.schema(
    [
        ("task", pa.string()),
        ("champion", pa.string()),
        ("baseline", pa.string()),
        *_WHERE,
        ("difference", pa.float64()),
        *_INTERVAL,
    ]
)
_OVER_TIME = pa.schema(
    [
        ("task", pa.string()),
        ("model", pa.string()),
        ("as_of", TIME),
        ("metric", pa.string()),
        ("value", pa.float64()),
        ("n_users", pa.int64()),
    ]
)


_RANGES = pa.schema(
    [
        ("task", pa.string()),
        ("model", pa.string()),
        ("level", pa.float64()),
        ("coverage", pa.float64()),
        *_INTERVAL,
        ("mean_width", pa.float64()),
        ("n_users", pa.int64()),
    ]
)


@dataclass(frozen=True, kw_only=True)
class EvidenceConfig:
    """How evidence is gathered."""

    active_days: int = 90
    """Users whose last activity is no older form the second population that metrics are reported for."""
    n_resamples: int = 400
    """Resamples of users behind every interval."""
    level: float = 0.95
    """Coverage of the intervals."""
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Evidence:
    """How the forecasts of the test cut-offs turned out. Columns as in docs/results.md."""

    metrics: pa.Table
    """task, model, population, metric, value, low, high, n_users, is_champion: means over the test cut-offs"""
    gains: pa.Table
    """task, champion, baseline, population, metric, difference (champion - baseline), low, high"""
    over_time: pa.Table
    """task, model, as_of, metric, value, n_users: of everybody seen, at each test cut-off"""
    trials: pa.Table
    """task, model, loss, incumbent, gain, standard_error, took_over: the choice of the champion on validation"""
    reliability: pa.Table | None
    """task, model, bin, n_users, predicted, observed, low, high: of probabilities, test cut-offs together"""
    lift: pa.Table | None
    """task, model, tenth, n_users, observed, lift, captured: of users without a commitment, by P(churn)"""
    ranges: pa.Table | None
    """task, model, level, coverage, low, high, mean_width, n_users: of amounts, at the newest test cut-off"""

    def tables(self) -> dict[str, pa.Table]:
        """The tables by the names that a run gives them."""
        named = {
            "prediction_metrics": self.metrics,
            "prediction_gains": self.gains,
            "prediction_over_time": self.over_time,
            "prediction_choice": self.trials,
            "reliability": self.reliability,
            "lift": self.lift,
            "ranges": self.ranges,
        }
        return {name: table for name, table in named.items() if table is not None}


def evidence(trained: Trained, config: EvidenceConfig = EvidenceConfig()) -> Evidence:
    """How good were the forecasts of the test cut-offs, and how sure is that?

    Reported for everybody seen before a cut-off, and for those active in the last `config.active_days`: users long gone
    are easy to call, and flatter a model that knows nothing else. Metrics are taken at each cut-off and averaged.
    """
    proof, task = trained.proof, trained.forecaster.task
    name, champion = task.name, trained.choice.champion
    recency_days = proof.examples.inputs.column("recency_days")
    populations = {
        ALL_SEEN: np.ones(len(recency_days), dtype=np.bool_),
        f"active in the last {config.active_days} days": recency_days <= config.active_days,
    }
    if task.population == "active":
        del populations[ALL_SEEN]
    found = {
        where: _compared(proof.rows(rows), champion, config, is_amount=task.is_amount)
        for where, rows in populations.items()
    }
    n_users = {where: int(rows.sum()) for where, rows in populations.items()}
    return Evidence(
        metrics=_table(
            _METRICS,
            (
                (name, model, where, metric, i.value, i.low, i.high, n_users[where], model == champion)
                for where, comparison in found.items()
                for (model, metric), i in (
                    *comparison.values.items(),
                    *([] if task.is_amount else _by_chance(proof.rows(populations[where]), champion, config)),
                )
            ),
        ),
        gains=_table(
            _GAINS,
            (
                (name, champion, baseline, where, metric, i.value, i.low, i.high)
                for where, comparison in found.items()
                for (baseline, metric), i in comparison.gains.items()
            ),
        ),
        over_time=_table(
            _OVER_TIME,
            ((name, *row) for row in _over_time(proof, is_amount=task.is_amount)),
        ),
        trials=trained.choice.trials.add_column(0, "task", pa.array([name] * trained.choice.trials.num_rows)),
        reliability=None if task.is_amount else _per_model(proof, name, lambda y, p: reliability_table(y > 0, p)),
        ranges=_ranges(trained, config) if task.is_amount else None,
        lift=None if task.is_amount else _per_model(proof, name, lambda y, p: lift_table(y == 0, 1 - p)),
    )


def _compared(proof: Rolled, champion: str, config: EvidenceConfig, *, is_amount: bool) -> Comparison:
    users = np.unique(np.asarray(proof.examples.inputs.users), return_inverse=True)[1]
    outcome = proof.examples.outcome
    return compare(
        outcome if is_amount else outcome > 0,
        proof.forecasts,
        champion=champion,
        metrics=AMOUNT_METRICS if is_amount else METRICS,
        users=users,
        windows=np.unique(proof.examples.inputs.as_of, return_inverse=True)[1],
        seed=config.seed,
        n_resamples=config.n_resamples,
        level=config.level,
    )


def _by_chance(proof: Rolled, champion: str, config: EvidenceConfig) -> Iterator[tuple[tuple[str, str], Interval]]:
    if len(proof.examples):
        windows = proof.examples.inputs.as_of
        said = ece_by_chance(proof.forecasts[champion], windows, seed=config.seed, level=config.level)
        yield (champion, BY_CHANCE), said


def _over_time(proof: Rolled, *, is_amount: bool) -> Iterator[tuple[Any, ...]]:
    """model, as_of, metric, value, n_users."""
    for cutoff in proof.cutoffs:
        here = proof.at(cutoff)
        outcome = here.examples.outcome
        for model, said in here.forecasts.items():
            for metric in AMOUNT_METRICS if is_amount else METRICS:
                y = outcome if is_amount else outcome > 0
                yield model, cutoff, metric.name, metric(y, said), len(outcome)


def _per_model(proof: Rolled, task: str, table: Callable[[Vector, Vector], pa.Table]) -> pa.Table:
    tables = []
    for model, said in proof.forecasts.items():
        found = table(proof.examples.outcome, said)
        for place, (name, text) in enumerate((("task", task), ("model", model))):
            found = found.add_column(place, name, pa.array([text] * found.num_rows, pa.string()))
        tables.append(found)
    return pa.concat_tables(tables)


def _ranges(trained: Trained, config: EvidenceConfig) -> pa.Table:
    """Did as many amounts lie in the ranges as should have? Each user once, so that their luck is their own."""
    forecaster, later = trained.rehearsal
    said = forecaster.forecast(later.inputs)
    n = len(later)
    rows = []
    for level, low, high in ((0.80, said.low_80, said.high_80), (0.95, said.low_95, said.high_95)):
        held = coverage(later.outcome, low, high)
        least, most = (float(end[0]) for end in wilson(np.array([held * n]), np.array([float(n)]), level=config.level))
        rows.append((forecaster.task.name, forecaster.name, level, held, least, most, mean_width(low, high), n))
    return _table(_RANGES, rows)


def _table(schema: pa.Schema, rows: Iterable[Sequence[Any]]) -> pa.Table:
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    return pa.table([list(column) for column in columns], schema=schema)
