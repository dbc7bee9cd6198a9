"""The heart beside RecTools' SASRec: `python benchmarks/heart_peers.py Beauty.txt --peer-python P [--epochs 1]`.

Both learn from the same file, all but the last two items of each user, with the same width, blocks, heads, length,
batch, rate and threads. Both are asked for the ten best of the whole catalogue, items met before left out, after all
but the last item, which is the test; files are as in heart.py. The peer lives in an environment of its own:

    python3.11 -m venv /tmp/rectools-venv
    /tmp/rectools-venv/bin/pip install torch==2.13.0
    /tmp/rectools-venv/bin/pip install 'rectools[torch]==0.19.0'

and P is /tmp/rectools-venv/bin/python. PyTorch comes first and pinned: the usual one may bring gigabytes for
graphics cards. Without P the heart runs alone.

What differs: the heart draws its negatives once per batch, the peer anew for every position, padding included. The
heart reads every window of a long history, the peer its newest 51 items. The heart knows the neighbours of items
before it begins; finding them is part of its seconds before the first epoch. Dropout is each one's own default.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
import timeit
from pathlib import Path

import numpy as np

WIDTH, BLOCKS, HEADS, LENGTH, BATCH, RATE, THREADS, K = 64, 2, 2, 50, 128, 1e-3, 2, 10
TIMED, ROUNDS, SIDE = 2, 10, 2048
"""Epochs of the heart that are timed, after its test and one more; products that say what the machine can do."""


def main() -> None:
    from heart import read

    from tenure.sequence.config import TrainingConfig

    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("file", type=Path)
    asked.add_argument("--peer-python", help="of the environment with RecTools; without it, the heart alone")
    asked.add_argument("--epochs", type=int, default=1, help="before the test; the peer's first is timed only if alone")
    asked.add_argument("--minutes", type=float, default=0.0, help="then both go on until they learnt for so long")
    asked.add_argument("--peer-users-share", type=float, default=1.0, help="below 1, its epoch is an estimate")
    asked.add_argument("--negatives", type=int, default=256, help="of both; the heart learns with its default, too")
    options = asked.parse_args()
    users = read(options.file)
    n_items = 1 + max(map(max, users))
    print(f"{options.file.name}: {len(users):,} users, {n_items:,} items, {sum(map(len, users)):,} events")
    print(f"width {WIDTH}, {BLOCKS} blocks, {HEADS} heads, length {LENGTH}, batch {BATCH}, {THREADS} threads")
    task = {"users": users, "epochs": options.epochs, "minutes": options.minutes}
    both = sorted({options.negatives, TrainingConfig().n_negatives})
    rows = [part("of_heart", sys.executable, task, n) for n in both]
    if options.peer_python:
        share = options.peer_users_share
        some = np.random.default_rng(0).permutation(len(users))[: max(round(share * len(users)), 1)]
        task["users"] = [users[i] for i in np.sort(some)]
        row = part("of_rectools", options.peer_python, task, options.negatives)
        if share < 1:  # the whole file has 1 / share as many batches; other test users make no comparison
            row |= {name: row[name] / share for name in ("seconds", "cpu_seconds", "before")}
            row |= {"name": f"{row['name']}, from {share:.0%} of users", "ndcg": None, "ndcg_later": None}
        rows.append(row)
    print_tables(rows, options)


def print_tables(rows: list[dict], options: argparse.Namespace) -> None:
    later = f" NDCG@{K} after {options.minutes:g} min |" if options.minutes else ""
    print(
        f"\n| | negatives | s per epoch | CPU-s per epoch | times the heart's s | s before | users/s, top {K} |"
        f" NDCG@{K} after {options.epochs} |{later} load |\n|---|{'---|' * (8 + bool(later))}"
    )
    hearts = {row["negatives"]: row for row in rows if row["name"] == "heart"}
    for row in rows:
        ndcg = ["-" if row[name] is None else f"{row[name]:.4f}" for name in ("ndcg", "ndcg_later")]
        print(
            f"| {row['name']} | {row['negatives']:,} | {row['seconds']:.1f} | {row['cpu_seconds']:.1f} |"
            f" {row['seconds'] / hearts[row['negatives']]['seconds']:.1f} | {row['before']:.1f} |"
            f" {row['rate']:,.0f} | {' | '.join(ndcg if later else ndcg[:1])} | {row['load']:.1f} |"
        )
    print(f"\nThe heart's products beside the machine's ({SIDE} x {SIDE}, float32, {THREADS} threads):\n")
    print("| negatives | GFLOP per epoch | heart, GFLOP/s | machine, GFLOP/s | share |\n|---|---|---|---|---|")
    for n, row in hearts.items():
        work, machine = row["work"] / 1e9, row["machine"] / 1e9
        achieved = work / row["seconds"]
        print(f"| {n:,} | {work:.1f} | {achieved:.1f} | {machine:.1f} | {achieved / machine:.0%} |")


def part(name: str, python: str, task: dict, negatives: int) -> dict:
    """What a function of this file says, in a process and an environment of its own."""
    # Threads of OpenMP that wait by spinning make both several times slower where cores are shared.
    env = {**os.environ, "OMP_WAIT_POLICY": "passive", "OMP_NUM_THREADS": str(THREADS), "PYTHONWARNINGS": "ignore"}
    told = json.dumps({**task, "negatives": negatives})
    said = subprocess.run([python, __file__, name], env=env, input=told, stdout=subprocess.PIPE, text=True, check=True)
    return {**json.loads(said.stdout.splitlines()[-1]), "negatives": negatives}


def of_heart(task: dict) -> dict:
    from heart import sequences

    from tenure.sequence.config import HeartConfig, TrainingConfig
    from tenure.sequence.histories import Histories
    from tenure.sequence.training import learn

    users, epochs, minutes, negatives = (task[name] for name in ("users", "epochs", "minutes", "negatives"))
    past, then = (Histories.of(sequences([user[:cut] for user in users])) for cut in (-2, -1))
    config = HeartConfig(width=WIDTH, n_blocks=BLOCKS, n_heads=HEADS, window=LENGTH)
    fixed = {"batch_size": BATCH, "n_negatives": negatives, "learning_rate": RATE, "n_threads": THREADS}
    fixed["batch_steps"] = 10**9  # as many windows in every batch, however long they are
    n_items = 1 + max(map(max, users))
    cpu, kept, machine = [], [], product_rate()

    def learnt_for(epochs: int, minutes: float = 1e9):
        """From where it had come to. Nothing is held out, so that looks cost next to nothing."""
        training = TrainingConfig(**fixed, most_epochs=epochs, most_minutes=minutes, epochs_per_look=1)
        return learn(past, n_items, None, config, training, resume=kept[0] if kept else None, keep=keep)

    def keep(checkpoint) -> None:
        kept[:] = [checkpoint]
        cpu.append(time.process_time())

    started = time.perf_counter()
    learnt = learnt_for(epochs)
    found = {"name": "heart", "before": time.perf_counter() - started - learnt.looks[-1].seconds}
    found["rate"], found["ndcg"] = top_of_heart(learnt, then, users)
    further = learnt_for(epochs + 1 + TIMED).looks[epochs - 1 :]
    found["seconds"], found["cpu_seconds"] = mean_step([look.seconds for look in further]), mean_step(cpu[epochs - 1 :])
    found |= {"load": os.getloadavg()[0], "machine": max(machine, product_rate()), "ndcg_later": None}
    if minutes:
        found["ndcg_later"] = top_of_heart(learnt_for(10**9, minutes), then, users)[1]
    return {**found, "work": work(learnt.heart.shape, past, negatives)}


def top_of_heart(learnt, then, users) -> tuple[float, float]:
    """Users per second, and NDCG@10."""
    from tenure.sequence.scoring import best

    started = time.perf_counter()
    top, _ = best(learnt.heart, learnt.neighbours, then, K)
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

    users, spent = task["users"], []

    class Clock(Callback):
        """Times epochs alone, without what a call does before its first batch."""

        def on_train_epoch_start(self, *_) -> None:
            self.began = np.array([time.perf_counter(), time.process_time()])

        def on_train_epoch_end(self, *_) -> None:
            spent.append(np.array([time.perf_counter(), time.process_time()]) - self.began)

    def trainer() -> Trainer:
        quiet = dict.fromkeys(("enable_progress_bar", "enable_model_summary", "logger", "enable_checkpointing"), False)
        return Trainer(accelerator="cpu", devices=1, callbacks=[Clock()], **quiet)

    def known(cut: int) -> Dataset:
        lengths = [len(user) + cut for user in users]
        days = pd.to_datetime(np.concatenate([np.arange(n) for n in lengths]), unit="D")
        who, what = np.repeat(np.arange(len(users)), lengths), np.concatenate([user[:cut] for user in users])
        columns = (Columns.User, Columns.Item, Columns.Weight, Columns.Datetime)
        return Dataset.construct(pd.DataFrame(dict(zip(columns, (who, what, 1.0, days), strict=True))))

    def top() -> tuple[float, float]:
        started = time.perf_counter()
        said = model.recommend(np.arange(len(users)), then, k=K, filter_viewed=True, on_unsupported_targets="ignore")
        rate = len(users) / (time.perf_counter() - started)
        hit = said[Columns.Item].to_numpy() == np.array([user[-1] for user in users])[said[Columns.User]]
        return rate, float((hit / np.log2(said[Columns.Rank].to_numpy() + 1.0)).sum() / len(users))

    torch.set_num_threads(THREADS)
    seed_everything(0)
    past, then = known(-2), known(-1)
    shape = {"n_factors": WIDTH, "n_blocks": BLOCKS, "n_heads": HEADS, "session_max_len": LENGTH}
    loss = {"loss": "sampled_softmax", "n_negatives": task["negatives"]}
    model = SASRecModel(**shape, **loss, batch_size=BATCH, lr=RATE, get_trainer_func=trainer)
    started = time.perf_counter()
    model.fit_partial(past, min_epochs=task["epochs"], max_epochs=task["epochs"])
    before = time.perf_counter() - started - sum(spent)[0]
    seconds, cpu_seconds = (mean_step([0.0, *np.cumsum(spent, axis=0)[:, i].tolist()]) for i in (0, 1))
    found = {"name": "RecTools SASRec", "before": before, "load": os.getloadavg()[0], "ndcg_later": None}
    found |= {"seconds": seconds, "cpu_seconds": cpu_seconds, **dict(zip(("rate", "ndcg"), top(), strict=True))}
    if task["minutes"]:
        while sum(spent)[0] < 60 * task["minutes"]:
            model.fit_partial(past, min_epochs=1, max_epochs=1)
        found["ndcg_later"] = top()[1]
    return found


def mean_step(ends: list[float]) -> float:
    """Mean time of an epoch, from when the first began and each ended; of several the first warms up."""
    return float(np.mean(np.diff(ends)[len(ends) > 2 :]))


def product_rate() -> float:
    import torch

    torch.set_num_threads(THREADS)
    a, b = torch.randn(SIDE, SIDE), torch.randn(SIDE, SIDE)
    return 2 * SIDE**3 / min(timeit.repeat(lambda: a @ b, number=1, repeat=ROUNDS))


def work(shape, past, negatives: int) -> float:
    """Float operations of an epoch's products: two for each multiplication that is added.

    A product is worked out once forward, and once backward for each factor that is learnt; features, and how alike
    items are, are not. Batches hold windows of like length, padded to the longest; attention reads all pairs of
    positions. Sums, softmax, dropout and the optimiser count nothing, though they take time.
    """
    from tenure.sequence.windows import all_windows

    assert shape.config.trunk == "plain"
    D, found = shape.config.width, 0
    windows = all_windows(past.n_steps, shape.config.window)
    lengths = np.sort((windows.ends - windows.starts)[windows.first_asked < past.n_steps[windows.rows]])
    for low in range(0, len(lengths), BATCH):
        b, L = len(lengths[low : low + BATCH]), int(lengths[low : low + BATCH].max())
        P, n = L + 1, b * (L + 1)
        block = n * 12 * D * D + 2 * n * P * D  # queries, keys, values, out, up and down; attention
        companions = n * L * negatives * (1 + shape.may_repeat)
        found += 3 * (shape.config.n_blocks * block + n * negatives * D)
        found += 2 * (companions + b * L * shape.n_features * D)
    return 2.0 * found


if __name__ == "__main__":
    parts = {"of_heart": of_heart, "of_rectools": of_rectools}
    if sys.argv[-1] in parts:
        print(json.dumps(parts[sys.argv[-1]](json.load(sys.stdin))))
    else:
        main()
