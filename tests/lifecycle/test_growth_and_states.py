from datetime import datetime

import pyarrow as pa
import pytest
from lifecycle import life_oracle
from lifecycle.lives import at, growth_of, growth_with, log_of, rates_of, reach_of, states_of, stickiness_of
from profiles.random_logs import random_log
from relation_runner import run

from tenure.domain import PERIODS
from tenure.errors import ConfigError
from tenure.events.log import EVENTS_TABLE, USERS_TABLE
from tenure.lifecycle.states import STATES
from tenure.schema import USERS

CUTS = [datetime.fromisoformat(t) for t in ("2024-03-01", "2024-10-17T11:30", "2024-12-01")]
LOGS = [random_log(seed, n_events=150, n_users=8, n_days=330) for seed in range(2)]
cases = pytest.mark.parametrize("as_of", CUTS), pytest.mark.parametrize("period", PERIODS)


def everywhere(test):
    for case in cases:
        test = case(test)
    return test


@everywhere
def test_growth_counts_as_the_definition(as_of, period):
    for log in LOGS:
        got = run({"events": log}, growth_of, EVENTS_TABLE, as_of, period)
        assert [tuple(row.values()) for row in got.to_pylist()] == life_oracle.growth(log, as_of, period, {})


@everywhere
def test_growth_takes_birth_from_the_user_table(as_of, period):
    created = {"u0": at(-40), "u1": at(2), "u2": at(100), "u3": at(9999), "nobody": at(3)}
    rows = [{"user_id": user, "created_at": time} for user, time in created.items()] + [{"user_id": "u4"}]
    users = pa.Table.from_pylist(rows, schema=USERS)
    for log in LOGS:
        got = run({"events": log, "users": users}, growth_with, EVENTS_TABLE, USERS_TABLE, as_of, period)
        assert [tuple(row.values()) for row in got.to_pylist()] == life_oracle.growth(log, as_of, period, created)


@everywhere
def test_states_count_as_the_windows_say(as_of, period):
    for log in LOGS:
        got = run({"events": log}, states_of, EVENTS_TABLE, as_of, period).to_pylist()
        counts = {(row["period_start"], row["state"]): row["n_users"] for row in got}
        assert len(counts) == len(got) == len(life_oracle.complete_numbers(log, as_of, period)) * len(STATES)
        assert {key: n for key, n in counts.items() if n} == life_oracle.state_counts(log, as_of, period)


@everywhere
def test_return_rates_count_who_is_active_next(as_of, period):
    for log in LOGS:
        got = run({"events": log}, rates_of, EVENTS_TABLE, as_of, period).to_pylist()
        counts = life_oracle.state_counts(log, as_of, period)
        returns = life_oracle.return_counts(log, as_of, period)
        assert len(got) == max(len(life_oracle.complete_numbers(log, as_of, period)) - 1, 0) * len(STATES)
        for row in got:
            key = (row["period_start"], row["state"])
            assert (row["n_users"], row["n_active_next"]) == (counts[key], returns[key])
            assert row["rate"] == (returns[key] / counts[key] if counts[key] else None)


def test_reach_is_daily_weekly_and_monthly_active_users():
    for log in LOGS:
        active = life_oracle.active_numbers(log, CUTS[1], "day").values()
        numbers = life_oracle.complete_numbers(log, CUTS[1], "day")
        got = run({"events": log}, reach_of, EVENTS_TABLE, CUTS[1], "day").to_pylist()
        for day, row in zip(numbers, got, strict=True):
            dau, wau, mau = (sum(any(day - n < a <= day for a in days) for days in active) for n in (1, 7, 30))
            assert (row["n_active"], row["n_active_short"], row["n_active_long"]) == (dau, wau, mau)
            assert row["stickiness"] == (dau / mau if mau else None)


@pytest.mark.parametrize("n_periods", [1, 28])
@everywhere
def test_stickiness_counts_active_periods(as_of, period, n_periods):
    log = LOGS[0]
    active = life_oracle.active_numbers(log, as_of, period).values()
    window = life_oracle.complete_numbers(log, as_of, period)[-n_periods:]
    counts = [len(set(numbers) & set(window)) for numbers in active]
    n_all = sum(count > 0 for count in counts)
    got = run({"events": log}, stickiness_of, EVENTS_TABLE, as_of, period, n_periods).to_pylist()
    assert [row["n_active_periods"] for row in got] == list(range(1, n_periods + 1))
    for row in got:
        n, at_least = (
            f(row["n_active_periods"], counts) for f in (lambda k, c: c.count(k), lambda k, c: sum(x >= k for x in c))
        )
        assert (row["n_users"], row["n_at_least"]) == (n, at_least)
        assert row["share"] == (n / n_all if n_all else None)
        assert row["share_at_least"] == (at_least / n_all if n_all else None)


def test_stickiness_refuses_an_empty_window():
    with pytest.raises(ConfigError, match="at least 1"):
        stickiness_of(EVENTS_TABLE, at(9), "day", 0)


def test_a_day_without_anybody_is_a_row():
    got = run({"events": log_of(("ann", 0, "commitment"), ("ann", 3, None))}, growth_of, EVENTS_TABLE, at(4), "day")
    assert got["n_active"].to_pylist() == [1, 0, 0, 1]
    assert got["n_dormant"].to_pylist() == [0, -1, 0, 0]


def test_counts_are_plain_integers_and_starts_are_times():
    for relation in (growth_of, states_of, rates_of, reach_of):
        schema = run({"events": LOGS[0]}, relation, EVENTS_TABLE, CUTS[0], "week").schema
        assert schema.field("period_start").type == pa.timestamp("us")
        assert {field.type for field in schema if field.name.startswith("n_")} == {pa.int64()}


@pytest.mark.parametrize(
    ("log", "n_periods"),
    [
        (log_of(), 0),  # nobody
        (log_of(("ann", 0, "exposure")), 0),  # reached, never came
        (log_of(("ann", 9, "commitment")), 0),  # comes only later
        (log_of(("ann", 0, "commitment")), 5),  # one event
        (log_of(*[(f"u{i}", 2, "interest") for i in range(9)]), 3),  # all at once
    ],
)
def test_the_smallest_logs(log, n_periods):
    growth = run({"events": log}, growth_of, EVENTS_TABLE, at(5), "day")
    assert growth.num_rows == n_periods
    assert run({"events": log}, states_of, EVENTS_TABLE, at(5), "day").num_rows == n_periods * len(STATES)
    assert run({"events": log}, rates_of, EVENTS_TABLE, at(5), "day").num_rows == max(n_periods - 1, 0) * len(STATES)
    assert run({"events": log}, stickiness_of, EVENTS_TABLE, at(5), "day", 7).num_rows == 7
