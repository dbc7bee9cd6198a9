"""Logistic regression: P = sigma(x . w + b), the formula that anyone can redo by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression

from tenure.errors import ConfigError

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Logistic:
    """A fitted logistic regression.

    >>> model = Logistic(weights=np.array([0.5, -0.5]), intercept=0.0)
    >>> model.p(np.array([[2.0, 2.0]]))
    array([0.5])
    """

    weights: Vector
    """Log-odds per unit of each input [D]."""
    intercept: float
    """Log-odds of a user whose inputs are all 0, which is the average one when inputs are standardised."""

    @classmethod
    def fit(cls, X: Matrix, y: NDArray[np.bool_], *, penalty: float = 1.0) -> Logistic:
        """Which weights make the outcomes y [B] most likely, given inputs X [B, D] in comparable units?

        Minimises the summed log-loss + penalty / 2 * |w|^2. Without inputs, or when all outcomes are equal, only the
        intercept is learnt: the log-odds of (n_true + 1/2) / (n + 1), which stays finite.

        Raises:
            ConfigError: X holds a value that is not finite, or the penalty is not above 0.
        """
        if not penalty > 0:
            raise ConfigError(f"penalty: expected a number above 0, got {penalty!r}")
        if not np.isfinite(X).all():
            column = int(np.argwhere(~np.isfinite(X))[0, 1])
            raise ConfigError(f"X: expected finite numbers, got {X[~np.isfinite(X)][0]} in column {column}")
        n_true = int(y.sum())
        if X.shape[1] == 0 or n_true in (0, len(y)):
            return cls(np.zeros(X.shape[1]), float(logit((n_true + 0.5) / (len(y) + 1))))
        found = LogisticRegression(C=1 / penalty, solver="newton-cholesky", tol=1e-8, max_iter=200).fit(X, y)
        return cls(found.coef_[0].astype(np.float64), float(found.intercept_[0]))

    def log_odds(self, X: Matrix) -> Vector:
        """The sum x . w + b for each row of X [B, D] -> [B]."""
        return X @ self.weights + self.intercept

    def p(self, X: Matrix) -> Vector:
        """How likely is the outcome for each row of X [B, D]? -> [B] in (0, 1)."""
        return np.asarray(expit(self.log_odds(X)), dtype=np.float64)

    def contributions(self, X: Matrix) -> Matrix:
        """How far does each input move each user from the average one? Log-odds [B, D]; a row sums to log_odds - b."""
        return X * self.weights

    def to_arrays(self) -> dict[str, NDArray[np.float64]]:
        """The model as named arrays, to be kept in a file."""
        return {"weights": self.weights, "intercept": np.array([self.intercept])}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.float64]]) -> Logistic:
        """The model that `to_arrays` described."""
        return cls(arrays["weights"], float(arrays["intercept"][0]))
