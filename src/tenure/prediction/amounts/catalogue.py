"""Every learner of amounts, from simple to intricate."""

from __future__ import annotations

from tenure.prediction.amounts.base import AmountLearner
from tenure.prediction.amounts.constant import ConstantAmountLearner
from tenure.prediction.amounts.poisson import PoissonAmountLearner
from tenure.prediction.amounts.run_rate import RunRateLearner

AMOUNTS: tuple[AmountLearner, ...] = (ConstantAmountLearner(), RunRateLearner(), PoissonAmountLearner())
