"""A few users told as stories: what they did and like, what is expected of them, what they are offered, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow.compute as pc

from tenure.charts import forecasts, survival, taste, timeline
from tenure.charts.theme import name
from tenure.explain.forecasts import TaskWords, reason_phrase
from tenure.prediction.explaining.catalogue import THEMES
from tenure.report.blocks import Block, Card, Cell, Chart, Grid, Noted, chart, level, number_columns, text_columns
from tenure.report.results import Results, Story
from tenure.wording import is_known, percent

HOW_TO_READ = "In log-odds: +0.7 doubles the odds. Each theme is told by the input that speaks loudest in it."
MOST_REASONS = 6


@dataclass(frozen=True, kw_only=True)
class Life:
    """One user's part of the report."""

    title: str
    user_id: str
    paragraphs: Sequence[str]
    facts: Sequence[Card]
    blocks: Sequence[Block]


def lives(results: Results) -> list[Life]:
    """Who are these people behind the numbers?"""
    return [_life(results, story) for story in results.stories]


def _life(results: Results, story: Story) -> Life:
    who = story.user_id
    blocks: list[Block] = []
    if story.events.num_rows:
        figure = timeline.timeline(
            story.events,
            results.of_user("stage_history", who),
            results.as_of,
            currency=results.domain.currency,
            noun=results.domain.commitment_noun,
        )
        note = "Below: the stage of life found at each cut-off, drawn over the time before it."
        blocks.append(chart(figure, note=note, is_wide=True))
    if beside := [made for made in (_taste(results, who), _why(results, who)) if made is not None]:
        blocks += level(*beside)
    if (back := _back(results, story)) is not None:
        blocks.append(back)
    if (slate := results.of_user("recommendations", who)) is not None:
        blocks.append(
            Grid(
                caption="Recommended now",
                columns=[*number_columns("rank"), *text_columns(results.domain.item_noun, "why")],
                rows=[
                    [str(row["rank"]), _named(row["item_id"], results.titles), row["reason"] or ""]
                    for row in slate.sort_by("rank").to_pylist()
                ],
            )
        )
    return Life(
        title=story.title,
        user_id=who,
        paragraphs=[p for p in story.text.split("\n\n") if p.strip()],
        facts=_facts(results, who),
        blocks=blocks,
    )


def _taste(results: Results, who: str) -> Chart | None:
    liked = results.of_user("taste", who)
    if liked is None:
        return None
    dimensions = sorted(set(liked.column("dimension").to_pylist()))
    return chart(taste.taste(liked, dimension="category" if "category" in dimensions else dimensions[0]))


def _why(results: Results, who: str) -> Chart | None:
    """What moved the forecast of this user most, theme by theme."""
    reasons = results.of_user("reasons", who)
    if reasons is None:
        return None
    task = TaskWords.of(results.main_task, results.domain)
    strongest = reasons.take(pc.array_sort_indices(pc.abs(reasons["contribution"]), "descending")[:MOST_REASONS])
    phrases = {r["theme"]: reason_phrase(r, results.words, currency=task.currency) for r in strongest.to_pylist()}
    return chart(forecasts.why(strongest, THEMES, phrases, event=task.event, currency=task.currency), note=HOW_TO_READ)


def _back(results: Results, story: Story) -> Block | None:
    """By when this user is likely back."""
    outlook = results.of_user("returns", story.user_id)
    if story.returning is None or outlook is None:
        return None
    row = outlook.to_pylist()[0]
    low, high = row["low_80_days"], row["high_80_days"]
    figure = survival.user_return(story.returning, median_days=row["median_days"], low_days=low, high_days=high)
    note = "Band: how far the curve may be off. Below: the days between which the return is with 80%, and their middle."
    return chart(figure, note=note, is_wide=True)


def _named(item: str, titles: Mapping[str, str]) -> Cell:
    return Noted(titles[item], item) if item in titles else item


def _facts(results: Results, who: str) -> list[Card]:
    facts: list[Card] = []
    if (stage := results.of_user("stages", who)) is not None:
        row = stage.to_pylist()[0]
        facts.append(Card(title="stage", figure=name(row["stage"]), text=row["reason"] or ""))
    if (prediction := results.of_user("predictions", who)) is not None:
        row = prediction.to_pylist()[0]
        facts.append(
            Card(
                title=f"will {results.domain.commitment_verb}",
                figure=percent(row["p_commit"]),
                text=f"within {results.horizon_days} days; expected value {_expected(results, row)}",
            )
        )
    if (plan := results.of_user("plan", who)) is not None:
        row = plan.to_pylist()[0]
        title = results.strategies.get(row["strategy"], name(row["strategy"]))
        facts.append(Card(title="plan", figure=title, text=row["reason"] or ""))
    return facts


def _expected(results: Results, row: Mapping[str, Any]) -> str:
    said, low, high = (results.money(row[column]) for column in ("expected_value", "value_low", "value_high"))
    return f"{said}, {low} to {high} from 80 of 100 such {results.users}" if is_known(row["value_high"]) else said
