"""Several models speaking as one, mixed by what their honest forecasts were worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tenure.prediction.examples import Examples, Inputs, Matrix, Vector
from tenure.prediction.learner import Learner, Model
from tenure.prediction.learners.stack import Stack
from tenure.prediction.rolling import Rolled

NAME = "stack"

LEAST_COMPLEXITY = 3
"""Simpler models (the base rate, recency, RFM) know nothing that the others do not."""


@dataclass(frozen=True, eq=False)
class Mixed:
    """Models and their mix."""

    members: Mapping[str, Model]
    """By name, in the order of the weights; only those with a weight above 0, so perhaps none."""
    stack: Stack

    def predict(self, inputs: Inputs) -> Vector:
        """The mixed probability of each row [B]; without members the same for all, sigma(intercept)."""
        said = [model.predict(inputs) for model in self.members.values()]
        return self.stack.combine(np.stack(said, axis=1) if said else np.empty((len(inputs), 0)))

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """The models and their mix as arrays."""
        parts = {"stack": self.stack.to_arrays(), **{name: m.to_arrays() for name, m in self.members.items()}}
        arrays = {f"{name}.{key}": array for name, part in parts.items() for key, array in part.items()}
        return {**arrays, "members": np.array(list(self.members), dtype=np.str_)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], learners: Mapping[str, Learner]) -> Mixed:
        """The mix that `to_arrays` described; `learners` by name."""

        def part(name: str) -> dict[str, NDArray[Any]]:
            return {key.removeprefix(f"{name}."): a for key, a in arrays.items() if key.startswith(f"{name}.")}

        names = arrays["members"].tolist()
        return cls({name: learners[name].load(part(name)) for name in names}, Stack.from_arrays(part("stack")))


def mixable(learners: Sequence[Learner]) -> list[str]:
    """The names of the models that are worth mixing; of fewer than two there is no mix."""
    names = [learner.name for learner in learners if learner.complexity >= LEAST_COMPLEXITY]
    return names if len(names) > 1 else []


def mixed_forecasts(raw: Rolled, names: Sequence[str]) -> Vector:
    """What the mix would have said at each cut-off, weighed by what was known of its members then [B].

    Where nothing was known yet, all members have the same say.
    """

    def mix(past: Rolled, present: Rolled) -> Vector:
        return _stack(past, names).combine(_columns(present, names))

    return raw.over_time(mix)


def fit_mixed(raw: Rolled, examples: Examples, learners: Sequence[Learner], names: Sequence[str]) -> Mixed:
    """The mix by all honest forecasts, of members fitted on all examples."""
    stack = _stack(raw, names)
    used = [i for i, weight in enumerate(stack.weights) if weight > 0]
    by_name = {learner.name: learner for learner in learners}
    members = {names[i]: by_name[names[i]].fit(examples) for i in used}
    return Mixed(members, Stack(stack.weights[used], stack.intercept))


def _stack(past: Rolled, names: Sequence[str]) -> Stack:
    if not len(past.examples):
        return Stack(np.full(len(names), 1 / len(names)), 0.0)
    return Stack.fit(_columns(past, names), past.examples.outcome)


def _columns(rolled: Rolled, names: Sequence[str]) -> Matrix:
    return np.stack([rolled.forecasts[name] for name in names], axis=1)
