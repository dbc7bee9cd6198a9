"""What the simulated world is like: every number that shapes it, in one place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from types import MappingProxyType

from tenure.domain import Domain, Role
from tenure.errors import ConfigError

EVENT_TYPES: Mapping[Role, str] = MappingProxyType(
    {
        Role.EXPOSURE: "impression",
        Role.INTEREST: "view",
        Role.INTENT: "add_to_cart",
        Role.COMMITMENT: "purchase",
        Role.SATISFACTION: "rating",
        Role.REFERRAL: "share",
        Role.EXIT: "unsubscribe",
        Role.REVERSAL: "return",
    }
)
"""The words of a shop. Events of a role that a mapping leaves out are not written."""


def event_types_of(domain: Domain) -> dict[Role, str]:
    """Which word does this domain use for each role? The first it lists.

    >>> gym = Domain.from_mapping({"name": "gym", "events": {"check_in": "commitment", "browse": "interest"}})
    >>> {str(role): word for role, word in event_types_of(gym).items()}
    {'commitment': 'check_in', 'interest': 'browse'}
    """
    words: dict[Role, str] = {}
    for event_type, meaning in domain.events.items():
        words.setdefault(meaning.role, event_type)
    return words


@dataclass(frozen=True, kw_only=True)
class SimulationConfig:
    """How many simulated users, and how they behave. Rates are means over users, who differ from each other."""

    n_users: int = 2_000
    """Users who join during the window."""
    n_items: int = 500
    """Items, those that arrive during the window included."""
    days: int = 180
    """Length of the window that is written."""
    seed: int = 0
    """Same seed, same world. A user's events do not depend on the number of users."""
    start: datetime = datetime(2024, 1, 1)  # noqa: DTZ001 - times are naive UTC by definition
    """First moment of the window (UTC)."""
    join_share: float = 1.0
    """Users join evenly over this first part of the window."""

    visit_gap_days: float = 5.0
    """Median over users of the mean time between visits."""
    visit_gap_spread: float = 0.7
    """Standard deviation over users of the logarithm of that mean time."""
    max_regularity: int = 3
    """Gaps are Erlang with a shape drawn from 1 (no rhythm at all) to this (the larger, the more like clockwork)."""
    weekly: float = 0.3
    """How much busier a day of the weekend is than the mean day."""
    yearly: float = 0.2
    """How much busier Christmas is than the mean day, and midsummer quieter."""
    yearly_growth: float = 0.0
    """Change of everybody's visit rate over one year, as a share: 0.5 = half as many again."""

    p_commit: float = 0.35
    """Probability that a visit in which the user is pleased ends in a commitment."""
    displeased_factor: float = 0.5
    """That probability is multiplied by this when the user is displeased."""
    p_pleased: float = 0.8
    """Probability that a visit pleases the user."""
    p_leave_pleased: float = 0.03
    """Probability of leaving for good after a pleasing visit."""
    p_leave_displeased: float = 0.15
    """Probability of leaving for good after a displeasing visit."""
    p_goodbye: float = 0.2
    """Probability that a user who leaves says so (an exit event); the others just stay away."""

    interests_per_visit: float = 3.0
    """Mean number of items looked at in a visit."""
    exposures_per_visit: float = 4.0
    """Mean number of items shown in a visit and ignored."""
    commitments_per_basket: float = 1.5
    """Mean number of items committed to in a visit with a commitment, companions not counted."""
    p_satisfaction: float = 0.3
    """Probability that a commitment is rated: 4 or 5 by the pleased, 1 to 3 by the displeased."""
    p_referral: float = 0.04
    """Probability that a pleasing visit is told to others."""
    p_reversal: float = 0.02
    """Probability that a commitment is undone some days later."""
    has_values: bool = True
    """Write money, quantities and discounts; False for domains without prices."""

    n_categories: int = 24
    """Narrow categories, four in each broad one."""
    n_brands: int = 12
    """Brands; every user favours one."""
    focus: float = 0.25
    """Parameter of the Dirichlet of tastes: the smaller, the fewer categories a user cares for."""
    persona_pull: float = 6.0
    """How many times more a user cares for the categories of their persona. User attributes tell the persona."""
    attribute_signal: float = 0.6
    """Share of users whose age and region are typical of their persona; those of the others are random."""
    habit: float = 0.35
    """Probability that a choice is the user's usual item of the category. 0 where nobody takes an item twice."""
    loyalty: float = 0.4
    """Probability that any other choice is of the user's favourite brand."""
    taste_drift: float = 0.2
    """Share of a user's taste that is replaced by another by the end of the window."""
    new_item_share: float = 0.2
    """Share of items that arrive during the window."""
    n_companions: int = 10
    """Popular items that bring a fixed other item into the basket: the truth behind association rules."""
    p_companion: float = 0.4
    """Probability that they do."""

    share_persuadable: float = 0.25
    """Users whom a contact brings back."""
    share_sure_thing: float = 0.3
    """Users who come anyway: contacts change nothing. They visit more and stay longer."""
    share_sleeping_dog: float = 0.1
    """Users whom a contact drives away. The rest are lost causes, who visit less and leave sooner."""
    response: float = 0.3
    """Strength of the response to a contact: share of the distance to certainty (or, for sleeping dogs, to nothing)."""

    def __post_init__(self) -> None:
        at_least_one = ("n_items", "days", "max_regularity", "n_categories", "n_brands")
        self._require(
            "0 or more", lambda x: x >= 0, "n_users", "n_companions", "exposures_per_visit", "visit_gap_spread"
        )
        self._require("1 or more", lambda x: x >= 1, *at_least_one, "interests_per_visit", "commitments_per_basket")
        self._require("a number above 0", lambda x: x > 0, "visit_gap_days", "focus", "persona_pull")
        probabilities = [
            f.name for f in fields(self) if f.name.startswith(("p_", "share_")) or f.name.endswith("_share")
        ]
        shares = (
            "weekly",
            "yearly",
            "displeased_factor",
            "attribute_signal",
            "habit",
            "loyalty",
            "taste_drift",
            "response",
        )
        self._require("a share between 0 and 1", lambda x: 0 <= x <= 1, *probabilities, *shares)
        known = self.share_persuadable + self.share_sure_thing + self.share_sleeping_dog
        if known > 1:
            raise ConfigError(
                f"SimulationConfig: expected share_persuadable, _sure_thing, _sleeping_dog <= 1, got {known}"
            )

    def _require(self, expected: str, is_valid: Callable[[float], bool], *names: str) -> None:
        for name in names:
            if not is_valid(getattr(self, name)):
                raise ConfigError(f"SimulationConfig.{name}: expected {expected}, got {getattr(self, name)}")
