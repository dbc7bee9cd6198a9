"""How far may an amount lie from what is expected? Learnt from forecasts of a later time and what came of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.isotonic import IsotonicRegression

from tenure.errors import ConfigError
from tenure.evaluation.forecasts import equal_bins

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

SHARES = np.linspace(0.0, 1.0, 401)
"""The shares of the spenders [G] at which their amounts are remembered."""

_USERS_PER_BIN = 200  # enough for a 97.5 % quantile to be seen five times over
_MOST_BINS = 25


@dataclass(frozen=True, eq=False)
class Spread:
    """The distribution of an amount around its expectation m: nothing with probability p0(m), else m + c times a ratio.

    Both are read off users with such a forecast (equal parts of them by m, interpolated between), so neither a shape
    of the distribution nor an equal spread of the small and the large is assumed. If users at the cut-off are like
    those it was learnt from, a quantile holds with its stated probability even where m orders users badly or is wrong
    in shape, but only if it is asked at the level it was learnt at: there the total of m was that of the amounts, so
    that an m known to run high or low must be corrected before it is asked for, not the quantile after.

    Source: split conformal prediction with conditional quantiles, Romano, Patterson & Candès (2019), Conformalized
    quantile regression, applied within bins as in Mondrian prediction, Vovk, Gammerman & Shafer (2005), section 4.5.
    """

    offset: float
    """c: the mean amount; keeps ratios of users of whom nothing is expected finite."""
    zero_at: Vector
    """[K]: log(m + c) at the middle of each part of the users, rising."""
    zero_share: Vector
    """[K]: p0, the share of them with nothing, never rising."""
    ratio_at: Vector
    """[K']: log(m + c) at the middle of each part of the spenders, rising."""
    ratio: Matrix
    """[K', G]: the amount / (m + c) that is not exceeded by each of `SHARES` of the spenders."""

    @classmethod
    def fit(cls, expected: Vector, actual: Vector) -> Self:
        """What do expectations [B], and the amounts [B] that came of them, teach?

        The expectations are first brought to the level of the amounts: the spread says how users differ from what is
        expected of them, not by how much all of them do. Where nobody spent anything, nothing is ever forecast.
        """
        total = float(expected.sum())
        level = float(actual.sum()) / total if total > 0 else 1.0
        offset = float(actual.mean()) if len(actual) else 0.0
        if offset <= 0:
            return cls(1.0, np.zeros(1), np.ones(1), np.zeros(1), np.zeros((1, len(SHARES))))
        place, spends = np.log(level * expected + offset), actual > 0
        zero_at, shares, sizes = _by_part(place, (~spends).astype(np.float64))
        falling = IsotonicRegression(increasing=False).fit(zero_at, shares, sample_weight=sizes).predict(zero_at)
        place, ratio = place[spends], actual[spends] / np.exp(place[spends])
        part = equal_bins(place, _n_parts(len(place)))
        ratios = [np.quantile(ratio[part == k], SHARES, method="weibull") for k in range(part.max() + 1)]
        return cls(offset, zero_at, np.asarray(falling), _by_part(place, ratio)[0], np.array(ratios))

    def p_zero(self, expected: Vector) -> Vector:
        """How likely is nothing at all, where this much is expected? [B]."""
        return np.interp(np.log(expected + self.offset), self.zero_at, self.zero_share)

    def quantiles(self, expected: Vector, levels: Vector, *, p_zero: Vector | None = None) -> Matrix:
        """The amounts that are not exceeded with these probabilities, where this much is expected: [B, Q].

        `p_zero` is how likely nothing at all is, for a model that knows better than this does from `expected`.

        Raises:
            ConfigError: a level is not between 0 and 1.
        """
        levels = np.asarray(levels, dtype=np.float64)
        if not ((levels >= 0) & (levels <= 1)).all():
            raise ConfigError(f"levels: expected probabilities between 0 and 1, got {levels.tolist()}")
        p_zero = self.p_zero(expected) if p_zero is None else p_zero
        place = np.interp(np.log(expected + self.offset), self.ratio_at, np.arange(len(self.ratio_at)))
        below = np.minimum(place.astype(np.int64), max(len(self.ratio_at) - 2, 0))
        above = np.minimum(below + 1, len(self.ratio_at) - 1)
        found = np.empty((len(expected), len(levels)))
        for i, level in enumerate(levels):
            share = np.clip((level - p_zero) / np.maximum(1 - p_zero, 1e-12), 0.0, 1.0)
            ratio = (1 - (place - below)) * self._ratio(below, share) + (place - below) * self._ratio(above, share)
            found[:, i] = np.where(level <= p_zero, 0.0, ratio * (expected + self.offset))
        return found

    def _ratio(self, part: NDArray[np.int64], share: Vector) -> Vector:
        step = share * (len(SHARES) - 1)
        low = np.minimum(step.astype(np.int64), len(SHARES) - 2)
        found: Vector = self.ratio[part, low] + (step - low) * (self.ratio[part, low + 1] - self.ratio[part, low])
        return found

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """The spread as named arrays."""
        return {
            "offset": np.array([self.offset]),
            "zero_at": self.zero_at,
            "zero_share": self.zero_share,
            "ratio_at": self.ratio_at,
            "ratio": self.ratio,
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """The spread that `to_arrays` described."""
        return cls(
            float(arrays["offset"][0]), arrays["zero_at"], arrays["zero_share"], arrays["ratio_at"], arrays["ratio"]
        )


def _n_parts(n_users: int) -> int:
    return max(1, min(_MOST_BINS, n_users // _USERS_PER_BIN))


def _by_part(place: Vector, values: Vector) -> tuple[Vector, Vector, Vector]:
    """The mean place and mean value of each equal part of the users by place, and how many they are: [K] each."""
    part = equal_bins(place, _n_parts(len(place)))
    sizes = np.bincount(part).astype(np.float64)
    return np.bincount(part, place) / sizes, np.bincount(part, values) / sizes, sizes
