"""Small worlds for tests of the whole way."""

from __future__ import annotations

import os

import pytest
from simulated_project import SETTINGS, shop

from tenure.project import Project


@pytest.fixture(autouse=True)
def nothing_from_outside(monkeypatch):
    for name in [name for name in os.environ if name.startswith("TENURE_") and name not in SETTINGS]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def shop_with_run(tmp_path_factory) -> Project:
    project = shop(tmp_path_factory.mktemp("python") / "shop")
    project.run()
    return project
