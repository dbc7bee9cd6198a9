"""What the demo promises on Complete Journey, measured: `python benchmarks/complete_journey.py`.

Runs `tenure demo` in a process of its own and prints its time, its memory, and the proof of forecasts and slates.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import tenure

WANTED = ("auc", "average_precision_churn", "log_loss", "brier", "ece")


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "demo"
        started = time.perf_counter()
        subprocess.run([sys.executable, "-m", "tenure", "demo", str(folder)], check=True, stdout=subprocess.DEVNULL)
        seconds = time.perf_counter() - started
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6
        run = tenure.open_project(folder).last_run
        print(f"\n`tenure demo`: {seconds:.0f} s, peak memory {peak:.1f} GB\n")
        forecasts(run)
        slates(run)


def forecasts(run: tenure.Run) -> None:
    rows = [row for row in run.table("prediction_metrics").to_pylist() if row["task"].startswith("commit")]
    found = {(row["population"], row["model"], row["metric"]): row for row in rows}
    populations = list(dict.fromkeys(row["population"] for row in rows))
    print("| population | model | " + " | ".join(WANTED) + " |")
    print("|---|---|" + "---|" * len(WANTED))
    for population in populations:
        for model in dict.fromkeys(row["model"] for row in rows):
            cells = [
                f"{row['value']:.4f} [{row['low']:.3f}, {row['high']:.3f}]"
                for metric in WANTED
                if (row := found[population, model, metric])
            ]
            champion = found[population, model, WANTED[0]]["is_champion"]
            print(f"| {population} | {model}{' (champion)' * champion} | " + " | ".join(cells) + " |")
    print()


def slates(run: tenure.Run) -> None:
    gains = {
        (row["baseline"], row["metric"]): row
        for row in run.table("recommendation_gains").to_pylist()
        if row["slice"] == "all"
    }
    levels = {
        (row["strategy"], row["metric"]): row["value"]
        for row in run.table("recommendation_metrics").to_pylist()
        if row["slice"] == "all"
    }
    print("| strategy | NDCG@10 | recall@10 | diversity@10 | fused minus it, NDCG@10 (95 %) |")
    print("|---|---|---|---|---|")
    for strategy in dict.fromkeys(name for name, _ in levels):
        gain = gains.get((strategy, "ndcg@10"))
        told = f"{gain['difference']:+.4f} [{gain['low']:+.4f}, {gain['high']:+.4f}]" if gain else ""
        cells = " | ".join(f"{levels[strategy, f'{metric}@10']:.3f}" for metric in ("ndcg", "recall", "diversity"))
        print(f"| {strategy} | {cells} | {told} |")


if __name__ == "__main__":
    main()
