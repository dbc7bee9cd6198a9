"""Is this log fit for use, and what does each flaw mean for the stages above?

Relations measure (`summary`, `daily`, ...); `assess`, a pure function of the measured numbers, judges.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any, Literal

import numpy as np
from ibis.expr.types import Table

from tenure.domain import Domain, Role
from tenure.events.log import has_role
from tenure.events.normalise import REASONS
from tenure.schema import EVENTS
from tenure.wording import article, counted, percent, plural

Status = Literal["pass", "warn", "fail"]


@dataclass(frozen=True)
class Check:
    """One thing that was looked at."""

    check: str
    status: Status
    measured: str
    expected: str
    meaning: str
    """What it means, and what to do about it."""
    stages: tuple[str, ...] = ()
    """Stages whose results suffer."""


@dataclass(frozen=True, kw_only=True)
class Measures:
    """What was counted; the input of `assess`."""

    n_in: int
    n_kept: int
    reasons: Mapping[str, int]
    """Reason -> number of records set aside."""
    summary: Mapping[str, Any]
    """The one row of `summary`."""
    types: Sequence[Mapping[str, Any]]
    """Rows of `event_types`."""
    daily: Sequence[tuple[date, int]]
    has_items: bool
    repeats_kept: int = 0


def summary(events: Table, items: Table) -> Table:
    """One row of counts over the clean log."""
    commits = has_role(events, Role.COMMITMENT)
    catalogue = items.select(known_item=items.item_id)
    known = events.left_join(catalogue, events.item_id == catalogue.known_item)
    orphans = known.agg(n_orphans=known.count(where=known.item_id.notnull() & known.known_item.isnull()))
    occasions = events.filter(commits).select("user_id", "timestamp").distinct()
    per_user = occasions.group_by("user_id").agg(n=occasions.count())
    repeaters = per_user.agg(n_committed=per_user.count(), n_repeaters=per_user.count(where=per_user.n > 1))
    counts = events.agg(
        n_events=events.count(),
        n_users=events.user_id.nunique(),
        n_items=events.item_id.nunique(),
        first=events.timestamp.min(),
        last=events.timestamp.max(),
        n_midnight=events.count(where=events.timestamp == events.timestamp.truncate("D")),
        n_commitments=events.count(where=commits),
        n_commitments_with_item=events.count(where=commits & events.item_id.notnull()),
        n_commitments_with_value=events.count(where=commits & events.value.notnull()),
        n_reversals=events.count(where=has_role(events, Role.REVERSAL)),
        n_exposures=events.count(where=has_role(events, Role.EXPOSURE)),
        n_exposures_joined=events.count(where=has_role(events, Role.EXPOSURE) & events.recommendation_id.notnull()),
        **{f"has_{name}": events[name].count() for name in EVENTS.names},
    )
    return counts.cross_join(orphans).cross_join(repeaters)


def event_types(events: Table) -> Table:
    """How often each event type comes, and the role the domain gives it."""
    counted = events.group_by(["event_type", "role"]).agg(n=events.count())
    return counted.order_by(counted.n.desc(), counted.event_type)


def daily(events: Table) -> Table:
    """Number of events per day that has any."""
    days = events.mutate(day=events.timestamp.date())
    return days.group_by("day").agg(n_events=days.count()).order_by("day")


def assess(measures: Measures, domain: Domain, *, max_events_per_hour: int = 1_000) -> dict[str, Any]:
    """The quality report as plain data (`quality.json`): counts, reasons, checks, verdict."""
    n_in, kept = measures.n_in, measures.n_kept
    words = {name: text.format(per_hour=f"{max_events_per_hour:,}") for name, text in REASONS.items()}
    reasons = [
        {"reason": name, "n": n, "share": n / max(n_in, 1), "meaning": words[name]}
        for name, n in sorted(measures.reasons.items(), key=lambda pair: -pair[1])
    ]
    checks = _all_checks(measures, domain)
    failed = [check.check for check in checks if check.status == "fail"]
    warned = [check.check for check in checks if check.status == "warn"]
    verdict = (
        f"Not fit for use: {', '.join(failed)}."
        if failed
        else f"Fit for use, with {len(warned)} thing{'s' if len(warned) != 1 else ''} to know about."
        if warned
        else "Fit for use."
    )
    return {
        "n_in": n_in,
        "n_kept": kept,
        "n_quarantined": n_in - kept,
        "reasons": reasons,
        "checks": [asdict(check) for check in checks],
        "daily": [{"day": day.isoformat(), "n_events": n} for day, n in measures.daily],
        "fields": [
            {"field": name, "coverage": measures.summary[f"has_{name}"] / max(measures.summary["n_events"], 1)}
            for name in EVENTS.names
        ],
        "types": [dict(row) for row in measures.types],
        "n_users": measures.summary["n_users"],
        "n_items": measures.summary["n_items"],
        "first": _iso(measures.summary["first"]),
        "last": _iso(measures.summary["last"]),
        "is_fit": not failed,
        "verdict": verdict,
    }


def _iso(time: Any) -> str | None:
    return None if time is None else time.isoformat()


def _all_checks(measures: Measures, domain: Domain) -> list[Check]:
    checks: list[Check | None] = [_kept(measures), _commitments(measures, domain)]
    if measures.summary["n_events"]:
        checks += [
            _history(measures, domain),
            _users(measures),
            _repeaters(measures, domain),
            _types(measures),
            _times(measures),
            _repeats(measures),
            _items(measures, domain),
            _orphans(measures),
            _values(measures, domain),
            _reversals(measures),
            _gaps(measures),
            _drops(measures),
            _exposures(measures),
        ]
    return [check for check in checks if check is not None]


def _kept(m: Measures) -> Check:
    share = (m.n_in - m.n_kept) / m.n_in if m.n_in else 1.0
    status: Status = "fail" if share > 0.2 else "warn" if share > 0.01 else "pass"
    meaning = {
        "pass": "Almost everything that came in can be used.",
        "warn": "See the quarantine: a field may be mapped to the wrong column, or one source may be broken.",
        "fail": "Too much is unreadable for any result to be trusted; see the quarantine for the reasons.",
    }[status]
    measured = f"{percent(share, 2)} of {m.n_in:,} records set aside"
    return Check("records set aside", status, measured, "at most 1%", meaning, ("all",))


def _commitments(m: Measures, domain: Domain) -> Check:
    n = m.summary["n_commitments"]
    noun = domain.commitment_noun
    if n:
        return Check("commitments", "pass", f"{n:,}", "more than 0", f"There are {plural(noun)} to learn from.")
    meaning = (
        f"No event is {article(noun)}, so nothing can be predicted or recommended. "
        "Give the event that is one its role under [domain.events]."
    )
    return Check("commitments", "fail", "0", "more than 0", meaning, ("prediction", "recommendation", "retention"))


def _history(m: Measures, domain: Domain) -> Check:
    days = (m.summary["last"] - m.summary["first"]).total_seconds() / 86_400
    need = 4 * domain.horizon_days
    ok = days >= need
    meaning = (
        "Long enough to learn on earlier windows and to be tested on a later one."
        if ok
        else f"Too short to train and test a {domain.horizon_days}-day prediction on separate times; "
        "the prediction is left out or untested. A shorter horizon may do."
    )
    expected = f"at least {need} days (4 horizons)"
    return Check("length of history", "pass" if ok else "warn", f"{days:,.0f} days", expected, meaning, ("prediction",))


def _users(m: Measures) -> Check:
    n = m.summary["n_users"]
    ok = n >= 200
    meaning = (
        "Enough users for segments and intervals." if ok else "Segments and intervals will be rough with so few users."
    )
    return Check("users", "pass" if ok else "warn", f"{n:,}", "at least 200", meaning, ("profiles", "prediction"))


def _repeaters(m: Measures, domain: Domain) -> Check:
    share = m.summary["n_repeaters"] / max(m.summary["n_committed"], 1)
    ok = share >= 0.05
    noun = domain.commitment_noun
    meaning = (
        "There are rhythms to learn." if ok else f"Hardly anybody has a second {noun}: rhythm and churn are guesses."
    )
    measured = f"{percent(share, 1)} of users who did so once"
    return Check(
        f"users with a second {noun}", "pass" if ok else "warn", measured, "at least 5%", meaning, ("lifecycle",)
    )


def _types(m: Measures) -> Check:
    strange = [row for row in m.types if row["role"] is None]
    if not strange:
        return Check("event types", "pass", f"{len(m.types)} known", "all known", "Every event type has a role.")
    n = sum(row["n"] for row in strange)
    names = ", ".join(f"'{row['event_type'][:40]}' ({row['n']:,})" for row in strange[:5])
    meaning = f"{names} count only as activity. Give them a role under [domain.events] to use what they say."
    measured = f"{len(strange)} unknown, {percent(n / m.summary['n_events'], 1)} of events"
    return Check("event types", "warn", measured, "all known", meaning, ("profiles", "recommendation"))


def _times(m: Measures) -> Check | None:
    share = m.summary["n_midnight"] / m.summary["n_events"]
    if m.summary["first"] == m.summary["last"]:
        meaning = "All events have the same time, so there is no order, no rhythm and no future to test on."
        return Check("times", "fail", "one single moment", "a span of time", meaning, ("all",))
    if share < 0.5:
        return None
    meaning = "Times are whole days: sessions are days, and hours of the day say nothing."
    return Check("times", "warn", f"{percent(share)} at midnight", "times of day", meaning, ("profiles",))


def _repeats(m: Measures) -> Check | None:
    if not m.repeats_kept:
        return None
    meaning = (
        "Records that are alike to the last field were kept, because times are whole days and such repeats are likely "
        'real. Set duplicates = "drop" under [events] if they are not.'
    )
    return Check("repeated records", "warn", f"{m.repeats_kept:,} kept", "none", meaning, ("profiles",))


def _items(m: Measures, domain: Domain) -> Check:
    share = m.summary["n_commitments_with_item"] / max(m.summary["n_commitments"], 1)
    if share >= 0.5:
        return Check(
            "items", "pass", f"{percent(share)} of {plural(domain.commitment_noun)}", "at least 50%", "Items are known."
        )
    meaning = "Without items nothing can be recommended, and there are no rules and no taste; the rest works."
    stages = ("recommendation", "profiles")
    return Check(
        "items", "warn", f"{percent(share)} of {plural(domain.commitment_noun)}", "at least 50%", meaning, stages
    )


def _orphans(m: Measures) -> Check | None:
    with_item = m.summary["has_item_id"]
    if not m.has_items or not with_item:
        return None
    share = m.summary["n_orphans"] / with_item
    ok = share <= 0.02
    meaning = (
        "The item table covers the log."
        if ok
        else "Events of items without a row: they have no category, price or title."
    )
    stages = ("profiles", "recommendation")
    return Check(
        "orphan items", "pass" if ok else "warn", f"{percent(share, 1)} of events", "at most 2%", meaning, stages
    )


def _values(m: Measures, domain: Domain) -> Check | None:
    n = m.summary["n_commitments"]
    if not n:
        return None
    share = m.summary["n_commitments_with_value"] / n
    ok = share >= 0.9
    meaning = (
        "Value is known."
        if ok
        else "Where the value is missing it counts as 0, so spend and value at risk are too low."
    )
    measured = f"{percent(share)} of {plural(domain.commitment_noun)}"
    return Check("values", "pass" if ok else "warn", measured, "at least 90%", meaning, ("prediction", "retention"))


def _reversals(m: Measures) -> Check | None:
    n, commits = m.summary["n_reversals"], m.summary["n_commitments"]
    if not n:
        return None
    share = n / max(commits, 1)
    ok = share <= 0.2
    meaning = "Returns reduce value and are no activity." + (
        "" if ok else " So many are unusual: is a sign turned round?"
    )
    measured = f"{n:,} ({percent(share, 1)} of commitments)"
    return Check("returns and cancellations", "pass" if ok else "warn", measured, "at most 20%", meaning, ("profiles",))


def _gaps(m: Measures) -> Check:
    days = [day for day, _ in m.daily]
    span = (days[-1] - days[0]).days + 1
    present = set(days)
    missing = [days[0] + timedelta(days=n) for n in range(span) if days[0] + timedelta(days=n) not in present]
    if not missing or span < 14:
        return Check("days without events", "pass", f"{len(missing)} of {span}", "at most 1%", "No holes in the log.")
    shown = ", ".join(day.isoformat() for day in missing[:5]) + (" ..." if len(missing) > 5 else "")
    ok = len(missing) / span <= 0.01
    meaning = f"Nothing on {shown}." + ("" if ok else " If data are lost there, recency and churn are wrong around it.")
    status: Status = "pass" if ok else "warn"
    return Check("days without events", status, f"{len(missing)} of {span}", "at most 1%", meaning, ("lifecycle",))


def _drops(m: Measures) -> Check:
    drops = sudden_drops(m.daily)
    if not drops:
        return Check("sudden drops", "pass", "none", "none", "Volume per day is steady for its weekday.")
    shown = ", ".join(day.isoformat() for day in drops[:5]) + (" ..." if len(drops) > 5 else "")
    meaning = (
        f"Less than 40% of the usual volume of that weekday on {shown}: a holiday, or a part of the log is missing."
    )
    return Check("sudden drops", "warn", counted(len(drops), "day"), "none", meaning, ("lifecycle", "prediction"))


def sudden_drops(volumes: Sequence[tuple[date, int]]) -> list[date]:
    """Days with less than 40% of the median volume of the same weekday in the four weeks on either side.

    Only days that usually see at least 50 events can show a drop; fewer than four neighbours are no evidence.
    """
    counts = dict(volumes)
    if not counts:
        return []
    first, last = min(counts), max(counts)
    drops = []
    # The last day may still be running, so it is no evidence.
    for offset in range((last - first).days):
        day = first + timedelta(days=offset)
        neighbours = [day + timedelta(weeks=week) for week in (-4, -3, -2, -1, 1, 2, 3, 4)]
        around = [counts.get(n, 0) for n in neighbours if first <= n <= last]
        usual = float(np.median(around)) if len(around) >= 4 else 0.0
        if usual >= 50 and counts.get(day, 0) < 0.4 * usual:
            drops.append(day)
    return drops


def _exposures(m: Measures) -> Check:
    n = m.summary["n_exposures"]
    if not n:
        meaning = (
            "The log does not say what was shown, so the effect of recommendations cannot be measured from it. "
            "tenure logs its own slates with their propensity."
        )
        return Check("impressions", "warn", "none logged", "logged with recommendation_id", meaning, ("retention",))
    share = 1 - m.summary["n_exposures_joined"] / n
    ok = share <= 0.1
    meaning = (
        "Impressions can be joined to their outcomes."
        if ok
        else "Impressions without recommendation_id cannot be joined to what the user did after them."
    )
    status: Status = "pass" if ok else "warn"
    return Check("impressions", status, f"{percent(share)} unjoined", "at most 10% unjoined", meaning, ("retention",))
