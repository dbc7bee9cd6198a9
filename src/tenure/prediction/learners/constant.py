"""The base rate: everybody is told what share of users it happened to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tenure.prediction.examples import Examples, Inputs, Vector
from tenure.prediction.learner import Arrays
from tenure.prediction.learners.columns import expect_examples


@dataclass(frozen=True)
class Constant:
    """One probability for all."""

    p: float

    def predict(self, inputs: Inputs) -> Vector:
        """The base rate, for each row [B]."""
        return np.full(len(inputs), self.p)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """The model as arrays."""
        return {"p": np.array(self.p)}


@dataclass(frozen=True, kw_only=True)
class ConstantLearner:
    """What any forecast must beat."""

    name: str = "constant"
    complexity: int = 0

    def fit(self, examples: Examples) -> Constant:
        """To what share of the users did it happen? (n_true + 1/2) / (n + 1), which is never exactly 0 or 1.

        Raises:
            EvidenceError: there is no example.
        """
        expect_examples(examples, self.name)
        return Constant(float((examples.outcome.sum() + 0.5) / (len(examples) + 1)))

    def load(self, arrays: Arrays) -> Constant:
        """The model that `to_arrays` described."""
        return Constant(float(arrays["p"]))
