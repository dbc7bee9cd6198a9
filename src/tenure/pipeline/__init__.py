"""The main path, in verbs: ingest, profile, place, value, encode, predict, recommend, retain, report. A file each."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tenure.pipeline.encode import encode
from tenure.pipeline.ingest import current_log
from tenure.pipeline.keep import keep_run
from tenure.pipeline.known import Known, Progress, silent
from tenure.pipeline.models import register
from tenure.pipeline.place import place
from tenure.pipeline.predict import predict
from tenure.pipeline.profile import profile
from tenure.pipeline.recommend import recommend
from tenure.pipeline.report import report
from tenure.pipeline.retain import retain
from tenure.pipeline.value import groups_of, value
from tenure.settings import Settings

__all__ = ["run_all"]


def run_all(folder: Path, settings: Settings, as_of: datetime | None, *, progress: Progress = silent) -> Path:
    """Walk the whole way and keep the results; returns the folder of the new run.

    Nothing of a former run is touched before the new one is complete.

    Args:
        folder: of the project.
        settings: what to do.
        as_of: the moment to stand at (naive UTC, whole second); None = just after the last event.
        progress: called as the work goes on.

    Raises:
        SourceError: the sources cannot be read.
        EvidenceError: there is no event before `as_of`.
    """
    started = datetime.now(UTC)
    log = current_log(folder, settings, progress=progress)
    with Known.open(log, settings, as_of, progress=progress) as known:
        profiled = profile(known)
        placed = place(known)
        valued = value(known, groups_of({**profiled.tables, **placed.tables}))
        encoded = encode(known, folder)
        predicted = predict(known, folder)
        recommended = recommend(known, profiled, placed, encoded)
        retained = retain(known, placed, predicted)
        stages: list[Any] = [profiled, placed, valued, predicted, recommended, retained]
        tables = {name: table for stage in stages for name, table in stage.tables.items()}
        if encoded is not None:
            tables |= {"heart_evidence": encoded.evidence, **encoded.uses}
        models = {name: arrays for stage in stages for name, arrays in stage.models.items()}
        told = report(known, tables, predicted.returning)
        if predicted.training.forecasters:
            trained = register(folder, known, predicted.training, promote=settings.predict.promote)
            known.facts.update(models=predicted.speaking or trained.name)
        return keep_run(folder, known, tables, models, told, started=started)
