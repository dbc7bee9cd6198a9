"""The whole prediction stage on Complete Journey, timed: `python benchmarks/prediction_stage.py [--task churn:90d]`.

Makes the project of `tenure demo` without running it, then trains and proves all tabular models for every task, and
prints the leaderboards, the seconds of each stage, and the time to forecast a million users with what was chosen.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa

import tenure
from tenure.cli.demo import complete_journey
from tenure.pipeline.ask import known_log
from tenure.pipeline.gather import inputs_at
from tenure.pipeline.train import tasks_of, train_all
from tenure.prediction.examples import Inputs

N_USERS = 1_000_000


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--task", action="append", default=["churn:90d", "value:90d"])
    asked.add_argument("--project", type=Path, help="A project that exists, instead of a fresh one.")
    options = asked.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.project or Path(scratch) / "demo"
        if options.project is None:
            complete_journey(folder)
        project = tenure.open_project(folder)
        with known_log(folder, project.settings, datetime(2017, 12, 31)) as known:
            started = time.perf_counter()
            training = train_all(known, tasks_of(known, options.task))
            seconds = time.perf_counter() - started
            now = inputs_at(known, [known.as_of])
        leaderboards(training)
        ranges(training)
        print(f"\nThe whole stage, {len(training.forecasters)} tasks: {seconds:.0f} s\n")
        score(training, now)


def leaderboards(training) -> None:
    rows = [r for r in training.tables["prediction_metrics"].to_pylist() if r["population"] == "all seen"]
    for task in dict.fromkeys(r["task"] for r in rows):
        here = [r for r in rows if r["task"] == task]
        metrics = list(dict.fromkeys(r["metric"] for r in here))
        print(f"\n{task}, {here[0]['n_users']:,} forecasts\n")
        print(f"| model | {' | '.join(metrics)} |\n|---|{'---|' * len(metrics)}")
        for model in dict.fromkeys(r["model"] for r in here):
            of = {r["metric"]: r for r in here if r["model"] == model}
            mark = " (champion)" if of[metrics[0]]["is_champion"] else ""
            found = (of.get(m) for m in metrics)  # what luck alone would show is told of the champion only
            cells = (f"{row['value']:.4f} [{row['low']:.3f}, {row['high']:.3f}]" if row else "" for row in found)
            print(f"| {model}{mark} | {' | '.join(cells)} |")


def ranges(training) -> None:
    print("\n| amount | range | held [95 %] | users |\n|---|---|---|---|")
    for r in training.tables["ranges"].to_pylist():
        held = f"{r['coverage']:.3f} [{r['low']:.3f}, {r['high']:.3f}]"
        print(f"| {r['task']} by {r['model']} | {r['level']:.0%} | {held} | {r['n_users']:,} |")


def score(training, now: Inputs) -> None:
    """A million users: those of the log over and over."""
    rows = np.arange(N_USERS) % len(now)
    many = Inputs(now.users.take(pa.array(rows)), now.as_of[rows], now.names, now.values[rows])
    print("| task | champion | seconds for 1,000,000 users |\n|---|---|---|")
    for task, forecaster in training.forecasters.items():
        started = time.perf_counter()
        forecaster.forecast(many)
        print(f"| {task} | {forecaster.name} | {time.perf_counter() - started:.1f} |")


if __name__ == "__main__":
    main()
