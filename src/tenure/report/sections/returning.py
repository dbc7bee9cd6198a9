"""When does everybody come back, by stage, and can the forecast of it be believed?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow.compute as pc

from tenure.charts import survival
from tenure.charts.theme import name
from tenure.prediction.return_evidence import EVERYBODY, NAME, RECENCY
from tenure.report.blocks import Block, Chart, Grid, Section, chart, level, number_columns, text_columns
from tenure.report.results import Results
from tenure.report.sections.evidence import excludes_zero, in_order, metric_words, with_interval
from tenure.wording import counted, is_known, listed, number, percent

Row = Mapping[str, Any]

METRICS = ("concordance", "integrated_brier", "ece")
MODELS = {
    NAME: f"{name(NAME)} (in use)",
    RECENCY: "hazard by recency alone",
    EVERYBODY: "everybody's curve (Kaplan-Meier)",
}

UNTIL_DAYS = 90
"""Where the picture ends."""
LEAST_USERS = 20
"""Stages of fewer users are not drawn: their bands would cover the others."""


def returning(results: Results) -> Section:
    """When are they back?"""
    title, short = f"When do {results.users} come back?", "Returns"
    metrics = results.table("return_metrics")
    rows = sorted(metrics.to_pylist(), key=_place) if metrics is not None else []
    blocks: list[Block] = [*level(*pictures)] if (pictures := _pictures(results)) else []
    if rows:
        blocks.append(_grid(rows))
    lead = _lead(results, rows) or f"The log is too short to test a forecast of when {results.users} come back."
    return Section(id="returns", title=title, short=short, lead=lead, blocks=tuple(blocks))


def _place(row: Row) -> tuple[int, int, int]:
    """Models from the one in use to the simplest, metrics from the whole curve to single days."""
    return [*MODELS].index(row["model"]), METRICS.index(row["metric"]), int(row["horizon_days"])


def _pictures(results: Results) -> list[Chart]:
    curves, bins = results.table("return_curves"), results.table("return_calibration")
    pictures = []
    if curves is not None and (curves := curves.filter(pc.greater_equal(curves["n_users"], LEAST_USERS))).num_rows:
        look = curves["as_of"][0].as_py()
        since = f"{look.day} {look:%B %Y}"
        note = f"By the stage of {since}, watched from there on. Any activity is a return. Bands: 95% intervals."
        figure = survival.return_curves(curves.sort_by("day"), until_days=UNTIL_DAYS)
        pictures.append(chart(figure, note=note))
    if bins is not None:
        note = f"Each point: {results.users} with about the same chance, and how many of them were back by then."
        pictures.append(chart(survival.return_calibration(bins), note=note))
    return pictures


def _grid(rows: Sequence[Row]) -> Grid:
    keys = in_order((row["metric"], row["horizon_days"]) for row in rows)
    found = {(row["model"], row["metric"], row["horizon_days"]): row for row in rows}
    return Grid(
        caption=f"Foretold on later time ({counted(rows[0]['n_users'], 'forecast')})",
        columns=[
            *text_columns("model"),
            *number_columns(*(f"{metric_words(metric)}, {counted(days, 'day')}" for metric, days in keys)),
        ],
        rows=[
            [MODELS[model], *(with_interval(found.get((model, *key))) for key in keys)]
            for model in in_order(row["model"] for row in rows)
        ],
        note="Concordance: in which share of pairs was the user named who was back first? Chance: 0.5. ↓: lower is "
        "better. In small: 95% interval, by resampling users; that of a calibration error sits high, since chance can "
        "only add to it.",
    )


def _lead(results: Results, rows: Sequence[Row]) -> str:
    found = {(row["model"], row["metric"]): row for row in rows if row["metric"] != "ece"}
    said = [found.get((model, "concordance")) for model in (NAME, RECENCY)]
    if not all(row is not None and is_known(row["value"]) for row in said):
        return ""
    ours, recency = (row["value"] for row in said if row is not None)
    errors = [
        f"{number(100 * row['value'])} (within {counted(row['horizon_days'], 'day')})"
        for row in rows
        if row["model"] == NAME and row["metric"] == "ece"
    ]
    sentence = (
        f"Of two {results.users}, the forecast names the one who is back first in {percent(ours)} of cases. "
        f"Chance would in 50%, recency alone in {percent(recency)}{_verdict(results)}."
    )
    return f"{sentence} Its chances are off by {listed(errors)} percentage points on average." if errors else sentence


def _verdict(results: Results) -> str:
    gains = results.table("return_gains")
    rows: list[Row] = gains.to_pylist() if gains is not None else []
    gain = next((row for row in rows if (row["baseline"], row["metric"]) == (RECENCY, "concordance")), None)
    if gain is None:
        return ""
    if not excludes_zero(gain):
        return ", which is no difference beyond chance"
    return ", a difference beyond chance" if gain["difference"] > 0 else ", which is better beyond chance"
