"""Which steps are read one by one: the newest of them, from a place that depends on their number alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Windows:
    """W stretches of steps, each of one sequence. The state after n steps foretells step n."""

    rows: Numbers
    """[W]: the sequence"""
    starts: Numbers
    """[W]: the first step that is read one by one, counted from the first step of the sequence"""
    ends: Numbers
    """[W]: up to and without this one"""
    first_asked: Numbers
    """[W]: states after fewer steps than this are asked for in another window"""

    def __len__(self) -> int:
        return len(self.rows)

    def some(self, chosen: Numbers) -> Windows:
        """Some of them, by number."""
        return Windows(self.rows[chosen], self.starts[chosen], self.ends[chosen], self.first_asked[chosen])


def window_start(n_steps: Numbers, window: int) -> Numbers:
    """Where does the window of a user with so many steps [B] begin?

    It moves on by half its length at a time. So a state can be carried on step by step, and is still that of a full
    reading: both know the same steps.

    >>> window_start(np.array([0, 8, 9, 12, 13]), 8).tolist()
    [0, 0, 4, 4, 8]
    """
    half = max(window // 2, 1)
    return np.where(n_steps <= window, 0, -(-(n_steps - window) // half) * half)


def newest(n_steps: Numbers, window: int) -> Windows:
    """The window after all steps of each sequence [B]."""
    rows = np.arange(len(n_steps))
    return Windows(rows, window_start(n_steps, window), n_steps, n_steps)


def all_windows(n_steps: Numbers, window: int) -> Windows:
    """Windows in which every state of every sequence [B] is asked for exactly once, read as it would be at its time."""
    half = max(window // 2, 1)
    n_windows = 1 + window_start(n_steps, window) // half
    rows = np.repeat(np.arange(len(n_steps)), n_windows)
    number = np.arange(len(rows)) - np.repeat(np.cumsum(n_windows) - n_windows, n_windows)
    starts = number * half
    return Windows(
        rows,
        starts,
        np.minimum(starts + window, n_steps[rows]),
        np.where(number == 0, 0, starts + window - half + 1),
    )
