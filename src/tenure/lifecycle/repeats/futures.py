"""How might each user's commitments go on? Futures drawn from what a model knows of a user, for intervals."""

from __future__ import annotations

from functools import singledispatch

import numpy as np
from numpy.typing import NDArray

from tenure.errors import ConfigError
from tenure.lifecycle.repeats.betageometric import BetaGeometric
from tenure.lifecycle.repeats.bgbb import BGBB
from tenure.lifecycle.repeats.history import History, Vector
from tenure.lifecycle.repeats.model import RepeatModel
from tenure.lifecycle.repeats.paretonbd import ParetoNBD

Counts = NDArray[np.int64]
Flags = NDArray[np.bool_]

_TINY = 1e-300
_FOREVER = 1 << 60


def simulate_counts(
    model: RepeatModel, history: History, p_alive: Vector, edges: Vector, rng: np.random.Generator
) -> Counts:
    """How many commitments might each user make in each window of the future? One draw of each: [W, B].

    Args:
        model: a fitted model. What it does not know of a user (whether they are there, rate, drop-out) is drawn from
            what it believes of users with such a history.
        history: of each user [B].
        p_alive: `model.p_alive(history)` [B]; callers compute it once per distinct history.
        edges: W + 1 rising times after T, the first one 0 or later; window w is (edges[w], edges[w + 1]].
        rng: where the draws come from.
    """
    is_alive = rng.random(len(history)) < p_alive
    return _counts(model, history, is_alive, edges, rng)


@singledispatch
def _counts(model: RepeatModel, *_: object) -> Counts:
    """The futures of users of whom is known whether they are alive."""
    raise ConfigError(f"simulate_counts: expected one of the models of repeats, got {type(model).__name__}")


@_counts.register
def _(model: BetaGeometric, history: History, is_alive: Flags, edges: Vector, rng: np.random.Generator) -> Counts:
    r, alpha, a, b = model.parameters_of(history)
    # Given that a user is alive: lambda ~ gamma(r + x, alpha + T), and p ~ beta(a, b + chances to leave not taken).
    rate = rng.standard_gamma(r + history.x) / (alpha + history.T)
    p = rng.beta(a, b + history.x + model.FIRST, size=len(history))
    last = np.where(is_alive, _geometric(p, rng), 0)
    wished = np.cumsum(rng.poisson(rate * np.diff(edges, prepend=0.0)[:, None]), axis=0)
    return np.diff(np.minimum(wished, last), axis=0)


@_counts.register
def _(model: ParetoNBD, history: History, is_alive: Flags, edges: Vector, rng: np.random.Generator) -> Counts:
    r, alpha, s, beta = model.parameters_of(history)
    # Given that a user is alive: lambda ~ gamma(r + x, alpha + T) and mu ~ gamma(s, beta + T), independent.
    rate = rng.standard_gamma(r + history.x) / (alpha + history.T)
    mu = rng.standard_gamma(np.broadcast_to(s, history.T.shape)) / (beta + history.T)
    life = rng.standard_exponential(len(history)) / np.maximum(mu, _TINY)
    life = np.where(is_alive, life, 0.0)
    lived = np.diff(np.minimum(edges[:, None], life), axis=0)
    return rng.poisson(rate * lived)


@_counts.register
def _(model: BGBB, history: History, is_alive: Flags, edges: Vector, rng: np.random.Generator) -> Counts:
    # Given that a user is there at the next opportunity: p ~ beta(alpha + x, beta + n - x), theta ~ beta(gamma, delta +
    # n + 1), and they leave at the start of one of those after it.
    x, n = history.x, history.T
    p = rng.beta(model.alpha + x, model.beta + n - x)
    theta = rng.beta(model.gamma, model.delta + n + 1)
    lived = np.where(is_alive, _geometric(theta, rng), 0)
    opportunities = np.diff(np.minimum(edges[:, None].astype(np.int64), lived), axis=0)
    return rng.binomial(opportunities, p)


def _geometric(p: Vector, rng: np.random.Generator) -> Counts:
    """The number of the trial that first succeeds; where p is 0 to the last digit, never."""
    trial = np.ceil(np.log(np.maximum(rng.random(len(p)), _TINY)) / np.log1p(-np.clip(p, _TINY, 1 - 1e-16)))
    return np.minimum(np.maximum(trial, 1), _FOREVER).astype(np.int64)
