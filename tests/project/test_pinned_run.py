"""A run answers from its own log and settings, whatever changes around it."""

from __future__ import annotations

import pytest
from simulated_project import hasten

import tenure
from tenure.cli import run as command
from tenure.events.simulate import SimulationConfig, simulate


@pytest.fixture
def project(tmp_path):
    world = simulate(SimulationConfig(n_users=120, n_items=40, days=120))
    made = tenure.create_project(tmp_path / "shop", world.events, items=world.items)
    hasten(made)
    return made


def test_settings_of_the_run_hold(project):
    run = project.run(slate_length=3, control_share=0.5)
    user = run.table("stages")["user_id"][0].as_py()
    assert run.recommend(user).num_rows == 3
    again, stored = run.plan(), run.table("plan")
    assert again.users["is_control"].to_pylist() == stored["is_control"].to_pylist()


def test_the_log_of_the_run_stays_as_long_as_the_run(project):
    run = project.run()
    user = run.table("stages")["user_id"][0].as_py()
    before = run.timeline(user)
    source = project.folder / "data" / "events.parquet"
    other = simulate(SimulationConfig(n_users=50, n_items=10, days=60, seed=9))
    tenure.create_project(project.folder, other.events, items=other.items, overwrite=True)
    assert source.is_file()
    assert project.check()["n_users"] <= 50
    assert run.timeline(user) == before


def test_the_demo_leaves_a_project_of_yours_alone(project, capsys):
    before = (project.folder / "tenure.toml").read_text()
    assert command(["demo", str(project.folder), "--simulate", "--n-users", "50"]) == 2
    assert "project of yours" in capsys.readouterr().err
    assert (project.folder / "tenure.toml").read_text() == before


def test_an_unfit_log_and_a_far_moment_are_said(project):
    run = project.run(as_of="2031-01-01")
    assert any("The log ends on" in line for line in run.manifest["left_out"])
