"""Numbers and nouns as people write them: rounded to what can be known, with their unit."""

from __future__ import annotations

import math
import re
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


def number(value: float | None) -> str:
    """A quantity as people say it: whole when it is nearly whole or large.

    >>> number(3.0), number(3.46), number(0.128), number(1234.5), number(-0.004)
    ('3', '3.5', '0.13', '1,234', '0')
    """
    if not is_known(value):
        return NOTHING
    if abs(value) >= 10:
        return _with_minus(f"{value:,.0f}")
    text = f"{value:.1f}" if abs(value) >= 1 else f"{value:.2f}"
    text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else _with_minus(text)


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
    return _with_minus(f"{value:,.{places}f}")


def fixed(value: float | None, places: int = 3) -> str:
    """A measure between 0 and 1 or so, to this many decimal places.

    >>> fixed(0.07), fixed(-0.0412), fixed(-0.0001)
    ('0.070', '−0.041', '0.000')
    """
    if not is_known(value):
        return NOTHING
    return _with_minus(f"{round(value, places) + 0.0:.{places}f}")  # + 0.0: no minus before a zero


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
    """How much money? With cents only when small, to three figures when large.

    >>> money(0, "$"), money(0.456, "$"), money(312.4, "$"), money(4123.4, "$"), money(41_234, "$"), money(-2.5e6, "$")
    ('$0', '$0.46', '$312', '$4,123', '$41.2k', '−$2.5M')
    """
    if not is_known(amount):
        return NOTHING
    size = abs(amount)
    sign = "−" if amount < 0 and size >= 0.005 else ""
    for scale, letter in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if size >= max(0.9995 * scale, 9_999.5):
            return f"{sign}{currency}{float(f'{size / scale:.3g}'):g}{letter}"
    places = 2 if 0.005 <= size < 9.995 else 0
    return f"{sign}{currency}{size:,.{places}f}"


def counted(n: float, noun: str) -> str:
    """A number with its noun.

    >>> counted(1, "day"), counted(12.4, "day"), counted(1.5, "day"), counted(2, "category"), counted(0, "purchase")
    ('1 day', '12 days', '1.5 days', '2 categories', '0 purchases')
    """
    said = number(n)
    return f"{said} {noun if said == '1' else plural(noun)}"


def times(n: float) -> str:
    """How often?

    >>> times(1), times(2), times(6)
    ('once', 'twice', '6 times')
    """
    return "once" if n == 1 else "twice" if n == 2 else f"{number(n)} times"


def span(days: float) -> str:
    """How long?

    >>> span(0.3), span(1), span(14)
    ('less than a day', '1 day', '14 days')
    """
    return "less than a day" if days < 1 else counted(days, "day")


def ago(days: float) -> str:
    """How long ago? Age 0 is the last 24 hours.

    >>> ago(0), ago(1), ago(14)
    ('less than a day ago', '1 day ago', '14 days ago')
    """
    return f"{span(days)} ago"


def spelled(n: int) -> str:
    """A small number as a word.

    >>> spelled(3), spelled(40)
    ('three', '40')
    """
    words = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
    return words[n] if 0 <= n < len(words) else count(n)


_HEAD = re.compile(r"(.+?)((?: (?:to|of|in|on|at|for|from|with)\b.*)?)", re.DOTALL)
"""A noun, and what a preposition hangs on it."""


def plural(noun: str) -> str:
    """More than one of these.

    >>> plural("user"), plural("story"), plural("day"), plural("match"), plural("view to the end")
    ('users', 'stories', 'days', 'matches', 'views to the end')
    """
    parts = _HEAD.fullmatch(noun)
    head, rest = parts.groups() if parts else (noun, "")
    if head.endswith("y") and head[-2:-1] not in {*"aeiou"}:
        return f"{head[:-1]}ies{rest}"
    return f"{head}{'es' if head.endswith(('s', 'x', 'ch', 'sh')) else 's'}{rest}"


def article(noun: str) -> str:
    """One of these.

    >>> article("purchase"), article("order"), article("user"), article("hour")
    ('a purchase', 'an order', 'a user', 'an hour')
    """
    sounds_like_vowel = re.match(r"[aeio](?!ne\b|u)|u(?!ni|s)|hour|hono|heir", noun, re.IGNORECASE)
    return f"{'an' if sounds_like_vowel else 'a'} {noun}"


def listed(things: Iterable[str], last: str = "and") -> str:
    """Things in a row.

    >>> listed([]), listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"], "or")
    ('', 'a', 'a and b', 'a, b or c')
    """
    row = list(things)
    return f" {last} ".join([", ".join(row[:-1]), row[-1]] if len(row) > 1 else row)


def _with_minus(text: str) -> str:
    return text.replace("-", "−")
