"""Bootstrap intervals: how far could this number be off, had other users come by?

Rows (users) are drawn with replacement; the interval is that of the percentiles of the statistic over the draws.
Source: Efron & Tibshirani (1993), An Introduction to the Bootstrap, chapter 13.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tenure.errors import ConfigError
from tenure.seeds import generator

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

_CELLS_AT_ONCE = 4_000_000  # bounds the memory of a bootstrap to some 100 MB, however many users there are


@dataclass(frozen=True, slots=True)
class Interval:
    """A number and the range that it could plausibly have had; NaN where it is not defined or cannot be told."""

    value: float
    low: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        """Is the sign of the number beyond chance?"""
        return self.low > 0 or self.high < 0

    @classmethod
    def of(cls, value: float, replicates: Vector, *, level: float = 0.95) -> Interval:
        """The percentile interval of a value from its replicates [R]; undefined replicates (NaN) are left out.

        Where more than half of them are undefined, the others are a choice of the lucky draws: no interval is given.
        """
        if not 0 < level < 1:
            raise ConfigError(f"level: expected a share between 0 and 1, such as 0.95, got {level!r}")
        defined = replicates[~np.isnan(replicates)]
        if not len(defined) or 2 * len(defined) < len(replicates) or math.isnan(value):
            return cls(value, math.nan, math.nan)
        low, high = np.quantile(defined, [(1 - level) / 2, (1 + level) / 2])
        return cls(value, float(low), float(high))


def resample_counts(n_rows: int, *, seed: int, n_resamples: int) -> Iterator[Matrix]:
    """How often does each row appear in each resample? Blocks [R', n_rows] of counts, `n_resamples` rows in all.

    A statistic that accepts such weights is computed for a whole block at once. Draws do not depend on the block size.
    """
    draws = generator(seed, "bootstrap")
    block = max(1, _CELLS_AT_ONCE // max(1, n_rows))
    for start in range(0, n_resamples, block):
        n = min(block, n_resamples - start)
        rows = draws.integers(0, n_rows, size=(n, n_rows))
        rows += np.arange(n)[:, None] * n_rows
        yield np.bincount(rows.ravel(), minlength=n * n_rows).reshape(n, n_rows).astype(np.float64)


def bootstrap_mean(values: Vector, *, seed: int, n_resamples: int = 1000, level: float = 0.95) -> Interval:
    """What is the mean over users, and how sure is it?

    Users whose value is not defined (NaN) are left out. No user gives NaN; one user gives a value without a range.

    >>> bootstrap_mean(np.array([0.0, 1.0, np.nan, 1.0, 0.0]), seed=1).value
    0.5
    """
    defined = np.asarray(values, dtype=np.float64)
    defined = defined[~np.isnan(defined)]
    if len(defined) < 2:
        return Interval(float(defined[0]) if len(defined) else math.nan, math.nan, math.nan)
    blocks = resample_counts(len(defined), seed=seed, n_resamples=n_resamples)
    replicates = np.concatenate([counts @ defined for counts in blocks]) / len(defined)
    return Interval.of(float(defined.mean()), replicates, level=level)


def bootstrap(
    statistic: Callable[..., float],
    *arrays: NDArray[Any],
    seed: int,
    n_resamples: int = 1000,
    level: float = 0.95,
) -> Interval:
    """What is any statistic of the users' rows, and how sure is it?

    `arrays` have one row per user; `statistic(*arrays)` is called once per resample.

    >>> bootstrap(np.median, np.array([3.0, 1.0, 2.0]), seed=1)
    Interval(value=2.0, low=1.0, high=3.0)
    """
    n_rows = _n_rows(arrays)
    value = float(statistic(*arrays)) if n_rows else math.nan
    if n_rows < 2:
        return Interval(value, math.nan, math.nan)
    draws = _drawn_rows(n_rows, seed=seed, n_resamples=n_resamples)
    replicates = np.array([statistic(*(array[rows] for array in arrays)) for rows in draws], dtype=np.float64)
    return Interval.of(value, replicates, level=level)


def paired_bootstrap(
    statistic: Callable[..., float],
    arrays_a: Sequence[NDArray[Any]],
    arrays_b: Sequence[NDArray[Any]],
    *,
    seed: int,
    n_resamples: int = 1000,
    level: float = 0.95,
) -> Interval:
    """How much better is A than B on the same users: statistic(*A) - statistic(*B), and is it beyond chance?

    Row i of every array is the same user, so what makes a user easy or hard for both cancels out.
    """
    width = len(arrays_a)

    def difference(*arrays: NDArray[Any]) -> float:
        return float(statistic(*arrays[:width])) - float(statistic(*arrays[width:]))

    return bootstrap(difference, *arrays_a, *arrays_b, seed=seed, n_resamples=n_resamples, level=level)


def _drawn_rows(n_rows: int, *, seed: int, n_resamples: int) -> Iterator[NDArray[np.int64]]:
    draws = generator(seed, "bootstrap")
    for _ in range(n_resamples):
        yield draws.integers(0, n_rows, size=n_rows)


def _n_rows(arrays: Sequence[NDArray[Any]]) -> int:
    lengths = {len(array) for array in arrays}
    if len(lengths) != 1:
        raise ConfigError(f"bootstrap: expected arrays with one row per user each, got lengths {sorted(lengths)}")
    return lengths.pop()
