"""Every learner of probabilities, from simple to intricate."""

from __future__ import annotations

from tenure.prediction.learner import Learner
from tenure.prediction.learners.constant import ConstantLearner
from tenure.prediction.learners.logistic import RECENCY, RFM, LogisticLearner
from tenure.prediction.learners.repeats import RepeatsLearner
from tenure.prediction.learners.trees import TreesLearner

LEARNERS: tuple[Learner, ...] = (
    ConstantLearner(),
    LogisticLearner(name="recency", complexity=1, columns=RECENCY),
    LogisticLearner(name="rfm", complexity=2, columns=RFM),
    RepeatsLearner(),
    LogisticLearner(),
    TreesLearner(),
)
