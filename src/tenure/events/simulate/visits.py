"""When simulated users visit, whether it pleases them, and when they leave for good."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Self

import numpy as np
from numpy.typing import NDArray

from tenure.events.simulate.clock import Clock
from tenure.events.simulate.config import SimulationConfig
from tenure.events.simulate.users import Users

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class Visits:
    """All visits within the window, by user and time. One entry per visit in every array."""

    user: IntArray
    """Row of the user."""
    number: IntArray
    """0 for the user's first visit, 1 for the second ..."""
    at: FloatArray
    """Days since the start of the window."""
    busy: FloatArray
    """The same in busy days."""
    is_pleased: BoolArray
    has_commitment: BoolArray
    is_last: BoolArray
    """The user leaves for good after it."""
    has_goodbye: BoolArray
    """... and says so."""

    def __len__(self) -> int:
        return len(self.user)

    @classmethod
    def concatenate(cls, blocks: Sequence[Self], sizes: Sequence[int]) -> Self:
        """The visits of several blocks of users of these sizes, user rows counted through."""
        joined = {f.name: np.concatenate([getattr(block, f.name) for block in blocks]) for f in fields(cls)}
        shifts = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64)
        joined["user"] = joined["user"] + np.repeat(shifts, [len(block) for block in blocks])
        return cls(**joined)

    def of_first_users(self, n: int) -> Self:
        """Only the visits of the first n users."""
        kept = slice(0, int(np.searchsorted(self.user, n)))
        return type(self)(*(getattr(self, field.name)[kept] for field in fields(self)))

    @classmethod
    def draw(cls, users: Users, clock: Clock, config: SimulationConfig, rng: np.random.Generator) -> Self:
        """Every visit of these users until they leave or the window ends.

        An Erlang renewal process is every shape-th point of a Poisson process, and the points of a Poisson process on
        an interval are a Poisson number of sorted uniform draws: no loop over visits is needed, and nothing is cut
        off.
        """
        joined = clock.to_busy(users.joined)
        span = clock.to_busy(np.array([float(config.days)])) - joined
        n_phases = rng.poisson(users.rate * span)
        phase_user = np.repeat(np.arange(len(users)), n_phases)
        # One sort for all: the whole part keeps users apart, the fraction is the place within the user's span.
        place = np.sort(phase_user + rng.random(len(phase_user))) - phase_user
        phase = np.arange(len(phase_user)) - np.repeat(np.cumsum(n_phases) - n_phases, n_phases)
        is_visit = (phase + 1) % users.shape[phase_user] == 0

        busy = np.concatenate([joined, (joined[phase_user] + place * span[phase_user])[is_visit]])
        user = np.concatenate([np.arange(len(users)), phase_user[is_visit]])
        order = np.argsort(user, kind="stable")  # joining comes first in each user's life
        user, busy = user[order], busy[order]

        is_pleased = rng.random(len(user)) < users.p_pleased[user]
        mood = is_pleased.astype(np.int64)
        has_commitment = rng.random(len(user)) < users.p_commit[user, mood]
        is_last = rng.random(len(user)) < users.p_leave[user, mood]
        has_goodbye = is_last & (rng.random(len(user)) < config.p_goodbye)

        n_visits = np.bincount(user, minlength=len(users))
        first = np.repeat(np.cumsum(n_visits) - n_visits, n_visits)
        left_before = np.cumsum(is_last) - is_last
        is_there = left_before == left_before[first]
        return cls(
            user=user[is_there],
            number=(np.arange(len(user)) - first)[is_there],
            at=clock.to_days(busy[is_there]),
            busy=busy[is_there],
            is_pleased=is_pleased[is_there],
            has_commitment=has_commitment[is_there],
            is_last=is_last[is_there],
            has_goodbye=has_goodbye[is_there],
        )
