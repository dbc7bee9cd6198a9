from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from profiles.random_logs import random_log
from recommendation.histories import AS_OF, committed, histories, looked_at, random_histories
from relation_runner import run

from tenure.domain import Role
from tenure.events.log import EVENTS_TABLE
from tenure.recommendation.interactions import Interactions, committed_items, interactions
from tenure.recommendation.vocabulary import Vocabulary
from tenure.schema import LOG

CUT = datetime.fromisoformat("2024-07-01")
LATER = datetime.fromisoformat("2024-10-01")
HALF_LIFE = 60.0


def by_hand(log: pa.Table, as_of: datetime) -> dict[tuple[str, str], tuple[float, int, int | None, int | None, int]]:
    """The relation again, event by event."""
    days: dict[tuple[str, str, object], list[tuple[float, int, bool]]] = defaultdict(list)
    for event in log.to_pylist():
        if event["item_id"] is None or not (event["weight"] or 0) > 0 or event["timestamp"] >= as_of:
            continue
        age = int(np.ceil((as_of - event["timestamp"]).total_seconds() / 86_400)) - 1
        day = (event["user_id"], event["item_id"], event["timestamp"].date())
        days[day].append((event["weight"], age, event["role"] == Role.COMMITMENT))
    pairs: dict[tuple[str, str], list[tuple[float, int, bool]]] = defaultdict(list)
    for (user, item, _), events in days.items():
        strength, age = max(w for w, _, _ in events), min(a for _, a, _ in events)
        pairs[user, item].append((strength, age, any(c for _, _, c in events)))
    found = {}
    for pair, visits in pairs.items():
        ages = [age for _, age, is_commitment in visits if is_commitment]
        weight = sum(strength * 0.5 ** (age / HALF_LIFE) for strength, age, _ in visits)
        last_seen = min(age for _, age, _ in visits)
        found[pair] = (weight, len(ages), max(ages, default=None), min(ages, default=None), last_seen)
    return found


@pytest.mark.parametrize("seed", range(4))
def test_relation_equals_a_count_by_hand(seed):
    log = random_log(seed)
    rows = run({"events": log}, interactions, EVENTS_TABLE, (CUT, LATER), half_life_days=HALF_LIFE).to_pylist()
    for as_of in (CUT, LATER):
        expected = by_hand(log, as_of)
        got = {(r["user_id"], r["item_id"]): r for r in rows if r["as_of"] == as_of}
        assert got.keys() == expected.keys()
        for pair, (weight, *counts) in expected.items():
            row = got[pair]
            assert row["weight"] == pytest.approx(weight, rel=1e-12)
            assert [row[c] for c in ("n_commitments", "first_days", "last_days", "seen_days")] == counts


def test_truth_is_what_was_committed_within_the_horizon():
    log = random_log(5)
    rows = run({"events": log}, committed_items, EVENTS_TABLE, CUT, horizon_days=30).to_pylist()
    expected = {
        (e["user_id"], e["item_id"])
        for e in log.to_pylist()
        if e["role"] == Role.COMMITMENT and e["item_id"] and CUT <= e["timestamp"] < CUT + timedelta(days=30)
    }
    assert {(r["user_id"], r["item_id"]) for r in rows} == expected
    assert len(rows) == len(expected)


def test_nothing_from_the_future():
    log = random_log(6)
    past = log.filter(pa.compute.less(log["timestamp"], pa.scalar(CUT, LOG.field("timestamp").type)))

    def at_cut(events):
        rows = run({"events": events}, interactions, EVENTS_TABLE, CUT, half_life_days=HALF_LIFE)
        found = Interactions.from_table(rows, as_of=CUT)
        return found.users.ids.tolist(), found.items.ids.tolist(), found.item.tolist(), found.weight.tolist()

    assert at_cut(log) == at_cut(past)


def test_table_rows_may_come_in_any_order():
    rows = [committed("b", "x"), committed("a", "y", 2), looked_at("a", "x")]
    one, other = histories(rows), histories(rows[::-1])
    assert one.users.ids.tolist() == ["a", "b"]
    assert one.offsets.tolist() == [0, 2, 3]
    assert one.item.tolist() == [0, 1, 0]
    for field in ("offsets", "item", "weight", "n_commitments", "first_days", "last_days", "seen_days"):
        np.testing.assert_array_equal(getattr(one, field), getattr(other, field))


def test_a_fixed_vocabulary_leaves_out_what_it_does_not_know():
    few = histories([committed("a", "x"), committed("a", "new")], items=Vocabulary.of(["x", "z"]), users=["b", "a"])
    assert few.items.ids.tolist() == ["x", "z"]
    assert few.users.ids.tolist() == ["a", "b"]
    assert few.item.tolist() == [0]
    assert few.is_new.tolist() == [False, True]


def test_only_the_asked_cut_off_is_read():
    with_other = histories([committed("a", "x")])
    assert Interactions.from_table(pa.table(_columns(with_other)), as_of=CUT).n_users == 0


def _columns(found: Interactions) -> dict[str, pa.Array]:
    n = len(found.item)
    return {
        "user_id": pa.array(found.users.ids[found.user], pa.string()),
        "item_id": pa.array(found.items.ids[found.item], pa.string()),
        "as_of": pa.array([AS_OF] * n, pa.timestamp("us")),
        **{c: pa.array(getattr(found, c)) for c in ("weight", "n_commitments", "first_days", "last_days", "seen_days")},
    }


def test_a_part_is_the_same_users_alone():
    crowd = random_histories(1, 12, 9)
    part = crowd.part(3, 7)
    np.testing.assert_array_equal(part.matrix.toarray(), crowd.matrix.toarray()[3:7])
    assert part.users.ids.tolist() == crowd.users.ids[3:7].tolist()


def test_rows_of_finds_exactly_the_pairs_that_exist():
    crowd = random_histories(2, 8, 6)
    user, item = np.divmod(np.arange(48), 6)
    rows = crowd.rows_of(user, item)
    exists = crowd.matrix.toarray()[user, item] > 0
    assert ((rows >= 0) == exists).all()
    assert (crowd.user[rows[exists]] == user[exists]).all()
    assert (crowd.item[rows[exists]] == item[exists]).all()
    assert (crowd.rows_of(np.arange(8), np.full(8, -1)) == -1).all()


def test_vocabulary_survives_as_arrays():
    ids = Vocabulary.of(["tea", "Straße", "", "日本", "tea"])
    again = Vocabulary.from_arrays(ids.to_arrays())
    assert again.ids.tolist() == ids.ids.tolist() == sorted({"tea", "Straße", "", "日本"})
    assert Vocabulary.from_arrays(Vocabulary.of([]).to_arrays()).ids.tolist() == []


def test_vocabulary_encodes_nulls_and_strangers_as_unknown():
    ids = Vocabulary.of(["a", "b"])
    assert ids.encode(pa.chunked_array([["b", None], ["a", "c"]])).tolist() == [1, -1, 0, -1]
    assert Vocabulary.of([]).encode(pa.chunked_array([["b", None]])).tolist() == [-1, -1]
