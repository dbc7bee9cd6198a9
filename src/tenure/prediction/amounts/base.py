"""What all learners of amounts do alike: an expectation, and a spread around it that a later time has taught."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from tenure.errors import ConfigError
from tenure.prediction.amounts.spread import Spread
from tenure.prediction.examples import Examples, Inputs, Matrix, Vector
from tenure.prediction.learner import AmountModel, Arrays, Model
from tenure.prediction.learners.columns import expect_examples

M = TypeVar("M", bound=Model)

_HALF_LIFE = 2.0  # horizons
_MEAN, _SPREAD = "mean.", "spread."


@dataclass(frozen=True, eq=False)
class Amount:
    """A forecast of an amount: what is expected, and how it is spread around that."""

    mean: Model
    spread: Spread

    def predict(self, inputs: Inputs) -> Vector:
        """The expected amount of each row [B], never below 0: the sum over users is that of their expected total."""
        return self.mean.predict(inputs)

    def quantiles(self, inputs: Inputs, levels: Vector, *, factor: Vector | float = 1.0) -> Matrix:
        """The amounts that are not exceeded with these probabilities [B, Q]; 0 where nothing at all is likely enough.

        `factor`, one number or one per row [B], is what corrects the expectation: how users spread is read where so
        much is then expected, since what comes of small and of large expectations differs by more than a factor.

        Raises:
            ConfigError: a level is not between 0 and 1.
        """
        return self.spread.quantiles(factor * self.predict(inputs), levels)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """The model as named arrays."""
        mean, spread = self.mean.to_arrays(), self.spread.to_arrays()
        return {f"{_MEAN}{k}": v for k, v in mean.items()} | {f"{_SPREAD}{k}": v for k, v in spread.items()}


@dataclass(frozen=True, kw_only=True)
class AmountLearner(ABC, Generic[M]):
    """A learner of amounts says how the expectation is learnt; the spread follows.

    Amounts below 0 (more taken back than bought) count as 0.
    """

    name: str
    complexity: int

    @abstractmethod
    def expectation(self, examples: Examples) -> M:
        """Which amounts are to be expected? From examples with at least one row and no amount below 0."""

    @abstractmethod
    def load_expectation(self, arrays: Arrays) -> M:
        """The expectation that its `to_arrays` described."""

    def surprises(self, mean: M, later: Examples) -> tuple[Vector, Vector]:
        """What the spread is learnt from: what was expected of rows of a later time, and what came."""
        return mean.predict(later.inputs), later.outcome

    def forecast(self, mean: M, spread: Spread) -> Amount:
        """Expectation and spread together."""
        return Amount(mean, spread)

    def fit_mean(self, examples: Examples) -> M:
        """The expectation alone, in half the time or less.

        Raises:
            EvidenceError: there is no example.
        """
        return self.expectation(self._usable(examples))

    def fit(self, examples: Examples) -> Amount:
        """What do these examples teach of the amount and its spread?

        The spread is learnt from forecasts of the newest cut-off by what was complete before it; the expectation then
        from everything. With one cut-off, or none complete before the newest, two halves of the users forecast each
        other: that knows nothing of how times change, so its ranges are a little too narrow.

        Raises:
            EvidenceError: there is no example.
        """
        examples = self._usable(examples)
        seen = [self.surprises(self.expectation(past), later) for past, later in _rehearsals(examples)]
        expected, actual = (np.concatenate(parts) for parts in zip(*seen, strict=True))
        return self.forecast(self.expectation(examples), Spread.fit(expected, actual))

    def load(self, arrays: Arrays) -> Amount:
        """The model that `to_arrays` described."""
        return self.forecast(self.load_expectation(part(arrays, _MEAN)), Spread.from_arrays(part(arrays, _SPREAD)))

    def _usable(self, examples: Examples) -> Examples:
        expect_examples(examples, self.name)
        return replace(examples, outcome=np.maximum(examples.outcome, 0.0))


def _rehearsals(examples: Examples) -> Iterator[tuple[Examples, Examples]]:
    """What to learn from, and what to forecast then."""
    newest = examples.cutoffs[-1]
    past, later = examples.known_by(newest), examples.at(newest)
    if len(past) or len(later) == 1:
        yield (past if len(past) else later), later
        return
    is_even = np.arange(len(later)) % 2 == 0
    yield later.rows(is_even), later.rows(~is_even)
    yield later.rows(~is_even), later.rows(is_even)


def interval(model: AmountModel, inputs: Inputs, level: float) -> tuple[Vector, Vector]:
    """Between which amounts will so large a share of such users lie? (low [B], high [B]).

    As many are left out below as above; but where not even the smallest may be left out, since too many have nothing,
    all who are left out lie above. The range then begins at 0, and 0 alone may be all of it: it holds for at least
    `level` of the users, and for more where nobody can be told apart from those with nothing.

    Raises:
        ConfigError: the level is not between 0 and 1.
    """
    return _ends(lambda levels: model.quantiles(inputs, levels), level)


def corrected_interval(model: Amount, inputs: Inputs, level: float, factor: Vector | float) -> tuple[Vector, Vector]:
    """The `interval` of a model whose expectations are multiplied by this factor, one or one per row [B].

    Raises:
        ConfigError: the level is not between 0 and 1.
    """
    return _ends(lambda levels: model.quantiles(inputs, levels, factor=factor), level)


def _ends(quantiles: Callable[[Vector], Matrix], level: float) -> tuple[Vector, Vector]:
    if not 0 < level < 1:
        raise ConfigError(f"level: expected a share between 0 and 1, such as 0.8, got {level!r}")
    below, all_above, above = quantiles(np.array([(1 - level) / 2, level, (1 + level) / 2])).T
    return below, np.where(below > 0, above, all_above)


def fading(examples: Examples) -> Vector:
    """How much does each row count in a fit? 1 at the newest cut-off, half of it two horizons before [B].

    What users are worth drifts, and the newest outcomes tell most of the next.
    """
    newest = examples.inputs.as_of.max()
    horizons = (newest - examples.inputs.as_of) / np.timedelta64(examples.horizon_days, "D")
    found: Vector = 0.5 ** (horizons / _HALF_LIFE)
    return found


def part(arrays: Arrays, prefix: str) -> dict[str, NDArray[Any]]:
    """The arrays whose names begin so, without that beginning."""
    return {key.removeprefix(prefix): array for key, array in arrays.items() if key.startswith(prefix)}
