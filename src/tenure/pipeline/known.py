"""What every stage of a run knows: the log behind an engine, the moment, the domain, the settings."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
from ibis.expr.types import Table
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from tenure.domain import Domain
from tenure.engine.duckdb import DuckDBEngine
from tenure.errors import EvidenceError
from tenure.evaluation.splits import CutoffPlan, plan_cutoffs
from tenure.events.log import EVENTS_TABLE
from tenure.pipeline.ingest import LogFolder
from tenure.settings import Settings
from tenure.wording import counted

Progress = Callable[[str, float, float | None], None]
"""Called with (stage, how much is done, how much there is; None = unknown)."""


def silent(_stage: str, _done: float, _total: float | None) -> None:
    """No progress shown."""


@dataclass(frozen=True)
class Results:
    """What a stage hands on."""

    tables: Mapping[str, pa.Table] = field(default_factory=dict)
    """By name, as in docs/results.md."""
    models: Mapping[str, Mapping[str, NDArray[Any]]] = field(default_factory=dict)
    """Fitted models as arrays, by name."""


@dataclass(frozen=True)
class Known:
    """The state of knowledge at `as_of`."""

    duck: DuckDBEngine
    log: LogFolder
    settings: Settings
    domain: Domain
    as_of: datetime
    """Naive UTC."""
    first: datetime
    """Of the events before `as_of`."""
    until: datetime
    """Up to here it is known what users did: the moment itself, or the end of the log where that is earlier."""
    n_users: int
    """Users seen before the moment."""
    cutoffs: CutoffPlan | None
    """Where forecasts are learnt and tested; None when the log is too short."""
    left_out: list[str] = field(default_factory=list)
    """What could not be done, and why, in sentences."""
    timings: dict[str, float] = field(default_factory=dict)
    """Seconds by stage."""
    facts: dict[str, str] = field(default_factory=dict)
    """What stages found out and the manifest should say."""
    progress: Progress = silent

    @classmethod
    @contextmanager
    def open(cls, log: LogFolder, settings: Settings, as_of: datetime | None, *, progress: Progress) -> Iterator[Known]:
        """Open the log; close the engine at the end.

        Raises:
            EvidenceError: there is no event before `as_of`.
        """
        domain = settings.resolved_domain()
        sources: dict[str, Path | str | pa.Table | pa.RecordBatchReader] = {
            name: log.folder / f"{name}.parquet" for name in ("events", "items", "users")
        }
        with DuckDBEngine(sources, settings.engine()) as duck:
            stamp = EVENTS_TABLE.timestamp
            span = duck.run(EVENTS_TABLE.agg(first=stamp.min(), last=stamp.max()))
            first, last = (span.column(name)[0].as_py() for name in ("first", "last"))
            if first is None:
                raise EvidenceError("The log holds no usable event; `tenure check` says why")
            after_last = last.replace(microsecond=0) + timedelta(seconds=1)
            moment = as_of or after_last
            if moment <= first:
                raise EvidenceError(
                    f"There is no event before {moment:%Y-%m-%d %H:%M}; the first is at {first:%Y-%m-%d %H:%M}"
                )
            left_out = [] if log.quality["is_fit"] else [f"{log.quality['verdict']} `tenure check` says why."]
            if moment > after_last + timedelta(days=1):
                ends, then = f"{last:%Y-%m-%d}", f"{moment:%Y-%m-%d}"
                left_out.append(f"The log ends on {ends}, before the moment {then}: everybody looks silent since.")
            cutoffs, until = None, min(moment, after_last)
            try:
                cutoffs = plan_cutoffs(first, until, horizon_days=domain.horizon_days)
            except EvidenceError as error:
                left_out.append(f"No forecasts: {error}.")
            seen = EVENTS_TABLE.filter(stamp < moment)
            n_users = duck.run(seen.agg(n=seen.user_id.nunique()))["n"][0].as_py()
            yield cls(
                duck=duck,
                log=log,
                settings=settings,
                domain=domain,
                as_of=moment,
                first=first.replace(microsecond=0),
                until=until,
                n_users=n_users,
                cutoffs=cutoffs,
                left_out=left_out,
                progress=progress,
            )

    def check_watched(self) -> None:
        """Is it known what users did until now?

        Raises:
            EvidenceError: the log ended more than a horizon ago, so that silence means nothing.
        """
        blind = self.as_of - self.until
        if blind > timedelta(days=self.domain.horizon_days):
            raise EvidenceError(
                f"The log ends at {self.until:%Y-%m-%d %H:%M}, {counted(blind.days, 'day')} before "
                f"{self.as_of:%Y-%m-%d %H:%M}: what users did since is not known; expected a moment at most "
                f"{counted(self.domain.horizon_days, 'day')} after its end"
            )

    @property
    def seed(self) -> int:
        """Seed of everything random in this run."""
        return self.settings.project.seed

    @property
    def moments(self) -> tuple[datetime, ...]:
        """All cut-offs at which users are profiled: those of the forecasts, and the moment itself."""
        return (*(self.cutoffs.all if self.cutoffs else ()), self.as_of)

    def run(self, relation: Table) -> pa.Table:
        """The rows of a relation."""
        return self.duck.run(relation)

    @contextmanager
    def stage(self, name: str, steps: int) -> Iterator[Callable[[], None]]:
        """Show progress and take the time of a stage of so many steps; yields the function that ends a step.

        Linear algebra keeps to one thread: our matrices are narrow, and threads that wait for each other by spinning
        take the cores from the engine and the trees, which share theirs better.
        """
        began, done = time.perf_counter(), 0
        self.progress(name, 0, steps)

        def step() -> None:
            nonlocal done
            done = min(done + 1, steps)
            self.progress(name, done, steps)

        with threadpool_limits(1, user_api="blas"):
            yield step
        self.progress(name, steps, steps)
        self.timings[name] = round(time.perf_counter() - began, 2)
