"""Monitor: are the users of now still like those that the models in use learnt from, and what is to be done?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from ibis.expr.types import Table

from tenure.evaluation.drift import OUTCOMES, Verdict, drift, outcome_drift, stability
from tenure.explain.forecasts import words_of
from tenure.pipeline.ask import known_log
from tenure.pipeline.gather import inputs_at, learners_of
from tenure.pipeline.known import Known, Progress, silent
from tenure.pipeline.models import check_time, forecasters_of, registry_of
from tenure.pipeline.train import reads_events
from tenure.prediction.examples import Inputs
from tenure.prediction.explaining.catalogue import catalogue
from tenure.prediction.labels import labels
from tenure.prediction.reference import FORECAST
from tenure.prediction.tasks import Task
from tenure.prediction.training import Forecaster
from tenure.schema import TIME
from tenure.settings import Settings, stored_settings
from tenure.storage.model_registry import ModelVersion
from tenure.wording import article, counted

MOST_WATCHED = 20_000
"""Users looked at, drawn by their ids: a share of them is known to a hundredth."""
MOST_WINDOWS = 6
"""Windows whose outcomes are compared: what is usual is what was lately."""


@dataclass(frozen=True, kw_only=True)
class Watched:
    """How far the users of a moment are from those that the models in use learnt from."""

    version: str
    task: Task
    """Whose outcomes and forecasts are watched: the first that the version answers."""
    learnt_at: datetime
    """The newest cut-off that was learnt from."""
    as_of: datetime
    n_users: int
    """Users looked at."""
    stability: pa.Table
    """`evaluation.drift.STABILITY`, and `description`: what each input says of a user."""
    outcomes: pa.Table
    """`evaluation.drift.OUTCOMES`; the forecast of windows since the training, which nothing was learnt from."""
    verdict: Verdict
    summary: str
    """In sentences."""
    notes: tuple[str, ...]
    """What could not be looked at, and what to keep in mind, in sentences."""


def watch(folder: Path, settings: Settings, as_of: datetime | None = None, *, progress: Progress = silent) -> Watched:
    """Have inputs, outcomes or forecasts drifted since the models in use were trained?

    Raises:
        MissingRunError: no models were trained yet.
        EvidenceError: they had learnt from what came after `as_of`.
    """
    version = registry_of(folder).current()
    then = version.table("reference")
    speaker = next(iter(forecasters_of(version, settings).values()))
    with known_log(folder, settings, as_of, progress) as known:
        check_time(version, known.as_of)
        with known.stage("drift", 2) as step:
            events = learners_of(known, [known.as_of], MOST_WATCHED)
            read = partial(inputs_at, known, events=events, with_events=reads_events(_settings_of(version)))
            now = read([known.as_of])
            names = [name for name in then.column_names if name != "as_of"]
            forecast = speaker.model.predict(now)
            values_now = np.column_stack([now.columns([n for n in names if n != FORECAST]), forecast])
            values_then = np.column_stack([then[name].to_numpy() for name in names])
            spread = stability(names, values_then, values_now)
            step()
            outcomes = _outcomes(known, events, read, speaker, trained_at=_trained_at(version))
        words = words_of(catalogue(), known.domain)
        told = pa.array([words[name].description if name in words else name for name in spread["item"].to_pylist()])
        place = spread.column_names.index("item")
        named = spread.set_column(place, "item", pa.array(map(_short, told.to_pylist())))
        found = drift(named, outcomes, what=f"had {article(known.domain.commitment_noun)}")
        return Watched(
            version=version.name,
            task=speaker.task,
            learnt_at=then["as_of"][0].as_py(),
            as_of=known.as_of,
            n_users=len(now),
            stability=spread.append_column("description", told),
            outcomes=outcomes,
            verdict=found.verdict,
            summary=found.summary,
            notes=(*known.left_out, *_notes(outcomes, speaker.task, _trained_at(version))),
        )


def _outcomes(
    known: Known, events: Table, read: Callable[[Sequence[datetime]], Inputs], speaker: Forecaster, trained_at: datetime
) -> pa.Table:
    """What came of the newest windows, and of those since the training what had been forecast."""
    days = speaker.task.horizon_days
    horizon = timedelta(days=days)
    starts = [known.until - i * horizon for i in range(MOST_WINDOWS, 0, -1)]
    cutoffs = [t for t in starts if t >= known.first + horizon]  # who had hardly come is not yet like the rest
    if not cutoffs:
        return OUTCOMES.empty_table()
    came = known.run(labels(events, cutoffs, days, until=known.until, of=speaker.task.of))
    came = came.sort_by([("as_of", "ascending"), ("user_id", "ascending")])
    said = np.full(came.num_rows, np.nan)
    if since := [t for t in cutoffs if t >= trained_at]:
        is_since = pc.greater_equal(came["as_of"], pa.scalar(since[0], TIME)).to_numpy()
        said[is_since] = speaker.predict(read(since))  # rows of both in the order of cut-offs and users
    return outcome_drift(came["as_of"].cast(TIME).to_numpy(), came["committed"].to_numpy().astype(np.float64), said)


def _notes(outcomes: pa.Table, task: Task, trained_at: datetime) -> list[str]:
    windows = f"two windows of {counted(task.horizon_days, 'day')}"
    if outcomes.num_rows < 2:
        return [f"Outcomes are not compared: the log has no room for {windows} after its first."]
    if outcomes["as_of"][-1].as_py() < trained_at:
        return ["No window since the training is over yet, so the outcomes are those that were known to it."]
    return []


def _short(description: str) -> str:
    """A description inside a sentence: without what comes after its colon."""
    return description if description == FORECAST else f"“{description.partition(':')[0]}”"


def _trained_at(version: ModelVersion) -> datetime:
    return datetime.fromisoformat(version.manifest["as_of"])


def _settings_of(version: ModelVersion) -> Settings:
    return stored_settings(version.manifest["settings"])
