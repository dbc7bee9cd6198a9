"""Honest forecasts: at each past cut-off, what every model would have said knowing only what was complete by then.

One pass over time gives everything else its evidence: calibration, level, the mix of models and the champion are learnt
from honest forecasts of earlier cut-offs, and the proof is read off those of the newest ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from tenure.errors import EvidenceError
from tenure.prediction.amounts.base import AmountLearner
from tenure.prediction.examples import Examples, Vector
from tenure.prediction.learner import Learner, Model


@dataclass(frozen=True, eq=False)
class Rolled:
    """Forecasts of past cut-offs. Row i of everything is row i of `examples`."""

    examples: Examples
    """The rows of the cut-offs that were forecast."""
    forecasts: Mapping[str, Vector]
    """Model -> its forecast of each row [B]."""
    unable: Mapping[str, str] = field(default_factory=dict)
    """Model that could not learn from what was complete -> why; it has no forecasts."""

    @property
    def cutoffs(self) -> tuple[datetime, ...]:
        """Every cut-off that was forecast, oldest first."""
        return self.examples.cutoffs

    def rows(self, chosen: NDArray[np.bool_]) -> Rolled:
        """The chosen rows only."""
        forecasts = {name: p[chosen] for name, p in self.forecasts.items()}
        return Rolled(self.examples.rows(chosen), forecasts, self.unable)

    def at(self, *cutoffs: datetime) -> Rolled:
        """The forecasts of these cut-offs."""
        return self.rows(self._are(cutoffs))

    def known_by(self, moment: datetime) -> Rolled:
        """The forecasts whose outcomes were complete by this moment."""
        return self.at(*self.examples.known_by(moment).cutoffs)

    def over_time(self, forecast: Callable[[Rolled, Rolled], Vector]) -> Vector:
        """A further forecast of every row [B], made at each cut-off from what was said before and how that turned out.

        `forecast(past, present)` gets the forecasts whose outcomes were complete by the cut-off (perhaps none), and
        those of the cut-off itself; it gives one number for each row of the latter.
        """
        made = np.empty(len(self.examples))
        for cutoff in self.cutoffs:
            made[self._are([cutoff])] = forecast(self.known_by(cutoff), self.at(cutoff))
        return made

    def _are(self, cutoffs: Sequence[datetime]) -> NDArray[np.bool_]:
        as_of = self.examples.inputs.as_of
        return np.isin(as_of, np.array(list(cutoffs), dtype=as_of.dtype))


def roll(
    examples: Examples,
    learners: Sequence[Learner],
    cutoffs: Sequence[datetime],
    *,
    done: Callable[[], None] = lambda: None,
) -> Rolled:
    """Forecast each of these cut-offs by each model, fitted on the examples whose outcomes were complete by then.

    A model that cannot learn at one of them competes at none.

    Args:
        examples: of these cut-offs and of earlier ones.
        learners: the models.
        cutoffs: those to forecast; one before which nothing was complete is left out.
        done: called after each fit.

    Raises:
        EvidenceError: nothing was complete before any of the cut-offs, or no model can learn from what was.
    """
    possible = [t for t in sorted(cutoffs) if t in examples.cutoffs and len(examples.known_by(t))]
    if not possible:
        raise EvidenceError(
            f"No forecast can be tested: none of the cut-offs {', '.join(f'{t:%Y-%m-%d}' for t in cutoffs)} has an "
            f"earlier one whose {examples.horizon_days} days were over by then; bring a longer log or ask for a "
            "shorter horizon"
        )
    chosen = examples.at(*possible)
    forecasts = {learner.name: np.empty(len(chosen)) for learner in learners}
    unable: dict[str, str] = {}
    for cutoff in possible:
        past, here = examples.known_by(cutoff), chosen.inputs.as_of == np.datetime64(cutoff)
        for learner in learners:
            if learner.name not in unable:
                try:
                    forecasts[learner.name][here] = _fit(learner, past).predict(chosen.inputs.rows(here))
                except EvidenceError as error:
                    unable[learner.name] = str(error)
            done()
    if len(unable) == len(learners):
        raise EvidenceError(f"No model can learn: {'; '.join(f'{name}: {why}' for name, why in unable.items())}")
    return Rolled(chosen, {name: p for name, p in forecasts.items() if name not in unable}, unable)


def _fit(learner: Learner, past: Examples) -> Model:
    # What an amount may lie from its expectation is asked of the last model only, and takes as long again to learn.
    return learner.fit_mean(past) if isinstance(learner, AmountLearner) else learner.fit(past)
