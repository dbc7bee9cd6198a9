"""A large log in tenure's schema, written fast and in chunks: sessions of a few events, in order of time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tenure.schema import ITEMS, LOG, TIME

START = np.datetime64("2024-01-01T00:00:00", "us")
N_DAYS = 500
ROLES = np.array(["exposure", "interest", "intent", "commitment", "satisfaction", "referral", "reversal"])
ROLE_SHARES = [0.15, 0.55, 0.12, 0.13, 0.03, 0.01, 0.01]
WEIGHTS = np.array([0.0, 1.0, 3.0, 5.0, 2.0, 2.0, -3.0])
EVENTS_PER_SESSION = 5
N_CATEGORIES, N_BRANDS = 200, 500
CHUNK = 1_000_000


def write_log(folder: Path, *, n_events: int, n_users: int, n_items: int = 20_000, seed: int = 1) -> None:
    """Write `events.parquet` and `items.parquet`. Users differ in activity, items in popularity."""
    folder.mkdir(parents=True, exist_ok=True)
    draw = np.random.default_rng(seed)
    activity = draw.gamma(0.8, size=n_users) + 0.02
    user_of_rank = np.cumsum(activity) / activity.sum()
    write_items(folder / "items.parquet", n_items, draw)
    with pq.ParquetWriter(folder / "events.parquet", LOG, compression="zstd") as writer:
        for first in range(0, n_events, CHUNK):
            last = min(first + CHUNK, n_events)
            writer.write_table(_chunk(draw, first, last, n_events, user_of_rank, n_items))


def write_items(path: Path, n_items: int, draw: np.random.Generator) -> None:
    """The catalogue: two levels of category, a brand and a price for every item."""
    category = draw.integers(N_CATEGORIES, size=n_items)
    columns = {
        "item_id": _ids("item", np.arange(n_items)),
        "title": _ids("Item ", np.arange(n_items)),
        "description": pa.nulls(n_items, pa.string()),
        "categories": pa.array([[f"department {c // 20}", f"category {c}"] for c in category], pa.list_(pa.string())),
        "brand": _ids("brand", draw.integers(N_BRANDS, size=n_items)),
        "price": pa.array(np.round(draw.lognormal(1.5, 0.8, n_items), 2)),
        "created_at": pa.nulls(n_items, TIME),
        "attributes": pa.nulls(n_items, pa.string()),
    }
    pq.write_table(pa.table(columns, schema=ITEMS), path)


def _chunk(
    draw: np.random.Generator, first: int, last: int, n_events: int, user_of_rank: np.ndarray, n_items: int
) -> pa.Table:
    """Events number `first` to `last` of the whole log, which covers N_DAYS evenly."""
    n = last - first
    n_sessions = max(1, n // EVENTS_PER_SESSION)
    span = N_DAYS * 86_400 / n_events
    starts = draw.uniform(first * span, last * span, size=n_sessions)
    user = np.minimum(np.searchsorted(user_of_rank, draw.random(n_sessions)), len(user_of_rank) - 1)
    session = draw.integers(n_sessions, size=n)
    seconds = starts[session] + draw.exponential(240.0, size=n)
    role = draw.choice(len(ROLES), size=n, p=ROLE_SHARES)
    is_paid = (role == 3) | (role == 6)
    item = np.minimum((n_items * draw.random(n) ** 3).astype(np.int64), n_items - 1)
    value = np.round(draw.lognormal(1.5, 0.8, n), 2) * np.where(role == 6, -1, 1)
    order = np.argsort(seconds, kind="stable")
    session, seconds, role, is_paid = session[order], seconds[order], role[order], is_paid[order]
    names = ROLES[role]
    return pa.table(
        {
            "event_id": _ids("e", np.arange(first, last)),
            "user_id": _ids("u", user[session]),
            "item_id": _ids("item", item[order]),
            "event_type": pa.array(names, pa.string()),
            "timestamp": pa.array(START + np.round(seconds).astype("timedelta64[s]"), TIME),
            "value": pa.array(value[order], mask=~is_paid),
            "quantity": pa.array(np.ones(n), mask=~is_paid),
            "discount": pa.array(np.round(draw.exponential(0.4, n), 2), mask=~is_paid),
            "duration_seconds": pa.array(np.round(draw.exponential(30.0, n)), mask=role != 1),
            "session_id": _ids("s", first + session),
            "recommendation_id": pa.nulls(n, pa.string()),
            "properties": pa.nulls(n, pa.string()),
            "role": pa.array(names, pa.string()),
            "weight": pa.array(WEIGHTS[role]),
        },
        schema=LOG,
    )


def _ids(prefix: str, numbers: np.ndarray) -> pa.Array:
    return pc.binary_join_element_wise(prefix, pc.cast(pa.array(numbers), pa.string()), "")
