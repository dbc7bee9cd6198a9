"""Why this strategy for this user, in one sentence."""

from __future__ import annotations

import math

from tenure.retention.catalogue import LEAVE_ALONE, Strategy


def money(amount: float, currency: str = "") -> str:
    """An amount as people say it: cents only where it is small.

    >>> money(0, "$"), money(0.456, "$"), money(12.3, "$"), money(41_234, "$"), money(-3, "$")
    ('$0', '$0.46', '$12', '$41,234', '-$3.00')
    """
    decimals = 2 if 0 < abs(amount) < 9.995 else 0
    return f"{'-' if amount < 0 else ''}{currency}{abs(amount):,.{decimals}f}"


def percent(share: float) -> str:
    """A probability as people say it: never quite impossible, never quite certain.

    >>> percent(0.374), percent(0.0012), percent(0.9989), percent(0.0), percent(1.0)
    ('37%', 'under 1%', 'over 99%', '0%', '100%')
    """
    if 0 < share < 0.01:
        return "under 1%"
    if 0.99 < share < 1:
        return "over 99%"
    return f"{share:.0%}"


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
    days = "1 day" if horizon_days == 1 else f"{horizon_days} days"
    facts = f"{place}: {percent(p_churn)} likely not to {commitment_verb} within {days}, "
    facts += f"which puts {money(stake, currency)} at stake."
    if not (is_beyond_budget and strategy.name == LEAVE_ALONE.name):
        facts += f" {strategy.aim}"
    if is_beyond_budget:
        facts += " A strategy that costs money would pay, but the budget does more for others."
    return f"{facts} Held back at random, to measure what this is worth." if is_control else facts
