"""Penalised logistic regression on standardised columns: all of them, or the few that a classic rule looks at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tenure.prediction.champion import log_losses
from tenure.prediction.examples import Examples, Inputs, Vector
from tenure.prediction.learner import Arrays
from tenure.prediction.learners.columns import expect_examples, fit_normaliser, standardised
from tenure.prediction.logistic import Logistic
from tenure.profiles.normalise import Normaliser


@dataclass(frozen=True, eq=False)
class LogisticModel:
    """P = sigma(z . w + b), z = the columns made comparable."""

    normaliser: Normaliser
    core: Logistic

    def predict(self, inputs: Inputs) -> Vector:
        """The probability of each row [B]."""
        return self.core.p(standardised(inputs, self.normaliser))

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """The model as arrays."""
        parts = {"normaliser": self.normaliser.to_arrays(), "core": self.core.to_arrays()}
        return {f"{part}.{key}": array for part, arrays in parts.items() for key, array in arrays.items()}


@dataclass(frozen=True, kw_only=True)
class LogisticLearner:
    """Logistic regression whose penalty is chosen on the newest cut-offs."""

    name: str = "logistic"
    complexity: int = 4
    columns: tuple[str, ...] | None = None
    """What it looks at; None = every column that the examples have."""
    penalties: tuple[float, ...] = (10.0, 100.0, 1000.0)
    """Strengths of the penalty on the weights that are tried."""
    default_penalty: float = 100.0
    """The one that is used when no cut-off was complete before the newest."""
    n_validation: int = 1
    """Newest cut-offs that are forecast from earlier ones to choose the penalty: with many rows it hardly matters."""

    def fit(self, examples: Examples) -> LogisticModel:
        """Which weights make the outcomes most likely?

        Raises:
            EvidenceError: there is no example.
            ConfigError: a column that it looks at is missing.
        """
        expect_examples(examples, self.name)
        names = examples.inputs.names if self.columns is None else self.columns
        normaliser = fit_normaliser(examples.inputs, names)
        Z = standardised(examples.inputs, normaliser)
        happened = examples.outcome > 0
        penalty = self._penalty(examples, Z)
        return LogisticModel(normaliser, Logistic.fit(Z, happened, penalty=penalty))

    def load(self, arrays: Arrays) -> LogisticModel:
        """The model that `to_arrays` described."""
        parts: dict[str, dict[str, NDArray[Any]]] = {"normaliser": {}, "core": {}}
        for key, array in arrays.items():
            part, _, rest = key.partition(".")
            parts[part][rest] = array
        return LogisticModel(Normaliser.from_arrays(parts["normaliser"]), Logistic.from_arrays(parts["core"]))

    def _penalty(self, examples: Examples, Z: NDArray[np.float64]) -> float:
        """The penalty that forecasts the newest cut-offs best from what was complete before them."""
        as_of, happened = examples.inputs.as_of, examples.outcome > 0
        horizon = np.timedelta64(examples.horizon_days, "D")
        loss = dict.fromkeys(self.penalties, 0.0)
        for newest in np.unique(as_of)[-self.n_validation :]:
            earlier, here = as_of + horizon <= newest, as_of == newest
            if not earlier.any():
                continue
            for penalty in self.penalties:
                p = Logistic.fit(Z[earlier], happened[earlier], penalty=penalty).p(Z[here])
                loss[penalty] += float(log_losses(examples.outcome[here], p).sum())
        return min(loss, key=loss.__getitem__) if any(loss.values()) else self.default_penalty


RECENCY_LEARNER = LogisticLearner(name="recency", complexity=1, columns=("recency_days",))
"""The rule of thumb: who was here lately comes again."""
RFM_LEARNER = LogisticLearner(
    name="rfm",
    complexity=2,
    columns=("recency_days", "commitment_recency_days", "tenure_days", "n_occasions", "value_per_occasion"),
)
"""Recency, frequency and money: the marketer's classic."""
