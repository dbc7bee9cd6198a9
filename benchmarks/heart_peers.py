"""The heart beside RecTools' SASRec: `python benchmarks/heart_peers.py Beauty.txt --peer-python P [--epochs 1]`.

Both learn from the same file, all but the last two items of each user, with the same width, blocks, heads, length,
batch, rate and threads. Both are asked for the ten best of the whole catalogue, items met before left out, after all
but the last item, which is the test. Files are as in heart.py. The peer lives in an environment of its own:

    python3.11 -m venv /tmp/rectools-venv
    /tmp/rectools-venv/bin/pip install torch==2.13.0 --index-url https://download.pytorch.org/whl/cpu
    /tmp/rectools-venv/bin/pip install 'rectools[torch]==0.19.0'

and P is /tmp/rectools-venv/bin/python. PyTorch comes first and from there, since the usual one for Linux brings
gigabytes for graphics cards. Without P the heart runs alone.

What is alike and what is not: the heart draws its negatives once per batch, the peer anew for every position, padding
included. The heart reads every window of a long history, the peer its newest 51 items. The heart knows neighbours of
items before it begins; finding them is part of its seconds before the first epoch. Dropout is each one's own default.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

WIDTH, BLOCKS, HEADS, LENGTH, BATCH, RATE, THREADS, K = 64, 2, 2, 50, 128, 1e-3, 2, 10
HEART_NEGATIVES = 1024
"""Its default."""
TIMED = 2
"""The heart learns on after its test, one epoch to warm up and so many to be timed."""
ROUNDS, SIDE = 10, 2048
"""A product of two matrices of that side, so many times, is what the machine can do."""


def main() -> None:
    from heart import read

    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("file", type=Path)
    asked.add_argument("--peer-python", type=Path, help="of the environment with RecTools; without it, the heart alone")
    asked.add_argument(
        "--epochs", type=int, default=1, help="both learn so many; the peer's first is timed only if alone"
    )
    asked.add_argument("--minutes", type=float, default=0.0, help="then both go on until they learnt for so long")
    asked.add_argument("--peer-users-share", type=float, default=1.0, help="below 1, its epoch is an estimate")
    asked.add_argument("--negatives", type=int, default=256, help="of both; the heart learns with its default, too")
    options = asked.parse_args()
    users = read(options.file)
    n_items = 1 + max(map(max, users))
    print(f"{options.file.name}: {len(users):,} users, {n_items:,} items, {sum(map(len, users)):,} events")
    print(f"width {WIDTH}, {BLOCKS} blocks, {HEADS} heads, length {LENGTH}, batch {BATCH}, {THREADS} threads")
    task = {"users": users, "epochs": options.epochs, "minutes": options.minutes}
    rows = []
    for n in sorted({options.negatives, HEART_NEGATIVES}):
        rows.append({"name": "heart", **part("of_heart", sys.executable, {**task, "negatives": n}), "negatives": n})
    if options.peer_python:
        share = options.peer_users_share
        some = np.random.default_rng(0).permutation(len(users))[: max(round(share * len(users)), 1)]
        task = {**task, "users": [users[i] for i in np.sort(some)], "negatives": options.negatives}
        row = {"name": "RecTools SASRec", **part("of_rectools", str(options.peer_python), task)}
        if share < 1:  # the whole file has 1 / share as many batches; other test users make no comparison
            row |= {name: row[name] / share for name in ("seconds", "cpu_seconds", "before")}
            row |= {"name": f"RecTools SASRec, from {share:.0%} of users", "ndcg": None, "ndcg_later": None}
        rows.append({**row, "negatives": options.negatives})
    print_table(rows, options)


def print_table(rows: list[dict], options: argparse.Namespace) -> None:
    later = f" NDCG@{K} after {options.minutes:g} min |" if options.minutes else ""
    print(
        f"\n| | negatives | s per epoch | CPU-s per epoch | times the heart's | s before | users/s, top {K} |"
        f" NDCG@{K} after {options.epochs} |{later} load |\n|---|{'---|' * (8 + bool(later))}"
    )
    heart = {row["negatives"]: row["seconds"] for row in rows if row["name"] == "heart"}
    for row in rows:
        ndcg = ["-" if row[name] is None else f"{row[name]:.4f}" for name in ("ndcg", "ndcg_later")]
        print(
            f"| {row['name']} | {row['negatives']:,} | {row['seconds']:.1f} | {row['cpu_seconds']:.1f} |"
            f" {row['seconds'] / heart[row['negatives']]:.1f} | {row['before']:.1f} | {row['rate']:,.0f} |"
            f" {' | '.join(ndcg if later else ndcg[:1])} | {row['load']:.1f} |"
        )
    print(f"\nWhat the machine multiplies, and the heart ({SIDE} x {SIDE} float32, {THREADS} threads):\n")
    print("| negatives | machine, GFLOP/s | GFLOP per epoch | heart, GFLOP/s | share |\n|---|---|---|---|---|")
    for row in rows:
        if row["name"] == "heart":
            achieved = row["work"] / row["seconds"] / 1e9
            print(
                f"| {row['negatives']:,} | {row['machine'] / 1e9:.1f} | {row['work'] / 1e9:.1f} | {achieved:.1f} |"
                f" {achieved * 1e9 / row['machine']:.0%} |"
            )


def part(name: str, python: str, task: dict) -> dict:
    """What a function of this file says, in a process and an environment of its own."""
    # Threads of OpenMP that wait by spinning make both several times slower where cores are shared.
    env = {**os.environ, "OMP_WAIT_POLICY": "passive", "OMP_NUM_THREADS": str(THREADS), "MKL_NUM_THREADS": str(THREADS)}
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "task.json").write_text(json.dumps(task))
        said = subprocess.run([python, __file__, "--part", name, folder], env=env, check=True, stdout=subprocess.PIPE)
    return json.loads(said.stdout.decode().splitlines()[-1])


def of_heart(task: dict) -> dict:
    from heart import sequences

    from tenure.sequence.config import HeartConfig, TrainingConfig
    from tenure.sequence.histories import Histories
    from tenure.sequence.training import learn

    users = task["users"]
    past, then = (Histories.of(sequences([user[:cut] for user in users])) for cut in (-2, -1))
    config = HeartConfig(width=WIDTH, n_blocks=BLOCKS, n_heads=HEADS, window=LENGTH)
    training = TrainingConfig(
        batch_size=BATCH,
        n_negatives=task["negatives"],
        learning_rate=RATE,
        most_epochs=task["epochs"],
        most_minutes=1e9,
        epochs_per_look=1,
        n_threads=THREADS,
    )
    n_items = 1 + max(map(max, users))
    cpu, kept, machine = [], [], product_rate()

    def learnt_for(training: TrainingConfig):
        # Nothing is held out, so that a look costs nothing and the newest weights are kept.
        return learn(
            past,
            n_items,
            None,
            config,
            training,
            resume=kept[-1] if kept else None,
            looked=lambda _: cpu.append(time.process_time()),
            keep=kept.append,
        )

    started = time.perf_counter()
    learnt = learnt_for(training)
    found = {"before": time.perf_counter() - started - learnt.looks[-1].seconds}
    found["rate"], found["ndcg"] = top_of_heart(learnt, then, users)
    further = learnt_for(replace(training, most_epochs=task["epochs"] + 1 + TIMED)).looks[task["epochs"] - 1 :]
    found["seconds"] = mean_step([look.seconds for look in further])
    found["cpu_seconds"] = mean_step(cpu[task["epochs"] - 1 :])
    found |= {"load": os.getloadavg()[0], "machine": max(machine, product_rate()), "ndcg_later": None}
    if task["minutes"]:
        if further[-1].seconds < 60 * task["minutes"]:
            learnt = learnt_for(replace(training, most_epochs=10**9, most_minutes=task["minutes"]))
        found["ndcg_later"] = top_of_heart(learnt, then, users)[1]
    return {**found, "work": work(learnt.heart.shape, past, task["negatives"])}


def top_of_heart(learnt, then, users) -> tuple[float, float]:
    """Users per second, and NDCG@10."""
    import torch

    from tenure.sequence.scoring import scores

    top = np.zeros((len(users), K), np.int64)
    started = time.perf_counter()
    for rows, said in scores(learnt.heart, learnt.neighbours, then):
        if not learnt.heart.shape.may_repeat:
            said[then.met(rows)] = -np.inf
        top[rows] = torch.topk(torch.from_numpy(said), K).indices.numpy()
    rate = len(users) / (time.perf_counter() - started)
    hit = top == np.array([user[-1] for user in users])[:, None]
    return rate, float((hit / np.log2(np.arange(K) + 2)).sum(axis=1).mean())


def of_rectools(task: dict) -> dict:
    import pandas as pd
    import torch
    from pytorch_lightning import Callback, Trainer, seed_everything
    from rectools import Columns
    from rectools.dataset import Dataset
    from rectools.models import SASRecModel

    spent: list[tuple[float, float]] = []

    class Clock(Callback):
        """Learning alone: without what goes before the first batch of a call."""

        def on_train_epoch_start(self, *_) -> None:
            self.began = time.perf_counter(), time.process_time()

        def on_train_epoch_end(self, *_) -> None:
            spent.append((time.perf_counter() - self.began[0], time.process_time() - self.began[1]))

    def trainer() -> Trainer:
        quiet = dict.fromkeys(("enable_progress_bar", "enable_model_summary", "logger", "enable_checkpointing"), False)
        return Trainer(accelerator="cpu", devices=1, callbacks=[Clock()], **quiet)

    def known(cut: int) -> Dataset:
        lengths = [len(user) + cut for user in users]
        frame = {
            Columns.User: np.repeat(np.arange(len(users)), lengths),
            Columns.Item: np.concatenate([user[:cut] for user in users]),
            Columns.Weight: 1.0,
            Columns.Datetime: pd.to_datetime(np.concatenate([np.arange(n) for n in lengths]), unit="D"),
        }
        return Dataset.construct(pd.DataFrame(frame))

    def top() -> tuple[float, float]:
        started = time.perf_counter()
        said = model.recommend(np.arange(len(users)), then, k=K, filter_viewed=True, on_unsupported_targets="ignore")
        rate = len(users) / (time.perf_counter() - started)
        goal = np.array([user[-1] for user in users])
        hit = said[Columns.Item].to_numpy() == goal[said[Columns.User]]
        return rate, float((hit / np.log2(said[Columns.Rank].to_numpy() + 1.0)).sum() / len(users))

    torch.set_num_threads(THREADS)
    seed_everything(0)
    users = task["users"]
    past, then = known(-2), known(-1)
    model = SASRecModel(
        n_factors=WIDTH,
        n_blocks=BLOCKS,
        n_heads=HEADS,
        session_max_len=LENGTH,
        batch_size=BATCH,
        lr=RATE,
        loss="sampled_softmax",
        n_negatives=task["negatives"],
        get_trainer_func=trainer,
    )
    started = time.perf_counter()
    model.fit_partial(past, min_epochs=task["epochs"], max_epochs=task["epochs"])
    ends = np.concatenate([np.zeros((1, 2)), np.cumsum(spent, axis=0)])
    found = {"before": time.perf_counter() - started - ends[-1, 0], "load": os.getloadavg()[0]}
    found["rate"], found["ndcg"] = top()
    found["seconds"], found["cpu_seconds"] = mean_step(ends[:, 0].tolist()), mean_step(ends[:, 1].tolist())
    found["ndcg_later"] = None
    if task["minutes"]:
        while sum(wall for wall, _ in spent) < 60 * task["minutes"]:
            model.fit_partial(past, min_epochs=1, max_epochs=1)
        found["ndcg_later"] = top()[1]
    return found


def mean_step(ends: list[float]) -> float:
    """Mean time of an epoch, from when each ended and the first began; of several the first warms up."""
    steps = np.diff(ends)
    return float(np.mean(steps[1:] if len(steps) > 1 else steps))


def product_rate() -> float:
    """Float32 operations per second of a large product, the best of some."""
    import torch

    torch.set_num_threads(THREADS)
    a, b = torch.randn(SIDE, SIDE), torch.randn(SIDE, SIDE)
    took = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        a @ b
        took.append(time.perf_counter() - started)
    return 2 * SIDE**3 / min(took)


def work(shape, past, n_negatives: int) -> float:
    """Float operations of an epoch's products: two for each multiplication that is added.

    A product is worked out once forward, and once backward for each factor that is learnt; features, and how alike
    items are, are not. Batches hold windows of like length, padded to the longest; attention reads all pairs of
    positions. Sums, softmax, dropout and the optimiser count nothing, though they take time.
    """
    from tenure.sequence.windows import all_windows

    assert shape.config.trunk == "plain"
    D, found = shape.config.width, 0
    windows = all_windows(past.n_steps, shape.config.window)
    windows = windows.some(np.flatnonzero(windows.first_asked < past.n_steps[windows.rows]))
    lengths = np.sort(windows.ends - windows.starts)
    for low in range(0, len(lengths), BATCH):
        some = lengths[low : low + BATCH]
        b, L = len(some), max(int(some.max()), 1)
        P, n = L + 1, b * (L + 1)
        block = n * 12 * D * D + 2 * n * P * D  # queries, keys, values, out, up and down; attention
        scores = n * n_negatives * D
        companions = n * L * n_negatives * (1 + shape.may_repeat)
        found += 3 * (shape.config.n_blocks * block + scores) + 2 * (companions + b * L * shape.n_features * D)
    return 2.0 * found


PARTS = {"of_heart": of_heart, "of_rectools": of_rectools}

if __name__ == "__main__":
    if sys.argv[1:2] == ["--part"]:
        print(json.dumps(PARTS[sys.argv[2]](json.loads((Path(sys.argv[3]) / "task.json").read_text()))))
    else:
        main()
