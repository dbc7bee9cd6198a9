"""`tenure train heart`, `evaluate heart`, `embed`: the sequence model, its proof, and its vectors."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq
import typer

from tenure.cli import app
from tenure.cli.display import (
    AsJson,
    Folder,
    column,
    number,
    progress_bars,
    say,
    show_json,
    show_table,
    unbroken,
)
from tenure.errors import ConfigError
from tenure.project import open_project
from tenure.storage.tables import check_target, write_table

if TYPE_CHECKING:
    from tenure.sequence.checkpoints import Look

train = typer.Typer(no_args_is_help=True, help="Train a model that a run would only train in passing.")
app.add_typer(train, name="train")


@train.command("heart")
def train_heart(
    size: Annotated[str | None, typer.Option(help="xs, s, m, l or xl; default: [heart] size.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where an interrupted training stopped.")] = False,
    device: Annotated[str, typer.Option(help="cpu, cuda or cuda:1.")] = "cpu",
    processes: Annotated[int, typer.Option(min=1, max=64, help="Processes that learn together on this machine.")] = 1,
    minutes: Annotated[
        float | None, typer.Option(min=0.01, help="At most so long; default: [heart] most_minutes.")
    ] = None,
    as_of: Annotated[str | None, typer.Option(help="The moment. Default: just after the last event.")] = None,
    folder: Folder = ".",
    as_json: AsJson = False,
) -> None:
    """Train the sequence model until later time is not foretold better, judge it, and keep it. Ctrl-C loses nothing."""
    project = open_project(folder)
    looks: list[Look] = []

    def looked(look: Look) -> None:
        looks.append(look)
        ahead = "" if look.loss_ahead != look.loss_ahead else f", rest {look.loss_ahead:.3f}"
        said = f"epoch {look.epoch}: loss {look.loss:.3f}; later time: NDCG@10 {look.ndcg:.4f}{ahead}"
        print(f"{said} ({look.seconds:.0f} s)", file=sys.stderr, flush=True)  # noqa: T201  (progress)

    changes = {name: value for name, value in (("size", size), ("most_minutes", minutes)) if value is not None}
    with unbroken(), progress_bars() as progress:
        made = project.train_heart(
            as_of=as_of,
            device=device,
            n_processes=processes,
            resume=resume,
            looked=looked,
            progress=progress,
            **changes,
        )
    show_heart(made, as_json=as_json)


def show_heart(made: Path, *, as_json: bool) -> None:
    """Print what a trained heart is, and how it did on later time."""
    manifest: dict[str, Any] = json.loads((made / "manifest.json").read_text(encoding="utf-8"))
    evidence, looks = (pq.read_table(made / f"{name}.parquet") for name in ("evidence", "looks"))
    if as_json:
        show_json({"folder": str(made), **manifest, "evidence": evidence, "looks": looks})
        return
    rows = [{**row, "model": row["model"].replace("_", " "), "gain": _gain(row)} for row in evidence.to_pylist()]
    if rows:
        show_table(
            rows,
            [
                column("question"),
                column("metric"),
                column("model", "told by"),
                column("value", None, _short, right=True),
                column("gain", "heart better by (95 %)", right=True),
                number("n_users", "users"),
            ],
            title="What the heart foretells, on later time",
        )
    else:
        say("The log is too short for a test on later time: nothing is proven.")
    say(f"Weights: {manifest['n_weights']:,} ({manifest['settings']['size']}); learnt in {manifest['seconds']:.0f} s")
    say(f"Folder:  {made}")


def _gain(row: dict[str, Any]) -> str:
    """By how much the heart is better, as an interval; positive is good whatever the metric."""
    if row["gain_low"] is None:
        return ""
    low, high = row["gain_low"], row["gain_high"]
    if not row["is_better_high"]:
        low, high = -high, -low
    return f"{_short(low, sign=True)} to {_short(high, sign=True)}"


def _short(value: float, *, sign: bool = False) -> str:
    return f"{value:{'+' if sign else ''}.4g}"


@app.command()
def embed(
    users: Annotated[bool, typer.Option("--users", help="The state of every user.")] = False,
    items: Annotated[bool, typer.Option("--items", help="The vector of every item.")] = False,
    to: Annotated[Path | None, typer.Option(help="A file: .parquet or .jsonl. Default: Parquet on stdout.")] = None,
    folder: Folder = ".",
) -> None:
    """The vectors of the trained heart, as a table: `tenure embed --users > vectors.parquet`."""
    if users == items:
        raise ConfigError("embed: expected either --users or --items")
    what: Literal["users", "items"] = "users" if users else "items"
    project = open_project(folder)
    if to is not None:
        check_target(to)
    elif sys.stdout.isatty():
        raise ConfigError("embed: vectors are no text for a terminal; redirect them (> vectors.parquet) or give --to")
    with progress_bars() as progress:
        table = project.embed(what, progress=progress)
    if to is not None:
        write_table(table, to)
        say(f"{table.num_rows:,} vectors: {to}")
        return
    _write(table)


@app.command()
def lookalikes(
    users: Annotated[list[str], typer.Argument(help="Users to be like.")],
    k: Annotated[int, typer.Option("-k", min=1, help="So many users.")] = 20,
    folder: Folder = ".",
    as_json: AsJson = False,
) -> None:
    """The users who behave most like these, by the states of the trained heart: an audience from a few examples."""
    with progress_bars() as progress:
        found = open_project(folder).lookalikes(users, k, progress=progress)
    if as_json:
        show_json({"lookalikes": found})
        return
    rows = found.to_pylist()
    shown = [column("user_id", "user"), column("likeness", None, lambda v: f"{v:.3f}", right=True)]
    if len(users) > 1:
        shown.append(column("most_like", "most like"))
    show_table(rows, shown, title="Users most like " + ", ".join(users[:5]) + ("..." if len(users) > 5 else ""))


def _write(table: pa.Table) -> None:
    whole = io.BytesIO()
    pq.write_table(table, whole, compression="zstd")
    sys.stdout.buffer.write(whole.getvalue())
    sys.stdout.buffer.flush()
