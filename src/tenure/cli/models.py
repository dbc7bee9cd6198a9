"""`tenure models`: which trained versions there are, what they can do, and which one speaks."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from tenure.cli import app
from tenure.cli.display import AsJson, Folder, column, number, say, show_json, show_table
from tenure.cli.forecasts import show_leaderboards
from tenure.project import open_project
from tenure.storage.model_registry import ModelVersion

models = typer.Typer(no_args_is_help=True, help="Trained versions: list, show, promote, roll back.")
app.add_typer(models, name="models")

Name = Annotated[str, typer.Argument(help="A version, or the beginning of its name.")]


def _facts(version: ModelVersion, in_use: str) -> dict[str, Any]:
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


@models.command("list")
def list_(folder: Folder = ".", as_json: AsJson = False) -> None:
    """Every version, oldest first, with what it was trained on."""
    registry = open_project(folder).models
    in_use = registry.current().name
    rows = [_facts(registry.version(name), in_use) for name in registry.names()]
    if as_json:
        show_json(rows)
        return
    show_table(
        [{**row, "mark": "*" if row["in_use"] else "", "tasks": _listed(row["tasks"])} for row in rows],
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


@models.command()
def show(name: Name, folder: Folder = ".", as_json: AsJson = False) -> None:
    """One version: its data, its champions and how they did on later time."""
    registry = open_project(folder).models
    version = registry.version(name)
    facts = _facts(version, registry.current().name)
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


def _listed(tasks: dict[str, str]) -> str:
    return ", ".join(f"{task}: {model}" for task, model in tasks.items())
