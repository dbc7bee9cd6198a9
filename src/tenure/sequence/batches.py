"""What the network reads at once, and what it has to foretell. Nothing is padded before here, and only windows are.

Shapes: b windows of a batch, L the steps of the longest, position 0 the past and position i the i-th step of the
window, E items that are read, T targets, Q pairs of a target and an item met before.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tenure.sequence.windows import Windows

Numbers = NDArray[np.int64]
Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Batch:
    """b windows, read."""

    n_steps: Numbers
    """[b]: steps of each window"""
    features: Floats
    """[b, L, F]: what is known of each step but its items; 0 where there is none"""
    seconds: Numbers
    """[b, L]: when; 0 where there is no step"""
    items: Numbers
    """[E]: what was met, step by step"""
    cells: Numbers
    """[E]: in which of the b * L cells"""
    past_items: Numbers
    """[P]: what was met before the window"""
    past_rows: Numbers
    """[P]: by whom, 0 to b - 1"""
    people: Floats
    """[b, U]: attributes of the users"""

    @property
    def shape(self) -> tuple[int, int]:
        """(b, L)."""
        return self.features.shape[0], self.features.shape[1]


@dataclass(frozen=True, eq=False)
class Targets:
    """What came after the states of a batch that are asked for: an item of the next step each."""

    cells: Numbers
    """[T]: in which of the b * (L + 1) positions the state stands"""
    items: Numbers
    """[T]"""
    pair_target: Numbers
    """[Q]: 0 to T - 1"""
    pair_age: Numbers
    """[Q]: steps from the item met before to the target, at least 1"""
    pair_likeness: Floats
    """[Q]: S of the two, the user's own share in it taken out, divided by the items of the step"""
    again_target: Numbers
    """[R]: of every earlier meeting of the target itself in the window: 0 to T - 1"""
    again_age: Numbers
    """[R]: how many steps ago that was"""


@dataclass(frozen=True, eq=False)
class Ahead:
    """What came after each of A states, or how long nothing did."""

    cells: Numbers
    """[A]: in which of the b * (L + 1) positions the state stands"""
    came: NDArray[np.bool_]
    """[A]: was a further step seen?"""
    days: NDArray[np.float64]
    """[A]: until that step, or for how long none was seen"""
    committed: NDArray[np.bool_]
    """[A]: was a further commitment seen?"""
    commit_days: NDArray[np.float64]
    """[A]: until it, or for how long none was seen"""
    kinds: Floats
    """[A, R]: 1 where the step holds an event of the kind; see `steps.KINDS`"""
    values: NDArray[np.float64]
    """[A]: of the step; NaN = none"""


def by_length(windows: Windows, size: int, generator: np.random.Generator) -> Iterator[Windows]:
    """The windows in batches of like length, so that little is padding; the order of both is drawn."""
    order = np.lexsort((generator.random(len(windows)), windows.ends - windows.starts))
    for i in generator.permutation(np.arange(0, len(windows), size)):
        yield windows.some(order[i : i + size])


def at_random(windows: Windows, size: int, generator: np.random.Generator) -> Iterator[Windows]:
    """The windows in batches drawn at random: each is like all of them, short windows and long ones alike."""
    order = generator.permutation(len(windows))
    for i in range(0, len(windows), size):
        yield windows.some(order[i : i + size])


def parts_by_length(windows: Windows) -> list[Windows]:
    """The windows parted by length, 1 to 3, 4 to 15, 16 to 63 ..., so that little of what is read is padding."""
    length = np.maximum(windows.ends - windows.starts, 1)
    part = np.floor(np.log2(length) / 2).astype(np.int64)
    order = np.argsort(length, kind="stable")
    return [windows.some(order[part[order] == p]) for p in np.unique(part)]
