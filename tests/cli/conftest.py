"""A shop that was run once, and a way to call the command."""

from __future__ import annotations

import csv
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from simulated_project import SETTINGS, shop, world

from tenure import cli
from tenure.cli import display
from tenure.project import Project


@pytest.fixture(autouse=True)
def nothing_from_outside(monkeypatch):
    for name in [name for name in os.environ if name.startswith("TENURE_") and name not in SETTINGS]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("COLUMNS", "160")


@pytest.fixture(scope="session")
def shop_with_run(tmp_path_factory) -> Project:
    project = shop(tmp_path_factory.mktemp("cli") / "shop")
    project.run()
    return project


@pytest.fixture(scope="session")
def sources(tmp_path_factory) -> Path:
    """The same customers as CSV files, in words that tenure has to be told."""
    folder = tmp_path_factory.mktemp("sources")
    made = world()
    words = {"user_id": "shopper", "item_id": "sku", "event_type": "event", "timestamp": "at", "value": "paid"}
    rows = made.events.slice(0, 2_000).to_pylist()
    for part in range(2):
        with (folder / f"part{part}.csv").open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(words.values())
            writer.writerows([row[name] for name in words] for row in rows[part::2])
    return folder


@dataclass
class Said:
    """What a command said, and how it left."""

    code: int
    out: str
    err: str

    @property
    def is_one_line(self) -> bool:
        """Stderr holds one line, and it says whose."""
        return self.err.startswith("tenure: ") and self.err.count("\n") == 1

    @property
    def json(self) -> Any:
        """Stdout as strict JSON: no NaN, nothing beside it."""

        def refuse(word):
            raise AssertionError(f"{word} is not JSON")

        return json.loads(self.out, parse_constant=refuse)


@pytest.fixture
def tenure(capsys, monkeypatch):
    """Calls the command in this process, whatever the width of the terminal that the tests run in."""
    monkeypatch.setattr(display.out, "_width", display.PIPE_WIDTH)

    def call(*arguments: object) -> Said:
        capsys.readouterr()
        code = cli.run([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return Said(code, out, err)

    return call
