"""What every model of repeat commitments can tell: the contract, and what all of them do alike."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import digamma, gammaln

from tenure.errors import ConfigError, EvidenceError
from tenure.lifecycle.repeats.fitting import FitConfig, Objective, maximise, with_prior
from tenure.lifecycle.repeats.history import Distinct, History, Matrix, Vector
from tenure.seeds import generator

Time = float | Vector
"""A length of time: one for all users, or one per user [B]."""
Count = int | NDArray[np.int64]
Parameters = tuple[Vector, ...]
"""Each parameter of PARAMETERS: of one value [1] for all users, or [B] where it depends on covariates."""

_ROUGH_ROWS = 8_000  # a sample of so many distinct histories finds the neighbourhood of the optimum


@dataclass(frozen=True, kw_only=True, eq=False)
class RepeatModel(ABC):
    """A fitted model of repeat commitments. A window (t1, t2] of the future is the difference of two answers."""

    PARAMETERS: ClassVar[tuple[str, ...]]
    """The parameters, as the paper names them; each is above 0."""
    SCALES: ClassVar[Mapping[str, str]]
    """Those that are a time, of the order of the "gap" between commitments or of the "span" observed."""
    SHIFTED: ClassVar[Mapping[str, int]]
    """Those that depend on covariates: parameter_i = parameter * exp(sign * effects . z_i), and the sign."""

    effects: Matrix = field(default_factory=lambda: np.zeros((0, 0)))
    """Effect of each covariate on each parameter of SHIFTED [S, C]; [0, 0] without covariates."""
    covariance: Matrix | None = None
    """Of the logs of the parameters, followed by the effects row by row [K, K]; None if given and not fitted."""

    def __post_init__(self) -> None:
        for name in self.PARAMETERS:
            value = getattr(self, name)
            if not 0 < value < np.inf:
                raise ConfigError(f"{type(self).__name__}.{name}: expected a finite number above 0, got {value!r}")

    @classmethod
    def fit(cls, history: History, *, weights: Vector | None = None, config: FitConfig = FitConfig()) -> Self:
        """Which parameters make these histories most likely?

        Args:
            history: Users, one row each; their covariates, where it has some, enter the model.
            weights: Count a user more or less than once [B].
            config: Strength of the prior, limit of iterations.

        Raises:
            ConfigError: weights that are negative or of another length; a covariate that is the same for every user.
            EvidenceError: no users, or histories that do not settle the parameters. With the default prior only an
                empty history is refused; what a handful of users, or users without a repeat, leave open is then
                answered by the prior, with a large standard error.
        """
        _check_weights(history, weights)
        centre, spread = _standards(history)
        distinct = history.distinct(weights)
        n_effects = len(cls.SHIFTED) * len(centre)
        times = _times(distinct)
        logs = [np.log(times[cls.SCALES[name]]) if name in cls.SCALES else 0.0 for name in cls.PARAMETERS]
        prior_mean = np.array(logs + [0.0] * n_effects)
        names = cls.PARAMETERS + tuple(f"effect {c} on {name}" for name in cls.SHIFTED for c in range(len(centre)))

        def objective_of(rows: Distinct) -> Objective:
            return with_prior(cls._objective(rows, centre, spread), prior_mean, config.prior)

        every = len(distinct.counts) // _ROUGH_ROWS
        rough = objective_of(_every(distinct, every)) if every > 1 else None
        optimum = maximise(objective_of(distinct), prior_mean, names, config, rough=rough)
        unstandardise = cls._unstandardise(centre, spread)
        covariance = unstandardise @ optimum.covariance @ unstandardise.T
        return cls.from_theta(unstandardise @ optimum.theta, len(centre), covariance)

    def log_likelihood(self, history: History) -> Vector:
        """How likely is each user's history? Natural log [B]."""
        return self.likelihood(self.parameters_of(history), history)[0]

    @classmethod
    @abstractmethod
    def likelihood(cls, parameters: Parameters, history: History) -> tuple[Vector, list[Vector]]:
        """The log-likelihood of each history [B], and its derivative in the log of each parameter, each [B]."""

    @abstractmethod
    def p_alive(self, history: History) -> Vector:
        """How likely is each user not to have left for good at T? [B]."""

    @abstractmethod
    def p_any(self, t: Time, history: History) -> Vector:
        """How likely is at least one commitment in (T, T + t]? P(X(T, T + t) >= 1 | x, t_x, T) [B]."""

    @abstractmethod
    def expected(self, t: Time, history: History) -> Vector:
        """How many commitments are to be expected in (T, T + t]? E[X(T, T + t) | x, t_x, T] [B]."""

    @abstractmethod
    def expected_new(self, t: Time, *, covariates: Matrix | None = None) -> Vector:
        """How many repeats will a user make within t of the first commitment? E[X(t)], of t's shape, at least [1].

        A model with covariates needs those of the users [B, C] (or [1, C] for one kind of user at many t).
        """

    @abstractmethod
    def p_count(self, n: Count, t: Time) -> Vector:
        """How likely are exactly n repeats within t of the first commitment? P(X(t) = n), broadcast over n and t.

        Of a user whose covariates are all 0.
        """

    @abstractmethod
    def simulate(self, T: Vector, *, seed: int) -> History:
        """Users as the model believes in them, each observed for a time T [B]."""

    @property
    def standard_errors(self) -> dict[str, float]:
        """How far off could each parameter be? One standard error, by the delta method; of the posterior, with a prior.

        Raises:
            EvidenceError: the parameters were given, not fitted.
        """
        deviations = np.sqrt(np.diag(self._fitted_covariance()))
        errors = {
            name: float(getattr(self, name) * deviation)
            for name, deviation in zip(self.PARAMETERS, deviations[: len(self.PARAMETERS)], strict=True)
        }
        of_effects = deviations[len(self.PARAMETERS) :].reshape(self.effects.shape)
        for name, row in zip(self.SHIFTED, of_effects, strict=False):  # without covariates there are no rows
            errors |= {f"effect {c} on {name}": float(error) for c, error in enumerate(row)}
        return errors

    def draws(self, n: int, *, seed: int) -> Iterator[Self]:
        """Which other parameters would the data have allowed? n models, drawn from the normal law of the logs.

        Raises:
            EvidenceError: the parameters were given, not fitted.
        """
        covariance = self._fitted_covariance()
        centre = np.concatenate([np.log([getattr(self, name) for name in self.PARAMETERS]), self.effects.ravel()])
        chosen = generator(seed, "repeats", "parameters").multivariate_normal(centre, covariance, size=n)
        return (self.from_theta(theta, self.effects.shape[1], covariance) for theta in chosen)

    def to_arrays(self) -> dict[str, NDArray[np.float64]]:
        """The model as named arrays, to be kept in a file."""
        arrays = {"parameters": np.array([getattr(self, name) for name in self.PARAMETERS]), "effects": self.effects}
        return arrays if self.covariance is None else arrays | {"covariance": self.covariance}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.float64]]) -> Self:
        """The model that `to_arrays` described."""
        parameters = dict(zip(cls.PARAMETERS, map(float, arrays["parameters"]), strict=True))
        return cls(**parameters, effects=arrays["effects"], covariance=arrays.get("covariance"))

    @classmethod
    def from_theta(cls, theta: Vector, n_covariates: int, covariance: Matrix | None = None) -> Self:
        """The model whose log-parameters, followed by its effects, are theta [K]."""
        n = len(cls.PARAMETERS)
        effects = theta[n:].reshape(len(cls.SHIFTED) if n_covariates else 0, n_covariates)
        parameters = dict(zip(cls.PARAMETERS, map(float, np.exp(theta[:n])), strict=True))
        return cls(**parameters, effects=effects, covariance=covariance)

    def parameters_of(self, history: History) -> Parameters:
        """The parameters of each user: [1] each without covariates, else [B] where they differ."""
        return self.parameters_at(history.covariates)

    def parameters_at(self, covariates: Matrix | None) -> Parameters:
        """The parameters of users with these covariates [B, C].

        Raises:
            ConfigError: covariates that the model was not fitted with, or none where it was.
        """
        given = 0 if covariates is None else covariates.shape[1]
        if given != self.effects.shape[1]:
            raise ConfigError(
                f"{type(self).__name__} was fitted with {self.effects.shape[1]} covariates; got {given} of each user"
            )
        values = {name: np.array([getattr(self, name)]) for name in self.PARAMETERS}
        if covariates is not None:
            for (name, sign), effect in zip(self.SHIFTED.items(), self.effects, strict=True):
                values[name] = values[name] * np.exp(sign * (covariates @ effect))
        return tuple(values.values())

    @classmethod
    def _objective(cls, rows: Distinct, centre: Vector, spread: Vector) -> Objective:
        """Minus the log-likelihood of theta, for covariates standardised by centre and spread, and its gradient."""
        n = len(cls.PARAMETERS)
        Z = None if rows.history.covariates is None else (rows.history.covariates - centre) / spread

        def objective(theta: Vector) -> tuple[float, Vector]:
            model = cls.from_theta(theta, len(centre))
            values, derivatives = cls.likelihood(model.parameters_at(Z), rows.history)
            weighted = [rows.counts * derivative for derivative in derivatives]
            gradient = [each.sum() for each in weighted]
            if Z is not None:
                for name, sign in cls.SHIFTED.items():
                    gradient.extend(sign * (weighted[cls.PARAMETERS.index(name)] @ Z))
            return -float(rows.counts @ values), -np.array(gradient[:n] + gradient[n:])

        return objective

    @classmethod
    def _unstandardise(cls, centre: Vector, spread: Vector) -> Matrix:
        """The matrix [K, K] from theta for standardised covariates to theta for those that came."""
        n, n_covariates = len(cls.PARAMETERS), len(centre)
        matrix = np.eye(n + len(cls.SHIFTED) * n_covariates)
        for i, (name, sign) in enumerate(cls.SHIFTED.items()):
            of_effect = slice(n + i * n_covariates, n + (i + 1) * n_covariates)
            matrix[of_effect, of_effect] = np.diag(1 / spread)
            matrix[cls.PARAMETERS.index(name), of_effect] = -sign * centre / spread
        return matrix

    def _fitted_covariance(self) -> Matrix:
        if self.covariance is None:
            raise EvidenceError(
                f"This {type(self).__name__} was given its parameters, so nothing tells how sure they are; fit one to "
                f"histories ({type(self).__name__}.fit)"
            )
        return self.covariance


def log_rising(c: Vector, n: Vector) -> tuple[Vector, Vector]:
    """The difference ln Gamma(c + n) - ln Gamma(c) for counts n [B], and its derivative in c; c is [1] or [B]."""
    if len(c) == 1 and len(n) and n.max() < len(n):  # a table of all counts is shorter than the rows
        counts = np.arange(n.max() + 1)
        row = n.astype(np.intp)
        return (gammaln(c + counts) - gammaln(c))[row], (digamma(c + counts) - digamma(c))[row]
    return gammaln(c + n) - gammaln(c), digamma(c + n) - digamma(c)


def _check_weights(history: History, weights: Vector | None) -> None:
    if not len(history):
        raise EvidenceError("There are no users to fit a model of repeats to; expected at least one history")
    if weights is None:
        return
    if np.shape(weights) != (len(history),) or not (np.isfinite(weights) & (np.asarray(weights) >= 0)).all():
        raise ConfigError(f"weights: expected {len(history)} numbers, 0 or more, one per user, got {weights!r}")
    if not np.any(weights):
        raise EvidenceError("Every user has the weight 0; expected at least one above it")


def _standards(history: History) -> tuple[Vector, Vector]:
    """Mean and standard deviation of each covariate [C]."""
    if history.covariates is None:
        return np.zeros(0), np.zeros(0)
    spread = history.covariates.std(axis=0)
    if not spread.all():
        raise ConfigError(
            f"History.covariates: column {int(np.argmin(spread))} is the same for every user, so it has no effect "
            "to be found; leave it out"
        )
    return history.covariates.mean(axis=0), spread


def _times(distinct: Distinct) -> dict[str, float]:
    """The mean time observed, and the mean time between commitments: they give the prior its unit."""
    observed = float(distinct.counts @ distinct.history.T)
    if not observed > 0:
        raise EvidenceError("No user has been observed for any time yet (every T is 0); come back a period later")
    n_users = float(distinct.counts.sum())
    return {"span": observed / n_users, "gap": observed / (n_users + float(distinct.counts @ distinct.history.x))}


def _every(distinct: Distinct, step: int) -> Distinct:
    """Every step-th distinct history, counted as often as all; as they are sorted, it is a stratified sample."""
    rows = np.arange(step // 2, len(distinct.counts), step)
    return Distinct(distinct.history.rows(rows), distinct.counts[rows] * step, rows)
