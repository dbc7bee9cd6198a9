"""Does a heart that goes on with newer events forget? `python benchmarks/heart_goes_on.py Beauty.txt`.

It learns from half of the users, then goes on with everybody for a quarter of the epochs, as every training does with
the newest time (`pipeline.encode`). Test NDCG@10 of the last items of the first half (old) and of the other half (new):
before, after, and of a heart that learnt from everybody at once; with its seconds. "new alone" goes on with the other
half alone, for as many updates: what forgetting looks like.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from heart import read, sequences

from tenure.sequence.config import HeartConfig, TrainingConfig
from tenure.sequence.histories import Histories
from tenure.sequence.learnt import Learnt
from tenure.sequence.scoring import Asked, K, ranks
from tenure.sequence.training import learn


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("file", type=Path)
    asked.add_argument("--epochs", type=int, default=12)
    given = asked.parse_args()
    users = read(given.file)
    n_items = 1 + max(map(max, users))
    is_old = np.random.default_rng(0).random(len(users)) < 0.5
    old, new = ([u for u, here in zip(users, chosen, strict=True) if here] for chosen in (is_old, ~is_old))
    first = TrainingConfig(most_epochs=given.epochs, epochs_per_look=10**6, most_minutes=60.0)
    more = replace(first, most_epochs=max(1, given.epochs // 4))
    print("| heart | seconds | NDCG@10 of old users | of new users |\n|---|---|---|---|", flush=True)

    def told(name: str, histories: list[list[int]], training: TrainingConfig, start: Learnt | None = None) -> Learnt:
        began = time.perf_counter()
        past = Histories.of(sequences([u[:-2] for u in histories]))
        learnt = learn(past, n_items, None, HeartConfig(), training, start=start)
        seconds = time.perf_counter() - began
        cells = " | ".join(f"{ndcg(learnt, some):.4f}" for some in (old, new))
        print(f"| {name} | {seconds:.0f} | {cells} |", flush=True)
        return learnt

    before = told("old users", old, first)
    told("going on with everybody", users, more, before)
    told("going on with new users alone", new, replace(more, most_epochs=2 * more.most_epochs), before)
    told("everybody at once", users, first)


def ndcg(learnt: Learnt, users: list[list[int]]) -> float:
    then = Histories.of(sequences([u[:-1] for u in users]))
    place = ranks(learnt.heart, learnt.neighbours, Asked(then, np.array([u[-1] for u in users])))
    return float(np.where(place < K, 1 / np.log2(place + 2.0), 0.0).mean())


if __name__ == "__main__":
    main()
