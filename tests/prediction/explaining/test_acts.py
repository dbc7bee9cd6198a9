"""An act in the log changes every input that follows from it, and nothing else."""

from __future__ import annotations

from datetime import datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from relation_runner import run

from tenure.domains.ecommerce import DOMAIN
from tenure.events.log import EVENTS_TABLE, ITEMS_TABLE
from tenure.prediction.examples import Inputs
from tenure.prediction.explaining.acts import SILENT_DAYS, acted, acts, moments, stand_ins
from tenure.profiles.activity import activity
from tenure.schema import ITEMS, LOG

AS_OF = datetime(2024, 6, 1)
ACTS = acts(DOMAIN)


def log(*rows):
    """(days before AS_OF, role, value, session) -> events of one user."""
    return pa.Table.from_pylist(
        [
            {
                "event_id": f"e{i}",
                "user_id": "ann",
                "item_id": f"i{i}",
                "event_type": role,
                "timestamp": AS_OF - timedelta(days=days),
                "value": value,
                "quantity": 1.0,
                "session_id": session,
                "role": role,
                "weight": 1.0,
            }
            for i, (days, role, value, session) in enumerate(rows)
        ],
        schema=LOG,
    )


HISTORY = log(
    (50.5, "commitment", 10.0, "s1"),
    (40.4, "commitment", 20.0, "s2"),
    (40.4, "commitment", 5.0, "s2"),
    (30.3, "interest", None, "s3"),
    (-3.0, "commitment", 999.0, "s9"),
)


def inputs_of(events):
    table = run(
        {"events": events, "items": ITEMS.empty_table()}, activity, EVENTS_TABLE, ITEMS_TABLE, moments(AS_OF, ACTS)
    )
    return Inputs.from_table(table)


@pytest.fixture(scope="module")
def after():
    everything = inputs_of(stand_ins(HISTORY, AS_OF, ACTS))
    before = inputs_of(HISTORY.slice(0, 4))
    now = dict(zip(before.names, before.rows(before.as_of == before.as_of.min()).values[0], strict=True))
    found = {
        act.name: dict(zip(everything.names, act.inputs.values[0], strict=True))
        for act in acted(everything, AS_OF, ACTS)
    }
    return now, found


def test_one_more_occasion_changes_all_that_follows_from_it(after):
    now, found = after
    then = found["commit"]
    for name in ("n_occasions", "n_occasions_30", "n_active_days", "n_active_days_30", "n_sessions_30"):
        assert then[name] == now[name] + 1, name
    assert then["n_events_30"] == now["n_events_30"] + 2
    assert then["value"] == now["value"] + 25.0
    assert then["value_30"] == now["value_30"] + 25.0
    assert then["recency_days"] == pytest.approx(0.4)  # the same time of day as their last purchase
    assert then["tenure_days"] == now["tenure_days"]
    assert then["n_items"] == now["n_items"]


def test_twice_as_much_is_the_same_visit_with_twice_the_value(after):
    _, found = after
    assert found["commit_double"]["value"] == found["commit"]["value"] + 25.0
    assert found["commit_double"]["n_occasions"] == found["commit"]["n_occasions"]


def test_a_visit_ends_the_silence_without_a_purchase(after):
    now, found = after
    assert found["visit"]["n_occasions"] == now["n_occasions"]
    assert found["visit"]["recency_days"] == pytest.approx(0.3)
    assert found["visit"]["commitment_recency_days"] == now["commitment_recency_days"]


def test_silence_makes_everything_older(after):
    now, found = after
    assert found["silence"]["recency_days"] == pytest.approx(now["recency_days"] + SILENT_DAYS)
    assert found["silence"]["value"] == now["value"]


def test_what_was_never_done_is_not_imagined():
    buyer = stand_ins(log((5.0, "commitment", 1.0, "s1")), AS_OF, ACTS)
    assert set(buyer["user_id"].to_pylist()) == {"commit", "commit_double", "silence"}
    looker = stand_ins(log((5.0, "interest", None, "s1")), AS_OF, ACTS)
    assert set(looker["user_id"].to_pylist()) == {"visit", "silence"}


def test_nothing_comes_from_the_future_and_keys_stay_unique():
    found = stand_ins(HISTORY, AS_OF, ACTS)
    assert pc.max(found["timestamp"]).as_py() < AS_OF
    assert found.schema == LOG
    keys = list(zip(found["user_id"].to_pylist(), found["event_id"].to_pylist(), strict=True))
    assert len(keys) == len(set(keys))
