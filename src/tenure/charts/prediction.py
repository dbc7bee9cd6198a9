"""Can the predicted probabilities be believed, and what are they good for?"""

from __future__ import annotations

import plotly.graph_objects as go
import pyarrow as pa

from tenure.charts import theme
from tenure.wording import count, percent


def reliability(bins: pa.Table, *, what: str = "committed") -> go.Figure:
    """Does what is called 30% happen in 30 of 100 cases?

    `bins`: a row per bin of one or several models, `model, n_users, predicted, observed, low, high` (shares). Points on
    the dotted line are right; the bars are 95% intervals.
    """
    figure = theme.figure(
        "Said and seen agree where points lie on the line", height=340, x="predicted probability", y=f"share who {what}"
    )
    figure.add_scatter(
        x=[0, 1], y=[0, 1], mode="lines", line={"color": theme.TEXT, "width": 1, "dash": "dot"}, hoverinfo="skip"
    )
    for model, colour in zip(_in_order(bins, "model"), theme.SERIES, strict=False):
        rows = [row for row in bins.to_pylist() if row["model"] == model and row["observed"] is not None]
        most = max((row["n_users"] for row in rows), default=1)
        figure.add_scatter(
            x=[row["predicted"] for row in rows],
            y=[row["observed"] for row in rows],
            mode="markers",
            name=theme.label(theme.name(model)),
            marker={"color": colour, "size": [6 + 8 * (row["n_users"] / most) ** 0.5 for row in rows]},
            error_y={
                "array": [max(row["high"] - row["observed"], 0) for row in rows],
                "arrayminus": [max(row["observed"] - row["low"], 0) for row in rows],
                "thickness": 1.2,
                "width": 0,
            },
            customdata=[count(row["n_users"]) for row in rows],
            hovertemplate="said %{x:.0%}, seen %{y:.0%} (%{customdata} users)<extra>%{fullData.name}</extra>",
        )
    figure.update_xaxes(tickformat=".0%", range=[-0.03, 1.03], nticks=6)
    figure.update_yaxes(tickformat=".0%", range=[-0.03, 1.03], nticks=6)
    return figure


def gains(lift: pa.Table, *, main: str, outcome: str = "leavers") -> go.Figure:
    """If only the riskiest part of the users can be reached, which part of the outcome is caught?

    `lift`: a row per model and tenth of users by falling risk, `model, tenth (1 = riskiest), captured` (cumulated).
    """
    models = sorted(_in_order(lift, "model"), key=lambda m: m != main)
    figure = theme.figure(
        _caught(lift, main, outcome), height=340, x="users, riskiest first", y=f"share of {outcome} caught", legend=True
    )
    figure.add_scatter(
        x=[0, 1],
        y=[0, 1],
        mode="lines",
        name="by chance",
        line={"color": theme.TEXT, "width": 1, "dash": "dot"},
        hoverinfo="skip",
    )
    for model, colour in zip(models, theme.SERIES, strict=False):
        rows = sorted((r for r in lift.to_pylist() if r["model"] == model), key=lambda r: r["tenth"])
        figure.add_scatter(
            x=[0, *(row["tenth"] / max(len(rows), 1) for row in rows)],
            y=[0, *(row["captured"] for row in rows)],
            mode="lines+markers" if model == main else "lines",
            name=theme.label(theme.name(model)),
            line={"color": colour, "width": 2.5 if model == main else 1.5},
            marker={"size": 5},
            hovertemplate="the riskiest %{x:.0%} hold %{y:.0%}<extra>%{fullData.name}</extra>",
        )
    figure.update_xaxes(tickformat=".0%", range=[-0.02, 1.02], nticks=6)
    figure.update_yaxes(tickformat=".0%", range=[-0.02, 1.05], nticks=6)
    return figure


def _in_order(table: pa.Table, column: str) -> list[str]:
    return list(dict.fromkeys(table.column(column).to_pylist()))


def _caught(lift: pa.Table, main: str, outcome: str) -> str:
    rows = {row["tenth"]: row["captured"] for row in lift.to_pylist() if row["model"] == main}
    return f"The riskiest fifth holds {percent(rows[2])} of all {outcome}" if 2 in rows else f"{outcome} caught by risk"
