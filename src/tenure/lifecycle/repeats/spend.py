"""How much is one commitment of a user worth? The Gamma-Gamma model of what users spend at a time."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import digamma, gammaln
from scipy.stats import pearsonr

from tenure.errors import ConfigError, EvidenceError
from tenure.lifecycle.repeats.fitting import FitConfig, maximise, with_prior
from tenure.lifecycle.repeats.history import Matrix, Vector
from tenure.seeds import generator

_LEAST_USERS = 2
_NEGLIGIBLE = 0.05


@dataclass(frozen=True, kw_only=True, eq=False)
class GammaGamma:
    """What a commitment is worth: gamma around a user's own mean, and these means spread over users.

    Each amount of a user is gamma(shape p, rate nu), so that E(amount) = p / nu; nu is gamma(shape q, rate gamma) over
    users. Amounts are above 0, and how much a user spends at a time is taken not to depend on how often
    (`independence` tells whether that holds).

    Source: Fader & Hardie (2013), "The Gamma-Gamma Model of Monetary Value", brucehardie.com/notes/025; Colombo & Jiang
    (1999), Journal of Interactive Marketing 13.
    """

    p: float
    """Shape of a user's amounts: the larger, the more alike they are."""
    q: float
    """Shape of the spread over users; the mean over users is finite above 1."""
    gamma: float
    """Rate of the spread over users, in units of money."""
    covariance: Matrix | None = None
    """Of the logs of p, q, gamma [3, 3]; None where they were given, not fitted."""

    def __post_init__(self) -> None:
        for name in ("p", "q", "gamma"):
            if not 0 < getattr(self, name) < math.inf:
                raise ConfigError(f"GammaGamma.{name}: expected a finite number above 0, got {getattr(self, name)!r}")

    @classmethod
    def fit(cls, x: Vector, mean_value: Vector, *, config: FitConfig = FitConfig()) -> GammaGamma:
        """Which spread of amounts makes these users' means most likely?

        Args:
            x: how many amounts each user's mean is of [B].
            mean_value: the mean [B]. Rows without amounts (x = 0, or a mean that is missing or not above 0) say nothing
                of spend and are left out.
            config: settings of the fit. The prior holds p and q near 1 and gamma near the mean amount, within a factor
                of e^2 (one standard deviation).

        Raises:
            EvidenceError: fewer than two users have an amount; or, without a prior, all have the same mean, or the
                amounts do not settle the parameters.
        """
        x, m = _with_amounts(x, mean_value)
        if len(x) < _LEAST_USERS:
            raise EvidenceError(
                f"Gamma-Gamma: expected at least {_LEAST_USERS} users with an amount above 0, got {len(x)}; "
                "use the mean amount, or wait for more data"
            )
        unit = float(m.mean())
        if config.prior == 0 and float(np.ptp(m)) <= 1e-9 * unit:
            raise EvidenceError(
                f"Gamma-Gamma: all {len(x)} users have the same mean amount ({unit:g}), so their spread cannot be "
                "learnt; use that amount, or a prior (FitConfig.prior above 0)"
            )
        # Amounts in units of their mean: prior and bounds then suit every currency.
        scaled = m / unit

        def objective(theta: Vector) -> tuple[float, Vector]:
            value, slope = _log_likelihood_and_slope(theta, x, scaled)
            return -value, -slope

        centre = np.zeros(3)
        penalised = with_prior(objective, centre, config.prior)
        optimum = maximise(penalised, centre, ("p", "q", "gamma"), config, rough=None)
        p, q, gamma = (float(value) for value in np.exp(optimum.theta))
        return cls(p=p, q=q, gamma=gamma * unit, covariance=optimum.covariance)

    def log_likelihood(self, x: Vector, mean_value: Vector) -> float:
        """How likely are these means in all? Natural log, of the users with an amount; equation (1a) of the paper."""
        x, m = _with_amounts(x, mean_value)
        return float(_log_likelihood_and_slope(np.log([self.p, self.q, self.gamma]), x, m)[0])

    @property
    def mean(self) -> float:
        """What is a commitment of a user worth of whom nothing is known? p gamma / (q - 1); infinite unless q > 1."""
        return self.p * self.gamma / (self.q - 1) if self.q > 1 else math.inf

    def expected(self, x: Vector, mean_value: Vector) -> Vector:
        """What is the next commitment of each user worth, on average? [B].

        E(M | x, m) = p (gamma + m x) / (p x + q - 1), equation (5): users without amounts get the mean over users, the
        others a value between it and their own.

        Raises:
            EvidenceError: p x + q <= 1 for a user, so that the mean over users like them is infinite; without amounts
                (x = 0) that is so wherever q <= 1.
        """
        x, mean_value = np.asarray(x, np.float64), np.asarray(mean_value, np.float64)
        known = (x > 0) & np.nan_to_num(mean_value > 0)
        x, m = np.where(known, x, 0.0), np.where(known, mean_value, 0.0)
        # The mean over users is that of an inverse gamma of shape p x + q, which has none at or below 1; the formula
        # would go on and give amounts below 0.
        shape = self.p * x + self.q
        is_endless = shape <= 1
        if is_endless.any():
            raise EvidenceError(
                f"Gamma-Gamma: the mean over users is infinite for {int(is_endless.sum())} of {len(x)} users "
                f"(p x + q = {shape.min():g}, expected above 1; p = {self.p:g}, q = {self.q:g}), so nothing can be "
                "said of those without amounts or with few; fit with a prior (FitConfig.prior above 0), or cap the "
                "amounts"
            )
        return np.asarray(self.p * (self.gamma + m * x) / (shape - 1), dtype=np.float64)

    def simulate(self, n: NDArray[np.int64], x: Vector, mean_value: Vector, rng: np.random.Generator) -> Vector:
        """How much might n further commitments of each user be worth together? One draw for each of n, [..., B].

        Given a user's amounts, nu is gamma(q + p x, rate gamma + m x), and a sum of n more is gamma(p n, rate nu); the
        windows of one user share their nu.
        """
        known = (x > 0) & np.nan_to_num(mean_value > 0)
        x, m = np.where(known, x, 0.0), np.where(known, mean_value, 0.0)
        nu = rng.standard_gamma(self.q + self.p * x) / (self.gamma + m * x)
        worth, comes = np.zeros(n.shape), n > 0
        worth[comes] = rng.standard_gamma(self.p * n[comes])
        return np.asarray(worth / np.maximum(nu, np.finfo(np.float64).tiny), dtype=np.float64)

    @property
    def standard_errors(self) -> dict[str, float]:
        """How far off could each parameter be? One standard error, by the delta method.

        Raises:
            EvidenceError: the parameters were given, not fitted.
        """
        names = ("p", "q", "gamma")
        errors = np.sqrt(np.diag(self._known_covariance()))
        return {name: float(getattr(self, name) * error) for name, error in zip(names, errors, strict=True)}

    def draws(self, n: int, *, seed: int) -> Iterator[GammaGamma]:
        """Which other parameters would the data have allowed? n models, from the normal law of the log-parameters."""
        centre = np.log([self.p, self.q, self.gamma])
        rng = generator(seed, "gamma-gamma parameters")
        for theta in rng.multivariate_normal(centre, self._known_covariance(), size=n, method="eigh"):
            p, q, gamma = (float(value) for value in np.exp(theta))
            yield GammaGamma(p=p, q=q, gamma=gamma)

    def to_arrays(self) -> dict[str, NDArray[np.float64]]:
        """The model as named arrays, to be kept in a file."""
        arrays = {name: np.array([getattr(self, name)]) for name in ("p", "q", "gamma")}
        return arrays if self.covariance is None else {**arrays, "covariance": self.covariance}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.float64]]) -> GammaGamma:
        """The model that `to_arrays` described."""
        p, q, gamma = (float(arrays[name][0]) for name in ("p", "q", "gamma"))
        return cls(p=p, q=q, gamma=gamma, covariance=arrays.get("covariance"))

    def _known_covariance(self) -> Matrix:
        if self.covariance is None:
            raise EvidenceError("GammaGamma: parameters that were given have no standard errors; fit the model to data")
        return self.covariance


@dataclass(frozen=True, slots=True)
class Independence:
    """Does what users spend at a time depend on how often they come?"""

    correlation: float
    """Of the number of amounts and their mean, over users with amounts."""
    p_value: float
    """How likely a correlation this far from 0 would be if there were none."""
    n_users: int

    @property
    def sentence(self) -> str:
        """The finding in words."""
        told = f"correlation {self.correlation:+.2f} over {self.n_users:,} users"
        if self.p_value > 0.05:
            return f"How much users spend at a time does not depend on how often they come ({told})."
        if abs(self.correlation) <= _NEGLIGIBLE:
            return f"How much users spend at a time hardly depends on how often they come ({told})."
        more = "more" if self.correlation > 0 else "less"
        off = "under" if self.correlation > 0 else "over"
        return (
            f"Users who come more often spend {more} at a time ({told}). The Gamma-Gamma model takes the two to be "
            f"independent: it may {off}state the value of the users who come most."
        )


def independence(x: Vector, mean_value: Vector) -> Independence:
    """May frequency and spend be modelled apart? The assumption of Gamma-Gamma, checked on users with amounts.

    Raises:
        EvidenceError: fewer than three such users, or all alike in one of the two.
    """
    x, m = _with_amounts(x, mean_value)
    if len(x) < 3 or np.ptp(x) == 0 or np.ptp(m) == 0:
        raise EvidenceError(
            f"independence: expected three or more users who differ in both number and mean of amounts, got {len(x)}"
        )
    found = pearsonr(x, m)
    return Independence(float(found.statistic), float(found.pvalue), len(x))


def _with_amounts(x: Vector, mean_value: Vector) -> tuple[Vector, Vector]:
    x, mean_value = np.asarray(x, np.float64), np.asarray(mean_value, np.float64)
    if x.shape != mean_value.shape or x.ndim != 1:
        raise ConfigError(
            f"Gamma-Gamma: expected x and mean_value with one row per user each, got shapes {x.shape}, "
            f"{mean_value.shape}"
        )
    if np.isinf(mean_value).any() or not (np.isfinite(x).all() and (x >= 0).all()):
        raise ConfigError("Gamma-Gamma: expected numbers of amounts of 0 or more, and no infinite mean")
    known = (x > 0) & np.nan_to_num(mean_value > 0)
    return x[known], mean_value[known]


def _log_likelihood_and_slope(theta: Vector, x: Vector, m: Vector) -> tuple[float, Vector]:
    """Sum over users and its derivatives by log p, log q, log gamma. Equation (1a) of Fader & Hardie (2013)."""
    p, q, gamma = np.exp(theta)
    px = p * x
    total = gamma + m * x
    # Gamma(px + q) / (Gamma(px) Gamma(q)) * gamma^q m^(px - 1) x^px / (gamma + m x)^(px + q)
    terms = (gammaln(px + q) - gammaln(px) - gammaln(q) + q * np.log(gamma) - np.log(m) + px * np.log(m * x)) - (
        px + q
    ) * np.log(total)
    by_p = x * (digamma(px + q) - digamma(px) + np.log(m * x / total))
    by_q = digamma(px + q) - digamma(q) + np.log(gamma / total)
    by_gamma = q / gamma - (px + q) / total
    slope = np.array([p * by_p.sum(), q * by_q.sum(), gamma * by_gamma.sum()])
    return float(terms.sum()), slope
