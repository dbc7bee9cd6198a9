"""How does a forecast go along one input, and where are the users?"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import plotly.graph_objects as go
import pyarrow as pa
import pyarrow.compute as pc

from tenure.charts import theme
from tenure.wording import count, money, number, percent

LEAST_SPAN = 0.1
"""A chance is drawn over at least this much, so that a flat curve looks flat."""

CURVES = (
    ("partial", "if everybody had this value", {"color": theme.GREY, "width": 1.5, "dash": "dot"}),
    ("local", "among users who are like this", {"color": theme.BLUE, "width": 2.5}),
)
"""Column, legend and line of the two curves."""


def dependence(curves: pa.Table, feature: str, named: str, *, scaling: str, currency: str | None = None) -> go.Figure:
    """How does the forecast go along one input? Below: how many users are where.

    Args:
        curves: rows of `feature, value, partial, local, low, high, n_users`.
        feature: whose curve is drawn.
        named: what it is called.
        scaling: of its values: those of heavy tails (log) are drawn at log(1 + value), though the axis says the values
            themselves; a share is written in per cent.
        currency: of a forecast amount; None for a probability.
    """
    rows = curves.filter(pc.equal(curves["feature"], feature)).to_pylist()
    y = "forecast chance" if currency is None else "forecast amount"
    figure = theme.figure(_finding(rows, currency), height=360, x=theme.label(named, 80), y=y, legend=True)
    figure.update_layout(
        yaxis={"domain": [0.24, 1], "tickformat": ".0%" if currency is None else None, "range": _range(rows, currency)},
        yaxis2={"domain": [0, 0.16], "visible": False},
        bargap=0,
    )
    figure.update_xaxes(anchor="y2")
    if not rows:
        return figure
    x = [_log_place(row["value"]) if scaling == "log" else row["value"] for row in rows]
    figure.add_scatter(
        x=[*x, *x[::-1]],
        y=[*(row["high"] for row in rows), *(row["low"] for row in rows[::-1])],
        fill="toself",
        fillcolor=theme.faded(theme.BLUE, 0.16),
        line={"width": 0},
        hoverinfo="skip",
        showlegend=False,
    )
    for column, label, line in CURVES:
        figure.add_scatter(
            x=x,
            y=[row[column] for row in rows],
            mode="lines",
            name=label,
            line=line,
            customdata=[[number(row["value"]), _told(row[column], currency)] for row in rows],
            hovertemplate="%{customdata[0]}: %{customdata[1]}<extra></extra>",
        )
    _add_density(figure, x, [row["n_users"] for row in rows[:-1]])
    if scaling == "log":
        ticks = _log_ticks(rows[0]["value"], rows[-1]["value"])
        figure.update_xaxes(tickvals=[_log_place(tick) for tick in ticks], ticktext=[number(tick) for tick in ticks])
    elif scaling == "share":
        figure.update_xaxes(tickformat=".0%")
    return figure


def _add_density(figure: go.Figure, edges: list[float], n_users: list[int]) -> None:
    width = [right - left for left, right in pairwise(edges)]
    figure.add_bar(
        x=[(left + right) / 2 for left, right in pairwise(edges)],
        width=width,
        y=[n / w for n, w in zip(n_users, width, strict=True)],
        customdata=[count(n) for n in n_users],
        marker={"color": theme.faded(theme.TEXT, 0.35)},
        hovertemplate="%{customdata} users<extra></extra>",
        showlegend=False,
        yaxis="y2",
    )


def _range(rows: list[dict[str, Any]], currency: str | None) -> list[float] | None:
    """What the axis of the forecast covers."""
    if not rows:
        return None
    low = min(min(row["low"], row["partial"]) for row in rows)
    high = max(max(row["high"], row["partial"]) for row in rows)
    middle, half = (low + high) / 2, 0.55 * (high - low)
    if currency is None:
        half = max(half, LEAST_SPAN / 2)
        middle = min(max(middle, half), 1 - half)  # chances lie between 0 and 1
    return [middle - half, middle + half]


def _finding(rows: list[dict[str, Any]], currency: str | None) -> str:
    if not rows:
        return "This input has one value only"
    first, last = rows[0]["local"], rows[-1]["local"]
    begins, ends = _told(first, currency), _told(last, currency)
    if begins == ends:
        return f"Begins and ends at {begins}"
    return f"{'Rises' if last > first else 'Falls'} from {begins} to {ends}"


def _told(value: float, currency: str | None) -> str:
    return percent(value) if currency is None else money(value, currency)


def _log_place(value: float) -> float:
    return math.copysign(math.log1p(abs(value)), value)


def _log_ticks(low: float, high: float) -> list[float]:
    steps = [0.0, *(digit * 10.0**power for power in range(9) for digit in (1, 3))]
    within = [step for step in steps if low <= step <= high]
    return within if len(within) > 1 else [low, high]
