"""From ragged histories to what the network reads at once. Nothing is padded before here, and only windows are.

Shapes: b windows of a batch, L the steps of the longest, position 0 the past and position i the i-th step of the
window, E items that are read, T targets, Q pairs of a target and an item met before.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tenure.events.sequences import Sequences
from tenure.profiles.normalise import Normaliser
from tenure.sequence.neighbours import Neighbours
from tenure.sequence.steps import FEATURES, Steps, steps
from tenure.sequence.windows import Windows

Numbers = NDArray[np.int64]
Floats = NDArray[np.float32]

MOST_PAST = 256
"""Of the items before the window, the newest so many make up the summary."""
_MOST_STEPS = 1 << 40


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
    pair_repeats: Floats
    """[Q]: 1 / items of the step where both are the same item, else 0"""


@dataclass(frozen=True, eq=False)
class Histories:
    """Sequences in steps, ready to be read."""

    sequences: Sequences
    steps: Steps
    features: Floats
    """[S, F]"""
    offsets: Numbers
    """[S + 1]: the items of step s are items[offsets[s]:offsets[s + 1]]"""
    items: Numbers
    """[N]: what was met, without events that name no item"""
    n_met: Numbers
    """[B]: different items of each sequence"""

    @classmethod
    def of(cls, sequences: Sequences, normaliser: Normaliser | None = None) -> Histories:
        """The histories of sequences [B]; with the normaliser of those that were learnt from, or their own."""
        done = steps(sequences, _MOST_STEPS)
        known = normaliser or usual(done)
        lengths = done.event_ends - done.event_starts
        event = np.repeat(done.event_starts - np.cumsum(lengths) + lengths, lengths) + np.arange(lengths.sum())
        step = np.repeat(np.arange(len(lengths)), lengths)
        items = sequences.items[event].astype(np.int64)
        is_item = items >= 0
        offsets = np.concatenate([[0], np.cumsum(np.bincount(step[is_item], minlength=len(lengths)))])
        found = cls(
            sequences,
            done,
            known.transform(done.features).astype(np.float32),
            offsets,
            items[is_item],
            np.zeros(0, np.int64),
        )
        who, what = found.met()
        n_met = np.bincount(np.unique(np.stack([who, what]), axis=1)[0], minlength=len(sequences))
        return cls(sequences, done, found.features, offsets, found.items, n_met)

    def __len__(self) -> int:
        return len(self.steps.starts)

    @property
    def n_steps(self) -> Numbers:
        """[B]."""
        return self.steps.ends - self.steps.starts

    def met(self, rows: Numbers | slice = slice(None)) -> tuple[Numbers, Numbers]:
        """Who met what, of all sequences or some: (place among them, item) of every event with an item."""
        first, last = self.offsets[self.steps.starts[rows]], self.offsets[self.steps.ends[rows]]
        place, row = _spans(first, last)
        return row, self.items[place]

    def share_of_repeats(self) -> float:
        """Of all that was met, what share had its user met before?"""
        return 1 - float(self.n_met.sum()) / max(len(self.met()[0]), 1)

    def read(self, windows: Windows) -> Batch:
        """The windows as the network sees them."""
        b = len(windows)
        begin = self.steps.starts[windows.rows]
        low, high = begin + windows.starts, begin + windows.ends
        n_steps = high - low
        L = max(int(n_steps.max(initial=0)), 1)
        step, row = _spans(low, high)
        cell = row * L + step - low[row]
        features = np.zeros((b * L, self.features.shape[1]), np.float32)
        features[cell] = self.features[step]
        seconds = np.zeros(b * L, np.int64)
        seconds[cell] = self.steps.seconds[step]
        item, of_step = _spans(self.offsets[step], self.offsets[step + 1])
        end = self.offsets[low]
        past, past_row = _spans(np.maximum(self.offsets[begin], end - MOST_PAST), end)
        return Batch(
            n_steps=n_steps,
            features=features.reshape(b, L, -1),
            seconds=seconds.reshape(b, L),
            items=self.items[item],
            cells=cell[of_step],
            past_items=self.items[past],
            past_rows=past_row,
        )

    def targets(
        self, windows: Windows, n_recent: int, most: int, neighbours: Neighbours, generator: np.random.Generator
    ) -> Targets:
        """What the states of the windows have to foretell: of each next step at most so many items, drawn."""
        begin = self.steps.starts[windows.rows]
        L = max(int((windows.ends - windows.starts).max(initial=0)), 1)
        # The state after n steps foretells step n, which must lie in the window itself or just behind it.
        last = np.minimum(windows.ends + 1, self.n_steps[windows.rows])
        step, row = _spans(begin + np.minimum(windows.first_asked, last), begin + last)
        size = self.offsets[step + 1] - self.offsets[step]
        place, of = _spans(self.offsets[step], self.offsets[step + 1])
        if (size > most).any():
            rank = _ranks_within(of, generator.random(len(of)))
            place, of = place[rank < most], of[rank < most]
        asked, who = step[of], row[of]
        cells = who * (L + 1) + (asked - begin[who] - windows.starts[who])
        items = self.items[place]
        target, age, other, share = self._met_before(asked, begin[who] + windows.starts[who], n_recent)
        goal = items[target]
        likeness = neighbours.without_own(other, goal, self.n_met[windows.rows[who[target]]])
        is_same = other == goal
        return Targets(
            cells,
            items,
            target,
            age,
            np.where(is_same, np.float32(0), likeness) * share,
            is_same.astype(np.float32) * share,
        )

    def _met_before(self, asked: Numbers, first: Numbers, n_recent: int) -> tuple[Numbers, Numbers, Numbers, Floats]:
        """The items of the steps before those asked for, from `first` on: target, age in steps, item, 1 / step size."""
        step, target = _spans(np.maximum(first, asked - n_recent), asked)
        place, of = _spans(self.offsets[step], self.offsets[step + 1])
        size = (self.offsets[step + 1] - self.offsets[step])[of]
        return target[of], (asked[target] - step)[of], self.items[place], (1 / size).astype(np.float32)


def usual(done: Steps) -> Normaliser:
    """What is usual in the steps learnt from."""
    return Normaliser.fit(list(FEATURES), list(FEATURES.values()), done.features)


def by_length(windows: Windows, size: int, generator: np.random.Generator) -> Iterator[Windows]:
    """The windows in batches of like length, so that little is padding; the order of both is drawn."""
    order = np.lexsort((generator.random(len(windows)), windows.ends - windows.starts))
    for i in generator.permutation(np.arange(0, len(windows), size)):
        yield windows.some(order[i : i + size])


def _spans(low: Numbers, high: Numbers) -> tuple[Numbers, Numbers]:
    """The numbers low[i] to high[i] of every span i, one span after the other, and the span of each."""
    lengths = np.maximum(high - low, 0)
    of = np.repeat(np.arange(len(low)), lengths)
    return np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths - low, lengths), of


def _ranks_within(group: Numbers, key: NDArray[np.float64]) -> Numbers:
    """The place of each entry among those of its group, groups in rising order, by key."""
    order = np.lexsort((key, group))
    ranks = np.empty(len(group), np.int64)
    counts = np.bincount(group)
    ranks[order] = np.arange(len(group)) - np.repeat(np.cumsum(counts) - counts, counts)
    return ranks
