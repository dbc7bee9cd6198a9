"""The model card: what a trained version is, what it is made from, how good it is for whom, and where it ends.

Source: Mitchell et al. (2019), Model Cards for Model Reporting, FAT*.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from plotly.offline import get_plotlyjs

from tenure.charts import forecasts, prediction
from tenure.charts.theme import name
from tenure.domain import Domain
from tenure.explain.forecasts import TaskWords
from tenure.prediction.explaining.catalogue import THEMES
from tenure.prediction.tasks import parse_task
from tenure.report.blocks import Block, Cell, Grid, Noted, Prose, Section, chart, number_columns, text_columns
from tenure.report.pages import environment
from tenure.report.results import Results
from tenure.report.sections.leaderboard import Contest, contests_of, leaderboard, over_time, verdict
from tenure.report.sections.returning import returning
from tenure.wording import fixed, is_known, listed, money, percent

FOR = (
    "Ranking users and planning for many of them: whom to contact, how many will come, what they will bring. Every "
    "number is about users like this one, not about what one person will do."
)
NOT_FOR = (
    "Decisions that a single person must bear (credit, insurance, employment, health), and claims about cause: the "
    "models know what goes together, not what would come of changing it."
)


@dataclass(frozen=True, kw_only=True)
class Card:
    """What a card is written from."""

    created: str
    """When, ISO 8601 UTC."""
    as_of: str
    """What was known before this moment was learnt from."""
    domain: Domain
    facts: Mapping[str, str]
    """What was learnt from and how, as label -> text."""
    tables: Mapping[str, pa.Table]
    """The evidence, by the names of docs/results.md."""
    corrections: Mapping[str, str]
    """Task -> what season and level did to its forecasts, in a sentence."""
    limits: Sequence[str]
    """What a reader must not overlook, in sentences."""


def card_sections(card: Card) -> list[Section]:
    """The card as sections of blocks."""
    results = Results(tables=card.tables, quality={}, manifest={"as_of": card.as_of}, domain=card.domain)
    made = Grid(caption="Made from", columns=text_columns("", ""), rows=[[k, v] for k, v in card.facts.items()])
    about = Section(
        id="about",
        title="What is this?",
        short="About",
        lead=f"Models that forecast the users of {card.domain.title}, trained on what was known before {card.as_of}.",
        blocks=[Prose(title="Made for", paragraphs=[FOR]), Prose(title="Not made for", paragraphs=[NOT_FOR]), made],
    )
    limits = Section(
        id="limits",
        title="Where does it end?",
        short="Limits",
        lead="What the numbers above do not cover.",
        blocks=[Prose(paragraphs=list(card.limits))],
    )
    returns = [returning(results)] if "return_metrics" in card.tables else []
    return [about, *(_task(card, contest) for contest in contests_of(results).values()), *returns, limits]


def card_html(card: Card) -> str:
    """The card as one page that needs nothing from outside; all text from the log is escaped."""
    page = environment().get_template("card.html")
    return page.render(card=card, sections=card_sections(card), plotly_js=get_plotlyjs())


def card_markdown(card: Card) -> str:
    """The card as Markdown: the same words and tables, without the pictures."""
    parts = [f"# Model card, {card.created}"]
    for section in card_sections(card):
        parts += [f"## {section.title}", section.lead]
        for block in section.blocks:
            parts += _written(block)
    # Markdown passes HTML on, so what the log calls its groups could act.
    return "\n\n".join(part for part in parts if part).replace("<", "&lt;") + "\n"


def _task(card: Card, contest: Contest) -> Section:
    task = parse_task(contest.task)
    event = TaskWords.of(task, card.domain).event
    blocks: list[Block] = [leaderboard(contest, "On later time")]
    if (found := over_time(contest)) is not None:
        blocks.append(found)
    bins = _of(card, "reliability", contest.task)
    if bins is not None:
        champion = bins.filter(pc.equal(bins["model"], contest.champion))
        blocks.append(chart(prediction.reliability(champion, what="did")))
    importance = _of(card, "theme_worth", contest.task)
    if importance is not None:
        blocks.append(chart(forecasts.importance(importance, THEMES, what="loss added without it")))
    groups = _of(card, "groups", contest.task)
    lead = f"{verdict(contest)} {card.corrections.get(contest.task, '')}".strip()
    if groups is not None:
        blocks.append(_groups(groups, card, is_amount=contest.is_amount))
        lead = f"{lead} {fairness(groups)}"
    return Section(id=_id(contest.task), title=f"{contest.task}: {event}", short=contest.task, lead=lead, blocks=blocks)


def fairness(groups: pa.Table) -> str:
    """For whom are the forecasts off beyond chance? In a sentence.

    >>> from tenure.prediction.groups import GROUPS
    >>> row = {"task": "commit:30d", "kind": "region", "group": "north", "n_users": 90, "observed": 0.3,
    ...        "forecast": 0.5, "gap": 0.2, "low": 0.1, "high": 0.3, "auc": 0.8, "is_off": True}
    >>> fairness(pa.Table.from_pylist([row], schema=GROUPS))
    'Off beyond chance for: region north (too high).'
    """
    off = [row for row in groups.to_pylist() if row["is_off"]]
    if not off:
        return "In no group of users is it off beyond chance."
    said = [f"{name(row['kind'])} {row['group']} (too {'high' if row['gap'] > 0 else 'low'})" for row in off]
    return f"Off beyond chance for: {listed(said)}."


def _groups(groups: pa.Table, card: Card, *, is_amount: bool) -> Grid:
    def written(value: float | None) -> str:
        if not is_known(value):
            return ""
        return money(value, card.domain.currency) if is_amount else percent(value, 1)

    def gap(row: Mapping[str, Any]) -> Cell:
        return Noted(written(row["gap"]), f"{written(row['low'])} to {written(row['high'])}")

    return Grid(
        caption="Is it as good for everybody?",
        columns=[
            *text_columns("by", "group"),
            *number_columns("users", "forecast", "observed", "gap", "AUC"),
            *text_columns("beyond chance?"),
        ],
        rows=[
            [
                name(row["kind"]),
                row["group"],
                f"{row['n_users']:,}",
                written(row["forecast"]),
                written(row["observed"]),
                gap(row),
                fixed(row["auc"]) if is_known(row["auc"]) else "",
                "yes" if row["is_off"] else "no",
            ]
            for row in groups.to_pylist()
        ],
        note=(
            "At the test cut-offs, forecast less observed. In small: an interval wide enough for all groups together. "
            "Attributes of users are not used by the models; they are looked at here alone."
        ),
    )


def _of(card: Card, table: str, task: str) -> pa.Table | None:
    if table not in card.tables or "task" not in card.tables[table].column_names:
        return None
    found = card.tables[table].filter(pc.equal(card.tables[table]["task"], task))
    return found if found.num_rows else None


def _id(task: str) -> str:
    return "task-" + "".join(c if c.isalnum() else "-" for c in task)


def _written(block: Block) -> list[str]:
    if isinstance(block, Prose):
        return [*([f"### {block.title}"] if block.title else []), *block.paragraphs]
    if not isinstance(block, Grid):
        return []
    titles = [column.title for column in block.columns]
    lines = [f"| {' | '.join(titles)} |", f"|{'---|' * len(titles)}"]
    lines += [f"| {' | '.join(_cell(cell) for cell in row)} |" for row in block.rows]
    return [f"### {block.caption}", "\n".join(lines), block.note]


def _cell(cell: Cell) -> str:
    text = cell if isinstance(cell, str) else f"{cell.text} [{cell.small}]"
    return text.replace("|", "\\|").replace("\n", " ")
