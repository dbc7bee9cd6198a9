"""What does one user like?"""

from __future__ import annotations

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
