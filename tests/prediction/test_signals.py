"""Every signal against plain Python on random logs; the catalogue and the table agree; nothing from the future."""

from __future__ import annotations

import math
from collections import Counter
from datetime import datetime, timedelta
from itertools import pairwise

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from profiles.random_logs import random_log
from relation_runner import run

from tenure.events.log import EVENTS_TABLE
from tenure.prediction.signals import HALF_LIVES, RANKS, SIGNALS, VALUE_HALF_LIVES, WINDOWS, signals
from tenure.profiles.features import FEATURES
from tenure.schema import LOG

at = datetime.fromisoformat
AS_OF = at("2024-11-01")
CUTS = (at("2024-03-05T17:30"), AS_OF)


def rows_of(log: pa.Table, as_of) -> list[dict]:
    table = run({"events": log}, signals, EVENTS_TABLE, as_of)
    assert table.column_names == ["user_id", "as_of", *(signal.name for signal in SIGNALS)]
    return table.sort_by([("as_of", "ascending"), ("user_id", "ascending")]).to_pylist()


def oracle(commitments: list[dict], as_of: datetime) -> dict[str, float | None]:
    """The signals of one user, from the commitments before the cut-off."""
    value_of, number_of = Counter(), Counter()
    for row in commitments:
        age = math.ceil((as_of - row["timestamp"]) / timedelta(days=1)) - 1
        value_of[age] += row["value"] or 0.0
        number_of[age] += 1
    ages = sorted(value_of)
    if not ages:
        return {signal.name: None if signal.undefined else 0.0 for signal in SIGNALS}
    pauses = [older - newer for newer, older in pairwise(ages)]
    fortnights = {age // 14 for age in ages}
    outlasted = [pause for pause in pauses if pause > ages[0]]
    return {
        **{f"n_commitment_days_{w}": sum(age < w for age in ages) for w in WINDOWS},
        **{f"fading_days_{h}": sum(0.5 ** (age / h) for age in ages) for h in HALF_LIVES},
        "fading_rate_30": sum(0.5 ** (age / 30) for age in ages) * math.log(2) / (1 - 0.5 ** ((ages[-1] + 1) / 30)),
        **{f"commitment_recency_{k}_days": ages[k - 1] if len(ages) >= k else None for k in RANKS},
        "gap_max_90_days": max((p for age, p in zip(ages, pauses, strict=False) if age < 90), default=0),
        "active_fortnight_share": len({f for f in fortnights if f < 13}) / min(max(fortnights) + 1, 13),
        "fortnight_streak": next(i for i in range(1000) if i not in fortnights),
        # Day `age` opens an empty window when no commitment lies on it or in the 29 days after it, up to the cut-off;
        # days whose 30 have not passed yet open none.
        "empty_share_30": sum(not any(age - 30 < a <= age for a in ages) for age in range(29, ages[-1] + 1))
        / (ages[-1] + 1),
        "own_return_share": (sum(p <= ages[0] + 30 for p in outlasted) + 1) / (len(outlasted) + 2),
        **{f"fading_value_{h}": sum(0.5 ** (age / h) * value_of[age] for age in ages) for h in VALUE_HALF_LIVES},
        "value_last": value_of[ages[0]],
        "value_last_3": sum(value_of[age] for age in ages[:3]) / len(ages[:3]),
        "fading_commitments_30": sum(0.5 ** (age / 30) * number_of[age] for age in ages),
        "weekday_concentration": sum(n * n for n in Counter(age % 7 for age in ages).values()) / len(ages) ** 2,
    }


@pytest.mark.parametrize("seed", range(4))
def test_every_signal_equals_plain_python(seed):
    log = random_log(seed, n_events=1500)
    events = log.to_pylist()
    seen = {(row["user_id"], as_of) for row in events for as_of in CUTS if row["timestamp"] < as_of}
    table = rows_of(log, CUTS)
    assert {(row["user_id"], row["as_of"]) for row in table} == seen
    assert len(table) == len(seen)
    for got in table:
        before = [row for row in events if row["user_id"] == got["user_id"] and row["timestamp"] < got["as_of"]]
        expected = oracle([row for row in before if row["role"] == "commitment"], got["as_of"])
        for name, value in expected.items():
            assert got[name] == (value if value is None else pytest.approx(value, rel=1e-9, abs=1e-9)), (got, name)


def test_catalogue_names_nothing_twice():
    names = [entry.name for entry in (*FEATURES, *SIGNALS)]
    assert len(names) == len(set(names))


LOG_SO_FAR = random_log(5, n_events=200, n_users=8, n_days=300)
later_events = st.lists(
    st.tuples(st.integers(0, 9), st.sampled_from(["commitment", "interest"]), st.integers(0, 90 * 86_400)), max_size=10
)


@settings(max_examples=25, deadline=None)
@given(later=later_events)
def test_the_future_changes_nothing(later):
    """Whatever users of the log, or new ones, do at the last cut-off or after it."""
    rows = [
        {"event_id": f"later{i}", "user_id": f"u{user}", "event_type": "x", "timestamp": AS_OF + timedelta(seconds=s)}
        | {"role": role, "value": 1e6}
        for i, (user, role, s) in enumerate(later)
    ]
    so_far = LOG_SO_FAR.filter(pc.field("timestamp") < AS_OF)
    changed = pa.concat_tables([pa.Table.from_pylist(rows, schema=LOG), so_far])
    for one, other in zip(rows_of(changed, CUTS), rows_of(so_far, CUTS), strict=True):
        for name, value in other.items():
            assert one[name] == (pytest.approx(value, rel=1e-9, abs=1e-9) if isinstance(value, float) else value)
