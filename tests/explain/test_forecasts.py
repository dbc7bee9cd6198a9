"""Sentences about forecasts: people's words and units, no names of columns, both directions, refusals said."""

from __future__ import annotations

import re

import pytest

from tenure.domains.ecommerce import DOMAIN as SHOP
from tenure.domains.video import DOMAIN as VIDEO
from tenure.explain.forecasts import (
    TaskWords,
    act_sentences,
    bar,
    heading,
    reason_bars,
    reason_phrase,
    what_if_sentences,
    why_sentences,
    words_of,
)
from tenure.prediction.explaining.catalogue import THEMES, catalogue
from tenure.prediction.explaining.whatif import NOT_CAUSAL, Answer, WhatIf
from tenure.prediction.tasks import parse_task

KNOWN = catalogue()
WORDS = words_of(KNOWN, SHOP)
CHURN = TaskWords.of(parse_task("churn:90d"), SHOP)


def row(feature, contribution=1.0, value=3.0, usual=2.0, own=None):
    theme = KNOWN[feature].theme
    return {
        "theme": theme, "contribution": contribution, "feature": feature, "value": value, "usual": usual,
        "own_usual_days": own,
    }  # fmt: skip


@pytest.mark.parametrize("domain", [SHOP, VIDEO], ids=lambda d: d.name)
@pytest.mark.parametrize("known", [(3.0, 2.0), (0.0, None), (None, 1.0), (None, None)])
def test_no_name_of_a_column_reaches_a_person(domain, known):
    value, usual = known
    words = words_of(KNOWN, domain)
    for name in KNOWN:
        said = reason_phrase(row(name, value=value, usual=usual, own=4.0), words, currency=domain.currency)
        assert not re.search(r"\w_\w", said), said
        assert "nan" not in said.lower(), said
        assert "None" not in said, said
        if domain.commitment_noun != "commitment":
            assert "commitment" not in said, said


def test_both_directions_strongest_first_and_trifles_left_out():
    rows = [
        row("recency_days", 1.2, 41.0, 3.0, own=12.0),
        row("value_90", -0.4, 500.0, 90.0),
        row("n_items", 2.0, 4.0, 40.0),
        row("weekend_share", 0.01, 0.5, 0.3),
    ]
    more, less = why_sentences(rows, WORDS, CHURN)
    assert more == (
        "What makes it more likely: 4 different items (usual: 40) (variety, +2.00); "
        "silent for 41 days, against a usual pause of 12 days (rhythm, +1.20)."
    )
    assert less == (
        "What makes it less likely: value of the last 90 days, net of reversals: $500 (usual: $90) (money, −0.40)."
    )
    assert why_sentences([], WORDS, CHURN) == []
    assert why_sentences(rows, WORDS, CHURN, most=1)[0].count(";") == 0


def test_amounts_are_told_in_money():
    task = TaskWords.of(parse_task("value:30d"), SHOP)
    assert heading(task, 84.0, 51.0) == "What they bring within 30 days: $84 expected; $51 is usual."
    (said,) = why_sentences([row("value_90", 12.4, 500.0, 90.0)], WORDS, task)
    assert said.startswith("What makes it more: ")
    assert said.endswith("(money, +$12).")


def test_tasks_in_the_words_of_the_trade():
    assert TaskWords.of(parse_task("commit:30d"), SHOP).event == "they buy within 30 days"
    assert TaskWords.of(parse_task("churn:1d"), SHOP).event == "they do not buy within 1 day"
    assert TaskWords.of(parse_task("commit[coupon_redeem]:30d"), SHOP).event == "they do “coupon redeem” within 30 days"


def test_silence_is_held_against_the_own_rhythm_only_where_it_is_known():
    assert reason_phrase(row("overdue_ratio", value=3.4, own=12.0), WORDS) == (
        "silent for 3.4 times the usual pause of 12 days"
    )
    assert reason_phrase(row("recency_days", value=0.3, own=2.0), WORDS) == (
        "silent for less than a day, against a usual pause of 2 days"
    )
    assert reason_phrase(row("recency_days", value=41.0), WORDS) == "41 days since the last activity (usual: 2)"


def test_bars_are_as_long_as_the_effects():
    bars = reason_bars([row("n_items", 2.0), row("recency_days", -1.0, own=None)], WORDS, CHURN)
    assert [entry["theme"] for entry in bars] == ["variety", "rhythm"]
    assert bars[0]["bar"].count("█") == 2 * bars[1]["bar"].count("█") == 12
    assert len({len(entry["bar"]) for entry in bars}) == 1
    assert bars[0]["bar"].index("│") == bars[1]["bar"].index("│")
    assert all(len(bar(share / 7)) == len(bar(1.0)) for share in range(-7, 8))


def test_acts_say_the_new_number_or_why_there_is_none():
    rows = [
        {"title": "they buy once more now", "before": 0.63, "after": 0.21, "refusal": None},
        {"title": "they stay away", "before": 0.63, "after": 0.631, "refusal": None},
        {"title": "they fly", "before": 0.63, "after": None, "refusal": "no real user looks as this one would then"},
    ]
    assert act_sentences(rows, CHURN) == [
        "If they buy once more now: 21% instead of 63%.",
        "If they stay away: still 63%.",
        "If they fly: no number, for no real user looks as this one would then.",
    ]


def test_what_if_says_both_answers_what_moved_and_what_it_is_not():
    found = WhatIf(
        change={"recency_days": 2.0},
        before=0.63,
        alone=Answer(None, "no real user who is otherwise like this has such values"),
        along=Answer(0.2),
        n_with=120,
        moved=(("n_events_30", 1.0, 9.0), ("weekend_share", 0.301, 0.302)),
    )
    said = what_if_sentences(found, {"recency_days": 41.0}, WORDS, CHURN)
    assert said == [
        "If the days since the last activity were 2 instead of 41:",
        "As such users really are: 20% instead of 63%. Moves along: the activities in the last 30 days from 1 to 9.",
        "Everything else equal: no number, for no real user who is otherwise like this has such values.",
        NOT_CAUSAL,
    ]


def test_every_theme_has_a_name_for_people():
    assert {entry.theme for entry in KNOWN.values()} <= set(THEMES)
    assert not any("_" in name for name in THEMES.values())
