"""Every activity feature of one user, written down again as slow and plain Python over lists of rows."""

from __future__ import annotations

import math
import statistics
from collections import Counter, defaultdict
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import numpy as np

PASSIVE = {"exposure", "exit", "reversal"}
DAY = timedelta(days=1)


def category(levels: list[str] | None) -> str | None:
    return None if not levels else levels[min(1, len(levels) - 1)]


def oracle(rows: list[dict[str, Any]], categories: dict[str, str | None], as_of: datetime) -> dict[str, float | None]:
    """The features of the user to whom all `rows` belong."""
    rows = [row for row in rows if row["timestamp"] < as_of]
    for row in rows:
        row["age"] = math.ceil((as_of - row["timestamp"]) / DAY) - 1
        row["session"] = row["session_id"] or f"day {row['age']}"
    active = [row for row in rows if row["role"] not in PASSIVE]
    committed = [row for row in rows if row["role"] == "commitment"]
    sessions = defaultdict(list)
    for row in active:
        sessions[row["session"]].append(row)
    occasions = [
        min(ages)
        for visit in sessions.values()
        if (ages := [row["age"] for row in visit if row["role"] == "commitment"])
    ]
    days = sorted({row["age"] for row in active})
    gaps = [b - a for a, b in pairwise(days)]
    median = float(np.median(gaps)) if gaps else None
    recency = min(((as_of - row["timestamp"]) / DAY for row in active), default=None)
    money = [(row["age"], row["value"] or 0.0) for row in rows if row["role"] in ("commitment", "reversal")]
    paid = sum(row["value"] or 0.0 for row in committed)
    discount = sum(row["discount"] or 0.0 for row in committed)
    touched = [row for row in active if row["item_id"]]
    of_items = defaultdict(list)
    for row in touched:
        of_items[row["item_id"]].append(row)
    recent_items = {row["item_id"] for row in touched if row["age"] < 90}
    liked = Counter(c for row in touched if (c := categories.get(row["item_id"])))
    item_commitments = [row["item_id"] for row in touched if row["role"] == "commitment"]
    hours = [row["timestamp"].hour for row in active]

    def count(ages: list[int], w: int) -> int:
        return sum(age < w for age in ages)

    def n_role(role: str, w: int) -> int:
        return sum(row["role"] == role and row["age"] < w for row in rows)

    def ratio(part: float, whole: float) -> float | None:
        return part / whole if whole > 0 else None

    def trend(ages: list[int], w: int) -> float | None:
        last, earlier = count(ages, w), count(ages, 2 * w) - count(ages, w)
        return ratio(last - earlier, last + earlier)

    ages = [row["age"] for row in active]
    clock = sum(complex(math.cos(math.tau * h / 24), math.sin(math.tau * h / 24)) for h in hours)
    spans = [
        (max(row["timestamp"] for row in visit) - min(row["timestamp"] for row in visit)).total_seconds() / 60
        for visit in sessions.values()
    ]
    return {
        "recency_days": recency,
        "commitment_recency_days": min(((as_of - row["timestamp"]) / DAY for row in committed), default=None),
        "tenure_days": max(((as_of - row["timestamp"]) / DAY for row in active), default=None),
        "n_active_days": len(days),
        "n_active_days_30": count(days, 30),
        "n_active_days_90": count(days, 90),
        "gap_median_days": median,
        "gap_p90_days": float(np.quantile(gaps, 0.9)) if gaps else None,
        "gap_variation": statistics.stdev(gaps) / statistics.fmean(gaps) if len(gaps) > 1 else None,
        "overdue_ratio": recency / median if median else None,
        **{f"n_events_{w}": count(ages, w) for w in (1, 7, 30, 90, 365)},
        "n_exposures_90": n_role("exposure", 90),
        "n_interests_90": n_role("interest", 90),
        "n_intents_90": n_role("intent", 90),
        "n_satisfactions_365": n_role("satisfaction", 365),
        "n_referrals_365": n_role("referral", 365),
        "n_occasions": len(occasions),
        "n_occasions_30": count(occasions, 30),
        "n_occasions_90": count(occasions, 90),
        "value": sum(v for _, v in money),
        "value_30": sum(v for age, v in money if age < 30),
        "value_90": sum(v for age, v in money if age < 90),
        "value_per_occasion": ratio(paid, len(occasions)),
        "discount_share": ratio(discount, paid + discount),
        "reversal_share": ratio(-sum(row["value"] or 0.0 for row in rows if row["role"] == "reversal"), paid),
        "n_items": len(of_items),
        "n_categories": len(liked),
        "top_category_share": ratio(max(liked.values(), default=0), sum(liked.values())),
        "repeat_share": ratio(len(item_commitments) - len(set(item_commitments)), len(item_commitments)),
        "new_item_share_90": ratio(
            sum(max(row["age"] for row in of_items[item]) < 90 for item in recent_items), len(recent_items)
        ),
        "n_sessions_30": sum(min(row["age"] for row in visit) < 30 for visit in sessions.values()),
        "events_per_session": ratio(len(active), len(sessions)),
        "session_minutes": statistics.fmean(spans) if spans else None,
        "dwell_minutes_90": sum((row["duration_seconds"] or 0.0) / 60 for row in active if row["age"] < 90),
        "commitments_per_occasion": ratio(len(committed), len(occasions)),
        "occasion_share": ratio(len(occasions), len(sessions)),
        "weekend_share": ratio(sum(row["timestamp"].weekday() >= 5 for row in active), len(active)),
        "morning_share": ratio(sum(6 <= h < 12 for h in hours), len(hours)),
        "evening_share": ratio(sum(h >= 18 for h in hours), len(hours)),
        "night_share": ratio(sum(h < 6 for h in hours), len(hours)),
        "hour_concentration": ratio(abs(clock), len(hours)),
        "event_trend_30": trend(ages, 30),
        "event_trend_90": trend(ages, 90),
        "occasion_trend_90": trend(occasions, 90),
    }
