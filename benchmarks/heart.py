"""The heart on a file of sequences, leave-one-out: `python benchmarks/heart.py Beauty.txt [--seeds 3] [--trunk gated]`.

The last item of each user is the test, the one before it chooses when learning ends; both are ranked against the whole
catalogue, items met before left out. Files: one line per user, "user item item ..." in order of time, or RecBole's
.inter.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np

from tenure.evaluation.intervals import bootstrap_mean
from tenure.events.sequences import Sequences
from tenure.sequence.config import HeartConfig, TrainingConfig
from tenure.sequence.histories import Histories
from tenure.sequence.neighbours import Neighbours
from tenure.sequence.next_item import by_recency
from tenure.sequence.scoring import Asked, K, ranks
from tenure.sequence.training import learn

DAY = 86_400


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("file", type=Path)
    asked.add_argument("--seeds", type=int, default=1)
    for config in (HeartConfig(), TrainingConfig()):
        for name, value in vars(config).items():
            if name != "seed":
                kind = (lambda text: text == "True") if isinstance(value, bool) else type(value)
                asked.add_argument(f"--{name.replace('_', '-')}", type=kind, default=value)
    options = vars(asked.parse_args())
    shape, training = (
        replace(c, **{name: options[name] for name in vars(c) if name in options})
        for c in (HeartConfig(), TrainingConfig())
    )
    users = read(options["file"])
    n_items = 1 + max(map(max, users))
    print(f"{options['file'].name}: {len(users):,} users, {n_items:,} items, {sum(map(len, users)):,} events")
    past, then = (Histories.of(sequences([u[:cut] for u in users])) for cut in (-2, -1))
    print(f"neighbours alone, without a network: valid {neighbours_alone(past, n_items, [u[-2] for u in users]):.4f}")
    print("| seed | epochs | minutes | valid NDCG@10 | test NDCG@10 | 95 % interval, users | test HR@10 | users/s |")
    print("|---|---|---|---|---|---|---|---|")
    found = []
    for seed in range(options["seeds"]):
        held_out = Asked(past, np.array([u[-2] for u in users]))
        started = time.perf_counter()
        learnt = learn(
            past,
            n_items,
            held_out,
            shape,
            replace(training, seed=seed),
            looked=lambda look: print("  ", look, flush=True),
        )
        minutes = (time.perf_counter() - started) / 60
        started = time.perf_counter()
        place = ranks(learnt.heart, learnt.neighbours, Asked(then, np.array([u[-1] for u in users])))
        rate = len(users) / (time.perf_counter() - started)
        hit = place < K
        ndcg = bootstrap_mean(np.where(hit, 1 / np.log2(place + 2.0), 0.0), seed=0)
        found.append(ndcg.value)
        best = learnt.best
        print(
            f"| {seed} | {best.epoch} | {minutes:.1f} | {best.ndcg:.4f} | {ndcg.value:.4f} | {ndcg.low:.4f}, "
            f"{ndcg.high:.4f} | {hit.mean():.4f} | {rate:,.0f} |"
        )
    print(f"mean test NDCG@10 {np.mean(found):.4f}, standard deviation over seeds {np.std(found):.4f}")


def neighbours_alone(past: Histories, n_items: int, goal: list[int]) -> float:
    """NDCG@10 of what the items met say for others, the newest most."""
    told = Neighbours.fit(*past.meetings(), n_items)
    everybody = np.arange(len(past))
    gains = []
    for rows in np.array_split(everybody, max(len(everybody) // 512, 1)):
        said = (by_recency(past, rows, n_items) @ told.to_sparse()).toarray()
        said[past.met(rows)] = -np.inf
        right = said[np.arange(len(rows)), np.array(goal)[rows]]
        place = (said >= right[:, None]).sum(axis=1) - 1
        gains.append(np.where((place < K) & (right > 0), 1 / np.log2(place + 2.0), 0.0))
    return float(np.concatenate(gains).mean())


def read(path: Path) -> list[list[int]]:
    if path.suffix != ".inter":
        users = [[int(item) for item in line.split()[1:]] for line in path.read_text().splitlines()]
    else:
        met, number = defaultdict(list), {}
        for line in path.read_text().splitlines()[1:]:
            user, item, _, when = line.split("\t")[:4]
            met[user].append((float(when), number.setdefault(item, len(number))))
        users = [[item for _, item in sorted(rows, key=lambda row: row[0])] for rows in met.values()]  # stable
    place = {item: i for i, item in enumerate(sorted({item for user in users for item in user}))}
    return [[place[item] for item in user] for user in users if len(user) >= 3]


def sequences(users: list[list[int]]) -> Sequences:
    """Order is all that such files tell: one step a day."""
    lengths = np.array([len(user) for user in users])
    starts, n = np.cumsum(lengths) - lengths, lengths.sum()
    days = np.arange(n) - np.repeat(starts, lengths)
    items = np.concatenate([np.array(user, np.int32) for user in users])
    return Sequences(starts, starts + lengths, days * DAY, np.zeros(n, np.int8), items, np.full(n, np.nan, np.float32))


if __name__ == "__main__":
    main()
