"""What is at stake, and what will be done about it?"""

from __future__ import annotations

import plotly.graph_objects as go
import pyarrow as pa

from tenure.charts import theme
from tenure.wording import count, money


def stake_by_strategy(strategies: pa.Table, *, currency: str = "") -> go.Figure:
    """How much is at stake under each strategy? `strategies`: `title, n_users, stake`."""
    rows = sorted(strategies.to_pylist(), key=lambda row: row["stake"])
    figure = theme.labelled_bars(
        "What is at stake, by strategy",
        [theme.label(row["title"], 32) for row in rows],
        [row["stake"] for row in rows],
        [money(row["stake"], currency) for row in rows],
        colour=theme.BLUE,
        room=1.25,
    )
    n_users = [count(row["n_users"]) for row in rows]
    return figure.update_traces(
        customdata=n_users, hoverinfo=None, hovertemplate="%{y}: %{text}, %{customdata} users<extra></extra>"
    )


def risk_and_value(plan: pa.Table, *, currency: str = "", most: int = 1500) -> go.Figure:
    """Who is both likely to leave and worth much?

    `plan`: a row per user, `stage, p_churn, value_at_risk, stake`; the largest stakes are drawn.
    """
    top = plan.sort_by([("stake", "descending")]).slice(0, most)
    figure = theme.figure(
        "Up and to the right is what can be lost",
        height=380,
        x="risk of leaving",
        y="value if they come",
        legend=True,
    )
    stage = top.column("stage").to_pylist()
    for name in theme.in_stage_order(set(stage)):
        rows = [row for row, s in zip(top.to_pylist(), stage, strict=True) if s == name]
        figure.add_scatter(
            x=[round(row["p_churn"], 4) for row in rows],
            y=[round(row["value_at_risk"], 2) for row in rows],
            mode="markers",
            name=theme.label(theme.name(name)),
            marker={"color": theme.stage_colour(name), "size": 6, "opacity": 0.65},
            customdata=[money(row["stake"], currency) for row in rows],
            hovertemplate="%{x:.0%} of %{y:,.0f}: %{customdata} at stake<extra>%{fullData.name}</extra>",
        )
    figure.update_xaxes(tickformat=".0%", nticks=6)
    figure.update_yaxes(tickprefix=theme.label(currency), rangemode="tozero", nticks=6)
    return figure
