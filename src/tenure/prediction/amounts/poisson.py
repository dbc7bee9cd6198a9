"""A weighted sum of the profile on the scale of ratios: whoever has twice this tends to be worth so many times more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import PoissonRegressor

from tenure.prediction.amounts.base import AmountLearner, fading, part
from tenure.prediction.examples import Examples, Inputs, Vector
from tenure.prediction.learner import Arrays
from tenure.prediction.learners.columns import fit_normaliser, standardised
from tenure.profiles.normalise import Normaliser

_MOST = 8.0  # exp(8): three thousand times the average user; a wild input stays within what somebody may spend


@dataclass(frozen=True, eq=False)
class PoissonAmount:
    """E = scale * exp(z . w + b), z = the columns made comparable."""

    normaliser: Normaliser
    weights: Vector
    """Change of the logarithm of the expected amount per unit of each input [D]."""
    intercept: float
    scale: float
    """The average amount of the examples, in its own unit."""

    def predict(self, inputs: Inputs) -> Vector:
        """The expected amount of each row [B]."""
        logs = standardised(inputs, self.normaliser) @ self.weights + self.intercept
        found: Vector = self.scale * np.exp(np.minimum(logs, _MOST))
        return found

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """The model as arrays."""
        core = {"weights": self.weights, "intercept": np.array(self.intercept), "scale": np.array(self.scale)}
        return core | {f"normaliser.{key}": array for key, array in self.normaliser.to_arrays().items()}


@dataclass(frozen=True, kw_only=True)
class PoissonAmountLearner(AmountLearner[PoissonAmount]):
    """Poisson quasi-likelihood, which needs only the mean to be right: amounts need be no counts, many may be 0.

    It covers both whether users come back and for how much. Source: Gourieroux, Monfort & Trognon (1984), Econometrica
    52; Santos Silva & Tenreyro (2006), Review of Economics and Statistics 88.
    """

    name: str = "poisson"
    complexity: int = 4
    penalty: float = 0.01
    """penalty / 2 * |w|^2 is added to the mean deviance of amounts in units of their average."""

    def expectation(self, examples: Examples) -> PoissonAmount:
        """Which weights put the means right? Where all amounts are 0 nothing is expected of anybody."""
        normaliser = fit_normaliser(examples.inputs, examples.inputs.names)
        Z, scale = standardised(examples.inputs, normaliser), float(examples.outcome.mean())
        if scale == 0 or Z.shape[1] == 0:
            return PoissonAmount(normaliser, np.zeros(Z.shape[1]), 0.0, scale)
        model = PoissonRegressor(alpha=self.penalty, solver="newton-cholesky", max_iter=200)
        found = model.fit(Z, examples.outcome / scale, sample_weight=fading(examples))
        return PoissonAmount(normaliser, found.coef_.astype(np.float64), float(found.intercept_), scale)

    def load_expectation(self, arrays: Arrays) -> PoissonAmount:
        """The model that `to_arrays` described."""
        normaliser = Normaliser.from_arrays(part(arrays, "normaliser."))
        return PoissonAmount(normaliser, arrays["weights"], float(arrays["intercept"]), float(arrays["scale"]))
