"""Recommend: slates for everybody, each item with its reason and propensity, judged on later time."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from tenure.errors import MissingRunError
from tenure.events.log import EVENTS_TABLE, ITEMS_TABLE
from tenure.pipeline.encode import expected
from tenure.pipeline.hearts import Encoded
from tenure.pipeline.known import Known, Results
from tenure.pipeline.place import Placed
from tenure.pipeline.profile import Profiled, mine_rules
from tenure.recommendation.evaluate import evaluate
from tenure.recommendation.interactions import Interactions, committed_items, interactions
from tenure.recommendation.recommender import Recommender, SlateConfig
from tenure.storage.arrays import load_model


def recommend(known: Known, profiled: Profiled, placed: Placed, encoded: Encoded | None = None) -> Results:
    """Judge the slates at the test cut-off, then make those of the moment."""
    config = SlateConfig.of(known.domain)
    moments = [known.as_of] if known.cutoffs is None else [known.cutoffs.test, known.as_of]
    with known.stage("recommend", 4) as step:
        half_life = known.domain.taste_half_life_days
        rows = known.run(interactions(EVENTS_TABLE, moments, half_life_days=half_life))
        if not rows.num_rows:
            known.left_out.append("No recommendations, no rules, no taste: no event of this log names an item.")
            return Results()
        items = known.run(ITEMS_TABLE)
        step()
        tables = {} if known.cutoffs is None else _judge(known, rows, items, placed, config, encoded)
        step()
        step()
        histories = Interactions.from_table(rows, as_of=known.as_of, users=_users(placed))
        recommender = Recommender.fit(
            histories,
            items=items,
            rules=profiled.tables["rules"],
            expected=expected(encoded, known.as_of),
            domain=known.domain,
        )
        step()
        slate = recommender.recommend(histories, config, seed=known.seed)
        tables["recommendations"] = slate.to_table()
    return Results(tables, {"recommender": recommender.to_arrays()})


def _users(placed: Placed) -> Sequence[str]:
    users: list[str] = placed.tables["stages"]["user_id"].to_pylist()
    return users


def _judge(  # noqa: PLR0917
    known: Known, rows: pa.Table, items: pa.Table, placed: Placed, config: SlateConfig, encoded: Encoded | None
) -> dict[str, pa.Table]:
    """Make the slates that would have been shown at the test cut-off, and compare them with what users then chose."""
    if known.cutoffs is None:
        return {}
    test = known.cutoffs.test
    histories = Interactions.from_table(rows, as_of=test)
    recommender = Recommender.fit(
        histories,
        items=items,
        rules=mine_rules(known, test, "item"),
        expected=expected(encoded, test),
        domain=known.domain,
    )
    truth = known.run(committed_items(EVENTS_TABLE, test, horizon_days=known.cutoffs.horizon_days))
    then = placed.tables["stages_at_test"]
    stages = dict(zip(then["user_id"].to_pylist(), then["stage"].to_pylist(), strict=True))
    found = evaluate(recommender, histories, truth, config, stages=stages, seed=known.seed)
    return {"recommendation_metrics": found.metrics, "recommendation_gains": found.gains}


def recommend_for(known: Known, run: Path, user: str | None, k: int | None) -> pa.Table:
    """Slates from the models of a run: for one user, known or not, or for everybody when none is named.

    Raises:
        MissingRunError: the run has no recommender, because its log names no items.
    """
    manifest = json.loads((run / "manifest.json").read_text(encoding="utf-8"))
    if not (run / "models" / "recommender.json").is_file():
        raise MissingRunError("This run made no recommendations: no event of its log names an item")
    as_of = datetime.fromisoformat(manifest["as_of"])
    recommender = Recommender.from_arrays(load_model(run / "models", "recommender"), domain=known.domain)
    events = EVENTS_TABLE if user is None else EVENTS_TABLE.filter(EVENTS_TABLE.user_id == user)
    rows = known.run(interactions(events, as_of, half_life_days=known.domain.taste_half_life_days))
    users = [user] if user is not None else sorted(set(rows["user_id"].to_pylist()))
    histories = Interactions.from_table(rows, as_of=as_of, items=recommender.catalogue.items, users=users)
    config = SlateConfig.of(known.domain if k is None else known.domain.with_changes({"slate_length": k}))
    return recommender.recommend(histories, config, seed=manifest["seed"]).to_table()


def titles(known: Known, item_ids: Sequence[str]) -> dict[str, str]:
    """The titles of some items, where the item table has any."""
    wanted = known.run(ITEMS_TABLE.filter(ITEMS_TABLE.item_id.isin(list(item_ids))).select("item_id", "title"))
    named = wanted.filter(pc.is_valid(wanted["title"]))
    return dict(zip(named["item_id"].to_pylist(), named["title"].to_pylist(), strict=True))
