from datetime import datetime
from itertools import product

import ibis
import pyarrow as pa
import pytest
from lifecycle import life_oracle
from lifecycle.lives import at, log_of, retention_of
from profiles.random_logs import random_log
from relation_runner import run

from tenure.domain import PERIODS
from tenure.errors import ConfigError
from tenure.events.log import EVENTS_TABLE
from tenure.lifecycle.cohorts import CohortConfig, average_retention

CUTS = [datetime.fromisoformat(t) for t in ("2024-03-01", "2024-08-17T11:30")]
CONFIGS = [
    CohortConfig(rule=rule, clock=clock) for rule, clock in product(("on", "on_or_after"), ("calendar", "rolling"))
]
CELLS = ibis.table(
    {
        "cohort_start": "timestamp(6)",
        "age": "int64",
        "n_users": "int64",
        "n_retained": "int64",
        "rate": "float64",
        "is_complete": "boolean",
    },
    name="cells",
)


@pytest.mark.parametrize("config", CONFIGS, ids=lambda c: f"{c.rule}-{c.clock}")
@pytest.mark.parametrize("period", PERIODS)
@pytest.mark.parametrize("as_of", CUTS)
def test_every_cell_is_as_defined(config, period, as_of):
    for seed in range(2):
        log = random_log(seed, n_events=150, n_users=20, n_days=150)
        got = run({"events": log}, retention_of, EVENTS_TABLE, as_of, period, config).to_pylist()
        cells = {(r["cohort_start"], r["age"]): (r["n_users"], r["n_retained"], r["is_complete"]) for r in got}
        assert len(cells) == len(got)
        assert cells == life_oracle.retention(log, as_of, period, config.rule, config.clock)
        for row in got:
            assert row["rate"] == (row["n_retained"] / row["n_users"] if row["is_complete"] else None)


def test_the_clock_decides_whether_midnight_is_a_day():
    """There at 23:45 and at 00:01: back on day 1 by the calendar, still on day 0 by the own clock."""
    log = log_of(("ann", 0.9896, "interest"), ("ann", 1.0007, "interest"))
    for clock, expected in (("calendar", [1, 1]), ("rolling", [1, 0])):
        got = run({"events": log}, retention_of, EVENTS_TABLE, at(5), "day", CohortConfig(clock=clock)).to_pylist()
        assert [row["n_retained"] for row in got][:2] == expected


def test_a_cell_whose_time_is_not_over_is_blank_not_zero():
    log = log_of(("ann", 0, "interest"), ("bob", 1, "interest"))
    got = run({"events": log}, retention_of, EVENTS_TABLE, at(2.5), "day").to_pylist()
    cells = {((r["cohort_start"] - at(0)).days, r["age"]): r["rate"] for r in got}
    assert cells == {(0, 0): 1.0, (0, 1): 0.0, (0, 2): None, (1, 0): 1.0, (1, 1): None}


def test_averages_weigh_users_or_cohorts():
    """PostHog issue 25998: cohorts of 10 at 20 % and 100 at 0 % are 1.8 % of users, 10 % over cohorts."""
    rows = [(0, 10, 2, 0.2, True), (1, 100, 0, 0.0, True), (2, 1000, 999, None, False)]
    names = ("n_users", "n_retained", "rate", "is_complete")
    cells = pa.Table.from_pylist(
        [{"cohort_start": at(30 * i), "age": 1, **dict(zip(names, row, strict=True))} for i, *row in rows],
        schema=pa.schema(
            [
                ("cohort_start", pa.timestamp("us")),
                ("age", pa.int64()),
                ("n_users", pa.int64()),
                ("n_retained", pa.int64()),
                ("rate", pa.float64()),
                ("is_complete", pa.bool_()),
            ]
        ),
    )
    [row] = run({"cells": cells}, average_retention, CELLS).to_pylist()
    assert (row["age"], row["n_cohorts"], row["n_users"]) == (1, 2, 110)
    assert row["weighted_rate"] == pytest.approx(2 / 110)
    assert row["simple_rate"] == pytest.approx(0.1)


@pytest.mark.parametrize("config", CONFIGS, ids=lambda c: f"{c.rule}-{c.clock}")
def test_nobody_has_no_cohorts(config):
    for log in (log_of(), log_of(("ann", 0, "exposure"))):
        assert run({"events": log}, retention_of, EVENTS_TABLE, at(9), "week", config).num_rows == 0


@pytest.mark.parametrize(("options", "message"), [({"rule": "after"}, "on_or_after"), ({"clock": "24h"}, "rolling")])
def test_an_unknown_option_names_the_valid_ones(options, message):
    with pytest.raises(ConfigError, match=message):
        CohortConfig(**options)
