"""Where users are in their life, and how they move between its stages."""

from __future__ import annotations

import plotly.graph_objects as go
import pyarrow as pa
import pyarrow.compute as pc

from tenure.charts import theme
from tenure.wording import count, percent

FLOW_HEIGHT = 460

GAP = 0.042
"""Between two stages, in shares of the height: room for a label even where hardly anybody is."""


def stage_sizes(stages: pa.Table) -> go.Figure:
    """How many users are in each stage now? `stages`: one row per user with `stage`."""
    found = pc.value_counts(stages.column("stage")).to_pylist()
    n_users = {row["values"]: row["counts"] for row in found}
    order = theme.in_stage_order(set(n_users))[::-1]
    total = max(sum(n_users.values()), 1)
    return theme.labelled_bars(
        "Where everybody is now",
        [theme.label(theme.name(s)) for s in order],
        [n_users[s] for s in order],
        [f"{count(n_users[s])}  ·  {percent(n_users[s] / total)}" for s in order],
        colour=[theme.stage_colour(s) for s in order],
        room=1.5,
        row_height=30,
    )


def stage_flow(transitions: pa.Table, *, from_label: str = "before", to_label: str = "after") -> go.Figure:
    """How do users move between stages from one cut-off to the next?

    `transitions`: a row per pair of stages, `from_stage, to_stage, n_users, p`; several rows of one pair are added up.
    """
    added = transitions.group_by(["from_stage", "to_stage"]).aggregate([("n_users", "sum")])
    rows = [r for r in added.to_pylist() if r["n_users_sum"]]
    out, into = _totals(rows, "from_stage"), _totals(rows, "to_stage")
    sides = [("from", s) for s in theme.in_stage_order(set(out))] + [("to", s) for s in theme.in_stage_order(set(into))]
    place = {side: i for i, side in enumerate(sides)}
    stayed = sum(r["n_users_sum"] for r in rows if r["from_stage"] == r["to_stage"])
    total = max(sum(out.values()), 1)
    figure = theme.figure(
        f"{percent(stayed / total)} stay in their stage from one cut-off to the next", height=FLOW_HEIGHT
    )
    if rows:
        figure.add_sankey(
            arrangement="fixed",
            node={
                "label": [theme.label(theme.name(stage)) for _, stage in sides],
                "color": [theme.stage_colour(stage) for _, stage in sides],
                "customdata": [count((out if side == "from" else into)[stage]) for side, stage in sides],
                "hovertemplate": "%{label}: %{customdata}<extra></extra>",
                "x": [0.001 if side == "from" else 0.999 for side, _ in sides],
                "y": _heights([out[s] for k, s in sides if k == "from"])
                + _heights([into[s] for k, s in sides if k == "to"]),
                "pad": GAP * (FLOW_HEIGHT - 48),
                "thickness": 14,
                "line": {"width": 0},
            },
            link={
                "source": [place["from", r["from_stage"]] for r in rows],
                "target": [place["to", r["to_stage"]] for r in rows],
                "value": [r["n_users_sum"] for r in rows],
                "color": [theme.faded(theme.stage_colour(r["from_stage"]), 0.35) for r in rows],
                "customdata": [percent(r["n_users_sum"] / out[r["from_stage"]]) for r in rows],
                "hovertemplate": "%{source.label} → %{target.label}: %{value} (%{customdata})<extra></extra>",
            },
        )
    for x, anchor, text in ((0, "left", from_label), (1, "right", to_label)):
        figure.add_annotation(
            x=x,
            y=1.02,
            xref="paper",
            yref="paper",
            yanchor="bottom",
            xanchor=anchor,
            text=theme.label(text),
            showarrow=False,
        )
    figure.update_layout(margin={"t": 36, "l": 4, "r": 4, "b": 12})
    return figure


def _totals(rows: list[dict[str, object]], side: str) -> dict[str, int]:
    totals: dict[str, int] = {}
    for row in rows:
        totals[str(row[side])] = totals.get(str(row[side]), 0) + int(str(row["n_users_sum"]))
    return totals


def _heights(sizes: list[int]) -> list[float]:
    """Middle of each node on a side, from top to bottom, in shares of the height, a gap between each two."""
    total, above, middles = max(sum(sizes), 1), 0, []
    room = 1 - GAP * (len(sizes) - 1)
    for i, size in enumerate(sizes):
        middle = GAP * i + room * (above + size / 2) / total
        middles.append(min(max(middle, 0.001), 0.999))  # Plotly takes 0 and 1 for "not given"
        above += size
    return middles
