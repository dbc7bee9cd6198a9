"""Numbers as people write them: rounded to what can be known, with their unit."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TypeGuard

NOTHING = "–"
"""Stands where there is no number."""


def is_known(value: float | None) -> TypeGuard[float]:
    """Is there a number? Neither null nor NaN is one."""
    return value is not None and math.isfinite(value)


def count(n: float | None) -> str:
    """How many?

    >>> count(12345)
    '12,345'
    """
    return f"{n:,.0f}" if is_known(n) else NOTHING


def percent(share: float | None, decimals: int = 0) -> str:
    """Which part, in hundredths? A small part is never shown as nothing, nor a large one as all.

    >>> percent(0.184), percent(0.184, 1), percent(0.0004), percent(0.9996), percent(1.0, 1)
    ('18%', '18.4%', '<1%', '>99%', '100%')
    """
    if not is_known(share):
        return NOTHING
    step = 10.0**-decimals
    if share in {0, 1}:
        return f"{100 * share:.0f}%"
    shown = round(100 * share, decimals)
    if shown == 0 and share > 0:
        return f"<{step:.{decimals}f}%"
    if shown == 100 and share < 1:
        return f">{100 - step:.{decimals}f}%"
    return f"{shown + 0.0:.{decimals}f}%"


def money(amount: float | None, currency: str = "") -> str:
    """How much money, to three figures at most above a thousand?

    >>> money(41234, "$"), money(0.5, "$"), money(312.4, "$"), money(-2.5e6, "$"), money(999_600, "$")
    ('$41.2k', '$0.50', '$312', '−$2.5M', '$1M')
    """
    if not is_known(amount):
        return NOTHING
    sign, size = ("−" if amount < 0 else ""), abs(amount)
    for scale, letter in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if size >= 0.9995 * scale:
            shown = float(f"{size / scale:.3g}")
            return f"{sign}{currency}{shown:g}{letter}"
    return f"{sign}{currency}{size:.0f}" if size >= 9.995 else f"{sign}{currency}{size:.2f}"


def decimal(value: float | None, digits: int = 3) -> str:
    """A measure, to this many significant figures.

    >>> decimal(0.88912), decimal(12.4), decimal(-0.0412), decimal(1500.2)
    ('0.889', '12.4', '−0.0412', '1,500')
    """
    if not is_known(value):
        return NOTHING
    if value == 0:
        return "0"
    places = max(digits - 1 - math.floor(math.log10(abs(value))), 0)
    return f"{value:,.{places}f}".replace("-", "−")


def fixed(value: float | None, places: int = 3) -> str:
    """A measure between 0 and 1 or so, to this many decimal places.

    >>> fixed(0.07), fixed(-0.0412), fixed(-0.0001)
    ('0.070', '−0.041', '0.000')
    """
    if not is_known(value):
        return NOTHING
    return f"{round(value, places) + 0.0:.{places}f}".replace("-", "−")  # + 0.0: no minus before a zero


def several(n: int, noun: str) -> str:
    """A number of things.

    >>> several(1, "day"), several(3, "day"), several(2, "category"), several(2, "purchase"), several(2, "watch")
    ('1 day', '3 days', '2 categories', '2 purchases', '2 watches')
    """
    return f"{count(n)} {noun if n == 1 else plural(noun)}"


def spelled(n: int) -> str:
    """A small number as a word.

    >>> spelled(3), spelled(40)
    ('three', '40')
    """
    words = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
    return words[n] if 0 <= n < len(words) else count(n)


def plural(noun: str) -> str:
    """More than one of these.

    >>> plural("user"), plural("story"), plural("day"), plural("match")
    ('users', 'stories', 'days', 'matches')
    """
    if noun.endswith("y") and noun[-2:-1] not in {*"aeiou"}:
        return noun[:-1] + "ies"
    return noun + ("es" if noun.endswith(("s", "x", "ch", "sh")) else "s")


def enumerated(things: Iterable[str]) -> str:
    """Things in one sentence.

    >>> enumerated(["a", "b", "c"]), enumerated(["a"])
    ('a, b and c', 'a')
    """
    listed = list(things)
    return " and ".join([", ".join(listed[:-1]), listed[-1]] if len(listed) > 1 else listed)
