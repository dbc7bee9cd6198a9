"""A small shop of simulated customers, for tests that walk the whole way."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from tenure import create_project
from tenure.events.simulate import Simulation, SimulationConfig, simulate
from tenure.project import Project

SETTINGS = {"TENURE_RUN__THREADS": "1", "TENURE_HEART__USE": "false", "TENURE_HEART__MOST_UPDATES": "8"}
"""Tests share a machine and run the whole way often, of which the heart takes a third: those it matters to use it."""

CONFIG = SimulationConfig(n_users=300, n_items=60, days=150)


@cache
def world(config: SimulationConfig = CONFIG) -> Simulation:
    """The same world for every test of a session."""
    return simulate(config)


CHEAP = ("constant", "recency", "logistic", "run-rate", "poisson")
"""Models that learn in no time: of chances, and of amounts."""


def shop(folder: Path, config: SimulationConfig = CONFIG) -> Project:
    """A project of these customers, not run yet."""
    made = world(config)
    project = create_project(folder, made.events, items=made.items, users=made.users)
    hasten(project)
    return project


def hasten(project: Project, models: Sequence[str] = CHEAP) -> None:
    """Let only these models compete."""
    names = ", ".join(f'"{name}"' for name in models)
    with (project.folder / "tenure.toml").open("a", encoding="utf-8") as file:
        file.write(f"\n[predict]\nmodels = [{names}]\n")
