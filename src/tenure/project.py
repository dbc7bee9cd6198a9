"""What a Python user holds in hand: a project (a folder with tenure.toml) and its runs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from tenure.domain import Period
from tenure.errors import ConfigError, MissingRunError, unknown
from tenure.events.columns import Paths
from tenure.settings import Settings, load_settings, stored_settings
from tenure.storage.sources import columns_of
from tenure.storage.versions import Versions

if TYPE_CHECKING:
    # Imported where they are used: stages load heavy libraries, and reading a result needs none of them.
    from tenure.lifecycle.cohorts import Clock, Rule
    from tenure.pipeline.ingest import LogFolder
    from tenure.pipeline.known import Known
    from tenure.pipeline.monitor import Watched
    from tenure.pipeline.value import Valued
    from tenure.report.explanation import Explanation
    from tenure.retention.plan import Plan
    from tenure.sequence.checkpoints import Look
    from tenure.storage.model_registry import ModelRegistry, ModelVersion

Progress = Callable[[str, float, float | None], None]
"""Called with (stage, how much is done, how much there is; None = unknown)."""


def silent(_stage: str, _done: float, _total: float | None) -> None:
    """No progress shown."""


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
        from tenure.pipeline.known import Known

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


@dataclass(frozen=True)
class Project:
    """A folder with tenure.toml, its clean log and its runs."""

    folder: Path

    @property
    def settings(self) -> Settings:
        """What tenure.toml and the environment say now."""
        return load_settings(self.folder)

    def check(self, *, progress: Progress = silent) -> Mapping[str, Any]:
        """Is the log fit for use? Reads the sources again when they changed. The quality report as plain data."""
        from tenure.pipeline.ingest import current_log

        return current_log(self.folder, self.settings, progress=progress).quality

    @property
    def log(self) -> LogFolder:
        """The clean log as it was last read.

        Raises:
            MissingRunError: the sources were never read.
        """
        from tenure.pipeline.ingest import LogFolder

        folder = Versions(self.folder / "log").current()
        if folder is None:
            raise MissingRunError(f"The sources of {self.folder.resolve()} were not read yet; do `tenure check` first")
        return LogFolder(folder)

    def preview(self) -> dict[str, dict[str, Paths]]:
        """Which column of the first file of each source will be read as which field?

        Raises:
            SourceError: a file is missing, or a required field has no column.
        """
        return {
            source.kind: dict(columns_of(source, self.folder).paths)
            for source in self.settings.sources()
            if source is not None
        }

    def run(self, as_of: str | datetime | None = None, *, progress: Progress = silent, **choices: Any) -> Run:
        """The main path, from the log to the report.

        Args:
            as_of: the moment to stand at; None = just after the last event.
            progress: called as the work goes on.
            choices: settings of [run] for this run only, such as `budget=500`.

        Raises:
            SourceError: the sources cannot be read.
            ConfigError: a setting is wrong.
        """
        from tenure.pipeline import run_all

        settings = load_settings(self.folder, run=choices)
        return Run(run_all(self.folder, settings, parse_time(as_of), progress=progress))

    @property
    def models(self) -> ModelRegistry:
        """The trained versions: which there are, which one speaks, and how to change that."""
        from tenure.pipeline.models import registry_of

        return registry_of(self.folder, self.settings.predict.keep_models)

    def evaluate(
        self,
        *tasks: str,
        as_of: str | datetime | None = None,
        promote: bool | None = None,
        progress: Progress = silent,
    ) -> ModelVersion:
        """Train every model for these tasks beside the usual ones and prove them on later time; a new version.

        Args:
            tasks: such as "churn:90d" or "value:365d".
            as_of: the moment to stand at; None = just after the last event.
            promote: let the new version speak at once; None = as [predict] promote says.
            progress: called as the work goes on.

        Raises:
            ConfigError: a task is not well written.
            EvidenceError: the log is too short.
        """
        from tenure.pipeline.ask import evaluate

        settings = self.settings
        chosen = settings.predict.promote if promote is None else promote
        return evaluate(self.folder, settings, tasks, parse_time(as_of), promote=chosen, progress=progress)

    def predict(
        self,
        *tasks: str,
        as_of: str | datetime | None = None,
        version: str | None = None,
        progress: Progress = silent,
    ) -> pa.Table:
        """What the models in use (or those of a version) say of every user; columns as in docs/results.md, `forecasts`.

        Raises:
            MissingRunError: no models were trained yet.
            UnknownError: the models do not know a task.
            EvidenceError: they were trained with what came after `as_of`.
        """
        from tenure.pipeline.ask import forecast

        return forecast(self.folder, self.settings, tasks, parse_time(as_of), version=version, progress=progress)

    def explain(
        self, user: str, task: str, *, as_of: str | datetime | None = None, progress: Progress = silent
    ) -> Explanation:
        """Why is this forecast of a user, and what would change it? `report.explanation.build_explanation` draws it.

        Raises:
            UnknownError: the log knows no such user, or the models no such task.
        """
        from tenure.pipeline.ask import explain

        return explain(self.folder, self.settings, str(user), task, parse_time(as_of), progress=progress)

    def drift(self, as_of: str | datetime | None = None, *, progress: Progress = silent) -> Watched:
        """Are users still like those that the models in use learnt from, and what is to be done?"""
        from tenure.pipeline.monitor import watch

        return watch(self.folder, self.settings, parse_time(as_of), progress=progress)

    def train_heart(
        self,
        *,
        as_of: str | datetime | None = None,
        device: str = "cpu",
        n_processes: int = 1,
        resume: bool = False,
        looked: Callable[[Look], None] = lambda _: None,
        progress: Progress = silent,
        **choices: Any,
    ) -> Path:
        """Train the sequence model until later time is not foretold better; the folder in which it is kept.

        Args:
            as_of: the moment to stand at; None = just after the last event.
            device: as PyTorch calls it.
            n_processes: on this machine, learning together.
            resume: go on where an interrupted training stopped.
            looked: called at every look at later time.
            progress: called as the work goes on.
            choices: settings of [heart] for this time only, such as `size="m"`.

        Raises:
            MissingExtraError: PyTorch is not installed.
            EvidenceError: the log cannot teach it.
        """
        from tenure.pipeline.vectors import train_now

        return train_now(
            self.folder,
            load_settings(self.folder, heart=choices),
            parse_time(as_of),
            device=device,
            n_processes=n_processes,
            resume=resume,
            looked=looked,
            progress=progress,
        )

    @property
    def heart(self) -> Path:
        """The folder of the trained sequence model.

        Raises:
            MissingRunError: none was trained.
        """
        from tenure.pipeline.hearts import trained_heart

        return trained_heart(self.folder)

    def embed(self, what: Literal["users", "items"], *, progress: Progress = silent) -> pa.Table:
        """The vectors that the trained heart has of users or items: `user_id` or `item_id`, and `vector`.

        Raises:
            MissingExtraError: PyTorch is not installed.
            MissingRunError: no heart was trained.
        """
        from tenure.pipeline.vectors import embed

        return embed(self.folder, self.settings, what, progress)

    def value(self, as_of: str | datetime | None = None, *, progress: Progress = silent, **choices: Any) -> Valued:
        """What will each user be worth? `choices`: settings of [value] for this time only, such as `days=90`.

        Raises:
            EvidenceError: too few users repeat.
        """
        from tenure.pipeline.value import lifetime_value

        settings = load_settings(self.folder, value=choices)
        return lifetime_value(self.folder, settings, parse_time(as_of), progress=progress)

    @property
    def last_run(self) -> Run:
        """The newest complete run.

        Raises:
            MissingRunError: there is none yet.
        """
        folder = Versions(self.folder / "runs").current()
        if folder is None:
            raise MissingRunError(f"Nothing has been computed in {self.folder.resolve()} yet; do `tenure run` first")
        return Run(folder)


def parse_time(as_of: str | datetime | None) -> datetime | None:
    """A moment as naive UTC, on a whole second.

    Raises:
        ConfigError: the text is no ISO 8601 time.

    >>> parse_time("2017-12-01")
    datetime.datetime(2017, 12, 1, 0, 0)
    """
    if as_of is None:
        return None
    try:
        time = datetime.fromisoformat(as_of) if isinstance(as_of, str) else as_of
    except ValueError:
        raise ConfigError(f"as_of: expected a time like 2017-12-01 or 2017-12-01T08:00Z, got '{as_of}'") from None
    if time.tzinfo is not None:
        time = time.astimezone(UTC).replace(tzinfo=None)
    return time.replace(microsecond=0)


def open_project(folder: str | Path = ".") -> Project:
    """The project in a folder.

    Raises:
        ConfigError: the folder has no valid tenure.toml.
    """
    project = Project(Path(folder))
    _ = project.settings
    return project
