"""Models: trained versions in and out of the registry."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tenure.errors import EvidenceError
from tenure.pipeline.known import Known
from tenure.pipeline.train import Training, competitors
from tenure.prediction.return_evidence import NAME
from tenure.prediction.returning import ReturnForecaster
from tenure.prediction.tasks import Task, parse_task
from tenure.prediction.training import Forecaster
from tenure.settings import Settings
from tenure.storage.model_registry import ModelRegistry, ModelVersion

RETURN = "return"
"""The task whose model is of another kind than the rest."""


def registry_of(folder: Path, keep: int = 10) -> ModelRegistry:
    """Where the trained versions of a project lie."""
    return ModelRegistry(folder / "models", keep=keep)


def register(folder: Path, known: Known, training: Training, *, promote: bool) -> ModelVersion:
    """Keep what was trained as a version, whole or not at all."""
    now = datetime.now(UTC)
    manifest: dict[str, Any] = {
        "created": now.isoformat(timespec="seconds"),
        "code": version("tenure"),
        "fingerprint": known.log.fingerprint,
        "as_of": known.as_of.isoformat(),
        "first": known.first.isoformat(),
        "n_users": known.n_users,
        "domain": known.domain.name,
        "settings": known.settings.model_dump(mode="json"),
        "tasks": {
            name: {"task": asdict(forecaster.task), "model": forecaster.name}
            for name, forecaster in training.forecasters.items()
        },
    }
    models = {_file(name): forecaster.to_arrays() for name, forecaster in training.forecasters.items()}
    if training.returning is not None:
        manifest["tasks"][RETURN] = {"task": asdict(parse_task(RETURN)), "model": NAME}
        models[RETURN] = training.returning.to_arrays()
    registry = registry_of(folder, known.settings.predict.keep_models)
    return registry.write(
        f"{now:%Y%m%dT%H%M%S}", manifest, models, training.pages, tables=training.tables, promote=promote
    )


def forecasters_of(chosen: ModelVersion, settings: Settings) -> dict[str, Forecaster]:
    """The forecasters of a version, by task; of returns see `returning_of`."""
    found = {}
    for name, entry in chosen.manifest["tasks"].items():
        if name == RETURN:
            continue
        task = Task(**entry["task"])
        found[name] = Forecaster.from_arrays(
            chosen.arrays(_file(name)), task, entry["model"], competitors(task, settings)
        )
    return found


def returning_of(chosen: ModelVersion) -> ReturnForecaster | None:
    """The forecaster of returns of a version, if it has one."""
    return ReturnForecaster.from_arrays(chosen.arrays(RETURN)) if RETURN in chosen.manifest["tasks"] else None


def check_time(chosen: ModelVersion, as_of: datetime) -> None:
    """May these models speak of this moment?

    Raises:
        EvidenceError: they had learnt from what came after it.
    """
    known_until = datetime.fromisoformat(chosen.manifest["as_of"])
    if known_until > as_of:
        raise EvidenceError(
            f"The models {chosen.name} were trained with what was known at {known_until:%Y-%m-%d %H:%M}, so they would "
            f"know the future of {as_of:%Y-%m-%d %H:%M}; train at that moment with `tenure evaluate --as-of`"
        )


def _file(task: str) -> str:
    """A task as a file name: commit[coupon_redeem]:30d@active -> commit-coupon_redeem-30d-active."""
    return "-".join("".join(c if c.isalnum() or c == "_" else " " for c in task).split())
