"""What a report is made from: the result tables of a run, and the words of its domain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from itertools import pairwise
from statistics import median
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tenure.domain import Domain
from tenure.explain.forecasts import Words, words_of
from tenure.prediction.explaining.catalogue import catalogue
from tenure.prediction.tasks import Task
from tenure.profiles.normalise import MISSING
from tenure.wording import money, plural


@dataclass(frozen=True, kw_only=True)
class Story:
    """One user told in words."""

    user_id: str
    title: str
    """Why this user was chosen: "A loyal regular"."""
    text: str
    """A paragraph or several, parted by empty lines."""
    events: pa.Table
    """The user's rows of the clean log before `as_of` (at least `timestamp, role, value`)."""
    returning: pa.Table | None = None
    """The user's own return curve (`day, p_returned, low, high`), where there is a forecast of returns."""


@dataclass(frozen=True, kw_only=True)
class Results:
    """Everything a section may draw on. A table that was not made is simply absent."""

    tables: Mapping[str, pa.Table]
    """Result tables by name, as in docs/results.md; `items` (item_id, title) gives recommended items their titles."""
    quality: Mapping[str, Any]
    """What `quality.json` says about the log."""
    manifest: Mapping[str, Any]
    """`as_of` (ISO time), and when known `version, fingerprint, horizon_days, timings (seconds by stage)`."""
    domain: Domain
    stories: Sequence[Story] = field(default=())

    def table(self, name: str) -> pa.Table | None:
        """This result table, or None when it was not made or has no rows."""
        found = self.tables.get(name)
        return found if found is not None and found.num_rows else None

    def of_user(self, name: str, user_id: str) -> pa.Table | None:
        """The rows of this result table that belong to one user."""
        found = self.table(name)
        if found is None:
            return None
        rows = found.filter(pc.equal(found.column("user_id"), user_id))
        return rows if rows.num_rows else None

    @property
    def as_of(self) -> datetime:
        """The moment at which all of this was true, UTC."""
        return datetime.fromisoformat(str(self.manifest["as_of"])).replace(tzinfo=None)

    @property
    def as_of_day(self) -> str:
        """That moment as a day in words."""
        return f"{self.as_of.day} {self.as_of:%B %Y}"

    @property
    def horizon_days(self) -> int:
        """How far the predictions look ahead."""
        return int(self.manifest.get("horizon_days", self.domain.horizon_days))

    @property
    def user(self) -> str:
        """The domain's word for one user."""
        return self.domain.user_noun

    @property
    def users(self) -> str:
        """The domain's word for several users."""
        return plural(self.domain.user_noun)

    @property
    def items(self) -> str:
        """The domain's word for several items."""
        return plural(self.domain.item_noun)

    def money(self, amount: float | None) -> str:
        """An amount in the domain's currency."""
        return money(amount, self.domain.currency)

    @property
    def main_task(self) -> Task:
        """The forecast that the plan is made from: who will commit within the horizon?"""
        return Task(kind="commit", horizon_days=self.horizon_days)

    @cached_property
    def words(self) -> Words:
        """What the inputs of a forecast say, in the words of the domain."""
        return words_of(catalogue(), self.domain)

    @cached_property
    def descriptions(self) -> Mapping[str, str]:
        """Feature -> what it says, without the explanation after the colon, which is for the reference page."""
        found, said = self.table("features"), dict[str, str]()
        for row in found.to_pylist() if found is not None else ():
            words = row["description"] if row["theme"] == "taste" else row["description"].split(": ")[0]
            said |= {row["feature"]: words, f"{row['feature']}{MISSING}": f"not known: {words}"}
        return said

    @cached_property
    def titles(self) -> Mapping[str, str]:
        """Item -> title, for the items that have one."""
        items = self.table("items")
        if items is None:
            return {}
        pairs = zip(items.column("item_id").to_pylist(), items.column("title").to_pylist(), strict=True)
        return {item: title for item, title in pairs if title}

    @cached_property
    def strategies(self) -> Mapping[str, str]:
        """Strategy of the plan -> its title."""
        found = self.table("strategies")
        return {row["strategy"]: row["title"] for row in found.to_pylist()} if found is not None else {}

    def period(self, table: pa.Table, column: str = "period_start") -> str:
        """The word for the distance between the rows' periods: day, week or month."""
        starts = sorted(set(table.column(column).to_pylist()))
        if len(starts) < 2:
            return self.domain.period or "period"
        days = median((b - a).days for a, b in pairwise(starts))
        return "day" if days < 2 else "week" if days < 20 else "month"
