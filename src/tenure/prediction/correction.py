"""What past forecasts of a model teach about its next one: how to read its probabilities, and how the level moves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tenure.prediction.calibration import IDENTITY, Calibrator, calibrator_from_arrays, choose_calibrator
from tenure.prediction.examples import Examples, Vector
from tenure.prediction.level import Level
from tenure.prediction.season import Daily
from tenure.prediction.tasks import Task


@dataclass(frozen=True, eq=False)
class Correction:
    """Calibration, then season and level; users keep their order."""

    calibrator: Calibrator = IDENTITY
    """Of probabilities; amounts have none."""
    level: Level | None = None
    """None where no past forecast is known to have turned out."""

    def apply(self, forecast: Vector, as_of: datetime) -> Vector:
        """The forecasts [B] made at this cut-off, corrected."""
        calibrated = self.calibrator(forecast)
        return calibrated if self.level is None else self.level.apply(calibrated, as_of)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """The correction as named arrays."""
        level = {} if self.level is None else self.level.to_arrays()
        return {
            **{f"calibrator.{name}": array for name, array in self.calibrator.to_arrays().items()},
            **{f"level.{name}": array for name, array in level.items()},
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Correction:
        """The correction that `to_arrays` described."""
        level = part(arrays, "level")
        return cls(calibrator_from_arrays(part(arrays, "calibrator")), Level.from_arrays(level) if level else None)


@dataclass(frozen=True, eq=False)
class Teacher:
    """What is known, besides past forecasts, when a correction is learnt."""

    task: Task
    learnt_from: NDArray[np.datetime64]
    """The cut-off of every example that the model is fitted on [N]."""
    daily: Daily | None = None
    """What happened day by day, for the calendar."""

    def before(self, moment: datetime) -> Teacher:
        """What was known at an earlier moment."""
        then = np.datetime64(moment)
        is_over = self.learnt_from + np.timedelta64(self.task.horizon_days, "D") <= then
        return Teacher(self.task, self.learnt_from[is_over], None if self.daily is None else self.daily.before(then))

    def correction(self, said: Vector, came: Examples) -> Correction:
        """How to correct a model that honestly said this [B] of the rows of these examples; no row, no correction."""
        if not len(said):
            return Correction()
        as_of = came.inputs.as_of
        calibrator: Calibrator = IDENTITY
        if not self.task.is_amount:
            users = came.inputs.users.dictionary_encode().indices.to_numpy().astype(np.int64)
            calibrator = choose_calibrator(said, came.outcome > 0, as_of, users)
        level = Level.fit(
            calibrator(said),
            came.outcome,
            as_of,
            horizon_days=self.task.horizon_days,
            is_amount=self.task.is_amount,
            daily=self.daily,
            learnt_from=self.learnt_from,
        )
        return Correction(calibrator, level)


def part(arrays: Mapping[str, NDArray[Any]], name: str) -> dict[str, NDArray[Any]]:
    """The arrays of one part of a model, without its name before the dot."""
    return {key.removeprefix(f"{name}."): array for key, array in arrays.items() if key.startswith(f"{name}.")}
