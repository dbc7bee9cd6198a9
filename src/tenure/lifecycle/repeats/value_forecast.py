"""How sure is the value to come? Per user, in all and per group, from futures drawn with other parameters each."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tenure.errors import ConfigError
from tenure.lifecycle.repeats.bgbb import BGBB
from tenure.lifecycle.repeats.futures import simulate_counts
from tenure.lifecycle.repeats.history import History, Matrix, Vector
from tenure.lifecycle.repeats.model import RepeatModel
from tenure.lifecycle.repeats.spend import GammaGamma
from tenure.lifecycle.repeats.value import (
    ValueConfig,
    check_window,
    discounted_expected,
    window_discounts,
    window_edges,
)
from tenure.seeds import generator

Grouping = tuple[str, NDArray[np.int64], list[str]]
"""A way to group the users: its name, the number of each user's group [B], and the names of the groups."""
Model = TypeVar("Model", RepeatModel, GammaGamma)

LEVELS = (0.80, 0.95)
"""Of the intervals: each should hold the truth so often."""

_CELLS_AT_ONCE = 8_000_000  # draws x users: bounds the memory to some 100 MB


@dataclass(frozen=True, eq=False)
class ValueForecast:
    """The value of a window of the future, discounted to today."""

    users: pa.Table
    """A row per user, in the order of the history: `expected_commitments` and `expected_value` (both discounted),
    `median_value`, `low_80`, `high_80`, `low_95`, `high_95` (of the value; equal tails, so that a user who most likely
    does not come has 0 as the lower end)."""
    totals: pa.Table
    """A row for all users (`by` and `group` = all) and per group: `by, group, n_users, expected_value, low_80, high_80,
    low_95, high_95`. A total is surer than the sum of its users' intervals: what is luck of one user evens out, what
    the model does not know of all of them does not."""


def forecast_value(
    model: RepeatModel,
    spend: GammaGamma,
    history: History,
    amounts: tuple[Vector, Vector],
    *,
    seed: int,
    start: float = 0.0,
    end: float = math.inf,
    groups: Mapping[str, Sequence[str]] | None = None,
    config: ValueConfig = ValueConfig(),
) -> ValueForecast:
    """What will the users be worth in (T + start, T + end], and within which limits?

    For each of `config.n_draws` futures, parameters are drawn from what the data allow (the normal law of their logs;
    parameters that were given, not fitted, are taken as known), then what the model does not know of each user, then
    their commitments and what these are worth. What no model of this kind knows (a promotion, a new competitor) is not
    in the limits.

    Args:
        model: of repeats.
        spend: of amounts.
        history: of each user [B].
        amounts: of how many repeats the worth is known, and their mean [B] each.
        seed: of the draws.
        start: begin of the window, in the unit of the history.
        end: its end; infinite = all that is left.
        groups: for each way to group the users (segment, stage), the group of each [B].
        config: discount, unit of time, number of draws.

    Raises:
        ConfigError: a window that cannot be valued, or groups that are not one per user.
    """
    check_window(start, end, config.rate)
    codes = _codes(groups or {}, len(history))
    commitments = discounted_expected(model, history, start, end, config.rate)
    expected = commitments * spend.expected(*amounts)
    drawn = list(zip(_drawn(model, config.n_draws, seed), _drawn(spend, config.n_draws, seed), strict=True))
    edges = window_edges(start, end, config.rate, whole=isinstance(model, BGBB))
    discount = window_discounts(model, history, edges, config.rate)
    totals = [np.zeros((config.n_draws, len(names))) for _, _, names in codes]
    quantiles = []
    for chunk in _chunks(len(history), max(1, _CELLS_AT_ONCE // config.n_draws)):
        known = (amounts[0][chunk], amounts[1][chunk])
        rng = generator(seed, "futures", int(chunk[0]))
        worth = _futures(drawn, history.rows(chunk), known, (edges, discount), rng)
        quantiles.append(np.quantile(worth, [0.5, *_tails()], axis=0))
        for total, (_, code, names) in zip(totals, codes, strict=True):
            for group in range(len(names)):
                total[:, group] += worth[:, code[chunk] == group].sum(axis=1)
    bands = np.concatenate(quantiles, axis=1) if quantiles else np.zeros((1 + 2 * len(LEVELS), 0))
    users = {"expected_commitments": commitments, "expected_value": expected, "median_value": bands[0]}
    users |= dict(zip(_band_names(), bands[1:], strict=True))
    return ValueForecast(pa.table(users), _total_table(codes, expected, totals))


def _futures(
    drawn: list[tuple[RepeatModel, GammaGamma]],
    history: History,
    amounts: tuple[Vector, Vector],
    windows: tuple[Vector, Vector],
    rng: np.random.Generator,
) -> Matrix:
    """The value of each user in each future, over all windows (edges and discount of each) [R, B]."""
    distinct = history.distinct()
    edges, discount = windows
    worth = np.empty((len(drawn), len(history)))
    for future, (model, spend) in enumerate(drawn):
        p_alive = model.p_alive(distinct.history)[distinct.inverse]
        counts = simulate_counts(model, history, p_alive, edges, rng)
        worth[future] = discount @ spend.simulate(counts, *amounts, rng)
    return worth


def _drawn(model: Model, n: int, seed: int) -> Iterable[Model]:
    return [model] * n if model.covariance is None else model.draws(n, seed=seed)


def _codes(groups: Mapping[str, Sequence[str]], n_users: int) -> list[Grouping]:
    codes: list[Grouping] = [("all", np.zeros(n_users, np.int64), ["all"])]
    for by, labels in groups.items():
        if len(labels) != n_users:
            raise ConfigError(f"groups['{by}']: expected one group per user [{n_users}], got {len(labels)}")
        names, code = np.unique(np.asarray(labels, dtype=str), return_inverse=True)
        codes.append((by, code.astype(np.int64), [str(name) for name in names]))
    return codes


def _chunks(n: int, size: int) -> list[NDArray[np.intp]]:
    return [np.arange(begin, min(begin + size, n)) for begin in range(0, n, size)]


def _tails() -> list[float]:
    return [tail for level in LEVELS for tail in ((1 - level) / 2, (1 + level) / 2)]


def _band_names() -> list[str]:
    return [f"{side}_{round(100 * level)}" for level in LEVELS for side in ("low", "high")]


def _total_table(codes: list[Grouping], expected: Vector, totals: list[Matrix]) -> pa.Table:
    rows = []
    for (by, code, names), total in zip(codes, totals, strict=True):
        n_users = np.bincount(code, minlength=len(names))
        value = np.bincount(code, weights=expected, minlength=len(names))
        bands = np.quantile(total, _tails(), axis=0)
        for group, name in enumerate(names):
            row = {"by": by, "group": name, "n_users": int(n_users[group]), "expected_value": float(value[group])}
            rows.append(row | dict(zip(_band_names(), map(float, bands[:, group]), strict=True)))
    return pa.Table.from_pylist(rows)
