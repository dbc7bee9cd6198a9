"""One user's forecast explained on one self-contained HTML page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import pyarrow as pa
from plotly.offline import get_plotlyjs

from tenure.charts import forecasts as charts
from tenure.domain import Domain
from tenure.explain.forecasts import TaskWords, Words, heading, reason_phrase, why_sentences
from tenure.prediction.explaining.catalogue import THEMES
from tenure.prediction.explaining.whatif import NOT_CAUSAL
from tenure.prediction.tasks import Task
from tenure.report.blocks import Block, Grid, chart, number_columns, text_columns
from tenure.report.curves import curve_charts
from tenure.report.pages import environment

HOW_TO_READ = (
    "Bars are in log-odds: 0 changes nothing, +0.7 doubles the odds, −0.7 halves them. Together with what is usual "
    "they add up to the forecast exactly. Each theme is told by the input that speaks loudest in it."
)
HOW_TO_READ_AMOUNTS = "Together with what is usual the bars add up to the forecast exactly."
SAMPLED = (
    "How the bars share out the forecast was found by asking the model about mixtures of users; it is approximate."
)


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """What there is to tell of one user's forecast."""

    user_id: str
    as_of: datetime
    task: Task
    model: str
    """What the model is called, with its version."""
    forecast: float
    usual: float
    """The forecast of users in general."""
    reasons: pa.Table
    """This user's rows of REASONS."""
    is_sampled: bool
    words: Words
    """The inputs, in the words of the domain."""
    acts: pa.Table | None = None
    """What single acts would change: a table of ACTS."""
    importance: pa.Table | None = None
    """What each theme is worth on later time: rows of IMPORTANCE."""
    dependence: pa.Table | None = None
    """How the forecast goes along the inputs that matter most: rows of DEPENDENCE."""
    notes: Sequence[str] = field(default=())
    """What else a reader must know, in sentences."""


def build_explanation(told: Explanation, domain: Domain) -> str:
    """Why is this forecast made of this user, and what would change it? One page that needs nothing from outside."""
    task = TaskWords.of(told.task, domain)
    rows = told.reasons.to_pylist()
    return (
        environment()
        .get_template("explanation.html")
        .render(
            told=told,
            user=domain.user_noun,
            as_of_day=f"{told.as_of.day} {told.as_of:%B %Y}",
            heading=heading(task, told.forecast, told.usual),
            paragraphs=why_sentences(rows, told.words, task),
            why=[_why(told, task)] if rows else [],
            acts=_acts(told, task),
            general=_general(told, task),
            plotly_js=get_plotlyjs(),
        )
    )


def _why(told: Explanation, task: TaskWords) -> Block:
    phrases = {row["theme"]: reason_phrase(row, told.words, currency=task.currency) for row in told.reasons.to_pylist()}
    note = HOW_TO_READ_AMOUNTS if task.is_amount else HOW_TO_READ
    figure = charts.why(told.reasons, THEMES, phrases, event=task.event, currency=task.currency)
    return chart(figure, note=f"{note} {SAMPLED}" if told.is_sampled else note, is_wide=True)


def _acts(told: Explanation, task: TaskWords) -> list[Block]:
    if told.acts is None or not told.acts.num_rows:
        return []
    rows = [
        [f"If {row['title']}", task.forecast(row["before"]), task.forecast(row["after"]), row["refusal"] or ""]
        for row in told.acts.to_pylist()
    ]
    columns = [*text_columns("act"), *number_columns("now", "then"), *text_columns("")]
    return [Grid(caption="What single acts would change", columns=columns, rows=rows, note=NOT_CAUSAL)]


def _general(told: Explanation, task: TaskWords) -> list[Block]:
    blocks: list[Block] = []
    if told.importance is not None and told.importance.num_rows:
        note = (
            "How much worse later time is forecast when all inputs of a theme are exchanged between users, with 95 % "
            "intervals over users. Pale: possibly nothing."
        )
        blocks.append(chart(charts.importance(told.importance, THEMES, what="loss added without it"), note=note))
    if told.dependence is not None:
        blocks += curve_charts(told.dependence, told.words, task)
    return blocks
