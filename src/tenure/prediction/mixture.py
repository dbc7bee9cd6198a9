"""Normal forecasts whose settings are unknown: every setting is tried, and counts as much as the data bear it out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve
from scipy.special import logsumexp, ndtr

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

_HALVINGS = 36


@dataclass(frozen=True, eq=False)
class Setting:
    """One joint normal law of n numbers that were seen and M that were not, and how credible it is beforehand."""

    log_prior: float
    mean: Vector
    """Of the seen ones [n]."""
    covariance: Matrix
    """Of the seen ones, their measurement errors included [n, n]."""
    next_mean: Vector
    """Of the others [M]."""
    next_variance: Vector
    """[M]"""
    cross: Matrix
    """Covariance of seen and others [n, M]."""


@dataclass(frozen=True, eq=False)
class Mixture:
    """M numbers, each spread like a weighted mixture of G normal laws."""

    weights: Vector
    """[G], summing to 1."""
    means: Matrix
    """[G, M]"""
    sds: Matrix
    """[G, M]"""

    @property
    def mean(self) -> Vector:
        """Of each number [M]."""
        return self.weights @ self.means

    @property
    def sd(self) -> Vector:
        """Standard deviation of each number [M]."""
        return np.sqrt(np.maximum(self.weights @ (self.sds**2 + self.means**2) - self.mean**2, 0.0))

    def quantiles(self, levels: Vector) -> Matrix:
        """Below which value does each number lie with these probabilities? [Q] -> [Q, M]."""
        reach = 10 * self.sds.max(axis=0)
        low = np.tile(self.means.min(axis=0) - reach, (len(levels), 1))
        high = np.tile(self.means.max(axis=0) + reach, (len(levels), 1))
        sds = np.maximum(self.sds, 1e-12)
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            below = np.einsum("g,gqm->qm", self.weights, ndtr((middle - self.means[:, None]) / sds[:, None]))
            is_low = below < levels[:, None]
            low, high = np.where(is_low, middle, low), np.where(is_low, high, middle)
        return np.asarray((low + high) / 2, dtype=np.float64)

    def log_density(self, value: float, error: float, at: int = 0) -> float:
        """How well was this value of one of the numbers foreseen, when it is measured with such a standard error?"""
        variance = self.sds[:, at] ** 2 + error**2
        log_normal = -0.5 * (np.log(2 * np.pi * variance) + (value - self.means[:, at]) ** 2 / variance)
        return float(logsumexp(log_normal, b=self.weights))


def condition(seen: Vector, settings: Iterable[Setting]) -> Mixture:
    """What do the numbers seen [n] say about the others, whichever setting is true?

    Each setting is weighed by its prior times the likelihood it gives to what was seen: with few numbers the prior
    prevails. Source: Rasmussen & Williams (2006), Gaussian Processes for Machine Learning, equations 2.25, 2.26, 2.30.
    """
    log_weights, means, sds = [], [], []
    for setting in settings:
        surprise = seen - setting.mean
        factor = cho_factor(setting.covariance, lower=True)
        solved = cho_solve(factor, np.column_stack([surprise, setting.cross]))
        log_determinant = 2 * np.log(np.diag(factor[0])).sum()
        log_weights.append(setting.log_prior - 0.5 * (surprise @ solved[:, 0] + log_determinant))
        means.append(setting.next_mean + setting.cross.T @ solved[:, 0])
        sds.append(np.sqrt(np.maximum(setting.next_variance - (setting.cross * solved[:, 1:]).sum(axis=0), 0.0)))
    log_evidence = np.array(log_weights)
    return Mixture(np.exp(log_evidence - logsumexp(log_evidence)), np.array(means), np.array(sds))
