"""The run-rate: users go on as they did, at the pace of their last weeks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tenure.prediction.amounts.base import AmountLearner
from tenure.prediction.examples import Examples, Inputs, Vector
from tenure.prediction.learner import Arrays


@dataclass(frozen=True)
class RunRate:
    """The value of a window before the cut-off, times the length of the horizon over that of the window."""

    column: str
    factor: float

    def predict(self, inputs: Inputs) -> Vector:
        """The amount of each row [B] if the user goes on so; 0 where the window's value is below 0 or not known."""
        found: Vector = np.maximum(np.nan_to_num(inputs.column(self.column), nan=0.0, posinf=0.0), 0.0) * self.factor
        return found

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """The model as arrays."""
        return {"column": np.array([self.column], dtype=np.str_), "factor": np.array(self.factor)}


@dataclass(frozen=True, kw_only=True)
class RunRateLearner(AmountLearner[RunRate]):
    """The rule of thumb of every spreadsheet: nothing of the expectation is learnt, only how far off it has been."""

    name: str = "run-rate"
    complexity: int = 1
    window_days: int = 90
    """Days before the cut-off that are taken as the pace: there must be a column value_<days>."""

    def expectation(self, examples: Examples) -> RunRate:
        """How long is the horizon against the window?"""
        return RunRate(f"value_{self.window_days}", examples.horizon_days / self.window_days)

    def load_expectation(self, arrays: Arrays) -> RunRate:
        """The model that `to_arrays` described."""
        return RunRate(str(arrays["column"][0]), float(arrays["factor"]))
