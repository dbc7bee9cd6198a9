"""From examples of one task to a forecaster that may speak, with the honest forecasts that prove it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from tenure.errors import ConfigError, EvidenceError, nearest
from tenure.prediction.amounts.base import Amount, corrected_interval
from tenure.prediction.bands import Bands
from tenure.prediction.champion import Choice, choose, deviances, log_losses
from tenure.prediction.correction import Correction, Teacher, part
from tenure.prediction.examples import Examples, Inputs, Vector
from tenure.prediction.learner import Learner, Model
from tenure.prediction.mixed import NAME as MIX
from tenure.prediction.mixed import Mixed, fit_mixed, mixable, mixed_forecasts
from tenure.prediction.rolling import Rolled, roll
from tenure.prediction.schedule import Schedule
from tenure.prediction.season import Daily
from tenure.prediction.tasks import Task


@dataclass(frozen=True, eq=False)
class Forecast:
    """What is forecast of users [B]."""

    value: Vector
    """The probability, or the expected amount."""
    low_80: Vector
    high_80: Vector
    low_95: Vector
    high_95: Vector
    """Of a probability: the range of the share among users with such a forecast (`bands`). Of an amount: the range in
    which 80 or 95 of 100 such users will lie."""


@dataclass(frozen=True, eq=False)
class Forecaster:
    """A model that may speak for a task, and how its words are corrected."""

    task: Task
    """What is answered; of churn by the model that forecasts commitments, turned round."""
    name: str
    """Of the learner."""
    model: Model
    correction: Correction
    bands: Bands | None
    """Of probabilities; None where no past forecast is known to have turned out, and of amounts."""

    def of(self, task: Task) -> Forecaster:
        """The same model speaking for another task that it answers: churn where it has learnt commit."""
        return replace(self, task=task)

    def predict(self, inputs: Inputs) -> Vector:
        """The forecast of each row alone [B], as any model gives it."""
        return self.forecast(inputs).value

    def forecast(self, inputs: Inputs) -> Forecast:
        """What is forecast of these rows? Of one cut-off or several."""
        said = self._forecast(inputs)
        if self.task.kind != "churn":
            return said
        return Forecast(1 - said.value, 1 - said.high_80, 1 - said.low_80, 1 - said.high_95, 1 - said.low_95)

    def _forecast(self, inputs: Inputs) -> Forecast:
        raw = self.model.predict(inputs)
        value = self._corrected(raw, inputs)
        if self.task.is_amount:
            model = cast("Amount", self.model)  # amounts are learnt by such models only
            factor = np.divide(value, raw, out=np.ones_like(raw), where=raw > 0)
            ends = (end for level in (0.80, 0.95) for end in corrected_interval(model, inputs, level, factor))
            return Forecast(value, *ends)
        if self.bands is None:
            unknown = np.full(len(value), np.nan)
            return Forecast(value, unknown, unknown, unknown, unknown)
        return Forecast(value, *self.bands(value, 0.80), *self.bands(value, 0.95))

    def _corrected(self, raw: Vector, inputs: Inputs) -> Vector:
        value = np.empty_like(raw)
        for cutoff in np.unique(inputs.as_of):
            rows = inputs.as_of == cutoff
            value[rows] = self.correction.apply(raw[rows], cutoff.item())
        return value

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """The forecaster as named arrays."""
        parts = {
            "model": self.model.to_arrays(),
            "correction": self.correction.to_arrays(),
            "bands": {} if self.bands is None else self.bands.to_arrays(),
        }
        return {f"{name}.{key}": array for name, arrays in parts.items() for key, array in arrays.items()}

    @classmethod
    def from_arrays(
        cls, arrays: Mapping[str, NDArray[Any]], task: Task, name: str, learners: Sequence[Learner]
    ) -> Forecaster:
        """The forecaster that `to_arrays` described; `name` is that of its model among the learners, or of their mix.

        Raises:
            ConfigError: there is no such model.
        """
        bands, model = part(arrays, "bands"), part(arrays, "model")
        by_name = {learner.name: learner for learner in learners}
        if name not in {*by_name, MIX}:
            raise ConfigError(f"model: there is no learner '{name}'; {nearest(name, [*by_name, MIX])}")
        return cls(
            task,
            name,
            Mixed.from_arrays(model, by_name) if name == MIX else by_name[name].load(model),
            Correction.from_arrays(part(arrays, "correction")),
            Bands.from_arrays(bands) if bands else None,
        )


@dataclass(frozen=True, eq=False)
class Trained:
    """A forecaster and its evidence."""

    forecaster: Forecaster
    choice: Choice
    """Why this model: paired tests at the validation cut-offs."""
    proof: Rolled
    """Corrected honest forecasts of every model at the test cut-offs, which chose nothing."""
    rehearsal: tuple[Forecaster, Examples]
    """The champion as it would have spoken at the newest test cut-off, and the examples of that cut-off."""


def train(
    examples: Examples,
    task: Task,
    learners: Sequence[Learner],
    plan: Schedule,
    *,
    daily: Daily | None = None,
    done: Callable[[], None] = lambda: None,
) -> Trained:
    """Which model forecasts this task best, how are its words to be read, and what is the proof?

    Every model forecasts the validation and test cut-offs from what was complete before each. At each of them it is
    corrected by its earlier forecasts. The champion is chosen on the validation cut-offs; the test cut-offs choose
    nothing. At last the champion is fitted on everything complete, and corrected by all its honest forecasts.

    Raises:
        EvidenceError: no cut-off can be forecast honestly, or there is no user.
    """
    if not len(examples):
        raise EvidenceError(f"{task.name}: expected at least one user with a known outcome, got none")
    raw = roll(examples, learners, plan.honest, done=done)
    learners = [learner for learner in learners if learner.name not in raw.unable]
    mixing = [] if task.is_amount else mixable(learners)
    if mixing:
        raw = Rolled(raw.examples, {**raw.forecasts, MIX: mixed_forecasts(raw, mixing)}, raw.unable)
    teacher = Teacher(task, examples.inputs.as_of, daily)
    corrected = Rolled(raw.examples, {name: _corrected(raw, name, teacher) for name in raw.forecasts}, raw.unable)
    judged = corrected.known_by(plan.test[0])
    order = [learner.name for learner in sorted(learners, key=lambda learner: learner.complexity)]
    order += [MIX] * bool(mixing)
    choice = choose(judged.examples, judged.forecasts, order, deviances if task.is_amount else log_losses)
    name, model = choice.champion, _fit(choice.champion, raw, examples, learners)
    done()
    bands = None
    if not task.is_amount:
        said = corrected.forecasts[name]
        bands = Bands.fit(said, corrected.examples.outcome, corrected.examples.inputs.as_of)
    forecaster = Forecaster(task, name, model, teacher.correction(raw.forecasts[name], raw.examples), bands)
    newest = plan.test[-1]
    past = raw.known_by(newest)
    then = _fit(name, past, examples.known_by(newest), learners)
    correction = teacher.before(newest).correction(past.forecasts[name], past.examples)
    rehearsal = Forecaster(task, name, then, correction, None), examples.at(newest)
    return Trained(forecaster, choice, corrected.at(*plan.test), rehearsal)


def _fit(name: str, raw: Rolled, examples: Examples, learners: Sequence[Learner]) -> Model:
    if name == MIX:
        return fit_mixed(raw, examples, learners, mixable(learners))
    return next(learner for learner in learners if learner.name == name).fit(examples)


def _corrected(raw: Rolled, name: str, teacher: Teacher) -> Vector:
    """What a model says at each cut-off, corrected by what it had said before."""

    def correct(past: Rolled, present: Rolled) -> Vector:
        (moment,) = present.cutoffs
        correction = teacher.before(moment).correction(past.forecasts[name], past.examples)
        return correction.apply(present.forecasts[name], moment)

    return raw.over_time(correct)
