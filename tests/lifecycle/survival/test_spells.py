"""Against a loop over users, and nothing from beyond the end of watching."""

from __future__ import annotations

from datetime import datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from lifecycle.lives import START, at, log_of
from profiles.random_logs import random_log
from relation_runner import run

from tenure.domain import ACTIVITY_ROLES, Role
from tenure.errors import ConfigError
from tenure.events.log import EVENTS_TABLE
from tenure.lifecycle.survival.groups import return_curves
from tenure.lifecycle.survival.spells import spells

DAY = timedelta(days=1)


def looked_up(log: pa.Table, cuts: tuple[datetime, ...], until: datetime, roles: tuple[Role, ...]) -> dict:
    """(user, cut-off) -> (days, returned), one by one."""
    rows, found = log.to_pylist(), {}
    for cut in cuts:
        for user in {row["user_id"] for row in rows if row["timestamp"] < cut}:
            counts = {str(role) for role in roles or ACTIVITY_ROLES} | (set() if roles else {None})
            returns = [
                row["timestamp"]
                for row in rows
                if row["user_id"] == user and cut <= row["timestamp"] < until and row["role"] in counts
            ]
            end = min(returns, default=until)
            found[user, cut] = ((end - cut) / DAY, bool(returns))
    return found


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("roles", [(), (Role.COMMITMENT,), (Role.COMMITMENT, Role.REFERRAL)])
@pytest.mark.parametrize(
    "cuts", [(datetime(2024, 8, 1),), (datetime(2024, 3, 1, 6, 30), datetime(2024, 8, 1), datetime(2024, 12, 25))]
)
def test_every_spell_is_found(seed, roles, cuts):
    log, until = random_log(seed, n_events=300), datetime(2025, 1, 2, 12)
    got = run({"events": log}, spells, EVENTS_TABLE, cuts, until, *roles)
    assert got.schema.names == ["user_id", "as_of", "days", "returned"]
    found = {(row["user_id"], row["as_of"]): (row["days"], row["returned"]) for row in got.to_pylist()}
    expected = looked_up(log, cuts, until, roles)
    assert len(found) == got.num_rows
    assert found.keys() == expected.keys()
    for key, (days, returned) in expected.items():
        assert found[key] == (pytest.approx(days, abs=1e-4), returned), key


def test_the_edges_of_watching():
    log = log_of(
        ("at the cut-off", 1, "commitment"),
        ("at the cut-off", 10, "commitment"),
        ("at the end", 1, "commitment"),
        ("at the end", 20, "commitment"),
        ("only shown something", 2, "exposure"),
        ("only shown something", 12, "exposure"),
        ("later", 11, "commitment"),
    )
    got = run({"events": log}, spells, EVENTS_TABLE, at(10), at(20)).to_pylist()
    assert {row["user_id"]: (row["days"], row["returned"]) for row in got} == {
        "at the cut-off": (0.0, True),
        "at the end": (10.0, False),
        "only shown something": (10.0, False),
    }


def test_in_a_log_of_dates_a_return_is_at_midday():
    log = log_of(("ann", 1, "commitment"), ("ann", 12, "commitment"), ("bob", 1, "commitment"))
    got = run({"events": log}, spells, EVENTS_TABLE, at(10), at(20), grain_days=1.0).to_pylist()
    assert {row["user_id"]: row["days"] for row in got} == {"ann": 2.5, "bob": 10.0}


def test_nobody_returns_later_than_others_were_watched():
    """A log of dates ends on its last midnight; some of its events, such as carl's, have an hour all the same."""
    bought_last = ("ann", "bob", "cid")
    log = log_of(
        *((user, 1, "commitment") for user in (*bought_last, "carl", "dora", "eve")),
        *((user, 20, "commitment") for user in bought_last),
        ("carl", 20.75, "commitment"),
    )
    until = at(20.75) + timedelta(seconds=1)
    got = run({"events": log}, spells, EVENTS_TABLE, (at(10), at(12)), until, grain_days=1.0)
    found = {(row["user_id"], row["as_of"]): row["days"] for row in got.to_pylist()}
    expected = {"ann": 10.5, "bob": 10.5, "cid": 10.5, "carl": 11.0, "dora": 11.0, "eve": 11.0}
    assert {user: days for (user, cut), days in found.items() if cut == at(10)} == pytest.approx(expected)
    assert {user: days + 2 for (user, cut), days in found.items() if cut == at(12)} == pytest.approx(expected)
    one = got.filter(pc.equal(got["as_of"], pa.scalar(at(10), got["as_of"].type)))
    curve = return_curves(["all"] * one.num_rows, one["days"].to_numpy(), one["returned"].to_numpy())
    assert curve["p_returned"].to_pylist()[-1] == pytest.approx(4 / 6)


@pytest.mark.parametrize(("until", "watched"), [(20, 10), (20 + 1 / 86400, 11), (20.75, 11), (21, 11)])
def test_in_a_log_of_dates_watching_lasts_to_the_end_of_the_day(until, watched):
    log = log_of(("bob", 1, "commitment"), ("bob", 20.9, "commitment"), ("cid", 1, "commitment"))
    got = run({"events": log}, spells, EVENTS_TABLE, at(10), at(until), grain_days=1.0).to_pylist()
    days = {row["user_id"]: row["days"] for row in got}
    assert days["cid"] == pytest.approx(watched)
    assert {row["user_id"] for row in got if row["returned"]} == ({"bob"} if until == 21 else set())


def test_watching_must_end_after_every_cut_off():
    with pytest.raises(ConfigError, match="before the end of watching"):
        spells(EVENTS_TABLE, (START, START + DAY), START + DAY)
