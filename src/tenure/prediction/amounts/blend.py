"""Several expectations of an amount as one: they err differently, and their middle errs least."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tenure.prediction.amounts.base import AmountLearner, fading, part
from tenure.prediction.examples import Examples, Inputs, Vector
from tenure.prediction.learner import Arrays, Model

_LEAST = 1e-4
"""Of the average amount: an expectation of nothing at all would silence the others."""


@dataclass(frozen=True, eq=False)
class Blend:
    """The geometric mean of what the members expect, since amounts differ by factors, at the level of the amounts."""

    members: Mapping[str, Model]
    least: float
    """No member expects less."""
    factor: float = 1.0
    """A geometric mean is never above the mean: by so much the members together were too low."""

    def predict(self, inputs: Inputs) -> Vector:
        """The amount of each row [B]."""
        with np.errstate(divide="ignore"):  # nothing is expected of anybody where nobody ever spent
            logs = [np.log(np.maximum(model.predict(inputs), self.least)) for model in self.members.values()]
        return np.asarray(self.factor * np.exp(np.mean(logs, axis=0)), dtype=np.float64)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """All members as named arrays."""
        found = {f"{name}.{key}": a for name, model in self.members.items() for key, a in model.to_arrays().items()}
        return {"least": np.array(self.least), "factor": np.array(self.factor), **found}


@dataclass(frozen=True, kw_only=True)
class BlendAmountLearner(AmountLearner[Blend]):
    """Other learners of amounts, each given the same examples."""

    learners: tuple[AmountLearner[Any], ...]

    def expectation(self, examples: Examples) -> Blend:
        """What does each of them expect?"""
        members = {learner.name: learner.expectation(examples) for learner in self.learners}
        blend = Blend(members, _LEAST * float(examples.outcome.mean()))
        weights = fading(examples)
        said = float(weights @ blend.predict(examples.inputs))
        return replace(blend, factor=float(weights @ examples.outcome) / said if said > 0 else 1.0)

    def load_expectation(self, arrays: Arrays) -> Blend:
        """The expectations that `to_arrays` described."""
        members = {one.name: one.load_expectation(part(arrays, f"{one.name}.")) for one in self.learners}
        return Blend(members, float(arrays["least"]), float(arrays["factor"]))
