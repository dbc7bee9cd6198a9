"""Report: the results as one page, with three users told as stories."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import pyarrow as pa

from tenure.events.log import EVENTS_TABLE, ITEMS_TABLE, before
from tenure.explain.stories import choose_stories, story
from tenure.pipeline.known import Known
from tenure.pipeline.returning import Returning
from tenure.report.build import build_report
from tenure.report.results import Results, Story
from tenure.report.sections.glance import glance


@dataclass(frozen=True)
class Told:
    """A run in words and pictures."""

    page: str
    """The HTML report."""
    headlines: Sequence[str]
    """What matters first, in sentences."""


def report(known: Known, tables: Mapping[str, pa.Table], returning: Returning | None = None) -> Told:
    """Tell what a run found; `returning` draws the return curves of the users in the stories."""
    with known.stage("report", 1):
        shown = dict(tables) | {"items": known.run(ITEMS_TABLE.select("item_id", "title"))}
        results = Results(
            tables=shown,
            quality=known.log.quality,
            manifest=facts_of(known),
            domain=known.domain,
            stories=stories(known, shown, returning),
        )
        headlines = [sentence.striptags() for sentence in glance(results).sentences]
        return Told(build_report(results), headlines)


def stories(known: Known, tables: Mapping[str, pa.Table], returning: Returning | None) -> Sequence[Story]:
    """A loyal user, a valuable one about to leave, a newcomer: each in words, with what they did."""
    chosen = choose_stories(tables, known.domain) if {"stages", "predictions"} <= tables.keys() else []
    return [
        Story(
            user_id=choice.user_id,
            title=choice.title,
            text=story(tables, choice.user_id, known.domain),
            events=events_of(known, choice.user_id),
            returning=None if returning is None else returning.curve_of(choice.user_id),
        )
        for choice in chosen
    ]


def events_of(known: Known, user: str) -> pa.Table:
    """What one user did before the moment of the run, oldest first."""
    mine = before(EVENTS_TABLE.filter(EVENTS_TABLE.user_id == user), known.as_of)
    return known.run(mine.order_by("timestamp"))


def facts_of(known: Known) -> dict[str, Any]:
    """What the report says about its own making."""
    return {
        "as_of": known.as_of.isoformat(),
        "version": version("tenure"),
        "fingerprint": known.log.fingerprint,
        "horizon_days": known.domain.horizon_days,
        "seed": known.seed,
        "timings": dict(known.timings),
        "left_out": list(known.left_out),
        **known.facts,
    }
