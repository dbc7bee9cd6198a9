"""When does it happen next? A hazard that falls as 1 / t within each of J stretches of time, and all it tells.

Shapes: B states, J stretches, T moments. Times are days. Needs no PyTorch, so that serving does not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tenure.errors import EvidenceError

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]


LAST_SHARE = 0.02
"""Of all waits, what share is still to come where the last stretch begins."""


@dataclass(frozen=True, eq=False)
class Stretches:
    """0 = edges[0] < edges[1] < ... < edges[J - 1]: stretch j ends where j + 1 begins, the last never.

    The hazard of stretch j is exp(theta_j) e_j / t, e_j where it begins; that of the first, which begins at 0, is
    exp(theta_0). It is constant in the logarithm of time, in which stretches are evenly long; so beyond the longest
    wait seen, where nobody knows, whoever has not come comes ever less: a power law, as of users of many rates.
    Source: Friedman (1982), Annals of Statistics 10, on the clock log t.
    """

    edges: Vector
    """[J], days"""

    @classmethod
    def of(cls, days: Vector, n: int = 24) -> Stretches:
        """At most n stretches, evenly long in the logarithm, over the times [N] that were seen to pass.

        The last begins where about a fiftieth of them is still to come: what it says is said of all time beyond. None
        is narrower than the clock: where all times are whole days, no border lies within a day.

        Raises:
            EvidenceError: no time above 0 is known.
        """
        known = np.unique(days[days > 0])
        if not len(known):
            raise EvidenceError("heart: expected a time between two steps to learn from, got none")
        low, high = np.quantile(days[days > 0], (0.01, 1 - LAST_SHARE))
        # Where nearly all times are one and the same, the others still want borders.
        high = max(high, float(np.median(known)), low * 1.001)
        borders = np.geomspace(low, high, max(n - 1, 1))
        whole = (known == np.round(known)).all()
        if whole:
            borders = np.unique(np.ceil(borders) - 0.5)
        return cls(np.concatenate([[0.0], borders[borders > 0][: n - 1]]))

    def __len__(self) -> int:
        return len(self.edges)

    def exposure(self, days: Vector) -> Matrix:
        """How much of each stretch was lived through by each moment [T]: [T, J]; H(t) = sum_j exp(theta_j) of it."""
        first = self.edges[1] if len(self) > 1 else np.inf
        begin, end = self.edges[1:], np.append(self.edges[2:], np.inf)[: len(self) - 1]
        later = begin * np.log(np.clip(days[:, None], begin, end) / begin)
        return np.column_stack([np.minimum(days, first), later])

    def log_fall(self, days: Vector) -> Vector:
        """The logarithm of e_j / t at each moment [T], 0 in the first stretch: what is added to theta_j there."""
        begin = self.edges[self.stretch(days)]
        return np.where(begin > 0, np.log(np.maximum(begin, 1e-300) / np.maximum(days, 1e-300)), 0.0)

    def stretch(self, days: Vector) -> NDArray[np.int64]:
        """Into which stretch each moment falls [T]."""
        return np.clip(np.searchsorted(self.edges, days, side="right") - 1, 0, len(self) - 1)

    def usual(self, days: Vector, came: NDArray[np.bool_]) -> Vector:
        """The theta of everybody [J]: how often it came for what was lived through of a stretch; rare ones smoothed."""
        n_came = np.bincount(self.stretch(days[came]), minlength=len(self)).astype(np.float64)
        lived = np.zeros(len(self))
        for low in range(0, len(days), 1 << 16):
            lived += self.exposure(days[low : low + (1 << 16)]).sum(axis=0)
        overall = (n_came.sum() + 0.5) / max(lived.sum(), 1e-9)
        return np.asarray(np.log((n_came + 0.5) / (lived + 0.5 / overall)))


@dataclass(frozen=True, eq=False)
class Waits:
    """The time that B users wait from their newest step to what is asked about."""

    stretches: Stretches
    theta: Matrix
    """[B, J]: logarithm of the chance per day where each stretch begins"""

    def cumulative(self, days: Vector) -> Vector:
        """H(t) of each user at a moment of their own [B]: the hazard lived through."""
        return np.asarray((np.exp(self.theta) * self.stretches.exposure(days)).sum(axis=1))

    def log_hazard(self, days: Vector) -> Vector:
        """The logarithm of the chance per day of each user at a moment of their own [B]."""
        at = self.theta[np.arange(len(days)), self.stretches.stretch(days)]
        return np.asarray(at + self.stretches.log_fall(days))

    def log_likelihood(self, days: Vector, came: NDArray[np.bool_]) -> Vector:
        """Log f(t) of what came after so many days [B], log S(t) of what had not come by then."""
        return np.where(came, self.log_hazard(days), 0.0) - self.cumulative(days)

    def p_within(self, waited: Vector, days: float) -> Vector:
        """P(it comes within so many days from now | it has not come in the days waited [B])."""
        return np.asarray(-np.expm1(self.cumulative(waited) - self.cumulative(waited + days)))

    def quantile(self, p: float, waited: Vector) -> Vector:
        """After how many further days has it come with probability p [B]? Infinite where it may never."""
        goal = self.cumulative(waited) - np.log1p(-p)
        edges, hazard, rows = self.stretches.edges, np.exp(self.theta), np.arange(len(waited))
        whole = self.stretches.exposure(edges)[-1][:-1]  # of all stretches but the last
        before = np.concatenate([np.zeros((len(goal), 1)), np.cumsum(hazard[:, :-1] * whole, axis=1)], axis=1)
        stretch = np.maximum((before <= goal[:, None]).sum(axis=1) - 1, 0)
        begin = edges[stretch]
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            rest = (goal - before[rows, stretch]) / hazard[rows, stretch]
            days = np.where(begin > 0, begin * np.exp(rest / np.where(begin > 0, begin, 1.0)), rest)
        return np.asarray(np.maximum(days - waited, 0.0))
