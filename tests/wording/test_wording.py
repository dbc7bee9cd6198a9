"""Numbers and nouns are said the same everywhere, and never further from the truth than their rounding."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenure import wording


def read(said: str) -> float:
    """A number as it was said, as a number again."""
    return float(said.replace(",", "").replace("−", "-"))


@given(st.floats(0, 1), st.integers(0, 2))
def test_percent_says_nothing_or_all_only_when_it_is(share, decimals):
    said = wording.percent(share, decimals)
    assert (float(said[:-1]) == 0 if said[0] not in "<>" else False) == (share == 0)
    assert (said.startswith("100")) == (share == 1)


@given(st.floats(-1e12, 1e12))
def test_money_is_within_its_rounding(amount):
    said = wording.money(amount, "$").replace("$", "")
    scale = {"k": 1e3, "M": 1e6, "B": 1e9}.get(said[-1], 1.0)
    assert read(said.rstrip("kMB")) * scale == pytest.approx(amount, rel=0.051, abs=0.0051)
    assert scale == 1 or abs(amount) > 9_999, "what can be written out in four figures is"


@given(st.floats(-1e12, 1e12))
def test_a_number_is_within_its_rounding(value):
    step = 0.5 if abs(value) >= 10 else 0.05 if abs(value) >= 1 else 0.005
    assert abs(read(wording.number(value)) - value) <= step * (1 + 1e-9) + abs(value) * 1e-9


@pytest.mark.parametrize(
    ("amount", "said"),
    [(-0.001, "$0"), (9.994, "$9.99"), (9.996, "$10"), (9_999.4, "$9,999"), (9_999.6, "$10k"), (999_600, "$1M")],
)
def test_money_where_its_form_changes(amount, said):
    assert wording.money(amount, "$") == said


@pytest.mark.parametrize(
    "write", [wording.count, wording.number, wording.percent, wording.money, wording.decimal, wording.fixed]
)
def test_what_is_not_known_is_a_dash(write):
    assert write(None) == write(float("nan")) == wording.NOTHING


@pytest.mark.parametrize(
    ("n", "noun", "said"),
    [
        (1.04, "day", "1 day"),
        (0, "watch", "0 watches"),
        (2, "play", "2 plays"),
        (3, "class", "3 classes"),
        (2, "article read", "2 article reads"),
        (2, "view to the end", "2 views to the end"),
        (2, "cup of tea at home", "2 cups of tea at home"),
        (12_345, "user", "12,345 users"),
    ],
)
def test_a_number_with_its_noun(n, noun, said):
    assert wording.counted(n, noun) == said
