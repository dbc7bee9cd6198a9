"""`tenure value`: what users will be worth, in all, by group and one by one, and how sure that is."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

import pyarrow as pa
import pyarrow.compute as pc
import typer

from tenure.cli import app
from tenure.cli.display import AsJson, Column, Folder, column, number, progress_bars, say, show_json, show_table, words
from tenure.domain import Domain
from tenure.project import open_project
from tenure.storage.tables import check_target, write_table
from tenure.wording import counted, money, plural
from tenure.wording import number as amount

MOST_AGES = 6
"""Ages shown of the curves of cohorts."""


@app.command()
def value(
    days: Annotated[
        int | None, typer.Option(help="How far ahead. Default: as \\[value] days says.", min=1, max=3650)
    ] = None,
    discount: Annotated[
        float | None,
        typer.Option(help="What a year's waiting takes off. Default: as \\[value] discount says.", min=0, max=10),
    ] = None,
    by: Annotated[Literal["stage", "segment"] | None, typer.Option(help="Only this way to group.")] = None,
    as_of: Annotated[str | None, typer.Option(help="The moment. Default: that of the last run.")] = None,
    to: Annotated[Path | None, typer.Option("--to", help="Write all users to this .parquet, .csv or .jsonl.")] = None,
    n: Annotated[int, typer.Option("-n", help="Number of users to show.", min=1)] = 20,
    folder: Folder = ".",
    as_json: AsJson = False,
) -> None:
    """What users will be worth: in all, by stage and segment, one by one, each with its range; and who says so."""
    project = open_project(folder)
    choices = {name: said for name, said in (("days", days), ("discount", discount)) if said is not None}
    if to is not None:
        check_target(to)
    with progress_bars() as progress:
        valued = project.value(as_of, progress=progress, **choices)
    users, totals = valued.tables["lifetime_values"], valued.tables["lifetime_totals"]
    if to is not None:
        write_table(users, to)
        if not as_json:
            say(f"{counted(users.num_rows, 'user')}: {to}")
            return
    if by is not None:
        totals = totals.filter(pc.is_in(totals["by"], pa.array(["all", by])))
    if as_json:
        show_json({**valued.tables, "lifetime_totals": totals, "notes": list(valued.notes)})
        return
    domain = project.settings.resolved_domain()
    said = _form(domain, is_money=valued.unit == "money")
    _show_totals(totals, said)
    _show_users(users, said, n, domain)
    _show_cohorts(valued.tables["cohort_values"], said)
    _show_proof(valued.tables, domain)
    for note in valued.notes:
        say(note, style="dim")


def _form(domain: Domain, *, is_money: bool) -> Callable[[float], str]:
    return partial(money, currency=domain.currency) if is_money else amount


def _ranged(said: Callable[[float], str]) -> list[Column]:
    return [
        column("expected_value", "expected", said, right=True),
        column("low_80", "80 % from", said, right=True),
        column("high_80", "to", said, right=True),
        column("low_95", "95 % from", said, right=True),
        column("high_95", "to", said, right=True),
    ]


def _show_totals(totals: pa.Table, said: Callable[[float], str]) -> None:
    rows = totals.to_pylist()
    whole = rows[0]
    for by in dict.fromkeys(row["by"] for row in rows):
        here = sorted((row for row in rows if row["by"] == by), key=lambda row: -row["expected_value"])
        rate = f", discounted {whole['annual_discount']:.0%} a year" if whole["annual_discount"] else ""
        title = f"Value of the next {counted(whole['days'], 'day')}{rate}" if by == "all" else ""
        show_table(here, [column("group", by, words), number("n_users", "users"), *_ranged(said)], title=title)
        say("")


def _show_users(users: pa.Table, said: Callable[[float], str], n: int, domain: Domain) -> None:
    show_table(
        users.sort_by([("expected_value", "descending")]).slice(0, n).to_pylist(),
        [
            column("user_id", "user"),
            number("expected_commitments", plural(domain.commitment_noun), 1),
            *_ranged(said),
            column("p_alive", "still there", lambda share: f"{share:.0%}", right=True),
        ],
        title="Of the highest value",
    )
    if users.num_rows > n:
        say(f"{counted(users.num_rows, 'user')} in all; --to values.parquet writes them.", style="dim")
    say("")


def _show_cohorts(curves: pa.Table, said: Callable[[float], str]) -> None:
    """What a user of each cohort had brought by some ages, and in brackets what was to be expected."""
    rows = [row for row in curves.to_pylist() if row["observed"] is not None]
    reached = sorted({row["age"] for row in rows})
    n_shown = min(len(reached), MOST_AGES)
    shown = [reached[i * (len(reached) - 1) // max(n_shown - 1, 1)] for i in range(n_shown)]
    lines: dict[Any, dict[str, Any]] = {}
    for row in rows:
        fresh = dict.fromkeys(map(str, shown)) | {"cohort": row["cohort_start"], "n_users": row["n_users"]}
        line = lines.setdefault(row["cohort_start"], fresh)
        line[str(row["age"])] = f"{said(row['observed'])} ({said(row['expected'])})"
    if not lines:
        return
    period = rows[0]["period"]
    show_table(
        lines.values(),
        [
            column("cohort", form=lambda start: f"{start:%Y-%m-%d}"),
            number("n_users", "users"),
            *(column(str(age), f"{period} {age + 1}", right=True) for age in shown),
        ],
        title=f"Brought by one user of each cohort by the end of a {period} (and expected of a new one)",
    )
    say("")


def _show_proof(tables: Any, domain: Domain) -> None:
    if "value_holdout" not in tables:
        return
    show_table(
        tables["value_holdout"].to_pylist(),
        [
            column("repeats", "repeats before", right=True),
            number("n_users", "users"),
            number("actual", "came", 2),
            number("expected", "expected", 2),
        ],
        title=f"Held out: {plural(domain.commitment_noun)} per user",
    )
    say("")
