"""How much will each user spend within the horizon? A weighted sum of their features, on the scale of ratios."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import PoissonRegressor

from tenure.errors import EvidenceError
from tenure.prediction.snapshots import Matrix, Snapshot, Vector

_MOST = 20.0  # exp(20): half a billion times the average user's spend; keeps a wild input finite


@dataclass(frozen=True, eq=False)
class Spend:
    """Expected value of a user's commitments within the horizon: E = scale * exp(x . w + b).

    It covers both whether they come back and for how much, so it is never to be multiplied by P(commit). Fitted by
    Poisson quasi-likelihood, which needs only the mean to be right: amounts need be no counts, many may be 0, and
    without a penalty the total of the training data is met exactly. Source: Gourieroux, Monfort & Trognon (1984),
    Econometrica 52; Santos Silva & Tenreyro (2006), Review of Economics and Statistics 88.
    """

    weights: Vector
    """Change of the logarithm of the expected value per unit of each input [D]."""
    intercept: float
    scale: float
    """The average value per user of the training data, in its own currency."""

    @classmethod
    def fit(cls, snapshots: Sequence[Snapshot], *, penalty: float = 0.01) -> Spend:
        """What do these past cut-offs teach about the value of the next horizon? Net negative values count as 0.

        `penalty` / 2 * |w|^2 is added to the mean deviance of values in units of `scale`.

        Raises:
            EvidenceError: there is no user to learn from.
        """
        if not sum(len(snapshot.X) for snapshot in snapshots):
            raise EvidenceError("A forecast of spend needs at least one past cut-off with users and known outcomes")
        X = np.vstack([snapshot.X for snapshot in snapshots])
        value = np.maximum(np.concatenate([snapshot.value for snapshot in snapshots]), 0.0)
        scale = float(value.mean())
        if scale == 0 or X.shape[1] == 0:
            return cls(np.zeros(X.shape[1]), 0.0, scale)
        found = PoissonRegressor(alpha=penalty, solver="newton-cholesky", max_iter=200).fit(X, value / scale)
        return cls(found.coef_.astype(np.float64), float(found.intercept_), scale)

    def expected(self, X: Matrix) -> Vector:
        """The expected value of each user within the horizon, from profile vectors [B, D] -> [B], never below 0."""
        return self.scale * np.exp(np.minimum(X @ self.weights + self.intercept, _MOST))

    def to_arrays(self) -> dict[str, NDArray[np.float64]]:
        """The model as named arrays, to be kept in a file."""
        return {"weights": self.weights, "intercept": np.array([self.intercept]), "scale": np.array([self.scale])}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.float64]]) -> Spend:
        """The model that `to_arrays` described."""
        return cls(arrays["weights"], float(arrays["intercept"][0]), float(arrays["scale"][0]))
