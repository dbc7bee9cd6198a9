"""Train the heart on demand, and hand out what it makes of users and items."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tenure.errors import ConfigError, EvidenceError
from tenure.pipeline.alike import item_map, lookalikes, points_of, state_evidence
from tenure.pipeline.encode import configs, train_heart
from tenure.pipeline.hearts import NOW, Encoded, Told, checkpoints, keep_heart, trained_heart
from tenure.pipeline.ingest import current_log
from tenure.pipeline.known import Known, Progress
from tenure.sequence.extra import need_torch
from tenure.settings import Settings
from tenure.storage.arrays import load_model

if TYPE_CHECKING:
    from tenure.sequence.checkpoints import Look
    from tenure.sequence.states import UserStates

Floats = NDArray[np.float32]


def train_now(
    folder: Path,
    settings: Settings,
    as_of: datetime | None,
    *,
    device: str,
    n_processes: int,
    resume: bool,
    looked: Callable[[Look], None],
    progress: Progress,
) -> Path:
    """Train the heart to the end and keep it; returns its folder.

    Raises:
        MissingExtraError: PyTorch is not installed.
        ConfigError: the device is none, or what is to be resumed was of other settings.
        EvidenceError: the log cannot teach it.
    """
    need_torch()
    import torch

    from tenure.sequence.together import learn_together

    try:
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise ConfigError(f"heart: there is no device '{device}' here ({str(error).splitlines()[0]})") from error
    started = time.perf_counter()
    log = current_log(folder, settings, progress=progress)
    with Known.open(log, settings, as_of, progress=progress) as known:
        config, training = configs(known)
        is_card = device.startswith("cuda")
        training = replace(training, device=device, low_precision=is_card, compiles=is_card)
        told = Told.of(known)
        with checkpoints(folder, known, resume=resume) as (found, keep):
            learner = None if n_processes == 1 else learn_together(n_processes)
            made = train_heart(known, told, config, training, resume=found, looked=looked, keep=keep, learner=learner)
            made = replace(made, uses=uses(known, made))
            return keep_heart(folder, known, made, time.perf_counter() - started)


def uses(known: Known, made: Encoded) -> dict[str, pa.Table]:
    """What the vectors of a heart are good for; see `USES`."""
    with known.stage("judge", 2) as step:
        judged = state_evidence(known, made)
        step()
        return {"state_evidence": judged, "item_map": item_map(known, made)}


def alike(folder: Path, settings: Settings, users: Sequence[str], k: int, progress: Progress) -> pa.Table:
    """The users whose states are most like those of these users; see `pipeline.alike.lookalikes`.

    Raises:
        MissingExtraError: PyTorch is not installed.
        MissingRunError: no heart was trained.
        UnknownError: the log knows no such user.
        EvidenceError: the log has changed since.
    """
    ids, found, moment = _user_states(folder, settings, progress)
    return lookalikes(ids, points_of(found.states, found.seconds, moment), users, k)


def embed(folder: Path, settings: Settings, what: Literal["users", "items"], progress: Progress) -> pa.Table:
    """The vectors that the trained heart has of all items, or of all users at its moment: `*_id, vector`.

    Raises:
        MissingExtraError: PyTorch is not installed.
        MissingRunError: no heart was trained.
        EvidenceError: the log has changed since, or names no items to have vectors of.
    """
    need_torch()
    from tenure.sequence.arrays import from_arrays

    if what == "users":
        ids, found, _ = _user_states(folder, settings, progress)
        return _table("user_id", ids, found.states)
    heart = from_arrays(load_model(trained_heart(folder), NOW)).heart
    if not heart.shape.knows_items:
        raise EvidenceError("The heart has no vectors of items: it learnt from a log that names fewer than two")
    return _table("item_id", pa.array(heart.tokens.ids, pa.string()), heart.all_vectors().detach().cpu().numpy())


def _user_states(folder: Path, settings: Settings, progress: Progress) -> tuple[pa.Array, UserStates, datetime]:
    """Every user of the log [B], where each stands at the moment of the trained heart, and that moment."""
    need_torch()
    from tenure.sequence.arrays import from_arrays
    from tenure.sequence.states import user_states

    current = trained_heart(folder)
    manifest = json.loads((current / "manifest.json").read_text(encoding="utf-8"))
    learnt = from_arrays(load_model(current, NOW))
    log = current_log(folder, settings, progress=progress)
    if log.fingerprint != manifest["fingerprint"]:
        raise EvidenceError("The log has changed since the heart was trained; do `tenure train heart` again")
    moment = datetime.fromisoformat(manifest["as_of"])
    with Known.open(log, settings, moment, progress=progress) as known:
        told = Told.of(known, attributes=manifest["settings"].get("attributes", False))
        histories = told.histories(moment, learnt.normaliser)
        return told.users, user_states(learnt, histories), moment


def _table(name: str, ids: pa.Array, vectors: Floats) -> pa.Table:
    values = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), vectors.shape[1])
    return pa.table({name: ids, "vector": values})
