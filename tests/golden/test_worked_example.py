"""The page that explains the two formulas by hand is executed, and says the numbers it promises."""

import doctest
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "worked_example.md"


def test_the_page_runs():
    found = doctest.testfile(str(PAGE), module_relative=False)
    assert found.attempted >= 15
    assert found.failed == 0


def test_the_page_shows_the_two_numbers_of_the_idea():
    text = PAGE.read_text(encoding="utf-8")
    assert "array([0.537])" in text
    assert "array([0.47])" in text
