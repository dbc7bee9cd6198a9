"""When does it happen next? A hazard that is constant within each of J stretches of time, and all it tells.

Shapes: B states, J stretches, T moments. Times are days. Needs no PyTorch, so that serving does not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tenure.errors import EvidenceError

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Stretches:
    """0 = edges[0] < edges[1] < ... < edges[J - 1]: stretch j ends where j + 1 begins, the last never."""

    edges: Vector
    """[J], days"""

    @classmethod
    def of(cls, days: Vector, n: int = 24) -> Stretches:
        """At most n stretches, evenly long in the logarithm, over the times [N] that were seen to pass.

        None is narrower than the clock: where all times are whole days, no border lies within a day.

        Raises:
            EvidenceError: no time above 0 is known.
        """
        known = np.unique(days[days > 0])
        if not len(known):
            raise EvidenceError("heart: expected a time between two steps to learn from, got none")
        low, high = np.quantile(known, 0.01), known[-1]
        borders = np.geomspace(low, max(high, low * 1.001), n)
        whole = (known == np.round(known)).all()
        if whole:
            borders = np.unique(np.ceil(borders) - 0.5)
        return cls(np.concatenate([[0.0], borders[borders > 0][: n - 1]]))

    def __len__(self) -> int:
        return len(self.edges)

    def exposure(self, days: Vector) -> Matrix:
        """How long each stretch was lived through by each moment [T]: [T, J], rows sum to the days."""
        widths = np.append(np.diff(self.edges), np.inf)
        return np.clip(days[:, None] - self.edges, 0.0, widths)

    def stretch(self, days: Vector) -> NDArray[np.int64]:
        """Into which stretch each moment falls [T]."""
        return np.clip(np.searchsorted(self.edges, days, side="right") - 1, 0, len(self) - 1)

    def usual(self, days: Vector, came: NDArray[np.bool_]) -> Vector:
        """The logarithm of the hazard of everybody [J]: how often it came per day lived through; rare ones smoothed."""
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
    log_hazard: Matrix
    """[B, J]: logarithm of the chance per day"""

    def cumulative(self, days: Vector) -> Vector:
        """H(t) of each user at a moment of their own [B]: the hazard lived through."""
        return np.asarray((np.exp(self.log_hazard) * self.stretches.exposure(days)).sum(axis=1))

    def log_likelihood(self, days: Vector, came: NDArray[np.bool_]) -> Vector:
        """Log f(t) of what came after so many days [B], log S(t) of what had not come by then."""
        at = self.log_hazard[np.arange(len(days)), self.stretches.stretch(days)]
        return np.where(came, at, 0.0) - self.cumulative(days)

    def p_within(self, waited: Vector, days: float) -> Vector:
        """P(it comes within so many days from now | it has not come in the days waited [B])."""
        return np.asarray(-np.expm1(self.cumulative(waited) - self.cumulative(waited + days)))

    def quantile(self, p: float, waited: Vector) -> Vector:
        """After how many further days has it come with probability p [B]? Infinite where it may never."""
        goal = self.cumulative(waited) - np.log1p(-p)
        edges = self.stretches.edges
        hazard = np.exp(self.log_hazard)
        before = np.concatenate(
            [np.zeros((len(goal), 1)), np.cumsum(hazard[:, :-1] * np.diff(edges), axis=1)], axis=1
        )  # [B, J]: H at the start of each stretch
        stretch = np.maximum((before <= goal[:, None]).sum(axis=1) - 1, 0)
        rows = np.arange(len(goal))
        with np.errstate(divide="ignore", over="ignore"):
            within = (goal - before[rows, stretch]) / hazard[rows, stretch]
        return np.asarray(np.maximum(edges[stretch] + within - waited, 0.0))
