"""Made-up tables of recommendations: how good they are, and what is shown to whom."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from report.made_up_words import HOSTILE, STAGES


def tables(rng: np.random.Generator, users: list[str], as_of: pa.Array) -> dict[str, pa.Table]:
    strategies = {"fused": 0.21, "repeats": 0.18, "ease": 0.15, "most_frequent": 0.14, "popular": 0.07}
    metrics = {"ndcg@10": 1.0, "recall@10": 0.6, "hit_rate@10": 3.4, "mrr@10": 1.6, "coverage@10": 0.4}
    slices = ("all", *STAGES)
    rows = [
        (s, where, metric, base * f * (1 if where == "all" else rng.uniform(0.5, 1.2)))
        for s, base in strategies.items()
        for where in slices
        for metric, f in metrics.items()
    ]
    few = users[:40]
    return {
        "recommendation_metrics": pa.table(
            {
                "strategy": [r[0] for r in rows],
                "slice": [r[1] for r in rows],
                "metric": [r[2] for r in rows],
                "value": [r[3] for r in rows],
                "low": [r[3] * 0.93 for r in rows],
                "high": [r[3] * 1.07 for r in rows],
                "n_users": [len(users) if r[1] == "all" else 60 for r in rows],
            }
        ),
        "recommendation_gains": pa.table(
            {
                "baseline": ["repeats", "popular"],
                "slice": ["all", "all"],
                "metric": ["ndcg@10", "ndcg@10"],
                "difference": [0.031, 0.142],
                "low": [0.022, 0.13],
                "high": [0.039, 0.153],
            }
        ),
        "recommendations": pa.table(
            {
                "user_id": [u for u in few for _ in range(5)],
                "as_of": as_of[:1].take(pa.array([0] * 5 * len(few), pa.int64())),
                "rank": list(range(1, 6)) * len(few),
                "item_id": [f"item {i}" for i in range(5)] * len(few),
                "score": rng.random(5 * len(few)),
                "source": ["repeats", "repeats", "ease", "rules", "popular"] * len(few),
                "reason": ["Bought 6 times, about every 12 days; due now"] * (5 * len(few)),
                "propensity": [1.0] * (5 * len(few)),
            }
        ),
        "items": pa.table(
            {"item_id": [f"item {i}" for i in range(5)], "title": [HOSTILE, "WHITE BREAD", "FLUID MILK", None, "EGGS"]}
        ),
        "taste": pa.table(
            {
                "user_id": [u for u in few for _ in range(6)],
                "as_of": as_of[:1].take(pa.array([0] * 6 * len(few), pa.int64())),
                "dimension": ["category", "category", "category", "category", "brand", "price_band"] * len(few),
                "name": [HOSTILE, "FLUID MILK PRODUCTS", "BAKED BREAD/BUNS/ROLLS", "CHEESE", "Private", "low"]
                * len(few),
                "weight": rng.random(6 * len(few)),
                "share": [0.22, 0.14, 0.09, 0.05, 0.6, 0.4] * len(few),
                "lift": [2.2, 1.4, 0.9, 1.1, 1.5, 0.8] * len(few),
            }
        ),
    }
