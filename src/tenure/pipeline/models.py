"""Models: trained versions in and out of the registry."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from hashlib import blake2b
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tenure.errors import EvidenceError
from tenure.pipeline.known import Known
from tenure.pipeline.train import Training, competitors, reads_events
from tenure.prediction.return_evidence import NAME
from tenure.prediction.returning import ReturnForecaster
from tenure.prediction.tasks import Task, parse_task
from tenure.prediction.training import Forecaster
from tenure.settings import Settings, stored_settings
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
            name: {"task": asdict(forecaster.task), "model": forecaster.name, "file": _file(name)}
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
    tasks = {name: entry for name, entry in chosen.manifest["tasks"].items() if name != RETURN}
    # Older versions name no file, and gave tasks that differ in signs alone the same: of them only the last is kept.
    owners = {entry.get("file", _cleaned(name)): name for name, entry in tasks.items()}
    found = {}
    for file, name in owners.items():
        task = Task(**tasks[name]["task"])
        learners = competitors(task, settings)
        found[name] = Forecaster.from_arrays(chosen.arrays(file), task, tasks[name]["model"], learners)
    return found


def needs_events(chosen: ModelVersion) -> bool:
    """Does any model of a version read events one by one? Its own settings say so, not those of today."""
    return reads_events(stored_settings(chosen.manifest["settings"]))


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
    """A file name that no other task has: the cleaned name, with a short hash of the task where what it is of changed.

    commit[a-b]:30d -> commit-a-b-30d, but commit[a.b]:30d -> commit-a-b-30d-dca1d4e0.
    """
    cleaned, of = _cleaned(task), parse_task(task).of
    return cleaned if _cleaned(of) == of else f"{cleaned}-{blake2b(task.encode(), digest_size=4).hexdigest()}"


def _cleaned(task: str) -> str:
    """A task as a file name: commit[coupon_redeem]:30d@active -> commit-coupon_redeem-30d-active."""
    return "-".join("".join(c if c.isalnum() or c == "_" else " " for c in task).split())
