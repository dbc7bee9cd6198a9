"""The average user: everybody is told what users were worth on average."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tenure.prediction.amounts.base import AmountLearner
from tenure.prediction.examples import Examples, Inputs, Vector
from tenure.prediction.learner import Arrays


@dataclass(frozen=True)
class ConstantAmount:
    """One amount for all."""

    amount: float

    def predict(self, inputs: Inputs) -> Vector:
        """The average amount, for each row [B]."""
        return np.full(len(inputs), self.amount)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """The model as arrays."""
        return {"amount": np.array(self.amount)}


@dataclass(frozen=True, kw_only=True)
class ConstantAmountLearner(AmountLearner[ConstantAmount]):
    """What any forecast must beat."""

    name: str = "constant"
    complexity: int = 0

    def expectation(self, examples: Examples) -> ConstantAmount:
        """What were users worth on average?"""
        return ConstantAmount(float(examples.outcome.mean()))

    def load_expectation(self, arrays: Arrays) -> ConstantAmount:
        """The model that `to_arrays` described."""
        return ConstantAmount(float(arrays["amount"]))
