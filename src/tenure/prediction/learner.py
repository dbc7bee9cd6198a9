"""What every model of users keeps to: a learner is a choice of settings, a model is what it learnt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tenure.prediction.examples import Examples, Inputs

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Arrays = Mapping[str, NDArray[Any]]


class Model(Protocol):
    """A fitted forecast: frozen, made of arrays. It scales, fills and picks the columns it needs by name."""

    def predict(self, inputs: Inputs) -> Vector:
        """The probability in [0, 1], or the expected amount >= 0, of each row [B]; always finite, one row or many."""

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """The model as named arrays, texts included."""


class AmountModel(Model, Protocol):
    """A fitted forecast of an amount, which knows how far the amount may lie from its expectation."""

    def quantiles(self, inputs: Inputs, levels: Vector) -> Matrix:
        """The amounts that are not exceeded with these probabilities: [B, Q], rising along a row."""


class Learner(Protocol):
    """A frozen dataclass of settings; `name` is how people call the model."""

    @property
    def name(self) -> str:
        """As in the leaderboard: "logistic", "trees"."""

    @property
    def complexity(self) -> int:
        """The place in the order from simple to intricate; of models that are equally good the simplest is taken."""

    def fit(self, examples: Examples) -> Model:
        """What do these examples teach? Same examples and settings, same model.

        Cut-offs inside the examples may serve to choose settings (the newest ones held out), never rows at random:
        rows of one user at several cut-offs are no independent draws.

        Raises:
            EvidenceError: there is nothing to learn from.
        """

    def load(self, arrays: Arrays) -> Model:
        """The model that `to_arrays` described."""
