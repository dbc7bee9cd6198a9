"""What goes together?"""

from __future__ import annotations

import plotly.graph_objects as go
import pyarrow as pa

from tenure.charts import theme
from tenure.charts.wording import percent

MOST_RULES = 200


def rule_map(rules: pa.Table) -> go.Figure:
    """Which rules are common, which are certain, which are surprising?

    `rules`: a row per rule, the strongest first, `level, antecedent, consequent, support, confidence, lift`. Right =
    common, high = certain, large = surprising (lift).
    """
    strongest = rules.slice(0, MOST_RULES)
    figure = theme.figure(
        "How common, how certain and (by size) how surprising each rule is",
        height=360,
        x="support: share of all baskets",
        y="confidence",
        legend=True,
    )
    levels = sorted(set(strongest.column("level").to_pylist()))
    for level, colour in zip(levels, theme.SERIES, strict=False):
        rows = [row for row in strongest.to_pylist() if row["level"] == level]
        figure.add_scatter(
            x=[row["support"] for row in rows],
            y=[row["confidence"] for row in rows],
            mode="markers",
            name=theme.label(level),
            marker={
                "color": colour,
                "opacity": 0.6,
                "size": [5 + 4 * min(max(row["lift"], 0), 30) ** 0.5 for row in rows],
                "line": {"width": 0},
            },
            text=[
                f"{theme.label(row['antecedent'], 60)} → {theme.label(row['consequent'])}<br>"
                f"in {percent(row['support'], 1)} of baskets, {percent(row['confidence'])} certain, "
                f"{row['lift']:.1f} × chance"
                for row in rows
            ],
            hovertemplate="%{text}<extra></extra>",
        )
    figure.update_xaxes(tickformat=".2~%", type="log", dtick="D2")
    figure.update_yaxes(tickformat=".0%", rangemode="tozero", nticks=6)
    return figure
