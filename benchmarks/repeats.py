"""How fast are models of repeat purchases fitted, and how well, beside `lifetimes` and `pymc-marketing`?

    python benchmarks/repeats.py --cdnow ../shared/data/cdnow/CDNOW_master.txt --peers /path/to/venv/bin/python

The peers live in an environment of their own:

    python -m venv peers && peers/bin/pip install lifetimes pymc-marketing "pandas<3" "numpy<2.3"

Prints Markdown tables: the seconds of a fit on one thread (of the processor and of the wall clock; the median of
several in one process, imports not counted), and the log-likelihood of the parameters found, by one formula for all.
CDNOW: all 23,570 customers to 1997-09-30, in weeks.
Simulated: users of a known model, observed for 1 to 104 weeks, with times of any value ("continuous", no two histories
are equal) and in whole days. Pure maximum likelihood, but for pymc-marketing, which has its own default priors (MAP).
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

MODELS = ("BG/NBD", "Pareto/NBD")
END = np.datetime64("1997-09-30")
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cdnow", type=Path, required=True, help="CDNOW_master.txt")
    parser.add_argument("--peers", help="the Python of an environment with lifetimes and pymc-marketing")
    parser.add_argument("--users", type=int, default=1_000_000, help="simulated users")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--measure", nargs=4, metavar=("LIBRARY", "MODEL", "FILE", "N"), help=argparse.SUPPRESS)
    if "--measure" in sys.argv:  # in a peer's environment, where tenure is not
        library, model, file, n = sys.argv[sys.argv.index("--measure") + 1 :]
        print(json.dumps(measure(library, model, file, int(n))))
        return
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tenure-benchmark-") as scratch:
        print_master(options, Path(scratch))
        print_simulated(options, Path(scratch))


def print_master(options: argparse.Namespace, scratch: Path) -> None:
    x, t_x, T = cdnow(options.cdnow)
    file = scratch / "cdnow.npz"
    np.savez(file, x=x, t_x=t_x, T=T)
    libraries = ("tenure", "lifetimes", "pymc-marketing") if options.peers else ("tenure",)
    print(f"\nCDNOW master, {len(x):,} customers; one thread\n")
    print("| model | library | CPU seconds | times tenure | seconds | log-likelihood |\n|---|---|---|---|---|---|")
    for model in MODELS:
        own = None
        for library in libraries:
            run = measured(options, library, model, file, options.repeats)
            if "failed" in run:
                print(f"| {model} | {library} | failed: {run['failed']} | | | |")
                continue
            own = own or run["cpu_seconds"]
            value = log_likelihood(model, run["parameters"], file)
            used = f"{run['cpu_seconds']:.2f} | {run['cpu_seconds'] / own:.1f} | {run['seconds']:.2f}"
            print(f"| {model} | {library} | {used} | {value:,.2f} |")


def print_simulated(options: argparse.Namespace, scratch: Path) -> None:
    print(f"\n{options.users:,} simulated users; one thread\n")
    print("| model | times | distinct histories | CPU seconds | seconds | log-likelihood beyond the truth's |")
    print("|---|---|---|---|---|---|")
    truths = {"BG/NBD": (0.2426, 4.4136, 0.7929, 2.4259), "Pareto/NBD": (0.553, 10.578, 0.606, 11.669)}
    for model, truth in truths.items():
        kind = kind_of(model)
        true_model = kind(**dict(zip(kind.PARAMETERS, truth, strict=True)))
        users = true_model.simulate(np.random.default_rng(1).uniform(1, 104, options.users), seed=1)
        in_days = [np.ceil(times * 7) / 7 for times in (users.t_x, users.T)]
        for name, t_x, T in (("continuous", users.t_x, users.T), ("whole days", *in_days)):
            file = scratch / "simulated.npz"
            np.savez(file, x=users.x, t_x=t_x, T=T)
            run = measured(options, "tenure", model, file, 1)
            gain = log_likelihood(model, run["parameters"], file) - log_likelihood(model, truth, file)
            used = f"{run['cpu_seconds']:.1f} | {run['seconds']:.1f}"
            print(f"| {model} | {name} | {run['distinct']:,} | {used} | {gain:.2f} |")


def measured(options: argparse.Namespace, library: str, model: str, file: Path, n: int) -> dict:
    python = sys.executable if library == "tenure" else options.peers
    command = [python, __file__, "--measure", library, model, str(file), str(n)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=os.environ | ONE_THREAD)
    if done.returncode:
        return {"failed": done.stderr.strip().splitlines()[-1][:100]}
    return json.loads(done.stdout.splitlines()[-1])


def measure(library: str, model: str, file: str, n: int) -> dict:
    """Fit n times in this process; the median of the seconds, and the parameters found."""
    data = np.load(file)
    fit = {"tenure": with_tenure, "lifetimes": with_lifetimes, "pymc-marketing": with_pymc}[library](model, data)
    seconds, cpu_seconds = [], []
    for _ in range(n):
        wall, processor = time.perf_counter(), time.process_time()
        result = fit()
        seconds.append(time.perf_counter() - wall)
        cpu_seconds.append(time.process_time() - processor)
    return {"seconds": statistics.median(seconds), "cpu_seconds": statistics.median(cpu_seconds)} | result


def with_tenure(model: str, data):
    from tenure.lifecycle.repeats.fitting import FitConfig
    from tenure.lifecycle.repeats.history import History

    history = History(data["x"], data["t_x"], data["T"])
    kind, distinct = kind_of(model), len(history.distinct().counts)

    def fit() -> dict:
        fitted = kind.fit(history, config=FitConfig(prior=0))
        return {"parameters": [getattr(fitted, name) for name in kind.PARAMETERS], "distinct": distinct}

    return fit


def with_lifetimes(model: str, data):
    import lifetimes

    kind = {"BG/NBD": lifetimes.BetaGeoFitter, "Pareto/NBD": lifetimes.ParetoNBDFitter}[model]

    def fit() -> dict:
        fitted = kind().fit(data["x"], data["t_x"], data["T"])
        return {"parameters": [float(value) for value in fitted.params_.to_numpy()]}

    return fit


def with_pymc(model: str, data):
    import logging

    import pandas as pd
    from pymc_marketing import clv

    logging.disable(logging.INFO)
    kind, names = {
        "BG/NBD": (clv.BetaGeoModel, ("r", "alpha", "a", "b")),
        "Pareto/NBD": (clv.ParetoNBDModel, ("r", "alpha", "s", "beta")),
    }[model]
    columns = {"customer_id": np.arange(len(data["x"])), "frequency": data["x"], "recency": data["t_x"], "T": data["T"]}
    table = pd.DataFrame(columns)

    def fit() -> dict:
        fitted = kind(data=table)
        fitted.fit(method="map", progressbar=False)
        posterior = fitted.idata.posterior
        return {"parameters": [float(posterior[name].to_numpy().ravel()[0]) for name in names]}

    return fit


def kind_of(model: str):
    from tenure.lifecycle.repeats.bgnbd import BGNBD
    from tenure.lifecycle.repeats.paretonbd import ParetoNBD

    return {"BG/NBD": BGNBD, "Pareto/NBD": ParetoNBD}[model]


def log_likelihood(model: str, parameters, file: Path) -> float:
    from tenure.lifecycle.repeats.history import History

    kind, data = kind_of(model), np.load(file)
    fitted = kind(**dict(zip(kind.PARAMETERS, parameters, strict=True)))
    return float(fitted.log_likelihood(History(data["x"], data["t_x"], data["T"])).sum())


def cdnow(file: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Repeats, time of the last and time observed, in weeks, one purchase a day."""
    table = np.loadtxt(file, usecols=(0, 1), skiprows=1, dtype=str)
    days = np.array([f"{day[:4]}-{day[4:6]}-{day[6:]}" for day in table[:, 1]], dtype="datetime64[D]")
    ages = (END - days).astype(int)
    visits = np.unique(np.stack([table[:, 0].astype(int), -ages], axis=1)[ages >= 0], axis=0)
    _, first, n = np.unique(visits[:, 0], return_index=True, return_counts=True)
    day = visits[:, 1]
    return n - 1, (day[first + n - 1] - day[first]) / 7, -day[first] / 7


if __name__ == "__main__":
    main()
