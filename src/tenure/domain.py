"""What an event means. Algorithms know roles; only a domain knows the words of its trade.

A domain is a frozen value: `domains/*.py` hold the built-in ones, a user writes their own in TOML
(`Domain.from_mapping`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Any, Literal, Self

from tenure.errors import ConfigError, nearest

Period = Literal["day", "week", "month"]
PERIODS: tuple[Period, ...] = ("day", "week", "month")


class Role(StrEnum):
    """The part an event plays in a user's life with the product."""

    EXPOSURE = "exposure"
    """Something was shown to the user, who did nothing: impression, message sent."""
    INTEREST = "interest"
    """The user looked: view, click, search, start of a video."""
    INTENT = "intent"
    """The user prepared to commit: cart, wish list, trial."""
    COMMITMENT = "commitment"
    """What the product lives by: purchase, completed film, article read, trip booked."""
    SATISFACTION = "satisfaction"
    """The user said or showed how good it was: rating, like, review."""
    REFERRAL = "referral"
    """The user brought or told others: share, invitation."""
    EXIT = "exit"
    """The user left on purpose: cancellation of the service, unsubscribe."""
    REVERSAL = "reversal"
    """A commitment was undone: return, refund. Its (negative) value counts, it is no activity."""


ACTIVITY_ROLES = (Role.INTEREST, Role.INTENT, Role.COMMITMENT, Role.SATISFACTION, Role.REFERRAL)
"""Roles that show the user was there. An event without a role counts as activity too: the user did something."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What one event type means: its role, and its strength as evidence of taste (negative = dislike)."""

    role: Role
    weight: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Domain:
    """The words, meanings and thresholds of one trade. Thresholds left at None are chosen from the data."""

    name: str
    """How it is chosen in tenure.toml."""
    title: str
    """How the trade is called in a sentence: "a shop"."""
    events: Mapping[str, Meaning]
    """Event type -> meaning. Matching ignores case; spaces and hyphens count as underscores."""
    item_noun: str = "item"
    """What an item is called in a sentence."""
    user_noun: str = "user"
    """What a user is called in a sentence."""
    commitment_verb: str = "commit"
    """"buy", "watch to the end": used in sentences, as in "likely to buy within 30 days"."""
    commitment_noun: str = "commitment"
    """What the product lives by, as a noun: "purchase"."""
    currency: str = ""
    """Shown before money; empty when values are not money."""
    default_event_type: str | None = None
    """Meaning of rows when the source has no event type column (CDNOW: every row is a purchase)."""
    period: Period | None = None
    """Natural rhythm of use; None = chosen from the median gap between active days."""
    session_gap_minutes: float = 30.0
    """A pause longer than this starts a new session."""
    horizon_days: int = 30
    """Default horizon of predictions."""
    dormant_after_days: float | None = None
    """Silence after which a user counts as dormant; None = a high quantile of the gaps seen."""
    churned_after_days: float | None = None
    """Silence after which a user counts as churned; None = twice the dormant threshold."""
    activated_after_commitments: int = 2
    """Number of commitment occasions that make a user activated rather than only acquired."""
    repeats_allowed: bool = True
    """May an item the user already committed to be recommended again?"""
    slate_length: int = 10
    """Items recommended to each user."""
    max_value: float = 1e7
    """A single event worth more than this, in absolute terms, is absurd and is set aside."""
    taste_half_life_days: float = 90.0
    """After so many days an event says half as much about taste."""
    diversity: float = 0.2
    """Share of variety against relevance in re-ranking, 0 = pure relevance."""

    def __post_init__(self) -> None:
        if not any(meaning.role is Role.COMMITMENT for meaning in self.events.values()):
            raise ConfigError(
                f"Domain '{self.name}': expected at least one event type with the role 'commitment', got none; "
                "without it nothing can be predicted or recommended"
            )
        if self.period is not None and self.period not in PERIODS:
            raise ConfigError(f"Domain '{self.name}'.period: expected one of {', '.join(PERIODS)}, got '{self.period}'")
        positive = ("session_gap_minutes", "horizon_days", "slate_length", "max_value", "taste_half_life_days")
        for name in (*positive, "dormant_after_days", "churned_after_days", "activated_after_commitments"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ConfigError(f"Domain '{self.name}'.{name}: expected a number above 0, got {value!r}")
        if not 0 <= self.diversity <= 1:
            raise ConfigError(
                f"Domain '{self.name}'.diversity: expected a share between 0 and 1, got {self.diversity!r}"
            )

    def with_changes(self, changes: Mapping[str, Any]) -> Self:
        """This domain with some fields replaced; `events` are added to the present ones, not replaced.

        Raises:
            ConfigError: an unknown field or role, with the nearest valid name.
        """
        known = {f.name for f in fields(self)}
        for key in changes:
            if key not in known:
                raise ConfigError(f"[domain] has no setting '{key}'; {nearest(key, known)}")
        plain = {key: value for key, value in changes.items() if key != "events"}
        events = {**self.events, **parse_meanings(changes.get("events", {}))}
        try:
            return replace(self, **plain, events=events)
        except TypeError as error:
            raise ConfigError(f"[domain]: {error}; check that numbers are written without quotes") from error

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any]) -> Domain:
        """A user-defined domain, as read from TOML.

        >>> gym = Domain.from_mapping({"name": "gym", "events": {"check_in": "commitment", "browse": "interest"}})
        >>> gym.meaning("Check-In").role.value
        'commitment'
        """
        if "name" not in mapping or "events" not in mapping:
            raise ConfigError(f"A domain needs 'name' and 'events'; got {sorted(mapping)}")
        name = str(mapping["name"])
        base = Domain(name=name, title=name, events={**parse_meanings(mapping["events"])})
        return base.with_changes({key: value for key, value in mapping.items() if key != "events"})

    def meaning(self, event_type: str) -> Meaning | None:
        """What this event type means here, or None when the domain does not know it."""
        return self.meanings.get(canonical(event_type))

    @property
    def meanings(self) -> dict[str, Meaning]:
        """Event types in canonical spelling -> meaning."""
        return {canonical(name): meaning for name, meaning in self.events.items()}


def canonical(event_type: str) -> str:
    """One spelling for "Add to Cart", "add-to-cart" and "add_to_cart"."""
    return "_".join(event_type.strip().lower().replace("-", " ").replace("_", " ").split())


def parse_meanings(events: Mapping[str, Any]) -> dict[str, Meaning]:
    """Meanings from TOML: `purchase = "commitment"` or `purchase = { role = "commitment", weight = 5 }`."""
    return {name: _parse_meaning(name, spec) for name, spec in events.items()}


def _parse_meaning(name: str, spec: Any) -> Meaning:
    if isinstance(spec, Meaning):
        return spec
    if isinstance(spec, str):
        spec = {"role": spec}
    if not isinstance(spec, Mapping) or "role" not in spec or not set(spec) <= {"role", "weight"}:
        raise ConfigError(f"[domain.events] {name}: expected a role, or {{ role = ..., weight = ... }}, got {spec!r}")
    try:
        role = Role(spec["role"])
    except ValueError:
        raise ConfigError(
            f"[domain.events] {name}: there is no role '{spec['role']}'; {nearest(str(spec['role']), list(Role))}"
        ) from None
    default = 1.0 if role in ACTIVITY_ROLES else 0.0
    return Meaning(role, float(spec.get("weight", default)))
