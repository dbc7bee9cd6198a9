"""The example on simulated users runs, and says what the truth is."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "known_truth.py"


def test_known_truth(capsys: pytest.CaptureFixture[str]) -> None:
    names = runpy.run_path(str(EXAMPLE))
    said = capsys.readouterr().out
    assert f"{names['everybody'].sum()} if everybody were" in said
    assert names["everybody"].sum() > names["nobody"].sum() > 0
