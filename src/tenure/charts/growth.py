"""Is the number of active users growing, and from what?"""

from __future__ import annotations

from statistics import median

import plotly.graph_objects as go
import pyarrow as pa

from tenure.charts import theme
from tenure.wording import count

PARTS = (
    ("n_returning", "returning", "#3f62b8"),
    ("n_new", "new", theme.SKY),
    ("n_resurrecting", "resurrecting", theme.PURPLE),
    ("n_dormant", "gone dormant", theme.BROWN),
)
"""Column, word and colour of each part of the account; dormant is counted below zero."""


def growth(accounts: pa.Table, *, period: str = "period") -> go.Figure:
    """Who came, stayed, returned and fell silent in each period?

    `accounts`: a row per period, `period_start, n_new, n_returning, n_resurrecting, n_dormant (<= 0), quick_ratio,
    is_complete`. A period that is not over is drawn pale.
    """
    start = accounts.column("period_start").to_pylist()
    whole = accounts.column("is_complete").to_pylist()
    ratio = [r if ok else None for r, ok in zip(accounts.column("quick_ratio").to_pylist(), whole, strict=True)]
    figure = theme.figure(_finding(accounts, period), height=420, y="users", legend=True)
    figure.update_layout(barmode="relative", yaxis={"domain": [0.38, 1]})
    figure.update_layout(
        yaxis2={"domain": [0, 0.26], "title": {"text": "quick ratio"}, "range": [0, _top(ratio)], "nticks": 4}
    )
    figure.update_xaxes(anchor="y2")
    for column, word, colour in PARTS:
        figure.add_bar(
            x=start,
            y=accounts.column(column).to_pylist(),
            name=word,
            marker_color=colour,
            marker_opacity=[1.0 if is_whole else 0.4 for is_whole in whole],
            hovertemplate=f"%{{x|%d %b %Y}}: %{{y:,}} {word}<extra></extra>",
        )
    figure.add_scatter(
        x=start,
        y=ratio,
        mode="lines+markers",
        line={"color": theme.TEAL, "width": 2},
        marker={"size": 5},
        name="quick ratio",
        showlegend=False,
        hovertemplate="%{x|%d %b %Y}: quick ratio %{y:.2f}<extra></extra>",
        yaxis="y2",
    )
    figure.add_hline(y=1, yref="y2", line={"color": theme.TEXT, "width": 1, "dash": "dot"})
    return figure


def _top(ratio: list[float | None]) -> float:
    """Upper end of the axis: the first periods of a log have ratios so large that they would flatten all others."""
    known = [r for r in ratio if r is not None]
    return min(1.1 * max(known), max(3 * median(known), 1.5)) if known else 1.5


def _finding(accounts: pa.Table, period: str) -> str:
    whole = accounts.filter(accounts.column("is_complete"))
    if not whole.num_rows:
        return f"No {period} is complete yet"
    last = whole.slice(whole.num_rows - 1).to_pylist()[0]
    gained, lost = last["n_new"] + last["n_resurrecting"], -last["n_dormant"]
    return f"In the last complete {period}, {count(gained)} came or came back and {count(lost)} fell silent"
