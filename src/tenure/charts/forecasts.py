"""Why a forecast is what it is, and what matters in general."""

from __future__ import annotations

from collections.abc import Mapping

import plotly.graph_objects as go
import pyarrow as pa

from tenure.charts import theme
from tenure.wording import decimal, fixed, money

MOST_BARS = 12


def why(
    reasons: pa.Table, names: Mapping[str, str], phrases: Mapping[str, str], *, event: str, currency: str = ""
) -> go.Figure:
    """What moved this user's forecast, theme by theme?

    Args:
        reasons: one user's rows of `theme, contribution, unit`.
        names: theme -> what it is called.
        phrases: theme -> what speaks for it: "silent for 41 days, against a usual pause of 12 days".
        event: what is forecast: "they buy within 30 days".
        currency: of contributions to an amount.
    """
    rows = sorted(reasons.to_pylist(), key=lambda row: -abs(row["contribution"]))[:MOST_BARS][::-1]
    is_amount = any(row["unit"] == "amount" for row in rows)
    figure = theme.figure(f"What speaks for (right) and against: {event}", height=80 + 44 * max(len(rows), 1))
    ends = [row["contribution"] for row in rows]
    room = 0.4 * max(map(abs, ends), default=1.0)  # beyond the bars, for the numbers
    said = [_signed(row["contribution"], is_amount=is_amount, currency=currency) for row in rows]
    figure.add_bar(
        orientation="h",
        y=[row["theme"] for row in rows],
        x=[row["contribution"] for row in rows],
        marker_color=[theme.BLUE if row["contribution"] > 0 else theme.AMBER for row in rows],
        text=said,
        textposition="outside",
        cliponaxis=False,
        customdata=[theme.wrapped(phrases[row["theme"]], 48, most_lines=3) for row in rows],
        hovertemplate="%{customdata}<br>%{text}" + ("" if is_amount else " in log-odds") + "<extra></extra>",
    )
    figure.update_yaxes(
        showgrid=False,
        type="category",
        tickvals=[row["theme"] for row in rows],
        ticktext=[
            f"<b>{theme.label(names[row['theme']])}</b><br>{theme.wrapped(phrases[row['theme']], 46)}" for row in rows
        ],
    )
    figure.update_xaxes(
        zeroline=True, showticklabels=False, range=[min(0.0, *ends, 0.0) - room, max(0.0, *ends, 0.0) + room]
    )
    return figure


def importance(table: pa.Table, names: Mapping[str, str], *, level: str = "theme", what: str) -> go.Figure:
    """What matters in general, and how sure is that?

    Args:
        table: rows of `level, name, importance, low, high, rank_low, rank_high`.
        names: theme or input -> what it is called.
        level: which rows are drawn: theme or input.
        what: what the length of a bar is: "loss added without it".
    """
    rows = [row for row in table.to_pylist() if row["level"] == level][:MOST_BARS][::-1]
    title = f"{names[rows[-1]['name']].capitalize()} matters most" if rows else "Nothing to compare"
    figure = theme.figure(theme.label(title, 90), height=90 + 28 * max(len(rows), 1), x=what)
    figure.add_bar(
        orientation="h",
        y=[row["name"] for row in rows],
        x=[row["importance"] for row in rows],
        marker_color=[theme.BLUE if row["low"] > 0 else theme.faded(theme.BLUE, 0.35) for row in rows],
        error_x={
            "array": [row["high"] - row["importance"] for row in rows],
            "arrayminus": [row["importance"] - row["low"] for row in rows],
            "color": theme.TEXT,
            "thickness": 1.3,
            "width": 3,
        },
        customdata=[
            [
                f"{decimal(row['importance'], 2)} ({decimal(row['low'], 2)} to {decimal(row['high'], 2)})",
                _ranks(row["rank_low"], row["rank_high"]),
            ]
            for row in rows
        ],
        hovertemplate="%{customdata[0]}<br>%{customdata[1]} at every cut-off<extra></extra>",
    )
    figure.update_yaxes(
        showgrid=False,
        type="category",
        tickvals=[row["name"] for row in rows],
        ticktext=[theme.label(names[row["name"]], 60) for row in rows],
    )
    figure.update_xaxes(zeroline=True, nticks=6)
    return figure


def _signed(value: float, *, is_amount: bool, currency: str) -> str:
    said = money(value, currency) if is_amount else fixed(value, 2)
    return f"+{said}" if value > 0 else said


def _ranks(low: int, high: int) -> str:
    return f"place {low}" if low == high else f"place {low} to {high}"
