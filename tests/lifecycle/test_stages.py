from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from lifecycle import life_oracle
from lifecycle.lives import at, evidence_of, log_of
from profiles.random_logs import random_log
from relation_runner import run

from tenure.domain import Domain
from tenure.events.log import EVENTS_TABLE
from tenure.lifecycle.reasons import explained, reason, rulebook
from tenure.lifecycle.signs import signs
from tenure.lifecycle.stages import RULES, STAGES, Stage, stages
from tenure.lifecycle.thresholds import Thresholds

THRESHOLDS = Thresholds(
    period="week", typical_gap_days=7.0, late_ratio=2.5, dormant_days=40.0, churned_days=80.0, recent_days=30.0
)
GYM = Domain.from_mapping({"name": "gym", "events": {"visit": "commitment"}})
WEEKLY = [("ann", 0.5 + 7 * k, "commitment", 10.0) for k in range(15)]  # the last visit on day 98


def place(events: list[tuple], as_of: float, thresholds: Thresholds = THRESHOLDS) -> dict:
    [row] = run({"events": log_of(*events)}, stages, EVENTS_TABLE, at(as_of), thresholds).to_pylist()
    return row


LIVES = {
    "left": ([*WEEKLY, ("ann", 99, "exit")], 100, "left on purpose and has not been back since"),
    "gone": (WEEKLY, 190, "silent for 91 days; 80 days count as gone"),
    "dormant": (WEEKLY, 150, "silent for 51 days; 40 days count as dormant"),
    "late": (WEEKLY, 120, "silent for 21 days, 3.0 times the usual gap of 7 days"),
    "back": (
        [("ann", 0, "commitment"), ("ann", 50, "commitment")],
        51,
        "came back in the last 30 days after 50 days away",
    ),
    "refers": ([*WEEKLY, ("ann", 90, "referral")], 100, "told or brought others once in the last 80 days"),
    "praises": (
        [*WEEKLY, *[("ann", 60.5 + k, "satisfaction") for k in range(3)]],
        100,
        "showed strong satisfaction 3 times in the last 80 days",
    ),
    "grows": (
        [*WEEKLY, *[("ann", 80.5 + 2 * k, "commitment", 100.0) for k in range(8)]],
        100,
        "worth 850 in the last 30 days, usually 43",
    ),
    "keeps_coming": (WEEKLY, 100, "still coming after 98 days, committed on 15 days so far"),
    "activated": (WEEKLY[:3], 16, "committed on 3 days, active for less than 30 days so far"),
    "acquired": (WEEKLY[:1], 3, "committed on 1 day so far; 2 days make a user activated"),
}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_each_rule_has_a_life_it_decides_and_says_why(rule):
    events, as_of, words = LIVES[rule.name]
    row = place(events, as_of)
    assert (row["rule"], row["stage"]) == (rule.name, rule.stage)
    assert reason(row, THRESHOLDS) == words


def test_every_stage_has_a_rule_and_every_rule_a_sentence():
    book = rulebook(THRESHOLDS)
    assert {stage for stage, _ in book} == set(STAGES)
    assert all("{" not in sentence and sentence.endswith(".") for _, sentence in book)
    assert (Stage.DORMANT, "Silent for at least 40 days, and for longer than their usual gap.") in book


def test_the_guide_lists_the_rules_in_their_order():
    guide = (Path(__file__).parents[2] / "docs" / "lifecycle.md").read_text()
    table = guide.split("| stage | rule |")[1].split("\n\n")[0].splitlines()[2:]
    assert [line.split("|")[1].strip().replace(" ", "_") for line in table] == [rule.stage for rule in RULES]


def test_risk_is_relative_to_the_users_own_rhythm():
    """The same 15 days of silence: alarming for a daily user, nothing for a monthly one."""
    daily = [("ann", k, "commitment") for k in range(30)]
    monthly = [("ann", 30 * k, "commitment") for k in range(4)]
    assert place(daily, 45)["stage"] == Stage.AT_RISK
    assert place(monthly, 106)["stage"] == Stage.RETAINED


def test_a_slow_rhythm_is_neither_dormancy_nor_churn():
    yearly = [("ann", 365 * k, "commitment") for k in range(8)]
    assert place(yearly, 365 * 7 + 60)["stage"] == Stage.RETAINED
    assert place(yearly, 365 * 7 + 100)["stage"] == Stage.RETAINED
    assert place(yearly, 365 * 7 + 400)["stage"] == Stage.CHURNED


def test_an_exit_in_the_same_instant_as_the_last_visit_is_leaving():
    assert place([("ann", 0, "commitment"), ("ann", 0, "exit")], 1)["rule"] == "left"


def test_coming_back_after_leaving_is_coming_back():
    assert place([("ann", 0, "commitment"), ("ann", 1, "exit"), ("ann", 3, "interest")], 4)["stage"] == Stage.ACQUIRED


def test_reached_but_never_there():
    row = place([("ann", 0, "exposure")], 3)
    assert (row["stage"], row["silence_days"], row["n_active_days"]) == (Stage.ACQUIRED, 2, 0)
    assert place([("ann", 0, "exposure"), ("ann", 60, "exposure")], 61)["stage"] == Stage.DORMANT


def test_disliking_is_no_praise():
    low = replace(THRESHOLDS, good_rating=4.0)
    rated = [("ann", 60.5 + k, "satisfaction", 1.0) for k in range(5)]
    assert place([*WEEKLY, *rated], 100, low)["n_praises"] == 0
    assert place([*WEEKLY, *[(u, d, r, 5.0) for u, d, r, _ in rated]], 100, low)["stage"] == Stage.ADVOCATE


def test_growth_of_users_without_values_is_counted_in_occasions():
    reads = [("ann", 10 * k, "commitment") for k in range(8)] + [("ann", 75 + k, "commitment") for k in range(20)]
    row = place(reads, 100)
    assert (row["stage"], row["recent_amount"]) == (Stage.GROWING, 21.0)


CUTS = tuple(datetime.fromisoformat(t) for t in ("2024-02-11", "2024-05-01T13:20", "2024-10-17"))


@pytest.mark.parametrize("as_of", [CUTS[:1], CUTS[1:2], CUTS], ids=["one", "inside a day", "many"])
@pytest.mark.parametrize("good_rating", [None, 3.0])
def test_signs_are_as_defined(as_of, good_rating):
    thresholds = replace(THRESHOLDS, good_rating=good_rating)
    log = random_log(4, n_events=1200, n_users=25, n_days=300)
    got = {
        (r["as_of"], r["user_id"]): r for r in run({"events": log}, signs, EVENTS_TABLE, as_of, thresholds).to_pylist()
    }
    expected = {(cut, user): row for cut in as_of for user, row in life_oracle.signs(log, cut, thresholds).items()}
    assert got.keys() == expected.keys()
    for key, row in expected.items():
        assert {name: got[key][name] for name in row} == pytest.approx(row), key


def test_a_cut_off_inside_a_day_splits_it_and_counts_it_once():
    log = log_of(("ann", 10.2, "commitment"), ("ann", 10.8, "commitment"))
    got = run({"events": log}, signs, EVENTS_TABLE, (at(10.5), at(20)), THRESHOLDS).to_pylist()
    numbers = {(r["as_of"], r["silence_days"], r["n_active_days"], r["n_occasions"]) for r in got}
    assert numbers == {(at(10.5), 0, 1, 1), (at(20), 9, 1, 1)}


def test_many_cut_offs_are_as_many_single_ones():
    log = random_log(5)
    many = run({"events": log}, stages, EVENTS_TABLE, CUTS, THRESHOLDS).to_pylist()
    single = [row for cut in CUTS for row in run({"events": log}, stages, EVENTS_TABLE, cut, THRESHOLDS).to_pylist()]
    by_key = lambda row: (row["as_of"], row["user_id"])  # noqa: E731
    for one, other in zip(sorted(many, key=by_key), sorted(single, key=by_key), strict=True):
        assert one.pop("as_of") == other.pop("as_of")
        assert one == pytest.approx(other)


def test_thresholds_are_the_quantiles_they_claim():
    log = random_log(6, n_events=600, n_users=12)
    as_of = CUTS[2]
    days = {u: np.array(n) for u, n in life_oracle.active_numbers(log, as_of, "day").items() if len(n) > 1}
    gaps = {u: np.diff(n) for u, n in days.items()}
    typical = np.median([g.mean() for g in gaps.values()])
    ratios = np.concatenate([g / ((g.sum() + 2 * typical) / (len(g) + 2)) for g in gaps.values()])
    found = run({"events": log}, evidence_of, EVENTS_TABLE, as_of)
    [row] = found.to_pylist()
    assert row["median_gap_days"] == pytest.approx(np.median(np.concatenate(list(gaps.values()))))
    assert row["typical_gap_days"] == pytest.approx(typical)
    assert row["longest_gap_days"] == pytest.approx(np.quantile([g.max() for g in gaps.values()], 0.75))
    assert row["late_ratio"] == pytest.approx(np.quantile(ratios, 0.95))
    learnt = Thresholds.learn(found, GYM)
    assert learnt.dormant_days == np.ceil(max(row["longest_gap_days"], 3 * typical, 7))
    assert learnt.churned_days == 2 * learnt.dormant_days
    assert learnt.late_ratio == row["late_ratio"]


def test_the_domain_has_the_last_word():
    found = run({"events": random_log(6)}, evidence_of, EVENTS_TABLE, CUTS[2])
    told = GYM.with_changes(
        {"period": "month", "dormant_after_days": 20, "churned_after_days": 33, "activated_after_commitments": 5}
    )
    learnt = Thresholds.learn(found, told)
    assert (learnt.period, learnt.dormant_days, learnt.churned_days) == ("month", 20, 33)
    assert (learnt.activated_occasions, learnt.recent_days) == (5, 20)


@pytest.mark.parametrize(
    "log",
    [
        log_of(),
        log_of(("ann", 0, "exposure")),
        log_of(("ann", 0, "commitment")),
        log_of(*[(f"u{i}", 1, None) for i in range(5)]),
        log_of(*[("ann", 1, "commitment", 5.0) for _ in range(5)]),
    ],
    ids=["nobody", "reached", "one event", "all at once", "all the same"],
)
def test_the_smallest_logs(log):
    found = run({"events": log}, evidence_of, EVENTS_TABLE, at(2))
    thresholds = Thresholds.learn(found, GYM)
    assert (thresholds.typical_gap_days, thresholds.dormant_days, thresholds.late_ratio) == (30, 90, 2.5)
    placed = explained(run({"events": log}, stages, EVENTS_TABLE, at(2), thresholds), thresholds)
    assert set(placed["user_id"].to_pylist()) == set(log["user_id"].to_pylist())
    assert set(placed["stage"].to_pylist()) <= {"acquired"}
    assert placed.column_names == [
        *["user_id", "as_of", "stage", "reason", "silence_days", "overdue_ratio", "n_occasions"]
    ]
