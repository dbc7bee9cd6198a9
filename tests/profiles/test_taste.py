"""Taste against plain Python on random logs, by hand on small ones, and its refusals."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta

import ibis
import pyarrow as pa
import pytest
from profiles.activity_oracle import category
from profiles.random_logs import random_items, random_log
from relation_runner import run

from tenure.errors import ConfigError
from tenure.events.log import EVENTS_TABLE, ITEMS_TABLE, AsOf
from tenure.profiles.taste import PRICE_BANDS, taste
from tenure.schema import ITEMS, LOG

at = datetime.fromisoformat

AS_OF = at("2024-12-01")
HALF_LIFE = 60.0


def likings(log: pa.Table, items: pa.Table, as_of: AsOf = AS_OF, **options: object) -> list[dict]:
    options = {"half_life_days": HALF_LIFE} | options
    table = run({"events": log, "items": items}, taste, EVENTS_TABLE, ITEMS_TABLE, as_of, **options)
    return sorted(table.to_pylist(), key=lambda r: (r["as_of"], r["user_id"], r["dimension"], -r["weight"], r["name"]))


def price_bands(rows: list[dict], items: dict[str, dict]) -> dict[str, str]:
    paid, units = defaultdict(float), defaultdict(float)
    for row in rows:
        quantity = 1.0 if row["quantity"] is None else row["quantity"]
        if row["role"] == "commitment" and row["value"] is not None and quantity > 0:
            paid[row["item_id"]] += row["value"]
            units[row["item_id"]] += quantity
    price = {
        i: paid[i] / units[i] if i in units else items[i]["price"]
        for i in {row["item_id"] for row in rows} & set(items)
    }
    peers = defaultdict(list)
    for i, p in price.items():
        if p is not None and (kind := category(items[i]["categories"])):
            peers[kind].append((p, i))
    bands = {}
    for group in peers.values():
        for p, i in group:
            cheaper = sum(q < p for q, _ in group)
            dearer = sum(q > p for q, _ in group)
            bands[i] = PRICE_BANDS[int(5 * (cheaper + len(group) - dearer) / (2 * len(group)))]
    return bands


def oracle(log: pa.Table, items: pa.Table, as_of: datetime, top: int) -> dict[tuple, tuple]:
    """(user, dimension, name) -> (weight, share, lift)."""
    known = {row["item_id"]: row for row in items.to_pylist()}
    rows = [row for row in log.to_pylist() if row["timestamp"] < as_of and row["item_id"]]
    bands = price_bands(rows, known)
    weights: dict[str, dict] = defaultdict(lambda: defaultdict(lambda: defaultdict(float)))
    for row in rows:
        item = known.get(row["item_id"])
        if item is None:
            continue
        decayed = (row["weight"] or 0.0) * 2 ** (-((as_of - row["timestamp"]) / timedelta(days=HALF_LIFE)))
        names = {
            "category": category(item["categories"]),
            "brand": item["brand"],
            "price_band": bands.get(row["item_id"]),
        }
        for dimension, name in names.items():
            if name:
                weights[dimension][row["user_id"]][name] += decayed
    result = {}
    for dimension, users in weights.items():
        liked = {u: {n: w for n, w in names.items() if w > 0} for u, names in users.items()}
        liked = {u: names for u, names in liked.items() if names}
        totals = {u: sum(names.values()) for u, names in liked.items()}
        mean = sum(totals.values()) / len(totals)
        for user, names in liked.items():
            for name, w in sorted(names.items(), key=lambda pair: (-pair[1], pair[0]))[:top]:
                p = sum(other.get(name, 0.0) for other in liked.values()) / sum(totals.values())
                lift = (w + mean * p) / (totals[user] + mean) / p
                result[user, dimension, name] = (w, w / totals[user], lift)
    return result


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("as_of", [AS_OF, at("2024-03-05T17:30")])
def test_taste_equals_plain_python(seed, as_of):
    log, items = random_log(seed), random_items(seed)
    expected = oracle(log, items, as_of, top=3)
    got = {
        (row["user_id"], row["dimension"], row["name"]): (row["weight"], row["share"], row["lift"])
        for row in likings(log, items, as_of, top=3)
    }
    assert {key[1] for key in got} == {"category", "brand", "price_band"}
    assert got.keys() == expected.keys()
    for key, value in expected.items():
        assert got[key] == pytest.approx(value, rel=1e-9), key


def test_many_cutoffs_are_the_single_ones_together():
    log, items = random_log(7, n_users=12), random_items(7)
    cuts = (AS_OF, at("2024-02-01"), at("2024-07-15T06:00"))
    apart = [row for cut in sorted(cuts) for row in likings(log, items, cut)]
    for one, other in zip(likings(log, items, cuts), apart, strict=True):
        for name, value in other.items():
            assert one[name] == (pytest.approx(value, rel=1e-9) if isinstance(value, float) else value), name


def two_items() -> pa.Table:
    tea = {"item_id": "tea", "categories": ["drinks", "hot", "green"], "brand": "leaf", "price": 3.0}
    cake = {"item_id": "cake", "categories": ["sweets"], "brand": None, "price": None}
    return pa.Table.from_pylist([tea, cake], schema=ITEMS)


def event(user: str, item: str | None, days: float, weight: float) -> dict:
    when = AS_OF - timedelta(days=days)
    key = {"event_id": repr((user, item, days)), "user_id": user, "item_id": item, "event_type": "x", "timestamp": when}
    return key | {"role": "commitment", "weight": weight}


def test_evidence_halves_with_every_half_life():
    log = pa.Table.from_pylist(
        [
            event("ann", "tea", HALF_LIFE, 4.0),
            event("ann", "tea", 2 * HALF_LIFE, 4.0),
            event("ann", "cake", HALF_LIFE, 2.0),
        ],
        schema=LOG,
    )
    rows = likings(log, two_items(), dimensions=("category",))
    assert [(row["name"], row["weight"], row["share"]) for row in rows] == [("hot", 3.0, 0.75), ("sweets", 1.0, 0.25)]
    # She is everybody, so nothing is more hers than theirs.
    assert [row["lift"] for row in rows] == pytest.approx([1.0, 1.0])


def test_what_is_disliked_on_balance_is_no_liking():
    log = pa.Table.from_pylist([event("ann", "tea", 1, 1.0), event("ann", "tea", 1.5, -3.0)], schema=LOG)
    assert likings(log, two_items()) == []


def test_a_little_evidence_says_less_than_much_of_it():
    others = [event(f"u{k}", "cake", 1, 10.0) for k in range(20)]
    log = pa.Table.from_pylist([event("ann", "tea", 1, 1.0), event("bob", "tea", 1, 100.0), *others], schema=LOG)
    lift = {row["user_id"]: row["lift"] for row in likings(log, two_items(), dimensions=("category",))}
    assert 1 < lift["ann"] < lift["bob"]


def test_an_item_without_peers_is_of_the_middle_band():
    log = pa.Table.from_pylist([event("ann", "tea", 1, 1.0)], schema=LOG)
    assert [row["name"] for row in likings(log, two_items(), dimensions=("price_band",))] == ["middle"]


@pytest.mark.parametrize("log", [LOG.empty_table(), pa.Table.from_pylist([event("ann", None, 1, 5.0)], schema=LOG)])
def test_without_items_there_is_no_taste(log):
    assert likings(log, two_items()) == []
    assert likings(log, ITEMS.empty_table()) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dimensions": ("brend",)}, "did you mean 'brand'"),
        ({"dimensions": ()}, "at least one of"),
        ({"half_life_days": 0}, "above 0"),
        ({"half_life_days": float("nan")}, "above 0"),
        ({"top": 0}, "at least 1"),
    ],
)
def test_bad_options_are_refused(options, message):
    with pytest.raises(ConfigError, match=message):
        likings(LOG.empty_table(), two_items(), **options)


def test_it_compiles_for_spark_too():
    text = str(
        ibis.to_sql(taste(EVENTS_TABLE, ITEMS_TABLE, [AS_OF, at("2024-02-01")], half_life_days=9), dialect="databricks")
    )
    assert "price_band" in text
