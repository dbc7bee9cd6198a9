"""Boosted trees by Tweedie's law, whose amounts may be exactly 0: a factor on the pace of each user."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tenure.prediction.amounts.base import fading
from tenure.prediction.amounts.boosting import Boosted, BoostingLearner
from tenure.prediction.amounts.pace import pace
from tenure.prediction.examples import Examples, Inputs, Vector
from tenure.prediction.learner import Arrays

_LEAST_PACE = 0.05  # of the average amount, so that a silent user may be forecast by a finite factor


@dataclass(frozen=True, eq=False)
class TweedieAmount:
    """E = (pace + least) * exp(sum of trees)."""

    trees: Boosted
    least: float
    """What is added to every pace; 0 where nobody spent anything, and nothing is expected of anybody."""
    horizon_days: int

    def predict(self, inputs: Inputs) -> Vector:
        """The expected amount of each row [B]."""
        if self.least == 0:
            return np.zeros(len(inputs))
        found: Vector = (pace(inputs, self.horizon_days) + self.least) * np.exp(self.trees.raw(inputs))
        return found

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """The model as arrays."""
        trees = {f"trees.{key}": array for key, array in self.trees.to_arrays().items()}
        return trees | {"least": np.array(self.least), "horizon_days": np.array(self.horizon_days)}


@dataclass(frozen=True, kw_only=True)
class TweedieAmountLearner(BoostingLearner[TweedieAmount]):
    """Whether and how much at once, as sums of gamma amounts of a Poisson number of purchases.

    Source: Jørgensen & Paes De Souza (1994), Scandinavian Actuarial Journal 1994(1).
    """

    name: str = "tweedie"
    complexity: int = 6
    variance_power: float = 1.3
    """The variance of an amount grows as this power of its mean: 1 is Poisson's law, 2 the gamma law."""

    def expectation(self, examples: Examples) -> TweedieAmount:
        """By which factor do users exceed their pace?"""
        y, weights = examples.outcome, fading(examples)
        least = _LEAST_PACE * float(y.mean())
        going_on = pace(examples.inputs, examples.horizon_days) + least
        start = float(np.log((weights @ y) / (weights @ going_on))) if least else 0.0
        offset = np.log(going_on) if least else None
        trees = self.grow(
            "tweedie",
            examples.inputs,
            y,
            start=start,
            offset=offset,
            weights=weights,
            tweedie_variance_power=self.variance_power,
        )
        return TweedieAmount(trees, least, examples.horizon_days)

    def load_expectation(self, arrays: Arrays) -> TweedieAmount:
        """The model that `to_arrays` described."""
        trees = self.grown(arrays, "trees")
        return TweedieAmount(trees, float(arrays["least"]), int(arrays["horizon_days"]))
