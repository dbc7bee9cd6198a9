"""How active are the users, period by period, and how often does one come?"""

from __future__ import annotations

import math

import plotly.graph_objects as go
import pyarrow as pa

from tenure.charts import theme
from tenure.wording import count, counted, percent

STATE_COLOURS = {
    "current": "#3f62b8",
    "new": theme.SKY,
    "reactivated": theme.TEAL,
    "resurrected": theme.PURPLE,
    "at_risk_early": theme.AMBER,
    "at_risk_late": theme.BROWN,
    "dormant": theme.GREY,
}
"""Colours of activity states, from the bottom of the picture to its top."""


def activity_states(states: pa.Table) -> go.Figure:
    """How many users were in each activity state, period by period? `states`: `period_start, state, n_users`."""
    rows = states.to_pylist()
    periods = sorted({row["period_start"] for row in rows})
    n_users = {(row["period_start"], row["state"]): row["n_users"] for row in rows}
    present = {row["state"] for row in rows}
    figure = theme.figure(_finding(n_users, periods), height=360, y="users", legend=True)
    for state in [s for s in sorted(present, key=_rank) if any(n_users.get((p, s)) for p in periods)]:
        figure.add_scatter(
            x=periods,
            y=[n_users.get((p, state), 0) for p in periods],
            name=theme.label(theme.name(state)),
            stackgroup="all",
            mode="lines",
            line={"width": 0.5, "color": STATE_COLOURS.get(state, theme.OLIVE)},
            fillcolor=theme.faded(STATE_COLOURS.get(state, theme.OLIVE), 0.85),
            hovertemplate="%{x|%d %b %Y}: %{y:,}<extra>%{fullData.name}</extra>",
        )
    return figure


def stickiness(active: pa.Table, *, period: str = "period") -> go.Figure:
    """In how many periods were users active? `active`: `n_active_periods, n_users, share`."""
    share = active.column("share").to_pylist()
    n = active.column("n_active_periods").to_pylist()
    most = max(n, default=1)
    half = math.ceil(most / 2)
    often = sum(s for s, k in zip(share, n, strict=True) if s is not None and k >= half)
    title = f"{percent(often)} of the active came in at least {half} of {counted(most, period)}"
    figure = theme.figure(title, height=360, x=f"active {period}s", y="share of users")
    figure.add_bar(
        x=n,
        y=share,
        marker_color=theme.BLUE,
        customdata=[count(k) for k in active.column("n_users").to_pylist()],
        hovertemplate=f"%{{x}} active {period}s: %{{y:.1%}} (%{{customdata}} users)<extra></extra>",
    )
    figure.update_yaxes(tickformat=".0%", nticks=5)
    return figure


def _rank(state: str) -> tuple[int, str]:
    known = list(STATE_COLOURS)
    return (known.index(state) if state in known else len(known), state)


def _finding(n_users: dict[tuple[object, str], int], periods: list[object]) -> str:
    if not periods:
        return "Nobody was active yet"
    last = {state: n for (period, state), n in n_users.items() if period == periods[-1]}
    total = max(sum(last.values()), 1)
    return f"By now {percent(last.get('current', 0) / total)} of everybody ever seen come steadily"
