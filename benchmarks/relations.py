"""How fast are profiles, states and cohorts, and in how much memory, beside hand-written Polars and pandas?

    python benchmarks/relations.py --events 10_000_000 --users 200_000

Writes a log to a temporary folder, runs every task in a process of its own, libraries in turn, checks that all give the
same result, and prints Markdown tables: seconds from Parquet on disk to the result in memory (libraries are imported
before; compiling tenure's relations is included), and the peak memory of the process. Ratios are within one session.
"""

from __future__ import annotations

import argparse
import importlib
import json
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from simulated_log import write_log

AS_OF = datetime.fromisoformat("2025-04-01")
TASKS = ("features", "states", "cohorts")
KEYS = {"features": ["user_id"], "states": ["week"], "cohorts": ["cohort", "age"]}
LIBRARIES = ("tenure", "polars", "pandas")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--users", type=int, default=200_000)
    parser.add_argument("--tasks", nargs="+", default=TASKS, choices=TASKS)
    parser.add_argument("--libraries", nargs="+", default=LIBRARIES, choices=LIBRARIES)
    parser.add_argument("--repeats", type=int, default=1, help="the fastest of so many runs counts")
    parser.add_argument("--measure", nargs=3, metavar=("LIBRARY", "TASK", "FOLDER"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        measure(*options.measure)
        return
    with tempfile.TemporaryDirectory(prefix="tenure-benchmark-") as scratch:
        sizes = [options.events // 10, options.events]
        folders = [Path(scratch) / str(size) for size in sizes]
        for size, folder in zip(sizes, folders, strict=True):
            write_log(folder, n_events=size, n_users=max(1, options.users * size // options.events))
        runs = [measured(options, folder) for folder in folders]
        print_comparison(runs[-1], options)
        print_growth(sizes, runs, options)


def measured(options: argparse.Namespace, folder: Path) -> dict[tuple[str, str], dict]:
    """(library, task) -> the fastest of its runs. Libraries take turns, so that a busy minute falls on none alone."""
    best: dict[tuple[str, str], dict] = {}
    for task in options.tasks:
        for _ in range(options.repeats):
            for library in options.libraries:
                command = [sys.executable, __file__, "--measure", library, task, str(folder)]
                done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
                run = json.loads(done.stdout)
                print(f"{folder.name} events, {task}, {library}: {run}", file=sys.stderr)
                if run["seconds"] < best.get((library, task), run)["seconds"] or (library, task) not in best:
                    best[library, task] = run
        for library in options.libraries[1:]:
            compare(folder, task, options.libraries[0], library)
    return best


def measure(library: str, task: str, folder: str) -> None:
    """Run one task in this process, keep its result, and print what it took as JSON."""
    run = getattr(importlib.import_module(f"with_{library}"), task)
    wall, processor = time.perf_counter(), time.process_time()
    result = run(Path(folder), AS_OF)
    used = {"seconds": time.perf_counter() - wall, "cpu_seconds": time.process_time() - processor}
    used["peak_mb"] = peak_mb()
    if library == "pandas":
        result = pa.Table.from_pandas(result, preserve_index=False)
    elif library == "polars":
        result = result.to_arrow(compat_level=importlib.import_module("polars").CompatLevel.oldest())
    pq.write_table(result, Path(folder) / f"{task}_{library}.parquet")
    print(json.dumps({name: round(value, 2) for name, value in used.items()}))


def peak_mb() -> float:
    """Of this process alone: `ru_maxrss` would begin with what the parent had when it started this one."""
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024


def compare(folder: Path, task: str, one: str, other: str) -> None:
    """Two libraries' results are equal: every column that the first has, over all rows."""
    tables = [pq.read_table(folder / f"{task}_{library}.parquet") for library in (one, other)]
    order = [(key, "ascending") for key in KEYS[task]]
    a, b = (table.sort_by(order) for table in tables)
    assert a.num_rows == b.num_rows, f"{task}: {one} has {a.num_rows} rows, {other} {b.num_rows}"
    for name in a.column_names:
        if name == "as_of":
            continue
        x, y = a[name].to_numpy(), b[name].to_numpy()
        if pa.types.is_string(a.schema.field(name).type):
            assert (x == y).all(), f"{task}.{name}: {one} and {other} differ"
        else:
            np.testing.assert_allclose(
                x.astype(float), y.astype(float), rtol=1e-7, atol=1e-7, err_msg=f"{task}.{name}: {one} and {other}"
            )


def print_comparison(runs: dict[tuple[str, str], dict], options: argparse.Namespace) -> None:
    print(f"\n{options.events:,} events, {options.users:,} users; results equal on all rows\n")
    print(f"| task | library | seconds | times {options.libraries[0]} | CPU seconds | peak memory, MB |")
    print("|---|---|---|---|---|---|")
    for task in options.tasks:
        for library in options.libraries:
            run = runs[library, task]
            times = run["seconds"] / runs[options.libraries[0], task]["seconds"]
            used = f"{run['seconds']:.1f} | {times:.2f} | {run['cpu_seconds']:.1f} | {run['peak_mb']:,.0f}"
            print(f"| {task} | {library} | {used} |")


def print_growth(sizes: list[int], runs: list[dict], options: argparse.Namespace) -> None:
    print("\nCost over size, in CPU seconds\n")
    print(
        "| task | library | " + " | ".join(f"{size:,} events" for size in sizes) + " | times |\n|---|---|---|---|---|"
    )
    for task in options.tasks:
        for library in options.libraries:
            seconds = [run[library, task]["cpu_seconds"] for run in runs]
            cells = " | ".join(f"{s:.1f}" for s in seconds)
            print(f"| {task} | {library} | {cells} | {seconds[-1] / seconds[0]:.1f} |")


if __name__ == "__main__":
    main()
