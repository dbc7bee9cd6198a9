"""Trained hearts on disk: what one is, where it lies, and how an interrupted training goes on."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from tenure.errors import ConfigError, MissingRunError, SourceError
from tenure.events.log import EVENTS_TABLE, ITEMS_TABLE, USERS_TABLE
from tenure.events.sequences import Sequences, in_order
from tenure.pipeline.known import Known
from tenure.profiles.attributes import Attributes, attributes_of
from tenure.profiles.normalise import Normaliser
from tenure.sequence.histories import Histories
from tenure.sequence.items import ItemTokens, words_of
from tenure.storage.arrays import load_model, save_model
from tenure.storage.versions import Versions

if TYPE_CHECKING:
    # Their modules need PyTorch, which need not be there.
    from tenure.sequence.checkpoints import Checkpoint
    from tenure.sequence.learnt import Learnt

AT_TEST, NOW = "heart_at_test", "heart"
USES = ("state_evidence", "item_map")
"""Tables of what the vectors are good for."""


@dataclass(frozen=True, eq=False)
class Told:
    """What all users did, as the heart reads it at any moment."""

    rows: pa.Table
    """Of `in_order`."""
    users: pa.Array
    """[B], rising."""
    tokens: ItemTokens
    people: NDArray[np.float32]
    """[B, U]: attributes of the users, made comparable; U = 0 where the settings leave them out."""

    @classmethod
    def of(cls, known: Known, *, attributes: bool | None = None) -> Told:
        """Everything before the moment of the run; with attributes of users, or as the settings have it."""
        rows = known.run(in_order(EVENTS_TABLE, known.as_of))
        users = pc.unique(rows["user_id"]).sort()
        moment = np.full(len(users), np.datetime64(known.as_of))
        items = Sequences.from_table(rows, users, moment).item_ids
        tokens = ItemTokens.of(items, words_of(known.run(ITEMS_TABLE)))
        reads_them = known.settings.heart.attributes if attributes is None else attributes
        return cls(rows, users, tokens, _people(known, users) if reads_them else np.zeros((len(users), 0), np.float32))

    def sequences(self, moment: datetime) -> Sequences:
        """What each user [B] had done by then."""
        return Sequences.from_table(self.rows, self.users, np.full(len(self.users), np.datetime64(moment)))

    def histories(self, moment: datetime, normaliser: Normaliser | None = None) -> Histories:
        """The same, ready to be read; with what was usual in the steps learnt from, or their own."""
        until = np.full(len(self.users), int(np.datetime64(moment, "s").astype(np.int64)))
        return Histories.of(self.sequences(moment), normaliser, until=until, people=self.people)


@dataclass(frozen=True, eq=False)
class Encoded:
    """A heart that knows everything before the moment, one that knows the time before the test, and the proof."""

    told: Told
    as_of: datetime
    now: Learnt
    at_test: Learnt | None
    """None where the log is too short for a test."""
    evidence: pa.Table
    looks: pa.Table
    uses: Mapping[str, pa.Table] = field(default_factory=dict)
    """What its vectors are good for (`pipeline.alike`), by name; nothing of a heart that learnt in passing."""


def _people(known: Known, users: pa.Array) -> NDArray[np.float32]:
    told = attributes_of(known.run(USERS_TABLE), users)
    encoder = Attributes.fit(told)
    values = encoder.transform(told)
    normaliser = Normaliser.fit(encoder.names, ["linear"] * len(encoder.names), values)
    return normaliser.transform(values).astype(np.float32)


def keep_heart(folder: Path, known: Known, made: Encoded, seconds: float) -> Path:
    """Write a trained heart as the version in use; returns its folder."""
    from tenure.sequence.arrays import to_arrays

    now = datetime.now(UTC)
    manifest = {
        "created": now.isoformat(timespec="seconds"),
        "fingerprint": known.log.fingerprint,
        "as_of": known.as_of.isoformat(),
        "settings": known.settings.heart.model_dump(mode="json"),
        "seconds": round(seconds, 1),
        "n_weights": sum(weight.numel() for weight in made.now.heart.parameters()),
        "n_users": len(made.told.users),
        "n_items": len(made.told.tokens),
    }
    versions = Versions(folder / "heart", keep=3)
    with versions.writing(f"{now:%Y%m%dT%H%M%S}") as fresh:
        save_model(fresh, NOW, to_arrays(made.now))
        if made.at_test is not None:
            save_model(fresh, AT_TEST, to_arrays(made.at_test))
        pq.write_table(made.evidence, fresh / "evidence.parquet")
        pq.write_table(made.looks, fresh / "looks.parquet")
        for name, table in made.uses.items():
            pq.write_table(table, fresh / f"{name}.parquet")
        (fresh / "manifest.json").write_text(json.dumps(manifest, indent=2), encoding="utf-8")
    current = versions.current()
    if current is None:
        raise FileNotFoundError(versions.folder / "current")
    return current


def trained_heart(folder: Path) -> Path:
    """The folder of the trained heart in use.

    Raises:
        MissingRunError: none was trained.
    """
    current = Versions(folder / "heart", keep=3).current()
    if current is None:
        raise MissingRunError(f"No heart was trained in {folder.resolve()} yet; do `tenure train heart` first")
    return current


def kept_heart(known: Known, folder: Path) -> Encoded | None:
    """The trained heart, where it is of this very log, moment and size."""
    from tenure.sequence.arrays import from_arrays

    try:
        current = trained_heart(folder)
    except MissingRunError:
        return None
    manifest = json.loads((current / "manifest.json").read_text(encoding="utf-8"))
    settings = known.settings.heart
    trained = manifest["settings"]
    same = (manifest["fingerprint"], manifest["as_of"], trained["size"], trained.get("attributes", False))
    if same != (known.log.fingerprint, known.as_of.isoformat(), settings.size, settings.attributes):
        return None
    told = Told.of(known)
    try:
        now = from_arrays(load_model(current, NOW))
        at_test = from_arrays(load_model(current, AT_TEST)) if (current / f"{AT_TEST}.json").is_file() else None
    except SourceError as error:
        known.left_out.append(f"The trained heart was left out: {error}; do `tenure train heart` again.")
        return None
    if now.heart.tokens.ids != told.tokens.ids:
        return None
    evidence, looks = (pq.read_table(current / f"{name}.parquet") for name in ("evidence", "looks"))
    uses = {
        name: pq.read_table(current / f"{name}.parquet") for name in USES if (current / f"{name}.parquet").is_file()
    }
    return Encoded(told, known.as_of, now, at_test, evidence, looks, uses)


@contextmanager
def checkpoints(
    folder: Path, known: Known, *, resume: bool
) -> Iterator[tuple[Checkpoint | None, Callable[[Checkpoint], None]]]:
    """What to resume from, and where to keep what a later resume needs; all of it goes once training is done.

    Raises:
        MissingRunError: there is nothing to resume.
        ConfigError: what there is was of another log, moment or setting.
    """
    from tenure.sequence.checkpoints import Checkpoint

    versions = Versions(folder / "heart-unfinished", keep=1)
    told = {
        "fingerprint": known.log.fingerprint,
        "as_of": known.as_of.isoformat(),
        "settings": known.settings.heart.model_dump(mode="json"),
    }
    found = None
    if resume:
        current = versions.current()
        if current is None:
            raise MissingRunError("There is no interrupted training of the heart to resume; leave out --resume")
        stood = json.loads((current / "manifest.json").read_text(encoding="utf-8"))
        for name, value in told.items():
            if stood[name] != value:
                raise ConfigError(
                    f"The interrupted training had {name} = {stood[name]}, now it is {value}; leave out --resume"
                )
        found = Checkpoint.from_arrays(load_model(current, "checkpoint"))

    def keep(checkpoint: Checkpoint) -> None:
        with versions.writing(f"{datetime.now(UTC):%Y%m%dT%H%M%S}") as fresh:
            save_model(fresh, "checkpoint", checkpoint.to_arrays())
            (fresh / "manifest.json").write_text(json.dumps(told, indent=2), encoding="utf-8")

    yield found, keep
    shutil.rmtree(versions.folder, ignore_errors=True)
