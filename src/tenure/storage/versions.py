"""Folders that are whole or not at all: each version is written beside the others and becomes current in one rename."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tenure.errors import ConfigError, MissingRunError, SourceError, unknown

try:
    import fcntl
except ImportError:  # pragma: no cover  (Windows has no such locks; there, two writers are not kept apart)
    fcntl = None  # type: ignore[assignment]

UNFINISHED = ".unfinished-"


@dataclass(frozen=True)
class Versions:
    """The versions of one thing (the log, the runs, the models) under a folder.

    The last line of the file `current` names the one in use; the lines before it those that were in use before.
    """

    folder: Path
    keep: int | None = 3
    """Number of versions kept; older ones are removed after a new one is complete. None = all, until `prune`: such
    versions (the log) are read again from their sources at any time, so one whose folder is gone was not made yet."""

    def current(self) -> Path | None:
        """The folder of the version in use, or None when there is none yet.

        Raises:
            SourceError: its folder is gone. An older version never speaks in its place unasked.
        """
        name = self.in_use()
        if name is None or (self.folder / name).is_dir():
            return None if name is None else self.folder / name
        if self.keep is None:
            return None
        raise SourceError(
            f"{(self.folder / name).resolve()}: this version is in use, but its folder is missing; put it back, "
            "promote another one, or run again (models: `tenure evaluate`)"
        )

    def in_use(self) -> str | None:
        """Name of the version in use, whether or not its folder is still there; None when there is none yet."""
        return next(reversed(self._pointed()), None)

    def used(self) -> list[str]:
        """Names of the versions that were in use one after the other and are still there, the newest last."""
        return [name for name in self._pointed() if (self.folder / name).is_dir()]

    def _pointed(self) -> list[str]:
        pointer = self.folder / "current"
        return pointer.read_text(encoding="utf-8").split() if pointer.is_file() else []

    def names(self) -> list[str]:
        """Names of the complete versions, oldest first."""
        if not self.folder.is_dir():
            return []
        return sorted(entry.name for entry in self.folder.iterdir() if entry.is_dir() and entry.name[0] != ".")

    def promote(self, name: str) -> None:
        """Make a version the current one, in one rename.

        Raises:
            UnknownError: there is no such version, with the nearest name.
        """
        if name not in self.names():
            raise unknown("version", name, self.names())
        with self._alone():
            self._use(name)

    def roll_back(self) -> str:
        """Make the version current that was in use before and is still there, in one rename; returns its name.

        Raises:
            MissingRunError: there was none before.
        """
        with self._alone():
            former = [name for name in self.used() if name != self.in_use()]
            if not former:
                raise MissingRunError(f"No version was in use before in {self.folder.resolve()}; nothing to go back to")
            write_text(self.folder / "current", "\n".join(former) + "\n")
        return former[-1]

    @contextmanager
    def writing(self, name: str | Callable[[Path], str], *, promote: bool = True) -> Iterator[Path]:
        """A new folder to fill; when the block ends without an error it is a version, and `promote` makes it current.

        A `name` that depends on what was written is given as a function of the filled folder.

        On an error or an interruption, at whatever moment, the former version stays current. What a killed process left
        unfinished is removed by the next call.

        Raises:
            ConfigError: another process is writing here.
        """
        with self._alone():
            for left_over in self.folder.glob(f"{UNFINISHED}*"):
                shutil.rmtree(left_over, ignore_errors=True)
            fresh = Path(tempfile.mkdtemp(prefix=UNFINISHED, dir=self.folder))
            fresh.chmod(0o755)
            try:
                yield fresh
                target = self._free_name(name(fresh) if callable(name) else name)
                fresh.rename(target)
            except BaseException:
                shutil.rmtree(fresh, ignore_errors=True)
                raise
            if promote:
                self._use(target.name)
            if self.keep is not None:
                old = [n for n in self.names() if n not in {target.name, self.in_use()}]
                self._remove(old[: max(len(old) + 1 - self.keep, 0)])

    def _use(self, name: str) -> None:
        used = [n for n in self.used() if n != name]
        write_text(self.folder / "current", "\n".join([*used, name]) + "\n")

    def prune(self, wanted: Collection[str]) -> None:
        """Remove every version but the wanted ones and the current one."""
        with self._alone():
            self._remove([n for n in self.names() if n not in wanted and n != self.in_use()])

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the lock of the folder; it goes with the process, however that ends."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / ".lock").open("w") as lock:
            if fcntl is not None:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    raise ConfigError(
                        f"Another tenure is writing in {self.folder.resolve()}; wait until it has ended, or stop it"
                    ) from None
            yield

    def _free_name(self, name: str) -> Path:
        target, n = self.folder / name, 1
        while target.exists():
            n += 1
            target = self.folder / f"{name}-{n}"
        return target

    def _remove(self, names: list[str]) -> None:
        for name in names:
            shutil.rmtree(self.folder / name, ignore_errors=True)


def write_text(path: Path, text: str) -> None:
    """Write a text file that is never seen half-written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    partial = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        partial.chmod(0o644)
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
