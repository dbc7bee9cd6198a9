"""`tenure predict`, `evaluate`, `explain`: forecasts of every user, their proof, and the reasons for one of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import pyarrow as pa
import pyarrow.compute as pc
import typer
from rich.markup import escape

from tenure.cli import app
from tenure.cli.display import (
    AsJson,
    Folder,
    column,
    number,
    out,
    progress_bars,
    say,
    show_json,
    show_table,
    unbroken,
    words,
)
from tenure.cli.heart import show_heart
from tenure.cli.returning import show_return_evidence, show_returns
from tenure.errors import ConfigError
from tenure.prediction.tasks import Task, parse_task
from tenure.project import open_project
from tenure.storage.model_registry import ModelVersion
from tenure.storage.tables import check_target, write_table
from tenure.storage.versions import write_text
from tenure.wording import counted, money, percent

Tasks = Annotated[
    list[str] | None,
    typer.Option("--task", help="Such as commit:30d, churn:90d, churn:30d@active, value:90d, return; may be repeated."),
]
AsOf = Annotated[str | None, typer.Option(help="The moment, such as 2017-12-01. Default: just after the last event.")]

SHOWN = ("log_loss", "auc", "average_precision", "average_precision_churn", "ece")
SHOWN_OF_AMOUNTS = ("rmse", "mae", "normalised_gini", "total_ratio")


@app.command()
def predict(
    tasks: Tasks = None,
    as_of: AsOf = None,
    version: Annotated[str | None, typer.Option(help="A version of the models; default: the one in use.")] = None,
    to: Annotated[Path | None, typer.Option(help="Write all rows to this file: .parquet, .csv or .jsonl.")] = None,
    n: Annotated[int, typer.Option("-n", help="Number of rows to show.", min=1)] = 20,
    folder: Folder = ".",
    as_json: AsJson = False,
) -> None:
    """Forecast every user by the models in use, with ranges. Trains nothing: that is `tenure evaluate` or `run`."""
    project = open_project(folder)
    if to is not None:
        check_target(to)
    with progress_bars() as progress:
        table = project.predict(*(tasks or ()), as_of=as_of, version=version, progress=progress)
    if to is not None:
        write_table(table, to)
        if not as_json:
            say(f"{table.num_rows:,} forecasts: {to}")
            return
    if as_json:
        show_json(table)
        return
    currency = project.settings.resolved_domain().currency
    for name in dict.fromkeys(table["task"].to_pylist()):
        task, rows = parse_task(name), table.filter(pc.equal(table["task"], name))
        if task.kind == "return":
            show_returns(rows, task, n)
        else:
            _show_task(rows, task, currency, n)
    say(_RANGES, style="dim")


def _show_task(rows: pa.Table, task: Task, currency: str, n: int) -> None:
    said = _form(task, currency)
    total = said(pc.sum(rows["value"]).as_py()) if task.is_amount else said(pc.mean(rows["value"]).as_py())
    whole = "in total" if task.is_amount else "on average"
    show_table(
        rows.sort_by([("value", "descending")]).slice(0, n).to_pylist(),
        [
            column("user_id", "user"),
            column("value", "expected" if task.is_amount else "chance", said, right=True),
            column("low_80", "80 % from", said, right=True),
            column("high_80", "to", said, right=True),
            column("low_95", "95 % from", said, right=True),
            column("high_95", "to", said, right=True),
        ],
        title=f"{task.name}: {counted(rows.num_rows, 'user')}, {whole} {total}",
    )
    say("")


_RANGES = (
    "Ranges: of an amount, where 80 or 95 of 100 such users will lie; of a chance, where the share among users with "
    "such a forecast will lie; of a return, between which days it is (–: later than was ever watched). All rows: "
    "--to forecasts.parquet."
)


def _form(task: Task, currency: str) -> Callable[[float], str]:
    return partial(money, currency=currency) if task.is_amount else partial(percent)


@app.command()
def evaluate(
    what: Annotated[
        str | None, typer.Argument(help="`heart`: how the trained sequence model does. Default: all forecasts.")
    ] = None,
    tasks: Tasks = None,
    as_of: AsOf = None,
    no_promote: Annotated[
        bool, typer.Option("--no-promote", help="Keep the new version silent until `tenure models promote`.")
    ] = False,
    folder: Folder = ".",
    as_json: AsJson = False,
) -> None:
    """Train every model, let the best speak, and prove it: a leaderboard per task on later time, with intervals."""
    project = open_project(folder)
    if what is not None:
        if what != "heart":
            raise ConfigError(f"evaluate: there is no '{what}' to evaluate; did you mean 'heart'?")
        show_heart(project.heart, as_json=as_json)
        return
    before = project.models.in_use()
    with unbroken(), progress_bars() as progress:
        made = project.evaluate(*(tasks or ()), as_of=as_of, promote=False if no_promote else None, progress=progress)
    if as_json:
        evidence = {name: made.table(name) for name in made.tables()}
        show_json({"version": made.name, "card": str(made.folder / "card.html"), **made.manifest, **evidence})
        return
    show_leaderboards(made)
    in_use = project.models.in_use() == made.name
    say(f"Models:  {made.name} ({_standing(made.name, before, in_use=in_use)})")
    say(f"Card:    {made.folder / 'card.html'}")


def _standing(name: str, before: str | None, *, in_use: bool) -> str:
    if not in_use:
        return f"not in use; tenure models promote {name}"
    return "in use" if before is None else f"in use from now on, before {before}; tenure models rollback takes it back"


def show_leaderboards(made: ModelVersion) -> None:
    """Print who won which task, on later time."""
    metrics, gains = made.table("prediction_metrics").to_pylist(), made.table("prediction_gains").to_pylist()
    for task in dict.fromkeys(row["task"] for row in metrics):
        population = next(row["population"] for row in metrics if row["task"] == task)
        here = [row for row in metrics if row["task"] == task and row["population"] == population]
        shown = SHOWN_OF_AMOUNTS if parse_task(task).is_amount else SHOWN
        leading = shown[0]
        behind = {
            row["baseline"]: row
            for row in gains
            if (row["task"], row["population"], row["metric"]) == (task, population, leading)
        }
        rows: list[dict[str, Any]] = []
        for model in dict.fromkeys(row["model"] for row in here):
            of_model = {row["metric"]: row for row in here if row["model"] == model}
            gain = behind.get(model)
            rows.append(
                {
                    "model": f"{model} *" if of_model[leading]["is_champion"] else model,
                    **{metric: of_model[metric]["value"] for metric in shown},
                    "gain": gain and f"{gain['difference']:+.4f} [{gain['low']:+.4f}, {gain['high']:+.4f}]",
                }
            )
        n_users = here[0]["n_users"]
        show_table(
            rows,
            [
                column("model"),
                *(number(metric, words(metric), 4) for metric in shown),
                column("gain", f"champion minus it, {words(leading)} (95 %)", right=True),
            ],
            title=f"{task}: {population}, {n_users:,} forecasts of later time",
        )
        if "ranges" in made.tables():
            _show_ranges([row for row in made.table("ranges").to_pylist() if row["task"] == task])
        say("")
    show_return_evidence(made)
    say("* in use: the simplest model that no other beat beyond chance on earlier cut-offs.", style="dim")


def _show_ranges(rows: Sequence[Mapping[str, Any]]) -> None:
    for row in rows:
        say(
            f"Ranges of {row['level']:.0%}: {percent(row['coverage'], 1)} of {counted(row['n_users'], 'amount')} of "
            f"the newest test cut-off lay in them (95 %: {percent(row['low'], 1)} to {percent(row['high'], 1)})."
        )


@app.command()
def explain(
    user: Annotated[str, typer.Argument(help="Id of a user.")],
    task: Annotated[str | None, typer.Option(help="Default: churn within the domain's horizon.")] = None,
    as_of: AsOf = None,
    html: Annotated[Path | None, typer.Option(help="Write the explanation with its pictures to this page.")] = None,
    folder: Folder = ".",
    as_json: AsJson = False,
) -> None:
    """Why a forecast of a user is what it is, in words and bars, and what would change it."""
    from tenure.explain.forecasts import TaskWords, act_sentences, heading, reason_bars, why_sentences
    from tenure.prediction.explaining.whatif import NOT_CAUSAL

    project = open_project(folder)
    domain = project.settings.resolved_domain()
    with progress_bars() as progress:
        told = project.explain(user, task or f"churn:{domain.horizon_days}d", as_of=as_of, progress=progress)
    if html is not None:
        from tenure.report.explanation import build_explanation

        write_text(html, build_explanation(told, domain))
        say(f"Explanation: {html}")
        return
    if as_json:
        show_json(
            {
                name: getattr(told, name)
                for name in ("user_id", "as_of", "model", "forecast", "usual", "reasons", "acts", "notes")
            }
        )
        return
    said = TaskWords.of(told.task, domain)
    out.rule(escape(f"{user}, {told.task.name}, at {told.as_of:%Y-%m-%d}"), align="left")
    say(heading(said, told.forecast, told.usual))
    rows = told.reasons.to_pylist()
    for sentence in why_sentences(rows, told.words, said):
        say(sentence)
    say("")
    show_reasons(
        reason_bars(rows, told.words, said),
        title="By theme" if told.task.is_amount else "By theme, in log-odds (+0.7 doubles the odds)",
    )
    if told.acts is not None and told.acts.num_rows:
        say("\nWhat would change it")
        for sentence in act_sentences(told.acts.to_pylist(), said):
            say(sentence, indent=2)
        say(NOT_CAUSAL, style="dim")
    for note in told.notes:
        say(note, style="dim")


def show_reasons(bars: Sequence[Mapping[str, str]], title: str) -> None:
    """Print what speaks for and against a forecast; see `explain.forecasts.reason_bars`."""
    show_table(
        bars, [column("theme"), column("effect", "effect", right=True), column("bar", ""), column("why")], title=title
    )
