"""How a model of repeats is fitted: bounded L-BFGS on the logs of the parameters, over the distinct histories."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from tenure.errors import ConfigError, EvidenceError

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Objective = Callable[[Vector], tuple[float, Vector]]
"""theta [K] -> minus the log posterior, and its gradient [K]."""

BOUND = 10.0
"""No log-parameter moves further from its prior mean: shapes stay within e^-10 and e^10."""
_PRIOR_SD = 2.0
_STARTS = (0.0, -1.0, 1.0)  # of the log-shapes, until one converges
_CHORDS = 8
_REMAINING = 1e-4  # log-likelihood still to be won at which a fit counts as converged


@dataclass(frozen=True, slots=True)
class FitConfig:
    """How to fit a model of repeats."""

    prior: float = 1.0
    """How much a weak prior counts: 0 is pure maximum likelihood, as in the papers.

    The prior is log-normal: each shape lies near 1, the scale of rates near the mean time between commitments, and the
    scale of lives near the mean time observed, within a factor of e^2 = 7.4 (one standard deviation); the effect of a
    covariate lies near 0, within 2 per standard deviation of it. It hardly moves a fit to thousands of users, and keeps
    a handful of them from being fitted by an infinite parameter.
    """
    max_iterations: int = 500
    """Steps of L-BFGS-B before the fit is refused as not converged."""

    def __post_init__(self) -> None:
        if not 0 <= self.prior < np.inf:
            raise ConfigError(f"FitConfig.prior: expected a finite number, 0 or more, got {self.prior!r}")
        if self.max_iterations < 1:
            raise ConfigError(f"FitConfig.max_iterations: expected 1 or more, got {self.max_iterations!r}")


@dataclass(frozen=True, eq=False)
class Optimum:
    """Where a log posterior is largest."""

    theta: Vector
    """The logs of the parameters, followed by the effects [K]."""
    covariance: Matrix
    """Inverse of the observed information [K, K]."""


def with_prior(objective: Objective, prior_mean: Vector, strength: float) -> Objective:
    """The objective with a normal prior on theta, N(prior_mean, 2^2), counted `strength` times."""

    def penalised(theta: Vector) -> tuple[float, Vector]:
        value, gradient = objective(theta)
        z = (theta - prior_mean) / _PRIOR_SD
        return value + 0.5 * strength * float(z @ z), gradient + strength * z / _PRIOR_SD

    return penalised


def maximise(
    objective: Objective, prior_mean: Vector, names: tuple[str, ...], config: FitConfig, *, rough: Objective | None
) -> Optimum:
    """Which theta makes the objective smallest, and how sharply?

    `rough` is a cheaper objective, on a part of the rows, whose optimum is a good start.

    Raises:
        EvidenceError: a parameter runs to 0 or infinity, the data do not settle one, or the fit does not converge.
    """
    remaining = np.inf
    for shift in _STARTS:
        theta = _descend(rough or objective, prior_mean + shift, prior_mean, config)
        if rough is not None:
            theta = _refine(objective, theta, _information(rough, theta), prior_mean, config)
        _refuse_runaways(theta, prior_mean, names)
        curvatures, directions = np.linalg.eigh(_information(objective, theta))
        if curvatures[0] <= BOUND**-2:  # a standard error as wide as the bounds
            continue
        covariance = (directions / curvatures) @ directions.T
        gradient = objective(theta)[1]
        remaining = 0.5 * float(gradient @ covariance @ gradient)
        if remaining < _REMAINING:
            return Optimum(theta, covariance)
    if np.isinf(remaining):
        weakest = names[int(np.argmax(np.abs(directions[:, 0])))]
        raise EvidenceError(
            f"The histories do not settle {weakest}: the likelihood is flat along it. Fit more users, or use a prior "
            "(FitConfig.prior above 0)"
        )
    raise EvidenceError(
        f"The fit has not converged within {config.max_iterations} iterations (FitConfig.max_iterations): some "
        f"{remaining:.2g} of log-likelihood is still to be won. Raise the limit, or use a prior (FitConfig.prior "
        "above 0)"
    )


def _descend(objective: Objective, start: Vector, prior_mean: Vector, config: FitConfig) -> Vector:
    size = max(1.0, abs(objective(start)[0]))  # L-BFGS-B's tolerances suit an objective of the order of 1

    def scaled(theta: Vector) -> tuple[float, Vector]:
        value, gradient = objective(theta)
        return value / size, gradient / size

    found = minimize(
        scaled,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=np.stack([prior_mean - BOUND, prior_mean + BOUND], axis=1),
        options={"maxiter": config.max_iterations, "maxfun": 20 * config.max_iterations, "ftol": 1e-15, "gtol": 1e-9},
    )
    return np.asarray(found.x, dtype=np.float64)


def _refine(objective: Objective, start: Vector, information: Matrix, prior_mean: Vector, config: FitConfig) -> Vector:
    """The optimum of all rows, from that of a part and its curvature, which is nearly theirs: a few Newton steps."""
    theta = start
    for _ in range(_CHORDS):
        gradient = objective(theta)[1]
        step = np.linalg.lstsq(information, gradient)[0]
        if 0.5 * abs(float(gradient @ step)) < _REMAINING / 100:
            return theta
        theta = theta - step
        if (np.abs(theta - prior_mean) > BOUND).any():
            break
    return _descend(objective, start, prior_mean, config)


def _information(objective: Objective, theta: Vector, *, step: float = 1e-5) -> Matrix:
    """The second derivatives, by differences of the exact gradient."""
    here = objective(theta)[1]
    information = np.array([objective(theta + move)[1] - here for move in step * np.eye(len(theta))]) / step
    return np.asarray((information + information.T) / 2, dtype=np.float64)


def _refuse_runaways(theta: Vector, prior_mean: Vector, names: tuple[str, ...]) -> None:
    beyond = np.abs(theta - prior_mean) > BOUND - 1e-6
    if beyond.any():
        where = int(np.argmax(beyond))
        towards = "infinity" if theta[where] > prior_mean[where] else "0"
        raise EvidenceError(
            f"The likelihood keeps rising as {names[where]} goes to {towards}: these histories hold too little of what "
            "it describes (too few repeats, users who do not differ, or nobody who left). Fit more users, or use a "
            "prior (FitConfig.prior above 0)"
        )
