"""Signals: what else about a user's commitments foretells the next ones, beside the activity features.

The activity features describe a user to people; these are for models. They keep only what improved forecasts of later
time: counts that fade instead of windows that end, how long ago the last few commitments were, and how steadily a user
kept coming.
"""

from __future__ import annotations

import math

from ibis import dense_rank, row_number, window
from ibis.expr.types import NumericValue, Table

from tenure.domain import Role
from tenure.events.log import AsOf, before, has_role
from tenure.profiles.features import Feature

WINDOWS = (14, 60, 180)
HALF_LIVES = (7, 14, 30, 60)
VALUE_HALF_LIVES = (14, 60)
RANKS = (2, 3, 5, 8)
FORTNIGHTS = 13
RETURN_DAYS = 30

_NEVER = "users without a commitment"

SIGNALS: tuple[Feature, ...] = (
    *(
        Feature(f"n_commitment_days_{w}", "rhythm", "log", f"days with a commitment in the last {w} days")
        for w in WINDOWS
    ),
    *(
        Feature(f"fading_days_{h}", "rhythm", "log", f"days with a commitment, each counting half after {h} days")
        for h in HALF_LIVES
    ),
    Feature(
        "fading_rate_30",
        "rhythm",
        "log",
        "days with a commitment in 30, newer ones counting more, however short the history",
    ),
    *(
        Feature(
            f"commitment_recency_{k}_days",
            "rhythm",
            "log",
            f"days since the {k}{'nd' if k == 2 else 'rd' if k == 3 else 'th'} last day with a commitment",
            f"users with fewer than {k} days with a commitment",
        )
        for k in RANKS
    ),
    Feature("gap_max_90_days", "rhythm", "log", "longest pause between commitments that ended in the last 90 days"),
    Feature(
        "active_fortnight_share",
        "rhythm",
        "share",
        "share of the fortnights since the first commitment, at most the last 13, with a commitment",
        _NEVER,
    ),
    Feature("fortnight_streak", "rhythm", "log", "fortnights in a row, up to now, with a commitment"),
    Feature(
        "empty_share_30",
        "rhythm",
        "share",
        "share of the days since the first commitment after which none came for 30 days",
        _NEVER,
    ),
    Feature(
        "own_return_share",
        "rhythm",
        "share",
        "of the own past pauses that lasted as long as the present one, the share that ended within 30 more days",
        _NEVER,
    ),
    *(
        Feature(f"fading_value_{h}", "money", "log", f"value, each counting half after {h} days")
        for h in VALUE_HALF_LIVES
    ),
    Feature("value_last", "money", "log", "value of the last day with a commitment", _NEVER),
    Feature("value_last_3", "money", "log", "mean value of the last three days with a commitment", _NEVER),
    Feature("fading_commitments_30", "volume", "log", "commitments, each counting half after 30 days"),
    Feature(
        "weekday_concentration",
        "habits",
        "share",
        "faithfulness to a day of the week: 1 always the same, 1/7 spread evenly",
        _NEVER,
    ),
)
"""Every signal, gathered by theme."""

_KEY = ("user_id", "as_of")


def signals(events: Table, as_of: AsOf) -> Table:
    """How have commitments come lately, and how steadily?

    Columns: `user_id, as_of`, then one per entry of `SIGNALS`, float64; a row per user with any event before the
    cut-off. A day is a block of 24 hours counted back from the cut-off; values are before reversals.
    """
    committed = events.filter(has_role(events, Role.COMMITMENT))
    # Many commitments of one moment (a basket) are one row before they are repeated for every cut-off.
    moments = committed.group_by("user_id", "timestamp").aggregate(n=committed.count(), value=committed.value.sum())
    known = before(moments, as_of)
    days = known.group_by(*_KEY, "age_days").aggregate(n=known.n.sum(), value=known.value.sum().fill_null(0.0))
    users = _per_user(_in_order(days))
    first = events.group_by("user_id").aggregate(timestamp=events.timestamp.min())
    seen = before(first, as_of).select(*_KEY)
    joined = seen.left_join(users, _KEY)
    counts = {s.name: joined[s.name].fill_null(0.0) for s in SIGNALS if not s.undefined}
    return joined.select(*(seen[key] for key in _KEY), **{s.name: counts.get(s.name, joined[s.name]) for s in SIGNALS})


def _in_order(days: Table) -> Table:
    """Each day with its place (0 = the newest), the pause before it, and where its fortnight stands."""
    days = days.mutate(fortnight=days.age_days // 14)
    of_user = window(group_by=_KEY, order_by=days.age_days)
    days = days.mutate(
        place=row_number().over(of_user),
        gap_days=days.age_days.lead().over(of_user) - days.age_days,
        recency=days.age_days.min().over(window(group_by=_KEY)),
        newer=days.fortnight.lag().over(of_user),
        nth_fortnight=dense_rank().over(window(group_by=_KEY, order_by=days.fortnight)),
    )
    return days.mutate(
        opens_fortnight=days.newer.isnull() | (days.newer != days.fortnight),
        weekday=days.age_days % 7,
    )


def _per_user(days: Table) -> Table:
    age = days.age_days
    n_days = days.count()
    outlasted = days.gap_days > days.recency
    ended = outlasted & (days.gap_days <= days.recency + RETURN_DAYS)
    n_observed = age.max() + 1  # days since the first commitment
    empty = (days.gap_days - RETURN_DAYS).clip(lower=0).sum().fill_null(0) + (age.min() + 1 - RETURN_DAYS).clip(lower=0)
    in_view = days.opens_fortnight & (days.fortnight < FORTNIGHTS)
    n_fortnights = ((age.max() // 14) + 1).clip(upper=FORTNIGHTS)
    on_weekday = [days.count(where=days.weekday == j) for j in range(7)]
    same_weekday = sum((n * n for n in on_weekday[1:]), on_weekday[0] * on_weekday[0])
    columns: dict[str, NumericValue] = {
        **{f"n_commitment_days_{w}": days.count(where=age < w) for w in WINDOWS},
        **{f"fading_days_{h}": _weight(age, h).sum() for h in HALF_LIVES},
        "fading_rate_30": _weight(age, 30).sum() * math.log(2) / (1.0 - _weight(n_observed, 30)),
        **{f"commitment_recency_{k}_days": age.max(where=days.place == k - 1) for k in RANKS},
        "gap_max_90_days": days.gap_days.max(where=age < 90).fill_null(0),
        "active_fortnight_share": days.count(where=in_view) / n_fortnights,
        "fortnight_streak": days.count(where=days.opens_fortnight & (days.nth_fortnight == days.fortnight)),
        "empty_share_30": empty / n_observed,
        # One pause of each kind is added, so that a user without any such pause is told one half (Laplace).
        "own_return_share": (days.count(where=ended) + 1) / (days.count(where=outlasted) + 2),
        **{f"fading_value_{h}": (_weight(age, h) * days.value).sum() for h in VALUE_HALF_LIVES},
        "value_last": days.value.max(where=days.place == 0),
        "value_last_3": days.value.mean(where=days.place < 3),
        "fading_commitments_30": (_weight(age, 30) * days.n).sum(),
        "weekday_concentration": same_weekday / (n_days * n_days),
    }
    return days.group_by(*_KEY).aggregate(**{name: column.cast("float64") for name, column in columns.items()})


def _weight(age_days: NumericValue, half_life_days: int) -> NumericValue:
    return (age_days.cast("float64") * (-math.log(2) / half_life_days)).exp()
