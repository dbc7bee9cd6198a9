"""Laws of the life cycle: what adds up must add up on every log, and nothing comes from the future."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

import ibis
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ibis.expr.types import Table
from lifecycle.lives import (
    at,
    evidence_of,
    growth_of,
    log_of,
    rates_of,
    reach_of,
    retention_of,
    states_of,
    stickiness_of,
)
from relation_runner import run

from tenure.domain import PERIODS
from tenure.events.log import EVENTS_TABLE
from tenure.lifecycle.cohorts import CohortConfig
from tenure.lifecycle.flow import flows, stage_history, transitions
from tenure.lifecycle.repeats.cohort_value import cohort_values
from tenure.lifecycle.repeats.relation import repeat_history
from tenure.lifecycle.stages import STAGES, stages
from tenure.lifecycle.states import ACTIVE_STATES
from tenure.lifecycle.thresholds import Thresholds

ROLES = ("exposure", "interest", "commitment", "satisfaction", "referral", "exit", "reversal", None)
AS_OF = datetime.fromisoformat("2024-05-03T07:00")
CUTS = tuple(AS_OF - timedelta(days=30 * k) for k in range(4))
THRESHOLDS = Thresholds(
    period="week", typical_gap_days=9.0, late_ratio=2.0, dormant_days=30.0, churned_days=60.0, recent_days=15.0
)
HISTORY = ibis.table({"user_id": "string", "as_of": "timestamp(6)", "stage": "string"}, name="history")
MOVES = ibis.table({"from_stage": "string", "to_stage": "string", "n_users": "int64"}, name="moves")
CONFIGS = {
    clock: [CohortConfig(rule=rule, clock=clock) for rule in ("on", "on_or_after")] for clock in ("calendar", "rolling")
}

events = st.lists(
    st.tuples(
        st.sampled_from(["ann", "bob", "cy", "dee"]),
        st.integers(0, 130 * 24).map(lambda hours: hours / 24),
        st.sampled_from(ROLES),
        st.sampled_from([None, 0.0, 5.0]),
    ),
    max_size=40,
)
laws = settings(max_examples=20, deadline=None)


@laws
@given(events=events, period=st.sampled_from(PERIODS))
def test_growth_adds_up(events, period):
    rows = run({"events": log_of(*events)}, growth_of, EVENTS_TABLE, AS_OF, period).to_pylist()
    before = 0
    for row in rows:
        assert row["n_new"] + row["n_returning"] + row["n_resurrecting"] == row["n_active"]
        assert row["n_returning"] - row["n_dormant"] == before
        before = row["n_active"]


@laws
@given(events=events, period=st.sampled_from(PERIODS))
def test_states_partition_everybody_seen(events, period):
    log = {"events": log_of(*events)}
    states = run(log, states_of, EVENTS_TABLE, AS_OF, period).to_pylist()
    growth = [row for row in run(log, growth_of, EVENTS_TABLE, AS_OF, period).to_pylist() if row["is_complete"]]
    reach = run(log, reach_of, EVENTS_TABLE, AS_OF, period).to_pylist()
    seen = 0
    for row, reached in zip(growth, reach, strict=True):
        here = {s["state"]: s["n_users"] for s in states if s["period_start"] == row["period_start"]}
        seen += row["n_new"]
        assert sum(here.values()) == seen
        assert min(here.values()) >= 0
        assert here["new"] == row["n_new"]
        assert sum(here[state] for state in ACTIVE_STATES) == row["n_active"] == reached["n_active"]
        assert row["n_active"] <= reached["n_active_short"] <= reached["n_active_long"] <= seen


@laws
@given(events=events)
def test_everybody_seen_is_in_exactly_one_stage(events):
    log = log_of(*events)
    placed = run({"events": log}, stages, EVENTS_TABLE, CUTS, THRESHOLDS).to_pylist()
    seen = {(cut, r["user_id"]) for cut in CUTS for r in log.to_pylist() if r["timestamp"] < cut}
    assert Counter((row["as_of"], row["user_id"]) for row in placed) == Counter(seen)
    assert {row["stage"] for row in placed} <= set(STAGES)


@laws
@given(events=events)
def test_flows_lose_nobody(events):
    placed = run({"events": log_of(*events)}, stages, EVENTS_TABLE, CUTS, THRESHOLDS)
    history = placed.select(["user_id", "as_of", "stage"]).to_pylist()
    sizes = Counter((row["as_of"], row["stage"]) for row in history)
    got = run({"history": placed}, flows, HISTORY)
    arrived, left = Counter(), Counter()
    for row in got.to_pylist():
        arrived[row["to_as_of"], row["to_stage"]] += row["n_users"]
        if row["from_stage"] != "unseen":
            left[row["from_as_of"], row["from_stage"]] += row["n_users"]
    times = sorted({row["as_of"] for row in history})
    assert arrived == {key: n for key, n in sizes.items() if key[0] in times[1:]}
    assert left == {key: n for key, n in sizes.items() if key[0] in times[:-1]}
    shares = Counter()
    for row in run({"moves": got}, transitions, MOVES).to_pylist():
        shares[row["from_stage"]] += row["p"]
    assert all(share == pytest.approx(1) for share in shares.values())


@laws
@given(events=events, period=st.sampled_from(PERIODS), clock=st.sampled_from(["calendar", "rolling"]))
def test_retention_on_or_after_is_above_on_and_never_rises(events, period, clock):
    log = {"events": log_of(*events)}
    on, after = (run(log, retention_of, EVENTS_TABLE, AS_OF, period, config).to_pylist() for config in CONFIGS[clock])
    former: dict = {}
    for one, unbounded in zip(on, after, strict=True):
        assert one["n_retained"] <= unbounded["n_retained"] <= former.get(one["cohort_start"], one["n_users"])
        assert (unbounded["rate"] is None) == (not unbounded["is_complete"]) == (one["rate"] is None)
        former[one["cohort_start"]] = unbounded["n_retained"]
        if one["age"] == 0:
            assert one["n_retained"] == one["n_users"]


def flows_of(events: Table) -> Table:
    return flows(stage_history(stages(events, CUTS, THRESHOLDS)))


def transitions_of(events: Table) -> Table:
    return transitions(flows_of(events))


OUTPUTS = {
    **{
        f"{f.__name__} {p}": (f, (AS_OF, p))
        for f in (growth_of, states_of, rates_of, reach_of)
        for p in ("day", "month")
    },
    **{f"retention {c.rule} {c.clock}": (retention_of, (AS_OF, "week", c)) for cs in CONFIGS.values() for c in cs},
    "stickiness": (stickiness_of, (AS_OF, "day", 7)),
    "evidence": (evidence_of, (AS_OF,)),
    "cohort_values": (cohort_values, (AS_OF, "week")),
    "repeat_history": (repeat_history, (CUTS,)),
    "stages": (stages, (CUTS, THRESHOLDS)),
    "flows": (flows_of, ()),
    "transitions": (transitions_of, ()),
}


@pytest.mark.parametrize("name", OUTPUTS)
@settings(max_examples=6, deadline=None)
@given(past=events, later=events)
def test_the_future_changes_nothing(name, past, later):
    relation, arguments = OUTPUTS[name]
    past = [event for event in past if at(event[1]) < AS_OF]
    future = [(user, (AS_OF - at(0)) / timedelta(days=1) + day, *rest) for user, day, *rest in later]
    assert all(at(day) >= AS_OF for _, day, *_ in future)
    one, other = (
        sorted(map(str, run({"events": log_of(*log)}, relation, EVENTS_TABLE, *arguments).to_pylist()))
        for log in (past, past + future)
    )
    assert one == other


def test_the_law_of_the_future_can_fail():
    """A cut-off one second later does see what happens at the cut-off."""
    log = {"events": log_of(("ann", 1, "commitment"), ("ann", (AS_OF - at(0)) / timedelta(days=1), "commitment"))}
    one, other = (
        run(log, stages, EVENTS_TABLE, AS_OF + timedelta(seconds=s), THRESHOLDS).to_pylist()[0]["stage"] for s in (0, 1)
    )
    assert (one, other) == ("churned", "resurrected")


@pytest.mark.parametrize("name", OUTPUTS)
def test_every_relation_compiles_for_spark(name):
    relation, arguments = OUTPUTS[name]
    assert "SELECT" in str(ibis.to_sql(relation(EVENTS_TABLE, *arguments), dialect="databricks"))
