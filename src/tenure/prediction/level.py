"""Do forecasts run high or low of late, and what does the calendar do to the window that comes? Moves them to match."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from tenure.errors import ConfigError, EvidenceError
from tenure.prediction.mixture import Mixture, Setting, condition
from tenure.prediction.season import Daily, Season
from tenure.schema import SECONDS_PER_DAY
from tenure.wording import percent

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Times = NDArray[np.datetime64]

_SURE = 1e-12
_MOST_SHIFT = 20.0

UNCHANGED = "Forecasts stand as they are."
"""What is said where season and level change nothing worth telling."""

# What is believed of shifts before any window is seen, in log-odds or logarithms of a ratio; see `_settings`.
_WANDER = (0.0, 0.03, 0.1, 0.2, 0.4, 0.8)
_FLICKER = (0.0, 0.03, 0.1, 0.2, 0.4)
_MEMORY = (1.0, 4.0, 16.0, 256.0)  # in horizons
_WANDER_SD, _FLICKER_SD = 0.3, 0.15
# The calendar's part: how busy the horizon is, and how busy the days were by which users are known (the windows of the
# activity features), which the model took for their own doing. Means as on simulated logs, where a window's shift
# follows its season by 0.6 to 1.4, and undoes that of the 30 and 90 days before by 0.1 to 1 together 0.4 to 1.3.
_MEMORY_DAYS = (30, 90)
_TERM_MEAN, _TERM_SD = np.array([1.0, -0.3, -0.35]), np.array([0.35, 0.3, 0.3])
_MOST_WINDOWS = 60  # older ones tell nothing of now and cost time


@dataclass(frozen=True, eq=False)
class Windows:
    """How far past forecasts were off, window by window, oldest first [W]."""

    as_of: Times
    """When each was forecast."""
    shift: Vector
    """What would have put its total right: added to log-odds, or to the logarithm of amounts."""
    error: Vector
    """Standard error of the shift, from the users in the window."""

    @classmethod
    def of(cls, forecast: Vector, outcome: Vector, as_of: Times, *, is_amount: bool) -> Windows:
        """From honest forecasts [B], what came of them [B] and their cut-offs [B].

        Raises:
            EvidenceError: there is no forecast.
            ConfigError: the three differ in length, or are not finite.
        """
        _check(forecast, outcome, as_of)
        times = np.unique(as_of)
        judge = _log_ratio if is_amount else shift_of
        found = [judge(forecast[as_of == time], outcome[as_of == time]) for time in times]
        shift, error = np.array(found).T
        return cls(times, shift, error)

    def rows(self, chosen: NDArray[np.bool_]) -> Windows:
        """Some of the windows."""
        return Windows(self.as_of[chosen], self.shift[chosen], self.error[chosen])


@dataclass(frozen=True)
class Shift:
    """How far forecasts made at one cut-off are moved, and why; log-odds, or logarithms of amounts."""

    total: float
    """What is added."""
    sd: float
    """How far the truth may yet lie from it: unforeseen changes between windows, not chance among users."""
    calendar: float
    """The part of the total that day of year and weekday explain; the rest is the recent level."""


@dataclass(frozen=True, eq=False)
class Level:
    """A fitted shift of forecasts by season and recent level.

    A window's shift is thought of as calendar + level + flicker: the calendar's part is how busy its days are against
    those of the windows that the model had learnt from; the level wanders and is forgotten at an unknown pace; flicker
    concerns one window only. All sizes are unknown and averaged over, so that a single window moves little, and many
    that agree move forecasts fully.
    """

    windows: Windows
    horizon_days: int
    is_amount: bool
    season: Season | None
    """None where the log is too short for one, or past windows did not confirm it."""
    learnt_from: Times
    """Cut-offs that models learn from [C]."""
    n_examples: Vector
    """How many examples each gives [C]."""

    @classmethod
    def fit(
        cls,
        forecast: Vector,
        outcome: Vector,
        as_of: Times,
        *,
        horizon_days: int,
        is_amount: bool = False,
        daily: Daily | None = None,
        learnt_from: Times | None = None,
    ) -> Level:
        """What do honest forecasts of past windows teach about the next?

        `forecast` [B] are probabilities or amounts made without knowledge of `outcome` [B] at the cut-offs `as_of` [B].
        With `daily` (what happened day by day up to now) and `learnt_from` (the cut-off of every example [N]) the
        calendar is tried: it is used if it has foreseen past windows (see `Season.confirmed`). Busy days are taken to
        make the outcome likelier: of churn give the probability that users commit.

        Raises:
            EvidenceError: there is no forecast.
            ConfigError: lengths differ, or numbers are not finite.
        """
        windows = Windows.of(forecast, outcome, as_of, is_amount=is_amount)
        windows = windows.rows(np.arange(len(windows.as_of)) >= len(windows.as_of) - _MOST_WINDOWS)
        times, n = np.unique(as_of if learnt_from is None else learnt_from, return_counts=True)
        season = None if daily is None else Season.confirmed(daily, horizon_days)
        return cls(windows, horizon_days, is_amount, season, times, n.astype(np.float64))

    def at(self, as_of: datetime) -> Shift:
        """How are forecasts moved that are made at this cut-off? Only windows that were over by then count."""
        moment = np.datetime64(as_of, "us")
        known = self.windows.rows(self.windows.as_of + self._horizon <= moment)
        terms = self._terms(np.append(known.as_of, moment))
        mixture = self._forecast(known, moment, terms)
        level = self._forecast(known, moment, terms, of_level_only=True)
        total = float(mixture.mean[0])
        return Shift(total, float(mixture.sd[0]), total - float(level.mean[0]))

    def apply(self, forecast: Vector, as_of: datetime) -> Vector:
        """The forecasts [B] made at this cut-off, moved; their order stays."""
        return moved(forecast, self.at(as_of).total, is_amount=self.is_amount)

    def sentence(self, as_of: datetime, *, what: str = "commitments") -> str:
        """What was done to forecasts of this cut-off, in words; percentages of odds, or of amounts."""
        shift = self.at(as_of)
        level = shift.total - shift.calendar
        parts = []
        if self.season is not None and abs(shift.calendar) >= 0.005:
            parts.append(f"the calendar {_lifts(shift.calendar)} {what}")
        if abs(level) >= 0.005:
            ran = "above" if level > 0 else "below"
            n = len(self.windows.as_of)
            windows = "the last window" if n == 1 else f"the last {n} windows"
            parts.append(f"{windows} ran {ran} forecast, which {_lifts(level)} this one")
        told = " and ".join(parts)
        return f"{told[0].upper()}{told[1:]}." if told else UNCHANGED

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """The level as named arrays."""
        arrays: dict[str, NDArray[Any]] = {
            "as_of": self.windows.as_of.astype("datetime64[us]").astype(np.int64),
            "shift": self.windows.shift,
            "error": self.windows.error,
            "settings": np.array([self.horizon_days, self.is_amount], dtype=np.float64),
            "learnt_from": self.learnt_from.astype("datetime64[us]").astype(np.int64),
            "n_examples": self.n_examples,
        }
        season = {} if self.season is None else self.season.to_arrays()
        return arrays | {f"season.{name}": array for name, array in season.items()}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Level:
        """The level that `to_arrays` described."""
        season = {name.removeprefix("season."): array for name, array in arrays.items() if name.startswith("season.")}
        horizon_days, is_amount = arrays["settings"]
        return cls(
            Windows(arrays["as_of"].astype("datetime64[us]"), arrays["shift"], arrays["error"]),
            int(horizon_days),
            bool(is_amount),
            Season.from_arrays(season) if season else None,
            arrays["learnt_from"].astype("datetime64[us]"),
            arrays["n_examples"],
        )

    @property
    def _horizon(self) -> np.timedelta64:
        return np.timedelta64(self.horizon_days, "D")

    def _terms(self, moments: Times) -> Matrix:
        """How much busier are the days to come, and those just gone, than those of the examples then known?

        Logarithms [n, 3]: of the horizon, and of each of `_MEMORY_DAYS`; what its examples share, a model has learnt.
        """
        if self.season is None:
            return np.zeros((len(moments), len(_TERM_MEAN)))
        known = (self.learnt_from[None] + self._horizon <= moments[:, None]) * self.n_examples
        total = known.sum(axis=1)
        share = np.divide(known, total[:, None], out=np.zeros_like(known), where=total[:, None] > 0)
        spans = ((0, self.horizon_days), *((-days, days) for days in _MEMORY_DAYS))
        now, then = (
            np.column_stack([np.log(self.season.mean(t + np.timedelta64(start, "D"), days)) for start, days in spans])
            for t in (moments, self.learnt_from)
        )
        terms = now - share @ then
        told: Matrix = terms * (total > 0)[:, None]  # what learnt from nothing has learnt no season
        return told

    def _forecast(
        self, known: Windows, moment: np.datetime64, terms: Matrix, *, of_level_only: bool = False
    ) -> Mixture:
        return condition(known.shift, self._settings(known, moment, terms, of_level_only=of_level_only))

    def _settings(
        self, known: Windows, moment: np.datetime64, terms: Matrix, *, of_level_only: bool
    ) -> Iterator[Setting]:
        """Every combination of how far the level wanders, how long it remembers, and how much windows flicker."""
        days = np.append(known.as_of, moment).astype("datetime64[s]").astype(np.float64) / SECONDS_PER_DAY
        apart = np.abs(days[:, None] - days[None]) / self.horizon_days
        overlap = np.maximum(0.0, 1 - apart)
        n = len(known.as_of)
        errors = np.append(known.error, 0.0)
        measured = overlap * np.outer(errors, errors)
        calendar = (terms * _TERM_SD**2) @ terms.T
        mean = terms @ _TERM_MEAN
        for wander, memory, flicker in itertools.product(_WANDER, _MEMORY, _FLICKER):
            level = wander**2 * np.exp(-apart / memory)
            joint = level + flicker**2 * overlap + calendar + measured
            yield Setting(
                log_prior=-0.5 * ((wander / _WANDER_SD) ** 2 + (flicker / _FLICKER_SD) ** 2),
                mean=mean[:n],
                covariance=joint[:n, :n] + 1e-9 * np.eye(n),
                next_mean=np.zeros(1) if of_level_only else mean[n:],
                next_variance=np.diag(level if of_level_only else joint)[n:],
                cross=(level if of_level_only else level + calendar)[:n, n:],
            )


def moved(forecast: Vector, shift: float, *, is_amount: bool) -> Vector:
    """Forecasts [B] with a shift added to their log-odds, or to their logarithms."""
    if is_amount:
        return np.asarray(forecast * np.exp(shift), dtype=np.float64)
    if shift == 0:
        return forecast
    return np.asarray(expit(_log_odds(forecast) + shift), dtype=np.float64)


def shift_of(p: Vector, y: Vector) -> tuple[float, float]:
    """Which shift of the log-odds puts the total right, and what is its standard error? Half a user keeps it finite."""
    target = len(y) * (y.sum() + 0.5) / (len(y) + 1)
    log_odds = _log_odds(p)
    low, high = -_MOST_SHIFT, _MOST_SHIFT
    for _ in range(60):
        shift = (low + high) / 2
        low, high = (shift, high) if expit(log_odds + shift).sum() < target else (low, shift)
    p = expit(log_odds + shift)
    return shift, float(1 / np.sqrt(max((p * (1 - p)).sum(), _SURE)))


def _log_ratio(expected: Vector, actual: Vector) -> tuple[float, float]:
    """Logarithm of actual over expected, and its standard error; an average user's worth keeps it finite."""
    one = expected.mean()
    if not one > 0:
        return 0.0, _MOST_SHIFT
    total = max(actual.sum(), 0.0) + one
    return float(np.log(total / (expected.sum() + one))), float(
        np.sqrt(((actual - expected) ** 2).sum() + one**2) / total
    )


def _log_odds(p: Vector) -> Vector:
    return np.asarray(logit(np.clip(p, _SURE, 1 - _SURE)), dtype=np.float64)


def _lifts(shift: float) -> str:
    return f"{'lifts' if shift > 0 else 'lowers'} {percent(abs(float(np.expm1(shift))))}"


def _check(forecast: Vector, outcome: Vector, as_of: Times) -> None:
    if not len(forecast):
        raise EvidenceError("A level is learnt from honest forecasts of past windows, got none")
    if forecast.shape != outcome.shape or forecast.shape != as_of.shape:
        raise ConfigError(
            f"Level: expected forecast, outcome and as_of of one length, got {forecast.shape}, {outcome.shape} and "
            f"{as_of.shape}"
        )
    if not (np.isfinite(forecast).all() and np.isfinite(outcome).all()):
        raise ConfigError("Level: expected finite forecasts and outcomes; leave out rows whose outcome is not known")
