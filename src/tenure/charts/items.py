"""Which items are like which, as the sequence model sees them?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import plotly.graph_objects as go
import pyarrow as pa

from tenure.charts import theme


def item_map(items: pa.Table, titles: Mapping[str, str]) -> go.Figure:
    """A map of items: near means met by alike users at alike moments. `items`: `item_id, category, x, y, n_events`.

    The largest categories have colours; the size of a point tells how often the item was met.
    """
    rows = items.to_pylist()
    usual = [c for c, _ in Counter(row["category"] for row in rows if row["category"]).most_common(8)]
    most = max((row["n_events"] for row in rows), default=1)
    figure = theme.figure("A map of items: near means alike to the sequence model", height=460, legend=bool(usual))
    for category in [*usual, None]:
        here = [row for row in rows if (row["category"] if row["category"] in usual else None) == category]
        if not here:
            continue
        figure.add_scatter(
            x=[round(row["x"], 2) for row in here],
            y=[round(row["y"], 2) for row in here],
            mode="markers",
            name="others" if category is None else theme.label(category, 24),
            text=[theme.label(titles.get(row["item_id"], row["item_id"])) for row in here],
            marker={
                "color": theme.GREY if category is None else theme.SERIES[usual.index(category)],
                "size": [round(4 + 8 * (row["n_events"] / most) ** 0.5, 1) for row in here],
                "opacity": 0.75,
            },
            hovertemplate="%{text}<extra>%{fullData.name}</extra>",
        )
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    return figure
