"""A known share of chance: the last places of a slate sometimes try something new.

Otherwise tomorrow's data would hold only what today's taste chose to show, and nothing could be learnt of the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tenure.errors import ConfigError
from tenure.recommendation.interactions import Ints
from tenure.seeds import uniforms


@dataclass(frozen=True, kw_only=True)
class ExploreConfig:
    """How much is left to chance."""

    share: float = 0.1
    """Probability with which each exploring place shows something new instead of the best."""
    places: int = 1
    """How many places explore, from the end of the slate."""
    pool: int = 20
    """The draw is among so many of the next best candidates."""

    def __post_init__(self) -> None:
        if not 0 <= self.share < 1:
            raise ConfigError(f"ExploreConfig.share: expected a probability in [0, 1), got {self.share!r}")


@dataclass(frozen=True, eq=False)
class Explored:
    """A slate after chance had its say. Shapes: B users, K places."""

    columns: Ints
    """[B, K] chosen candidates' columns, -1 = empty place."""
    propensity: NDArray[np.float64]
    """[B, K] probability with which this item was shown, exact; 0 at an empty place."""
    is_explored: NDArray[np.bool_]
    """[B, K]"""


def explore(
    columns: Ints,
    is_eligible: NDArray[np.bool_],
    config: ExploreConfig,
    *,
    seed: int,
    purpose: str,
    users: Sequence[str],
) -> Explored:
    """Which places show something new this time, and how probable was each item to be shown?

    Exploring places have disjoint pools outside the slate, hence each item can come in one way only: it is shown with
    probability share / pool size when drawn, 1 - share when it kept an exploring place, 1 elsewhere. A user's draws
    depend on nobody else.

    Args:
        columns: [B, K] the slate as columns of the candidates, -1 = empty place.
        is_eligible: [B, F] which candidates may be tried (best first); those in the slate are left out here.
        config: how much is left to chance.
        seed: the same seed, purpose and user give the same draw.
        purpose: what the draw is for, such as the moment of the slate.
        users: [B] ids.
    """
    shown, is_explored = columns.copy(), np.zeros(columns.shape, dtype=bool)
    propensity = np.where(columns >= 0, 1.0, 0.0)
    n_users, n_places = columns.shape
    eligible = is_eligible.copy()
    rows, places = np.nonzero(columns >= 0)
    eligible[rows, columns[rows, places]] = False
    pool = np.argsort(~eligible, axis=1, kind="stable")[:, : config.pool]
    n_pool = np.minimum(eligible.sum(axis=1), config.pool)

    n_exploring = min(config.places, n_places) if config.share > 0 and pool.shape[1] else 0
    for j in range(n_exploring):
        place = n_places - 1 - j
        size = (
            n_pool - j + n_exploring - 1
        ) // n_exploring  # this place draws from pool[j], pool[j + n_exploring], ...
        possible = (size > 0) & (columns[:, place] >= 0)
        is_drawn = possible & (uniforms(seed, f"explore {purpose} {j}", users) < config.share)
        draw = (uniforms(seed, f"pick {purpose} {j}", users) * size).astype(np.int64) * n_exploring + j
        drawn = pool[np.arange(n_users), np.minimum(draw, pool.shape[1] - 1)]
        shown[:, place] = np.where(is_drawn, drawn, columns[:, place])
        propensity[possible, place] = np.where(is_drawn, config.share / np.maximum(size, 1), 1 - config.share)[possible]
        is_explored[:, place] = is_drawn
    return Explored(shown, propensity, is_explored)
