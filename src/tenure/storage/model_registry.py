"""Trained models on disk: versions that are whole, never changed, and refused when something was changed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from tenure.errors import MissingRunError, SourceError, UnknownError, unknown
from tenure.storage.arrays import Arrays, load_model, save_model
from tenure.storage.versions import Versions

FORMAT = "tenure models 1"
"""The first word of every manifest: what is not of this format is not ours."""

MANIFEST = "manifest.json"

_ADVICE = "promote another version, or train anew with `tenure evaluate`"
_DIGITS = 12
"""Of the manifest's digest in the name of a version: a changed manifest no longer fits its name."""


@dataclass(frozen=True)
class ModelVersion:
    """One version: a folder of arrays with a manifest, checked when it is opened (if only listed, the manifest is)."""

    folder: Path
    manifest: Mapping[str, Any]
    """Format, when, code version, data fingerprint, moment, settings, tasks with champion and metrics, and the SHA-256
    of every file."""

    @property
    def name(self) -> str:
        """Time of training and the digest of the manifest."""
        return self.folder.name

    def tables(self) -> list[str]:
        """Names of the tables of its evidence."""
        return sorted(path.stem for path in self.folder.glob("*.parquet"))

    def table(self, name: str) -> pa.Table:
        """A table of its evidence.

        Raises:
            UnknownError: it has no such table, with the nearest name.
        """
        if name not in self.tables():
            raise unknown("table of evidence", name, self.tables())
        return pq.read_table(self.folder / f"{name}.parquet")

    def arrays(self, model: str) -> dict[str, NDArray[Any]]:
        """The arrays of one of its models."""
        return load_model(self.folder, model)


@dataclass(frozen=True)
class ModelRegistry:
    """All versions of a project's models, and which one speaks."""

    folder: Path
    keep: int = 10
    """Number of versions kept; the one in use always is."""

    @property
    def _versions(self) -> Versions:
        return Versions(self.folder, keep=self.keep)

    def names(self) -> list[str]:
        """Names of all versions, oldest first."""
        return self._versions.names()

    def in_use(self) -> str | None:
        """Name of the version in use, damaged or missing as it may be; None when there is none yet."""
        return self._versions.in_use()

    def current(self) -> ModelVersion:
        """The version in use.

        Raises:
            MissingRunError: no version was made yet.
            SourceError: its folder is missing, or a file of it was changed, is missing or was not written by tenure.
        """
        folder = self._versions.current()
        if folder is None:
            raise MissingRunError(f"No models in {self.folder.resolve()} yet; train them with `tenure evaluate`")
        return _open(folder)

    def has_current(self) -> bool:
        """Is any version in use, and still there?"""
        name = self.in_use()
        return name is not None and name in self.names()

    def listed(self, name: str) -> ModelVersion:
        """A version by its whole name, for what its manifest tells: its other files are looked for, but not read.

        Raises:
            SourceError: the manifest was changed, or a file came or went.
        """
        return _sealed(self.folder / name)

    def version(self, name: str) -> ModelVersion:
        """The version of this name, or the only one whose name begins so.

        Raises:
            UnknownError: there is none, or several begin so.
            SourceError: a file of it was changed, is missing or was not written by tenure.
        """
        names = self.names()
        found = [n for n in names if n.startswith(name)]
        if name not in names and len(found) > 1:
            raise UnknownError(f"version: '{name}' begins {len(found)} names: {', '.join(found)}; say more of it")
        if not found:
            raise unknown("version", name, names)
        return _open(self.folder / (name if name in names else found[0]))

    def promote(self, name: str) -> ModelVersion:
        """Let this version speak from now on; one rename.

        Raises:
            UnknownError: there is none of this name, or several begin so.
            SourceError: it is damaged.
        """
        chosen = self.version(name)
        self._versions.promote(chosen.name)
        return chosen

    def roll_back(self) -> ModelVersion:
        """Let the version speak that did before; one rename.

        Raises:
            MissingRunError: none did.
            SourceError: that version is damaged.
        """
        return _open(self.folder / self._versions.roll_back())

    def write(
        self,
        when: str,
        manifest: Mapping[str, Any],
        models: Mapping[str, Arrays],
        pages: Mapping[str, str],
        tables: Mapping[str, pa.Table] = MappingProxyType({}),
        *,
        promote: bool = True,
    ) -> ModelVersion:
        """A new version, whole or not at all.

        Args:
            when: time of training; begins its name.
            manifest: what is to be known about it, as plain data.
            models: arrays by the name of the model.
            pages: text by file name, such as the model card.
            tables: the evidence, by name.
            promote: let it speak at once; the first version always does.

        Raises:
            ConfigError: another process is writing here.
        """
        first = self.in_use() is None or not self.names()
        with self._versions.writing(lambda folder: f"{when}-{_seal(folder)}", promote=promote or first) as fresh:
            for name, arrays in models.items():
                save_model(fresh, name, arrays)
            for name, text in pages.items():
                (fresh / name).write_text(text, encoding="utf-8")
            for name, table in tables.items():
                pq.write_table(table, fresh / f"{name}.parquet", compression="zstd")
            files = {path.name: _digest(path) for path in sorted(fresh.iterdir())}
            text = json.dumps({"format": FORMAT, **manifest, "files": files}, indent=2, default=str)
            (fresh / MANIFEST).write_text(text, encoding="utf-8")
            seal = _seal(fresh)
        return self.version(f"{when}-{seal}")


def _open(folder: Path) -> ModelVersion:
    """The version in a folder, when nothing in it was changed since it was written."""
    found = _sealed(folder)
    files: Mapping[str, str] = found.manifest["files"]
    if changed := sorted(name for name, digest in files.items() if _digest(folder / name) != digest):
        raise SourceError(f"{folder}: {changed} changed since they were written, so nothing is loaded; {_ADVICE}")
    return found


def _sealed(folder: Path) -> ModelVersion:
    """The version in a folder, when its manifest is as it was written and names the files that are there."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        is_ours = manifest["format"] == FORMAT
        files: dict[str, str] = manifest["files"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SourceError(
            f"{folder}: expected a version of models written by tenure, but its manifest: {error}"
        ) from error
    if not is_ours or not folder.name.endswith(_seal(folder)):
        raise SourceError(f"{folder}: the manifest was changed or is not ours, so nothing here is loaded; {_ADVICE}")
    present = {path.name for path in folder.iterdir()} - {MANIFEST}
    if odd := sorted(present ^ files.keys()):
        raise SourceError(f"{folder}: expected the files of its manifest, but {odd} came or went; {_ADVICE}")
    return ModelVersion(folder, manifest)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def _seal(folder: Path) -> str:
    return _digest(folder / MANIFEST)[:_DIGITS]
