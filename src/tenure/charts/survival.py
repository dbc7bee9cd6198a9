"""When do users come back: groups beside each other, and one user with what is likely for them?"""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go
import pyarrow as pa

from tenure.charts import theme
from tenure.wording import count, counted, is_known, percent

MOST_GROUPS = 9


def return_curves(curves: pa.Table, *, until_days: float | None = None) -> go.Figure:
    """Which share of each stage or segment is back by each day?

    `curves`: `group, n_users, day, p_returned, low?, high?`, a row per day and group. The pale bands
    are 95% intervals. The largest groups are drawn, stages in the order of a life. `until_days` ends the axis.
    """
    rows = [row for row in curves.to_pylist() if until_days is None or row["day"] <= until_days]
    sizes = {row["group"]: row["n_users"] for row in rows}
    shown = theme.in_stage_order(set(sorted(sizes, key=lambda group: (-sizes[group], group))[:MOST_GROUPS]))
    figure = theme.figure(_finding(rows), height=380, x="days from now", y="share back", legend=True)
    for group, fallback in zip(shown, theme.SERIES, strict=False):
        colour = theme.STAGE_COLOURS.get(group, fallback)
        steps = [row for row in rows if row["group"] == group]
        days = [row["day"] for row in steps]
        banded = [row for row in steps if row["low"] is not None and row["high"] is not None]
        figure.add_scatter(
            x=[row["day"] for row in banded] + [row["day"] for row in reversed(banded)],
            y=[row["low"] for row in banded] + [row["high"] for row in reversed(banded)],
            mode="lines",
            line={"width": 0},
            fill="toself",
            fillcolor=theme.faded(colour, 0.14),
            hoverinfo="skip",
            showlegend=False,
            legendgroup=group,
        )
        figure.add_scatter(
            x=days,
            y=[row["p_returned"] for row in steps],
            mode="lines",
            line={"color": colour, "width": 2},
            name=theme.label(theme.name(group)),
            legendgroup=group,
            customdata=[count(row["n_users"]) for row in steps],
            hovertemplate="day %{x:.0f}: %{y:.0%} back (of %{customdata})<extra>%{fullData.name}</extra>",
        )
    figure.update_yaxes(tickformat=".0%", range=[0, 1.02], nticks=6)
    figure.update_xaxes(rangemode="tozero", nticks=8)
    return figure


def user_return(
    curve: pa.Table, *, median_days: float | None, low_days: float | None, high_days: float | None, level: float = 0.8
) -> go.Figure:
    """When is this user likely back?

    `curve`: `day, p_returned, low, high`, the last two being the interval of the curve itself. The line below marks the
    days between which the return is with probability `level`, the point on it their middle; None = later than drawn.
    """
    rows = sorted(curve.to_pylist(), key=lambda row: row["day"])
    last = rows[-1]["day"] if rows else 0.0
    figure = theme.figure(_expectation(median_days, last), height=320, x="days from now", y="probability of being back")
    days = [row["day"] for row in rows]
    figure.add_scatter(
        x=days + days[::-1],
        y=[row["low"] for row in rows] + [row["high"] for row in reversed(rows)],
        mode="lines",
        line={"width": 0},
        fill="toself",
        fillcolor=theme.faded(theme.BLUE, 0.16),
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=days,
        y=[row["p_returned"] for row in rows],
        mode="lines",
        line={"color": theme.BLUE, "width": 2.5},
        hovertemplate="back by day %{x:.0f}: %{y:.0%}<extra></extra>",
    )
    if low_days is not None:
        said = f"with {percent(level)} between day {low_days:.0f} and " + (
            f"day {high_days:.0f}" if high_days is not None else f"later than day {last:.0f}"
        )
        figure.add_scatter(
            x=[low_days, last if high_days is None else min(high_days, last)],
            y=[0.03, 0.03],
            mode="lines",
            line={"color": theme.AMBER, "width": 4},
            hovertemplate=f"{said}<extra></extra>",
        )
    if median_days is not None and median_days <= last:
        figure.add_scatter(
            x=[median_days],
            y=[0.03],
            mode="markers",
            marker={"color": theme.AMBER, "size": 11},
            hovertemplate="as likely before as after day %{x:.1f}<extra></extra>",
        )
    figure.update_yaxes(tickformat=".0%", range=[0, 1.02], nticks=6)
    figure.update_xaxes(range=[0, last], nticks=8)
    return figure


def return_calibration(bins: pa.Table) -> go.Figure:
    """Were as many back by each horizon as had been said?

    `bins`: a row per horizon and bin of users with about the same chance, `horizon_days, n_users, predicted, observed,
    low?, high?` (shares). Points on the dotted line are right; the bars are 95% intervals.
    """
    figure = theme.figure(
        "Said and seen agree where points lie on the line",
        height=380,
        x="predicted probability of being back",
        y="share back",
        legend=True,
    )
    figure.add_scatter(
        x=[0, 1],
        y=[0, 1],
        mode="lines",
        line={"color": theme.TEXT, "width": 1, "dash": "dot"},
        hoverinfo="skip",
        showlegend=False,
    )
    horizons = sorted(set(bins.column("horizon_days").to_pylist()))
    for horizon, colour in zip(horizons, theme.SERIES, strict=False):
        rows = [row for row in bins.to_pylist() if row["horizon_days"] == horizon and is_known(row["observed"])]
        limits = [(row["observed"], row["low"], row["high"]) for row in rows]
        figure.add_scatter(
            x=[row["predicted"] for row in rows],
            y=[row["observed"] for row in rows],
            mode="markers",
            name=f"within {counted(horizon, 'day')}",
            marker={"color": colour, "size": 8},
            error_y={
                "array": [high - seen if is_known(high) else 0 for seen, _, high in limits],
                "arrayminus": [seen - low if is_known(low) else 0 for seen, low, _ in limits],
                "thickness": 1.2,
                "width": 0,
            },
            customdata=[count(row["n_users"]) for row in rows],
            hovertemplate="said %{x:.0%}, seen %{y:.0%} (%{customdata} users)<extra>%{fullData.name}</extra>",
        )
    figure.update_xaxes(tickformat=".0%", range=[-0.03, 1.03], nticks=6)
    figure.update_yaxes(tickformat=".0%", range=[-0.03, 1.03], nticks=6)
    return figure


def _finding(rows: list[dict[str, Any]]) -> str:
    halves = [(row["day"], -row["n_users"], row["group"]) for row in rows if row["p_returned"] >= 0.5]
    if not halves:
        return "No group is half back within the time shown"
    day, _, group = min(halves)
    return f"Half of {theme.label(theme.name(group))} is back by day {day:.0f}"


def _expectation(median_days: float | None, last: float) -> str:
    if median_days is None or median_days > last:
        return f"More likely than not still away on day {last:.0f}"
    return f"As likely as not back by day {median_days:.0f}"
