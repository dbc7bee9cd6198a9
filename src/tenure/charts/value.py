"""The value to come as pictures: what cohorts brought, who holds the value, and whether the model was right before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pyarrow as pa
from numpy.typing import NDArray

from tenure.charts import theme
from tenure.wording import count, money, number, percent

MOST_COHORTS = 5
MOST_GROUPS = 12


def cohort_curves(curves: pa.Table, *, currency: str = "") -> go.Figure:
    """What had a user of each cohort brought by each age, and what was to be expected of a new one?

    `curves`: `cohort_start, age, period, n_users, observed, expected`. Solid = observed, dashed = expected. Of many
    cohorts some are drawn, from the oldest to the youngest one that a line can be drawn of.
    """
    rows = [row for row in curves.to_pylist() if row["observed"] is not None]
    rows.sort(key=lambda row: (row["cohort_start"], row["age"]))
    period = rows[0]["period"] if rows else "period"
    form, said = _form(currency), _tick(period)
    chosen = _spread([start for start in sorted({row["cohort_start"] for row in rows}) if _lives(rows, start) > 1])
    title = _brought(rows, form, period)
    figure = theme.figure(title, height=380, x=f"{period}s since the first day", y="brought per user", legend=True)
    for start, colour in zip(chosen, theme.SERIES, strict=False):
        here = [row for row in rows if row["cohort_start"] == start]
        name, ages = f"{start:{said}}", [row["age"] + 1 for row in here]
        for what, dash in (("observed", "solid"), ("expected", "dash")):
            figure.add_scatter(
                x=ages,
                y=[row[what] for row in here],
                mode="lines",
                name=name,
                legendgroup=name,
                showlegend=what == "observed",
                line={"color": colour, "width": 2.5 if what == "observed" else 1.5, "dash": dash},
                customdata=[form(row[what]) for row in here],
                hovertemplate=f"{what} by {period} %{{x}}: %{{customdata}}<extra>{name}</extra>",
            )
    figure.update_xaxes(rangemode="tozero", nticks=8)
    figure.update_yaxes(rangemode="tozero", tickprefix=currency, nticks=6)
    return figure


def totals(table: pa.Table, *, by: str, currency: str = "") -> go.Figure:
    """Which groups will bring how much, and how sure is that?

    `table`: rows of `by, group, expected_value, low_80, high_80, low_95, high_95`; those of one way to group are drawn.
    """
    form = _form(currency)
    rows = sorted((row for row in table.to_pylist() if row["by"] == by), key=lambda row: row["expected_value"])
    rows = rows[-MOST_GROUPS:]
    figure = theme.figure(_most(rows), height=90 + 34 * max(len(rows), 1), x="value to come")
    for low, high, width in (("low_95", "high_95", 2), ("low_80", "high_80", 6)):
        for row in rows:
            figure.add_scatter(
                x=[row[low], row[high]],
                y=[row["group"]] * 2,
                mode="lines",
                line={"color": theme.faded(_colour(row["group"]), 0.55), "width": width},
                hoverinfo="skip",
            )
    figure.add_scatter(
        x=[row["expected_value"] for row in rows],
        y=[row["group"] for row in rows],
        mode="markers",
        marker={"color": [_colour(row["group"]) for row in rows], "size": 10},
        customdata=[
            f"{form(row['expected_value'])}<br>80%: {form(row['low_80'])} to {form(row['high_80'])}<br>"
            f"95%: {form(row['low_95'])} to {form(row['high_95'])}<br>{count(row['n_users'])} users"
            for row in rows
        ],
        hovertemplate="%{customdata}<extra></extra>",
    )
    names = [row["group"] for row in rows]
    figure.update_yaxes(
        showgrid=False, type="category", tickvals=names, ticktext=[theme.label(theme.name(name)) for name in names]
    )
    most = max((row["high_95"] for row in rows), default=0.0) or 1.0
    figure.update_xaxes(range=[-0.03 * most, 1.05 * most], tickprefix=currency, showgrid=True, nticks=6)
    return figure


def concentration(values: pa.Table) -> go.Figure:
    """Which share of the value to come do the users of the highest value hold?

    `values`: a row per user with `expected_value`.
    """
    steps = np.linspace(0, 1, 101)
    curve = _held(values, steps)
    title = f"The best tenth holds {percent(curve[10])} of the value to come"
    figure = theme.figure(
        title, height=340, x="users, those of the highest value first", y="share of the value to come"
    )
    figure.add_scatter(
        x=[0, 1], y=[0, 1], mode="lines", line={"color": theme.TEXT, "width": 1, "dash": "dot"}, hoverinfo="skip"
    )
    figure.add_scatter(
        x=steps,
        y=curve,
        mode="lines",
        line={"color": theme.BLUE, "width": 2.5},
        fill="tonexty",
        fillcolor=theme.faded(theme.BLUE, 0.12),
        hovertemplate="the best %{x:.0%} hold %{y:.0%}<extra></extra>",
    )
    figure.add_scatter(
        x=[0.1],
        y=[curve[10]],
        mode="markers",
        marker={"color": theme.AMBER, "size": 10},
        hovertemplate="the best %{x:.0%} hold %{y:.0%}<extra></extra>",
    )
    for update in (figure.update_xaxes, figure.update_yaxes):
        update(tickformat=".0%", range=[-0.02, 1.03], nticks=6)
    return figure


def tracking(table: pa.Table, *, what: str) -> go.Figure:
    """Did as much come as was expected, week after week?

    `table`: `end_days, cumulative_actual, cumulative_expected`, from the moment on up to which the model was fitted.
    `what` came, in the plural.
    """
    rows = sorted(table.to_pylist(), key=lambda row: row["end_days"])
    figure = theme.figure(_foreseen(rows, what), height=340, x="days held out", y=f"{what} so far", legend=True)
    lines = (
        ("came", "cumulative_actual", theme.BLUE, "solid"),
        ("expected", "cumulative_expected", theme.AMBER, "dash"),
    )
    for name, column, colour, dash in lines:
        figure.add_scatter(
            x=[0.0, *(row["end_days"] for row in rows)],
            y=[0.0, *(row[column] for row in rows)],
            mode="lines",
            name=name,
            line={"color": colour, "width": 2.5, "dash": dash},
            hovertemplate="by day %{x:.0f}: %{y:,.0f} " + name + "<extra></extra>",
        )
    figure.update_xaxes(rangemode="tozero", nticks=8)
    figure.update_yaxes(rangemode="tozero", nticks=6)
    return figure


def _held(values: pa.Table, steps: NDArray[np.float64]) -> NDArray[np.float64]:
    """Which share of the value do these shares of the users hold, the highest values first?"""
    worth = np.sort(values["expected_value"].to_numpy())[::-1]
    held = np.concatenate([[0.0], np.cumsum(worth)])
    whole = held[-1] if held[-1] > 0 else 1.0
    return np.interp(steps, np.linspace(0, 1, len(held)), held / whole)


def _form(currency: str) -> Callable[[float], str]:
    return partial(money, currency=currency) if currency else number


def _colour(group: str) -> str:
    return theme.STAGE_COLOURS.get(group, theme.BLUE)


def _tick(period: str) -> str:
    return "%b %Y" if period == "month" else "%d %b %Y"


def _lives(rows: Sequence[dict[str, Any]], start: Any) -> int:
    return sum(row["cohort_start"] == start for row in rows)


def _spread(things: Sequence[Any]) -> list[Any]:
    """At most so many of these, evenly spread, the first and the last among them."""
    n = min(len(things), MOST_COHORTS)
    return [things[i * (len(things) - 1) // max(n - 1, 1)] for i in range(n)]


def _brought(rows: Sequence[dict[str, Any]], form: Callable[[float], str], period: str) -> str:
    if not rows:
        return "No cohort has lived long enough yet"
    first = [row for row in rows if row["cohort_start"] == rows[0]["cohort_start"]][-1]
    return (
        f"A user of the first cohort brought {form(first['observed'])} by {period} {first['age'] + 1}; "
        f"{form(first['expected'])} was to be expected"
    )


def _most(rows: Sequence[dict[str, Any]]) -> str:
    whole = sum(row["expected_value"] for row in rows)
    if not whole > 0:
        return "No value is expected"
    name = theme.label(theme.name(rows[-1]["group"])).capitalize()
    return f"{name}: {percent(rows[-1]['expected_value'] / whole)} of the value to come"


def _foreseen(rows: Sequence[dict[str, Any]], what: str) -> str:
    if not rows or not rows[-1]["cumulative_actual"]:
        return f"No {what} came to compare with"
    off = rows[-1]["cumulative_expected"] / rows[-1]["cumulative_actual"] - 1
    if abs(off) < 0.005:
        return f"As many {what} came as expected"
    return f"{percent(abs(off))} {'more' if off > 0 else 'fewer'} {what} were expected than came"
