"""The catalogue of activity features: what each says about a user, when it is not defined, how it is scaled.

`activity` yields exactly these columns, in this order. Names: `n_` counts, `_days` and `_minutes` are units, a trailing
number is a window in days before the cut-off, `_share` is a part of a whole. An activity is an event that is not
passive (`tenure.domain.ACTIVITY_ROLES`); an occasion is a session with at least one commitment.
Hours and weekdays are in UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Theme = Literal["rhythm", "volume", "money", "breadth", "engagement", "habits", "trend"]
THEMES: tuple[Theme, ...] = ("rhythm", "volume", "money", "breadth", "engagement", "habits", "trend")

Scaling = Literal["log", "linear", "robust", "share"]


@dataclass(frozen=True, slots=True)
class Feature:
    """One number about a user at a cut-off."""

    name: str
    theme: Theme
    scaling: Scaling
    """How it is made comparable: `log` for heavy tails (money may dip below 0), `linear` for bounded differences,
    `robust` for ratios with outliers, `share` for parts of a whole."""
    description: str
    undefined: str = ""
    """For whom it is null; empty when it always has a value."""


_NEVER_ACTIVE = "users who were never active"
_NEVER_COMMITTED = "users without a commitment"
_ONE_DAY = "users active on a single day"
_PAID_NOTHING = "users who paid nothing"

FEATURES: tuple[Feature, ...] = (
    Feature("recency_days", "rhythm", "log", "days since the last activity", _NEVER_ACTIVE),
    Feature("commitment_recency_days", "rhythm", "log", "days since the last commitment", _NEVER_COMMITTED),
    Feature("tenure_days", "rhythm", "log", "days since the first activity", _NEVER_ACTIVE),
    Feature("n_active_days", "rhythm", "log", "days with activity"),
    Feature("n_active_days_30", "rhythm", "log", "days with activity in the last 30 days"),
    Feature("n_active_days_90", "rhythm", "log", "days with activity in the last 90 days"),
    Feature("gap_median_days", "rhythm", "log", "typical (median) pause between active days", _ONE_DAY),
    Feature("gap_p90_days", "rhythm", "log", "long pause: nine of ten pauses are shorter", _ONE_DAY),
    Feature(
        "gap_variation",
        "rhythm",
        "robust",
        "irregularity: standard deviation of the pauses over their mean",
        "users active on fewer than three days",
    ),
    Feature("overdue_ratio", "rhythm", "log", "days since the last activity over the own typical pause", _ONE_DAY),
    Feature("n_events_1", "volume", "log", "activities in the last day"),
    Feature("n_events_7", "volume", "log", "activities in the last 7 days"),
    Feature("n_events_30", "volume", "log", "activities in the last 30 days"),
    Feature("n_events_90", "volume", "log", "activities in the last 90 days"),
    Feature("n_events_365", "volume", "log", "activities in the last 365 days"),
    Feature("n_exposures_90", "volume", "log", "things shown to the user in the last 90 days"),
    Feature("n_interests_90", "volume", "log", "signs of interest in the last 90 days"),
    Feature("n_intents_90", "volume", "log", "signs of intent in the last 90 days"),
    Feature("n_satisfactions_365", "volume", "log", "opinions given in the last 365 days"),
    Feature("n_referrals_365", "volume", "log", "referrals in the last 365 days"),
    Feature("n_occasions", "volume", "log", "sessions with a commitment"),
    Feature("n_occasions_30", "volume", "log", "sessions with a commitment in the last 30 days"),
    Feature("n_occasions_90", "volume", "log", "sessions with a commitment in the last 90 days"),
    Feature("value", "money", "log", "value so far, net of reversals"),
    Feature("value_30", "money", "log", "value of the last 30 days, net of reversals"),
    Feature("value_90", "money", "log", "value of the last 90 days, net of reversals"),
    Feature("value_per_occasion", "money", "log", "mean value of an occasion, before reversals", _NEVER_COMMITTED),
    Feature("discount_share", "money", "share", "discounts over the full price of commitments", _PAID_NOTHING),
    Feature("reversal_share", "money", "robust", "value taken back over value committed", _PAID_NOTHING),
    Feature("n_items", "breadth", "log", "different items"),
    Feature("n_categories", "breadth", "log", "different categories"),
    Feature(
        "top_category_share",
        "breadth",
        "share",
        "share of the activity that is in the favourite category",
        "users without items that have a category",
    ),
    Feature(
        "repeat_share",
        "breadth",
        "share",
        "share of commitments that repeat an earlier one of the same item",
        "users without a commitment to an item",
    ),
    Feature(
        "new_item_share_90",
        "breadth",
        "share",
        "share of the items of the last 90 days that were new to the user",
        "users without items in the last 90 days",
    ),
    Feature("n_sessions_30", "engagement", "log", "sessions in the last 30 days"),
    Feature("events_per_session", "engagement", "log", "activities per session", _NEVER_ACTIVE),
    Feature("session_minutes", "engagement", "log", "mean span of a session", _NEVER_ACTIVE),
    Feature("dwell_minutes_90", "engagement", "log", "time spent on items in the last 90 days"),
    Feature("commitments_per_occasion", "engagement", "log", "commitments per occasion", _NEVER_COMMITTED),
    Feature("occasion_share", "engagement", "share", "share of sessions with a commitment", _NEVER_ACTIVE),
    Feature("weekend_share", "habits", "share", "share of activity on Saturday and Sunday", _NEVER_ACTIVE),
    Feature("morning_share", "habits", "share", "share of activity from 6 to 12 o'clock", _NEVER_ACTIVE),
    Feature("evening_share", "habits", "share", "share of activity from 18 to 24 o'clock", _NEVER_ACTIVE),
    Feature("night_share", "habits", "share", "share of activity from 0 to 6 o'clock", _NEVER_ACTIVE),
    Feature(
        "hour_concentration",
        "habits",
        "share",
        "faithfulness to an hour of the day: 1 always the same, 0 spread round the clock",
        _NEVER_ACTIVE,
    ),
    Feature(
        "event_trend_30",
        "trend",
        "linear",
        "activity of the last 30 days against the 30 before: -1 stopped, 0 steady, 1 started",
        "users without activity in the last 60 days",
    ),
    Feature(
        "event_trend_90",
        "trend",
        "linear",
        "activity of the last 90 days against the 90 before: -1 stopped, 0 steady, 1 started",
        "users without activity in the last 180 days",
    ),
    Feature(
        "occasion_trend_90",
        "trend",
        "linear",
        "occasions of the last 90 days against the 90 before: -1 stopped, 0 steady, 1 started",
        "users without an occasion in the last 180 days",
    ),
)
"""Every activity feature, gathered by theme."""
