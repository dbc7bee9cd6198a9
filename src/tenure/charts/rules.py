"""What goes together?"""

from __future__ import annotations

import plotly.graph_objects as go
import pyarrow as pa

from tenure.charts import theme
from tenure.wording import percent

MOST_RULES = 150
"""Of each level."""


def rule_map(rules: pa.Table) -> go.Figure:
    """Which rules are common, which are certain, which are surprising?

    `rules`: a row per rule, the strongest first, `level, antecedent, consequent, support, confidence, lift`. Right =
    common, high = certain, large = surprising (lift).
    """
    rows = rules.to_pylist()
    figure = theme.figure(
        "How common, how certain and (by size) how surprising each rule is",
        height=360,
        x="support: share of all baskets",
        y="confidence",
        legend=True,
    )
    for level, colour in zip(sorted({row["level"] for row in rows}), theme.SERIES, strict=False):
        strongest = [row for row in rows if row["level"] == level][:MOST_RULES]
        figure.add_scatter(
            x=[row["support"] for row in strongest],
            y=[row["confidence"] for row in strongest],
            mode="markers",
            name=theme.label(level),
            marker={
                "color": colour,
                "opacity": 0.6,
                "size": [5 + 4 * min(max(row["lift"], 0), 30) ** 0.5 for row in strongest],
                "line": {"width": 0},
            },
            text=[
                f"{theme.label(row['antecedent'], 60)} → {theme.label(row['consequent'])}<br>"
                f"in {percent(row['support'], 1)} of baskets, {percent(row['confidence'])} certain, "
                f"{row['lift']:.1f} × chance"
                for row in strongest
            ],
            hovertemplate="%{text}<extra></extra>",
        )
    figure.update_xaxes(tickformat=".2~%", type="log", dtick="D2")
    figure.update_yaxes(tickformat=".0%", rangemode="tozero", nticks=6)
    return figure
