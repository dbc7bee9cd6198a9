"""Each check passes on a clean log and speaks up on a log that was spoilt for it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime, timedelta
from statistics import median

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from relation_runner import run

from tenure.domains.ecommerce import DOMAIN
from tenure.events.log import EVENTS_TABLE, ITEMS_TABLE
from tenure.events.normalise import REASONS
from tenure.events.quality import Measures, assess, daily, event_types, sudden_drops, summary
from tenure.schema import EVENTS, ITEMS, LOG

START = datetime(2024, 1, 1, 8)
N = 10_000
SPAN = 200
SUMMARY = {
    "n_events": N,
    "n_users": 500,
    "n_items": 50,
    "first": START,
    "last": START + timedelta(days=SPAN - 1),
    "n_midnight": 10,
    "n_commitments": 4_000,
    "n_commitments_with_item": 4_000,
    "n_commitments_with_value": 4_000,
    "n_reversals": 100,
    "n_exposures": 1_000,
    "n_exposures_joined": 1_000,
    "n_orphans": 0,
    "n_committed": 400,
    "n_repeaters": 300,
    **{f"has_{name}": N for name in EVENTS.names},
}
CLEAN = Measures(
    n_in=N,
    n_kept=N,
    reasons={},
    summary=SUMMARY,
    types=[{"event_type": "purchase", "role": "commitment", "n": N}],
    daily=[(START.date() + timedelta(days=k), N // SPAN) for k in range(SPAN)],
    has_items=True,
)


def with_summary(**changes):
    return replace(CLEAN, summary={**SUMMARY, **changes})


def without_days(*offsets):
    return replace(CLEAN, daily=[entry for k, entry in enumerate(CLEAN.daily) if k not in offsets])


def with_a_slow_day(offset):
    return replace(CLEAN, daily=[(day, 19 if k == offset else n) for k, (day, n) in enumerate(CLEAN.daily)])


def with_unknown_type():
    return replace(CLEAN, types=[*CLEAN.types, {"event_type": "juggle", "role": None, "n": 7}])


SPOILT = [
    # check, measures, status, a piece of what it says
    ("records set aside", replace(CLEAN, n_kept=N - 101), "warn", "1.01%"),
    ("records set aside", replace(CLEAN, n_kept=N - 2_001), "fail", "quarantine"),
    ("records set aside", replace(CLEAN, n_in=0, n_kept=0), "fail", ""),
    ("commitments", with_summary(n_commitments=0), "fail", "purchase"),
    ("length of history", with_summary(last=START + timedelta(days=119)), "warn", "30-day"),
    ("users", with_summary(n_users=199), "warn", "199"),
    ("users with a second purchase", with_summary(n_repeaters=19), "warn", "4.8%"),
    ("event types", with_unknown_type(), "warn", "'juggle' (7)"),
    ("times", with_summary(n_midnight=N), "warn", "100%"),
    ("times", with_summary(last=START), "fail", "same time"),
    ("repeated records", replace(CLEAN, repeats_kept=3), "warn", "3"),
    ("items", with_summary(n_commitments_with_item=1_900), "warn", "48%"),
    ("orphan items", with_summary(n_orphans=201), "warn", "2.0%"),
    ("values", with_summary(n_commitments_with_value=3_500), "warn", "88%"),
    ("returns and cancellations", with_summary(n_reversals=801), "warn", "20.0%"),
    ("days without events", without_days(50, 60, 70), "warn", "2024-02-20"),
    ("sudden drops", with_a_slow_day(90), "warn", "2024-03-31"),
    ("impressions", with_summary(n_exposures=0), "warn", "none logged"),
    ("impressions", with_summary(n_exposures_joined=890), "warn", "11%"),
]  # fmt: skip


def checks(measures):
    return {check["check"]: check for check in assess(measures, DOMAIN)["checks"]}


def test_a_clean_log_passes_every_check():
    found = checks(CLEAN)
    assert {name: check["status"] for name, check in found.items()} == dict.fromkeys(found, "pass")
    report = assess(CLEAN, DOMAIN)
    assert (report["is_fit"], report["verdict"]) == (True, "Fit for use.")


def test_every_check_has_a_log_that_it_speaks_up_on():
    without_flaw_to_see = {"times", "repeated records"}  # silent when all is well
    assert set(checks(CLEAN)) | without_flaw_to_see == {name for name, *_ in SPOILT}


@pytest.mark.parametrize(("name", "measures", "status", "piece"), SPOILT, ids=[f"{s[0]}-{s[2]}" for s in SPOILT])
def test_a_spoilt_log_is_told_by_its_check(name, measures, status, piece):
    check = checks(measures)[name]
    assert check["status"] == status
    assert piece in f"{check['measured']} {check['meaning']}"
    assert check["stages"], "it says which stages suffer"
    assert check["meaning"].endswith((".", "?"))


@pytest.mark.parametrize(("name", "measures", "status", "piece"), SPOILT, ids=[f"{s[0]}-{s[2]}" for s in SPOILT])
def test_the_verdict_follows_from_the_checks(name, measures, status, piece):
    report = assess(measures, DOMAIN)
    statuses = [check["status"] for check in report["checks"]]
    assert report["is_fit"] == ("fail" not in statuses)
    if status == "fail":
        assert name in report["verdict"]
    else:
        assert f"{statuses.count('warn')} thing" in report["verdict"]


EDGES = [
    ("records set aside", replace(CLEAN, n_kept=N - 100)),
    ("length of history", with_summary(last=START + timedelta(days=120))),
    ("users", with_summary(n_users=200)),
    ("users with a second purchase", with_summary(n_repeaters=20)),
    ("items", with_summary(n_commitments_with_item=2_000)),
    ("orphan items", with_summary(n_orphans=200)),
    ("values", with_summary(n_commitments_with_value=3_600)),
    ("returns and cancellations", with_summary(n_reversals=800)),
    ("days without events", without_days(50, 60)),
    ("impressions", with_summary(n_exposures_joined=900)),
]


@pytest.mark.parametrize(("name", "measures"), EDGES, ids=[edge[0] for edge in EDGES])
def test_what_is_expected_is_allowed_to_the_last(name, measures):
    assert checks(measures)[name]["status"] == "pass"


def test_only_what_can_be_looked_at_is_looked_at():
    assert "orphan items" not in checks(replace(CLEAN, has_items=False))
    assert "returns and cancellations" not in checks(with_summary(n_reversals=0))
    nothing = {**dict.fromkeys(SUMMARY, 0), "first": None, "last": None}
    report = assess(replace(CLEAN, n_kept=0, summary=nothing, types=[], daily=[]), DOMAIN)
    assert [check["check"] for check in report["checks"]] == ["records set aside", "commitments"]
    assert (report["is_fit"], report["first"], report["daily"]) == (False, None, [])


def test_the_report_adds_up_and_is_plain_data():
    report = assess(
        replace(CLEAN, n_kept=N - 3, reasons={"duplicate": 2, "inhuman_rate": 1}), DOMAIN, max_events_per_hour=77
    )
    assert report["n_in"] == report["n_kept"] + report["n_quarantined"]
    assert [(row["reason"], row["n"]) for row in report["reasons"]] == [("duplicate", 2), ("inhuman_rate", 1)]
    assert "77 moments" in report["reasons"][1]["meaning"]
    assert {row["field"]: row["coverage"] for row in report["fields"]} == dict.fromkeys(EVENTS.names, 1.0)
    assert json.loads(json.dumps(report)) == json.loads(json.dumps(report, default=str))


@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_can_be_told(reason):
    (row,) = assess(replace(CLEAN, n_kept=N - 1, reasons={reason: 1}), DOMAIN)["reasons"]
    assert row["meaning"]
    assert "{" not in row["meaning"]


# -- sudden drops against the sentence that defines them -------------------------------------------------------------


def brute_drops(volumes):
    """Less than 40 % of the median of the same weekday in the four weeks on either side, if that is at least 50."""
    counts = dict(volumes)
    drops, day = [], min(counts)
    while day <= max(counts):
        around = [day + timedelta(days=other) for other in range(-28, 29) if other % 7 == 0 and other]
        near = [counts.get(other, 0) for other in around if min(counts) <= other <= max(counts)]
        if len(near) >= 4 and median(near) >= 50 and counts.get(day, 0) * 10 < 4 * median(near):
            drops.append(day)
        day += timedelta(days=1)
    return drops


@given(st.dictionaries(st.integers(0, 90), st.integers(0, 300), min_size=1, max_size=91))
def test_law_drops_are_those_of_the_definition(volumes):
    days = [(date(2024, 1, 1) + timedelta(days=k), n) for k, n in sorted(volumes.items())]
    assert sudden_drops(days) == brute_drops(days)


def test_a_quiet_weekend_is_no_drop_but_a_lost_monday_is():
    weekly = [(date(2024, 1, 1) + timedelta(days=k), 30 if k % 7 >= 5 else 500) for k in range(84)]
    assert sudden_drops(weekly) == []
    lost = [entry for entry in weekly if entry[0] != date(2024, 2, 12)]
    assert sudden_drops(lost) == [date(2024, 2, 12)], "a day without any event is a drop too"
    assert sudden_drops([]) == []


# -- the relations that measure --------------------------------------------------------------------------------------

A, B = datetime(2024, 1, 1), datetime(2024, 1, 2, 9, 30)


def event(n, user, role, time, **more):
    return {"event_id": str(n), "user_id": user, "event_type": str(role), "timestamp": time, "role": role, **more}


LOGGED = [
    event(1, "a", "commitment", A, item_id="i", value=1.0),
    event(2, "a", "commitment", A, item_id="j", value=None),  # the same occasion
    event(3, "a", "commitment", B, item_id=None, value=2.0),
    event(4, "b", "commitment", A, item_id="i", value=1.0),
    event(5, "b", "reversal", B, item_id="i", value=-1.0),
    event(6, "c", "exposure", B, item_id="gone", recommendation_id="r"),
    event(7, "c", "exposure", B, item_id="i"),
    event(8, "c", None, B),
]


def measured(rows, relation):
    tables = {
        "events": pa.Table.from_pylist(rows, LOG),
        "items": pa.Table.from_pylist([{"item_id": "i"}, {"item_id": "j"}], ITEMS),
    }
    return run(tables, relation)


def test_the_summary_counts_by_hand():
    (row,) = measured(LOGGED, lambda: summary(EVENTS_TABLE, ITEMS_TABLE)).to_pylist()
    expected = {
        "n_events": 8, "n_users": 3, "n_items": 3, "first": A, "last": B, "n_midnight": 3, "n_commitments": 4,
        "n_commitments_with_item": 3, "n_commitments_with_value": 3, "n_reversals": 1, "n_exposures": 2,
        "n_exposures_joined": 1, "n_orphans": 1, "n_committed": 2, "n_repeaters": 1, "has_item_id": 6, "has_value": 4,
        "has_user_id": 8, "has_session_id": 0,
    }  # fmt: skip
    assert {name: row[name] for name in expected} == expected
    assert set(row) == set(SUMMARY), "the clean measures above have the fields of the real ones"


def test_the_summary_of_an_empty_log_can_be_judged():
    (row,) = measured([], lambda: summary(EVENTS_TABLE, ITEMS_TABLE)).to_pylist()
    report = assess(replace(CLEAN, n_in=0, n_kept=0, summary=row, types=[], daily=[]), DOMAIN)
    assert not report["is_fit"]


def test_types_and_days_are_counted():
    types = measured(LOGGED, lambda: event_types(EVENTS_TABLE)).to_pylist()
    assert types[0] == {"event_type": "commitment", "role": "commitment", "n": 4}
    assert sum(row["n"] for row in types) == len(LOGGED)
    days = measured(LOGGED, lambda: daily(EVENTS_TABLE)).to_pylist()
    assert days == [{"day": A.date(), "n_events": 3}, {"day": B.date(), "n_events": 5}]
