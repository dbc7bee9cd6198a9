"""What a section of the report consists of: plain values, which the template only draws."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar, Literal, NamedTuple

import plotly.graph_objects as go


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A picture with its finding as a title above it."""

    kind: ClassVar = "chart"
    title: str
    spec: str
    """The figure as JSON that is safe inside a script element."""
    height: int
    note: str = ""
    """How to read it, in one sentence."""
    is_wide: bool = False
    least_width: int = 0
    """Pixels below which the chart scrolls inside its frame instead of shrinking."""


class Noted(NamedTuple):
    """A text and something smaller below it: a number's interval, a title's id."""

    text: str
    small: str


Cell = str | Noted


class Column(NamedTuple):
    """A column of a grid."""

    title: str
    kind: Literal["text", "number", "status"] = "text"


@dataclass(frozen=True, kw_only=True)
class Grid:
    """A table of texts."""

    kind: ClassVar = "grid"
    caption: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    note: str = ""
    is_wide: bool = True
    is_folded: bool = False
    """Shown only when asked for."""


@dataclass(frozen=True, kw_only=True)
class Card:
    """A small thing with a name, a number and a sentence."""

    title: str
    figure: str
    text: str
    points: Sequence[str] = ()
    colour: str = ""


@dataclass(frozen=True, kw_only=True)
class Cards:
    """Cards side by side."""

    kind: ClassVar = "cards"
    cards: Sequence[Card]
    is_wide: bool = True

    @property
    def n_columns(self) -> int:
        """As many side by side as leave no last row nearly empty."""
        n = len(self.cards)
        return n if n <= 5 else min((5, 4, 3), key=lambda columns: -n % columns)


@dataclass(frozen=True, kw_only=True)
class Prose:
    """Paragraphs, with an optional heading."""

    kind: ClassVar = "prose"
    paragraphs: Sequence[str]
    title: str = ""
    is_wide: bool = True


Block = Chart | Grid | Cards | Prose


@dataclass(frozen=True, kw_only=True)
class Section:
    """One question and what the run says about it."""

    id: str
    title: str
    short: str
    """The title in the table of contents."""
    lead: str
    """The answer in a sentence or two; when `blocks` is empty, why there is none."""
    blocks: Sequence[Block] = field(default=())


def chart(figure: go.Figure, *, note: str = "", is_wide: bool = False, least_width: int = 0) -> Chart:
    """A figure as a block: its title moves out into the page, where it wraps and can be read aloud."""
    title, height = html.unescape(figure.layout.title.text or ""), int(figure.layout.height)
    figure = go.Figure(figure).update_layout(title_text=None, height=None)
    # Inside <script> only "<" can end the element; U+2028 and U+2029 are plain characters in JSON.
    spec = figure.to_json().replace("<", "\\u003c")
    return Chart(
        title=title,
        spec=spec,
        height=height,
        note=note,
        is_wide=is_wide,
        least_width=least_width,
    )


def level(*charts: Chart) -> list[Chart]:
    """Charts that stand side by side, made equally high."""
    height = max(c.height for c in charts)
    return [replace(c, height=height) for c in charts]


def text_columns(*titles: str) -> list[Column]:
    """Columns of text."""
    return [Column(title) for title in titles]


def number_columns(*titles: str) -> list[Column]:
    """Columns of numbers, aligned to the right."""
    return [Column(title, "number") for title in titles]
