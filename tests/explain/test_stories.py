"""Stories: the right users are chosen, and everything known of them is said."""

from __future__ import annotations

from datetime import datetime

import pyarrow as pa
import pytest

from tenure.domains.ecommerce import DOMAIN as SHOP
from tenure.domains.news import DOMAIN as NEWS
from tenure.errors import UnknownError
from tenure.explain.sentences import (
    forecast_sentence,
    habits_sentence,
    plan_sentence,
    segment_sentence,
    stage_sentence,
    taste_sentence,
)
from tenure.explain.stories import Choice, choose_stories, story

AS_OF = datetime(2024, 6, 1)


def run_tables() -> dict[str, pa.Table]:
    users = ["ann", "ben", "cem", "dee", "eve"]
    return {
        "stages": pa.table(
            {
                "user_id": users,
                "stage": ["retained", "retained", "at_risk", "dormant", "acquired"],
                "reason": ["comes every week", None, "silent for 40 days", "silent for 90 days", "here for 2 days"],
            }
        ),
        "predictions": pa.table(
            {
                "user_id": users,
                "as_of": [AS_OF] * 5,
                "p_commit": [0.9, 0.8, 0.4, 0.1, 0.3],
                "p_churn": [0.1, 0.2, 0.6, 0.9, 0.7],
                "expected_value": [50.0, 20.0, 30.0, 2.0, 5.0],
            }
        ),
        "plan": pa.table(
            {
                "user_id": users,
                "strategy": ["familiar", "familiar", "call_back", "win_back", "onboard"],
                "stake": [6.0, 5.0, 45.0, 18.0, 11.0],
                "is_control": [False, False, True, False, False],
            }
        ),
        "strategies": pa.table(
            {
                "strategy": ["familiar", "call_back", "win_back", "onboard"],
                "title": ["More of the same", "Call back in time", "Win back", "Show around"],
                "aim": ["Aim one.", "Aim two.", "Aim three.", "Aim four."],
            }
        ),
        "profiles": pa.table(
            {
                "user_id": users,
                "tenure_days": [212.0, 30.0, 99.0, 150.0, 0.4],
                "n_occasions": [31, 4, 12, 1, 0],
                "value": [412.0, 40.0, 99.0, 3.0, 0.0],
                "recency_days": [0.4, 3.0, 40.0, 90.0, 0.4],
                "gap_median_days": [7.0, None, 13.0, 1.0, None],
            }
        ),
        "reasons": pa.table(
            {
                "user_id": ["cem", "cem"],
                "theme": ["rhythm", "volume"],
                "contribution": [-1.2, 0.3],
                "unit": ["log-odds", "log-odds"],
                "feature": ["recency_days", "n_events_30"],
                "value": [40.0, 1.0],
                "usual": [3.0, 0.0],
                "own_usual_days": [13.0, None],
            }
        ),
        "taste": pa.table(
            {"user_id": ["cem"], "dimension": ["category"], "name": ["Cheese"], "share": [0.2], "lift": [3.0]}
        ),
        "segments": pa.table({"segment": [0], "name": ["Big baskets"], "description": ["Buys a lot at once."]}),
        "user_segments": pa.table({"user_id": ["cem"], "segment": [0]}),
        "recommendations": pa.table(
            {
                "user_id": ["cem", "cem"],
                "rank": [2, 1],
                "item_id": ["i2", "i1"],
                "reason": ["", "Chosen 6 times."],
            }
        ),
        "items": pa.table({"item_id": ["i1", "i2", "i3"], "title": ["Brie", None, "Tea"]}),
    }


def test_three_users_show_what_it_is_about() -> None:
    assert choose_stories(run_tables(), SHOP) == [
        Choice("ann", "A loyal customer"),
        Choice("cem", "A valuable customer about to leave"),
        Choice("eve", "A newcomer"),
    ]


def test_choice_does_not_depend_on_the_order_of_rows() -> None:
    turned = {name: table.take(pa.array(range(table.num_rows - 1, -1, -1))) for name, table in run_tables().items()}
    assert choose_stories(turned, SHOP) == choose_stories(run_tables(), SHOP)


def test_kinds_that_do_not_occur_are_not_told_about() -> None:
    tables = run_tables()
    gone = tables["stages"].set_column(1, "stage", pa.array(["churned"] * 5))
    assert choose_stories(tables | {"stages": gone}, NEWS) == [Choice("cem", "The reader with most at stake")]
    nobody = {name: table.slice(0, 0) for name, table in tables.items()}
    assert choose_stories(nobody, SHOP) == []
    without_plan = {name: table for name, table in tables.items() if name != "plan"}
    assert choose_stories(without_plan, SHOP)[1].user_id == "cem"


def test_the_whole_story() -> None:
    now, expected, done = story(run_tables(), "cem", SHOP).split("\n\n")
    assert now == (
        "At risk: silent for 40 days. Known for 99 days, on 12 occasions with a purchase, for $99 in all. They come "
        "about every 13 days, the last time 40 days ago. Their segment is “Big baskets”, buys a lot at once. They like "
        "Cheese (20% of their taste, 3 times the average)."
    )
    assert expected == (
        "The chance that they buy within 30 days is 40%; they are expected to bring $30 in that time. What makes "
        "it more likely: 1 activity in the last 30 days (usual: 0) (activity, +0.30). What makes it less likely: "
        "silent for 40 days, against a usual pause of 13 days (rhythm, −1.20)."
    )
    assert done == (
        "First on their slate: Brie (chosen 6 times); i2. Plan, with $45 at stake: call back in time. Aim two. Held "
        "back at random, to measure what this is worth."
    )


def test_a_story_of_little_is_short() -> None:
    few = {name: run_tables()[name] for name in ("stages", "predictions")}
    assert story(few, "ben", NEWS, horizon_days=1) == (
        "Retained.\n\nThe chance that they read within 1 day is 80%; they are expected to bring 20 in that time."
    )
    with pytest.raises(UnknownError, match="There is no reader 'zoe' in this run"):
        story(few, "zoe", NEWS)


def test_sentences_leave_out_what_is_not_known() -> None:
    assert stage_sentence({"stage": "at_risk", "reason": None}) == "At risk."
    assert habits_sentence({}, SHOP) == ""
    assert habits_sentence({"tenure_days": 1.0, "n_occasions": 1, "value": 0.0}, NEWS) == (
        "Known for 1 day, on 1 occasion with an article read."
    )
    assert (
        habits_sentence({"recency_days": 5.0, "gap_median_days": 1.0}, SHOP)
        == "They come about every day, the last time 5 days ago."
    )
    assert taste_sentence([]) == ""
    assert taste_sentence([{"dimension": "brand", "name": "Norva", "share": 0.5, "lift": None}]) == (
        "They like Norva (50% of their taste)."
    )
    assert segment_sentence({"name": "X", "description": None}) == "Their segment is “X”."
    assert forecast_sentence({"p_commit": 0.0, "expected_value": None}, SHOP, 7) == (
        "The chance that they buy within 7 days is 0%."
    )
    assert plan_sentence({"stake": 0.5}, {"title": "Leave alone", "aim": "Change nothing."}, NEWS) == (
        "Plan, with 0.50 at stake: leave alone. Change nothing."
    )
