"""Stages of a user's life: nine words, each a written rule. At every cut-off every user seen is in exactly one.

`RULES` is the single source: the relation here, the words in `reasons` and the guide are made from it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import ibis
from ibis.expr.types import BooleanValue, Table

from tenure.events.log import AsOf
from tenure.lifecycle.signs import signs
from tenure.lifecycle.thresholds import Thresholds


class Stage(StrEnum):
    """Where a user is in their life with the product."""

    ACQUIRED = "acquired"
    ACTIVATED = "activated"
    RETAINED = "retained"
    GROWING = "growing"
    ADVOCATE = "advocate"
    AT_RISK = "at_risk"
    DORMANT = "dormant"
    CHURNED = "churned"
    RESURRECTED = "resurrected"


STAGES = tuple(Stage)
"""In the order in which a life would go."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """When a user is in a stage, as a condition and in words."""

    name: str
    stage: Stage
    holds: Callable[[Table, Thresholds], BooleanValue]
    """The condition on the columns of `signs.signs`."""
    sentence: str
    """The rule in words; {names} are fields of `Thresholds`."""
    reason: str
    """Why this user: {names} are columns of the row, or fields of `Thresholds`."""


def _grows(s: Table, t: Thresholds) -> BooleanValue:
    is_worth_more = (s.usual_amount > 0) & (s.recent_amount >= t.growth_ratio * s.usual_amount)
    chance = t.growth_deviations * s.usual_occasions.sqrt()
    return is_worth_more & (s.recent_occasions >= s.usual_occasions + chance)


RULES: tuple[Rule, ...] = (
    Rule(
        name="left",
        stage=Stage.CHURNED,
        holds=lambda s, _: s.has_left,
        sentence="Left on purpose: an exit event, and no activity since.",
        reason="left on purpose and has not been back since",
    ),
    Rule(
        name="gone",
        stage=Stage.CHURNED,
        holds=lambda s, t: (s.silence_days >= t.churned_days) & (s.overdue_ratio >= 1),
        sentence="Silent for at least {churned_days}, and for longer than their usual gap.",
        reason="silent for {silence_days}; {churned_days} count as gone",
    ),
    Rule(
        name="dormant",
        stage=Stage.DORMANT,
        holds=lambda s, t: (s.silence_days >= t.dormant_days) & (s.overdue_ratio >= 1),
        sentence="Silent for at least {dormant_days}, and for longer than their usual gap.",
        reason="silent for {silence_days}; {dormant_days} count as dormant",
    ),
    Rule(
        name="late",
        stage=Stage.AT_RISK,
        holds=lambda s, t: s.overdue_ratio >= t.late_ratio,
        sentence="Silent for at least {late_ratio:.1f} times their own usual gap.",
        reason="silent for {silence_days}, {overdue_ratio:.1f} times the usual gap of {usual_gap_days}",
    ),
    Rule(
        name="back",
        stage=Stage.RESURRECTED,
        holds=lambda s, t: s.away_days >= t.dormant_days,
        sentence="Came back in the last {recent_days}, after a silence of at least {dormant_days}.",
        reason="came back in the last {recent_days} after {away_days} away",
    ),
    Rule(
        name="refers",
        stage=Stage.ADVOCATE,
        holds=lambda s, _: s.n_referrals > 0,
        sentence="Told or brought others in the last {churned_days}.",
        reason="told or brought others {n_referrals} in the last {churned_days}",
    ),
    Rule(
        name="praises",
        stage=Stage.ADVOCATE,
        holds=lambda s, t: s.n_praises >= t.advocate_praises,
        sentence="Showed strong satisfaction at least {advocate_praises} in the last {churned_days}.",
        reason="showed strong satisfaction {n_praises} in the last {churned_days}",
    ),
    Rule(
        name="grows",
        stage=Stage.GROWING,
        holds=_grows,
        sentence="In the last {recent_days} worth {growth_ratio:g} times the usual or more, on more days than chance.",
        reason="worth {recent_amount} in the last {recent_days}, usually {usual_amount}",
    ),
    Rule(
        name="keeps_coming",
        stage=Stage.RETAINED,
        holds=lambda s, t: (s.n_occasions >= t.activated_occasions) & (s.span_days >= t.recent_days),
        sentence="Activated, and still coming {recent_days} or more after the first time.",
        reason="still coming after {span_days}, committed on {n_occasions} so far",
    ),
    Rule(
        name="activated",
        stage=Stage.ACTIVATED,
        holds=lambda s, t: s.n_occasions >= t.activated_occasions,
        sentence="Committed on at least {activated_occasions}.",
        reason="committed on {n_occasions}, active for less than {recent_days} so far",
    ),
    Rule(
        name="acquired",
        stage=Stage.ACQUIRED,
        holds=lambda s, _: s.silence_days.notnull(),
        sentence="Everyone else: seen, but not yet activated.",
        reason="committed on {n_occasions} so far; {activated_occasions} make a user activated",
    ),
)
"""In order of precedence: the first rule that holds decides."""


def stages(events: Table, as_of: AsOf, thresholds: Thresholds) -> Table:
    """In which stage was every user seen, at each cut-off?

    Returns one row per (user, as_of) for every user with an event before it: `stage`, `rule` (the name of the rule that
    decided) and the signs it was decided by (see `signs.signs`).
    """
    seen = signs(events, as_of, thresholds)
    decided = seen.mutate(rule=ibis.cases(*[(rule.holds(seen, thresholds), rule.name) for rule in RULES]))
    return decided.mutate(stage=decided.rule.cases(*[(rule.name, str(rule.stage)) for rule in RULES]))
