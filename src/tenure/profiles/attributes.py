"""User attributes from other sources (age band, region, plan ...) as columns of numbers."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

OTHER = "other"
"""Stands for every value of an attribute that is too rare for a column of its own."""

_AMOUNT = r"[$€£]?\s*(\d+(?:,\d{3})*(?:\.\d+)?)\s*([kKmM]?)"
_RANGE = re.compile(rf"{_AMOUNT}\s*(?:-|–|to)\s*{_AMOUNT}")
_FROM = re.compile(rf"(?:over|above|>=?)?\s*(-?){_AMOUNT}\s*(?:\+|or more|and over|and above)?", re.IGNORECASE)
_UP_TO = re.compile(rf"(?:under|below|up to|less than|<=?)\s*{_AMOUNT}", re.IGNORECASE)
_LONGEST = 40  # characters of a number or range with its words
_LIMIT = 1e40  # NaN, infinity and numbers beyond any attribute read as no number
_UNIT = {"": 1.0, "k": 1e3, "m": 1e6}


@dataclass(frozen=True, kw_only=True)
class AttributesConfig:
    """How attributes become columns."""

    numeric_share: float = 0.9
    """An attribute is a number when at least this share of its values reads as one."""
    min_share: float = 0.02
    """A word that at least this share of the users with the attribute have gets a column of its own."""
    max_values: int = 8
    """The most columns for the words of one attribute, `other` not counted."""


@dataclass(frozen=True, slots=True)
class Attributes:
    """Which attributes are numbers, which are words, and which words are frequent: learnt once, applied to anyone."""

    numeric: tuple[str, ...]
    """One column each."""
    words: tuple[tuple[str, str], ...]
    """(attribute, word): one column each, 1 where the user has that word; `other` stands for all rarer ones."""

    @classmethod
    def fit(cls, attributes: Sequence[str | None], config: AttributesConfig = AttributesConfig()) -> Self:
        """What do other sources say about users? `attributes`: a JSON object per user, or None.

        >>> rows = ['{"age": "18-24", "plan": "free"}', '{"age": "65+", "plan": "paid"}']
        >>> encoder = Attributes.fit(rows)
        >>> encoder.names
        ('age', 'plan=free', 'plan=paid')
        >>> encoder.transform([*rows, None]).tolist()
        [[21.0, 1.0, 0.0], [65.0, 0.0, 1.0], [nan, nan, nan]]
        """
        rows = [_parsed(text) for text in attributes]
        numeric: list[str] = []
        words: list[tuple[str, str]] = []
        for name in sorted({name for row in rows for name in row}):
            values = [row[name] for row in rows if name in row]
            if sum(number(value) is not None for value in values) >= config.numeric_share * len(values):
                numeric.append(name)
            else:
                words += [(name, word) for word in _frequent(values, config)]
        return cls(tuple(numeric), tuple(words))

    @property
    def names(self) -> tuple[str, ...]:
        """[F]: the columns, words as `attribute=word`."""
        return (*self.numeric, *(f"{name}={word}" for name, word in self.words))

    def transform(self, attributes: Sequence[str | None]) -> NDArray[np.float64]:
        """One row per user, [B, F]; NaN where a source says nothing about the user."""
        number_of = {text: i for i, text in enumerate(dict.fromkeys(attributes))}  # many users have the same attributes
        rows = np.full((len(number_of), len(self.names)), np.nan)
        frequent: dict[str, dict[str, int]] = {}
        for column, (name, word) in enumerate(self.words, start=len(self.numeric)):
            frequent.setdefault(name, {})[word] = column
        for text, row in zip(number_of, rows, strict=True):
            self._fill(row, _parsed(text), frequent)
        values: NDArray[np.float64] = rows[[number_of[text] for text in attributes]]
        return values

    def _fill(self, row: NDArray[np.float64], known: Mapping[str, Any], frequent: Mapping[str, dict[str, int]]) -> None:
        for column, name in enumerate(self.numeric):
            if name in known:
                row[column] = number(known[name])
        for name, columns in frequent.items():
            if name in known:
                row[list(columns.values())] = 0.0
                chosen = columns.get(str(known[name]), columns.get(OTHER))
                if chosen is not None:
                    row[chosen] = 1.0

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """The fitted encoder as arrays of text."""
        return {
            "numeric": np.array(self.numeric, dtype=np.str_),
            "words": np.array(self.words, dtype=np.str_).reshape(-1, 2),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """The encoder that `to_arrays` wrote."""
        return cls(tuple(arrays["numeric"].tolist()), tuple((name, word) for name, word in arrays["words"].tolist()))


def attributes_of(users: pa.Table, user_ids: pa.Array | pa.ChunkedArray) -> list[str | None]:
    """The JSON attributes of these users, in this order, from a table of schema.USERS; None for users it lacks."""
    rows = pc.index_in(user_ids, value_set=users["user_id"].combine_chunks())
    found: list[str | None] = users["attributes"].take(rows).to_pylist()
    return found


def number(value: Any) -> float | None:
    """The number a value stands for; a range stands for its middle, an open range for its end, other words for None.

    >>> [number(v) for v in (7, True, "12.5", "45-54", "65+", "50-74K", "Under 15K", "$1,000 to $2,000")]
    [7.0, 1.0, 12.5, 49.5, 65.0, 62000.0, 15000.0, 1500.0]
    >>> [number(v) for v in ("2020-01-31", "1.2.3", "unknown", "", [1])]
    [None, None, None, None, None]
    """
    if isinstance(value, int | float):
        return float(value) if abs(value) < _LIMIT else None
    if not isinstance(value, str) or len(value) > _LONGEST:
        return None
    text = value.strip()
    if match := _RANGE.fullmatch(text):
        low, low_unit, high, high_unit = match.groups()
        # In "50-74K" the unit of the end counts for both.
        return (_amount(low, low_unit or high_unit) + _amount(high, high_unit)) / 2
    if match := _UP_TO.fullmatch(text):
        return _amount(*match.groups())
    if match := _FROM.fullmatch(text):
        sign, amount, unit = match.groups()
        return -_amount(amount, unit) if sign else _amount(amount, unit)
    return None


def _amount(digits: str, unit: str) -> float:
    return float(digits.replace(",", "")) * _UNIT[unit.lower()]


def _parsed(text: str | None) -> dict[str, Any]:
    """The plain values of a JSON object; what is not one says nothing."""
    try:
        parsed = json.loads(text) if text else {}
    except (ValueError, RecursionError):
        return {}
    if not isinstance(parsed, dict):
        return {}
    return {name: value for name, value in parsed.items() if isinstance(value, str | int | float) and value != ""}


def _frequent(values: Sequence[Any], config: AttributesConfig) -> list[str]:
    counts = Counter(str(value) for value in values)
    common = [word for word, n in counts.items() if n >= config.min_share * len(values)]
    common = sorted(common, key=lambda word: (-counts[word], word))[: config.max_values]
    has_rest = bool(common) and sum(counts[word] for word in common) < len(values)
    # A word that is itself "other" joins the rest.
    return [*sorted(set(common) - {OTHER}), *([OTHER] if has_rest or OTHER in common else [])]
