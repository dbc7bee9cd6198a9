"""How large a heart for how much data? `python benchmarks/heart_scaling.py Beauty.txt [--picture FILE.svg]`.

`--epochs 2 --shares 1` takes the time of an epoch alone.

Sizes x shares of the users to learn from; every heart learns for at most so many epochs, ended by the valid items, and
ranks the last items of all users, who are read in full. NDCG@10, default configuration but for the size, seed 0. Files
as in heart.py.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from heart import read, sequences

from tenure.charts import theme
from tenure.sequence.config import HeartConfig, TrainingConfig
from tenure.sequence.histories import Histories
from tenure.sequence.scoring import Asked, K, ranks
from tenure.sequence.training import learn

SIZES = {"xxs": (16, 1, 1), "xs": (32, 1, 1), "s": (64, 2, 2), "m": (128, 4, 4)}
SHARES = (0.125, 0.25, 0.5, 1.0)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("file", type=Path)
    asked.add_argument("--epochs", type=int, default=16, help="at most")
    asked.add_argument("--shares", type=float, nargs="+", default=SHARES)
    asked.add_argument("--picture", type=Path, help="of all the shares")
    given = asked.parse_args()
    if given.picture and tuple(given.shares) != SHARES:
        asked.error(f"--picture shows the shares {SHARES}; leave --shares out")
    users = read(given.file)
    n_items = 1 + max(map(max, users))
    lot = np.random.default_rng(0).permutation(len(users)) / len(users)
    everybody, goal = Histories.of(sequences([u[:-1] for u in users])), np.array([u[-1] for u in users])
    found = {}
    print("| size | share of the users | weights beside the items' | test NDCG@10 | seconds an epoch |")
    print("|---|---|---|---|---|")
    for size, (width, n_blocks, n_heads) in SIZES.items():
        for share in given.shares:
            some = [user for user, place in zip(users, lot, strict=True) if place < share]
            past = Histories.of(sequences([u[:-2] for u in some]))
            began = time.perf_counter()
            learnt = learn(
                past,
                n_items,
                Asked(past, np.array([u[-2] for u in some])),
                replace(HeartConfig(), width=width, n_blocks=n_blocks, n_heads=n_heads),
                TrainingConfig(most_epochs=given.epochs, most_minutes=60.0),
            )
            seconds = (time.perf_counter() - began) / learnt.looks[-1].epoch
            place = ranks(learnt.heart, learnt.neighbours, Asked(everybody, goal))
            ndcg = float(np.where(place < K, 1 / np.log2(place + 2.0), 0.0).mean())
            weights = sum(w.numel() for w in learnt.heart.parameters()) - learnt.heart.items.weight.numel()
            found[size, share] = ndcg
            print(f"| {size} | {share:.1%} | {weights:,} | {ndcg:.4f} | {seconds:.1f} |", flush=True)
    if given.picture:
        draw(found, given.picture)


def draw(found: dict[tuple[str, float], float], to: Path) -> None:
    """A line per size. Plotly's own export needs a browser: the picture is written by hand."""
    low, high = min(found.values()), max(found.values())
    x = {share: 70 + 130 * i for i, share in enumerate(SHARES)}
    y = {key: 240 - 190 * (value - low) / (high - low) for key, value in found.items()}
    parts, free = [], 0.0
    for size in sorted(SIZES, key=lambda size: y[size, 1.0]):
        colour = theme.SERIES[list(SIZES).index(size)]
        line = " ".join(f"{x[share]},{y[size, share]:.0f}" for share in SHARES)
        parts.append(f'<polyline fill="none" stroke="{colour}" stroke-width="2" points="{line}"/>')
        free = max(free, y[size, 1.0] + 4)  # a name stands beside the end of its line, below the name before
        parts.append(f'<text x="{x[1.0] + 8}" y="{free:.0f}" fill="{colour}">{size} {found[size, 1.0]:.4f}</text>')
        free += 15
    parts += [f'<text x="{at - 14}" y="268">{share:.1%}</text>' for share, at in x.items()]
    parts += [f'<text x="6" y="{at}">{value:.4f}</text>' for value, at in ((low, 244), (high, 54))]
    style = f'font-family="system-ui, sans-serif" font-size="12" fill="{theme.TEXT}"'
    title = "NDCG@10 by share of the users learnt from, Amazon Beauty, a line per size"
    to.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 560 280" {style}><title>{title}</title>'
        f'<text x="6" y="20">{title}</text>{"".join(parts)}</svg>\n'
    )


if __name__ == "__main__":
    main()
