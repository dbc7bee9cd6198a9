"""Is the log whole?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import plotly.graph_objects as go

from tenure.charts import theme
from tenure.events.quality import sudden_drops
from tenure.wording import counted


def daily_volume(daily: Sequence[Mapping[str, Any]]) -> go.Figure:
    """Were there days on which events are missing? `daily`: a row per day, `day, n_events`; sudden drops are marked."""
    n_events = {date.fromisoformat(str(row["day"])): int(row["n_events"]) for row in daily}
    first = min(n_events, default=date.min)
    span = (max(n_events) - first).days + 1 if n_events else 0
    days = [first + timedelta(days=i) for i in range(span)]
    drops = sudden_drops(list(n_events.items()))
    figure = theme.figure(_finding(len(drops)), height=220, y="events a day")
    figure.add_scatter(
        x=days,
        y=[n_events.get(day, 0) for day in days],
        mode="lines",
        line={"color": theme.BLUE, "width": 1.2},
        fill="tozeroy",
        fillcolor=theme.faded(theme.BLUE, 0.12),
        hovertemplate="%{x|%d %b %Y}: %{y:,} events<extra></extra>",
    )
    if drops:
        figure.add_scatter(
            x=drops,
            y=[n_events.get(day, 0) for day in drops],
            mode="markers",
            marker={"color": theme.AMBER, "size": 8, "symbol": "diamond"},
            hovertemplate="%{x|%d %b %Y}: only %{y:,} events<extra></extra>",
        )
    figure.update_yaxes(rangemode="tozero", nticks=4)
    return figure


def _finding(n_drops: int) -> str:
    if not n_drops:
        return "Events arrived without sudden drops"
    return f"{counted(n_drops, 'day')} with far fewer events than usual for the weekday (marked)"
