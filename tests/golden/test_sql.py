"""The SQL of every relation of the main path, for DuckDB and Spark: a compiler that changes its mind shows in review.

`TENURE_REWRITE_GOLDEN=1 pytest tests/golden/test_sql.py` writes the files anew.
"""

from __future__ import annotations

import ast
import os
from datetime import datetime
from pathlib import Path

import ibis
import pytest
from ibis.expr.types import Table

from tenure.domain import Domain, Role
from tenure.events import normalise, quality
from tenure.events.log import EVENTS_TABLE, ITEMS_TABLE, USERS_TABLE, unbound
from tenure.events.sequences import in_order
from tenure.events.sessions import with_sessions
from tenure.lifecycle import cohorts, flow
from tenure.lifecycle.activity import active_periods
from tenure.lifecycle.growth import growth
from tenure.lifecycle.repeats.cohort_value import cohort_values
from tenure.lifecycle.repeats.relation import following_occasions, repeat_history
from tenure.lifecycle.signs import signs
from tenure.lifecycle.stages import stages
from tenure.lifecycle.states import reach, return_rates, state_counts
from tenure.lifecycle.stickiness import stickiness
from tenure.lifecycle.survival.spells import spells
from tenure.lifecycle.thresholds import Thresholds, evidence
from tenure.prediction.labels import labels
from tenure.prediction.season import daily_commitments
from tenure.prediction.signals import signals
from tenure.profiles import quality_evidence
from tenure.profiles.activity import activity
from tenure.profiles.baskets import baskets
from tenure.profiles.taste import taste
from tenure.recommendation.interactions import committed_items, interactions

FOLDER = Path(__file__).parent / "sql"
SOURCE = Path(__file__).parents[2] / "src" / "tenure"
REWRITE = "TENURE_REWRITE_GOLDEN"

ONE = datetime(2024, 6, 1, 12)
TWO = (datetime(2024, 5, 2, 12), ONE)
GYM = Domain.from_mapping(
    {"name": "gym", "events": {"check_in": {"role": "commitment", "weight": 5.0}, "browse": "interest"}}
)
THRESHOLDS = Thresholds(
    period="week", typical_gap_days=7, late_ratio=2.5, dormant_days=60, churned_days=120, recent_days=30
)


def made(name: str, relation: Table) -> Table:
    """What the pipeline keeps under a name, to build on."""
    return ibis.table(relation.schema(), name=name)


RAW = unbound("raw", normalise.RAW_EVENTS)
STAGED = made("staged", normalise.normalise(RAW, GYM, ONE))
JUDGED = normalise.judge(
    STAGED,
    made("repeated", normalise.repeats(STAGED)),
    made("inhuman", normalise.inhuman_users(STAGED, 1_000)),
    duplicates="drop",
)
ACTIVE = made("active", active_periods(EVENTS_TABLE, ONE, "week"))
DAYS = made("active_days", active_periods(EVENTS_TABLE, ONE, "day"))
PLACED = made("placed", stages(EVENTS_TABLE, TWO, THRESHOLDS))
HISTORY = made("history", flow.stage_history(PLACED))
RETAINED = made("retained", cohorts.retention(cohorts.calendar_ages(ACTIVE), ONE, "week"))

RELATIONS: dict[str, Table] = {
    "active_days": active_periods(EVENTS_TABLE, ONE, "day"),
    "active_months": active_periods(EVENTS_TABLE, ONE, "month"),
    "active_weeks": active_periods(EVENTS_TABLE, ONE, "week"),
    "activity_at_one": activity(EVENTS_TABLE, ITEMS_TABLE, ONE),
    "activity_at_two": activity(EVENTS_TABLE, ITEMS_TABLE, TWO),
    "average_retention": cohorts.average_retention(RETAINED),
    "baskets_of_categories": baskets(EVENTS_TABLE, ITEMS_TABLE, ONE, "category"),
    "baskets_of_items": baskets(EVENTS_TABLE, ITEMS_TABLE, ONE, "item"),
    "committed_items": committed_items(EVENTS_TABLE, ONE, horizon_days=30),
    "cohort_values": cohort_values(EVENTS_TABLE, ONE, "month"),
    "daily_commitments": daily_commitments(EVENTS_TABLE, ONE),
    "evidence": evidence(EVENTS_TABLE, DAYS, ONE),
    "flows": flow.flows(HISTORY),
    "following_occasions": following_occasions(EVENTS_TABLE, TWO, 30),
    "growth": growth(ACTIVE, ONE, "week"),
    "growth_with_users": growth(ACTIVE, ONE, "week", USERS_TABLE),
    "in_order": in_order(EVENTS_TABLE, TWO),
    "interactions_at_one": interactions(EVENTS_TABLE, ONE, half_life_days=90.0),
    "interactions_at_two": interactions(EVENTS_TABLE, TWO, half_life_days=90.0),
    "labels_at_one": labels(EVENTS_TABLE, ONE, 30),
    "labels_at_two": labels(EVENTS_TABLE, TWO, 30),
    "next_categories": quality_evidence.next_categories(EVENTS_TABLE, ITEMS_TABLE, ONE, 30),
    "next_value": quality_evidence.next_value(EVENTS_TABLE, ONE, 30),
    "quality_daily": quality.daily(EVENTS_TABLE),
    "quality_event_types": quality.event_types(EVENTS_TABLE),
    "quality_summary": quality.summary(EVENTS_TABLE, ITEMS_TABLE),
    "reach": reach(made("states", state_counts(ACTIVE, ONE, "week"))),
    "repeat_history_at_one": repeat_history(EVENTS_TABLE, ONE),
    "repeat_history_at_two": repeat_history(EVENTS_TABLE, TWO),
    "retention_calendar": cohorts.retention(cohorts.calendar_ages(ACTIVE), ONE, "week"),
    "retention_on_or_after": cohorts.retention(
        cohorts.calendar_ages(ACTIVE), ONE, "week", cohorts.CohortConfig(rule="on_or_after")
    ),
    "retention_rolling": cohorts.retention(
        cohorts.rolling_ages(EVENTS_TABLE, ONE, "week"), ONE, "week", cohorts.CohortConfig(clock="rolling")
    ),
    "return_rates": return_rates(ACTIVE, ONE, "week"),
    "sessions": with_sessions(EVENTS_TABLE, 30.0),
    "signals_at_one": signals(EVENTS_TABLE, ONE),
    "signals_at_two": signals(EVENTS_TABLE, TWO),
    "signs_at_one": signs(EVENTS_TABLE, ONE, THRESHOLDS),
    "spells_at_one": spells(EVENTS_TABLE, ONE, datetime(2024, 7, 1)),
    "spells_at_two_of_commitments": spells(EVENTS_TABLE, TWO, datetime(2024, 7, 1), Role.COMMITMENT, grain_days=1.0),
    "stage_history": flow.stage_history(PLACED),
    "stages_at_two": stages(EVENTS_TABLE, TWO, THRESHOLDS),
    "state_counts": state_counts(ACTIVE, ONE, "week"),
    "stickiness": stickiness(ACTIVE, ONE, "week", 12),
    "taste_at_one": taste(EVENTS_TABLE, ITEMS_TABLE, ONE, half_life_days=90.0),
    "taste_at_two": taste(EVENTS_TABLE, ITEMS_TABLE, TWO, half_life_days=90.0),
    "touched": quality_evidence.touched(EVENTS_TABLE, ITEMS_TABLE, ONE),
    "transitions": flow.transitions(flow.flows(HISTORY)),
}
"""What runs on the clean log."""

AT_THE_DOOR: dict[str, Table] = {
    "ingest_inhuman_users": normalise.inhuman_users(STAGED, 1_000),
    "ingest_judge": JUDGED,
    "ingest_normalise": normalise.normalise(RAW, GYM, ONE),
    "ingest_quarantined": normalise.quarantined(JUDGED),
    "ingest_repeats": normalise.repeats(STAGED),
}
"""What makes the log clean. It parses text with functions of DuckDB's own, whatever engine reads the log later."""

COMPILED: dict[str, dict[str, Table]] = {"duckdb": {**RELATIONS, **AT_THE_DOOR}, "databricks": RELATIONS}
CASES = [(dialect, name) for dialect, relations in COMPILED.items() for name in relations]


def compiled(dialect: str, name: str) -> str:
    return f"{ibis.to_sql(COMPILED[dialect][name], dialect=dialect)}\n"


@pytest.mark.parametrize(("dialect", "name"), CASES)
def test_sql_is_as_reviewed(dialect: str, name: str) -> None:
    path = FOLDER / dialect / f"{name}.sql"
    text = compiled(dialect, name)
    if os.environ.get(REWRITE):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    kept = path.read_bytes().decode() if path.is_file() else ""
    assert text == kept, f"{path.name}: if this is meant, run `{REWRITE}=1 pytest {Path(__file__).name}` and review"


def test_every_file_has_its_relation() -> None:
    kept = {(path.parent.name, path.stem) for path in FOLDER.glob("*/*.sql")}
    assert kept == set(CASES)


def test_every_relation_has_its_file() -> None:
    """A public function that returns a table is a relation, unless others only build on it."""
    called = {
        ast.unparse(node.func).split(".")[-1] for node in ast.walk(parsed(Path(__file__))) if isinstance(node, ast.Call)
    }
    public = {
        node.name
        for path in SOURCE.rglob("*.py")
        for node in parsed(path).body
        if isinstance(node, ast.FunctionDef) and node.returns is not None and ast.unparse(node.returns) == "Table"
        if not node.name.startswith("_")
    }
    # The last three run what has its file, choose whose events are read, and say what counts.
    assert public - called == {"before", "following", "every_period", "cohorts", "learners_of", "each_counts_one"}


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))
