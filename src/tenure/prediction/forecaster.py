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
    """Strengths of the penalty on the weights that are tried; the middle of the list is used when none can be tried."""
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

        The newest cut-off is held out first: the penalty that forecasts it best from the earlier ones is chosen, and
        the calibration is learnt on that honest forecast. Then the weights are fitted once more on everything.
        Cut-offs whose outcomes reach into the newest one's horizon are left out of the first step; when none is left,
        the default penalty is used, uncalibrated.

        Raises:
            EvidenceError: there is no cut-off, or not a single user.
        """
        if not sum(len(snapshot.X) for snapshot in snapshots):
            raise EvidenceError("A forecast needs at least one past cut-off with users and known outcomes, got none")
        *_, newest = ordered = sorted(snapshots, key=lambda snapshot: snapshot.as_of)
        horizon = timedelta(days=config.horizon_days)
        earlier = [snapshot for snapshot in ordered if snapshot.as_of + horizon <= newest.as_of]
        penalty = config.penalties[len(config.penalties) // 2]
        calibrator: Calibrator = IDENTITY
        if sum(len(snapshot.X) for snapshot in earlier) and len(newest.X):
            X, y = _inputs([newest], name), newest.committed
            tried = {p: _fit(earlier, name, p) for p in config.penalties}
            penalty = min(tried, key=lambda p: log_loss(y, tried[p].p(X)))
            calibrator = choose_calibrator(tried[penalty].p(X), y)
        return cls(_fit(ordered, name, penalty), calibrator, name)

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


def _inputs(snapshots: Sequence[Snapshot], name: str) -> Matrix:
    return np.vstack([INPUTS[name](snapshot.X, snapshot.recency_days) for snapshot in snapshots])
