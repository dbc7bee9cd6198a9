"""Horizons longer than the domain's, and logs that teach little: learnt where there is room, else left out and said."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from simulated_project import hasten

from tenure import create_project
from tenure.pipeline.ask import known_log
from tenure.pipeline.gather import LEAST_CUTOFFS, grid
from tenure.prediction.schedule import N_TEST, N_VALIDATION, schedule

START = datetime(2020, 1, 1)


def project_of(folder, rows):
    """A shop with these (user, day, type, value)."""
    events = pa.table(
        {
            "user_id": [user for user, *_ in rows],
            "item_id": [f"i{k % 7}" for k in range(len(rows))],
            "event_type": [kind for _, _, kind, _ in rows],
            "timestamp": [START + timedelta(days=float(day)) for _, day, *_ in rows],
            "value": pa.array([value for *_, value in rows], pa.float64()),
        }
    )
    project = create_project(folder, events)
    hasten(project)
    return project


def regulars(n_users, n_days, *, kind="purchase", value=20.0):
    draw = np.random.default_rng(5)
    return [
        (f"u{user}", day, kind, value)
        for user in range(n_users)
        for day in np.sort(draw.uniform(0, n_days, draw.poisson(n_days / 40) + 1))
    ]


@pytest.mark.parametrize("days", [30, 90, 180])
def test_a_long_log_of_many_users_has_room_for_long_horizons(tmp_path, days):
    project = project_of(tmp_path / "shop", regulars(60, 1_800))
    with known_log(project.folder, project.settings, None) as known:
        few_rows = 60 * LEAST_CUTOFFS
        cutoffs = grid(known, 15, few_rows, days)
        assert list(cutoffs) == sorted(set(cutoffs))
        near = grid(known, 15, few_rows)
        assert len(near) == LEAST_CUTOFFS
        assert cutoffs[-LEAST_CUTOFFS:] == near
        plan = schedule(cutoffs, known.until, days)
    assert (len(plan.test), len(plan.validation)) == (N_TEST, N_VALIDATION)
    assert plan.learnt[0] + timedelta(days=days) <= plan.validation[0]


def test_a_log_without_commitments_is_profiled_all_the_same(tmp_path):
    run = project_of(tmp_path / "shop", regulars(40, 300, kind="view", value=None)).run()
    assert run.table("profiles").num_rows == 40
    assert "recommendations" in run.tables()


def test_amounts_of_heavy_tails_do_not_stop_the_rest(tmp_path):
    draw = np.random.default_rng(3)
    level = {f"u{k}": float(draw.lognormal(2, 2.5)) for k in range(120)}
    rows = [(user, day, kind, level[user]) for user, day, kind, _ in regulars(120, 300)]
    project = project_of(tmp_path / "shop", rows)
    hasten_all = (project.folder / "tenure.toml").read_text().replace("models = [", 'models = ["repeats", ')
    (project.folder / "tenure.toml").write_text(hasten_all)
    run = project.run()
    assert "commit:30d" in set(run.table("prediction_metrics")["task"].to_pylist())
    assert np.isfinite(run.table("predictions")["expected_value"].to_numpy()).all()


def test_one_user_is_forecast_and_nobody_is_exchanged(tmp_path):
    project = project_of(tmp_path / "shop", [("only", day, "purchase", 10.0) for day in range(0, 300, 9)])
    run = project.run()
    assert run.table("predictions").num_rows == 1
    assert run.table("theme_worth").num_rows == 0
    told = project.explain("only", "commit:30d")
    assert told.acts is None
    assert "at least 20 real users" in told.notes[0]
