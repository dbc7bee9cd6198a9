"""A stack: the forecasts of several models mixed, each weighed by what its honest forecasts were worth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, logit

from tenure.errors import ConfigError, EvidenceError
from tenure.prediction.examples import Matrix, Vector

_SURE = 1e-6
"""Forecasts nearer to 0 or 1 than this are taken for it: log-odds stay finite."""


@dataclass(frozen=True, eq=False)
class Stack:
    """p = sigma(b + sum over models of w_m logit(p_m)), every w_m >= 0.

    >>> Stack(weights=np.array([0.5, 0.5]), intercept=0.0).combine(np.array([[0.2, 0.8], [0.9, 0.9]])).round(3).tolist()
    [0.5, 0.9]
    """

    weights: Vector
    """Of the log-odds of each model [M]; 0 = the others say all that it knows."""
    intercept: float
    """Log-odds that all models lack alike."""

    @classmethod
    def fit(cls, p: Matrix, y: Vector, *, prior_rows: float = 200.0) -> Stack:
        """Which mix of forecasts p [B, M] makes the outcomes y [B] most likely?

        Minimises the summed log-loss + prior_rows / 2 * |w - 1/M|^2. Forecasts of good models are nearly alike, so that
        data tell their sum of weights well and how it is shared out badly: the prior says evenly, as if it had seen
        `prior_rows` rows. `p` must be honest forecasts: a model that had seen `y` would take all the weight.

        Raises:
            EvidenceError: there is no row.
            ConfigError: p is not [B, M] for y [B] with at least one model, or is no probability.

        Source: Wolpert (1992), Neural Networks 5, with the weights kept at 0 or above as in Breiman (1996), Machine
        Learning 24.
        """
        if p.ndim != 2 or not p.shape[1] or p.shape[:1] != y.shape:
            raise ConfigError(f"Stack: expected forecasts [B, M] of outcomes [B], got shapes {p.shape} and {y.shape}")
        if not len(y):
            raise EvidenceError("Stack: expected honest forecasts of at least one row, got none")
        z, even = _log_odds(p), np.full(p.shape[1], 1 / p.shape[1])

        def loss_and_gradient(theta: Vector) -> tuple[float, Vector]:
            weights, intercept = theta[:-1], theta[-1]
            total = z @ weights + intercept
            excess = expit(total) - y
            loss = np.logaddexp(0.0, total).sum() - y @ total + prior_rows / 2 * ((weights - even) ** 2).sum()
            gradient = np.append(z.T @ excess + prior_rows * (weights - even), excess.sum())
            return float(loss) / len(y), gradient / len(y)

        # Outcomes all alike would drive the intercept without end.
        bounds = [(0.0, None)] * p.shape[1] + [(-10.0, 10.0)]
        found = minimize(loss_and_gradient, np.append(even, 0.0), jac=True, method="L-BFGS-B", bounds=bounds).x
        return cls(found[:-1], float(found[-1]))

    def combine(self, p: Matrix) -> Vector:
        """The mixed forecast of each row of p [B, M] -> [B].

        Raises:
            ConfigError: p has another number of models, or is no probability.
        """
        if p.ndim != 2 or p.shape[1] != len(self.weights):
            raise ConfigError(f"Stack: expected forecasts of {len(self.weights)} models [B, M], got shape {p.shape}")
        return np.asarray(expit(_log_odds(p) @ self.weights + self.intercept), dtype=np.float64)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """The stack as arrays."""
        return {"weights": self.weights, "intercept": np.array(self.intercept)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Stack:
        """The stack that `to_arrays` described."""
        return cls(arrays["weights"], float(arrays["intercept"]))


def _log_odds(p: Matrix) -> Matrix:
    if not ((p >= 0) & (p <= 1)).all():
        raise ConfigError("Stack: expected probabilities between 0 and 1")
    return np.asarray(logit(np.clip(p, _SURE, 1 - _SURE)), dtype=np.float64)
