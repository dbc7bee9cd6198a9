"""Every learner of amounts, from simple to intricate."""

from __future__ import annotations

from typing import Any

from tenure.prediction.amounts.base import AmountLearner
from tenure.prediction.amounts.constant import ConstantAmountLearner
from tenure.prediction.amounts.hurdle import HurdleAmountLearner
from tenure.prediction.amounts.poisson import PoissonAmountLearner
from tenure.prediction.amounts.repeats import RepeatAmountLearner
from tenure.prediction.amounts.run_rate import RunRateLearner
from tenure.prediction.amounts.tweedie import TweedieAmountLearner

AMOUNTS: tuple[AmountLearner[Any], ...] = (
    ConstantAmountLearner(),
    RunRateLearner(),
    RepeatAmountLearner(),
    PoissonAmountLearner(),
    TweedieAmountLearner(),
    HurdleAmountLearner(),
)
