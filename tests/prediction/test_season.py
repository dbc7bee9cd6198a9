"""The calendar is found where there is one, and nowhere else."""

from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from seasonal_log import seasonal_log

from tenure.engine.duckdb import DuckDBConfig, DuckDBEngine
from tenure.errors import EvidenceError
from tenure.events.log import EVENTS_TABLE
from tenure.prediction.season import LEAST_DAYS, Daily, Season, daily_commitments
from tenure.schema import LOG

MONDAY = np.datetime64("2024-01-01")


def days_of(log_intensity, *, level=80.0, seed=0):
    n = len(log_intensity)
    counts = np.random.default_rng(seed).poisson(level * np.exp(log_intensity)).astype(float)
    return Daily(MONDAY, counts, np.full(n, 1000.0))


def test_finds_the_season_and_the_week_beside_a_trend():
    day = np.arange(800)
    truth = 0.5 * np.sin(2 * np.pi * day / 365.2425) + 0.4 * np.isin(day % 7, (5, 6))
    found = Season.fit(days_of(truth - 0.5 * day / 365))
    off = np.log(found.index(MONDAY + day)) - truth
    assert np.abs(off - off.mean()).max() < 0.12  # 80 a day: about ten days of counts bear on each point
    assert found.weekday[5] - found.weekday[2] == pytest.approx(0.4, abs=0.04)


def test_a_window_counts_its_own_weekends():
    season = Season(np.zeros(20), np.log(np.array([1.0, 1, 1, 1, 1, 3, 3])))
    starts = np.array([MONDAY, MONDAY + 4, MONDAY + 5]).astype("datetime64[us]")
    assert season.mean(starts, 3) == pytest.approx([1, 7 / 3, 7 / 3])
    assert season.mean(starts[:1] + np.timedelta64(12, "h"), 5) == pytest.approx([(4.5 + 1.5) / 5])


def test_a_clear_season_is_confirmed_and_a_flat_year_is_not():
    day = np.arange(730)
    assert Season.confirmed(days_of(0.5 * np.sin(2 * np.pi * day / 365.2425)), 30) is not None
    assert Season.confirmed(days_of(0.0 * day), 30) is None


def test_a_short_log_has_no_season():
    busy = days_of(np.zeros(LEAST_DAYS - 1))
    with pytest.raises(EvidenceError, match=f"at least {LEAST_DAYS} days"):
        Season.fit(busy)
    assert Season.confirmed(busy, 30) is None
    assert Season.confirmed(Daily(MONDAY, np.zeros(0), np.zeros(0)), 30) is None
    with pytest.raises(EvidenceError, match="0 in all"):
        Season.fit(Daily(MONDAY, np.zeros(500), np.ones(500)))


def test_arrays_round_trip():
    found = Season.fit(days_of(np.zeros(500)))
    again = Season.from_arrays(found.to_arrays())
    np.testing.assert_array_equal(again.index(MONDAY + np.arange(9)), found.index(MONDAY + np.arange(9)))


def test_the_relation_equals_a_loop_over_the_log():
    log = seasonal_log(n_users=60, n_days=90, mean_rate=0.1, seed=2)
    start = datetime(2021, 1, 1)
    rows = [
        {
            "event_id": str(i),
            "user_id": f"u{user}",
            "event_type": "buy",
            "role": "commitment",
            "timestamp": (start + timedelta(days=float(day))).replace(microsecond=0),
            "value": float(value),
        }
        for i, (user, day, value) in enumerate(zip(log.user, log.day, log.value, strict=True))
    ]
    rows.append(
        rows[0]
        | {
            "event_id": "back",
            "event_type": "back",
            "role": "reversal",
            "value": -5.0,
            "timestamp": start + timedelta(days=40.5),
        }
    )
    with DuckDBEngine({"events": pa.Table.from_pylist(rows, schema=LOG)}, DuckDBConfig(threads=1)) as engine:
        table = engine.run(daily_commitments(EVENTS_TABLE, start + timedelta(days=70, hours=5)))
        of_type = engine.run(daily_commitments(EVENTS_TABLE, start + timedelta(days=70), of="buy"))
    users = Daily.from_table(table, "n_users", until=start + timedelta(days=70))
    value = Daily.from_table(table, "value", until=start + timedelta(days=70))
    np.testing.assert_array_equal(users.amount, log.daily(70, "n").amount)
    np.testing.assert_array_equal(users.n_known, log.daily(70, "n").n_known)
    expected = log.daily(70, "value").amount
    expected[40] -= 5.0
    np.testing.assert_allclose(value.amount, expected)
    assert of_type["n_users"].to_pylist() == table["n_users"].to_pylist()[: of_type.num_rows]
    assert sum(of_type["value"].to_pylist()) == pytest.approx(sum(table["value"].to_pylist()) + 5.0)


def test_nothing_daily_is_refused():
    empty = pa.table({"day": pa.array([], pa.timestamp("us")), "n_users": pa.array([], pa.int64())})
    with pytest.raises(EvidenceError, match="at least one day"):
        Daily.from_table(empty, "n_users", until=datetime(2024, 1, 1))
