"""The smallest parts of a sentence about a user: a feature with its value."""

from __future__ import annotations

from dataclasses import dataclass

from tenure.wording import counted, is_known, money, number, percent


@dataclass(frozen=True, slots=True)
class FeatureWords:
    """What is said of one input of a forecast, or one feature of a profile."""

    name: str
    theme: str
    description: str
    scaling: str


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
    if not is_known(value):
        return f"{head}: not known"
    first, *rest = feature.description.split(" ")
    is_counted = feature.name.startswith("n_") or (feature.name.endswith("_days") and first == "days")
    if is_counted and number(value) != "1":
        return f"{number(value)} {feature.description}"
    if is_counted:
        # "different items" is counted by its second word, "days since ..." by its first.
        words = [_singular(first), *rest] if first.endswith("s") else [first, *map(_singular, rest[:1]), *rest[1:]]
        return f"1 {' '.join(words)}"
    said = f"{head}: {value_phrase(feature, value, currency=currency)}"
    return f"{said} ({explanation})" if explanation and feature.theme != "trend" else said


def value_phrase(feature: FeatureWords, value: float | None, *, currency: str = "") -> str:
    """The value of an input alone, with its unit.

    >>> value_phrase(FeatureWords("recency_days", "rhythm", "days since the last activity", "log"), 12.3)
    '12 days'
    >>> value_phrase(FeatureWords("event_trend_30", "trend", "activity against before: -1 stopped", "linear"), -0.4)
    'down'
    """
    if not is_known(value):
        return "not known"
    if feature.theme == "trend":
        return _trend(value)
    if feature.scaling == "share":
        return percent(value)
    if feature.theme == "money" and feature.scaling == "log":
        return money(value, currency)
    if feature.name.endswith("_days"):
        return counted(value, "day")
    return counted(value, "minute") if feature.name.endswith("_minutes") else number(value)


def _trend(value: float) -> str:
    """A trend between -1 (stopped) and 1 (started) in a word."""
    if abs(value) < 0.1:
        return "steady"
    if value > 0:
        return "just started" if value == 1 else "up"
    return "stopped" if value == -1 else "down"


def _singular(noun: str) -> str:
    return noun[:-3] + "y" if noun.endswith("ies") else noun.removesuffix("s")
