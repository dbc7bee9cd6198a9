"""Whole users in words: which of them are worth telling about, and their stories.

Both work on the result tables of a run by name (docs/results.md); a table that is absent is simply not talked about.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tenure.domain import Domain
from tenure.errors import UnknownError
from tenure.explain.forecasts import TaskWords, why_sentences, words_of
from tenure.explain.sentences import (
    forecast_sentence,
    habits_sentence,
    plan_sentence,
    segment_sentence,
    slate_sentence,
    stage_sentence,
    taste_sentence,
)
from tenure.lifecycle.stages import Stage
from tenure.prediction.explaining.catalogue import catalogue
from tenure.prediction.tasks import Task

Row = dict[str, Any]
Tables = Mapping[str, pa.Table]


@dataclass(frozen=True)
class Choice:
    """A user worth telling about, and why."""

    user_id: str
    title: str


@dataclass(frozen=True)
class _Kind:
    """A kind of user worth telling about."""

    title: str
    stages: frozenset[Stage]
    rank_by: Callable[[Row], tuple[float, ...]]
    quantile: float
    """Which of them: 1 = the one with the highest rank, 0.5 = the one in the middle."""


_KINDS = (
    _Kind(
        title="A loyal {user}",
        stages=frozenset({Stage.RETAINED, Stage.GROWING, Stage.ADVOCATE}),
        rank_by=lambda row: (row["expected_value"],),
        quantile=0.9,  # the very best is an outlier; one better than most is instructive
    ),
    _Kind(
        title="A valuable {user} about to leave",
        stages=frozenset({Stage.AT_RISK, Stage.DORMANT}),
        rank_by=lambda row: (row["p_churn"] >= 0.5, row["p_churn"] * row["value"]),
        quantile=1.0,
    ),
    _Kind(
        title="A newcomer",
        stages=frozenset({Stage.ACQUIRED, Stage.ACTIVATED}),
        rank_by=lambda row: (-row["tenure_days"],),
        quantile=0.75,  # the very newest has hardly done anything yet
    ),
)


def choose_stories(tables: Tables, domain: Domain) -> list[Choice]:
    """Which few users show best what this is about? A loyal one, a valuable one about to leave, a newcomer.

    Needs the tables `stages` and `predictions`; `plan` says what is at stake, `profiles` who is new and who was worth
    much. A kind that does not occur is left out; where none does, the user with most at stake is told about. The same
    tables give the same users.
    """
    rows = _forecasts(tables)
    chosen = []
    for kind in _KINDS:
        of_kind = sorted((r for r in rows if r["stage"] in kind.stages), key=lambda r: (*kind.rank_by(r), r["user_id"]))
        if of_kind:
            place = round(kind.quantile * (len(of_kind) - 1))
            chosen.append(Choice(of_kind[place]["user_id"], kind.title.format(user=domain.user_noun)))
    if not chosen and rows:
        most = max(rows, key=lambda r: (r["stake"], r["user_id"]))
        chosen.append(Choice(most["user_id"], f"The {domain.user_noun} with most at stake"))
    return chosen


def story(tables: Tables, user_id: str, domain: Domain, *, horizon_days: int | None = None) -> str:
    """Who is this user, what is expected of them, and what is done about it? Paragraphs, parted by empty lines.

    `tables`: result tables by name; `items` (item_id, title) gives items their titles.

    Raises:
        UnknownError: no table knows the user.
    """

    def mine(name: str) -> list[Row]:
        table = tables.get(name)
        return [] if table is None else table.filter(pc.equal(table["user_id"], user_id)).to_pylist()

    stage, profile, forecast, plan = (_newest(mine(name)) for name in ("stages", "profiles", "predictions", "plan"))
    if not (stage or profile or forecast):
        raise UnknownError(f"There is no {domain.user_noun} '{user_id}' in this run; check the id, or run again")
    slate, reasons, liked = mine("recommendations"), mine("reasons"), mine("taste")
    days = horizon_days or domain.horizon_days
    task = TaskWords.of(Task(kind="commit", horizon_days=days), domain)
    now = [
        stage_sentence(stage) if stage else "",
        habits_sentence(profile, domain) if profile else "",
        _segment(tables, _newest(mine("user_segments"))),
        taste_sentence(liked),
    ]
    expected = [
        forecast_sentence(forecast, domain, days) if forecast else "",
        *why_sentences(reasons, words_of(catalogue(), domain), task),
    ]
    done = [slate_sentence(slate, _titles(tables, slate)), _plan(tables, plan, domain)]
    paragraphs = (" ".join(filter(None, sentences)) for sentences in (now, expected, done))
    return "\n\n".join(filter(None, paragraphs))


def _forecasts(tables: Tables) -> list[Row]:
    def known(table: str, column: str) -> dict[str, Any]:
        if table not in tables:
            return {}
        return dict(zip(*(tables[table][name].to_pylist() for name in ("user_id", column)), strict=True))

    stages, stakes = known("stages", "stage"), known("plan", "stake")
    tenures, values = known("profiles", "tenure_days"), known("profiles", "value")
    rows: list[Row] = tables["predictions"].select(["user_id", "p_commit", "p_churn", "expected_value"]).to_pylist()
    for row in rows:
        row["expected_value"] = row["expected_value"] or 0.0
        row["stage"] = stages.get(row["user_id"])
        row["value"] = values.get(row["user_id"]) or 0.0
        row["tenure_days"] = tenures.get(row["user_id"]) or 0.0
        row["stake"] = stakes.get(row["user_id"], row["p_churn"] * row["expected_value"])
    return rows


def _newest(rows: Sequence[Row]) -> Row:
    return rows[-1] if rows else {}


def _segment(tables: Tables, place: Row) -> str:
    if not place or "segments" not in tables:
        return ""
    rows = [row for row in tables["segments"].to_pylist() if row["segment"] == place["segment"]]
    return segment_sentence(rows[0]) if rows else ""


def _titles(tables: Tables, slate: Sequence[Row]) -> dict[str, str]:
    if "items" not in tables:
        return {}
    items = tables["items"].select(["item_id", "title"])
    wanted = pa.array([row["item_id"] for row in slate], pa.string())
    known = items.filter(pc.is_in(items["item_id"], wanted)).to_pylist()
    return {row["item_id"]: row["title"] for row in known if row["title"]}


def _plan(tables: Tables, plan: Row, domain: Domain) -> str:
    if not plan or "strategies" not in tables:
        return ""
    rows = [row for row in tables["strategies"].to_pylist() if row["strategy"] == plan["strategy"]]
    return plan_sentence(plan, rows[0], domain) if rows else ""
