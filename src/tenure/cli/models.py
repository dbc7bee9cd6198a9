"""`tenure models`: which trained versions there are, which one speaks, and whether its time is over."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tenure.cli import app
from tenure.cli.display import (
    AsJson,
    Folder,
    column,
    number,
    progress_bars,
    say,
    share,
    show_json,
    show_table,
)
from tenure.cli.forecasts import show_leaderboards
from tenure.errors import SourceError
from tenure.project import open_project
from tenure.storage.model_registry import ModelRegistry, ModelVersion
from tenure.wording import counted

if TYPE_CHECKING:
    from tenure.pipeline.monitor import Watched

models = typer.Typer(no_args_is_help=True, help="Trained versions: list, show, promote, roll back, watch.")
app.add_typer(models, name="models")

Name = Annotated[str, typer.Argument(help="A version, or the beginning of its name.")]

MOST_SHOWN = 12
"""Inputs that `drift` shows; its JSON has all."""


def _facts(version: ModelVersion, in_use: str | None) -> dict[str, Any]:
    manifest = version.manifest
    return {
        "version": version.name,
        "in_use": version.name == in_use,
        "created": manifest["created"],
        "as_of": manifest["as_of"],
        "n_users": manifest["n_users"],
        "tasks": {name: entry["model"] for name, entry in manifest["tasks"].items()},
        "fingerprint": manifest["fingerprint"],
        "code": manifest["code"],
    }


def _row(registry: ModelRegistry, name: str, in_use: str | None) -> dict[str, Any]:
    """What a list says of a version; of a damaged one why it is."""
    try:
        return {**_facts(registry.listed(name), in_use), "damaged": None}
    except SourceError as error:
        unknown = dict.fromkeys(("created", "as_of", "n_users", "tasks", "fingerprint", "code"))
        return {"version": name, "in_use": name == in_use, **unknown, "damaged": str(error)}


def _described(row: dict[str, Any]) -> str:
    return "damaged" if row["damaged"] else _listed(row["tasks"])


@models.command("list")
def list_(folder: Folder = ".", as_json: AsJson = False) -> None:
    """Every version, oldest first, with what it was trained on. Its arrays are read, and checked, when it is used."""
    registry = open_project(folder).models
    in_use = registry.in_use()
    names = registry.names() or [registry.current().name]  # of no version at all, the registry says what to do
    if in_use is not None and in_use not in names:
        names.append(in_use)
    rows = [_row(registry, name, in_use) for name in names]
    if as_json:
        show_json(rows)
        return
    show_table(
        [{**row, "mark": "*" if row["in_use"] else "", "tasks": _described(row)} for row in rows],
        [
            column("mark", ""),
            column("version"),
            column("as_of", "knows the time before"),
            number("n_users", "users"),
            column("tasks", "tasks and models"),
            column("code", "tenure"),
        ],
        title="Trained models (* in use)",
    )
    for row in rows:
        if row["damaged"]:
            say(f"Damaged: {row['damaged']}")


@models.command()
def show(name: Name, folder: Folder = ".", as_json: AsJson = False) -> None:
    """One version: its data, its champions and how they did on later time."""
    registry = open_project(folder).models
    version = registry.version(name)
    facts = _facts(version, registry.in_use())
    if as_json:
        show_json({**version.manifest, **facts, **{table: version.table(table) for table in version.tables()}})
        return
    for key, value in facts.items():
        say(f"{key.replace('_', ' '):<12} {_listed(value) if isinstance(value, dict) else value}")
    say("")
    show_leaderboards(version)
    say(f"Card:    {version.folder / 'card.html'}")


@models.command()
def promote(name: Name, folder: Folder = ".") -> None:
    """Let a version speak from now on."""
    say(f"In use: {open_project(folder).models.promote(name).name}")


@models.command()
def rollback(folder: Folder = ".") -> None:
    """Let the version speak that did before."""
    say(f"In use: {open_project(folder).models.roll_back().name}")


@models.command()
def drift(
    as_of: Annotated[str | None, typer.Option(help="The moment. Default: just after the last event.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Leave with exit code 1 when drifted.")] = False,
    folder: Folder = ".",
    as_json: AsJson = False,
) -> None:
    """Are users still like those that the models in use learnt from? Inputs, outcomes and forecasts, and what to do."""
    project = open_project(folder)
    with progress_bars() as progress:
        found = project.drift(as_of, progress=progress)
    if as_json:
        show_json(asdict(found))
    else:
        _show_drift(found)
    if check and found.verdict == "drifted":
        raise typer.Exit(1)


def _show_drift(found: Watched) -> None:
    say(f"{found.verdict.capitalize()}. {found.summary}", style="bold")
    for note in found.notes:
        say(note)
    say("")
    if found.outcomes.num_rows:
        show_table(
            found.outcomes.to_pylist(),
            [
                column("as_of", "window from", lambda moment: f"{moment:%Y-%m-%d}"),
                number("n_users", "users"),
                share("rate", "did"),
                share("low", "95 % from"),
                share("high", "to"),
                share("forecast"),
                column("verdict"),
            ],
            title=f"{found.task.name}: what came of windows of {counted(found.task.horizon_days, 'day')}",
        )
        say("")
    show_table(
        found.stability.slice(0, MOST_SHOWN).to_pylist(),
        [
            column("description", "input"),
            number("psi", "PSI", 3),
            number("psi_by_chance", "by chance", 3),
            share("missing_then"),
            share("missing_now"),
            column("verdict"),
        ],
        title=f"{counted(found.n_users, 'user')} at {found.as_of:%Y-%m-%d} against those at {found.learnt_at:%Y-%m-%d}",
    )
    n_more = found.stability.num_rows - MOST_SHOWN
    if n_more > 0:
        say(f"{counted(n_more, 'input')} moved less: --json.", style="dim")


def _listed(tasks: dict[str, str]) -> str:
    return ", ".join(f"{task}: {model}" for task, model in tasks.items())
