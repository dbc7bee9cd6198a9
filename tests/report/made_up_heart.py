"""Made-up tables of the sequence model: what it foretells, what its states tell, a map of items."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

QUESTIONS = {
    ("next items", "ndcg@10", True): ("heart", "popular", "most_frequent"),
    ("next items", "recall@10", True): ("heart", "popular", "most_frequent"),
    ("time to next step", "log_likelihood", True): ("heart", "everybody's hazard", "own rate"),
    ("time to next step", "mae_days", False): ("heart", "everybody's hazard", "own rate"),
    ("next kinds", "log_loss", False): ("heart", "everybody's"),
    ("next value", "pinball", False): ("heart", "everybody's"),
}


def tables(items: list[str], categories: list[str], n_users: int, seed: int = 11) -> dict[str, pa.Table]:
    """`heart_evidence`, `state_evidence`, `item_map`."""
    draw = np.random.default_rng(seed)
    evidence, states = [], []
    for (question, metric, is_high), models in QUESTIONS.items():
        for i, model in enumerate(models):
            value = float(draw.uniform(0.1, 0.4))
            limits = (None, None) if i == 0 else (-0.01, 0.02)
            evidence.append((question, metric, model, value, value - 0.01, value + 0.01, *limits, is_high, n_users))
    for basis in ("states", "profiles"):
        states.append(("stability", "segment", basis, 0.8, None, None, None, None, n_users))
        for question in ("committed", "value"):
            for by in ("segment", "most_alike"):
                value = float(draw.uniform(0.1, 0.5))
                gain = (None, None) if basis == "states" else (0.01, 0.05)
                states.append((question, by, basis, value, value - 0.02, value + 0.02, *gain, n_users))
    places = draw.normal(size=(len(items), 2))
    return {
        "heart_evidence": _table(
            [
                "question",
                "metric",
                "model",
                "value",
                "low",
                "high",
                "gain_low",
                "gain_high",
                "is_better_high",
                "n_users",
            ],
            evidence,
        ),
        "state_evidence": _table(
            ["question", "told_by", "basis", "value", "low", "high", "gain_low", "gain_high", "n_users"], states
        ),
        "item_map": pa.table(
            {
                "item_id": pa.array(items, pa.string()),
                "category": pa.array([None, *categories[1:]][: len(items)], pa.string()),
                "x": places[:, 0],
                "y": places[:, 1],
                "n_events": draw.integers(1, 500, len(items)),
            }
        ),
    }


def _table(names: list[str], rows: list[tuple[object, ...]]) -> pa.Table:
    return pa.table([list(column) for column in zip(*rows, strict=True)], names=names)
