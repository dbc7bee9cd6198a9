"""How likely is each user to commit within the horizon? Learnt from past cut-offs, calibrated on a later one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from tenure.errors import EvidenceError
from tenure.evaluation.forecasts import log_loss
from tenure.prediction.baselines import CHAMPION, INPUTS
from tenure.prediction.calibration import IDENTITY, Calibrator, calibrator_from_arrays, choose_calibrator
from tenure.prediction.logistic import Logistic
from tenure.prediction.snapshots import Matrix, Snapshot, Vector


@dataclass(frozen=True, kw_only=True)
class ForecastConfig:
    """How forecasts are learnt and proven."""

    horizon_days: int = 30
    """Commit within how many days?"""
    penalties: tuple[float, ...] = (1.0, 10.0, 100.0, 1000.0)
    """Strengths of the penalty on the weights that are tried."""
    default_penalty: float = 100.0
    """The one that is used when there are too few cut-offs to try any."""
    n_validation: int = 3
    """Newest training cut-offs that are forecast from earlier ones to choose the penalty; on one, chance chooses."""
    active_days: int = 90
    """Users whose last activity is no older form the second population that metrics are reported for."""
    n_resamples: int = 1000
    """Resamples of users behind every interval."""
    level: float = 0.95
    """Coverage of the intervals."""
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Forecaster:
    """A fitted forecast of P(commit within the horizon).

    P(churn) = 1 - P(commit): the probability that the same user does not commit once over the same horizon. It is no
    claim that they never return.
    """

    model: Logistic
    calibrator: Calibrator
    name: str = CHAMPION
    """Which inputs it sees: a key of `baselines.INPUTS`."""

    @classmethod
    def fit(
        cls, snapshots: Sequence[Snapshot], config: ForecastConfig = ForecastConfig(), *, name: str = CHAMPION
    ) -> Forecaster:
        """What do these past cut-offs teach about the next one?

        The newest cut-offs are held out first, one after the other: the penalty is chosen that forecasts them best
        from those before, and the calibration is learnt on the honest forecast of the newest. Then the weights are
        fitted once more on everything. A cut-off is "before" when its outcomes were complete by then; where none is,
        nothing is chosen: the default penalty is used, uncalibrated.

        Raises:
            EvidenceError: there is no cut-off, or not a single user.
        """
        if not sum(len(snapshot.X) for snapshot in snapshots):
            raise EvidenceError("A forecast needs at least one past cut-off with users and known outcomes, got none")
        ordered = sorted((s for s in snapshots if len(s.X)), key=lambda snapshot: snapshot.as_of)
        horizon = timedelta(days=config.horizon_days)
        trials = [
            (earlier, held_out)
            for held_out in ordered[-config.n_validation :]
            if (earlier := [s for s in ordered if s.as_of + horizon <= held_out.as_of])
        ]
        if not trials:
            return cls(_fit(ordered, name, config.default_penalty), IDENTITY, name)
        penalty = min(config.penalties, key=lambda candidate: sum(_loss(*trial, name, candidate) for trial in trials))
        earlier, newest = trials[-1]
        honest = _fit(earlier, name, penalty).p(_inputs([newest], name))
        return cls(_fit(ordered, name, penalty), choose_calibrator(honest, newest.committed), name)

    def p_commit(self, X: Matrix, recency_days: Vector) -> Vector:
        """How likely is each user to commit? Profile vectors [B, D], days since the last activity [B] -> [B]."""
        return self.calibrator(self.model.p(INPUTS[self.name](X, recency_days)))

    def to_arrays(self) -> dict[str, NDArray[np.float64]]:
        """The forecaster as named arrays; its `name` is kept beside them."""
        parts = {"model": self.model.to_arrays(), "calibrator": self.calibrator.to_arrays()}
        return {f"{part}.{key}": array for part, arrays in parts.items() for key, array in arrays.items()}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.float64]], *, name: str = CHAMPION) -> Forecaster:
        """The forecaster that `to_arrays` described."""
        parts: dict[str, dict[str, NDArray[np.float64]]] = {"model": {}, "calibrator": {}}
        for key, array in arrays.items():
            part, _, rest = key.partition(".")
            parts[part][rest] = array
        return cls(Logistic.from_arrays(parts["model"]), calibrator_from_arrays(parts["calibrator"]), name)


def _fit(snapshots: Sequence[Snapshot], name: str, penalty: float) -> Logistic:
    y = np.concatenate([snapshot.committed for snapshot in snapshots])
    return Logistic.fit(_inputs(snapshots, name), y, penalty=penalty)


def _loss(earlier: Sequence[Snapshot], held_out: Snapshot, name: str, penalty: float) -> float:
    return log_loss(held_out.committed, _fit(earlier, name, penalty).p(_inputs([held_out], name)))


def _inputs(snapshots: Sequence[Snapshot], name: str) -> Matrix:
    return np.vstack([INPUTS[name](snapshot.X, snapshot.recency_days) for snapshot in snapshots])
