"""Learning: from histories to a heart whose weights foretold later time best. Can stop at any look and go on later."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, from_numpy
from torch.nn.utils import clip_grad_norm_

from tenure.errors import ConfigError, EvidenceError, TrainingError
from tenure.seeds import generator
from tenure.sequence.batches import Targets, at_random, by_length, parts_by_length
from tenure.sequence.checkpoints import Checkpoint, Look
from tenure.sequence.config import HeartConfig, TrainingConfig
from tenure.sequence.crew import Crew
from tenure.sequence.histories import Histories
from tenure.sequence.items import ItemTokens
from tenure.sequence.learnt import Learnt, best_of, neighbours_of, prepared
from tenure.sequence.network import Heart
from tenure.sequence.next_item import Negatives, next_item_loss
from tenure.sequence.scoring import Asked, K, ranks
from tenure.sequence.windows import Windows, all_windows, newest

SURE = (-1.0, 3.0)
"""Between these lies the logarithm of an objective's doubt: none is ever trusted, or forgotten, altogether."""


def learn(
    histories: Histories,
    items: int | ItemTokens,
    held_out: Asked | None = None,
    config: HeartConfig = HeartConfig(),
    training: TrainingConfig = TrainingConfig(),
    *,
    start: Learnt | None = None,
    resume: Checkpoint | None = None,
    crew: Crew = Crew(),
    looked: Callable[[Look], None] = lambda _: None,
    keep: Callable[[Checkpoint], None] | None = None,
) -> Learnt:
    """Learn to foretell what follows every step of these histories.

    Learning ends when `held_out`, which comes later in time, was not foretold better for `patience` looks, or when time
    is up. The same seed, number of threads and processes give the same weights on a CPU, interrupted or not.

    Args:
        histories: what is learnt from.
        items: the items that there are, or their number I.
        held_out: what each user did next, and what may be said; None = learn for all of the time.
        config: the shape of the network.
        training: how it learns.
        start: a heart that learnt before, from earlier events; its items come first among `items`. What it knows is
            where learning begins.
        resume: where a former call had come to, with the same arguments.
        crew: this process among those that learn together.
        looked: called at every look.
        keep: called at every look with all that `resume` needs.

    Raises:
        ConfigError: the histories name items beyond those that there are.
        EvidenceError: the histories hold neither two items nor steps whose times, kinds or values can be learnt.
        TrainingError: the loss is no number any more; the batch is named.
    """
    tokens = ItemTokens.plain(items) if isinstance(items, int) else items
    if (n_named := int(histories.items.max(initial=-1)) + 1) > len(tokens):
        raise ConfigError(f"heart: expected all items of the histories, got {len(tokens)} where {n_named} are named")
    with _alone(training):
        neighbours = neighbours_of(histories, len(tokens))
        made = prepared(histories, tokens, neighbours, config, training, start)
        if not made.heart.shape.knows_items and not made.objectives:
            raise EvidenceError(
                "heart: expected histories of two items or more, or of steps whose times, kinds or values differ; got "
                f"{len(histories.items):,} events with an item, among {len(tokens)} items, and "
                f"{histories.n_steps.sum():,} steps"
            )
        learner = _Learner(made, histories, training, crew)
        looks: list[Look] = []
        best: dict[str, Tensor] = {}
        before = 0.0
        if resume is not None:
            looks, best, before = list(resume.looks), resume.tensors("best"), resume.looks[-1].seconds
            learner.resume(resume)
        began = time.perf_counter() - before
        for loss in learner.epochs():
            seconds = crew.agreed(time.perf_counter() - began)
            is_over = learner.epoch >= training.most_epochs or learner.n_updates >= training.most_updates
            is_last = is_over or seconds > 60 * training.most_minutes
            if learner.epoch % training.epochs_per_look and not is_last:
                continue
            learnt = replace(made, heart=learner.averaged)
            look = Look(epoch=learner.epoch, seconds=seconds, loss=loss, **_judged(learnt, held_out))
            looks.append(look)
            if best_of(looks) is look:
                best = {name: w.detach().clone() for name, w in learner.averaged.state_dict().items()}
            if keep is not None:
                keep(learner.checkpoint(looks, best))
            looked(look)
            if is_last or len(looks) - 1 - looks.index(best_of(looks)) >= training.patience:
                break
        heart = made.heart
        heart.load_state_dict(best)
        return replace(made, heart=heart.eval(), looks=tuple(looks))


class _Learner:
    """The heart while it learns, and how far it has come."""

    def __init__(self, learnt: Learnt, histories: Histories, training: TrainingConfig, crew: Crew) -> None:
        self.learnt, self.histories, self.training, self.crew = learnt, histories, training, crew
        self.device = torch.device(training.device)
        self.heart = learnt.heart.to(self.device)
        self.windows = _worthwhile(histories, self.heart.shape.config.window, ends=bool(learnt.objectives))
        steps = max(float((self.windows.ends - self.windows.starts).mean()), 1.0) if len(self.windows) else 1.0
        self.batch_size = max(1, min(training.batch_size, int(training.batch_steps / steps)))
        n_states = (self.windows.ends - np.maximum(self.windows.first_asked, 1) + 1).clip(0).sum()
        self.states_per_batch = max(n_states / max(-(-len(self.windows) // self.batch_size), 1), 1.0)
        self.counts = np.bincount(histories.items, minlength=self.heart.n_items).astype(np.float64)
        self.doubts = torch.zeros(len(learnt.objectives), device=self.device, requires_grad=True)
        groups = _groups(self.heart, training)
        if len(self.doubts):
            groups.append(_group([self.doubts], training.scalar_rate))
        self.optimiser = torch.optim.AdamW(groups, betas=(0.9, 0.98), fused=True)
        self.weights = [*self.heart.parameters(), *([self.doubts] if len(self.doubts) else [])]
        self.averaged = deepcopy(self.heart).eval()
        self.n_updates = self.epoch = 0
        # The network under its own name, so that compiling it changes no weight's name.
        self.run = torch.compile(self.heart.run, dynamic=True) if training.compiles else self.heart.run

    def epochs(self) -> Iterator[float]:
        """Without end: learn from every window once; the mean loss over its targets."""
        while True:
            draw = generator(self.training.seed, "heart", self.epoch)
            torch.manual_seed(self.training.seed * 1_000_003 + self.epoch * self.crew.size + self.crew.rank)
            total, n = 0.0, 0
            self.heart.train()
            # Times, kinds and values want batches alike: in one of short windows alone hardly anything ever follows.
            batches = at_random if self.learnt.objectives else by_length
            for number, windows in enumerate(batches(self.windows, self.batch_size, draw)):
                loss, n_targets = self.update(windows, number)
                total, n = total + loss, n + n_targets
                if self.n_updates >= self.training.most_updates:
                    break
            self.heart.eval()
            self.epoch += 1
            summed, n_all = self.crew.total([total, n])
            yield summed / max(n_all, 1)

    def update(self, windows: Windows, number: int) -> tuple[float, int]:
        """One step of the optimiser: the summed loss before it, and over how many.

        That of the next items; where none are learnt, of the first of the objectives.
        """
        # What all processes draw alike, and what each draws for its own share.
        draw, own = (generator(self.training.seed, "heart", self.epoch, number, who) for who in ("all", self.crew.rank))
        c, t = self.heart.shape.config, self.training
        negatives = Negatives.draw(self.counts, t.n_negatives, t.negatives_by_popularity, draw)
        parts = [self.crew.share(part) for part in (parts_by_length(windows) if self.learnt.objectives else [windows])]
        parts = [part for part in parts if len(part)]  # a small part may leave nothing for some of the processes
        goals: list[Targets | None] = [None] * len(parts)
        if self.heart.shape.knows_items:
            goals = [self.histories.targets(p, c.n_recent, t.most_targets, self.learnt.neighbours, own) for p in parts]
        n_targets = self.crew.total([sum(len(goal.items) for goal in goals if goal is not None)])[0]
        self.optimiser.zero_grad()
        told, n_told = 0.0, 0
        for part, goal in zip(parts, goals, strict=True):
            loss, first, n = self._loss(part, goal, negatives, n_targets)
            if not torch.isfinite(loss):
                where = f"epoch {self.epoch + 1}, batch {number + 1}"
                raise TrainingError(f"heart: the loss is {loss.item()} in {where}; try a lower learning rate")
            loss.backward()  # type: ignore[no-untyped-call]
            told, n_told = told + first, n_told + n
        if len(self.doubts):
            (self.doubts.clamp(*SURE).sum() / self.crew.size).backward()  # type: ignore[no-untyped-call]
        self.crew.add_gradients(self.weights)
        clip_grad_norm_(self.weights, t.gradient_norm)
        self.n_updates += 1
        for group in self.optimiser.param_groups:
            group["lr"] = group["full_rate"] * min(1.0, self.n_updates / t.warm_up)
        self.optimiser.step()
        self._average()
        return told, n_told

    def _loss(
        self, windows: Windows, goal: Targets | None, negatives: Negatives, n_targets: float
    ) -> tuple[Tensor, float, int]:
        """The loss of some windows of a batch, the sum of its first part, and over how many that is."""
        batch = self.histories.read(windows)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.training.low_precision):
            x, seconds = self.heart.inputs(batch)
            states, _ = self.run(x, seconds, None)
        states = states.float()
        loss = states.sum() * 0.0
        said: list[tuple[Tensor, int]] = []
        if goal is not None:
            item = next_item_loss(self.heart, states, batch, goal, negatives, self.learnt.neighbours)
            said.append((item, len(goal.items)))
            loss = loss + item / max(n_targets, 1)
        if self.learnt.objectives:
            ahead = self.histories.ahead(windows)
            asked = states.flatten(0, 1)[from_numpy(ahead.cells).to(self.device)]
            # Not a mean over the states of this batch: where nothing follows, windows are short, and would count more.
            weights = torch.exp(-self.doubts.clamp(*SURE)) / self.states_per_batch
            for objective, weight in zip(self.learnt.objectives, weights.unbind(), strict=True):
                said.append(objective.loss(self.heart.heads[objective.name](asked), ahead))
                loss = loss + weight * said[-1][0]
        return loss, said[0][0].item(), said[0][1]

    def _average(self) -> None:
        """Move the mean of the weights on; while few updates were made it is over these alone."""
        newest = max(2 / (self.n_updates + 1), 1 / self.training.memory)
        with torch.no_grad():
            for mean, weight in zip(self.averaged.parameters(), self.heart.parameters(), strict=True):
                mean.lerp_(weight, newest)

    def checkpoint(self, looks: list[Look], best: Mapping[str, Tensor]) -> Checkpoint:
        """All that is needed to go on from here."""
        moments: dict[str, Any] = {}
        for i, weight in enumerate(self.weights):
            for name, value in self.optimiser.state.get(weight, {}).items():
                moments[f"{i}.{name}"] = value
        return Checkpoint.of(
            tuple(looks),
            {
                "heart": self.heart.state_dict(),
                "averaged": self.averaged.state_dict(),
                "best": best,
                "moments": moments,
                "doubts": {"doubts": self.doubts.detach()},
            },
            n_updates=self.n_updates,
            epoch=self.epoch,
        )

    def resume(self, checkpoint: Checkpoint) -> None:
        """Go on from there."""
        self.heart.load_state_dict(checkpoint.tensors("heart"))
        self.averaged.load_state_dict(checkpoint.tensors("averaged"))
        with torch.no_grad():
            self.doubts.copy_(checkpoint.tensors("doubts")["doubts"])
        for name, value in checkpoint.tensors("moments").items():
            i, _, field = name.partition(".")
            weight = self.weights[int(i)]
            self.optimiser.state[weight][field] = value.to(torch.device("cpu") if field == "step" else weight.device)
        self.n_updates, self.epoch = checkpoint.n_updates, checkpoint.epoch


def _judged(learnt: Learnt, held_out: Asked | None) -> dict[str, float]:
    """How the held-out time is foretold: the gain of the next item, and the mean loss of everything else."""
    if held_out is None:
        return {"ndcg": float("nan"), "loss_ahead": float("nan")}
    ndcg = float("nan")
    if learnt.heart.shape.knows_items:
        place = ranks(learnt.heart, learnt.neighbours, held_out)
        gains: NDArray[np.float64] = np.where(place < K, 1 / np.log2(place + 2.0), 0.0)
        ndcg = float(gains.mean()) if len(gains) else ndcg
    if held_out.then is None or not learnt.objectives:
        return {"ndcg": ndcg, "loss_ahead": float("nan")}
    then, heart = held_out.then, learnt.heart
    windows = newest(held_out.histories.n_steps, heart.shape.config.window)
    totals, counts = np.zeros(len(learnt.objectives)), np.zeros(len(learnt.objectives))
    for low in range(0, len(windows), 1024):
        some = windows.some(np.arange(low, min(low + 1024, len(windows))))
        ahead = then.ahead(some)
        with torch.inference_mode():
            asked = heart.states(then.read(some)).flatten(0, 1)[from_numpy(ahead.cells).to(heart.past.device)]
            for i, objective in enumerate(learnt.objectives):
                loss, n = objective.loss(heart.heads[objective.name](asked), ahead)
                totals[i] += loss.item()
                counts[i] += n
    return {"ndcg": ndcg, "loss_ahead": float((totals / np.maximum(counts, 1)).sum())}


def _groups(heart: Heart, training: TrainingConfig) -> list[dict[str, object]]:
    """Matrices and item vectors shrink by the weight decay; biases and the few numbers that weigh do not."""
    shrunk: list[Tensor] = []
    kept: list[Tensor] = []
    few: list[Tensor] = []
    for name, weight in heart.named_parameters():
        if name.rpartition(".")[2] in {"neighbour_ages", "repeat_ages", "distance", "gap"}:
            few.append(weight)
        else:
            (shrunk if weight.ndim > 1 else kept).append(weight)
    rate = training.learning_rate
    return [_group(shrunk, rate, training.weight_decay), _group(kept, rate), _group(few, training.scalar_rate)]


def _group(weights: list[Tensor], rate: float, decay: float = 0.0) -> dict[str, object]:
    return {"params": weights, "lr": rate, "full_rate": rate, "weight_decay": decay}


def _worthwhile(histories: Histories, window: int, *, ends: bool) -> Windows:
    """Windows with a state that is asked for; with a step that follows it, unless it counts that none did."""
    found = all_windows(histories.n_steps, window)
    n_steps = histories.n_steps[found.rows]
    return found.some(np.flatnonzero((found.first_asked < n_steps) | (ends & (n_steps > 0))))


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
