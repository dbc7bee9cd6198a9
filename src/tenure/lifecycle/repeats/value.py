"""What will each user be worth? Commitments expected in a window of the future, times what one is worth, discounted."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from tenure.errors import ConfigError
from tenure.lifecycle.repeats.bgbb import BGBB
from tenure.lifecycle.repeats.history import History, Vector
from tenure.lifecycle.repeats.model import RepeatModel
from tenure.lifecycle.repeats.spend import GammaGamma

DAYS_PER_YEAR = 365.25
_NODES = 32
_FAR = 32.0  # e^-32 of a value is nothing
_DRIFT = 0.2  # of the logarithm of the discount within one window of a simulation
_PARTS = 8  # of a window, in which its commitments are taken to come evenly
_SAMPLE = 2_000  # users that tell when within a window commitments come


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueConfig:
    """How the future is valued."""

    annual_discount: float = 0.10
    """What a year's waiting takes off: money in a year is worth 1 / 1.10 of money today. 0 = not at all."""
    unit_days: float = 7.0
    """Length of the unit of time of the histories."""
    n_draws: int = 400
    """Futures drawn per user for intervals, each with other parameters that the data allow."""

    def __post_init__(self) -> None:
        if not 0 <= self.annual_discount < math.inf:
            raise ConfigError(f"value.annual_discount: expected 0 or more, got {self.annual_discount!r}")
        if not 0 < self.unit_days < math.inf:
            raise ConfigError(f"value.unit_days: expected a length above 0, got {self.unit_days!r}")
        if self.n_draws < 2:
            raise ConfigError(f"value.n_draws: expected 2 or more, got {self.n_draws!r}")

    @property
    def rate(self) -> float:
        """The continuous discount rate per unit of time: a value after t units counts e^(-rate t)."""
        return math.log1p(self.annual_discount) * self.unit_days / DAYS_PER_YEAR


def discounted_expected(model: RepeatModel, history: History, start: float, end: float, rate: float) -> Vector:
    """How many commitments are to be expected in (T + start, T + end], each discounted to T? [B].

    The integral of e^(-rate t) dE[X(T, T + t)] over t. `end` may be infinite with a rate above 0: then it is the
    discounted expected residual transactions (DERT) of the papers, which is finite for every model here, because what
    is expected grows slower than exponentially. For BG/BB a sum over opportunities.

    Source: Fader, Hardie & Lee (2005), "RFM and CLV", Journal of Marketing Research 42, equation (2), whose closed form
    for Pareto/NBD the tests compare with this quadrature.

    Raises:
        ConfigError: a window that is empty or in the past, or infinite without a discount.
    """
    check_window(start, end, rate)
    distinct = history.distinct()
    found = (_over_opportunities if isinstance(model, BGBB) else _by_parts)(model, distinct.history, start, end, rate)
    return found[distinct.inverse]


def expected_value(
    model: RepeatModel,
    spend: GammaGamma,
    history: History,
    amounts: tuple[Vector, Vector],
    *,
    start: float = 0.0,
    end: float = math.inf,
    config: ValueConfig = ValueConfig(),
) -> Vector:
    """What is each user expected to be worth in (T + start, T + end], discounted to T? In money [B].

    Args:
        model: of repeats.
        spend: of amounts.
        history: of each user [B].
        amounts: of how many repeats the worth is known, and their mean [B] each, as Gamma-Gamma takes them.
        start: begin of the window, in the unit of the history.
        end: its end; infinite = all that is left, the residual lifetime value.
        config: discount and unit of time.
    """
    n = discounted_expected(model, history, start, end, config.rate)
    return np.asarray(n * spend.expected(*amounts), dtype=np.float64)


def check_window(start: float, end: float, rate: float) -> None:
    """Is this a window of the future that can be valued?"""
    if not 0 <= start < end:
        raise ConfigError(f"value: expected a window with 0 <= start < end, got ({start!r}, {end!r}]")
    if rate == 0 and math.isinf(end):
        raise ConfigError("value: without a discount all that is left need not be finite; give an end or a discount")


def window_edges(start: float, end: float, rate: float, *, whole: bool) -> Vector:
    """Into which windows is a simulated future cut, so that each has nearly one discount? [W + 1]."""
    if math.isinf(end):
        end = start + _FAR / 4 / rate  # a simulation does not tell e^-8 of a value from nothing
    n_windows = max(1, math.ceil(rate * (end - start) / _DRIFT))
    edges = np.linspace(start, end, n_windows + 1)
    return np.unique(np.floor(edges)) if whole else edges


def window_discounts(model: RepeatModel, history: History, edges: Vector, rate: float) -> Vector:
    """How much of its worth does a commitment within each window keep, on average? [W].

    More come early in a window than late, since users leave: the discount of its middle would take off too much.
    """
    is_whole = isinstance(model, BGBB)
    some = history.rows(np.linspace(0, len(history) - 1, min(len(history), _SAMPLE)).astype(np.intp))
    discounts = []
    for begin, end in pairwise(edges):
        parts = np.linspace(begin, end, _PARTS + 1)
        parts = np.unique(np.floor(parts)) if is_whole else parts
        came = np.diff([float(model.expected(t, some).sum()) for t in parts])
        # The first opportunity after a whole number is the next one.
        kept = np.exp(-rate * (parts[1:] + parts[:-1] + is_whole) / 2)
        discounts.append(float(came @ kept / came.sum()) if came.sum() > 0 else float(kept.mean()))
    return np.array(discounts)


def _by_parts(model: RepeatModel, history: History, start: float, end: float, rate: float) -> Vector:
    """Integration by parts: e^(-rate end) E(end) - e^(-rate start) E(start) + rate * integral of e^(-rate t) E(t)."""
    if rate == 0:
        return model.expected(end, history) - model.expected(start, history)
    last = min(end, start + _FAR / rate)
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    # Nodes crowd at the start, where the expected number is least like a polynomial: t = start + (last - start) u^2.
    u = (nodes + 1) / 2
    t, dt = start + (last - start) * u**2, (last - start) * u * weights
    inner = sum(w * math.exp(-rate * at) * model.expected(at, history) for at, w in zip(t, dt, strict=True))
    edges = math.exp(-rate * last) * model.expected(last, history)
    if start > 0:
        edges = edges - math.exp(-rate * start) * model.expected(start, history)
    return np.asarray(edges + rate * inner, dtype=np.float64)


def _over_opportunities(model: RepeatModel, history: History, start: float, end: float, rate: float) -> Vector:
    last = min(math.floor(end) if end < math.inf else math.inf, math.floor(start + _FAR / rate) if rate else math.inf)
    total, former = np.zeros(len(history)), model.expected(math.floor(start), history)
    for i in range(math.floor(start) + 1, int(last) + 1):
        now = model.expected(i, history)
        total += math.exp(-rate * i) * (now - former)
        former = now
    return total
