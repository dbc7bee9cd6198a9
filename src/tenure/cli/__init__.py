"""The command `tenure`. Results go to stdout (tables, or JSON with --json), progress and errors to stderr."""

from __future__ import annotations

import sys

import typer

from tenure.cli.display import complain
from tenure.errors import TenureError

app = typer.Typer(
    name="tenure",
    help="Manages the whole life of a product's users, with a recommender at its centre.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def main(arguments: list[str] | None = None) -> None:
    """Run the command; every error that tenure raises on purpose becomes one clear sentence.

    Exit codes: 0 = well, 1 = data not fit for use, 2 = a wrong setting, argument or source, 130 = interrupted.
    """
    sys.exit(run(arguments))


def run(arguments: list[str] | None = None) -> int:
    """The command without leaving the process; returns the exit code."""
    from tenure.cli import demo, forecasts, heart, lists, models, show, start, value  # noqa: F401  (they add their commands)

    code: str | int | None = 0
    try:
        app(args=arguments)
    except TenureError as error:
        complain(str(error))
        code = 2
    except OSError as error:
        complain(f"The system refused: {error}. The former results are as they were")
        code = 2
    except SystemExit as leaving:
        code = leaving.code
    return code if isinstance(code, int) else 0
