"""Learning: from histories to a heart whose weights foretold later time best."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.utils import clip_grad_norm_

from tenure.errors import EvidenceError, TrainingError
from tenure.seeds import generator
from tenure.sequence.batches import Histories, by_length
from tenure.sequence.config import HeartConfig, TrainingConfig
from tenure.sequence.neighbours import Neighbours
from tenure.sequence.network import Heart, Shape
from tenure.sequence.objectives import Negatives, next_item_loss
from tenure.sequence.scoring import Asked, ranks
from tenure.sequence.steps import FEATURES
from tenure.sequence.windows import Windows, all_windows

MOST_JUDGED = 10_000
"""Users whose held-out step is foretold at every look."""
K = 10
LEAST_REPEATS = 0.01
"""Of all that was met, the share that its user had met before, above which an item may be said again."""


@dataclass(frozen=True, kw_only=True)
class Look:
    """How learning stood at one look."""

    epoch: int
    seconds: float
    loss: float
    """Mean over the targets of the last epoch."""
    ndcg: float
    """Of the held-out next step, full catalogue; NaN where nothing is held out."""


@dataclass(frozen=True, eq=False)
class Learnt:
    """A heart that has learnt, and how."""

    heart: Heart
    neighbours: Neighbours
    looks: tuple[Look, ...]
    """In order; the weights are those of the best."""

    @property
    def best(self) -> Look:
        """The look whose weights were kept."""
        return max(self.looks, key=lambda look: (np.nan_to_num(look.ndcg, nan=0.0), look.epoch))


def learn(
    histories: Histories,
    n_items: int,
    held_out: Asked | None = None,
    config: HeartConfig = HeartConfig(),
    training: TrainingConfig = TrainingConfig(),
    *,
    looked: Callable[[Look], None] = lambda _: None,
) -> Learnt:
    """Learn to foretell the next item of every step of these histories.

    Learning ends when `held_out`, which comes later in time, was not foretold better for `patience` looks, or when time
    is up. The same seed and number of threads give the same weights.

    Args:
        histories: what is learnt from.
        n_items: I, the items that there are.
        held_out: what each user met next, and what may be said; None = learn for all of the time.
        config: the shape of the network.
        training: how it learns.
        looked: called at every look.

    Raises:
        EvidenceError: nobody met an item after another one.
        TrainingError: the loss is no number any more; the batch is named.
    """
    if n_items < 2 or not len(histories.items):
        raise EvidenceError(
            f"heart: expected histories of two items or more, got {len(histories.items):,} events with an item, among "
            f"{n_items} items"
        )
    with _alone(training):
        neighbours = Neighbours.fit(*histories.met(), n_items)
        shape = Shape(
            config,
            n_items,
            histories.features.shape[1],
            knows_time=_knows_time(histories),
            may_repeat=histories.share_of_repeats() > LEAST_REPEATS,
        )
        heart = Heart(shape)
        heart.begin_items(neighbours.vectors(config.width, training.seed))
        learner = _Learner(heart, neighbours, histories, training)
        looks: list[Look] = []
        best: dict[str, Tensor] = {}
        began = time.perf_counter()
        for epoch, loss in enumerate(learner.epochs(), 1):
            seconds = time.perf_counter() - began
            is_last = epoch == training.most_epochs or seconds > 60 * training.most_minutes
            if epoch % training.epochs_per_look and not is_last:
                continue
            ndcg = float("nan") if held_out is None else _ndcg(learner.averaged, neighbours, held_out)
            looks.append(Look(epoch=epoch, seconds=seconds, loss=loss, ndcg=ndcg))
            looked(looks[-1])
            place = _place_of_best(looks)
            if place == len(looks) - 1:
                best = {name: weight.clone() for name, weight in learner.averaged.state_dict().items()}
            if is_last or len(looks) - 1 - place >= training.patience:
                break
        heart.load_state_dict(best)
        heart.eval()
        return Learnt(heart, neighbours, tuple(looks))


class _Learner:
    """One pass after another over all windows."""

    def __init__(self, heart: Heart, neighbours: Neighbours, histories: Histories, training: TrainingConfig) -> None:
        self.heart, self.neighbours, self.histories, self.training = heart, neighbours, histories, training
        self.windows = _worthwhile(histories, heart.shape.config.window)
        self.counts = np.bincount(histories.items, minlength=heart.shape.n_items).astype(np.float64)
        self.optimiser = torch.optim.AdamW(_groups(heart, training), betas=(0.9, 0.98), fused=True)
        self.n_updates = 0
        self.averaged = deepcopy(heart).eval()

    def epochs(self) -> Iterator[float]:
        """Without end: learn from every window once; the mean loss over its targets."""
        epoch = 0
        while True:
            draw = generator(self.training.seed, "heart", epoch)
            total, n = 0.0, 0
            self.heart.train()
            for number, windows in enumerate(by_length(self.windows, self.training.batch_size, draw)):
                loss, n_targets = self.update(windows, draw, f"epoch {epoch + 1}, batch {number + 1}")
                total, n = total + loss * n_targets, n + n_targets
            self.heart.eval()
            epoch += 1
            yield total / max(n, 1)

    def update(self, windows: Windows, draw: np.random.Generator, where: str) -> tuple[float, int]:
        """One step of the optimiser: the loss before it, and over how many targets."""
        c, t = self.heart.shape.config, self.training
        batch = self.histories.read(windows)
        targets = self.histories.targets(windows, c.n_recent, t.most_targets, self.neighbours, draw)
        if not len(targets.items):
            return 0.0, 0
        negatives = Negatives.draw(self.counts, t.n_negatives, t.negatives_by_popularity, draw)
        loss = next_item_loss(self.heart, batch, targets, negatives, self.neighbours)
        if not torch.isfinite(loss):
            raise TrainingError(f"heart: the loss is {loss.item()} in {where}; try a lower learning rate")
        self.optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        clip_grad_norm_(self.heart.parameters(), t.gradient_norm)
        self.n_updates += 1
        for group in self.optimiser.param_groups:
            group["lr"] = group["full_rate"] * min(1.0, self.n_updates / t.warm_up)
        self.optimiser.step()
        self._average()
        return loss.item(), len(targets.items)

    def _average(self) -> None:
        """Move the mean of the weights on; while few updates were made it is over these alone."""
        newest = max(2 / (self.n_updates + 1), 1 / self.training.memory)
        with torch.no_grad():
            for mean, weight in zip(self.averaged.parameters(), self.heart.parameters(), strict=True):
                mean.lerp_(weight, newest)


def _groups(heart: Heart, training: TrainingConfig) -> list[dict[str, object]]:
    """Matrices and item vectors shrink by the weight decay; biases and the few numbers that weigh do not."""
    scalars = {"neighbour_ages", "repeat_ages"}
    shrunk: list[Tensor] = []
    kept: list[Tensor] = []
    few: list[Tensor] = []
    for name, weight in heart.named_parameters():
        stem = name.rpartition(".")[2]
        if stem in {*scalars, "distance", "gap"}:
            few.append(weight)
        else:
            (shrunk if weight.ndim > 1 else kept).append(weight)
    rate, decay = training.learning_rate, training.weight_decay
    return [
        {"params": shrunk, "lr": rate, "full_rate": rate, "weight_decay": decay},
        {"params": kept, "lr": rate, "full_rate": rate, "weight_decay": 0.0},
        {"params": few, "lr": training.scalar_rate, "full_rate": training.scalar_rate, "weight_decay": 0.0},
    ]


def _worthwhile(histories: Histories, window: int) -> Windows:
    """Windows with a state that is asked for and a step that follows it."""
    found = all_windows(histories.n_steps, window)
    return found.some(np.flatnonzero(found.first_asked < histories.n_steps[found.rows]))


def _knows_time(histories: Histories) -> bool:
    """Do the pauses between steps differ? Not where times are made up from an order."""
    gaps = histories.steps.features[:, list(FEATURES).index("gap_days")]
    known = gaps[np.isfinite(gaps)]
    return bool(len(known)) and bool(np.ptp(known) > 0)


def _ndcg(heart: Heart, neighbours: Neighbours, asked: Asked) -> float:
    """The mean over users of the best hit's gain among the first K."""
    place = ranks(heart, neighbours, asked)
    gains: NDArray[np.float64] = np.where(place < K, 1 / np.log2(place + 2.0), 0.0)
    return float(gains.mean()) if len(gains) else float("nan")


def _place_of_best(looks: list[Look]) -> int:
    """The look that foretold best, the first of equals; where nothing is held out, the last."""
    said = np.array([look.ndcg for look in looks])
    return len(looks) - 1 if np.isnan(said).all() else int(np.nanargmax(said))


@contextmanager
def _alone(training: TrainingConfig) -> Iterator[None]:
    """With the threads asked for, and a randomness that nobody else sees."""
    before = torch.get_num_threads()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(training.seed)
        torch.set_num_threads(training.n_threads)
        try:
            yield
        finally:
            torch.set_num_threads(before)
