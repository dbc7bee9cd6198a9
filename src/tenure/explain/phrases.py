"""The smallest parts of a sentence: a number with its noun, a feature with its value, things in a row."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tenure.retention.reasons import money, percent


@dataclass(frozen=True, slots=True)
class FeatureWords:
    """What is said of one input of the forecast (a row of the result table `features`)."""

    name: str
    theme: str
    description: str
    scaling: str


def number(value: float) -> str:
    """A quantity as people say it: whole when it is nearly whole or large.

    >>> number(3.0), number(3.46), number(0.128), number(1234.5), number(-0.004)
    ('3', '3.5', '0.13', '1,234', '0')
    """
    if abs(value) >= 10:
        return f"{value:,.0f}"
    text = f"{value:.1f}" if abs(value) >= 1 else f"{value:.2f}"
    text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def counted(n: float, noun: str) -> str:
    """A number with its noun.

    >>> counted(1, "day"), counted(12.4, "day"), counted(2, "category"), counted(0, "purchase")
    ('1 day', '12 days', '2 categories', '0 purchases')
    """
    said = number(n)
    return f"{said} {noun if said == '1' else _plural(noun)}"


def listed(things: Sequence[str]) -> str:
    """Things in a row.

    >>> listed([]), listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])
    ('', 'a', 'a and b', 'a, b and c')
    """
    return " and ".join([", ".join(things[:-1]), things[-1]] if len(things) > 1 else things)


def feature_phrase(feature: FeatureWords, value: float | None, *, currency: str = "") -> str:
    """One input with its value, as part of a sentence.

    >>> feature_phrase(FeatureWords("n_events_30", "volume", "activities in the last 30 days", "log"), 12)
    '12 activities in the last 30 days'
    >>> feature_phrase(FeatureWords("recency_days", "rhythm", "days since the last activity", "log"), 1.0)
    '1 day since the last activity'
    >>> feature_phrase(FeatureWords("weekend_share", "habits", "share of activity on weekends", "share"), 0.4)
    'share of activity on weekends: 40%'
    >>> feature_phrase(FeatureWords("value_30", "money", "value of the last 30 days", "log"), 41.2, currency="$")
    'value of the last 30 days: $41'
    >>> feature_phrase(FeatureWords("gap_median_days", "rhythm", "typical (median) pause", "log"), None)
    'typical (median) pause: not known'
    """
    head, _, explanation = feature.description.partition(": ")
    if value is None or not math.isfinite(value):
        return f"{head}: not known"
    first, *rest = feature.description.split(" ")
    is_counted = feature.name.startswith("n_") or (feature.name.endswith("_days") and first == "days")
    if is_counted and number(value) != "1":
        return f"{number(value)} {feature.description}"
    if is_counted:
        # "different items" is counted by its second word, "days since ..." by its first.
        words = [_singular(first), *rest] if first.endswith("s") else [first, *map(_singular, rest[:1]), *rest[1:]]
        return f"1 {' '.join(words)}"
    if feature.theme == "trend":
        return f"{head}: {_trend(value)}"
    said = f"{head}: {_with_unit(feature, value, currency)}"
    return f"{said} ({explanation})" if explanation else said


def _trend(value: float) -> str:
    """A trend between -1 (stopped) and 1 (started) in a word."""
    if abs(value) < 0.1:
        return "steady"
    if value > 0:
        return "just started" if value == 1 else "up"
    return "stopped" if value == -1 else "down"


def _with_unit(feature: FeatureWords, value: float, currency: str) -> str:
    if feature.scaling == "share":
        return percent(value)
    if feature.theme == "money" and feature.scaling == "log":
        return money(value, currency)
    if feature.name.endswith("_days"):
        return counted(value, "day")
    return counted(value, "minute") if feature.name.endswith("_minutes") else number(value)


def _plural(noun: str) -> str:
    if noun.endswith("y") and noun[-2:-1] not in {*"aeiou"}:
        return noun[:-1] + "ies"
    return noun + ("es" if noun.endswith(("s", "x", "ch", "sh")) else "s")


def _singular(noun: str) -> str:
    return noun[:-3] + "y" if noun.endswith("ies") else noun.removesuffix("s")
