"""A heart that has learnt, and one that is about to: with what is counted before anything is learnt."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from torch import Tensor

from tenure.profiles.normalise import Normaliser
from tenure.sequence.checkpoints import Look
from tenure.sequence.config import HeartConfig, TrainingConfig
from tenure.sequence.histories import Histories
from tenure.sequence.items import ItemTokens
from tenure.sequence.neighbours import MOST_STEPS, Neighbours
from tenure.sequence.network import Heart, Shape
from tenure.sequence.objectives import Objective, heads_of, objectives_for
from tenure.sequence.steps import FEATURES

LEAST_REPEATS = 0.01
"""Of all that was met, the share that its user had met before, above which an item may be said again."""
ITEMS_RECENT = 64
"""Of about so many newest items, the neighbours speak for the next one."""


@dataclass(frozen=True, eq=False)
class Learnt:
    """A heart that has learnt, and how."""

    heart: Heart
    neighbours: Neighbours
    objectives: tuple[Objective, ...]
    normaliser: Normaliser
    """What was usual in the steps learnt from: other histories are to be read by it."""
    looks: tuple[Look, ...] = ()
    """In order; the weights are those of the best."""

    @property
    def best(self) -> Look:
        """The look whose weights were kept."""
        return best_of(self.looks)


def best_of(looks: list[Look] | tuple[Look, ...]) -> Look:
    """The look that foretold best: by the next item, where that was asked, else by the other losses.

    Of equals it is the first; where nothing is held out, the last.
    """
    if all(np.isnan(look.ndcg) and np.isnan(look.loss_ahead) for look in looks):
        return looks[-1]
    if any(look.ndcg > 0 for look in looks):
        return max(looks, key=lambda look: np.nan_to_num(look.ndcg))
    return min(looks, key=lambda look: np.nan_to_num(look.loss_ahead, nan=np.inf))


def neighbours_of(histories: Histories, n_items: int) -> Neighbours:
    """Which of the items speak for each other; none where there are not two."""
    if not _has_items(histories, n_items):
        return Neighbours.none(n_items)
    # In baskets of ten items, six steps say as much as twenty items one by one.
    most_steps = int(np.clip(ITEMS_RECENT / histories.items_per_step(), 1, MOST_STEPS))
    return Neighbours.fit(*histories.meetings(), n_items, most_steps=most_steps)


def prepared(  # noqa: PLR0917
    histories: Histories,
    tokens: ItemTokens,
    neighbours: Neighbours,
    config: HeartConfig,
    training: TrainingConfig,
    start: Learnt | None,
) -> Learnt:
    """The heart before its first update: made anew, or what it knew at the `start`."""
    if start is not None:
        heart = Heart(start.heart.shape, tokens, heads_of(start.objectives, start.heart.shape.config.width))
        state = heart.state_dict()
        known = start.heart.state_dict()
        _move_items(state["items.weight"], known.pop("items.weight"), start.heart.tokens, tokens)
        heart.load_state_dict({**state, **known})
        return Learnt(heart, neighbours, start.objectives, start.normaliser)
    n_recent = int(np.clip(ITEMS_RECENT / histories.items_per_step(), 1, config.n_recent))
    config = replace(config, n_recent=n_recent)
    has_items = _has_items(histories, len(tokens))
    shape = Shape(
        config,
        n_features=histories.features.shape[1],
        knows_items=has_items and training.next_item,
        knows_time=_knows_time(histories),
        may_repeat=histories.share_of_repeats() > LEAST_REPEATS,
        n_people=histories.people.shape[1],
    )
    objectives = objectives_of(histories, config) if training.objectives else ()
    heart = Heart(shape, tokens, heads_of(objectives, config.width))
    if has_items:
        heart.begin_items(neighbours.vectors(config.width, training.seed))
    return Learnt(heart, neighbours, objectives, histories.normaliser)


def objectives_of(histories: Histories, config: HeartConfig) -> tuple[Objective, ...]:
    """What these histories can teach beside the next item."""
    return objectives_for(histories, config.window, knows_time=_knows_time(histories))


def _move_items(to: Tensor, known: Tensor, before: ItemTokens, now: ItemTokens) -> None:
    """Own vectors and those of words go where the items and words are now; new ones keep their beginning."""
    n = min(before.n_own, now.n_own)
    to[:n] = known[:n]
    place = {word: i for i, word in enumerate(before.words)}
    for i, word in enumerate(now.words):
        if word in place:
            to[now.n_own + i] = known[before.n_own + place[word]]


def _has_items(histories: Histories, n_items: int) -> bool:
    """Is there anything to tell items by? One alone has no neighbour."""
    return n_items > 1 and len(histories.items) > 0


def _knows_time(histories: Histories) -> bool:
    """Do the pauses between steps differ? Not where times are made up from an order."""
    gaps = histories.steps.features[:, list(FEATURES).index("gap_days")]
    known = gaps[np.isfinite(gaps)]
    return bool(len(known)) and bool(np.ptp(known) > 0)
