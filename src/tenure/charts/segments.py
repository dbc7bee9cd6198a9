"""Which kinds of users are there, and what sets each apart?"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go
import pyarrow as pa

from tenure.charts import theme
from tenure.wording import count, decimal, percent

MOST_POINTS = 2000
"""More points make a map slower, not clearer; every n-th user is drawn."""

MOST_TRAITS = 14

OUTWARDS = 1.4
"""A name stands this many times as far from the middle of everybody as the middle of its segment."""


def segment_sizes(segments: pa.Table) -> go.Figure:
    """How large is each segment? `segments`: `segment, name, n_users, share`."""
    rows = sorted(segments.to_pylist(), key=lambda row: row["n_users"])
    return theme.labelled_bars(
        "Size of the segments",
        [theme.label(row["name"], 32) for row in rows],
        [row["n_users"] for row in rows],
        [f"{count(row['n_users'])}  ·  {percent(row['share'])}" for row in rows],
        colour=[segment_colour(row["segment"]) for row in rows],
    )


def segment_traits(traits: pa.Table, segments: pa.Table, descriptions: Mapping[str, str]) -> go.Figure:
    """What sets the segments apart?

    `traits`: a row per segment and feature, `segment, feature, z, mean, mean_all`; z counts standard deviations from
    the mean of all.
    The features on which the segments differ most are shown, in words where `descriptions` has them.
    """
    rows = traits.to_pylist()
    names = {row["segment"]: row["name"] for row in segments.sort_by([("n_users", "descending")]).to_pylist()}
    spread: dict[str, list[float]] = {}
    for row in rows:
        spread.setdefault(row["feature"], []).append(row["z"] or 0.0)
    shown = sorted(spread, key=lambda f: (-float(np.ptp(spread[f])), f))[:MOST_TRAITS]
    cell = {(row["feature"], row["segment"]): row for row in rows}
    z = [[(cell.get((f, s)) or {}).get("z") for s in names] for f in shown]
    means = [
        [f"{decimal(c['mean'])} against {decimal(c['mean_all'])}" if (c := cell.get((f, s))) else "" for s in names]
        for f in shown
    ]
    figure = theme.figure("What sets the segments apart", height=110 + 31 * max(len(shown), 2))
    figure.add_heatmap(
        x=[theme.wrapped(name, 16, most_lines=3) for name in names.values()],
        y=[theme.wrapped(descriptions.get(f, theme.name(f)), 32) for f in shown],
        z=z,
        customdata=means,
        colorscale=theme.DIVERGING,
        zmin=-2,
        zmax=2,
        xgap=2,
        ygap=2,
        hovertemplate="%{x}<br>%{y}: %{customdata} on average<extra></extra>",
        colorbar={
            "thickness": 8,
            "len": 0.6,
            "outlinewidth": 0,
            "tickvals": [-2, 0, 2],
            "ticktext": ["less", "average", "more"],
            "title": {"text": ""},
        },
    )
    figure.update_xaxes(side="top", tickangle=0, type="category")
    figure.update_yaxes(autorange="reversed", showgrid=False, type="category")
    return figure


def segment_map(users: pa.Table, segments: pa.Table) -> go.Figure:
    """Who is like whom? Each point is a user; near means alike. `users`: `user_id, segment, x, y`."""
    thinned = (
        users.take(np.unique(np.linspace(0, max(users.num_rows - 1, 0), MOST_POINTS).astype(int)))
        if len(users)
        else users
    )
    of = thinned.column("segment").to_numpy(zero_copy_only=False)
    x, y = (thinned.column(c).to_numpy(zero_copy_only=False).astype(float) for c in ("x", "y"))
    figure = theme.figure("A map of everybody: near means alike", height=420)
    for row in segments.sort_by([("n_users", "descending")]).to_pylist():
        here = of == row["segment"]
        if not here.any():
            continue
        figure.add_scatter(
            x=np.round(x[here], 3).tolist(),
            y=np.round(y[here], 3).tolist(),
            mode="markers",
            name=theme.label(row["name"], 32),
            marker={"color": segment_colour(row["segment"]), "size": 5, "opacity": 0.7},
            hovertemplate="%{fullData.name}<extra></extra>",
        )
        # Pushed outwards, so that the names of neighbours keep clear of each other.
        figure.add_annotation(
            x=float(np.median(x) + OUTWARDS * (np.median(x[here]) - np.median(x))),
            y=float(np.median(y) + OUTWARDS * (np.median(y[here]) - np.median(y))),
            text=f"<b>{theme.wrapped(row['name'], 22)}</b>",
            showarrow=False,
            bgcolor="rgba(255,255,255,0.75)",
            borderpad=2,
        )
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    return figure


def segment_colour(segment: int) -> str:
    """The colour of a segment, the same in every chart."""
    return theme.SERIES[segment % len(theme.SERIES)]
