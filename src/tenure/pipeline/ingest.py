"""The clean log of a project: made when the sources changed, else taken as it is."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from hashlib import blake2b
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tenure.ingest import Inputs, ingest
from tenure.settings import Settings
from tenure.storage.sources import files_of
from tenure.storage.versions import Versions


@dataclass(frozen=True)
class LogFolder:
    """The clean log on disk."""

    folder: Path

    @cached_property
    def quality(self) -> Mapping[str, Any]:
        """The quality report."""
        content: dict[str, Any] = json.loads((self.folder / "quality.json").read_text(encoding="utf-8"))
        return content

    @property
    def fingerprint(self) -> str:
        """Of the sources and of the settings with which they were read."""
        return self.folder.name


def current_log(folder: Path, settings: Settings, *, progress: Callable[[str, float, float | None], None]) -> LogFolder:
    """The log of a project, read anew only if a source or the way to read it changed."""
    versions = Versions(folder / "log", keep=None)
    fingerprint = _fingerprint(folder, settings)
    present = versions.current()
    if present is not None and present.name == fingerprint:
        return LogFolder(present)
    events, items, users = settings.sources()
    inputs = Inputs(
        events=events,
        items=items,
        users=users,
        base=folder,
        domain=settings.resolved_domain(),
        timezone=settings.project.timezone,
        reading=settings.reading(),
    )
    with versions.writing(fingerprint) as fresh:
        ingest(
            inputs,
            fresh,
            now=datetime.now(UTC).replace(tzinfo=None, microsecond=0),
            engine=settings.engine(),
            report=lambda n: progress("ingest", n, None),
        )
    made = versions.current()
    if made is None:
        raise FileNotFoundError(folder / "log" / "current")
    log = LogFolder(made)
    progress("ingest", log.quality["n_in"], log.quality["n_in"])
    return log


def _fingerprint(folder: Path, settings: Settings) -> str:
    """Changes when a file changes (size or time), when the way to read it changes, or with the version of tenure."""
    described: list[Any] = [
        version("tenure"),
        settings.project.timezone,
        repr(settings.reading()),
        repr(settings.resolved_domain()),
    ]
    for source in settings.sources():
        if source is not None:
            described.append([source.kind, source.preset, source.encoding, sorted(source.columns.items())])
            described += [_described(path, folder) for path in files_of(source, folder)]
    return blake2b(json.dumps(described, default=str).encode(), digest_size=8).hexdigest()


def _described(path: Path, folder: Path) -> list[Any]:
    found = path.stat()
    return [os.path.relpath(path, folder), found.st_size, found.st_mtime_ns]
