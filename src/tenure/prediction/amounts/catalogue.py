"""Every learner of amounts, from simple to intricate."""

from __future__ import annotations

from typing import Any

from tenure.prediction.amounts.base import AmountLearner
from tenure.prediction.amounts.blend import BlendAmountLearner
from tenure.prediction.amounts.constant import ConstantAmountLearner
from tenure.prediction.amounts.hurdle import HurdleAmountLearner
from tenure.prediction.amounts.poisson import PoissonAmountLearner
from tenure.prediction.amounts.repeats import RepeatAmountLearner
from tenure.prediction.amounts.run_rate import RunRateLearner
from tenure.prediction.amounts.tweedie import TweedieAmountLearner
from tenure.prediction.heads import AmountAloneLearner, WithHeartAmountLearner

AMOUNTS: tuple[AmountLearner[Any], ...] = (
    ConstantAmountLearner(),
    RunRateLearner(),
    RepeatAmountLearner(),
    PoissonAmountLearner(),
    TweedieAmountLearner(),
    HurdleAmountLearner(),
)

BLEND = BlendAmountLearner(
    name="blend",
    complexity=9,
    learners=(PoissonAmountLearner(), TweedieAmountLearner(), HurdleAmountLearner()),
)
"""Takes as long as its three members together: it competes when asked."""

AMOUNTS_OF_EVENTS: tuple[AmountLearner[Any], ...] = (
    WithHeartAmountLearner(learner=AmountAloneLearner(), name="heart", complexity=10),
    WithHeartAmountLearner(learner=PoissonAmountLearner(), name="poisson with heart", complexity=11),
    WithHeartAmountLearner(learner=HurdleAmountLearner(), name="hurdle with heart", complexity=12),
    WithHeartAmountLearner(learner=BLEND, name="blend with heart", complexity=13),
)
"""Those that read the events themselves: they need the `torch` extra, and inputs with sequences."""
