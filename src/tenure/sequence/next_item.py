"""The next item: a softmax over the item that came and items drawn, helped by the items met before."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array
from torch import Tensor, from_numpy
from torch.nn.functional import softplus

from tenure.sequence.batches import Batch, Targets
from tenure.sequence.histories import Histories, spans
from tenure.sequence.neighbours import Neighbours
from tenure.sequence.network import START_OF_AGES, Heart

Numbers = NDArray[np.int64]
Floats = NDArray[np.float32]
_NEVER = -1e9


@dataclass(frozen=True, eq=False)
class Negatives:
    """Items that the next one is told from, shared by all positions of a batch."""

    items: Numbers
    """[K], each once"""
    log_expected: Floats
    """[K]: logarithm of how often each is drawn, on average, per batch"""

    @classmethod
    def draw(cls, counts: NDArray[np.float64], n: int, power: float, generator: np.random.Generator) -> Negatives:
        """K distinct items of those met `counts` [I] times, by their count to a power; n tries, or all there are."""
        met = np.flatnonzero(counts)
        if n >= len(met):
            return cls(met, np.zeros(len(met), np.float32))  # the full softmax
        if not power:
            drawn = generator.choice(met, n, replace=False)
            return cls(drawn, np.full(n, np.log(n / len(met)), np.float32))
        share = counts**power / (counts[met] ** power).sum()
        drawn = np.unique(met[np.searchsorted(np.cumsum(share[met]), generator.random(n)).clip(0, len(met) - 1)])
        return cls(drawn, np.log(-np.expm1(n * np.log1p(-share[drawn]))).astype(np.float32))


def next_item_loss(  # noqa: PLR0917
    heart: Heart, states: Tensor, batch: Batch, targets: Targets, negatives: Negatives, neighbours: Neighbours
) -> Tensor:
    """Sum over targets of -log p, by softmax over each target and the negatives, corrected for how these were drawn.

    -log p_t = -s_t + log(exp s_t + sum_k exp(s_k - log q_k)), s = state . vector + what the items met before say; a
    negative that comes next is none, nor, where users never come back to items, one they met. States are [b, P, D].
    Source: Jean et al. (2015), ACL (sampled softmax with correction).
    """
    device = heart.past.device
    cells, goal = from_numpy(targets.cells).to(device), from_numpy(targets.items).to(device)
    drawn = from_numpy(negatives.items).to(device)
    h = states.flatten(0, 1)
    right = (h[cells] * heart.vectors(goal)).sum(dim=1) + said_by_pairs(heart, targets)
    wrong = with_companions(heart, states @ heart.vectors(drawn).T, batch, negatives.items, neighbours).flatten(0, 1)
    wrong = wrong - from_numpy(negatives.log_expected).to(device)
    if not heart.shape.may_repeat:
        known, which = _met_already(batch, negatives.items)
        wrong[from_numpy(known).to(device), from_numpy(which).to(device)] = _NEVER
    comes, k = _among(targets.items, negatives.items)
    wrong[cells[from_numpy(comes).to(device)], from_numpy(k).to(device)] = _NEVER
    return softplus(torch.logsumexp(wrong, dim=1)[cells] - right).sum()


def said_by_pairs(heart: Heart, targets: Targets) -> Tensor:
    """What the items met before say for each target [T]."""
    device = heart.past.device
    said = torch.zeros(len(targets.items), device=device)
    weight = heart.neighbour_ages.exp()[from_numpy(targets.pair_age - 1).to(device)]
    near = weight * from_numpy(targets.pair_likeness).to(device)
    said = said.index_add(0, from_numpy(targets.pair_target).to(device), near)
    if heart.shape.may_repeat:
        again = heart.repeat_ages.exp()[from_numpy(targets.again_age - 1).to(device)]
        said = said.index_add(0, from_numpy(targets.again_target).to(device), again)
    return said


def with_companions(heart: Heart, scores: Tensor, batch: Batch, items: Numbers, neighbours: Neighbours) -> Tensor:
    """Scores of items [K] at every position [b, P, K], and what the items met in the window add to them.

    They speak for their neighbours and, where users come back to items, for themselves, each by its age.
    """
    b, L = batch.shape

    def added(to: Tensor, ages: Tensor, alike: Floats) -> Tensor:
        said = from_numpy(alike).to(to.device)  # [b, L, K]
        return torch.baddbmm(to, by_age(ages.exp(), L).expand(b, -1, -1), said)

    scores = added(scores, heart.neighbour_ages, of_steps(batch, items, neighbours))
    return added(scores, heart.repeat_ages, met_in_steps(batch, items)) if heart.shape.may_repeat else scores


def by_age(weights: Tensor, L: int) -> Tensor:
    """Weights [A] of ages 1 to A as a matrix [P, L]: the state after p steps gives step j the weight of age p - j."""
    place = torch.arange(L + 1, device=weights.device)[:, None] - torch.arange(L, device=weights.device)[None]
    known = (place >= 1) & (place <= len(weights))
    return torch.where(known, weights[(place - 1).clamp(0, len(weights) - 1)], 0.0)


def of_steps(batch: Batch, items: Numbers, neighbours: Neighbours) -> Floats:
    """What the items of each step say, on average, for some items [K]: [b, L, K]."""
    b, L = batch.shape
    if not len(batch.items):
        return np.zeros((b, L, len(items)), np.float32)
    met, which = np.unique(batch.items, return_inverse=True)
    share = 1 / np.bincount(batch.cells, minlength=b * L)[batch.cells]
    mean = csr_array((share.astype(np.float32), (batch.cells, which)), shape=(b * L, len(met)))
    found: Floats = mean @ neighbours.between(met, items)
    return found.reshape(b, L, len(items))


def met_in_steps(batch: Batch, items: Numbers) -> Floats:
    """How often each step held each of some items [K]: [b, L, K]."""
    b, L = batch.shape
    found = np.zeros((b * L, len(items)), np.float32)
    event, k = _among(batch.items, items)
    np.add.at(found, (batch.cells[event], k), 1.0)
    return found.reshape(b, L, len(items))


def by_recency(histories: Histories, rows: Numbers, n_items: int) -> csr_array:
    """What some users met [R, I], each event by .7^(steps since): the plain way to let the newest count most."""
    place, who = spans(histories.offsets[histories.steps.starts[rows]], histories.offsets[histories.steps.ends[rows]])
    step = np.searchsorted(histories.offsets, place, side="right") - 1
    age = histories.steps.ends[rows][who] - step
    weight = (START_OF_AGES ** np.minimum(age, 100)).astype(np.float32)
    return csr_array((weight, (who, histories.items[place])), shape=(len(rows), n_items))


def _met_already(batch: Batch, drawn: Numbers) -> tuple[Numbers, Numbers]:
    """Items that were drawn as negatives though they were met before: (position [..], place among the negatives).

    Where users do not come back to items, these are not said, and need not be told from what comes next.
    """
    L = batch.shape[1]
    items = np.concatenate([batch.past_items, batch.items])
    first = np.concatenate([batch.past_rows * (L + 1), batch.cells + batch.cells // L + 1])  # position of the state
    event, place = _among(items, drawn)
    first = first[event]
    length = L + 1 - first % (L + 1)
    of = np.repeat(np.arange(len(first)), length)
    return first[of] + np.arange(len(of)) - (np.cumsum(length) - length)[of], place[of]


def _among(items: Numbers, drawn: Numbers) -> tuple[Numbers, Numbers]:
    """Items that are among those drawn: (place of the item, its place among those drawn)."""
    order = np.argsort(drawn)
    place = order[np.minimum(np.searchsorted(drawn, items, sorter=order), len(drawn) - 1)]
    found = np.flatnonzero(drawn[place] == items)
    return found, place[found]
