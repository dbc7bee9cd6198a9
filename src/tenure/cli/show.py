"""`tenure show USER`: one user, from the first event to the plan, each thing with its reason."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich.markup import escape

from tenure.cli import app
from tenure.cli.display import AsJson, Folder, column, number, out, say, share, show_json, show_table
from tenure.cli.forecasts import show_reasons
from tenure.prediction.tasks import Task
from tenure.project import open_project
from tenure.run import Run

N_EVENTS = 8
"""Rows of the timeline."""


@app.command()
def show(
    user: Annotated[str, typer.Argument(help="Id of a user.")], folder: Folder = ".", as_json: AsJson = False
) -> None:
    """One user: timeline, profile, stage, forecasts, recommendations and plan, each with its reason."""
    done = open_project(folder).last_run
    known = done.show(user)
    if as_json:
        show_json(known)
        return
    out.rule(escape(f"{user} at {done.as_of:%Y-%m-%d}"), align="left")
    say(done.story(user))
    _timeline(done, user)
    _taste(known)
    _why(known, done, user)
    _slate(known, done)
    _plan(known)


def _timeline(done: Run, user: str) -> None:
    say("")
    show_table(
        done.timeline(user)[-N_EVENTS:],
        [
            column("day", "", lambda day: f"{day:%a %Y-%m-%d}"),
            column("what"),
            number("value", decimals=2),
            number("n_items", "items"),
        ],
        title="Last days with anything",
    )


def _taste(known: Mapping[str, Any]) -> None:
    liked = [row for row in known["taste"] if row["dimension"] == "category"][:6]
    if liked:
        say("")
        columns = [column("name", "category"), share("share"), number("lift", "against average", 1, "x")]
        show_table(liked, columns, title="Taste")


def _why(known: Mapping[str, Any], done: Run, user: str) -> None:
    from tenure.explain.forecasts import TaskWords, reason_bars, words_of
    from tenure.prediction.explaining.catalogue import catalogue

    if not known["predictions"]:
        return
    say("")
    chance = f"{known['predictions'][0]['p_commit']:.0%}"
    if not known["reasons"]:
        say(f"`tenure explain {user}` tells why P(commit) is {chance}.")
        return
    domain = done.settings.resolved_domain()
    task = TaskWords.of(Task(kind="commit", horizon_days=domain.horizon_days), domain)
    bars = reason_bars(known["reasons"], words_of(catalogue(), domain), task)
    show_reasons(bars, title=f"Why P(commit) is {chance}: by theme, in log-odds (+0.7 doubles the odds)")


def _slate(known: Mapping[str, Any], done: Run) -> None:
    slate = known["recommendations"]
    if not slate:
        return
    titles = done.titles([row["item_id"] for row in slate])
    say("")
    show_table(
        [{**row, "title": titles.get(row["item_id"])} for row in slate],
        [column("rank", "#"), column("item_id", "item"), column("title"), column("reason")],
        title="Recommended",
    )


def _plan(known: Mapping[str, Any]) -> None:
    for row in known["plan"]:
        say(f"\nPlan: {row['strategy'].replace('_', ' ')}. {row['reason']}")
