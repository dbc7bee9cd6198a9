"""What BG/NBD and MBG/NBD share: after a commitment, each user leaves for good with a probability of their own.

Commitments come at a rate lambda ~ Gamma(r, alpha) while a user stays; after one, the user leaves with probability
p ~ Beta(a, b). The two models differ in whether the first commitment, too, can be the last.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar

import numpy as np
from scipy.special import betainc, betaln, expit, gammaln, xlogy

from tenure.lifecycle.repeats.history import History, Matrix, Vector
from tenure.lifecycle.repeats.model import Count, Parameters, RepeatModel, Time, log_rising
from tenure.lifecycle.repeats.quadrature import mean_commitments
from tenure.seeds import generator


@dataclass(frozen=True, kw_only=True, eq=False)
class BetaGeometric(RepeatModel):
    """Rate lambda ~ Gamma(r, alpha); a chance p ~ Beta(a, b) to leave after a commitment."""

    PARAMETERS: ClassVar = ("r", "alpha", "a", "b")
    SCALES: ClassVar = MappingProxyType({"alpha": "gap"})
    SHIFTED: ClassVar = MappingProxyType({"alpha": -1, "a": 1, "b": 1})
    FIRST: ClassVar[int]
    """1 if a user may leave right after the first commitment, 0 if only after a repeat."""

    r: float
    """Shape of the rates: the smaller, the more they differ."""
    alpha: float
    """Scale of the rates, a time: r / alpha commitments per unit of time on average."""
    a: float
    """Of the chance to leave, a / (a + b) on average."""
    b: float
    """Of the chance to stay."""

    @classmethod
    def likelihood(cls, parameters: Parameters, history: History) -> tuple[Vector, list[Vector]]:
        """The log-likelihood A1 + A2 + ln(e^A3 + [x + FIRST > 0] e^A4), and its derivatives in the logs of r to b."""
        r, alpha, a, b = parameters
        x, k = history.x, history.x + cls.FIRST  # k chances to leave were not taken by who is still here
        rise_r, d_rise_r = log_rising(r, x)
        rise_b, d_rise_b = log_rising(b, k)
        rise_ab, d_rise_ab = log_rising(a + b, k)
        at_T, at_t_x = alpha + history.T, alpha + history.t_x
        log_T, log_t_x, log_alpha = np.log(at_T), np.log(at_t_x), np.log(alpha)
        can_leave = k > 0
        stays = np.where(can_leave, b + k - 1, 1.0)
        A3 = -(r + x) * log_T
        A4 = np.where(can_leave, np.log(a) - np.log(stays) - (r + x) * log_t_x, -np.inf)
        left = expit(A4 - A3)
        value = rise_r + r * log_alpha + rise_b - rise_ab + np.logaddexp(A3, A4)
        d_r = d_rise_r + log_alpha - (1 - left) * log_T - left * log_t_x
        d_alpha = r / alpha - (r + x) * ((1 - left) / at_T + left / at_t_x)
        d_a = left / a - d_rise_ab
        d_b = d_rise_b - d_rise_ab - left / stays
        return value, [r * d_r, alpha * d_alpha, a * d_a, b * d_b]

    def p_alive(self, history: History) -> Vector:
        """How likely is each user not to have left for good at T? [B]."""
        r, alpha, a, b = self.parameters_of(history)
        k = history.x + self.FIRST
        log_odds_left = np.log(a / np.where(k > 0, b + k - 1, 1.0)) + (r + history.x) * (
            np.log(alpha + history.T) - np.log(alpha + history.t_x)
        )
        return np.where(k > 0, expit(-log_odds_left), 1.0)

    def p_any(self, t: Time, history: History) -> Vector:
        """How likely is at least one commitment in (T, T + t]? [B].

        P(alive) [1 - ((alpha + T) / (alpha + T + t))^(r + x)]: whoever is alive at T may leave only after the next one.
        """
        r, alpha, _, _ = self.parameters_of(history)
        return -self.p_alive(history) * np.expm1(-(r + history.x) * np.log1p(t / (alpha + history.T)))

    def expected(self, t: Time, history: History) -> Vector:
        """How many commitments are to be expected in (T, T + t]? [B]."""
        r, alpha, a, b = self.parameters_of(history)
        k = history.x + self.FIRST
        return self.p_alive(history) * mean_commitments(r + history.x, alpha + history.T, a, b + k, np.asarray(t))

    def expected_new(self, t: Time, *, covariates: Matrix | None = None) -> Vector:
        """How many repeats will a user make within t of the first commitment? E[X(t)], of t's shape, at least [1]."""
        r, alpha, a, b = self.parameters_at(covariates)
        stays = b / (a + b) if self.FIRST else 1.0
        return stays * mean_commitments(r, alpha, a, b + self.FIRST, np.asarray(t))

    def p_count(self, n: Count, t: Time) -> Vector:
        """How likely are exactly n repeats within t of the first commitment? P(X(t) = n), broadcast over n and t."""
        counts, t = np.broadcast_arrays(np.asarray(n, dtype=np.float64), np.asarray(t, dtype=np.float64))
        r, alpha, a, b = self.r, self.alpha, self.a, self.b
        k = counts + self.FIRST
        came = t / (alpha + t)
        log_ways = gammaln(r + counts) - gammaln(r) - gammaln(counts + 1)
        log_exactly = log_ways + r * (np.log(alpha) - np.log(alpha + t)) + xlogy(counts, came)
        at_least = np.where(counts > 0, betainc(np.maximum(counts, 1), r, came), 1.0)
        log_leaves = np.where(k > 0, betaln(a + 1, np.where(k > 0, b + k - 1, 1.0)) - betaln(a, b), -np.inf)
        stays = np.exp(betaln(a, b + k) - betaln(a, b) + log_exactly)
        return np.asarray(stays + np.exp(log_leaves) * at_least, dtype=np.float64)

    def simulate(self, T: Vector, *, seed: int) -> History:
        """Users as the model believes in them, each observed for a time T [B]."""
        draw = generator(seed, "repeats", "beta-geometric")
        rate = draw.gamma(self.r, 1 / self.alpha, size=len(T))
        p = draw.beta(self.a, self.b, size=len(T))
        # whoever has p = 0 to the last digit never leaves
        last = np.where(p > 1e-15, draw.geometric(np.maximum(p, 1e-15)), np.inf) - self.FIRST
        wished = draw.poisson(rate * T)
        x = np.minimum(wished, last)
        # the x-th of n moments at random within T
        t_x = np.where(x > 0, T * draw.beta(np.maximum(x, 1), wished - x + 1), 0.0)
        return History(x, t_x, T)
