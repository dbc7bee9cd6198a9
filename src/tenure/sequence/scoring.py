"""What comes next, of the whole catalogue: scores, the best k, and the rank of what really came."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from tenure.sequence.batches import Batch
from tenure.sequence.catalogue import Catalogue, Met, best_of_scores
from tenure.sequence.histories import Histories
from tenure.sequence.neighbours import Neighbours
from tenure.sequence.network import Heart
from tenure.sequence.windows import newest

Numbers = NDArray[np.int64]
Floats = NDArray[np.float32]

K = 10
_AT_ONCE = 256


@dataclass(frozen=True, eq=False)
class Asked:
    """For each of B users: what they met before, and one item that came next."""

    histories: Histories
    items: Numbers
    """[B]: the item that came; -1 = the user is not judged"""
    then: Histories | None = None
    """The same users, with what they did after; None where only the item is asked."""


def scores(heart: Heart, neighbours: Neighbours, histories: Histories) -> Iterator[tuple[Numbers, Floats]]:
    """The score of every item after all that each user did: (users [b], scores [b, I]), batch by batch."""
    windows = newest(histories.n_steps, heart.shape.config.window)
    order = np.argsort(windows.ends - windows.starts, kind="stable")
    catalogue = catalogue_of(heart, neighbours)
    for low in range(0, len(order), _AT_ONCE):
        some = windows.some(order[low : low + _AT_ONCE])
        batch = histories.read(some)
        with torch.inference_mode():  # left before the caller goes on: it would hold there too
            states = last_states(heart, batch).cpu().numpy()
        yield some.rows, catalogue.scores(states, Met.of(batch))


def catalogue_of(heart: Heart, neighbours: Neighbours) -> Catalogue:
    """All items, ready to be scored."""
    with torch.inference_mode():
        vectors = heart.all_vectors().cpu().numpy()
        ages, again = (x.exp().cpu().numpy() for x in (heart.neighbour_ages, heart.repeat_ages))
    return Catalogue(vectors, neighbours, ages, again if heart.shape.may_repeat else None)


def last_states(heart: Heart, batch: Batch) -> torch.Tensor:
    """The state after all steps of each window [b, D]."""
    states = heart.states(batch)
    return states[torch.arange(len(states)), torch.from_numpy(batch.n_steps).to(states.device)]


def best(heart: Heart, neighbours: Neighbours, histories: Histories, n: int) -> tuple[Numbers, Floats]:
    """The n items that score highest after all that each user did [B, n], and their scores, falling.

    Items met before are not among them where users never come back to items.
    """
    n = min(n, heart.n_items)
    items, found = np.zeros((len(histories), n), np.int64), np.full((len(histories), n), -np.inf, np.float32)
    for users, said in scores(heart, neighbours, histories):
        if not heart.shape.may_repeat:
            said[histories.met(users)] = -np.inf
        top = best_of_scores(said, n)
        items[users], found[users] = top.items, top.scores
    return items, found


def ranks(heart: Heart, neighbours: Neighbours, asked: Asked) -> Numbers:
    """How many items were scored at least as high as the one that came, for each user that is judged."""
    found = np.full(len(asked.items), -1, np.int64)
    for users, said in scores(heart, neighbours, asked.histories):
        goal = asked.items[users]
        is_judged = goal >= 0
        if not heart.shape.may_repeat:
            said[asked.histories.met(users)] = -np.inf
        right = said[np.arange(len(users)), np.maximum(goal, 0)]
        place = (said >= right[:, None]).sum(axis=1) - 1  # ties count against us
        found[users[is_judged]] = place[is_judged]
    return found[asked.items >= 0]
