"""Who will come back, and can the forecast be believed?"""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tenure.charts import prediction as charts
from tenure.charts.theme import name
from tenure.report.blocks import Block, Grid, Section, chart
from tenure.report.results import Results
from tenure.report.sections.evidence import gain_grid, in_order, main_model, metric_grid
from tenure.wording import counted


def forecast(results: Results) -> Section:
    """Who will commit, who will not, and how sure is that?"""
    verb, days = results.domain.commitment_verb, counted(results.horizon_days, "day")
    title, short = f"Who will {verb} within {days}?", "Prediction"
    metrics = results.table("prediction_metrics")
    if metrics is None:
        lead = "The log is too short to test a prediction on later time, so none is shown."
        return Section(id="prediction", title=title, short=short, lead=lead)
    rows = metrics.to_pylist()
    gains = results.table("prediction_gains")
    gained = gains.to_pylist() if gains is not None else []
    main = main_model(results) or ""
    blocks: list[Block] = []
    if (bins := results.table("reliability")) is not None:
        note = (
            f"Each point: {results.users} with about the same predicted probability, and how many of them did {verb}."
        )
        blocks.append(chart(charts.reliability(_only(bins, main), what=f"did {verb}"), note=note))
    if (lift := results.table("lift")) is not None:
        blocks.append(
            chart(charts.gains(lift, main=main), note="The steeper the line rises, the fewer must be contacted.")
        )
    blocks += _metric_grids(rows, results.user)
    if gained:
        caption = f"{name(main).capitalize()} against the simple ones, on the same {results.users}"
        blocks.append(gain_grid(gained, where="population", caption=caption))
    if (weights := results.table("weights")) is not None:
        note = f"Blue speaks for “{verb}”, orange against it, per standard deviation of the input."
        blocks.append(
            chart(charts.weights(weights, results.descriptions, towards=f"“{verb}”"), note=note, is_wide=True)
        )
    lead = (
        f"Learnt on past cut-offs, tested on a later one that it had not seen, beside simple baselines. "
        f"A {results.user} who does not {verb} within {days} counts as a leaver here."
    )
    return Section(id="prediction", title=title, short=short, lead=lead, blocks=blocks)


def _only(table: pa.Table, model: str) -> pa.Table:
    kept = table.filter(pc.equal(table.column("model"), model))
    return kept if kept.num_rows else table


def _metric_grids(rows: list[dict[str, Any]], user: str) -> list[Grid]:
    """A grid per kind of forecast (probability, amount) and population: kinds are told apart by their metrics."""
    kind = {
        m: tuple(in_order(row["metric"] for row in rows if row["model"] == m)) for m in in_order(_of(rows, "model"))
    }
    return [
        metric_grid(
            here,
            subject="model",
            caption=f"On later time: {name(population)} ({counted(here[0]['n_users'], user)})",
            note="In small: 95% interval by resampling users. ↓: lower is better." if i == j == 0 else "",
        )
        for i, metrics in enumerate(in_order(kind.values()))
        for j, population in enumerate(in_order(_of(rows, "population")))
        if (here := [row for row in rows if kind[row["model"]] == metrics and row["population"] == population])
    ]


def _of(rows: list[dict[str, Any]], column: str) -> list[str]:
    return [row[column] for row in rows]
