"""What the sequence model foretells, beside simple answers, and what its vectors are good for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tenure.charts.items import item_map
from tenure.report.blocks import Block, Cell, Grid, Section, chart, number_columns, text_columns
from tenure.report.results import Results
from tenure.report.sections.evidence import in_order, metric_words, with_interval
from tenure.wording import fixed, is_known

Row = Mapping[str, Any]

METRICS = {
    "log_likelihood": "log-likelihood",
    "mae_days": "days missed ↓",
    "pinball": "pinball loss ↓",
}
SHOWN = ("ndcg@10", "log_likelihood", "mae_days", "log_loss", "pinball")
QUESTIONS = {
    "stability": "how well segments come back",
    "committed": "who commits",
    "value": "how much (logarithm)",
}
BY = {"segment": "their segment", "most_alike": "the 20 most alike"}


def sequence(results: Results) -> Section:
    """What does the sequence model see?"""
    title, short = "What does the sequence model see?", "Sequence model"
    found = results.table("heart_evidence")
    blocks: list[Block] = []
    items = results.table("item_map")
    if items is not None:
        note = f"The {results.items} met most; larger: met more often. Hover for the titles."
        blocks.append(chart(item_map(items, results.titles), note=note, is_wide=True))
    if found is not None:
        blocks.append(_foretold(found.to_pylist()))
    states = results.table("state_evidence")
    if states is not None:
        blocks.append(_states(results, states.to_pylist()))
    if not blocks:
        lead = "There is none in this run: it needs PyTorch, [heart] use = true and a log that can teach it."
        return Section(id="sequence", title=title, short=short, lead=lead)
    lead = (
        f"One model reads everything a {results.user} did and foretells what comes next, when, and worth how much. "
        "Judged on later time, beside the simplest answers to each question."
    )
    return Section(id="sequence", title=title, short=short, lead=lead, blocks=tuple(blocks))


def _foretold(rows: list[Row]) -> Grid:
    cells: list[list[Cell]] = [
        [
            row["question"],
            METRICS.get(row["metric"]) or metric_words(row["metric"]),
            "sequence model" if row["model"] == "heart" else row["model"].replace("_", " "),
            with_interval(row),
            _gain(row),
        ]
        for row in rows
        if row["metric"] in SHOWN
    ]
    return Grid(
        caption="What it foretells",
        columns=[
            *text_columns("Question", "Metric", "Told by"),
            *number_columns("Value", "Sequence model better by"),
        ],
        rows=cells,
        note="Below a value and beside it: 95% intervals, from resampled users. ↓ = lower is better.",
    )


def _states(results: Results, rows: list[Row]) -> Grid:
    of = {(row["question"], row["told_by"], row["basis"]): row for row in rows}
    pairs = in_order((row["question"], row["told_by"]) for row in rows)
    cells: list[list[Cell]] = []
    for question, by in pairs:
        states, profiles = (of.get((question, by, basis)) for basis in ("states", "profiles"))
        gain = "" if profiles is None or not is_known(profiles["gain_low"]) else _range(profiles)
        cells.append([QUESTIONS[question], BY[by], with_interval(states), with_interval(profiles), gain])
    return Grid(
        caption=f"Are {results.users} alike to the model more alike in what they do next?",
        columns=[
            *text_columns("Told", "by the others of"),
            *number_columns("Its states", "Profiles", "States better by"),
        ],
        rows=cells,
        note="Share of the differences in the time after that is explained; of segments also how well the same ones "
        "come back from half of the users (1 = always).",
    )


def _gain(row: Row) -> str:
    if not is_known(row["gain_low"]):
        return ""
    return _range(row) if row["is_better_high"] else f"{_signed(-row['gain_high'])} to {_signed(-row['gain_low'])}"


def _range(row: Row) -> str:
    return f"{_signed(row['gain_low'])} to {_signed(row['gain_high'])}"


def _signed(value: float) -> str:
    text = fixed(value)
    return text if text.startswith("−") or value <= 0 else f"+{text}"
