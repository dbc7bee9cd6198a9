"""How the command shows things: tables for people, JSON for machines, progress on stderr."""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any

import pyarrow as pa
import typer
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

PIPE_WIDTH = 160
"""Columns where no terminal says how wide it is."""

out = Console(highlight=False, width=None if sys.stdout.isatty() or "COLUMNS" in os.environ else PIPE_WIDTH)
err = Console(stderr=True, highlight=False)

Folder = Annotated[
    str, typer.Option("--project", "-p", envvar="TENURE_FOLDER", help="Folder of the project.", show_default="here")
]
AsJson = Annotated[bool, typer.Option("--json", help="JSON instead of tables.")]


@dataclass(frozen=True)
class Column:
    """One column of a table that is shown."""

    title: str
    of: Callable[[Mapping[str, Any]], Any]
    right: bool = False
    style: str = ""


def column(name: str, title: str | None = None, form: Callable[[Any], str] = str, *, right: bool = False) -> Column:
    """A column that shows a field of the row; None is shown as a dash."""

    def text(row: Mapping[str, Any]) -> str:
        value = row[name]
        return "–" if value is None else form(value)

    return Column(name.replace("_", " ") if title is None else title, text, right)


def number(name: str, title: str | None = None, decimals: int = 0, unit: str = "") -> Column:
    """A right-aligned number with thousands separators."""
    return column(name, title, lambda value: f"{value:,.{decimals}f}{unit}", right=True)


def share(name: str, title: str | None = None, decimals: int = 1) -> Column:
    """A right-aligned share, as per cent."""
    return column(name, title, lambda value: f"{value:.{decimals}%}", right=True)


def show_table(rows: Iterable[Mapping[str, Any]], columns: Sequence[Column], title: str = "") -> None:
    """Print rows as a table."""
    table = Table(
        title=title or None, title_justify="left", title_style="bold", header_style="dim", box=None, pad_edge=False
    )
    for entry in columns:
        # A number that is broken over two lines cannot be read.
        table.add_column(
            entry.title,
            justify="right" if entry.right else "left",
            style=entry.style,
            overflow="fold",
            no_wrap=entry.right,
        )
    for row in rows:
        table.add_row(*[escape(str(entry.of(row))) for entry in columns])
    out.print(table)


def say(text: str, style: str = "", indent: int = 0) -> None:
    """Print a sentence; what came from the log is never taken for markup."""
    shown = Padding(escape(text), (0, 0, 0, indent)) if indent else escape(text)
    # A path that another program reads must not be broken over lines.
    out.print(shown, style=style, soft_wrap=not (indent or out.is_terminal))


def show_json(value: Any) -> None:
    """Print machine-readable JSON: tables as lists of rows, times in ISO 8601, no number as null, nothing beside it."""
    json.dump(_plain(value), sys.stdout, ensure_ascii=False, indent=2, allow_nan=False)
    sys.stdout.write("\n")


def _plain(value: Any) -> Any:
    if isinstance(value, pa.Table):
        return _plain(value.to_pylist())
    if isinstance(value, Mapping):
        return {key: _plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, str | int) else str(value)


def complain(text: str) -> None:
    """Print an error to stderr, as one line that programs can search."""
    err.print(f"[bold red]tenure:[/] {escape(text)}", soft_wrap=True)


def words(name: Any) -> str:
    """A name from a table as people write it.

    >>> words("at_risk")
    'at risk'
    """
    return str(name).replace("_", " ")


@contextmanager
def unbroken() -> Iterator[None]:
    """Say, when the user interrupts, that the former results are whole; exit code 130."""
    try:
        yield
    except KeyboardInterrupt:
        complain("Interrupted; the former results are as they were.")
        raise typer.Exit(130) from None


@contextmanager
def progress_bars() -> Iterator[Callable[[str, float, float | None], None]]:
    """Progress on stderr: yields a function (stage, done, total); a total of None is a stage of unknown length."""
    bars = Progress(
        SpinnerColumn(finished_text="[green]✓[/]"),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=err,
        transient=False,
    )
    tasks: dict[str, Any] = {}

    def report(stage: str, done: float, total: float | None) -> None:
        if not tasks:
            bars.start()  # not before: what fails at once says no more than why
        if stage not in tasks:
            tasks[stage] = bars.add_task(stage, total=total)
        bars.update(tasks[stage], completed=done, total=total)

    try:
        yield report
    finally:
        if tasks:
            bars.stop()
