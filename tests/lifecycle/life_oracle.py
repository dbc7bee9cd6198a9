"""The definitions of the life cycle in plain Python, user by user and period by period: slow, and hard to get wrong."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime, timedelta

import pyarrow as pa

from tenure.lifecycle.periods import PERIOD_DAYS, number_of, start_of
from tenure.lifecycle.states import WINDOWS

PASSIVE = ("exposure", "exit", "reversal")


def rows_before(log: pa.Table, as_of: datetime) -> list[dict]:
    return [row for row in log.to_pylist() if row["timestamp"] < as_of]


def visits(log: pa.Table, as_of: datetime) -> dict[str, list[datetime]]:
    """Times of activity per user."""
    found = defaultdict(list)
    for row in rows_before(log, as_of):
        if row["role"] not in PASSIVE:
            found[row["user_id"]].append(row["timestamp"])
    return {user: sorted(times) for user, times in found.items()}


def active_numbers(log: pa.Table, as_of: datetime, period: str) -> dict[str, list[int]]:
    return {u: sorted({number_of(t, period) for t in times}) for u, times in visits(log, as_of).items()}


def growth(log: pa.Table, as_of: datetime, period: str, created: dict[str, datetime]) -> list[tuple]:
    active = active_numbers(log, as_of, period)
    if not active:
        return []
    first = min(numbers[0] for numbers in active.values())
    last = number_of(as_of - timedelta(microseconds=1), period)
    rows = []
    for now in range(first, last + 1):
        kinds = Counter()
        for user, numbers in active.items():
            born = number_of(created[user], period) if user in created and created[user] < as_of else numbers[0]
            if now in numbers:
                kinds["returning" if now - 1 in numbers else "new" if now == born else "resurrecting"] += 1
            elif now - 1 in numbers:
                kinds["dormant"] += 1
        gained = kinds["new"] + kinds["resurrecting"]
        rows.append(
            (
                start_of(now, period),
                gained + kinds["returning"],
                kinds["new"],
                kinds["returning"],
                kinds["resurrecting"],
                -kinds["dormant"],
                gained / kinds["dormant"] if kinds["dormant"] else None,
                start_of(now + 1, period) <= as_of,
            )
        )
    return rows


def state(numbers: list[int], now: int, period: str) -> str | None:
    """The state of a user active in these periods, by the definition of the windows; None before their first."""
    windows = WINDOWS[period]
    if now < numbers[0]:
        return None
    in_short = any(now - windows.short + 1 <= n <= now - 1 for n in numbers)
    in_long = any(now - windows.long + 1 <= n <= now - windows.short for n in numbers)
    if now in numbers:
        return "new" if now == numbers[0] else "current" if in_short else "reactivated" if in_long else "resurrected"
    return "at_risk_early" if in_short else "at_risk_late" if in_long else "dormant"


def complete_numbers(log: pa.Table, as_of: datetime, period: str) -> range:
    active = active_numbers(log, as_of, period)
    first = min((numbers[0] for numbers in active.values()), default=0)
    numbers = range(first, number_of(as_of, period) + 1) if active else range(0)
    return range(first, first + sum(start_of(n + 1, period) <= as_of for n in numbers))


def state_counts(log: pa.Table, as_of: datetime, period: str) -> Counter:
    active = active_numbers(log, as_of, period)
    return Counter(
        (start_of(now, period), state(numbers, now, period))
        for now in complete_numbers(log, as_of, period)
        for numbers in active.values()
        if now >= numbers[0]
    )


def return_counts(log: pa.Table, as_of: datetime, period: str) -> Counter:
    active = active_numbers(log, as_of, period)
    return Counter(
        (start_of(now, period), state(numbers, now, period))
        for now in complete_numbers(log, as_of, period)[:-1]
        for numbers in active.values()
        if now >= numbers[0] and now + 1 in numbers
    )


def retention(log: pa.Table, as_of: datetime, period: str, rule: str, clock: str) -> dict[tuple, tuple]:
    """(cohort start, age) -> (size, retained, is complete), for all ages that a member can have reached."""
    length = timedelta(days=PERIOD_DAYS[period])
    sizes, ages = Counter(), defaultdict(set)
    for user, times in visits(log, as_of).items():
        cohort = number_of(times[0], period)
        sizes[cohort] += 1
        for t in times:
            age = number_of(t, period) - cohort if clock == "calendar" else (t - times[0]) // length
            ages[cohort, user].add(age)
    cells = {}
    for cohort, size in sizes.items():
        start, end = start_of(cohort, period), start_of(cohort + 1, period)
        age = 0
        while (start_of(cohort + age, period) < as_of) if clock == "calendar" else (start + age * length <= as_of):
            over = start_of(cohort + age + 1, period) if clock == "calendar" else end + (age + 1) * length
            retained = sum(
                any(a == age or (rule == "on_or_after" and a > age) for a in seen)
                for (c, _), seen in ages.items()
                if c == cohort
            )
            cells[start, age] = (size, retained, over <= as_of)
            age += 1
    return cells


def signs(log: pa.Table, as_of: datetime, thresholds) -> dict[str, dict]:
    """The signs of every user, straight from the rows. Windows count whole days of 24 hours before the cut-off."""
    users = defaultdict(list)
    for row in rows_before(log, as_of):
        users[row["user_id"]].append(row)
    return {user: _signs_of(rows, as_of, thresholds) for user, rows in users.items()}


def _signs_of(rows: list[dict], as_of: datetime, t) -> dict:
    def age(time: datetime) -> int:
        return -((time - as_of) // timedelta(days=1)) - 1

    def day_age(row: dict) -> int:
        """A day counts as old as its last event before the cut-off."""
        return min(age(r["timestamp"]) for r in rows if r["timestamp"].date() == row["timestamp"].date())

    recent = [r for r in rows if day_age(r) < t.recent_days]
    earlier = [r for r in rows if t.recent_days <= day_age(r) < 4 * t.recent_days]
    active = [r["timestamp"] for r in rows if r["role"] not in PASSIVE]
    days = sorted({time.date() for time in active})
    span = (days[-1] - days[0]).days if days else 0
    n_gaps = max(len(days) - 1, 0)
    usual = (span + 2 * t.typical_gap_days) / (n_gaps + 2)
    silence = age(max(active, default=min(r["timestamp"] for r in rows)))
    exits = [r["timestamp"] for r in rows if r["role"] == "exit"]
    back = sorted({r["timestamp"].date() for r in recent if r["role"] not in PASSIVE})
    gone = sorted({r["timestamp"].date() for r in rows if r not in recent and r["role"] not in PASSIVE})
    remembered = [r for r in rows if day_age(r) < t.churned_days]

    def occasions(some: list[dict]) -> int:
        return len({r["timestamp"].date() for r in some if r["role"] == "commitment"})

    def values(some: list[dict]) -> list[float]:
        return [r["value"] for r in some if r["role"] in ("commitment", "reversal") and r["value"] is not None]

    has_value = bool(values(recent) + values(earlier))
    lived = min((max(day_age(r) for r in rows) + 1) / t.recent_days - 1, 3)
    return {
        "silence_days": silence,
        "usual_gap_days": usual,
        "overdue_ratio": silence / usual,
        "n_active_days": len(days),
        "span_days": span,
        "n_occasions": occasions(rows),
        "has_left": bool(exits) and (not active or max(exits) >= max(active)),
        "away_days": (back[0] - gone[-1]).days if back and gone else None,
        "n_referrals": sum(r["role"] == "referral" for r in remembered),
        "n_praises": sum(
            r["role"] == "satisfaction"
            and r["weight"] > 0
            and (t.good_rating is None or r["value"] is None or r["value"] >= t.good_rating)
            for r in remembered
        ),
        "recent_occasions": occasions(recent),
        "usual_occasions": occasions(earlier) / lived if lived >= 1 else None,
        "recent_amount": sum(values(recent)) if has_value else occasions(recent),
        "usual_amount": (sum(values(earlier)) if has_value else occasions(earlier)) / lived if lived >= 1 else None,
    }
