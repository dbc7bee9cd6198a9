"""What every model of repeat commitments can tell: the contract, and what all of them do alike."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from tenure.errors import ConfigError, EvidenceError
from tenure.lifecycle.repeats.fitting import FitConfig
from tenure.lifecycle.repeats.history import History, Matrix, Vector
from tenure.seeds import generator

Time = float | Vector
"""A length of time: one for all users, or one per user [B]."""


def _no_effects() -> Matrix:
    return np.zeros((0, 0))


@dataclass(frozen=True, kw_only=True, eq=False)
class RepeatModel(ABC):
    """A fitted model of repeat commitments. A window (t1, t2] of the future is a difference of two answers."""

    PARAMETERS: ClassVar[tuple[str, ...]]
    """The parameters, as the paper names them; each is above 0."""
    SCALES: ClassVar[frozenset[str]]
    """Those that are a time; the others are shapes, without a unit."""
    SHIFTED: ClassVar[Mapping[str, int]]
    """Those that depend on covariates: parameter_i = parameter * exp(sign * effects . z_i), and the sign."""

    effects: Matrix = field(default_factory=_no_effects)
    """Effect of each covariate [len(SHIFTED), C] on each parameter of SHIFTED; empty without covariates."""
    covariance: Matrix | None = None
    """Of the logs of the parameters followed by the effects, row by row [K, K]; None where they were given, not fitted."""

    @classmethod
    @abstractmethod
    def fit(cls, history: History, *, weights: Vector | None = None, config: FitConfig = FitConfig()) -> Self:
        """Which parameters make these histories most likely?"""

    @abstractmethod
    def log_likelihood(self, history: History) -> Vector:
        """How likely is each user's history? Natural log [B]."""

    @abstractmethod
    def p_alive(self, history: History) -> Vector:
        """How likely is each user not to have left for good at T? [B]."""

    @abstractmethod
    def p_any(self, t: Time, history: History) -> Vector:
        """How likely is at least one commitment in (T, T + t]? [B]."""

    @abstractmethod
    def expected(self, t: Time, history: History) -> Vector:
        """How many commitments are to be expected in (T, T + t]? E[X(T, T + t) | x, t_x, T] [B]."""

    @abstractmethod
    def expected_new(self, t: Time) -> Vector:
        """How many repeats will a user make within t of the first commitment? E[X(t)], of t's shape."""

    @abstractmethod
    def p_count(self, n: int | NDArray[np.int64], t: Time) -> Vector:
        """How likely are exactly n repeats within t of the first commitment? P(X(t) = n), broadcast over n and t."""

    @property
    def standard_errors(self) -> dict[str, float]:
        """How far off could each parameter be? One standard error, by the delta method; with the prior, if one was used.

        Raises:
            EvidenceError: the parameters were given, not fitted.
        """
        raise NotImplementedError

    def draws(self, n: int, *, seed: int) -> Iterator[Self]:
        """Which other parameters would the data have allowed? n models, drawn from the normal law of the log-parameters."""
        raise NotImplementedError

    def to_arrays(self) -> dict[str, NDArray[np.float64]]:
        """The model as named arrays, to be kept in a file."""
        raise NotImplementedError

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.float64]]) -> Self:
        """The model that `to_arrays` described."""
        raise NotImplementedError
