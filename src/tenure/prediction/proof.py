"""Is the forecast better than simple ones, on later time, beyond chance? Everything a sceptic asks for, as tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tenure.errors import EvidenceError
from tenure.evaluation.comparison import Comparison, compare
from tenure.evaluation.amounts import mae, normalised_gini, total_ratio
from tenure.evaluation.intervals import bootstrap
from tenure.evaluation.reliability import lift_table, reliability_table
from tenure.prediction.baselines import CHAMPION, INPUTS
from tenure.prediction.forecaster import ForecastConfig, Forecaster
from tenure.prediction.snapshots import Snapshot, Vector
from tenure.prediction.spend import Spend

ALL_SEEN = "all seen"

METRIC_COLUMNS = ("model", "population", "metric", "value", "low", "high", "n_users")
AMOUNTS = {"mae": mae, "normalised_gini": normalised_gini, "total_ratio": total_ratio}
_AMOUNT_RESAMPLES = 200  # each sorts all users anew, and a rough interval will do


@dataclass(frozen=True, eq=False)
class Proof:
    """What the models forecast at the test cut-off, and how that turned out. Columns as in docs/results.md."""

    p_commit: dict[str, Vector]
    """Model -> its forecast for the users of the test cut-off [B]."""
    metrics: pa.Table
    """model, population, metric, value, low, high, n_users: of P(commit), and of "spend" beside "constant spend"."""
    gains: pa.Table
    """baseline, population, metric, difference (champion - baseline), low, high; of a loss, below 0 is better"""
    reliability: pa.Table
    """model, bin, n_users, predicted, observed, low, high: for P(commit), everybody seen"""
    lift: pa.Table
    """model, tenth, n_users, observed, lift, captured: of users without a commitment, by P(churn), everybody seen"""


def prove(train: Sequence[Snapshot], test: Snapshot, config: ForecastConfig = ForecastConfig()) -> Proof:
    """How good were forecasts made at the test cut-off by models that knew only the training ones?

    Reported for everybody seen before the cut-off, and for those active in the last `config.active_days`: users long
    gone are easy to call, and flatter a model that knows nothing else.

    Raises:
        EvidenceError: outcomes of a training cut-off reach beyond the test cut-off, or there is no user to test on.
    """
    late = [s.as_of for s in train if s.as_of + timedelta(days=config.horizon_days) > test.as_of]
    if late:
        raise EvidenceError(
            f"The outcomes of the training cut-off {late[0]} reach beyond the test cut-off {test.as_of}; "
            f"expected at least {config.horizon_days} days between them (see evaluation.splits.plan_cutoffs)"
        )
    if not len(test.X):
        raise EvidenceError(f"There is no user to test on at {test.as_of}")
    p_commit = {name: Forecaster.fit(train, config, name=name).p_commit(test.X, test.recency_days) for name in INPUTS}
    populations = {
        ALL_SEEN: np.ones(len(test.X), dtype=np.bool_),
        f"active in the last {config.active_days} days": test.recency_days <= config.active_days,
    }
    compared = {name: (_compare(test, p_commit, rows, config), int(rows.sum())) for name, rows in populations.items()}
    return Proof(
        p_commit=p_commit,
        metrics=pa.concat_tables([_metrics(compared), _spend_metrics(Spend.fit(train), test, populations, config)]),
        gains=_gains(compared),
        reliability=_by_model({name: reliability_table(test.committed, p) for name, p in p_commit.items()}),
        lift=_by_model({name: lift_table(~test.committed, 1 - p) for name, p in p_commit.items()}),
    )


def _compare(
    test: Snapshot, p_commit: dict[str, Vector], rows: NDArray[np.bool_], config: ForecastConfig
) -> Comparison:
    return compare(
        test.committed[rows],
        {name: p[rows] for name, p in p_commit.items()},
        champion=CHAMPION,
        seed=config.seed,
        n_resamples=config.n_resamples,
        level=config.level,
    )


def _metrics(compared: dict[str, tuple[Comparison, int]]) -> pa.Table:
    rows = [
        (model, population, metric, found.value, found.low, found.high, n_users)
        for population, (comparison, n_users) in compared.items()
        for (model, metric), found in comparison.values.items()
    ]
    return _table(rows, METRIC_COLUMNS)


def _spend_metrics(
    model: Spend, test: Snapshot, populations: dict[str, NDArray[np.bool_]], config: ForecastConfig
) -> pa.Table:
    forecasts = {"spend": model.expected(test.X), "constant spend": np.full(len(test.X), model.scale)}
    rows: list[tuple[object, ...]] = []
    for population, members in populations.items():
        for name, expected in forecasts.items():
            for metric, statistic in AMOUNTS.items():
                found = bootstrap(
                    statistic,
                    test.value[members],
                    expected[members],
                    seed=config.seed,
                    n_resamples=_AMOUNT_RESAMPLES,
                    level=config.level,
                )
                rows.append((name, population, metric, found.value, found.low, found.high, int(members.sum())))
    return _table(rows, METRIC_COLUMNS)


def _gains(compared: dict[str, tuple[Comparison, int]]) -> pa.Table:
    rows = [
        (baseline, population, metric, found.value, found.low, found.high)
        for population, (comparison, _) in compared.items()
        for (baseline, metric), found in comparison.gains.items()
    ]
    return _table(rows, ("baseline", "population", "metric", "difference", "low", "high"))


def _table(rows: Sequence[tuple[object, ...]], names: tuple[str, ...]) -> pa.Table:
    return pa.table(dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)))


def _by_model(tables: dict[str, pa.Table]) -> pa.Table:
    return pa.concat_tables(
        table.add_column(0, "model", pa.array([name] * table.num_rows, pa.string())) for name, table in tables.items()
    )
