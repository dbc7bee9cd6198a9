"""One look for every chart: few colours, no ornament, legible on white and on near-black.

Grounds are transparent, and text and lines are a middle grey, so a figure can be put on a page of either theme as it
is. A page that knows its theme may restyle text and lines by CSS (`report/templates/report.css` does); it never has to
touch the marks.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from html import escape

import plotly.graph_objects as go

BLUE = "#3b7dd8"
TEAL = "#14967f"
AMBER = "#d9822b"
RED = "#c9485b"
PURPLE = "#8a63d2"
SKY = "#4fa3d8"
OLIVE = "#8b9a2b"
BROWN = "#a3765a"
GREY = "#8a94a3"
"""Middle tones, legible on white and on near-black. Never the only sign: whatever they tell apart is labelled too."""

SERIES = (BLUE, AMBER, TEAL, PURPLE, RED, SKY, OLIVE, BROWN, GREY)
"""Colours of things without an order, in order of use."""

STAGE_COLOURS = {
    "acquired": SKY,
    "activated": BLUE,
    "retained": "#3f62b8",
    "growing": TEAL,
    "advocate": OLIVE,
    "at_risk": AMBER,
    "dormant": BROWN,
    "churned": GREY,
    "resurrected": PURPLE,
}
"""One colour per stage of life, the same in every chart. Cool = present, warm = leaving, grey = gone."""

STAGES = tuple(STAGE_COLOURS)
"""The stages in the order in which a life usually runs."""

RAMP = [[0.0, "rgba(59,125,216,0.03)"], [1.0, "rgba(59,125,216,0.80)"]]
"""Little -> much. Transparent at the low end, so that it works on any ground."""

DIVERGING = [
    [0.0, "rgba(217,130,43,0.85)"],
    [0.5, "rgba(217,130,43,0.0)"],
    [0.5, "rgba(59,125,216,0.0)"],
    [1.0, "rgba(59,125,216,0.85)"],
]
"""Less than usual -> usual -> more than usual."""

TEXT = "#748091"
LINE = "rgba(128,140,155,0.28)"

_AXIS = {
    "automargin": True,
    "ticklabelstandoff": 4,
    "gridcolor": LINE,
    "linecolor": LINE,
    "zerolinecolor": LINE,
    "ticks": "",
    "title": {"standoff": 10, "font": {"size": 12}},
}

TEMPLATE = go.layout.Template(
    layout={
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "colorway": SERIES,
        "font": {"family": "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif", "size": 12, "color": TEXT},
        "title": {"x": 0, "xanchor": "left", "font": {"size": 15}},
        "margin": {"l": 8, "r": 12, "t": 12, "b": 8},
        "xaxis": {**_AXIS, "showgrid": False},
        "yaxis": {**_AXIS, "showgrid": True},
        "legend": {
            "orientation": "h",
            "x": 0,
            "xanchor": "left",
            "y": 1.02,
            "yanchor": "bottom",
            "traceorder": "normal",
        },
        "hoverlabel": {
            "font": {"size": 12, "color": "#ffffff"},
            "bgcolor": "#2b3542",
            "bordercolor": "#2b3542",
            "align": "left",
        },
        "bargap": 0.28,
        "dragmode": False,
    },
    data={"bar": [{"marker": {"line": {"width": 0}}}], "scatter": [{"marker": {"line": {"width": 0}}}]},
)


def figure(title: str, *, height: int = 320, x: str = "", y: str = "", legend: bool = False) -> go.Figure:
    """An empty figure in the house's look, with the finding as its title and the axes named with their units."""
    made = go.Figure()
    made.update_layout(template=TEMPLATE, title_text=title, height=height, showlegend=legend)
    made.update_xaxes(title_text=x)
    made.update_yaxes(title_text=y)
    return made


def labelled_bars(
    title: str,
    labels: Sequence[str],
    lengths: Sequence[float],
    said: Sequence[str],
    *,
    colour: str | Sequence[str],
    room: float = 1.4,
    row_height: int = 34,
) -> go.Figure:
    """A horizontal bar for each label, from the bottom up, with its number written behind it instead of an axis.

    `room`: length of the axis, in lengths of the longest bar; what is beyond the bar holds the writing.
    """
    made = figure(title, height=60 + row_height * max(len(labels), 1))
    made.add_bar(
        orientation="h",
        y=labels,
        x=lengths,
        marker_color=colour,
        text=said,
        textposition="outside",
        cliponaxis=False,
        hoverinfo="skip",
    )
    made.update_xaxes(visible=False, range=[0, room * max(lengths, default=1)])
    made.update_yaxes(showgrid=False, type="category")
    return made


def name(word: str) -> str:
    """How a value of a column is written for people.

    >>> name("at_risk")
    'at risk'
    """
    return word.replace("_", " ")


def label(text: object, width: int = 40) -> str:
    """Text that came from outside, made safe and short for a chart, where Plotly would read markup.

    >>> label("<b>BREAD</b>")
    '&lt;b&gt;BREAD&lt;/b&gt;'
    >>> label("a very long title of an item", 12)
    'a very long…'
    """
    words = " ".join(str(text).split())
    if len(words) > width:
        words = words[: width - 1].rstrip() + "…"
    return escape(words, quote=False)


def wrapped(text: object, width: int, *, most_lines: int = 2) -> str:
    """Text from outside, safe for a chart, on as many lines as it needs, up to a limit.

    >>> wrapped("days since the <last> activity", 16)
    'days since the<br>&lt;last&gt; activity'
    >>> wrapped("one two three", 5)
    'one<br>two…'
    """
    lines = textwrap.wrap(" ".join(str(text).split()), width) or [""]
    kept = [*lines[: most_lines - 1], " ".join(lines[most_lines - 1 :])]
    return "<br>".join(label(line, width) for line in kept if line)


def stage_colour(stage: str) -> str:
    """The colour of a stage; grey for one that this version does not know."""
    return STAGE_COLOURS.get(stage, GREY)


def in_stage_order(stages: set[str]) -> list[str]:
    """These stages in the order of a life, unknown ones last.

    >>> in_stage_order({"churned", "acquired"})
    ['acquired', 'churned']
    """
    return [s for s in STAGES if s in stages] + sorted(stages - set(STAGES))


def faded(colour: str, alpha: float) -> str:
    """This colour, see-through.

    >>> faded("#3b7dd8", 0.4)
    'rgba(59,125,216,0.4)'
    """
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{alpha:g})"
