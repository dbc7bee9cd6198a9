"""The hurdle: will the user spend at all, and how much then? Boosted trees for each of the two questions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from tenure.prediction.amounts.base import Amount, fading
from tenure.prediction.amounts.boosting import Boosted, BoostingLearner
from tenure.prediction.amounts.pace import pace
from tenure.prediction.amounts.spread import Spread
from tenure.prediction.examples import Examples, Inputs, Matrix, Vector
from tenure.prediction.learner import Arrays

_LEAST_PACE = 0.3  # of the average amount of a spender: who spends at all spends about as much as others do


@dataclass(frozen=True, eq=False)
class HurdleAmount:
    """E = P(any) * E(amount | any); sigma(sum of trees) times (pace + least) * exp(sum of other trees)."""

    whether: Boosted
    how_much: Boosted
    least: float
    """What is added to every pace; 0 where nobody spent anything, and nothing is expected of anybody."""
    horizon_days: int

    def p_any(self, inputs: Inputs) -> Vector:
        """How likely is it that the user spends anything? [B]."""
        found: Vector = expit(self.whether.raw(inputs)) if self.least else np.zeros(len(inputs))
        return found

    def if_any(self, inputs: Inputs) -> Vector:
        """How much is to be expected of those who spend anything? [B]."""
        if self.least == 0:
            return np.zeros(len(inputs))
        found: Vector = (pace(inputs, self.horizon_days) + self.least) * np.exp(self.how_much.raw(inputs))
        return found

    def predict(self, inputs: Inputs) -> Vector:
        """The expected amount of each row [B]."""
        return self.p_any(inputs) * self.if_any(inputs)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """The model as arrays."""
        parts = {"whether": self.whether.to_arrays(), "how_much": self.how_much.to_arrays()}
        trees = {f"{name}.{key}": array for name, arrays in parts.items() for key, array in arrays.items()}
        return trees | {"least": np.array(self.least), "horizon_days": np.array(self.horizon_days)}


@dataclass(frozen=True, eq=False)
class HurdleForecast(Amount):
    """The hurdle and the spread of those who take it: it knows by itself how likely nothing at all is."""

    mean: HurdleAmount

    def quantiles(self, inputs: Inputs, levels: Vector, *, factor: Vector | float = 1.0) -> Matrix:
        """The amounts that are not exceeded with these probabilities [B, Q]; 0 where nothing at all is likely enough.

        `factor`, one number or one per row [B], is what corrects the expectation. A total does not tell whether more
        users spend or users spend more: all of it is put to the amount of those who spend.

        Raises:
            ConfigError: a level is not between 0 and 1.
        """
        return self.spread.quantiles(factor * self.mean.if_any(inputs), levels, p_zero=1 - self.mean.p_any(inputs))


@dataclass(frozen=True, kw_only=True)
class HurdleAmountLearner(BoostingLearner[HurdleAmount]):
    """Two questions instead of one. The amounts of spenders are learnt by Poisson quasi-likelihood.

    That needs only their mean to be right: unlike a regression of logarithms there is nothing to transform back, where
    a wrong spread would bias every total. Source: Mullahy (1986), Journal of Econometrics 33; Duan (1983), Journal of
    the American Statistical Association 78, for what is thus avoided.
    """

    name: str = "hurdle"
    complexity: int = 7

    def expectation(self, examples: Examples) -> HurdleAmount:
        """Who spends at all, and by which factor do spenders exceed their pace?"""
        weights, spends = fading(examples), examples.outcome > 0
        n_spenders = int(spends.sum())
        start = float(logit((n_spenders + 0.5) / (len(examples) + 1)))
        whether = self.grow("binary", examples.inputs, spends.astype(np.float64), start=start, weights=weights)
        spenders, weights = examples.rows(spends), weights[spends]
        y = spenders.outcome
        least = _LEAST_PACE * float(y.mean()) if n_spenders else 0.0
        going_on = pace(spenders.inputs, examples.horizon_days) + least
        start = float(np.log((weights @ y) / (weights @ going_on))) if n_spenders else 0.0
        how_much = self.grow("poisson", spenders.inputs, y, start=start, offset=np.log(going_on), weights=weights)
        return HurdleAmount(whether, how_much, least, examples.horizon_days)

    def surprises(self, mean: HurdleAmount, later: Examples) -> tuple[Vector, Vector]:
        """What was expected of those who spent anything, and what came of it."""
        spent = later.rows(later.outcome > 0)
        return mean.if_any(spent.inputs), spent.outcome

    def forecast(self, mean: HurdleAmount, spread: Spread) -> HurdleForecast:
        """The two questions and the spread together."""
        return HurdleForecast(mean, spread)

    def load_expectation(self, arrays: Arrays) -> HurdleAmount:
        """The model that `to_arrays` described."""
        whether, how_much = (self.grown(arrays, name) for name in ("whether", "how_much"))
        return HurdleAmount(whether, how_much, float(arrays["least"]), int(arrays["horizon_days"]))
