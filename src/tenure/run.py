"""What a Python user holds in hand: the results of one pass of the main path."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from tenure.domain import Period
from tenure.errors import MissingRunError, unknown
from tenure.settings import Settings, stored_settings

if TYPE_CHECKING:
    # Imported where they are used: stages load heavy libraries, and reading a result needs none of them.
    from tenure.lifecycle.cohorts import Clock, Rule
    from tenure.pipeline.known import Known
    from tenure.project import Project
    from tenure.retention.plan import Plan


@dataclass(frozen=True)
class Run:
    """The results of one pass of the main path; see docs/results.md for the tables."""

    folder: Path

    @cached_property
    def manifest(self) -> Mapping[str, Any]:
        """When, of what, with which settings, how long it took, and the headline numbers."""
        content: dict[str, Any] = json.loads((self.folder / "manifest.json").read_text(encoding="utf-8"))
        return content

    @property
    def as_of(self) -> datetime:
        """The moment of the results, naive UTC."""
        return datetime.fromisoformat(self.manifest["as_of"])

    @property
    def report(self) -> Path:
        """The HTML report."""
        return self.folder / "report.html"

    def tables(self) -> list[str]:
        """Names of the result tables that this run has."""
        return sorted(path.stem for path in self.folder.glob("*.parquet"))

    def table(self, name: str) -> pa.Table:
        """A result table.

        Raises:
            UnknownError: this run has no such table, with the nearest name, and what it had to leave out.
        """
        path = self.folder / f"{name}.parquet"
        if not path.is_file():
            error = unknown("result table", name, self.tables())
            error.args = (" ".join([f"{error}.", *self.manifest["left_out"]]),)
            raise error
        return pq.read_table(path)

    def of_user(self, name: str, user: str) -> list[dict[str, Any]]:
        """The rows of a result table that are about one user."""
        if name not in self.tables():
            return []
        rows: list[dict[str, Any]] = pq.read_table(
            self.folder / f"{name}.parquet", filters=[("user_id", "=", str(user))]
        ).to_pylist()
        return rows

    def check_user(self, user: str) -> None:
        """Does this run know the user?

        Raises:
            UnknownError: no, with the nearest ids.
        """
        if not self.of_user("stages", user):
            raise unknown("user", str(user), self.table("stages").column("user_id").to_pylist())

    @property
    def settings(self) -> Settings:
        """The settings that this run was made with, whatever tenure.toml says now."""
        return stored_settings(self.manifest["settings"])

    @property
    def project(self) -> Project:
        """The project that this is a run of."""
        from tenure.project import Project

        return Project(self.folder.parents[1])

    def recommend(self, user: str | None = None, k: int | None = None) -> pa.Table:
        """What to show: to one user, or to everybody when none is named. Columns as in docs/results.md.

        A user whom the log does not know gets what is popular, and the reason says so.

        Raises:
            MissingRunError: the log names no items.
        """
        from tenure.pipeline.recommend import recommend_for

        with self.known() as known:
            return recommend_for(known, self.folder, None if user is None else str(user), k)

    def cohorts(self, *, rule: Rule = "on", clock: Clock = "calendar", period: Period | None = None) -> pa.Table:
        """Cohort retention by any definition; see `lifecycle.cohorts`."""
        from tenure.lifecycle.cohorts import CohortConfig
        from tenure.pipeline.place import cohorts

        with self.known() as known:
            cells = cohorts(known, period or self.manifest["cohort_period"], CohortConfig(rule=rule, clock=clock))
            return known.run(cells.order_by("cohort_start", "age"))

    def plan(self, budget: float | None = None) -> Plan:
        """The plan made anew under another budget, from the stages and forecasts of this run."""
        from tenure.pipeline.retain import plan_anew

        settings = self.settings
        return plan_anew(
            self.table("stages"),
            self.table("predictions"),
            settings.resolved_domain(),
            budget=budget,
            control_share=settings.run.control_share,
            seed=settings.project.seed,
        )

    def events_of(self, user: str) -> pa.Table:
        """What one user did before the moment of this run, oldest first."""
        from tenure.pipeline.report import events_of

        with self.known() as known:
            return events_of(known, str(user))

    def titles(self, items: Sequence[str]) -> dict[str, str]:
        """The titles of items, where they have one."""
        from tenure.pipeline.recommend import titles

        with self.known() as known:
            return titles(known, items)

    def story(self, user: str) -> str:
        """One user in words: who they are, what is expected of them, what is done about it.

        Raises:
            UnknownError: the run has no such user.
        """
        from tenure.explain.stories import story

        self.check_user(user)
        tables = {name: self.table(name) for name in self.tables()}
        slate = self.of_user("recommendations", user)
        titles = self.titles([row["item_id"] for row in slate])
        tables["items"] = pa.table(
            {"item_id": pa.array(titles.keys(), pa.string()), "title": pa.array(titles.values(), pa.string())}
        )
        return story(tables, str(user), self.settings.resolved_domain())

    def timeline(self, user: str) -> list[dict[str, Any]]:
        """What one user did, day by day: `day, what, value, n_items`, oldest first."""
        days: dict[Any, dict[str, Any]] = {}
        for event in self.events_of(user).to_pylist():
            day = days.setdefault(event["timestamp"].date(), {"counts": {}, "value": 0.0, "items": set()})
            kind = event["event_type"]
            day["counts"][kind] = day["counts"].get(kind, 0) + 1
            day["value"] += event["value"] or 0.0
            day["items"] |= {event["item_id"]} - {None}
        return [
            {
                "day": day,
                "what": ", ".join(f"{n} x {kind}" for kind, n in found["counts"].items()),
                "value": found["value"],
                "n_items": len(found["items"]),
            }
            for day, found in days.items()
        ]

    @contextmanager
    def known(self) -> Iterator[Known]:
        """The log and the moment of this run, behind an engine."""
        from tenure.pipeline.ingest import LogFolder
        from tenure.pipeline.known import Known, silent

        log = LogFolder(self.project.folder / "log" / self.manifest["fingerprint"])
        if not log.folder.is_dir():
            raise MissingRunError(f"The log of this run is gone ({log.folder}); do `tenure run` again")
        with Known.open(log, self.settings, self.as_of, progress=silent) as known:
            yield known

    def show(self, user: str) -> dict[str, Any]:
        """Everything that is known of one user, as plain data.

        Raises:
            UnknownError: the run has no such user.
        """
        self.check_user(user)
        names = ("profiles", "taste", "user_segments", "stages", "stage_history", "predictions", "reasons")
        found = {name: self.of_user(name, user) for name in (*names, "recommendations", "plan")}
        return {"user_id": str(user), "as_of": self.manifest["as_of"], **found}
