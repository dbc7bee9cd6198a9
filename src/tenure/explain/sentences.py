"""One sentence each: what a row of a result table says about a user.

A row is a mapping as `to_pylist` gives it; the columns are those of docs/results.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tenure.domain import Domain
from tenure.retention.reasons import HELD_BACK
from tenure.wording import ago, article, counted, listed, money, number, percent, span

Row = Mapping[str, Any]


def stage_sentence(row: Row) -> str:
    """In which stage is the user, and why?

    >>> stage_sentence({"stage": "at_risk", "reason": "silent for 40 days, 3.1 times the usual gap of 13 days"})
    'At risk: silent for 40 days, 3.1 times the usual gap of 13 days.'
    """
    place = str(row["stage"]).replace("_", " ").capitalize()
    reason = (row.get("reason") or "").rstrip(".")
    return f"{place}: {reason}." if reason else f"{place}."


def forecast_sentence(row: Row, domain: Domain, horizon_days: int) -> str:
    """What is expected of the user?

    >>> from tenure.domains.ecommerce import DOMAIN
    >>> forecast_sentence({"p_commit": 0.74, "expected_value": 123.6}, DOMAIN, 30)
    'The chance that they buy within 30 days is 74%; they are expected to bring $124 in that time.'
    """
    days = counted(horizon_days, "day")
    said = f"The chance that they {domain.commitment_verb} within {days} is {percent(row['p_commit'])}"
    if row.get("expected_value"):
        said += f"; they are expected to bring {money(row['expected_value'], domain.currency)} in that time"
    return f"{said}."


def habits_sentence(profile: Row, domain: Domain) -> str:
    """What has the user done so far? From the activity features; what is not known is left out.

    >>> from tenure.domains.ecommerce import DOMAIN
    >>> habits_sentence({"tenure_days": 12.0, "n_occasions": 4, "value": 0.0, "recency_days": 3.0,
    ...                  "gap_median_days": 4.0}, DOMAIN)
    'Known for 12 days, on 4 occasions with a purchase. They come about every 4 days, the last time 3 days ago.'
    >>> habits_sentence({"tenure_days": 0.3, "n_occasions": 0, "recency_days": 0.3}, DOMAIN)
    'Known for less than a day, so far without a purchase. They came last less than a day ago.'
    """
    known = {name: value for name, value in profile.items() if value is not None}
    parts = []
    if "tenure_days" in known:
        parts.append(f"Known for {span(known['tenure_days'])}")
    if "n_occasions" in known:
        noun = article(domain.commitment_noun)
        n = known["n_occasions"]
        parts.append(f"on {counted(n, 'occasion')} with {noun}" if n else f"so far without {noun}")
        if n and known.get("value"):
            parts.append(f"for {money(known['value'], domain.currency)} in all")
    said = [_sentence(", ".join(parts))] if parts else []
    if "recency_days" in known:
        recency = known["recency_days"]
        last = ago(recency)
        gap = known.get("gap_median_days")
        said.append(
            f"They come about every {_rhythm(gap)}, the last time {last}." if gap else f"They came last {last}."
        )
    return " ".join(said)


def taste_sentence(rows: Iterable[Row], *, most: int = 3) -> str:
    """What does the user like? The largest shares of their taste for categories, or for brands where there are none.

    >>> taste_sentence([{"dimension": "category", "name": "Cheese", "share": 0.12, "lift": 3.1},
    ...                 {"dimension": "category", "name": "Tea", "share": 0.05, "lift": 1.02}])
    'They like Cheese (12% of their taste, 3.1 times the average) and Tea (5% of their taste).'
    """
    by_dimension: dict[str, list[Row]] = {}
    for row in rows:
        by_dimension.setdefault(row["dimension"], []).append(row)
    liked = by_dimension.get("category") or by_dimension.get("brand") or []
    strongest = sorted(liked, key=lambda row: (-row["share"], row["name"]))[:most]
    said = []
    for row in strongest:
        lift = row.get("lift")
        beyond = f", {number(lift)} times the average" if lift and lift >= 1.1 else ""
        said.append(f"{row['name']} ({percent(row['share'])} of their taste{beyond})")
    return f"They like {listed(said)}." if said else ""


def segment_sentence(row: Row) -> str:
    """To which kind of user does the user belong? `row` of the result table `segments`.

    >>> segment_sentence({"name": "Frequent big baskets", "description": "9% of all customers: 4 visits a week."})
    'Their segment is “Frequent big baskets”, 9% of all customers: 4 visits a week.'
    """
    description = (row.get("description") or "").rstrip(".")
    said = f"Their segment is “{row['name']}”"
    return f"{said}, {description[0].lower()}{description[1:]}." if description else f"{said}."


def slate_sentence(rows: Sequence[Row], titles: Mapping[str, str], *, most: int = 3) -> str:
    """What comes first on the user's slate, and why?

    >>> slate_sentence([{"rank": 1, "item_id": "i1", "reason": "Chosen 6 times."}], {"i1": "Brie"})
    'First on their slate: Brie (chosen 6 times).'
    """
    said = []
    for row in sorted(rows, key=lambda row: row["rank"])[:most]:
        title = titles.get(row["item_id"], row["item_id"])
        reason = (row.get("reason") or "").rstrip(".")
        said.append(f"{title} ({reason[0].lower()}{reason[1:]})" if reason else title)
    return f"First on their slate: {'; '.join(said)}." if said else ""


def plan_sentence(row: Row, strategy: Row, domain: Domain) -> str:
    """What is done to keep the user? `row` of the result table `plan`, `strategy` of `strategies`.

    >>> from tenure.domains.ecommerce import DOMAIN
    >>> strategy = {"title": "Call back in time", "aim": "Write in time."}
    >>> plan_sentence({"stake": 41.2, "is_control": False}, strategy, DOMAIN)
    'Plan, with $41 at stake: call back in time. Write in time.'
    """
    title = str(strategy["title"])
    said = (
        f"Plan, with {money(row['stake'], domain.currency)} at stake: {title[:1].lower()}{title[1:]}. {strategy['aim']}"
    )
    return f"{said} {HELD_BACK}" if row.get("is_control") else said


def _rhythm(days: float) -> str:
    return "day" if number(days) == "1" else counted(days, "day")


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
