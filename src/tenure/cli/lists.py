"""Commands that show results of the newest run: segments, rules, flow, cohorts, plan, recommend, report."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import pyarrow as pa
import pyarrow.compute as pc
import typer

from tenure.cli import app
from tenure.cli.display import AsJson, Folder, column, number, say, share, show_json, show_table, words
from tenure.errors import ConfigError
from tenure.project import open_project
from tenure.run import Run
from tenure.schema import SEPARATOR
from tenure.wording import counted

Count = Annotated[int, typer.Option("-n", help="Number of rows to show.", min=1)]


def _run(folder: str) -> Run:
    return open_project(folder).last_run


def _rows(table: pa.Table) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = table.to_pylist()
    return rows


@app.command()
def segments(folder: Folder = ".", as_json: AsJson = False) -> None:
    """Groups of users alike in what they do, named by what sets them apart."""
    done = _run(folder)
    table = done.table("segments")
    if as_json:
        show_json(table)
        return
    show_table(
        _rows(table),
        [column("segment", "#"), column("name"), number("n_users", "users"), share("share"), column("description")],
        title=f"Segments at {done.as_of:%Y-%m-%d}",
    )
    choice = next((row for row in _rows(done.table("segment_choice")) if row["is_chosen"]), None)
    if choice:
        say(f"\nStability (two halves agree, 1 = wholly): {choice['stability']:.2f}", style="dim")


@app.command()
def rules(
    level: Annotated[
        Literal["category", "item"], typer.Option(help="Rules between categories or single items.")
    ] = "category",
    n: Count = 20,
    folder: Folder = ".",
    as_json: AsJson = False,
) -> None:
    """What goes into the same basket more often than chance would put it there."""
    done = _run(folder)
    table = done.table("rules")
    chosen = table.filter(pc.equal(table.column("level"), level))
    if as_json:
        show_json(chosen)
        return
    shown = _rows(chosen.slice(0, n))
    names = _titles_of_rules(done, shown) if level == "item" else {}
    show_table(
        shown,
        [
            column("antecedent", "who takes", lambda things: _named(things, names)),
            column("consequent", "also takes", lambda things: _named(things, names)),
            share("confidence"),
            number("lift", decimals=1, unit="x"),
            share("support", decimals=2),
            number("n_baskets", "baskets"),
        ],
    )
    if not shown:
        other = "item" if level == "category" else "category"
        say(
            f"No rules between {level} names: too few baskets hold two of them, or the log has none. "
            f"Try --level {other}."
        )
    elif chosen.num_rows > n:
        say(f"\n{chosen.num_rows:,} rules between {level} names; -n shows more.", style="dim")


def _titles_of_rules(done: Run, rows: list[dict[str, Any]]) -> dict[str, str]:
    return done.titles(
        [item for row in rows for side in ("antecedent", "consequent") for item in row[side].split(SEPARATOR)]
    )


def _named(things: str, names: Mapping[str, str]) -> str:
    return SEPARATOR.join(f"{names[thing]} ({thing})" if thing in names else thing for thing in things.split(SEPARATOR))


@app.command()
def flow(folder: Folder = ".", as_json: AsJson = False) -> None:
    """Stages of life: how many users are in each, and where they move; growth accounting by period."""
    done = _run(folder)
    stages, moves, growth = done.table("stages"), done.table("transitions"), done.table("growth")
    counts = stages.group_by("stage").aggregate([("user_id", "count")]).rename_columns(["stage", "n_users"])
    counts = counts.append_column("share", pc.divide(counts.column("n_users").cast(pa.float64()), stages.num_rows))
    counts = counts.sort_by([("n_users", "descending")])
    if as_json:
        show_json({"stages": counts, "transitions": moves, "growth": growth})
        return
    show_table(
        _rows(counts),
        [column("stage", form=words), number("n_users", "users"), share("share")],
        title=f"Stages at {done.as_of:%Y-%m-%d}",
    )
    say("")
    _show_moves(_rows(moves))
    say("")
    show_table(
        _rows(growth)[-12:],
        [
            column("period_start", "period", lambda day: f"{day:%Y-%m-%d}"),
            number("n_active", "active"),
            number("n_new", "new"),
            number("n_returning", "returning"),
            number("n_resurrecting", "resurrecting"),
            number("n_dormant", "dormant"),
            number("quick_ratio", decimals=2),
            column("is_complete", "", lambda complete: "" if complete else "still running"),
        ],
        title="Growth accounting",
    )


def _show_moves(moves: list[dict[str, Any]]) -> None:
    """From each stage, where users are at the next look, the most likely first."""
    onward: dict[str, list[str]] = {}
    for row in sorted(moves, key=lambda row: -row["p"]):
        onward.setdefault(row["from_stage"], []).append(f"{words(row['to_stage'])} {row['p']:.0%}")
    rows = [{"stage": stage, "next": ", ".join(onward[stage])} for stage in sorted(onward)]
    show_table(rows, [column("stage", "from", words), column("next", "to")], title="From one look to the next")


@app.command()
def cohorts(
    rule: Annotated[
        Literal["on", "on-or-after"], typer.Option(help="Active at that age, or at that age or later.")
    ] = "on",
    clock: Annotated[
        Literal["calendar", "rolling"],
        typer.Option(help="Age in calendar periods, or in 24-hour days from the first event."),
    ] = "calendar",
    period: Annotated[Literal["day", "week", "month"] | None, typer.Option(help="Default: as in the report.")] = None,
    n: Annotated[int, typer.Option("-n", help="Ages to show.", min=1)] = 12,
    folder: Folder = ".",
    as_json: AsJson = False,
) -> None:
    """Which share of each first-time cohort comes back, by age. Ages that no user can have reached yet are blank."""
    table = _run(folder).cohorts(rule="on_or_after" if rule == "on-or-after" else "on", clock=clock, period=period)
    if as_json:
        show_json(table)
        return
    cells: dict[Any, dict[str, Any]] = {}
    for row in _rows(table):
        line = cells.setdefault(row["cohort_start"], {"cohort": row["cohort_start"], "users": row["n_users"]})
        if row["age"] <= n:
            line[str(row["age"])] = row["rate"] if row["is_complete"] else None
    ages = sorted({int(key) for line in cells.values() for key in line if key.isdigit()})
    show_table(
        [{str(age): None for age in ages} | line for line in cells.values()],
        [
            column("cohort", form=lambda start: f"{start:%Y-%m-%d}"),
            number("users"),
            *[column(str(age), form=_blank_or_share, right=True) for age in ages],
        ],
        title=f"Retention, {rule.replace('-', ' ')} age, {clock} clock",
    )


def _blank_or_share(rate: float) -> str:
    return f"{rate:.1%}"


@app.command()
def plan(
    budget: Annotated[float | None, typer.Option(help="Plan anew with this budget, without a new run.", min=0)] = None,
    n: Count = 15,
    folder: Folder = ".",
    as_json: AsJson = False,
) -> None:
    """To whom what: a strategy for each user, the best stakes first, with a control group."""
    done = _run(folder)
    decisions, strategies = done.table("plan"), done.table("strategies")
    if budget is not None:
        made = done.plan(budget)
        decisions, strategies = made.users, made.strategies
    if as_json:
        show_json({"strategies": strategies, "plan": decisions})
        return
    money = done.settings.resolved_domain().currency
    show_table(
        [row for row in _rows(strategies) if row["n_users"]],
        [
            column("title", "strategy"),
            column("aim"),
            number("n_users", "users"),
            number("n_selected", "chosen"),
            number("stake", f"stake {money}".strip()),
            number("cost", f"cost {money}".strip()),
        ],
        title=f"Strategies at {done.as_of:%Y-%m-%d}",
    )
    say("")
    best = decisions.filter(decisions.column("is_selected")).sort_by([("stake", "descending")])
    show_table(
        _rows(best.slice(0, n)),
        [
            column("user_id", "user"),
            column("strategy", form=words),
            column("stage", form=words),
            share("p_churn", "P(churn)", 0),
            number("stake", f"stake {money}".strip()),
            column("reason"),
        ],
        title="Best stakes",
    )
    n_control = pc.sum(decisions.column("is_control")).as_py() or 0
    say(f"\n{counted(n_control, 'user')} left alone at random, so that the effect can be measured.", style="dim")
    say("Costs and effects of the strategies are assumptions until that group has measured them.", style="dim")


@app.command()
def recommend(
    user: Annotated[str | None, typer.Argument(help="Id of a user.")] = None,
    everybody: Annotated[bool, typer.Option("--all", help="Everybody in the log.")] = False,
    k: Annotated[int | None, typer.Option("-k", help="Items per user. Default: the domain's.", min=1, max=1000)] = None,
    folder: Folder = ".",
    as_json: AsJson = False,
) -> None:
    """What to show to a user, in order, each with its reason."""
    if (user is None) == (not everybody):
        raise ConfigError("recommend: name one user, or say --all")
    done = _run(folder)
    table = done.recommend(user, k)
    if as_json:
        show_json(table)
        return
    titles = done.titles(table["item_id"].unique().to_pylist())
    shown = [{**row, "title": titles.get(row["item_id"])} for row in _rows(table)]
    columns = [column("rank", "#"), column("item_id", "item"), column("title"), column("source"), column("reason")]
    show_table(shown, columns if user else [column("user_id", "user"), *columns])
    if not shown:
        say("Nothing can be recommended: the log has no items, or none is allowed to this user.")


@app.command()
def report(
    to: Annotated[Path | None, typer.Option("--to", help="Copy the report there.")] = None,
    folder: Folder = ".",
    as_json: AsJson = False,
) -> None:
    """Where the HTML report of the newest run is."""
    done = _run(folder)
    path = done.report
    if to is not None:
        to.parent.mkdir(parents=True, exist_ok=True)
        path = Path(shutil.copyfile(done.report, to))
    found: Mapping[str, Any] = {"report": str(path.resolve()), "as_of": done.manifest["as_of"]}
    if as_json:
        show_json(found)
    else:
        say(found["report"])
