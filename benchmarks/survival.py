"""How good and how fast are return curves, beside lifelines and scikit-survival?

    python -m venv /tmp/peers && /tmp/peers/bin/pip install lifelines scikit-survival
    python benchmarks/survival.py --peers /tmp/peers/bin/python

Prints Markdown tables: the scores are the peers' to the last digits; Cox's coefficients on the recidivism data; CPU
seconds of a fit (one numerical thread: set OMP_NUM_THREADS=1) by size; and, on Complete Journey, how well returns are
foretold from four cut-offs beside Kaplan-Meier and a constant hazard that knows recency. Without --peers the first
three are left out, without --demo (a folder in which `tenure demo` has run) the demo is run in a temporary one.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tenure.engine.duckdb import DuckDBEngine
from tenure.evaluation.forecasts import auc, log_loss
from tenure.evaluation.kaplan_meier import kaplan_meier
from tenure.evaluation.survival import (
    brier_at,
    calibration_at,
    calibration_error,
    concordance,
    concordance_ipcw,
    integrated_brier,
)
from tenure.events.log import EVENTS_TABLE, ITEMS_TABLE
from tenure.lifecycle.survival.hazard import HazardConfig, ReturnModel
from tenure.lifecycle.survival.rhythm import Rhythm
from tenure.lifecycle.survival.spells import spells
from tenure.profiles.activity import activity
from tenure.profiles.inputs import Facts
from tenure.profiles.vector import Vectoriser
from tenure.project import open_project

CUTS = [datetime(2017, month, 1) for month in range(3, 13)]
TESTS = CUTS[-4:]
END = datetime(2018, 1, 1)
HORIZONS = (7, 30, 90)
GRID = np.arange(1.0, 31.0)
N_INPUTS = 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", help="Python of an environment with lifelines and scikit-survival")
    parser.add_argument("--demo", type=Path, help="folder of a finished `tenure demo`")
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tenure-survival-") as scratch:
        if options.peers:
            ask = Peers(options.peers, Path(scratch))
            scores(ask)
            recidivism(ask)
            speed(ask, options.sizes)
        demo = options.demo or Path(scratch) / "demo"
        if not options.demo:
            subprocess.run([sys.executable, "-m", "tenure", "demo", str(demo)], check=True, stdout=subprocess.DEVNULL)
        complete_journey(demo)


class Peers:
    def __init__(self, python: str, folder: Path) -> None:
        self.python, self.folder = python, folder

    def __call__(self, task: str, **arrays: np.ndarray) -> dict:
        np.savez(self.folder / "spells.npz", **arrays)
        script = str(Path(__file__).with_name("survival_peers.py"))
        done = subprocess.run(
            [self.python, script, task, str(self.folder)], check=True, stdout=subprocess.PIPE, text=True
        )
        return json.loads(done.stdout)


def simulated(n: int, seed: int = 1) -> dict[str, np.ndarray]:
    draw = np.random.default_rng(seed)
    X, weights = draw.standard_normal((n, N_INPUTS)), np.linspace(-0.4, 0.4, N_INPUTS)
    rate = np.exp(X @ weights) / 20
    waits, watched = draw.exponential(1 / rate), draw.uniform(20, 120, n)
    return {"X": X, "days": np.minimum(waits, watched), "returned": waits <= watched, "risk": rate, "weights": weights}


def scores(ask: Peers) -> None:
    world = simulated(3_000)
    horizons = np.arange(1.0, 15.0) * 5
    p = -np.expm1(-world["risk"][:, None] * horizons)
    world |= {"horizons": horizons, "p": p}
    days, returned, risk = world["days"], world["returned"], world["risk"]
    ours = {
        "Kaplan-Meier at the horizons": kaplan_meier(days, returned).away(horizons),
        "concordance": concordance(days, returned, risk),
        "concordance, weighted": concordance_ipcw(days, returned, risk, until_days=horizons[-1]),
        "Brier at the horizons": np.array([brier_at(days, returned, p[:, h], t) for h, t in enumerate(horizons)]),
        "integrated Brier": integrated_brier(days, returned, p, horizons),
    }
    print("\n3,000 simulated users\n\n| score | tenure | peer | largest difference |\n|---|---|---|---|")
    for name, (theirs, peer) in ask("metrics", **world).items():
        mine = ours[name.strip()]
        gap = np.abs(np.asarray(mine) - np.asarray(theirs)).max()
        print(f"| {name.strip()} | {np.mean(mine):.4f} | {peer} | {gap:.1e} |")


def recidivism(ask: Peers) -> None:
    theirs = ask("rossi")
    with (ask.folder / "rossi.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    names = list(theirs["coefficients"])
    X = np.array([[float(row[name]) for name in names] for row in rows])
    week, arrested = np.array([float(row["week"]) for row in rows]), np.array([row["arrest"] == "1" for row in rows])
    config = HazardConfig(edges_days=tuple(range(53)), penalty=1e-8, smoothness=1e-8, fading_penalty=1e12)
    model = ReturnModel.fit(X - X.mean(axis=0), week, arrested, config=config)
    print("\nRecidivism (Rossi): log hazard ratios and errors; tenure treats ties as Breslow, lifelines as Efron\n")
    print("| | " + " | ".join(names) + " | concordance |\n|---|" + "---|" * (len(names) + 1))
    mine = [f"{w:.3f} ({e:.3f})" for w, e in zip(model.weights, model.standard_errors, strict=True)]
    print("| tenure | " + " | ".join(mine) + f" | {concordance(week, arrested, X @ model.weights):.4f} |")
    cells = [f"{theirs['coefficients'][n]:.3f} ({theirs['errors'][n]:.3f})" for n in names]
    print("| lifelines | " + " | ".join(cells) + f" | {theirs['concordance']:.4f} |")


def speed(ask: Peers, sizes: list[int]) -> None:
    print(f"\nCPU seconds, {N_INPUTS} inputs; in brackets the largest error of a weight\n")
    print("| users | tenure | with rhythm | lifelines Cox | scikit-survival Cox | concordance: tenure | lifelines |")
    print("|---|---|---|---|---|---|---|")
    for size in sizes:
        world = simulated(size)
        X, days, returned, weights = (world[name] for name in ("X", "days", "returned", "weights"))
        seconds, model = timed(lambda X=X, d=days, r=returned: ReturnModel.fit(X, d, r))
        draw = np.random.default_rng(2)
        rhythm = Rhythm(draw.exponential(10, size), draw.exponential(7, size) + 0.5)
        late, _ = timed(lambda X=X, d=days, r=returned, y=rhythm: ReturnModel.fit(X, d, r, rhythm=y))
        cells = [f"{seconds:.1f} ({np.abs(model.weights - weights).max():.3f})", f"{late:.1f}"]
        for task in ("lifelines_cox", "sksurv_cox"):
            found = ask(task, **world)
            cells.append(f"{found['seconds']:.1f} ({np.abs(np.array(found['weights']) - weights).max():.3f})")
        seconds, _ = timed(lambda d=days, r=returned, w=world: concordance(d, r, w["risk"]))
        cells += [f"{seconds:.2f}", f"{ask('lifelines_concordance', **world)['seconds']:.2f}"]
        print(f"| {size:,} | " + " | ".join(cells) + " |", flush=True)


def timed(call: Callable) -> tuple[float, object]:
    started = time.process_time()
    result = call()
    return time.process_time() - started, result


def complete_journey(demo: Path) -> None:
    folder = open_project(demo).log.folder
    with DuckDBEngine({name: folder / f"{name}.parquet" for name in ("events", "items")}) as engine:
        did = engine.run(activity(EVENTS_TABLE, ITEMS_TABLE, CUTS)).sort_by(
            [("as_of", "ascending"), ("user_id", "ascending")]
        )
        print("\nComplete Journey: next visit of every household seen before; learnt on the cut-offs before\n")
        print("| cut-off | model | concordance | integrated Brier, 30 days | " + " | ".join(
            f"{h} days: said / seen, AUC, log-loss, ECE (by chance)" for h in HORIZONS
        ) + " | 80 % / 95 % intervals hold |")  # fmt: skip
        print("|---|---|---|---|" + "---|" * len(HORIZONS) + "---|")
        for test in TESTS:
            one_cut_off(engine, did, test)


def one_cut_off(engine: DuckDBEngine, did: pa.Table, test: datetime) -> None:
    before = [cut for cut in CUTS if cut < test]
    vectoriser = Vectoriser.fit(Facts(activity=at(did, *before)))
    learnt = Households.at(vectoriser, did, before, engine, until=test)
    earlier = Households.at(vectoriser, did, before[:-1], engine, until=test)
    newest = Households.at(vectoriser, did, before[-1:], engine, until=test)
    new = Households.at(vectoriser, did, [test], engine, until=END)
    model = ReturnModel.fit(learnt.X, learnt.days, learnt.returned, rhythm=learnt.rhythm)
    honest = ReturnModel.fit(earlier.X, earlier.days, earlier.returned, rhythm=earlier.rhythm)
    calibrated = honest.calibrated(newest.X, newest.days, newest.returned, rhythm=newest.rhythm)
    centre = learnt.recency.mean()
    constant = ReturnModel.fit(
        learnt.recency - centre, learnt.days, learnt.returned, config=HazardConfig(edges_days=(0, 1e6))
    )
    curve = kaplan_meier(learnt.days, learnt.returned)
    for name, curves, interval in (
        ("hazard", lambda t: model.curve(new.X, t, new.rhythm), lambda v: model.interval(new.X, v, new.rhythm)),
        ("hazard, calibrated on the newest", lambda t: calibrated.curve(new.X, t, new.rhythm),
         lambda v: calibrated.interval(new.X, v, new.rhythm)),
        ("constant hazard by recency", lambda t: constant.curve(new.recency - centre, t),
         lambda v: constant.interval(new.recency - centre, v)),
        ("Kaplan-Meier", lambda t: np.tile(curve.returned_by(t)[0], (len(new.days), 1)),
         lambda v: np.tile([curve.quantile((1 - v) / 2), curve.quantile((1 + v) / 2)], (len(new.days), 1))),
    ):  # fmt: skip
        cells = [f"{concordance(new.days, new.returned, curves(np.array([14.0]))[:, 0]):.4f}"]
        cells.append(f"{integrated_brier(new.days, new.returned, curves(GRID), GRID):.4f}")
        for horizon in HORIZONS:
            known = horizon <= new.days.max()
            cells.append(at_horizon(new, curves(np.array([float(horizon)]))[:, 0], horizon) if known else "")
        cells.append(" / ".join(held(new, interval(level)) for level in (0.80, 0.95)))
        print(f"| {test:%Y-%m-%d} | {name} | " + " | ".join(cells) + " |", flush=True)


def at_horizon(new: Households, p: np.ndarray, horizon: int) -> str:
    back = (new.returned & (new.days <= horizon)).astype(float)
    table = calibration_at(new.days, new.returned, p, float(horizon))
    said, n = table["predicted"].to_numpy(), table["n_users"].to_numpy()
    chance = np.average(np.sqrt(2 / np.pi * said * (1 - said) / n), weights=n)
    ece = f"{calibration_error(table):.3f} ({chance:.3f})"
    return f"{p.mean():.3f} / {back.mean():.3f}, {auc(back, p):.4f}, {log_loss(back, p):.4f}, {ece}"


def held(new: Households, interval: np.ndarray) -> str:
    """Among those whose interval ends within what could be watched."""
    low, high = interval.T
    closed = high <= new.days[~new.returned].min(initial=np.inf)
    inside = (low <= new.days) & (new.days <= high)
    return f"{inside[closed].mean():.1%} of {closed.sum():,}" if closed.any() else "none ends in time"


class Households:
    """Users at some cut-offs: what was known, and how long they stayed away."""

    def __init__(self, table: pa.Table, X: np.ndarray, outcome: pa.Table) -> None:
        for key in ("user_id", "as_of"):
            assert table[key].equals(outcome[key]), f"profiles and spells differ in {key}"
        self.X = X
        self.days, self.returned = outcome["days"].to_numpy(), outcome["returned"].to_numpy()
        recency = table["recency_days"].to_numpy()
        self.recency = np.log1p(recency)[:, None]
        self.rhythm = Rhythm(recency, table["gap_median_days"].to_numpy())

    @classmethod
    def at(
        cls, vectoriser: Vectoriser, did: pa.Table, cuts: list[datetime], engine: DuckDBEngine, *, until: datetime
    ) -> Households:
        profiles = vectoriser.transform(Facts(activity=at(did, *cuts)))
        outcome = engine.run(spells(EVENTS_TABLE, cuts, until))
        order = [("as_of", "ascending"), ("user_id", "ascending")]
        return cls(profiles.table, profiles.matrix, outcome.sort_by(order))


def at(table: pa.Table, *cuts: datetime) -> pa.Table:
    return table.filter(pc.is_in(table["as_of"], value_set=pa.array(cuts, table.schema.field("as_of").type)))


if __name__ == "__main__":
    main()
