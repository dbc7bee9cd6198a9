"""The heart among the forecasts: alone, and as further inputs of other models. Needs PyTorch and inputs with sequences.

A row of a past cut-off is told by the heart of a cut-off at least one horizon before it (`sequence.along`), as it will
be when the models are asked; rows before which there is none yet, by the first. Nothing later than a row's cut-off has
taught what is said of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tenure.errors import ConfigError, EvidenceError, TrainingError
from tenure.prediction.amounts.base import AmountLearner, part
from tenure.prediction.examples import Examples, Inputs, Matrix, Vector
from tenure.prediction.learner import Arrays, Learner
from tenure.prediction.learners.columns import expect_examples
from tenure.sequence.config import AlongConfig
from tenure.sequence.extra import need_torch
from tenure.sequence.foretold import DAYS, FORETOLD

if TYPE_CHECKING:
    # Their modules need PyTorch, which need not be there.
    from tenure.sequence.learnt import Learnt

_HEART, _MODEL = "heart.", "model."
_ROWS_AT_ONCE = 65_536


@dataclass(frozen=True, eq=False)
class Heads:
    """A heart that is asked at cut-offs."""

    arrays: Arrays
    """As `sequence.arrays` has them; none where the events could not teach a heart, which then says nothing (NaN)."""

    @cached_property
    def learnt(self) -> Learnt | None:
        """The heart itself.

        Raises:
            MissingExtraError: PyTorch is not installed.
        """
        if not self.arrays:
            return None
        need_torch()
        from tenure.sequence.arrays import from_arrays

        return from_arrays(self.arrays)

    def columns(self, inputs: Inputs) -> Matrix:
        """FORETOLD of each row [B, 5]; NaN for users who did nothing yet."""
        return _columns(self.learnt, inputs)

    def joined(self, inputs: Inputs) -> Inputs:
        """The rows with FORETOLD behind their columns."""
        return joined(inputs, self.columns(inputs))

    @classmethod
    def along(cls, inputs: Inputs, horizon_days: int, config: AlongConfig = AlongConfig()) -> tuple[Heads, Inputs]:
        """The heart of the newest cut-off, and the rows with what older hearts had said of them.

        Where none was ready one horizon before, the first one tells.

        Raises:
            ConfigError: the inputs hold no sequences.
            MissingExtraError: PyTorch is not installed.
        """
        need_torch()
        from tenure.sequence.along import told_along
        from tenure.sequence.arrays import to_arrays

        learnt, told = told_along(_sequences(inputs), inputs.as_of, horizon_days, config)
        return cls({} if learnt is None else to_arrays(learnt)), joined(inputs, told)


@dataclass(frozen=True, eq=False)
class WithHeart:
    """A model that looks at the columns of the inputs and at what a heart says."""

    heads: Heads
    model: Any
    """Of probabilities, or of amounts."""

    def predict(self, inputs: Inputs) -> Vector:
        """The forecast of each row [B].

        Raises:
            ConfigError: the inputs hold no sequences.
        """
        found: Vector = self.model.predict(self.heads.joined(inputs))
        return found

    def quantiles(self, inputs: Inputs, levels: Vector, **more: Any) -> Matrix:
        """Of amounts; see `amounts.base.Amount.quantiles`."""
        found: Matrix = self.model.quantiles(self.heads.joined(inputs), levels, **more)
        return found

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Both as named arrays."""
        parts = {_HEART: self.heads.arrays, _MODEL: self.model.to_arrays()}
        return {f"{prefix}{name}": array for prefix, some in parts.items() for name, array in some.items()}


@dataclass(frozen=True, kw_only=True)
class WithHeartLearner:
    """Another learner of probabilities, given what the heart says besides."""

    learner: Learner
    name: str
    complexity: int
    along: AlongConfig = field(default_factory=AlongConfig)
    """How hearts learn."""

    def fit(self, examples: Examples) -> WithHeart:
        """Hearts learn along the cut-offs, then the learner from the rows and what hearts had said of them.

        Raises:
            EvidenceError: there is no example, or a heart's loss is no number any more.
        """
        heads, known = _told(examples, self.name, self.along)
        return WithHeart(heads, self.learner.fit(known))

    def load(self, arrays: Arrays) -> WithHeart:
        """The model that `to_arrays` described."""
        return WithHeart(Heads(part(arrays, _HEART)), self.learner.load(part(arrays, _MODEL)))


@dataclass(frozen=True, kw_only=True)
class WithHeartAmountLearner(AmountLearner[WithHeart]):
    """Another learner of amounts, given what the heart says besides."""

    learner: AmountLearner[Any]
    along: AlongConfig = field(default_factory=AlongConfig)
    """How hearts learn."""

    def expectation(self, examples: Examples) -> WithHeart:
        """As `WithHeartLearner.fit` does."""
        heads, known = _told(examples, self.name, self.along)
        return WithHeart(heads, self.learner.expectation(known))

    def fit(self, examples: Examples) -> Any:
        """Expectation and spread; that of the spread's rehearsal sees what hearts had said then."""
        heads, known = _told(self._usable(examples), self.name, self.along)
        return WithHeart(heads, self.learner.fit(known))

    def load(self, arrays: Arrays) -> Any:
        """The model that `to_arrays` described."""
        return WithHeart(Heads(part(arrays, _HEART)), self.learner.load(part(arrays, _MODEL)))

    def load_expectation(self, arrays: Arrays) -> WithHeart:
        """The expectation that `to_arrays` described."""
        return WithHeart(Heads(part(arrays, _HEART)), self.learner.load_expectation(part(arrays, _MODEL)))


@dataclass(frozen=True)
class AmountAlone:
    """factor x how many commitments come, were they independent x what the next is worth."""

    horizon_days: int
    factor: float

    def predict(self, inputs: Inputs) -> Vector:
        """The amount of each row [B]; 0 for those who did nothing yet."""
        worth = np.nan_to_num(inputs.column("heart_value"))
        return np.asarray(self.factor * lived_through(inputs, self.horizon_days) * worth, dtype=np.float64)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """The model as arrays."""
        return {"horizon_days": np.array(self.horizon_days), "factor": np.array(self.factor)}


@dataclass(frozen=True, kw_only=True)
class AmountAloneLearner(AmountLearner[AmountAlone]):
    """The heart and nothing else but a factor that brings it to the level of the amounts."""

    name: str = "alone"
    complexity: int = 0

    def expectation(self, examples: Examples) -> AmountAlone:
        """By which factor are the amounts above what the heart says?"""
        said = AmountAlone(examples.horizon_days, 1.0).predict(examples.inputs).sum()
        return AmountAlone(examples.horizon_days, float(examples.outcome.sum() / said) if said > 0 else 0.0)

    def load_expectation(self, arrays: Arrays) -> AmountAlone:
        """The expectation that `to_arrays` described."""
        return AmountAlone(int(arrays["horizon_days"]), float(arrays["factor"]))


def lived_through(inputs: Inputs, days: float) -> Vector:
    """The hazard lived through within so many days [B]; between those of DAYS evenly in logarithms, beyond them too."""
    at = np.log(np.array(DAYS, dtype=np.float64))
    told = inputs.columns([f"heart_{d}" for d in DAYS])
    x = np.log(max(days, 1e-3))
    i = int(np.clip(np.searchsorted(at, x) - 1, 0, len(at) - 2))
    share = (x - at[i]) / (at[i + 1] - at[i])
    found = np.exp(np.clip((1 - share) * told[:, i] + share * told[:, i + 1], -30.0, 10.0))
    return np.asarray(np.nan_to_num(found), dtype=np.float64)


def joined(inputs: Inputs, told: Matrix) -> Inputs:
    """The rows with what hearts say of them [B, 5] behind their columns."""
    names = (*inputs.names, *(entry.name for entry in FORETOLD))
    return replace(inputs, names=names, values=np.hstack([inputs.values, told]))


def _told(examples: Examples, name: str, along: AlongConfig) -> tuple[Heads, Examples]:
    expect_examples(examples, name)
    try:
        heads, inputs = Heads.along(examples.inputs, examples.horizon_days, along)
    except TrainingError as error:
        raise EvidenceError(f"{name}: {error}") from error
    return heads, replace(examples, inputs=inputs)


def _columns(learnt: Learnt | None, inputs: Inputs) -> Matrix:
    sequences = _sequences(inputs)
    if learnt is None:
        return np.full((len(inputs), len(FORETOLD)), np.nan)
    from tenure.sequence.along import foretold

    parts = []
    for low in range(0, max(len(inputs), 1), _ROWS_AT_ONCE):
        some = np.arange(low, min(low + _ROWS_AT_ONCE, len(inputs)))
        parts.append(foretold(learnt, sequences.rows(some), inputs.as_of[some]).columns())
    return np.concatenate(parts)


def _sequences(inputs: Inputs) -> Any:
    if inputs.sequences is None:
        raise ConfigError("heart: expected inputs with the events of every row; gather them with_events=True")
    return inputs.sequences
