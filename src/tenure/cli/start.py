"""`tenure init`, `check`, `run`: from sources to results."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from tenure.cli import app
from tenure.cli.display import (
    AsJson,
    Folder,
    column,
    err,
    number,
    progress_bars,
    say,
    share,
    show_json,
    show_table,
    unbroken,
)
from tenure.creation import create_project
from tenure.errors import ConfigError
from tenure.project import Project, open_project
from tenure.run import Run

_MARKS = {"pass": "✓", "warn": "!", "fail": "✗"}


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="Folder of the new project.")],
    events: Annotated[list[str], typer.Option(help="Path or glob of the event log (quote globs); may be repeated.")],
    items: Annotated[list[str] | None, typer.Option(help="Path or glob of the item table.")] = None,
    users: Annotated[list[str] | None, typer.Option(help="Path or glob of the user table.")] = None,
    domain: Annotated[
        str, typer.Option(help="ecommerce, video, news, or one that another package adds.")
    ] = "ecommerce",
    columns: Annotated[list[str] | None, typer.Option("--map", help="field=column,... of the event log.")] = None,
    items_map: Annotated[list[str] | None, typer.Option(help="field=column,... of the item table.")] = None,
    users_map: Annotated[list[str] | None, typer.Option(help="field=column,... of the user table.")] = None,
    preset: Annotated[
        str | None, typer.Option(help="segment, ga4, snowplow, personalize, gorse, movielens, recbole.")
    ] = None,
    timezone: Annotated[str, typer.Option(help="Zone of times that name none.")] = "UTC",
    force: Annotated[bool, typer.Option("--force", help="Overwrite a tenure.toml that exists.")] = False,
) -> None:
    """Write tenure.toml, and say which column will be read as what."""
    project = create_project(
        folder,
        events,
        items=items or None,
        users=users or None,
        domain=domain,
        columns=_mapping(columns),
        items_columns=_mapping(items_map),
        users_columns=_mapping(users_map),
        preset=preset,
        timezone=timezone,
        overwrite=force,
    )
    found = project.preview()
    for kind, paths in found.items():
        rows = [{"field": field, "column": ", ".join(names)} for field, names in paths.items()]
        show_table(rows, [column("field", f"{kind}: field"), column("column", "is read from")])
        say("")
    say(f"Wrote {folder / 'tenure.toml'}. Next: cd {folder} && tenure check")


def _mapping(given: list[str] | None) -> dict[str, str | list[str]]:
    """`user_id=customer,timestamp=ordered_at` as a map; a field named twice is gathered from several columns."""
    mapping: dict[str, str | list[str]] = {}
    for pair in (pair for text in given or [] for pair in text.split(",") if pair.strip()):
        field, equals, name = pair.partition("=")
        if not equals or not field.strip() or not name.strip():
            raise ConfigError(f"--map: expected field=column pairs such as user_id=customer, got '{pair}'")
        field, name = field.strip(), name.strip()
        former = mapping.get(field)
        mapping[field] = name if former is None else [*([former] if isinstance(former, str) else former), name]
    return mapping


@app.command()
def check(folder: Folder = ".", as_json: AsJson = False) -> None:
    """Say whether the log is fit for use, what was set aside, and what each flaw means. Exit code 1 = not fit."""
    project = open_project(folder)
    with progress_bars() as progress:
        quality = project.check(progress=progress)
    if as_json:
        show_json(quality)
    else:
        show_quality(quality, project)
    if not quality["is_fit"]:
        raise typer.Exit(1)


def show_quality(quality: Mapping[str, Any], project: Project) -> None:
    """Print the quality report."""
    say(
        f"{quality['n_in']:,} records came in (events, items and users), "
        f"{quality['n_kept']:,} were kept, {quality['n_quarantined']:,} set aside."
    )
    if quality["first"]:
        span = f"{quality['first'][:10]} to {quality['last'][:10]}"
        say(f"{quality['n_users']:,} users, {quality['n_items']:,} items, {span}.\n")
    if quality["reasons"]:
        show_table(
            quality["reasons"],
            [column("reason"), number("n", "records"), share("share", decimals=2), column("meaning")],
            title="Set aside",
        )
        say(f"Every such record, with its source and line: {project.log.folder / 'quarantine.parquet'}\n", style="dim")
    for check in quality["checks"]:
        say(f"{_MARKS[check['status']]} {check['check']:<29} {check['measured']}")
        if check["status"] != "pass":
            concerns = f" Concerns: {', '.join(check['stages'])}." if check["stages"] else ""
            say(f"Expected {check['expected']}. {check['meaning']}{concerns}", style="dim", indent=4)
    say("")
    say(quality["verdict"], style="bold green" if quality["is_fit"] else "bold red")


@app.command()
def run(
    as_of: Annotated[
        str | None, typer.Option(help="The moment, such as 2017-12-01. Default: just after the last event.")
    ] = None,
    budget: Annotated[float | None, typer.Option(help="What the retention plan may cost.", min=0)] = None,
    folder: Folder = ".",
    as_json: AsJson = False,
) -> None:
    """Walk the whole way: profile, place, predict, recommend, plan, report. Results are whole or not at all."""
    project = open_project(folder)
    choices = {} if budget is None else {"budget": budget}
    with unbroken(), progress_bars() as progress:
        done = project.run(as_of, progress=progress, **choices)
    if as_json:
        show_json({"folder": str(done.folder), "report": str(done.report), **done.manifest})
    else:
        show_headlines(done)


def show_headlines(done: Run) -> None:
    """Print what a run found, in a few sentences, and where the rest is."""
    for line in done.manifest["headlines"]:
        say(f"• {line}")
    for line in done.manifest["left_out"]:
        err.print(f"[yellow]•[/] {escape(line)}", highlight=False)
    say("")
    say(f"Report:  {done.report}")
    say(f"Tables:  {done.folder}")
