"""Pareto/NBD: users may leave at any moment, whether or not they have just come."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar

import numpy as np
from scipy.special import expit, exprel, gammaln, xlogy

from tenure.lifecycle.repeats.history import History, Matrix, Vector
from tenure.lifecycle.repeats.model import Count, Parameters, RepeatModel, Time, log_rising
from tenure.lifecycle.repeats.quadrature import count_integral, power_integral
from tenure.seeds import generator


@dataclass(frozen=True, kw_only=True, eq=False)
class ParetoNBD(RepeatModel):
    """The Pareto / NBD model: commitments at a rate lambda ~ Gamma(r, alpha), a life of rate mu ~ Gamma(s, beta).

    The life of a user drawn at random is Pareto. Slower to fit than BG/NBD, and often the better forecast.

    With covariates alpha_i = alpha exp(-g1 . z_i) and beta_i = beta exp(-g2 . z_i).

    Source: Schmittlein, Morrison & Colombo (1987), Counting your customers, Management Science 33(1); Fader & Hardie
    (2005), A note on deriving the Pareto/NBD model and related expressions, whose equations are numbered below;
    covariates: Fader & Hardie (2007), Incorporating time-invariant covariates. Where the papers have differences of 2F1
    we take the integral that they solve (see `quadrature`).

    >>> from tenure.lifecycle.repeats.history import History
    >>> model = ParetoNBD(r=0.553, alpha=10.578, s=0.606, beta=11.669)
    >>> np.round(model.expected(52, History([26], [30.86], [31])), 2)
    array([25.46])
    """

    PARAMETERS: ClassVar = ("r", "alpha", "s", "beta")
    SCALES: ClassVar = MappingProxyType({"alpha": "gap", "beta": "span"})
    SHIFTED: ClassVar = MappingProxyType({"alpha": -1, "beta": -1})

    r: float
    """Shape of the rates: the smaller, the more they differ."""
    alpha: float
    """Scale of the rates, a time: r / alpha commitments per unit of time on average."""
    s: float
    """Shape of the chances to leave: the smaller, the more they differ."""
    beta: float
    """Scale of the chances to leave, a time."""

    @classmethod
    def likelihood(cls, parameters: Parameters, history: History) -> tuple[Vector, list[Vector]]:
        """The log-likelihood, and its derivatives in ln r, ln alpha, ln s and ln beta.

        L = Gamma(r + x) / Gamma(r) alpha^r beta^s [(alpha + T)^-(r + x) (beta + T)^-s + s A], where A is the integral
        of (alpha + u)^-(r + x) (beta + u)^-(s + 1) over the moments u in (t_x, T) at which the user may have left.
        """
        r, alpha, s, beta = parameters
        p = r + history.x
        rise_r, d_rise_r = log_rising(r, history.x)
        log_alpha, log_beta = np.log(alpha), np.log(beta)
        at_alpha, at_beta = alpha + history.T, beta + history.T
        log_alpha_T, log_beta_T = np.log(at_alpha), np.log(at_beta)
        A = power_integral((alpha, p), (beta, s + 1), history.t_x, history.T)
        here, gone = -p * log_alpha_T - s * log_beta_T, np.log(s) + A.log_value
        left = expit(gone - here)
        value = rise_r + r * log_alpha + s * log_beta + np.logaddexp(here, gone)
        d_r = d_rise_r + log_alpha - (1 - left) * log_alpha_T - left * A.log_alpha
        d_alpha = r / alpha - p * ((1 - left) / at_alpha + left * A.inverse_alpha)
        d_s = log_beta - (1 - left) * log_beta_T + left * (1 / s - A.log_beta)
        d_beta = s / beta - (1 - left) * s / at_beta - left * (s + 1) * A.inverse_beta
        return value, [r * d_r, alpha * d_alpha, s * d_s, beta * d_beta]

    def p_alive(self, history: History) -> Vector:
        """How likely is each user not to have left for good at T? [B].

        To rank users by who comes again, `p_any` is better (AUC on the CDNOW sample: p_alive 0.726, expected 0.779).
        """
        r, alpha, s, beta = self.parameters_of(history)
        p, T = r + history.x, history.T
        A = power_integral((alpha, p), (beta, s + 1), history.t_x, T)
        return np.asarray(expit(-(np.log(s) + A.log_value + p * np.log(alpha + T) + s * np.log(beta + T))))

    def p_any(self, t: Time, history: History) -> Vector:
        """How likely is at least one commitment in (T, T + t]? [B].

        P(alive) times the chance that the next one comes within t, before the end of life: the integral of
        (r + x) (alpha + T)^(r + x) (beta + T)^s (alpha + T + u)^-(r + x + 1) (beta + T + u)^-s over u in (0, t).
        """
        r, alpha, s, beta = self.parameters_of(history)
        p, at_alpha, at_beta = r + history.x, alpha + history.T, beta + history.T
        A = power_integral((at_alpha, p + 1), (at_beta, s), np.zeros(1), np.asarray(t, dtype=np.float64))
        log_comes = np.log(p) + p * np.log(at_alpha) + s * np.log(at_beta) + A.log_value
        return np.asarray(self.p_alive(history) * np.exp(np.minimum(log_comes, 0.0)))

    def expected(self, t: Time, history: History) -> Vector:
        """How many commitments are to be expected in (T, T + t]? [B] (eq. 41)."""
        r, alpha, s, beta = self.parameters_of(history)
        rate = (r + history.x) / (alpha + history.T)
        return np.asarray(self.p_alive(history) * rate * _mean_life(s, beta + history.T, np.asarray(t)))

    def expected_new(self, t: Time, *, covariates: Matrix | None = None) -> Vector:
        """How many repeats will a user make within t of the first commitment? E[X(t)], of t's shape, at least [1]."""
        r, alpha, s, beta = self.parameters_at(covariates)
        return np.asarray(r / alpha * _mean_life(s, beta, np.asarray(t)))

    def p_count(self, n: Count, t: Time) -> Vector:
        """How likely are exactly n repeats within t of the first commitment? P(X(t) = n), broadcast over n and t."""
        counts, t = np.broadcast_arrays(np.asarray(n, dtype=np.float64), np.asarray(t, dtype=np.float64))
        r, alpha, s, beta = self.r, self.alpha, self.s, self.beta
        arrivals = xlogy(counts, t / (alpha + t)) + r * (np.log(alpha) - np.log(alpha + t))
        chances = gammaln(r + counts) - gammaln(r) - gammaln(counts + 1)
        here = arrivals + s * (np.log(beta) - np.log(beta + t))
        gone = np.log(s) + r * np.log(alpha) + s * np.log(beta) + count_integral(counts, (alpha, r), (beta, s + 1), t)
        return np.asarray(np.exp(chances + np.logaddexp(here, gone)))

    def simulate(self, T: Vector, *, seed: int) -> History:
        """Users as the model believes in them, each observed for a time T [B]."""
        draw = generator(seed, "repeats", "pareto")
        rate = draw.gamma(self.r, 1 / self.alpha, size=len(T))
        leaving = draw.gamma(self.s, 1 / self.beta, size=len(T))
        life = np.minimum(T, draw.exponential(size=len(T)) / np.maximum(leaving, np.finfo(float).tiny))
        x = draw.poisson(rate * life).astype(np.float64)
        return History(x, np.where(x > 0, life * draw.beta(np.maximum(x, 1), 1), 0.0), T)


def _mean_life(s: Vector, beta: Vector, t: Vector) -> Vector:
    """Mean time alive within t: beta / (s - 1) [1 - (beta / (beta + t))^(s - 1)], and its limit at s = 1."""
    log_growth = np.log1p(t / beta)
    return np.asarray(beta * log_growth * exprel(-(s - 1) * log_growth))
