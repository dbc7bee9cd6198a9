"""Small random logs with all that occurs in real ones: unknown roles, missing values, reversals, shared sessions."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa

from tenure.schema import ITEMS, LOG

START = datetime.fromisoformat("2024-01-01")
ROLES = [
    *["exposure", "interest", "intent", "commitment", "commitment", "satisfaction", "referral", "reversal", "exit"],
    None,
]


def random_log(seed: int, *, n_events: int = 800, n_users: int = 30, n_days: int = 400, n_items: int = 25) -> pa.Table:
    draw = np.random.default_rng(seed)
    # Users differ from one event to hundreds, and some only ever see things.
    user = np.minimum(draw.exponential(n_users / 4, n_events).astype(int), n_users - 1)
    rows = []
    for i in range(n_events):
        role = "exposure" if user[i] == 1 else ROLES[draw.integers(len(ROLES))]
        paid = role in ("commitment", "reversal") and draw.random() < 0.9
        # Whole days now and then, so that events fall exactly on window borders.
        seconds = int(draw.integers(n_days * 86_400)) if draw.random() < 0.8 else int(draw.integers(n_days)) * 86_400
        rows.append(
            {
                "event_id": f"e{i}",
                "user_id": f"u{user[i]}",
                "item_id": None if draw.random() < 0.1 else f"i{draw.integers(n_items + 2)}",
                "event_type": role or "unheard_of",
                "timestamp": START + timedelta(seconds=seconds),
                "value": round(float(draw.exponential(20)), 2) * (-1 if role == "reversal" else 1) if paid else None,
                "quantity": float(draw.integers(0, 4)) if paid and draw.random() < 0.8 else None,
                "discount": round(float(draw.exponential(2)), 2) if paid and draw.random() < 0.5 else None,
                "duration_seconds": float(draw.integers(600)) if draw.random() < 0.3 else None,
                "session_id": None if draw.random() < 0.2 else f"s{seconds // 200_000}",
                "role": role,
                "weight": {"commitment": 5.0, "reversal": -3.0, "exposure": 0.0, None: None}.get(role, 1.0),
            }
        )
    return pa.Table.from_pylist(rows, schema=LOG)


def random_items(seed: int, n_items: int = 25) -> pa.Table:
    """Items with none, one, two or three levels of category; two items of the log are not in the catalogue."""
    draw = np.random.default_rng(seed)
    rows = []
    for i in range(n_items):
        levels = [f"d{draw.integers(3)}", f"c{draw.integers(6)}", f"t{i}"][: draw.integers(4)]
        rows.append(
            {
                "item_id": f"i{i}",
                "categories": levels if levels or draw.random() < 0.5 else None,
                "brand": None if draw.random() < 0.2 else f"b{draw.integers(4)}",
                "price": None if draw.random() < 0.3 else float(draw.integers(1, 9)),
            }
        )
    return pa.Table.from_pylist(rows, schema=ITEMS)
