"""Of the users who came first in the same period, how many are still here later?"""

from __future__ import annotations

from datetime import datetime

import plotly.graph_objects as go
import pyarrow as pa

from tenure.charts import theme
from tenure.wording import count, percent

MOST_COHORTS = 20
"""More rows than this cannot be read; the largest are shown."""

MOST_WRITTEN = 26
"""With more ages than this there is no room for numbers in the cells."""


def cohort_heatmap(cohorts: pa.Table, *, period: str = "period") -> go.Figure:
    """Which part of each cohort was retained at each age? Cells that are not over stay blank.

    `cohorts`: a row per cohort and age, `cohort_start, age, n_users, n_retained, rate, is_complete`. The
    first row is all cohorts together, weighted by their size; cohorts without a complete age are left out.
    """
    rows = cohorts.to_pylist()
    rate = {(r["cohort_start"], r["age"]): r["rate"] for r in rows if r["is_complete"] and r["age"]}
    size = {r["cohort_start"]: r["n_users"] for r in rows}
    starts = sorted(sorted({start for start, _ in rate}, key=lambda s: -size[s])[:MOST_COHORTS])
    ages = sorted({age for _, age in rate})
    kept, seen = _by_age(rows)
    cells = [[kept[age] / seen[age] if seen.get(age) else None for age in ages]]
    cells += [[rate.get((start, age)) for age in ages] for start in starts]
    figure = theme.figure(
        _finding(kept, seen, period), height=70 + 24 * (len(starts) + 1), x=f"{period}s since the first"
    )
    narrow = len(ages) <= MOST_WRITTEN
    figure.add_heatmap(
        x=ages,
        y=["<b>all</b>", *(f"{_day(start, period)}  ({count(size[start])})" for start in starts)],
        z=cells,
        text=[[percent(v).replace("%", "") if v is not None else "" for v in line] for line in cells],
        texttemplate="%{text}" if narrow else "",
        colorscale=theme.RAMP,
        zmin=0,
        zmax=max((v for line in cells for v in line if v is not None), default=1) or 1,
        xgap=2,
        ygap=2,
        showscale=False,
        hoverongaps=False,
        hovertemplate="cohort %{y}<br>" + period + " %{x}: %{z:.1%} retained<extra></extra>",
    )
    figure.update_xaxes(side="bottom", dtick=1 if narrow else None, showline=False)
    figure.update_yaxes(autorange="reversed", showgrid=False, type="category")
    return figure


def _by_age(rows: list[dict[str, object]]) -> tuple[dict[int, float], dict[int, float]]:
    kept: dict[int, float] = {}
    seen: dict[int, float] = {}
    for row in rows:
        if row["is_complete"] and row["age"] and row["n_retained"] is not None:
            age = int(str(row["age"]))
            kept[age] = kept.get(age, 0) + float(str(row["n_retained"]))
            seen[age] = seen.get(age, 0) + float(str(row["n_users"]))
    return kept, seen


def _finding(kept: dict[int, float], seen: dict[int, float], period: str) -> str:
    known = [age for age in sorted(seen) if seen[age]]
    if not known:
        return "No cohort is old enough yet"
    first, last = known[0], known[min(len(known) - 1, 5)]
    said = f"{percent(kept[first] / seen[first])} are back after {first} {period}"
    return said if first == last else f"{said}, {percent(kept[last] / seen[last])} after {last}"


def _day(start: datetime, period: str) -> str:
    return f"{start:%b %Y}" if period == "month" else f"{start:%d %b %y}"
