"""How good are the recommendations, against simple ones, and for whom?"""

from __future__ import annotations

import plotly.graph_objects as go
import pyarrow as pa

from tenure.charts import theme
from tenure.wording import count, fixed, is_known


def by_strategy(metrics: pa.Table, metric: str, *, main: str = "", title: str = "") -> go.Figure:
    """Which way of recommending is best on this metric, over all users, with 95% intervals?

    `metrics`: a row per strategy, slice and metric, `strategy, slice, metric, value, low, high`. `main` is set off.
    """
    rows = [r for r in metrics.to_pylist() if r["metric"] == metric and r["slice"] == "all" and is_known(r["value"])]
    rows.sort(key=lambda row: row["value"])
    figure = theme.figure(title or f"{theme.name(metric)} by strategy", height=80 + 40 * max(len(rows), 1), x=metric)
    figure.add_scatter(
        y=[theme.label(theme.name(row["strategy"])) for row in rows],
        x=[row["value"] for row in rows],
        mode="markers+text",
        marker={"color": [theme.BLUE if row["strategy"] == main else theme.GREY for row in rows], "size": 10},
        error_x=_interval(rows),
        text=[fixed(row["value"]) for row in rows],
        textposition="top center",
        cliponaxis=False,
        hovertemplate="%{y}: %{x:.3f}<extra></extra>",
    )
    figure.update_yaxes(type="category", range=[-0.5, max(len(rows), 1) - 0.4])
    figure.update_xaxes(rangemode="tozero", nticks=5, zeroline=False)
    return figure


def by_stage(metrics: pa.Table, metric: str, strategies: list[str], *, title: str = "") -> go.Figure:
    """For users in which stage do the recommendations work, with 95% intervals?"""
    rows = [r for r in metrics.to_pylist() if r["metric"] == metric and r["slice"] != "all" and is_known(r["value"])]
    stages = theme.in_stage_order({row["slice"] for row in rows})
    figure = theme.figure(
        title or f"{theme.name(metric)} by stage", height=80 + 38 * max(len(stages), 2), x=metric, legend=True
    )
    n = max(len(strategies), 1)
    for i, strategy in enumerate(strategies):
        found = {row["slice"]: row for row in rows if row["strategy"] == strategy}
        here = [stage for stage in stages if stage in found]
        colour = theme.BLUE if i == 0 else theme.SERIES[i]
        figure.add_scatter(
            x=[found[s]["value"] for s in here],
            # A small offset keeps the intervals of the strategies from lying on each other.
            y=[stages.index(s) + 0.36 * ((i + 0.5) / n - 0.5) * 2 for s in here],
            mode="markers",
            name=theme.label(theme.name(strategy)),
            marker={"color": colour, "size": 9 if i == 0 else 6},
            error_x=_interval([found[s] for s in here], colour),
            customdata=[f"{theme.label(theme.name(s))} ({count(found[s]['n_users'])} users)" for s in here],
            hovertemplate="%{customdata}: %{x:.3f}<extra>%{fullData.name}</extra>",
        )
    figure.update_yaxes(
        tickvals=list(range(len(stages))),
        ticktext=[theme.label(theme.name(s)) for s in stages],
        range=[len(stages) - 0.5, -0.5],
        zeroline=False,
    )
    figure.update_xaxes(rangemode="tozero", nticks=6)
    return figure


def _interval(rows: list[dict[str, float]], colour: str = theme.TEXT) -> dict[str, object]:
    return {
        "array": [max(r["high"] - r["value"], 0) if is_known(r["high"]) else 0 for r in rows],
        "arrayminus": [max(r["value"] - r["low"], 0) if is_known(r["low"]) else 0 for r in rows],
        "thickness": 1.2,
        "width": 0,
        "color": colour,
    }
