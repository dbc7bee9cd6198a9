"""Small histories for tests, written as they are read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa

from tenure.recommendation.interactions import Interactions
from tenure.recommendation.vocabulary import Vocabulary
from tenure.schema import TIME

AS_OF = datetime.fromisoformat("2024-03-01")

Row = tuple[str, str, float, int, int | None, int | None, int]
"""user, item, weight, n_commitments, first_days, last_days, seen_days"""

COLUMNS = pa.schema(
    [
        ("user_id", pa.string()),
        ("item_id", pa.string()),
        ("weight", pa.float64()),
        ("n_commitments", pa.int64()),
        ("first_days", pa.int32()),
        ("last_days", pa.int32()),
        ("seen_days", pa.int32()),
        ("as_of", TIME),
    ]
)


def table(rows: Sequence[Row]) -> pa.Table:
    columns = list(zip(*[(*row, AS_OF) for row in rows], strict=True)) or [()] * len(COLUMNS)
    return pa.table([pa.array(c, f.type) for c, f in zip(columns, COLUMNS, strict=True)], schema=COLUMNS)


def histories(rows: Sequence[Row], **options: Any) -> Interactions:
    return Interactions.from_table(table(rows), as_of=AS_OF, **options)


def committed(user: str, item: str, n: int = 1, last: int = 0, gap: int = 7, weight: float | None = None) -> Row:
    return (user, item, float(n) if weight is None else weight, n, last + gap * (n - 1), last, last)


def looked_at(user: str, item: str, days: int = 0, weight: float = 1.0) -> Row:
    return (user, item, weight, 0, None, None, days)


def checkerboard(size: int = 20) -> Interactions:
    """Even users commit to even items, odd users to odd ones, but user u not to item u: the gap in a clear pattern.

    The idea is benfred/implicit's: any sane model of taste recommends item u to user u.
    """
    name = "{:02d}".format
    rows = [committed(name(u), name(i)) for u in range(size) for i in range(size) if u % 2 == i % 2 and u != i]
    return histories(rows)


def random_histories(seed: int, n_users: int, n_items: int, density: float = 0.3) -> Interactions:
    draws = np.random.default_rng(seed)
    rows: list[Row] = []
    for u in range(n_users):
        for i in range(n_items):
            if draws.random() < density:
                last, n = int(draws.integers(0, 60)), int(draws.integers(0, 5))
                weight = float(np.round(draws.random() * 5 + 0.1, 3))
                row = committed(f"u{u}", f"i{i}", n, last, weight=weight)
                rows.append(row if n else looked_at(f"u{u}", f"i{i}", last, weight))
    items = Vocabulary.of(f"i{i}" for i in range(n_items))
    return histories(rows, items=items, users=[f"u{u}" for u in range(n_users)])
