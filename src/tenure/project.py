"""What a Python user holds in hand: a project, which is a folder with tenure.toml."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pyarrow as pa

from tenure.errors import ConfigError, MissingRunError
from tenure.events.columns import Paths
from tenure.run import Run
from tenure.settings import Settings, load_settings
from tenure.storage.sources import columns_of
from tenure.storage.versions import Versions

if TYPE_CHECKING:
    # Imported where they are used: stages load heavy libraries, and reading a result needs none of them.
    from tenure.pipeline.ingest import LogFolder
    from tenure.pipeline.monitor import Watched
    from tenure.pipeline.value import Valued
    from tenure.report.explanation import Explanation
    from tenure.sequence.checkpoints import Look
    from tenure.storage.model_registry import ModelRegistry, ModelVersion

Progress = Callable[[str, float, float | None], None]
"""Called with (stage, how much is done, how much there is; None = unknown)."""


def silent(_stage: str, _done: float, _total: float | None) -> None:
    """No progress shown."""


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

    def lookalikes(self, users: Sequence[str], k: int = 20, *, progress: Progress = silent) -> pa.Table:
        """The users who behave most like some users, by states of the trained heart: `user_id, likeness, most_like`.

        Raises:
            MissingExtraError: PyTorch is not installed.
            MissingRunError: no heart was trained.
            UnknownError: the log knows no such user.
        """
        from tenure.pipeline.vectors import alike

        return alike(self.folder, self.settings, [str(user) for user in users], k, progress)

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
