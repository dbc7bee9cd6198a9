"""Why this strategy for this user, in one sentence."""

from __future__ import annotations

import math

from tenure.retention.catalogue import LEAVE_ALONE, Strategy
from tenure.wording import counted, money, percent

HELD_BACK = "Held back at random, to measure what this is worth."
"""Said of the control group."""


def reason(
    strategy: Strategy,
    *,
    stage: str | None,
    p_churn: float,
    stake: float,
    is_control: bool,
    is_beyond_budget: bool,
    horizon_days: int,
    commitment_verb: str,
    currency: str,
) -> str:
    """Why is this done for a user?

    >>> from tenure.retention.catalogue import CATALOGUE
    >>> reason(  # doctest: +ELLIPSIS
    ...        CATALOGUE["call_back"], stage="at_risk",
    ...        p_churn=0.62, stake=41.2, is_control=False, is_beyond_budget=False,
    ...        horizon_days=30, commitment_verb="buy", currency="$")
    'At risk: 62% likely not to buy within 30 days, which puts $41 at stake. Write while the habit is still alive, ...'
    """
    place = (stage or "stage unknown").replace("_", " ").capitalize()
    if math.isnan(p_churn):
        return f"{place}: no forecast yet, so nothing is done."
    facts = f"{place}: {percent(p_churn)} likely not to {commitment_verb} within {counted(horizon_days, 'day')}, "
    facts += f"which puts {money(stake, currency)} at stake."
    if not (is_beyond_budget and strategy.name == LEAVE_ALONE.name):
        facts += f" {strategy.aim}"
    if is_beyond_budget:
        facts += " A strategy that costs money would pay, but the budget does more for others."
    return f"{facts} {HELD_BACK}" if is_control else facts
