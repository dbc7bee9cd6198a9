"""How the users of a segment differ from everybody."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from tenure.profiles.vector import Profiles


@dataclass(frozen=True, slots=True)
class Contrast:
    """Means of K segments beside those of everybody, for D features."""

    features: tuple[str, ...]
    z: NDArray[np.float64]
    """[K, D]: mean of the segment less mean of everybody, in standard deviations of everybody."""
    mean: NDArray[np.float64]
    """[K, D]: in the unit of the feature, over the users for whom it is defined; NaN where there is none."""
    mean_all: NDArray[np.float64]
    """[D]"""

    @classmethod
    def of(cls, profiles: Profiles, segment: NDArray[np.int64], n_segments: int) -> Self:
        """Compare segments with everybody. `segment`: [B], the segment of each row of the profiles."""
        member = np.equal.outer(np.arange(n_segments), segment).astype(np.float64)  # [K, B]
        shares = member / np.maximum(member.sum(axis=1, keepdims=True), 1)
        centre = profiles.matrix.sum(axis=0) / max(len(segment), 1)
        known = ~np.isnan(profiles.values)
        values = np.where(known, profiles.values, 0.0)
        with np.errstate(invalid="ignore"):  # nobody knows: 0 / 0 = NaN is the answer
            mean, mean_all = (member @ values) / (member @ known), values.sum(axis=0) / known.sum(axis=0)
        return cls(profiles.names, shares @ profiles.matrix - centre, mean, mean_all)

    def only(self, features: Iterable[str]) -> Self:
        """The same for these features, in this order; those that are not there are passed over."""
        there = [feature for feature in features if feature in self.features]
        at = [self.features.index(feature) for feature in there]
        return type(self)(tuple(there), self.z[:, at], self.mean[:, at], self.mean_all[at])
