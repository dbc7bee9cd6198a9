"""When everybody comes back, along the whole way: in a run, kept with the models, asked again, or left out, and why."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from tenure import create_project
from tenure.errors import ConfigError, EvidenceError
from tenure.events.log import EVENTS_TABLE
from tenure.pipeline.ask import known_log
from tenure.pipeline.gather import grid, inputs_at
from tenure.pipeline.returning import grain_days, stage_curves, train_returns
from tenure.pipeline.train import tasks_of, train_all
from tenure.prediction.tasks import parse_task

START = datetime(2025, 1, 1)


def test_everybody_is_told_when_they_are_back(shop_with_run):
    run = shop_with_run.last_run
    returns, forecasts = run.table("returns"), run.table("forecasts")
    assert sorted(returns["user_id"].to_pylist()) == sorted(run.table("stages")["user_id"].to_pylist())
    rows = forecasts.filter(pc.equal(forecasts["task"], "return"))
    assert rows["user_id"].equals(returns["user_id"])
    assert rows["value"].equals(returns["median_days"])
    for name in ("low_80", "high_80", "low_95", "high_95"):
        assert rows[name].equals(returns[f"{name}_days"])
    chances = [returns[f"p_return_{days}"].to_numpy() for days in (7, 30, 90)]
    assert np.all((chances[0] < chances[1]) & (chances[1] < chances[2]) & (chances[2] < 1))
    others = forecasts.filter(pc.not_equal(forecasts["task"], "return"))
    assert others.num_rows
    assert others["p_return_30"].null_count == others.num_rows


def test_the_forecast_is_proven_and_drawn(shop_with_run):
    run = shop_with_run.last_run
    metrics = {(row["model"], row["metric"]): row["value"] for row in run.table("return_metrics").to_pylist()}
    assert metrics["hazard", "concordance"] > metrics["kaplan_meier", "concordance"] == 0.5
    assert metrics["hazard", "integrated_brier"] < metrics["recency", "integrated_brier"]
    curves = run.table("return_curves")
    history = run.table("stage_history")
    look = curves["as_of"][0].as_py()
    assert look + timedelta(days=30) <= run.as_of
    then = history.filter(pc.equal(history["as_of"], pa.scalar(look, history["as_of"].type)))
    sizes = {row["values"]: row["counts"] for row in pc.value_counts(then["stage"]).to_pylist()}
    assert {row["group"]: row["n_users"] for row in curves.to_pylist()} == sizes
    page = run.report.read_text(encoding="utf-8")
    assert 'id="returns"' in page
    assert page.count("probability of being back") == 4  # the calibration, and three stories


def test_kept_models_say_the_same_again(shop_with_run):
    manifest = shop_with_run.models.current().manifest
    assert manifest["tasks"]["return"] == {
        "task": {
            "kind": "return",
            "horizon_days": 90,
            "population": "seen",
            "of": "commitment",
            "active_days": 90,
        },
        "model": "hazard",
    }
    again = shop_with_run.predict("return").sort_by("user_id")
    returns = shop_with_run.last_run.table("returns").sort_by("user_id")
    for here, there in (("value", "median_days"), ("high_80", "high_80_days"), ("p_return_7", "p_return_7")):
        mine, theirs = (column.to_numpy() for column in (again[here], returns[there]))
        np.testing.assert_allclose(mine, theirs, rtol=1e-9)
    active = shop_with_run.predict("return@active")
    assert 0 < active.num_rows < again.num_rows
    assert set(active["task"].to_pylist()) == {"return@active"}


def test_a_whole_curve_is_no_number_to_explain(shop_with_run):
    user = shop_with_run.last_run.table("returns")["user_id"][0].as_py()
    with pytest.raises(ConfigError, match="got return"):
        shop_with_run.explain(user, "return")


def test_any_activity_is_a_return():
    assert parse_task("return@active").name == "return@active"
    with pytest.raises(ConfigError, match="any activity is a return"):
        parse_task("return[coupon_redeem]")


def log_of_dates(n_users: int, visits: dict[int, list[int]]) -> pa.Table:
    """Users 0 to n - 1 with a purchase on each of these days, `visits` where given, else one at the beginning."""
    rows = [(str(user), START + timedelta(days=day)) for user in range(n_users) for day in visits.get(user, [user % 9])]
    users, times = zip(*rows, strict=True)
    return pa.table(
        {"user_id": users, "timestamp": times, "event_type": ["purchase"] * len(rows), "value": [5.0] * len(rows)}
    )


@contextmanager
def known_of(folder, visits: dict[int, list[int]]):
    with known_log(folder, create_project(folder, log_of_dates(len(visits), visits)).settings, None) as known:
        yield known


def test_a_log_of_one_time_buyers_says_why_there_is_no_forecast(tmp_path):
    """Somebody new comes now and then, but nobody ever comes back."""
    with known_of(tmp_path / "shop", {user: [user] for user in range(160)}) as known:
        cutoffs = grid(known, 10, 10_000)
        with pytest.raises(EvidenceError, match="nobody had returned"):
            train_returns(known, cutoffs, cutoffs[-3:], inputs_at(known, cutoffs), EVENTS_TABLE)


def test_a_log_too_short_to_test_it_says_so(tmp_path):
    with known_of(tmp_path / "shop", {user: [0, 3, 40, 70 + user % 9] for user in range(30)}) as known:
        assert train_all(known, tasks_of(known)).returning is None
        assert [said for said in known.left_out if "return: " in said or "No forecasts: " in said]


def test_where_only_dates_are_known_a_return_is_in_the_middle_of_its_day(tmp_path):
    """Everybody is there every third day. A second past midnight a third of them just was, and is back in 3.5 days."""
    with known_of(tmp_path / "shop", {user: list(range(user % 3, 160, 3)) for user in range(60)}) as known:
        assert grain_days(known) == 1.0
        look = known.as_of - timedelta(days=90)
        history = pa.table(
            {"user_id": [str(user) for user in range(60)], "as_of": [look] * 60, "stage": ["retained"] * 60}
        )
        curves = stage_curves(known, history)["return_curves"].to_pylist()
        assert [round(row["p_returned"], 6) for row in curves if row["day"] < 5] == [0, 0, 0.333333, 0.666667, 1]
        late = history.set_column(1, "as_of", pa.array([known.as_of - timedelta(days=29)] * 60))
        assert stage_curves(known, late) == {}  # not watched for long enough


def test_in_a_log_of_dates_those_who_come_on_the_last_day_are_not_everybody(tmp_path):
    """Three users who were silent for long buy on the last date: the others have not returned for that."""
    visits = {user: [0] if user % 2 else [0, 150] for user in range(20)}
    visits |= {user: [0, 160] for user in (1, 3, 5)}
    with known_of(tmp_path / "shop", visits) as known:
        look = known.as_of - timedelta(days=90)
        users = [str(user) for user in visits]
        history = pa.table({"user_id": users, "as_of": [look] * 20, "stage": ["lapsed"] * 20})
        curve = stage_curves(known, history)["return_curves"].to_pylist()
        assert curve[-1]["p_returned"] == pytest.approx(13 / 20)
        assert all(row["low"] is not None for row in curve)


def test_hours_are_told_where_they_are_known(shop_with_run):
    with shop_with_run.last_run.known() as known:
        assert grain_days(known) == 0.0
