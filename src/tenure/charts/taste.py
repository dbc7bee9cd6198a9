"""What does one user like, and what pulled the prediction for them?"""

from __future__ import annotations

from collections.abc import Mapping

import plotly.graph_objects as go
import pyarrow as pa

from tenure.charts import theme
from tenure.wording import percent


def taste(liked: pa.Table, *, dimension: str = "category", most: int = 8) -> go.Figure:
    """What does this user like most? `liked`: one user's rows of `dimension, name, share, lift`."""
    rows = [r for r in liked.sort_by([("share", "descending")]).to_pylist() if r["dimension"] == dimension][:most][::-1]
    return theme.labelled_bars(
        f"What they like most, by {theme.name(dimension)}",
        [theme.label(row["name"], 28) for row in rows],
        [row["share"] for row in rows],
        [f"{percent(row['share'])} ({row['lift']:.1f}×)" for row in rows],
        colour=theme.TEAL,
        room=1.7,
        row_height=28,
    )


def contributions(
    pulls: pa.Table, phrases: Mapping[str, str], *, towards: str = "committing", most: int = 6
) -> go.Figure:
    """What pulled this user's prediction up or down?

    `pulls`: one user's rows of `feature, contribution` (in log-odds). `phrases`: feature -> what it says of this user.
    """
    rows = sorted(pulls.to_pylist(), key=lambda row: -abs(row["contribution"]))[:most][::-1]
    figure = theme.figure(f"What speaks for (right) and against {towards}", height=70 + 36 * max(len(rows), 1))
    figure.add_bar(
        orientation="h",
        y=[row["feature"] for row in rows],
        x=[row["contribution"] for row in rows],
        marker_color=[theme.BLUE if row["contribution"] > 0 else theme.AMBER for row in rows],
        hovertemplate="%{x:+.2f} in log-odds<extra></extra>",
    )
    figure.update_yaxes(
        showgrid=False,
        type="category",
        tickvals=[row["feature"] for row in rows],
        ticktext=[theme.wrapped(phrases.get(row["feature"], theme.name(row["feature"])), 36) for row in rows],
    )
    figure.update_xaxes(zeroline=True, showticklabels=False)
    return figure
