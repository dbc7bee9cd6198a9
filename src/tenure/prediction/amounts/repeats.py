"""The statistician's value: how often users will come back by BG/NBD, times what a visit is worth by Gamma-Gamma."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tenure.errors import EvidenceError
from tenure.lifecycle.repeats.bgnbd import BGNBD
from tenure.lifecycle.repeats.fitting import FitConfig
from tenure.lifecycle.repeats.spend import GammaGamma
from tenure.prediction.amounts.base import AmountLearner, part
from tenure.prediction.examples import Examples, Inputs, Vector
from tenure.prediction.learner import Arrays
from tenure.prediction.learners.repeats import fit_bgnbd, history_of

_AMOUNTS = ("x", "mean_value")
"""How many repeats there were, and what they were worth on average; taken as if each was worth something."""
_GAMMA_GAMMA = "gamma_gamma."
_DAYS_PER_WEEK = 7.0  # fit_bgnbd and history_of count in weeks, as the papers do


@dataclass(frozen=True, eq=False)
class RepeatAmount:
    """E = E[X(T, T + t) | x, t_x, T] * E(M | x, m)."""

    bgnbd: BGNBD
    gamma_gamma: GammaGamma | None
    """None where nothing can be told of single users: all have the average."""
    average: float
    """What a visit was worth on average."""
    newcomer: float
    """The average amount of users of the examples who had never committed before, and so have no history."""
    horizon_days: int
    why_average: str = ""
    """Why all have the average: fewer than two came back, or a few amounts are so large that the mean of Gamma-Gamma is
    infinite. Empty where they have not."""

    def predict(self, inputs: Inputs) -> Vector:
        """The expected amount of each row [B]."""
        history, has_history = history_of(inputs)
        x, mean_value = inputs.columns(_AMOUNTS)[has_history].T
        found = np.full(len(inputs), self.newcomer)
        n_expected = self.bgnbd.expected(self.horizon_days / _DAYS_PER_WEEK, history)
        worth = self.average if self.gamma_gamma is None else self.gamma_gamma.expected(x, mean_value)
        found[has_history] = n_expected * worth
        return found

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """The model as arrays."""
        parts = {"bgnbd.": self.bgnbd.to_arrays(), _GAMMA_GAMMA: {}}
        if self.gamma_gamma is not None:
            parts[_GAMMA_GAMMA] = self.gamma_gamma.to_arrays()
        arrays = {f"{name}{key}": array for name, part in parts.items() for key, array in part.items()}
        numbers = {"average": self.average, "newcomer": self.newcomer, "horizon_days": self.horizon_days}
        arrays |= {name: np.array(number) for name, number in numbers.items()}
        return arrays | {"why_average": np.array([self.why_average], dtype=np.str_)}


@dataclass(frozen=True, kw_only=True)
class RepeatAmountLearner(AmountLearner[RepeatAmount]):
    """Seven parameters that say how users differ in rate, in when they leave, and in what a visit is worth."""

    name: str = "repeats"
    complexity: int = 3

    def expectation(self, examples: Examples) -> RepeatAmount:
        """Which rates, drop-outs and amounts make the histories at the newest cut-off most likely?

        The outcomes teach only what newcomers are worth: the model foretells repeats from repeats.

        Raises:
            EvidenceError: nobody has a history.
            ConfigError: a column of the repeat history is missing.
        """
        inputs = examples.inputs
        newest = inputs.rows(inputs.as_of == inputs.as_of.max())
        x, mean_value = newest.columns(_AMOUNTS).T
        is_known = (x > 0) & (mean_value > 0)
        average = float(np.average(mean_value[is_known], weights=x[is_known])) if is_known.any() else 0.0
        gamma_gamma, why_average = _spend(x[is_known], mean_value[is_known])
        is_newcomer = ~history_of(inputs)[1]
        newcomer = float(examples.outcome[is_newcomer].mean()) if is_newcomer.any() else 0.0
        return RepeatAmount(fit_bgnbd(inputs), gamma_gamma, average, newcomer, examples.horizon_days, why_average)

    def load_expectation(self, arrays: Arrays) -> RepeatAmount:
        """The model that `to_arrays` described."""
        of_spend = part(arrays, _GAMMA_GAMMA)
        return RepeatAmount(
            BGNBD.from_arrays(part(arrays, "bgnbd.")),
            GammaGamma.from_arrays(of_spend) if of_spend else None,
            float(arrays["average"]),
            float(arrays["newcomer"]),
            int(arrays["horizon_days"]),
            # Models kept by earlier versions did not say.
            str(arrays["why_average"][0]) if "why_average" in arrays else "",
        )


def _spend(x: Vector, mean_value: Vector) -> tuple[GammaGamma | None, str]:
    """What a visit of each user is worth; or None, and why nothing but the average can be told.

    At q <= 1 the expected worth of users with no or few repeats is infinite: no forecast, whoever is asked about.
    """
    try:
        found = GammaGamma.fit(x, mean_value, config=FitConfig(prior=1.0))
    except EvidenceError as error:
        return None, str(error)
    if found.q > 1:
        return found, ""
    return None, f"Gamma-Gamma: the mean over users is infinite (q = {found.q:g}, expected above 1)"
