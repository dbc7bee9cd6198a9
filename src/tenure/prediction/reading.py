"""What a network reads of users: their steps and their profile, made comparable; padded only inside a batch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tenure.schema import SECONDS_PER_DAY

Floats = NDArray[np.float32]
Numbers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Batch:
    """b users at once, L = the steps of the longest."""

    steps: Floats
    """[b, L, F + 1]: the steps of each from the first on, then zeros. The last feature says how long before the cut-off
    the step was, the one thing that several cut-offs of a user do not share."""
    lengths: Numbers
    """[b]: how many of the steps are real."""
    profiles: Floats
    """[b, D]"""


@dataclass(frozen=True, eq=False)
class Reading:
    """B users, ragged: the steps of user i are `starts[i]` up to and without `starts[i] + lengths[i]`."""

    starts: Numbers
    """[B]"""
    lengths: Numbers
    """[B]"""
    seconds: Numbers
    """[S]: time of each step, seconds since 1970 UTC."""
    features: Floats
    """[S, F]"""
    until: Numbers
    """[B]: the cut-off, seconds since 1970 UTC."""
    profiles: Floats
    """[B, D]"""

    def __len__(self) -> int:
        return len(self.lengths)

    def batch(self, rows: Numbers) -> Batch:
        """These users, by number [b]."""
        lengths, n_features = self.lengths[rows], self.features.shape[1]
        # A network has to read something even of users who did nothing: one step of zeros, which counts for none.
        n_steps = max(int(lengths.max(initial=0)), 1)
        steps = np.zeros((len(rows), n_steps, n_features + 1), np.float32)
        is_real = np.arange(n_steps) < lengths[:, None]
        user, place = np.nonzero(is_real)
        at = self.starts[rows][user] + place
        steps[user, place, :n_features] = self.features[at]
        days = (self.until[rows][user] - self.seconds[at]) / SECONDS_PER_DAY
        # The logarithm of 0 days to a year runs from 0 to 6; this brings it to the scale of the other features.
        steps[user, place, n_features] = np.log1p(days) / 2 - 1.5
        return Batch(steps, lengths, self.profiles[rows])

    def batches(self, rows: Numbers, size: int, generator: np.random.Generator) -> Iterator[Numbers]:
        """These users in batches of like length, so that little is padding; the order of both is drawn."""
        by_length = rows[np.lexsort((generator.random(len(rows)), self.lengths[rows]))]
        for i in generator.permutation(np.arange(0, len(rows), size)):
            yield by_length[i : i + size]
