"""Is the log whole?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from tenure.charts import theme
from tenure.charts.wording import several

DROP = 0.5
"""A day below this part of the usual volume (the median of four weeks around it) is marked."""


def daily_volume(daily: Sequence[Mapping[str, Any]]) -> go.Figure:
    """Were there days on which events are missing? `daily`: a row per day, `day, n_events`; sudden drops are marked."""
    days = [str(row["day"]) for row in daily]
    n = np.array([row["n_events"] for row in daily], dtype=float)
    dropped = _drops(n)
    figure = theme.figure(_finding(int(dropped.sum())), height=220, y="events a day")
    figure.add_scatter(
        x=days,
        y=n.tolist(),
        mode="lines",
        line={"color": theme.BLUE, "width": 1.2},
        fill="tozeroy",
        fillcolor=theme.faded(theme.BLUE, 0.12),
        hovertemplate="%{x|%d %b %Y}: %{y:,} events<extra></extra>",
    )
    if dropped.any():
        figure.add_scatter(
            x=[day for day, is_dropped in zip(days, dropped, strict=True) if is_dropped],
            y=n[dropped].tolist(),
            mode="markers",
            marker={"color": theme.AMBER, "size": 8, "symbol": "diamond"},
            hovertemplate="%{x|%d %b %Y}: only %{y:,} events<extra></extra>",
        )
    figure.update_yaxes(rangemode="tozero", nticks=4)
    return figure


def _drops(n: np.ndarray, around: int = 14) -> np.ndarray:
    usual = np.array([np.median(n[max(i - around, 0) : i + around + 1]) for i in range(len(n))])
    return n < DROP * usual if len(n) else np.zeros(0, dtype=bool)


def _finding(n_dropped: int) -> str:
    if not n_dropped:
        return "Events arrived every day, without sudden drops"
    return f"{several(n_dropped, 'day')} with less than half of the usual volume (marked)"
