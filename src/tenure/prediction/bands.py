"""How far can a probability be trusted? The range of the share of those who do it, among users with such a forecast."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from tenure.errors import ConfigError, EvidenceError
from tenure.evaluation.forecasts import equal_bins
from tenure.prediction.mixture import Setting, condition

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

LEVELS = (0.80, 0.95)
"""Coverage of the bands that are kept."""

_SURE = 1e-9
_N_KNOTS = 41
_BEND = (0.0, 0.05, 0.1, 0.2, 0.4)  # sizes of errors, in log-odds; the first bends the whole curve, in every window
_FLICKER = (0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.45, 0.7)  # moves all users of one window
_CRUMPLE = (0.0, 0.05, 0.1, 0.2)  # bends the curve of one window only
_USUAL_BEND, _USUAL_FLICKER, _USUAL_CRUMPLE = 0.15, 0.3, 0.1
_REACH = 1.5  # log-odds over which neighbouring forecasts err alike


@dataclass(frozen=True, eq=False)
class Bands:
    """A band around every probability, from honest forecasts of past windows.

    It answers: "of all users with such a forecast, which share will commit in the next window?" It holds what the
    curve of calibration may yet be off, and how windows differ; not the luck of a single user, who does it or does not.
    """

    log_odds: Vector
    """Where the band is known, rising [K]; straight lines between."""
    low: Matrix
    """Of each level, as log-odds [L, K]."""
    high: Matrix
    levels: Vector
    """[L]"""

    @classmethod
    def fit(cls, p: Vector, y: Vector, as_of: NDArray[np.generic]) -> Bands:
        """How far were forecasts p [B], made at cut-offs `as_of` [B], from the shares that followed (y [B])?

        Per window and tenth of users the gap is measured in log-odds with its standard error. Gaps are thought of as
        a bend of the curve common to all windows, plus a move of one window, plus a bend of that window, plus chance;
        the sizes of the three are averaged over by how well they explain the gaps seen. p is what would be shown:
        calibrated, and moved by a level learnt from earlier windows.

        Raises:
            EvidenceError: there is no forecast.
            ConfigError: lengths differ.
        """
        if not len(p):
            raise EvidenceError("A band is learnt from honest forecasts of past windows, got none")
        if p.shape != y.shape or p.shape != as_of.shape:
            raise ConfigError(
                f"Bands: expected p, y and as_of of one length, got {p.shape}, {y.shape} and {as_of.shape}"
            )
        place, gap, error, window = _gaps(p, y, as_of)
        log_odds = _log_odds(p)
        knots = np.linspace(log_odds.min() - _SURE, log_odds.max() + _SURE, _N_KNOTS)
        mixture = condition(gap, _settings(place, error, window, knots))
        levels = np.array(LEVELS)
        low = mixture.quantiles((1 - levels) / 2) + knots
        high = mixture.quantiles((1 + levels) / 2) + knots
        # A band without its own forecast would only puzzle; what is this far off is for the calibration to mend.
        return cls(knots, np.minimum(low, knots), np.maximum(high, knots), levels)

    def __call__(self, p: Vector, level: float = 0.80) -> tuple[Vector, Vector]:
        """The band [low [B], high [B]] of each probability at one of `LEVELS`.

        Raises:
            ConfigError: no band of this level is kept.
        """
        places = np.flatnonzero(np.isclose(self.levels, level))
        if not len(places):
            raise ConfigError(
                f"level: expected one of {', '.join(f'{known:g}' for known in self.levels)}, got {level!r}"
            )
        log_odds = _log_odds(p)
        ends = (np.interp(log_odds, self.log_odds, ends[places[0]] - self.log_odds) for ends in (self.low, self.high))
        low, high = (np.asarray(expit(log_odds + away), dtype=np.float64) for away in ends)
        return low, high

    def to_arrays(self) -> dict[str, NDArray[np.float64]]:
        """The bands as named arrays."""
        return {"log_odds": self.log_odds, "low": self.low, "high": self.high, "levels": self.levels}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.float64]]) -> Bands:
        """The bands that `to_arrays` described."""
        return cls(arrays["log_odds"], arrays["low"], arrays["high"], arrays["levels"])


def _gaps(p: Vector, y: Vector, as_of: NDArray[np.generic]) -> tuple[Vector, Vector, Vector, NDArray[np.int64]]:
    """Per window and bin of users: mean log-odds, gap of the observed from it, its standard error, the window [G]."""
    rows = []
    for number, time in enumerate(np.unique(as_of)):
        p_of, y_of = p[as_of == time], y[as_of == time]
        bins = equal_bins(p_of)
        for k in range(bins.max() + 1):
            said, came = p_of[bins == k], y_of[bins == k]
            information = (said * (1 - said)).sum() + 0.25  # as of one more user, who shows nothing
            rows.append((_log_odds(said).mean(), (came - said).sum() / information, information**-0.5, number))
    place, gap, error, window = np.array(rows).T
    return place, gap, error, window.astype(np.int64)


def _settings(place: Vector, error: Vector, window: NDArray[np.int64], knots: Vector) -> Iterator[Setting]:
    same = (window[:, None] == window[None]).astype(np.float64)
    alike = _alike(place, place)
    across = _alike(place, knots)
    n, n_knots = len(place), len(knots)
    for bend, flicker, crumple in itertools.product(_BEND, _FLICKER, _CRUMPLE):
        covariance = bend**2 * alike + same * (flicker**2 + crumple**2 * alike) + np.diag(error**2)
        yield Setting(
            # Half-Cauchy, as Gelman (2006, Bayesian Analysis 1) advises where few windows tell of their variation.
            log_prior=-float(
                np.log1p((bend / _USUAL_BEND) ** 2)
                + np.log1p((flicker / _USUAL_FLICKER) ** 2)
                + np.log1p((crumple / _USUAL_CRUMPLE) ** 2)
            ),
            mean=np.zeros(n),
            covariance=covariance,
            next_mean=np.zeros(n_knots),
            next_variance=np.full(n_knots, bend**2 + flicker**2 + crumple**2),
            cross=bend**2 * across,
        )


def _alike(a: Vector, b: Vector) -> Matrix:
    return np.exp(-0.5 * ((a[:, None] - b[None]) / _REACH) ** 2)


def _log_odds(p: Vector) -> Vector:
    return np.asarray(logit(np.clip(p, _SURE, 1 - _SURE)), dtype=np.float64)
