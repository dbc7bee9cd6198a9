"""Fixtures for every test."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings
from simulated_project import SETTINGS

# The same examples every time: a law that fails does so for whoever looks.
settings.register_profile("fixed", derandomize=True)
settings.load_profile("fixed")

for name, value in SETTINGS.items():
    os.environ.setdefault(name, value)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data that lies beside a developer's checkout; tests that need it are skipped without it."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("TENURE_SHARED_DATA", beside))
    if not folder.is_dir():
        pytest.skip("needs real data that the project does not ship (set TENURE_SHARED_DATA to its folder)")
    return folder
