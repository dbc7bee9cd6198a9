"""Learning by several processes of one machine: torch.distributed (gloo) adds up their gradients."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
import torch.distributed as dist

from tenure.errors import TenureError, TrainingError
from tenure.sequence.arrays import from_arrays, to_arrays
from tenure.sequence.checkpoints import Checkpoint, Look
from tenure.sequence.config import HeartConfig, TrainingConfig
from tenure.sequence.crew import Crew
from tenure.sequence.histories import Histories
from tenure.sequence.items import ItemTokens
from tenure.sequence.learnt import Learnt
from tenure.sequence.scoring import Asked
from tenure.sequence.training import learn

_MOST_SILENCE = timedelta(minutes=30)


@dataclass(frozen=True, eq=False)
class _Work:
    """What every process is given."""

    histories: Histories
    items: int | ItemTokens
    held_out: Asked | None
    config: HeartConfig
    training: TrainingConfig
    resume: Mapping[str, np.ndarray[Any, Any]] | None
    meeting: str
    """A file by which the processes find each other."""
    size: int


def learn_together(n_processes: int) -> Callable[..., Learnt]:
    """`training.learn`, done by so many processes; each reads its share of every batch.

    The result is that of one process up to the order of sums, where nothing is drawn in between: dropout is drawn by
    each process for itself.
    """

    def learn_so(
        histories: Histories,
        items: int | ItemTokens,
        held_out: Asked | None = None,
        config: HeartConfig = HeartConfig(),
        training: TrainingConfig = TrainingConfig(),
        *,
        resume: Checkpoint | None = None,
        looked: Callable[[Look], None] = lambda _: None,
        keep: Callable[[Checkpoint], None] | None = None,
    ) -> Learnt:
        context = multiprocessing.get_context("spawn")
        said: Any = context.Queue()
        with TemporaryDirectory() as folder:
            kept = None if resume is None else resume.to_arrays()
            meeting = f"file://{Path(folder) / 'meeting'}"
            work = _Work(histories, items, held_out, config, training, kept, meeting, n_processes)
            workers = [context.Process(target=_worker, args=(rank, work, said)) for rank in range(n_processes)]
            for worker in workers:
                worker.start()
            try:
                return _listen(workers, said, looked, keep)
            finally:
                for worker in workers:
                    worker.terminate()
                    worker.join()

    return learn_so


def _listen(
    workers: list[Any], said: Any, looked: Callable[[Look], None], keep: Callable[[Checkpoint], None] | None
) -> Learnt:
    """Hand on what the first process says, until it is done or any has failed."""
    import queue

    while True:
        try:
            kind, what = said.get(timeout=1.0)
        except queue.Empty:
            gone = [i for i, worker in enumerate(workers) if worker.exitcode not in {None, 0}]
            if gone:
                raise TrainingError(f"heart: process {gone[0]} of {len(workers)} ended unexpectedly") from None
            continue
        if kind == "look":
            looked(what)
        elif kind == "keep" and keep is not None:
            keep(Checkpoint.from_arrays(what))
        elif kind == "error":
            raise what
        elif kind == "done":
            return from_arrays(what)


def _worker(rank: int, work: _Work, said: Any) -> None:
    """One of the processes."""
    torch.set_num_threads(work.training.n_threads)
    try:
        dist.init_process_group(
            "gloo", init_method=work.meeting, rank=rank, world_size=work.size, timeout=_MOST_SILENCE
        )
        is_first = rank == 0
        resume = None if work.resume is None else Checkpoint.from_arrays(work.resume)
        made = learn(
            work.histories,
            work.items,
            work.held_out,
            work.config,
            work.training,
            resume=resume,
            crew=Crew(rank, work.size),
            looked=(lambda look: said.put(("look", look))) if is_first else (lambda _: None),
            keep=(lambda point: said.put(("keep", point.to_arrays()))) if is_first else None,
        )
        if is_first:
            said.put(("done", to_arrays(made)))
        dist.barrier()
        dist.destroy_process_group()
    except TenureError as error:
        said.put(("error", error))
