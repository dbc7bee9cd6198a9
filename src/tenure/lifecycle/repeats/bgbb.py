"""BG/BB: repeats at regular opportunities, one at most at each: a yearly gift, a monthly box, a weekly class."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar

import numpy as np
from scipy.special import betaln, digamma, gammaln, logsumexp

from tenure.errors import ConfigError
from tenure.lifecycle.repeats.history import History, Matrix, Vector
from tenure.lifecycle.repeats.model import Count, Parameters, RepeatModel, Time
from tenure.seeds import generator


@dataclass(frozen=True, kw_only=True, eq=False)
class BGBB(RepeatModel):
    """Repeats at discrete opportunities: beta-Bernoulli commitments, beta-geometric drop-out.

    Time is counted in opportunities: x commitments at T of them (n in the paper), the last one at the t_x-th. While
    alive, a user commits at an opportunity with probability p; at the start of each they leave for good with
    probability theta. p is beta(alpha, beta) over users, theta beta(gamma, delta).

    Source: Fader, Hardie & Shang (2010), "Customer-Base Analysis in a Discrete-Time Noncontractual Setting", Marketing
    Science 29(6), 1086-1108.
    """

    PARAMETERS: ClassVar = ("alpha", "beta", "gamma", "delta")
    SCALES: ClassVar = MappingProxyType[str, str]({})
    SHIFTED: ClassVar = MappingProxyType[str, int]({})

    alpha: float
    """With beta: how the probability to commit at an opportunity is spread over users, mean alpha / (alpha + beta)."""
    beta: float
    gamma: float
    """With delta: how the probability to leave at an opportunity is spread over users, mean gamma / (gamma + delta)."""
    delta: float

    @classmethod
    def likelihood(cls, parameters: Parameters, history: History) -> tuple[Vector, list[Vector]]:
        """The log-likelihood (7), a sum over when the user may have left, and its derivatives in the logs."""
        alpha, beta, gamma, delta = (float(parameter[0]) for parameter in parameters)
        paths, lived, left = _paths((alpha, beta, gamma, delta), history)
        value = logsumexp(paths, axis=1)
        share = np.exp(paths - value[:, None])
        x = history.x[:, None]
        of_ab = digamma(alpha + beta) - digamma(alpha + beta + lived)
        of_gd = digamma(gamma + delta) - digamma(gamma + delta + lived + left)
        d_alpha = digamma(alpha + x) - digamma(alpha) + of_ab
        d_beta = digamma(beta + np.maximum(lived - x, 0)) - digamma(beta) + of_ab
        d_gamma = digamma(gamma + left) - digamma(gamma) + of_gd
        d_delta = digamma(delta + lived) - digamma(delta) + of_gd
        derivatives = zip((alpha, beta, gamma, delta), (d_alpha, d_beta, d_gamma, d_delta), strict=True)
        return value, [parameter * (share * derivative).sum(axis=1) for parameter, derivative in derivatives]

    def p_alive(self, history: History) -> Vector:
        """How likely is each user to be there still at the next opportunity? [B]; equation (11) at n + 1.

        Lower than to be there at the last one, by the risk of leaving in between. Not a churn score: a user can be
        alive and yet commit with a small probability; see `p_any`.
        """
        step = betaln(self.gamma, self.delta + history.T + 1) - betaln(self.gamma, self.delta + history.T)
        return np.asarray(np.exp(self._log_p_alive_at_last(history) + step), dtype=np.float64)

    def p_any(self, t: Time, history: History) -> Vector:
        """How likely is a commitment at one of the next t opportunities? [B].

        A sum over which of them is the first one to be taken up: E[p (1 - p)^(i - 1)] P(alive at i).
        """
        i = np.arange(1, _steps(t) + 1)
        a, b = self.alpha + history.x[:, None], self.beta + (history.T - history.x)[:, None]
        log_first = betaln(a + 1, b + i - 1) - betaln(a, b)
        return self._sum_while_alive(log_first, t, history)

    def expected(self, t: Time, history: History) -> Vector:
        """How many commitments are to be expected at the next t opportunities? [B]; equation (13), summed."""
        rate = np.log(self.alpha + history.x) - np.log(self.alpha + self.beta + history.T)
        return self._sum_while_alive(np.broadcast_to(rate[:, None], (len(history), _steps(t))), t, history)

    def expected_new(self, t: Time, *, covariates: Matrix | None = None) -> Vector:
        """How many repeats will a user make at the first t opportunities? Of t's shape, at least [1]; equation (9)."""
        self.parameters_at(covariates)
        i = np.arange(1, _steps(t) + 1)
        here = np.exp(betaln(self.gamma, self.delta + i) - betaln(self.gamma, self.delta))
        total = np.concatenate([[0.0], np.cumsum(here)]) * self.alpha / (self.alpha + self.beta)
        return np.asarray(total[np.atleast_1d(np.asarray(t, dtype=np.int64))], dtype=np.float64)

    def p_count(self, n: Count, t: Time) -> Vector:
        """How likely are exactly n repeats at the first t opportunities? Broadcast over n and t; equation (8)."""
        n_array, t_array = np.broadcast_arrays(np.asarray(n, np.float64), np.asarray(t, np.float64))
        flat_n, flat_t = n_array.reshape(-1, 1), t_array.reshape(-1, 1)
        # A user with n repeats was alive for i opportunities: i = t (they never left), or n <= i < t.
        i = np.arange(_steps(t) + 1)[None, :]
        log_ways = gammaln(i + 1) - gammaln(flat_n + 1) - gammaln(np.maximum(i - flat_n, 0) + 1)
        log_taken = betaln(self.alpha + flat_n, self.beta + np.maximum(i - flat_n, 0)) - betaln(self.alpha, self.beta)
        log_left = betaln(self.gamma + 1, self.delta + i) - betaln(self.gamma, self.delta)
        log_stayed = betaln(self.gamma, self.delta + i) - betaln(self.gamma, self.delta)
        log_lived = np.where(i == flat_t, log_stayed, log_left)
        possible = (flat_n >= 0) & (i >= flat_n) & (i <= flat_t)
        terms = np.where(possible, np.exp(np.where(possible, log_ways + log_taken + log_lived, -np.inf)), 0.0)
        return np.asarray(terms.sum(axis=1).reshape(n_array.shape), dtype=np.float64)

    def simulate(self, T: Vector, *, seed: int) -> History:
        """Users as the model believes in them, each observed at T opportunities [B]."""
        draw = generator(seed, "repeats", "beta-binomial")
        p = draw.beta(self.alpha, self.beta, size=len(T))
        theta = draw.beta(self.gamma, self.delta, size=len(T))
        lived = np.minimum(np.floor(np.log(draw.random(len(T))) / np.log1p(-np.clip(theta, 1e-300, 1 - 1e-16))), T)
        x, t_x = np.zeros(len(T)), np.zeros(len(T))
        for i in range(1, _steps(T) + 1):
            takes = (i <= lived) & (draw.random(len(T)) < p)
            x += takes
            t_x[takes] = i
        return History(x, t_x, T)

    def _log_p_alive_at_last(self, history: History) -> Vector:
        x, n = history.x, history.T
        taken = betaln(self.alpha + x, self.beta + n - x) - betaln(self.alpha, self.beta)
        stayed = betaln(self.gamma, self.delta + n) - betaln(self.gamma, self.delta)
        return np.asarray(taken + stayed - self.log_likelihood(history), dtype=np.float64)

    def _sum_while_alive(self, log_terms: Matrix, t: Time, history: History) -> Vector:
        """Sum over the next opportunities i = 1 .. t of exp(log_terms) P(alive at i | history) [B]."""
        i = np.arange(1, log_terms.shape[1] + 1)
        n = history.T[:, None]
        log_stay = betaln(self.gamma, self.delta + n + i) - betaln(self.gamma, self.delta + n)
        terms = np.exp(self._log_p_alive_at_last(history)[:, None] + log_terms + log_stay)
        counted = i <= np.broadcast_to(np.asarray(t, np.float64), (len(history),))[:, None]
        return np.asarray(np.where(counted, terms, 0.0).sum(axis=1), dtype=np.float64)


def _paths(parameters: tuple[float, float, float, float], history: History) -> tuple[Matrix, Matrix, Matrix]:
    """Each history in each way it can have come about: the user lived for t_x + i opportunities, i = 0 .. T - t_x.

    Returns the log-probabilities, the opportunities lived, and whether the user then left (1) or T was reached (0):
    [B, I] each. Ways beyond T have the log-probability -inf.
    """
    _check_whole(history)
    alpha, beta, gamma, delta = parameters
    x, t_x, n = (column[:, None] for column in (history.x, history.t_x, history.T))
    lived = t_x + np.arange(int((history.T - history.t_x).max(initial=0)) + 1)
    left = (lived < n).astype(np.float64)
    taken = betaln(alpha + x, beta + lived - x) - betaln(alpha, beta)
    stayed = betaln(gamma + left, delta + lived) - betaln(gamma, delta)
    return np.where(lived > n, -np.inf, taken + stayed), lived, left


def _check_whole(history: History) -> None:
    if history.covariates is not None:
        raise ConfigError("BG/BB takes no covariates; leave them out of the history, or use BG/NBD or Pareto/NBD")
    for name in ("t_x", "T"):
        times = getattr(history, name)
        if (times != np.floor(times)).any():
            row = int(np.argmax(times != np.floor(times)))
            raise ConfigError(
                f"BG/BB counts opportunities: expected whole numbers as History.{name}, got {times[row]:g} in row {row}"
            )
    if (history.x > history.t_x).any():
        row = int(np.argmax(history.x > history.t_x))
        raise ConfigError(
            f"BG/BB allows one repeat per opportunity; row {row} has x = {history.x[row]:g} of {history.t_x[row]:g}"
        )


def _steps(t: Time) -> int:
    """The largest number of opportunities asked for."""
    steps = np.asarray(t, dtype=np.float64)
    if (steps != np.floor(steps)).any() or (steps < 0).any() or not np.isfinite(steps).all():
        raise ConfigError(f"BG/BB counts opportunities: expected t to be whole and 0 or more, got {t!r}")
    return int(steps.max(initial=0))
