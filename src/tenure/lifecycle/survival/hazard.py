"""When does each user come back? A hazard in pieces: by time, by what is known of the user, by how late they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import block_diag

from tenure.errors import ConfigError, EvidenceError
from tenure.evaluation.kaplan_meier import check_spells
from tenure.lifecycle.survival.fitting import blocks, cut, difference_penalty, maximise
from tenure.lifecycle.survival.rhythm import KNOTS, Rhythm, hats

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Array = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class HazardConfig:
    """How the hazard of return is learnt."""

    edges_days: tuple[float, ...] = (
        0, 1 / 24, 1 / 8, 1 / 4, 1 / 2, 1, 2, 3, 4, 5, 6, 7, 10, 14, 21, 30, 45, 60, 90, 120, 180, 270, 365, 545, 730
    )  # fmt: skip
    """Between two of these days after the cut-off the hazard is constant; days that nobody was watched are left out."""
    penalty: float = 10.0
    """Strength of the penalty on the weights, penalty / 2 * |weights|^2; the inputs are in comparable units."""
    smoothness: float = 1.0
    """Strength of the penalty on steps of the hazard from bin to bin, and on bends of the effect of being late."""
    fading_penalty: float = 1.0
    """Strength of the penalty on the fading of what was known at the cut-off; the larger, the more proportional are the
    hazards of users at all times."""

    def __post_init__(self) -> None:
        edges = self.edges_days
        if len(edges) < 2 or edges[0] != 0 or any(b <= a for a, b in pairwise(edges)):
            raise ConfigError(f"edges_days: expected rising days that start with 0, got {list(edges)}")
        for name in ("penalty", "smoothness", "fading_penalty"):
            if not getattr(self, name) > 0:
                raise ConfigError(f"{name}: expected a number above 0, got {getattr(self, name)!r}")


@dataclass(frozen=True, eq=False)
class ReturnModel:
    """A fitted hazard of return.

    Per day, in bin k after the cut-off, user i returns with

        h_ik = exp(a_k + s_k (x_i . b + f(lateness_ik)))

    where a is the log hazard of an average user, x the inputs, f the effect of being late by the own rhythm, which
    changes while the user stays away, and s how much of what was known at the cut-off still holds: it is 1 at the time
    of a usual return and mostly falls, a line in the log of time.
    """

    edges_days: Vector
    """Edges of the K bins [K + 1]; the last one is the longest wait that was watched."""
    log_hazard: Vector
    """a [K]"""
    slope: Vector
    """s [K]"""
    log_time: Vector
    """The log of 1 + the middle day of each bin, less its mean over the returns [K]: s = 1 + phi log_time as fitted."""
    weights: Vector
    """b [D]: log hazard per unit of each input; 0.1 = about 10 % more likely on any day."""
    late_effect: Vector
    """f at the knots of `rhythm.KNOTS` [J], 0 for the average user on the first day; empty without a rhythm."""
    typical_gap_days: float
    """Pause of users who have none of their own yet."""
    covariance: Matrix
    """Of (a, b, f, phi) as fitted [P, P]: the inverse of the information, penalty included."""

    @classmethod
    def fit(
        cls,
        X: Matrix,
        days: Vector,
        returned: Flags,
        *,
        rhythm: Rhythm | None = None,
        config: HazardConfig = HazardConfig(),
    ) -> Self:
        """Which hazard makes these spells most likely?

        Args:
            X: inputs in comparable units [B, D], as known at the cut-off.
            days: how long each user was watched from the cut-off on [B]; see `spells`.
            returned: did the spell end with a return? [B]
            rhythm: the pauses of the same users at the cut-off; None leaves being late out.
            config: bins and penalties.

        Rows of several cut-offs are put one below the other. The standard errors take rows as independent: with the
        same users at many cut-offs they are somewhat too small.

        Raises:
            EvidenceError: nobody returned, everybody did so at once, or no maximum was found.
            ConfigError: shapes differ, or a number is not finite.
        """
        days, returned = check_spells(days, returned)
        X = _checked(X, len(days), rhythm)
        n_returns, exposure = int(returned.sum()), float(days.sum())
        if not n_returns:
            raise EvidenceError(
                f"Nobody of {len(days)} returned within {days.max():g} days, so there is no return to learn from; "
                "use earlier cut-offs or a longer log"
            )
        if not exposure:
            raise EvidenceError("Everybody returned at the very cut-off, so there is no time of absence to learn from")
        edges = np.array([*(edge for edge in config.edges_days if edge < days.max()), days.max()])
        middle = _middle(edges)
        log_time = np.log1p(middle)
        log_time -= cut(days[returned], returned[returned], edges)[1].sum(axis=0) @ log_time / n_returns
        typical = 1.0 if rhythm is None else rhythm.typical_gap_days
        n_bins, n_knots = len(middle), 0 if rhythm is None else len(KNOTS)

        # A level of f could as well be one of a: f is measured from the average user's on the first day.
        average = np.zeros(0) if rhythm is None else hats(rhythm.lateness(middle[:1], typical)).mean(axis=(0, 1))

        def varying(rows: slice) -> Array:
            if rhythm is None:
                return np.zeros((len(days[rows]), n_bins, 0))
            return hats(rhythm[rows].lateness(middle, typical)) - average

        penalty = block_diag(
            config.smoothness * difference_penalty(n_bins, 1),
            config.penalty * np.eye(X.shape[1]),
            config.smoothness * (difference_penalty(n_knots, 2) + 0.1 * np.eye(n_knots)),
            config.fading_penalty,
        )
        start = np.zeros(len(penalty))
        start[:n_bins] = np.log(n_returns / exposure)
        users = blocks(X, days, returned, edges, varying=varying, offset=lambda _: np.zeros((1, 1)))
        found = maximise(users, start, penalty, log_time)
        centred = block_diag(np.eye(n_bins + X.shape[1]), np.eye(n_knots) - average, 1.0)
        a, b, f, phi = np.split(centred @ found.theta, np.cumsum([n_bins, X.shape[1], n_knots]))
        covariance = centred @ found.covariance @ centred.T
        return cls(edges, a, 1 + phi * log_time, log_time, b, f, typical, covariance)

    @property
    def observed_days(self) -> float:
        """How far the model sees: the longest wait it was fitted on."""
        return float(self.edges_days[-1])

    @property
    def standard_errors(self) -> Vector:
        """Of the weights [D], as fitted."""
        n_bins = len(self.log_hazard)
        errors: Vector = np.sqrt(np.diag(self.covariance)[n_bins : n_bins + len(self.weights)])
        return errors

    def relative(self, X: Matrix, rhythm: Rhythm | None = None) -> Matrix:
        """How much more likely than the average user's is a return in each bin? Log hazard ratio before s_k: [B, K]."""
        X = _checked(X, len(X), rhythm)
        if X.shape[1] != len(self.weights):
            raise ConfigError(f"X: expected {len(self.weights)} columns, as in the fit, got {X.shape[1]}")
        if (rhythm is None) != (len(self.late_effect) == 0):
            raise ConfigError("rhythm: expected one exactly if the model was fitted with one")
        fixed = (X @ self.weights)[:, None]
        if rhythm is None:
            return np.repeat(fixed, len(self.log_hazard), axis=1)
        lateness = rhythm.lateness(_middle(self.edges_days), self.typical_gap_days)
        return fixed + np.interp(lateness, KNOTS, self.late_effect)

    def hazard(self, X: Matrix, rhythm: Rhythm | None = None) -> Matrix:
        """How likely is a return per day, for who is still away, in each bin? -> [B, K]."""
        hazard: Matrix = np.exp(self.log_hazard + self.slope * self.relative(X, rhythm))
        return hazard

    def curve(self, X: Matrix, days: Vector, rhythm: Rhythm | None = None) -> Matrix:
        """How likely is each user back by these days [H] after the cut-off? P = 1 - exp(-cumulated hazard), [B, H].

        Raises:
            EvidenceError: a day lies beyond `observed_days`: nothing was seen there.
        """
        return np.asarray(-np.expm1(-self.hazard(X, rhythm) @ self._time_in_bins(days).T), dtype=np.float64)

    def quantile(self, X: Matrix, share: float | Vector, rhythm: Rhythm | None = None) -> Matrix:
        """By which day is each user back with this probability? [B] for one share, [B, Q] for several.

        Infinite where the probability is not reached within `observed_days`.
        """
        shares = np.atleast_1d(np.asarray(share, dtype=np.float64))
        if not ((shares > 0) & (shares < 1)).all():
            raise ConfigError(f"share: expected numbers between 0 and 1, got {share!r}")
        hazard = self.hazard(X, rhythm)
        cumulated = np.cumsum(hazard * np.diff(self.edges_days), axis=1)
        wanted = -np.log1p(-shares)
        bins = (cumulated[:, :, None] < wanted).sum(axis=1)  # [B, Q]: the bin in which it is reached; K = never
        reached = bins < len(self.log_hazard)
        k = np.minimum(bins, len(self.log_hazard) - 1)
        beyond = np.take_along_axis(cumulated, k, axis=1) - wanted
        day = self.edges_days[k + 1] - beyond / np.take_along_axis(hazard, k, axis=1)
        days = np.where(reached, np.maximum(day, self.edges_days[k]), np.inf)
        return days if np.ndim(share) else days[:, 0]

    def median_days(self, X: Matrix, rhythm: Rhythm | None = None) -> Vector:
        """By which day is each user as likely back as not? [B]; infinite beyond `observed_days`."""
        return self.quantile(X, 0.5, rhythm)

    def interval(self, X: Matrix, level: float, rhythm: Rhythm | None = None) -> Matrix:
        """Between which days does each user return with this probability, as likely before as after? [B, 2].

        An end beyond `observed_days` is infinite; such an interval holds the return more often than it states.
        """
        return self.quantile(X, np.array([(1 - level) / 2, (1 + level) / 2]), rhythm)

    def standard_error(self, X: Matrix, days: Vector, rhythm: Rhythm | None = None) -> Matrix:
        """How far may `curve` be off because the data were few? [B, H], by the delta method; `calibrated` adds none."""
        weight = self._time_in_bins(days)  # [H, K]
        relative = self.relative(X, rhythm)
        hazard = np.exp(self.log_hazard + self.slope * relative)
        effect = hazard * self.slope
        errors = np.empty((len(X), len(weight)))
        middle = _middle(self.edges_days)
        late = None if rhythm is None else hats(rhythm.lateness(middle, self.typical_gap_days))
        for h, w in enumerate(weight):
            parts = [hazard * w, X * (effect @ w)[:, None]]
            if late is not None:
                parts.append(np.einsum("bk,bkj->bj", effect * w, late))
            parts.append(((hazard * relative) @ (w * self.log_time))[:, None])
            gradient = np.hstack(parts)  # of the cumulated hazard [B, P]
            variance = np.einsum("bp,pq,bq->b", gradient, self.covariance, gradient, optimize=True)
            errors[:, h] = np.sqrt(variance) * np.exp(-(hazard @ w))
        return errors

    def contributions(self, X: Matrix, rhythm: Rhythm | None = None, *, day: float = 0.0) -> Matrix:
        """How far does each input move each user from the average one, `day` days on? Log hazard [B, D + 1].

        The last column is that of being late (0 without a rhythm). A row sums to log h_ik - a_k, exactly.
        """
        k = self._bin(day)
        moved = X * self.weights
        late = self.relative(X, rhythm)[:, k] - moved.sum(axis=1)
        columns: Matrix = self.slope[k] * np.column_stack([moved, late * (rhythm is not None)])
        return columns

    def calibrated(self, X: Matrix, days: Vector, returned: Flags, *, rhythm: Rhythm | None = None) -> Self:
        """The same model set right on spells that it was not fitted on, from a later cut-off.

        Keeps b and f; learns anew how likely a return is in each bin (a_k, drawn towards a common shift) and how much
        what is known at the cut-off says about each (s_k, a line in the log of time, not below 0). As hazards stay
        above 0, every curve keeps rising. Bins later than these spells reach are shifted like the last one seen.

        Raises:
            EvidenceError: nobody returned in them.
        """
        days, returned = check_spells(days, returned)
        if not returned.any():
            raise EvidenceError("Nobody returned after the cut-off that is to calibrate; use an earlier one")
        relative = self.relative(X, rhythm)
        seen = np.minimum(days, self.observed_days)
        reached = np.maximum(self.edges_days[:-1] < seen.max(), [True, *[False] * (len(self.slope) - 1)])
        log_time = np.minimum(self.log_time, self.log_time[reached][-1])  # no line is drawn into time not seen
        n_bins = len(log_time)

        def varying(rows: slice) -> Array:
            return np.stack([relative[rows], relative[rows] * log_time], axis=-1)

        def offset(rows: slice) -> Matrix:
            return self.log_hazard + self.slope * relative[rows]

        nothing, back = np.zeros((len(seen), 0)), returned & (days <= self.observed_days)
        users = blocks(nothing, seen, back, self.edges_days, varying=varying, offset=offset)
        penalty = block_diag(difference_penalty(n_bins, 1), np.eye(3))
        found = maximise(users, np.zeros(len(penalty)), penalty, np.zeros(n_bins))
        shift, (level, fading, _) = found.theta[:n_bins], found.theta[n_bins:]
        slope = np.maximum(self.slope + level + fading * log_time, 0.0)
        return replace(self, log_hazard=self.log_hazard + shift, slope=slope)

    def to_arrays(self) -> dict[str, NDArray[np.float64]]:
        """The model as named arrays, to be kept in a file."""
        arrays = {name: getattr(self, name) for name in self.__dataclass_fields__ if name != "typical_gap_days"}
        return {**arrays, "typical_gap_days": np.array([self.typical_gap_days])}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.float64]]) -> Self:
        """The model that `to_arrays` described."""
        parts = {name: array for name, array in arrays.items() if name != "typical_gap_days"}
        return cls(**parts, typical_gap_days=float(arrays["typical_gap_days"][0]))

    def _time_in_bins(self, days: Vector) -> Matrix:
        """How long each bin lasts before each day: [H, K]."""
        asked = np.atleast_1d(np.asarray(days, dtype=np.float64))
        if not (asked >= 0).all():
            raise ConfigError(f"days: expected days of 0 or more after the cut-off, got {asked.tolist()}")
        if asked.max(initial=0.0) > self.observed_days:
            raise EvidenceError(
                f"No curve for day {asked.max():g}: users were watched for {self.observed_days:g} days after the "
                "cut-offs; ask for an earlier day or learn from earlier cut-offs"
            )
        return np.clip(asked[:, None] - self.edges_days[:-1], 0.0, np.diff(self.edges_days))

    def _bin(self, day: float) -> int:
        return int(np.clip(np.searchsorted(self.edges_days, day, side="right") - 1, 0, len(self.log_hazard) - 1))


def _middle(edges: Vector) -> Vector:
    return (edges[:-1] + edges[1:]) / 2


def _checked(X: Matrix, n: int, rhythm: Rhythm | None) -> Matrix:
    X = np.asarray(X, dtype=np.float64)
    if X.ndim != 2 or len(X) != n:
        raise ConfigError(f"X: expected a matrix with one row per spell ({n}), got shape {X.shape}")
    if not np.isfinite(X).all():
        row, column = np.argwhere(~np.isfinite(X))[0]
        raise ConfigError(f"X: expected finite numbers, got {X[row, column]} in column {column}")
    if rhythm is not None and len(rhythm) != n:
        raise ConfigError(f"rhythm: expected one row per spell ({n}), got {len(rhythm)}")
    return X
