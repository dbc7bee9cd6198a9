"""How does the forecast change along one input? Partial dependence, and accumulated local effects beside it.

Partial dependence asks the model about users who do not exist when inputs go together (many visits, no money);
accumulated local effects move each user only to the edge of their own bin. Where the two differ, believe the latter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tenure.errors import EvidenceError
from tenure.prediction.examples import Inputs
from tenure.prediction.explaining.histories import possible
from tenure.prediction.explaining.whatif import Ask

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

DEPENDENCE = pa.schema(
    [
        pa.field("feature", pa.string(), nullable=False),
        pa.field("value", pa.float64(), nullable=False),  # an edge between bins, in the unit of the input
        pa.field("partial", pa.float64(), nullable=False),  # mean forecast if everybody had this value
        pa.field("local", pa.float64(), nullable=False),  # mean forecast + accumulated local effect up to here
        pa.field("low", pa.float64(), nullable=False),  # 95 % interval of `local`, over users
        pa.field("high", pa.float64(), nullable=False),
        pa.field("n_users", pa.int64(), nullable=False),  # in the bin that begins here; 0 for the last edge
    ]
)
"""One row per input and edge of its bins."""


@dataclass(frozen=True, kw_only=True)
class DependenceConfig:
    """How finely an input is looked at."""

    n_bins: int = 20
    """Bins with about equally many users."""
    n_users: int = 500
    """The most users asked for the partial dependence; local effects ask about all."""


def dependence(
    ask: Ask, users: Inputs, names: Sequence[str], config: DependenceConfig = DependenceConfig()
) -> pa.Table:
    """How does the forecast go along each of these inputs? A table of DEPENDENCE, in the unit of the forecast.

    ALE(z_k) = sum over bins j <= k of the mean of f(z_j, x_o) - f(z_(j-1), x_o) over the users in bin j, centred so
    that its mean over users is the mean forecast. Users for whom an input is not defined are left out of its curve; an
    input with one value gets none.

    Source: Friedman (2001), Annals of Statistics 29, section 8.2 (partial dependence); Apley & Zhu (2020), Journal of
    the Royal Statistical Society B 82, equation 16 (accumulated local effects).

    Raises:
        EvidenceError: there are no users.
        ConfigError: there is no such input.
    """
    if not len(users):
        raise EvidenceError("dependence: expected users to ask about, got none")
    curves = [_curve(ask, users, name, config) for name in names]
    return pa.concat_tables([DEPENDENCE.empty_table(), *(curve for curve in curves if curve is not None)])


def _curve(ask: Ask, users: Inputs, name: str, config: DependenceConfig) -> pa.Table | None:
    column = users.column(name)
    known = users.rows(np.isfinite(column))
    x = column[np.isfinite(column)]
    edges = np.unique(np.quantile(x, np.linspace(0, 1, config.n_bins + 1), method="inverted_cdf")) if len(x) else x
    if len(edges) < 2:
        return None
    # Bin j holds edges[j] < x <= edges[j + 1]; the least value belongs to the first.
    bin_of = np.clip(np.searchsorted(edges, x, side="left") - 1, 0, len(edges) - 2)
    upper, lower = (ask(_with(known, name, edges[bin_of + up])) for up in (1, 0))
    step, n = upper - lower, np.bincount(bin_of, minlength=len(edges) - 1)
    mean = np.bincount(bin_of, weights=step, minlength=len(n)) / n
    error = np.bincount(bin_of, weights=(step - mean[bin_of]) ** 2, minlength=len(n)) / (n * np.maximum(n - 1, 1))
    effect = np.concatenate([[0.0], np.cumsum(mean)])
    middle = (effect[:-1] + effect[1:]) / 2  # of a bin, along which its users lie
    weight = n / n.sum()
    local = effect - weight @ middle + float(ask(known).mean())
    sd = np.sqrt(_variance(error, weight))
    return pa.table(
        {
            "feature": [name] * len(edges),
            "value": edges,
            "partial": _partial(ask, known, name, edges, config.n_users),
            "local": local,
            "low": local - 1.96 * sd,
            "high": local + 1.96 * sd,
            "n_users": np.append(n, 0),
        },
        schema=DEPENDENCE,
    )


def _variance(error: Vector, weight: Vector) -> Vector:
    """Of the centred curve at each edge, bins being independent: the square of each bin's part in it, summed."""
    n_bins = len(error)
    accumulated = np.tril(np.ones((n_bins + 1, n_bins)), -1)
    middles = np.tril(np.ones((n_bins, n_bins)), -1) + np.eye(n_bins) / 2
    part = accumulated - weight @ middles
    return np.asarray(part**2 @ error, dtype=np.float64)


def _partial(ask: Ask, users: Inputs, name: str, edges: Vector, most: int) -> Vector:
    chosen = np.zeros(len(users), dtype=bool)
    chosen[np.linspace(0, len(users) - 1, min(most, len(users))).round().astype(np.int64)] = True
    some = users.rows(chosen)
    return np.array([ask(_with(some, name, np.full(len(some), edge))).mean() for edge in edges])


def _with(users: Inputs, name: str, values: Vector) -> Inputs:
    changed = users.values.copy()
    changed[:, users.names.index(name)] = values
    changed = possible(changed, users.names, {name})
    return Inputs(users.users, users.as_of, users.names, changed, users.sequences)
