"""Do probabilities mean what they say? Maps a forecast to what was seen to follow such forecasts.

A map mends the shape of the forecasts; that all of them run high or low of late is for `level` to mend.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit
from sklearn.isotonic import IsotonicRegression

from tenure.prediction.champion import mean_and_error
from tenure.prediction.level import moved, shift_of
from tenure.prediction.logistic import Logistic

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

_FOLDS = 5
_ROUNDS = 5
_SURE = 1e-12


class Calibrator(Protocol):
    """A map from probabilities [B] to better ones [B], never reversing their order."""

    def __call__(self, p: Vector) -> Vector:
        """The calibrated probabilities."""

    def to_arrays(self) -> dict[str, NDArray[np.float64]]:
        """The map as named arrays."""


@dataclass(frozen=True)
class Platt:
    """Stretch and shift of the log-odds: sigma(slope * logit(p) + shift). Slope 1 and shift 0 leave p alone.

    Source: Platt (1999), Probabilistic outputs for support vector machines.
    """

    slope: float = 1.0
    """Below 1 the forecasts were too sure of themselves."""
    shift: float = 0.0
    """Above 0 the outcome has become more frequent than forecast."""

    @classmethod
    def fit(cls, p: Vector, y: NDArray[np.bool_], beside: Matrix | None = None) -> Platt:
        """Learn from forecasts p [B] and what came of them y [B]. Where it would reverse the order: identity.

        `beside` [B, W] are further inputs whose effects are no part of the map, such as which window a row is of.
        """
        inputs = _log_odds(p)[:, None]
        model = Logistic.fit(inputs if beside is None else np.hstack([inputs, beside]), y, penalty=1e-6)
        slope = float(model.weights[0])
        return cls(slope, model.intercept) if slope > 0 else IDENTITY

    def __call__(self, p: Vector) -> Vector:
        """The calibrated probabilities."""
        if self == IDENTITY:
            return p
        return np.asarray(expit(self.slope * _log_odds(p) + self.shift), dtype=np.float64)

    def to_arrays(self) -> dict[str, NDArray[np.float64]]:
        """The map as named arrays."""
        return {"slope": np.array([self.slope]), "shift": np.array([self.shift])}


IDENTITY = Platt()
"""Leaves probabilities as they are."""


@dataclass(frozen=True)
class Beta:
    """Log-odds a ln p - b ln(1 - p) + c: stretches low and high forecasts unlike. a = b = 1 and c = 0 leave p alone.

    Source: Kull, Silva Filho & Flach (2017), Beta calibration, AISTATS, section 4: a, b and c by logistic regression,
    and the one of a and b that would come out negative set to 0.
    """

    a: float
    b: float
    c: float

    @classmethod
    def fit(cls, p: Vector, y: NDArray[np.bool_], beside: Matrix | None = None) -> Calibrator:
        """Learn from forecasts p [B] and what came of them y [B]; `beside` as of Platt.

        Where it would reverse the order: identity.
        """
        inputs = _logarithms(p)
        used = [0, 1]
        while used:
            chosen = inputs[:, used]
            model = Logistic.fit(chosen if beside is None else np.hstack([chosen, beside]), y, penalty=1e-6)
            weights = model.weights[: len(used)]
            if (weights > 0).all():
                a, b = (float(weights[used.index(i)]) if i in used else 0.0 for i in (0, 1))
                return cls(a, b, model.intercept)
            used.pop(int(np.argmin(weights)))
        return IDENTITY

    def __call__(self, p: Vector) -> Vector:
        """The calibrated probabilities."""
        return np.asarray(expit(_logarithms(p) @ [self.a, self.b] + self.c), dtype=np.float64)

    def to_arrays(self) -> dict[str, NDArray[np.float64]]:
        """The map as named arrays."""
        return {"abc": np.array([self.a, self.b, self.c])}


@dataclass(frozen=True, eq=False)
class Isotonic:
    """The rising staircase that fits best, joined by straight lines between its knots.

    Source: Zadrozny & Elkan (2002), KDD.
    """

    forecast: Vector
    """Where the knots are, rising."""
    observed: Vector
    """What was seen there, never falling; kept off 0 and 1 by half a user."""

    @classmethod
    def fit(cls, p: Vector, y: NDArray[np.bool_] | Vector) -> Isotonic:
        """Learn from forecasts p [B] and what came of them y [B], which may be corrected for something."""
        edge = 0.5 / (len(y) + 1)
        found = IsotonicRegression(y_min=edge, y_max=1 - edge, out_of_bounds="clip").fit(p, y)
        return cls(np.asarray(found.X_thresholds_, np.float64), np.asarray(found.y_thresholds_, np.float64))

    def __call__(self, p: Vector) -> Vector:
        """The calibrated probabilities."""
        return np.interp(p, self.forecast, self.observed)

    def to_arrays(self) -> dict[str, NDArray[np.float64]]:
        """The map as named arrays."""
        return {"forecast": self.forecast, "observed": self.observed}


def calibrator_from_arrays(arrays: Mapping[str, NDArray[np.float64]]) -> Calibrator:
    """The map that `to_arrays` described."""
    if "slope" in arrays:
        return Platt(float(arrays["slope"][0]), float(arrays["shift"][0]))
    if "abc" in arrays:
        return Beta(*map(float, arrays["abc"]))
    return Isotonic(arrays["forecast"], arrays["observed"])


Fit = Callable[[Vector, NDArray[np.bool_], NDArray[np.int64]], Calibrator]
"""From forecasts [B], outcomes [B] and numbers of cut-offs [B] to the map that mends their shape alone."""


def choose_calibrator(
    p: Vector, y: NDArray[np.bool_], as_of: NDArray[np.generic], users: NDArray[np.int64] | None = None
) -> Calibrator:
    """Which map makes honest forecasts p [B] of several cut-offs `as_of` [B] truest, judged on later ones?

    What moves from one window to the next is no property of the forecasts, and is left to `level`: every window has a
    shift of its own while a map is fitted and judged, and the map keeps the total of the forecasts. None at all, Platt,
    beta or isotonic, from simple to flexible: each is learnt on the earlier cut-offs and judged on the next; the more
    flexible one must lower the log-loss by more than one standard error of the paired difference. Of a single cut-off,
    folds of its users take the place of time. The chosen one is fitted on everybody.

    `users` [B], 0 to U - 1, says whose row each is; None = every row is another user. What makes users do more or less
    than was forecast of them lasts: a map that has learnt the peculiarities of some users foretells the same users
    better without being true of others. So each half of the users is judged by what the other half taught, and the
    standard error takes all rows of a user together.
    """
    if min(int(y.sum()), int((~y).sum())) < 2 * _FOLDS:
        return IDENTITY
    cutoff = np.unique(as_of, return_inverse=True)[1]
    n_cutoffs = int(cutoff.max()) + 1
    if n_cutoffs == 1:
        trials = [(np.arange(len(p)) % _FOLDS != k, np.arange(len(p)) % _FOLDS == k) for k in range(_FOLDS)]
    else:
        trials = _of_other_users(cutoff, n_cutoffs, users)
    trials = [(learn, judge) for learn, judge in trials if 0 < y[learn].sum() < learn.sum()]
    if not trials:
        return IDENTITY
    judged = np.concatenate([np.flatnonzero(judge) for _, judge in trials])
    whose = judged if users is None else users[judged]

    def losses_of(fit: Fit) -> Vector:
        told = np.concatenate([fit(p[learn], y[learn], cutoff[learn])(p[judge]) for learn, judge in trials])
        return _losses(_totals_right(told, y[judged], cutoff[judged]), y[judged])

    best: Fit = _none
    best_losses = losses_of(best)
    for fit in (_platt, _beta, _isotonic):
        losses = losses_of(fit)
        gain, error = mean_and_error(best_losses - losses, whose)
        if gain > error:
            best, best_losses = fit, losses
    return best(p, y, cutoff)


def _of_other_users(
    cutoff: NDArray[np.int64], n_cutoffs: int, users: NDArray[np.int64] | None
) -> list[tuple[NDArray[np.bool_], NDArray[np.bool_]]]:
    """What to learn from and what to judge: each cut-off but the first by earlier ones, nobody by their own past."""
    if users is None:
        return [(cutoff < k, cutoff == k) for k in range(1, n_cutoffs)]
    halves = (users % 2 == 0, users % 2 == 1)
    return [((cutoff < k) & ~half, (cutoff == k) & half) for k in range(1, n_cutoffs) for half in halves]


def _none(_p: Vector, _y: NDArray[np.bool_], _cutoff: NDArray[np.int64]) -> Calibrator:
    return IDENTITY


def _platt(p: Vector, y: NDArray[np.bool_], cutoff: NDArray[np.int64]) -> Calibrator:
    found = Platt.fit(p, y, _indicators(cutoff))
    return found if found is IDENTITY else replace(found, shift=found.shift + shift_of(found(p), p)[0])


def _beta(p: Vector, y: NDArray[np.bool_], cutoff: NDArray[np.int64]) -> Calibrator:
    found = Beta.fit(p, y, _indicators(cutoff))
    return replace(found, c=found.c + shift_of(found(p), p)[0]) if isinstance(found, Beta) else found


def _isotonic(p: Vector, y: NDArray[np.bool_], cutoff: NDArray[np.int64]) -> Calibrator:
    """The staircase and the shifts of the windows in turn: each is fitted to what the other leaves over."""
    found: Calibrator = IDENTITY
    for _ in range(_ROUNDS):
        told = found(p)
        found = Isotonic.fit(p, told + y - _totals_right(told, y, cutoff))
    return found


def _indicators(cutoff: NDArray[np.int64]) -> Matrix:
    indicators: Matrix = (cutoff[:, None] == np.unique(cutoff)[1:]).astype(np.float64)
    return indicators


def _totals_right(p: Vector, y: NDArray[np.bool_], cutoff: NDArray[np.int64]) -> Vector:
    """The forecasts, each window moved so that its total is right."""
    right = np.empty_like(p)
    for k in np.unique(cutoff):
        rows = cutoff == k
        right[rows] = moved(p[rows], shift_of(p[rows], y[rows].astype(np.float64))[0], is_amount=False)
    return right


def _losses(p: Vector, y: NDArray[np.bool_]) -> Vector:
    p = np.clip(p, _SURE, 1 - _SURE)
    return -np.where(y, np.log(p), np.log1p(-p))


def _logarithms(p: Vector) -> NDArray[np.float64]:
    p = np.clip(p, _SURE, 1 - _SURE)
    return np.column_stack([np.log(p), -np.log1p(-p)])


def _log_odds(p: Vector) -> Vector:
    return np.asarray(logit(np.clip(p, _SURE, 1 - _SURE)), dtype=np.float64)
