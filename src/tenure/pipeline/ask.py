"""Ask: train and prove models, or let the promoted ones speak, without a whole run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import ibis
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tenure.errors import ConfigError, EvidenceError, UnknownError, unknown
from tenure.events.log import EVENTS_TABLE, before
from tenure.explain.forecasts import words_of
from tenure.pipeline.gather import evenly, inputs_at
from tenure.pipeline.ingest import current_log
from tenure.pipeline.known import Known, Progress, silent
from tenure.pipeline.models import RETURN, check_time, forecasters_of, needs_events, register, registry_of, returning_of
from tenure.pipeline.predict import N_REFERENCE, forecasts
from tenure.pipeline.train import tasks_of, train_all, trained_as
from tenure.prediction.examples import Inputs
from tenure.prediction.explaining.acts import Acted, acted, acts, moments, stand_ins
from tenure.prediction.explaining.attribution import forecast_contributions
from tenure.prediction.explaining.catalogue import catalogue
from tenure.prediction.explaining.likeness import Likeness
from tenure.prediction.explaining.reasons import reasons
from tenure.prediction.explaining.whatif import what_would_change
from tenure.prediction.tasks import Task, parse_task, parse_tasks
from tenure.prediction.training import Forecaster
from tenure.report.explanation import Explanation
from tenure.settings import Settings
from tenure.storage.model_registry import ModelVersion

N_ALIKE = 2_000
"""Real users that an explanation looks at, to know what is usual and who exists."""


@contextmanager
def known_log(folder: Path, settings: Settings, as_of: datetime | None, progress: Progress = silent) -> Iterator[Known]:
    """The clean log of a project (read again where its sources changed) behind an engine."""
    log = current_log(folder, settings, progress=progress)
    with Known.open(log, settings, as_of, progress=progress) as known:
        yield known


def evaluate(
    folder: Path,
    settings: Settings,
    tasks: Sequence[str] = (),
    as_of: datetime | None = None,
    *,
    promote: bool,
    progress: Progress = silent,
) -> ModelVersion:
    """Train and prove all models for these tasks beside the usual ones; they are kept as a new version.

    Raises:
        EvidenceError: the log is too short for any of the tasks.
    """
    with known_log(folder, settings, as_of, progress) as known:
        training = train_all(known, tasks_of(known, tasks))
        if not training.forecasters:
            raise EvidenceError(" ".join(known.left_out))
        return register(folder, known, training, promote=promote)


def forecast(
    folder: Path,
    settings: Settings,
    tasks: Sequence[str] = (),
    as_of: datetime | None = None,
    *,
    version: str | None = None,
    progress: Progress = silent,
) -> pa.Table:
    """What the promoted models (or those of a version) say of every user; no task named = all that they know.

    Raises:
        MissingRunError: no models were trained yet.
        UnknownError: the models do not know a task.
        EvidenceError: they would know the future of `as_of`.
    """
    chosen, speakers = _speakers(folder, settings, version)
    returner = returning_of(chosen)
    answered = [*speakers, *([] if returner is None else [RETURN])]
    asked = parse_tasks(tasks or answered)
    for task in asked:
        if trained_as(task).name not in answered:
            raise UnknownError(_untrained(task, answered))
    with known_log(folder, settings, as_of, progress) as known:
        check_time(chosen, known.as_of)
        known.check_watched()
        with known.stage("predict", 2) as step:
            now = inputs_at(known, [known.as_of], with_events=needs_events(chosen))
            step()
            return forecasts(speakers, asked, now, returner)


def explain(
    folder: Path,
    settings: Settings,
    user: str,
    task: str,
    as_of: datetime | None = None,
    *,
    progress: Progress = silent,
) -> Explanation:
    """Why does the promoted model forecast this of this user, and which of their acts would change it?

    Raises:
        UnknownError: the log knows no such user, or the models no such task.
        ConfigError: the task is `return`, of which there is a whole curve and not one number to explain.
    """
    chosen, speakers = _speakers(folder, settings, None)
    asked = parse_task(task)
    if asked.kind == "return":
        raise ConfigError("explain: expected a chance or an amount, such as churn:30d or value:30d, got return")
    if trained_as(asked).name not in speakers:
        raise UnknownError(_untrained(asked, speakers))
    forecaster = speakers[trained_as(asked).name].of(asked)
    with known_log(folder, settings, as_of, progress) as known:
        check_time(chosen, known.as_of)
        known.check_watched()
        with known.stage("explain", 3) as step:
            people = _people(known, user, with_events=needs_events(chosen))
            row = people.rows(np.asarray(people.users) == user)
            reference = people.rows(evenly(len(people), N_REFERENCE))
            step()
            found = forecast_contributions(forecaster, row, reference)
            step()
            after = _acted(known, user, with_events=needs_events(chosen))
            changes, notes = _acts(forecaster, row, after, people)
            return Explanation(
                user_id=user,
                as_of=known.as_of,
                task=asked,
                model=f"{forecaster.name} ({chosen.name})",
                forecast=float(forecaster.predict(row)[0]),
                usual=found.usual,
                reasons=reasons(found, row, reference, catalogue()),
                is_sampled=found.is_sampled,
                words=words_of(catalogue(), known.domain),
                acts=changes,
                notes=notes,
                importance=_of_task(chosen, "theme_worth", asked),
                dependence=_of_task(chosen, "dependence", asked),
            )


def _speakers(folder: Path, settings: Settings, version: str | None) -> tuple[ModelVersion, dict[str, Forecaster]]:
    registry = registry_of(folder)
    chosen = registry.current() if version is None else registry.version(version)
    return chosen, forecasters_of(chosen, settings)


def _untrained(task: Task, speakers: Iterable[str]) -> str:
    return f"{unknown('trained task', task.name, speakers)}; train it with `tenure evaluate --task {task.name}`"


def _people(known: Known, user: str, *, with_events: bool) -> Inputs:
    """The user, and enough others to know what is usual."""
    crowd = known.run(before(EVENTS_TABLE, known.as_of).select("user_id").distinct())["user_id"].to_pylist()
    if user not in crowd:
        raise unknown("user", user, crowd)
    ordered = np.array(sorted(crowd), dtype=np.str_)
    some = {*ordered[evenly(len(ordered), N_ALIKE)].tolist(), user}
    known.duck.register("people", pa.table({"user_id": pa.array(sorted(some), pa.string())}))
    listed = ibis.table({"user_id": "!string"}, name="people")
    events = EVENTS_TABLE.semi_join(listed, "user_id")
    return inputs_at(known, [known.as_of], events, with_events=with_events)


def _acted(known: Known, user: str, *, with_events: bool) -> list[Acted]:
    """The inputs of the user after each act that they have ever done, computed anew from their log."""
    possible = acts(known.domain)
    theirs = known.run(EVENTS_TABLE.filter(EVENTS_TABLE.user_id == user))
    known.duck.register("acted", stand_ins(theirs, known.as_of, possible))
    table = ibis.table(EVENTS_TABLE.schema(), name="acted")
    after = inputs_at(known, moments(known.as_of, possible), table, with_events=with_events)
    return acted(after, known.as_of, possible)


def _acts(
    forecaster: Forecaster, row: Inputs, after: Sequence[Acted], people: Inputs
) -> tuple[pa.Table | None, list[str]]:
    """What single acts would change; where there are too few users to tell who exists, None and that sentence."""
    try:
        return what_would_change(forecaster.predict, row, after, Likeness.fit(people)), []
    except EvidenceError as error:
        return None, [f"What single acts would change is not told: {error}."]


def _of_task(chosen: ModelVersion, name: str, task: Task) -> pa.Table | None:
    """The rows of a table of evidence that are about a task."""
    if name not in chosen.tables():
        return None
    table = chosen.table(name)
    return table.filter(pc.equal(table["task"], trained_as(task).name)).drop_columns(["task"])
