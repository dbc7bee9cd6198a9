"""How fast is one user answered? `python benchmarks/heart_serving.py Beauty.txt [--updates 2000]`, one thread.

A heart that learnt one epoch (its answers do not matter here). Carried: one new event is read after the kept keys and
values, and the ten best of the whole catalogue are told. Served: the whole window is read by onnxruntime, without
PyTorch, and the ten best are told. Milliseconds; both are checked against a full pass first.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from heart import read, sequences

from tenure.sequence.arrays import to_arrays
from tenure.sequence.config import HeartConfig, TrainingConfig
from tenure.sequence.export import export_onnx
from tenure.sequence.histories import Histories
from tenure.sequence.scoring import best
from tenure.sequence.serving import ServedHeart
from tenure.sequence.states import Server, best_items, carry
from tenure.sequence.training import learn

K = 10
DAY = 86_400


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("file", type=Path)
    asked.add_argument("--updates", type=int, default=2000)
    options = asked.parse_args()
    torch.set_num_threads(1)
    users = read(options.file)
    n_items = 1 + max(map(max, users))
    past = Histories.of(sequences([user[:-1] for user in users]))
    training = TrainingConfig(most_epochs=1, n_threads=1)
    learnt = learn(past, n_items, None, HeartConfig(), training)
    chosen = np.random.default_rng(0).integers(len(users), size=options.updates)
    server = Server.of(learnt)
    with tempfile.TemporaryDirectory() as folder:
        export_onnx(learnt, Path(folder) / "heart.onnx")
        served = ServedHeart.load(Path(folder) / "heart.onnx", to_arrays(learnt))
    print(f"{options.file.name}: {n_items:,} items, {options.updates:,} users, {torch.get_num_threads()} thread")
    print("| answered by | p50 ms | p99 ms | most ms |")
    print("|---|---|---|---|")
    ways = {"carried: one new event, top 10": carried, "served by onnxruntime: whole window, top 10": asked_anew}
    for name, way in ways.items():
        answers, times = [], []
        for user in chosen:
            answer = way(server, served, learnt, users[user])
            began = time.perf_counter()
            answers.append(answer())
            times.append(1000 * (time.perf_counter() - began))
        whole = Histories.of(sequences([users[user] for user in chosen]), learnt.normaliser)
        expected, _ = best(learnt.heart, learnt.neighbours, whole, K)
        same = np.mean([np.array_equal(a, b) for a, b in zip(answers, expected, strict=True)])
        if same < 0.99:  # items of nearly equal score may change places
            raise SystemExit(f"{name}: only {same:.1%} of the answers are those of a full pass")
        print(f"| {name} | {np.median(times):.2f} | {np.quantile(times, 0.99):.2f} | {max(times):.2f} |")


def carried(server: Server, _served: ServedHeart, learnt, user: list[int]) -> Callable[[], np.ndarray]:
    """The user's state before the newest event is at hand."""
    before = carry(server, Histories.of(sequences([user[:-1]]), learnt.normaliser))
    whole = sequences([user])
    newest = whole.rows(np.array([0]))
    newest.starts[:] = newest.ends - 1
    return lambda: best_items(before.after(newest), K).items[0]


def asked_anew(_server: Server, served: ServedHeart, learnt, user: list[int]) -> Callable[[], np.ndarray]:
    """Nothing is at hand but the user's events."""
    whole = sequences([user])
    return lambda: served.best_items(Histories.of(whole, learnt.normaliser), K).items[0]


if __name__ == "__main__":
    main()
