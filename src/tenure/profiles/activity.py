"""What users did: counts, money, rhythm, breadth and habits, one row per user and cut-off.

Events are first gathered per user, day and session (and per user and item), then per user: a window is a sum over those
few rows. So the log is read twice, whatever the number of features, and nothing distinct is counted over raw events.
"""

from __future__ import annotations

import math

from ibis import window
from ibis.expr.types import NumericValue, Table

from tenure.domain import Role
from tenure.events.log import AsOf, before, days_between, has_role, is_activity
from tenure.profiles.categories import category
from tenure.profiles.features import FEATURES

USER = ("user_id", "as_of")


def activity(events: Table, items: Table, as_of: AsOf) -> Table:
    """What did each user do before each cut-off: how often, how recently, for how much, how broadly and when?

    Columns: `user_id, as_of`, then one per entry of `features.FEATURES` (counts are int32, all else float64); a row per
    user with any event before the cut-off. Windows and active days are blocks of 24 hours, counted back from there.
    Sessions are those of `session_id` (`events.sessions` fills it); without one, a day counts as one session.
    """
    known = before(events, as_of)
    visits = _visits(known)
    users = _totals(visits)
    for part in (_rhythm(visits), _sessions(visits), _breadth(known, items)):
        added = (name for name in part.columns if name not in USER)
        users = users.left_join(part, USER).select(*users.columns, *added)
    values = _features(users)
    return users.select(*USER, **{feature.name: values[feature.name] for feature in FEATURES})


def _features(t: Table) -> dict[str, NumericValue]:
    """The columns of the catalogue, from one row of sums per user and cut-off."""
    recency = days_between(t.as_of, t.last_active)
    return {
        "recency_days": recency,
        "commitment_recency_days": days_between(t.as_of, t.last_commitment),
        "tenure_days": days_between(t.as_of, t.first_active),
        "gap_median_days": t.gap_quantiles[0],
        "gap_p90_days": t.gap_quantiles[1],
        "gap_variation": t.gap_sd / t.gap_mean,
        "overdue_ratio": recency / t.gap_quantiles[0],
        "value_per_occasion": _ratio(t.paid, t.n_occasions),
        "discount_share": _ratio(t.discount, t.paid + t.discount),
        "reversal_share": _ratio(t.paid - t.value, t.paid),
        "top_category_share": _ratio(t.n_top_category, t.n_with_category),
        "repeat_share": _ratio(t.n_item_commitments - t.n_items_committed, t.n_item_commitments),
        "new_item_share_90": _ratio(t.n_new_items_90, t.n_items_90),
        "events_per_session": _ratio(t.n_events, t.n_sessions),
        "session_minutes": t.session_seconds / 60.0,
        "dwell_minutes_90": t.dwell_seconds_90 / 60.0,
        "commitments_per_occasion": _ratio(t.n_commitments, t.n_occasions),
        "occasion_share": _ratio(t.n_occasions, t.n_sessions),
        **{f"{part}_share": _ratio(t[f"n_{part}"], t.n_events) for part in ("weekend", "morning", "evening", "night")},
        # The length of the mean of unit vectors on the 24-hour clock: the mean resultant length of circular statistics.
        "hour_concentration": _ratio((t.clock_x * t.clock_x + t.clock_y * t.clock_y).sqrt(), t.n_events),
        "event_trend_30": _trend(t.n_events_30, t.n_events_60),
        "event_trend_90": _trend(t.n_events_90, t.n_events_180),
        "occasion_trend_90": _trend(t.n_occasions_90, t.n_occasions_180),
        **{name: t[name] for name in ("value", "value_30", "value_90")},
        # A sum of integers is wider than 64 bits on some engines; the cast gives one type everywhere.
        **{f.name: t[f.name].fill_null(0).cast("int32") for f in FEATURES if f.name.startswith("n_")},
    }


def _visits(known: Table) -> Table:
    """One row per user, cut-off, day (whole days back from the cut-off) and session."""
    active = is_activity(known)
    committed = has_role(known, Role.COMMITMENT)
    reversed_ = has_role(known, Role.REVERSAL)
    hour = known.timestamp.hour()
    angle = hour * (2 * math.pi / 24)
    visits = known.group_by(*USER, "age_days", "session_id").aggregate(
        n_events=known.count(where=active),
        n_exposures=known.count(where=has_role(known, Role.EXPOSURE)),
        n_interests=known.count(where=has_role(known, Role.INTEREST)),
        n_intents=known.count(where=has_role(known, Role.INTENT)),
        n_commitments=known.count(where=committed),
        n_satisfactions=known.count(where=has_role(known, Role.SATISFACTION)),
        n_referrals=known.count(where=has_role(known, Role.REFERRAL)),
        paid=known.value.sum(where=committed),
        value=known.value.sum(where=committed | reversed_),
        discount=known.discount.sum(where=committed),
        dwell_seconds=known.duration_seconds.sum(where=active),
        first_active=known.timestamp.min(where=active),
        last_active=known.timestamp.max(where=active),
        last_commitment=known.timestamp.max(where=committed),
        n_weekend=known.count(where=active & (known.timestamp.day_of_week.index() >= 5)),
        n_morning=known.count(where=active & (hour >= 6) & (hour < 12)),
        n_evening=known.count(where=active & (hour >= 18)),
        n_night=known.count(where=active & (hour < 6)),
        clock_x=angle.cos().sum(where=active),
        clock_y=angle.sin().sum(where=active),
    )
    return visits.mutate(session_id=visits.session_id.fill_null(visits.age_days.cast("string")))


def _totals(visits: Table) -> Table:
    """One row per user and cut-off: everything that adds up over visits."""
    age = visits.age_days
    return visits.group_by(*USER).aggregate(
        n_events=visits.n_events.sum(),
        **{f"n_events_{w}": _sum(visits.n_events, age < w) for w in (1, 7, 30, 60, 90, 180, 365)},
        n_exposures_90=_sum(visits.n_exposures, age < 90),
        n_interests_90=_sum(visits.n_interests, age < 90),
        n_intents_90=_sum(visits.n_intents, age < 90),
        n_satisfactions_365=_sum(visits.n_satisfactions, age < 365),
        n_referrals_365=_sum(visits.n_referrals, age < 365),
        n_commitments=visits.n_commitments.sum(),
        paid=_sum(visits.paid),
        value=_sum(visits.value),
        value_30=_sum(visits.value, age < 30),
        value_90=_sum(visits.value, age < 90),
        discount=_sum(visits.discount),
        dwell_seconds_90=_sum(visits.dwell_seconds, age < 90),
        first_active=visits.first_active.min(),
        last_active=visits.last_active.max(),
        last_commitment=visits.last_commitment.max(),
        **{f"n_{part}": visits[f"n_{part}"].sum() for part in ("weekend", "morning", "evening", "night")},
        clock_x=visits.clock_x.sum(),
        clock_y=visits.clock_y.sum(),
    )


def _rhythm(visits: Table) -> Table:
    """One row per user and cut-off: active days and the pauses between them."""
    days = visits.filter(visits.n_events > 0).select(*USER, "age_days").distinct()
    day_before = days.age_days.lead().over(window(group_by=USER, order_by=days.age_days))
    days = days.mutate(gap_days=(day_before - days.age_days).cast("float64"))
    return days.group_by(*USER).aggregate(
        n_active_days=days.count(),
        n_active_days_30=days.count(where=days.age_days < 30),
        n_active_days_90=days.count(where=days.age_days < 90),
        gap_quantiles=days.gap_days.quantile([0.5, 0.9]),
        gap_mean=days.gap_days.mean(),
        gap_sd=days.gap_days.std(how="sample"),
    )


def _sessions(visits: Table) -> Table:
    """One row per user and cut-off: sessions, and occasions = sessions with a commitment, dated by their last one."""
    active = visits.filter(visits.n_events > 0)
    sessions = active.group_by(*USER, "session_id").aggregate(
        age_days=active.age_days.min(),
        occasion_age_days=active.age_days.min(where=active.n_commitments > 0),
        seconds=active.last_active.max().epoch_seconds() - active.first_active.min().epoch_seconds(),
    )
    occasion_age = sessions.occasion_age_days
    return sessions.group_by(*USER).aggregate(
        n_sessions=sessions.count(),
        n_sessions_30=sessions.count(where=sessions.age_days < 30),
        session_seconds=sessions.seconds.mean(),
        n_occasions=sessions.count(where=occasion_age.notnull()),
        **{f"n_occasions_{w}": sessions.count(where=occasion_age < w) for w in (30, 90, 180)},
    )


def _breadth(known: Table, items: Table) -> Table:
    """One row per user and cut-off: how many different items and categories, and how much of it again."""
    touched = known.filter(known.item_id.notnull() & is_activity(known))
    pairs = touched.group_by(*USER, "item_id").aggregate(
        n_events=touched.count(),
        n_commitments=touched.count(where=has_role(touched, Role.COMMITMENT)),
        first_age_days=touched.age_days.max(),
        last_age_days=touched.age_days.min(),
    )
    pairs = pairs.left_join(items.select("item_id", category=category(items)), "item_id")
    # Through categories to users, one pass for both; items without a category are a group that counts as no category.
    groups = pairs.group_by(*USER, "category").aggregate(
        n_events=pairs.n_events.sum(),
        n_items=pairs.count(),
        n_items_90=pairs.count(where=pairs.last_age_days < 90),
        n_new_items_90=pairs.count(where=pairs.first_age_days < 90),
        n_items_committed=pairs.count(where=pairs.n_commitments > 0),
        n_item_commitments=pairs.n_commitments.sum(),
    )
    named = groups.category.notnull()
    return groups.group_by(*USER).aggregate(
        n_categories=groups.count(where=named),
        n_top_category=groups.n_events.max(where=named),
        n_with_category=groups.n_events.sum(where=named),
        **{name: groups[name].sum() for name in groups.columns if name.startswith(("n_item", "n_new"))},
    )


def _sum(column: NumericValue, where: NumericValue | None = None) -> NumericValue:
    """The sum, 0 where there is nothing to add."""
    return column.sum(where=where).fill_null(0)


def _ratio(part: NumericValue, whole: NumericValue) -> NumericValue:
    """Part over whole, null where there is no whole."""
    return part.cast("float64") / (whole > 0).ifelse(whole, None)


def _trend(last: NumericValue, both: NumericValue) -> NumericValue:
    """(last - before) / (last + before), where `both` = last + before."""
    return _ratio(2 * last - both, both)
