"""Calendar time and busy time: seasons stretch and squeeze the clock by which users live.

A user's rhythm is regular in *busy time*, which runs fast when the world is busy (evenings, weekends, December) and
slow when it is quiet. So seasonality needs no rule of its own anywhere else, and probabilities stay exact: only the
horizon changes. Source: time-change of a renewal process, e.g. Daley & Vere-Jones, An Introduction to the Theory of
Point Processes I, 7.4.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

import numpy as np
from numpy.typing import NDArray

from tenure.errors import ConfigError
from tenure.events.simulate.config import SimulationConfig
from tenure.schema import SECONDS_PER_DAY

FloatArray = NDArray[np.float64]

_HOURS = np.array([1, 1, 1, 1, 1, 2, 3, 5, 6, 6, 6, 7, 8, 7, 6, 6, 7, 8, 10, 12, 13, 11, 7, 3], dtype=np.float64)
"""Relative bustle of the hours of a day."""
_PEAK_DAY_OF_YEAR = 355
_FORESIGHT_DAYS = 400
"""The clock runs on after the window, so that horizons may reach beyond it."""


@dataclass(frozen=True)
class Clock:
    """Converts days since the start into busy days, and back."""

    start: datetime
    busy: FloatArray
    """Busy days passed at each full hour since the start. Shape [hours + 1], increasing."""

    @classmethod
    def build(cls, config: SimulationConfig) -> Self:
        """The clock of a world."""
        hours = np.arange((config.days + _FORESIGHT_DAYS) * 24)
        day = config.start.hour / 24 + hours / 24
        weekday = (config.start.weekday() + day.astype(np.int64)) % 7
        week = np.where(weekday >= 5, 1 + config.weekly, 1 - 0.4 * config.weekly)
        day_of_year = config.start.timetuple().tm_yday + day
        year = 1 + config.yearly * np.cos(2 * np.pi * (day_of_year - _PEAK_DAY_OF_YEAR) / 365.25)
        growth = np.maximum(1 + config.yearly_growth * hours / (24 * 365.25), 0.05)
        hour = (_HOURS / _HOURS.sum())[(config.start.hour + hours) % 24]
        # A floor keeps the clock moving, whatever the amplitudes: a standing clock could not be read backwards.
        rate = np.maximum(week * year * growth, 0.01) * hour
        return cls(config.start, np.concatenate([[0.0], np.cumsum(rate)]))

    @property
    def n_days(self) -> float:
        """How far this clock can tell the time."""
        return (len(self.busy) - 1) / 24

    def to_busy(self, days: FloatArray) -> FloatArray:
        """Busy days passed after this many days."""
        return np.interp(days * 24, np.arange(len(self.busy)), self.busy)

    def to_days(self, busy: FloatArray) -> FloatArray:
        """Days after which this many busy days have passed."""
        return np.interp(busy, self.busy, np.arange(len(self.busy))) / 24

    def days_of(self, time: datetime) -> float:
        """Days since the start of the window.

        Raises:
            ConfigError: the time is outside what this clock can tell.
        """
        naive = time.astimezone(UTC).replace(tzinfo=None) if time.tzinfo else time
        days = (naive - self.start).total_seconds() / SECONDS_PER_DAY
        if not 0 <= days <= self.n_days:
            raise ConfigError(
                f"Expected a time within {self.n_days:.0f} days from {self.start.isoformat()}, got "
                f"{naive.isoformat()}; simulate a longer window"
            )
        return days
