"""What did one user do, when, and in which stage of life were they?"""

from __future__ import annotations

from datetime import datetime, timedelta

import plotly.graph_objects as go
import pyarrow as pa

from tenure.charts import theme
from tenure.domain import Role
from tenure.wording import article, counted, money

MILLISECONDS_PER_DAY = 86_400_000.0
"""Plotly counts the width of a bar on a date axis in milliseconds."""

WIDE_ENOUGH = 0.09
"""A stage that lasted less than this part of the time shown has no room for its name."""


def timeline(
    events: pa.Table, history: pa.Table | None, as_of: datetime, *, currency: str = "", noun: str = "commitment"
) -> go.Figure:
    """What did this user do, when, and in which stage were they?

    `events`: one user's rows of the log before `as_of`, `timestamp, role, value`. `history`: their `as_of, stage` at
    past cut-offs.
    """
    days = _by_day(events)
    committed = {day: value for (day, role), value in days.items() if role == Role.COMMITMENT}
    other = sorted({day for (day, role) in days if role not in (Role.COMMITMENT, Role.EXPOSURE)})
    first = min((day for day, _ in days), default=as_of)
    span = max(as_of - first, timedelta(days=1))
    has_money = any(value > 0 for value in committed.values())
    what = f"{noun} value a day" if has_money else f"days with {article(noun)}"
    figure = theme.figure(
        f"{counted(len(committed), 'day')} with {article(noun)}" if committed else f"No {noun} so far",
        height=230,
        y=what,
    )
    figure.update_layout(
        barmode="overlay",
        yaxis={"domain": [0.28, 1]},
        yaxis2={"domain": [0, 0.16], "showgrid": False},
    )
    figure.update_yaxes(tickprefix=theme.label(currency) if has_money else "", nticks=4, selector={"title.text": what})
    figure.update_xaxes(type="date", anchor="y2")
    if not committed:
        figure.update_layout(yaxis={"range": [-0.2, 1], "showticklabels": False, "showgrid": False})
    figure.add_bar(
        x=list(committed),
        y=[value if has_money else 1 for value in committed.values()],
        # A day may be thinner than a pixel; never thinner than can be seen.
        width=max(MILLISECONDS_PER_DAY, span.days * MILLISECONDS_PER_DAY / 220),
        marker_color=theme.BLUE,
        customdata=[money(value, currency) for value in committed.values()],
        hovertemplate="%{x|%d %b %Y}: %{customdata}<extra></extra>",
    )
    if other:
        figure.add_scatter(
            x=other,
            y=[0] * len(other),
            mode="markers",
            marker={"symbol": "line-ns-open", "size": 8, "color": theme.TEAL},
            hovertemplate="%{x|%d %b %Y}: looked around<extra></extra>",
            cliponaxis=False,
        )
    for stage, start, end in _spans(history, first) if history is not None else []:
        figure.add_bar(
            orientation="h",
            y=[""],
            width=[0.95],
            base=[start],
            x=[(end - start) / timedelta(milliseconds=1)],
            marker_color=theme.stage_colour(stage),
            text=[theme.label(theme.name(stage)) if (end - start) / span > WIDE_ENOUGH else ""],
            textposition="inside",
            insidetextanchor="middle",
            textangle=0,
            hovertemplate=f"{theme.label(theme.name(stage))}, {start:%d %b %Y} – {end:%d %b %Y}<extra></extra>",
            yaxis="y2",
        )
    return figure


def _by_day(events: pa.Table) -> dict[tuple[datetime, str | None], float]:
    days: dict[tuple[datetime, str | None], float] = {}
    for row in events.select(["timestamp", "role", "value"]).sort_by("timestamp").to_pylist():
        key = (row["timestamp"].replace(hour=0, minute=0, second=0, microsecond=0), row["role"])
        days[key] = days.get(key, 0.0) + (row["value"] or 0.0)
    return days


def _spans(history: pa.Table, first: datetime) -> list[tuple[str, datetime, datetime]]:
    """The stages a user went through as (stage, from, to): what is found at a cut-off describes the time up to it."""
    spans: list[tuple[str, datetime, datetime]] = []
    start = first
    for row in history.sort_by("as_of").to_pylist():
        stage, end = row["stage"], row["as_of"]
        if spans and spans[-1][0] == stage:
            spans[-1] = (stage, spans[-1][1], end)
        else:
            spans.append((stage, min(start, end - timedelta(days=1)), end))
        start = end
    return spans
