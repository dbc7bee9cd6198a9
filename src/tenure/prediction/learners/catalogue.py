"""Every learner of probabilities, from simple to intricate."""

from __future__ import annotations

from tenure.prediction.heads import WithHeartLearner
from tenure.prediction.learner import Learner
from tenure.prediction.learners.constant import ConstantLearner
from tenure.prediction.learners.logistic import RECENCY_LEARNER, RFM_LEARNER, LogisticLearner
from tenure.prediction.learners.recurrent import RecurrentLearner
from tenure.prediction.learners.repeats import RepeatsLearner
from tenure.prediction.learners.trees import TreesLearner
from tenure.sequence.foretold import FORETOLD

LEARNERS: tuple[Learner, ...] = (
    ConstantLearner(),
    RECENCY_LEARNER,
    RFM_LEARNER,
    RepeatsLearner(),
    LogisticLearner(),
    TreesLearner(),
)

RECURRENT: tuple[Learner, ...] = (RecurrentLearner(cell="gru"), RecurrentLearner(cell="lstm"))

HEARTS: tuple[Learner, ...] = (
    WithHeartLearner(learner=LogisticLearner(columns=tuple(i.name for i in FORETOLD)), name="heart", complexity=10),
    WithHeartLearner(learner=LogisticLearner(), name="logistic with heart", complexity=11),
    WithHeartLearner(learner=TreesLearner(), name="trees with heart", complexity=12),
)

OF_EVENTS: tuple[Learner, ...] = (*RECURRENT, *HEARTS)
"""Those that read the events themselves: they need the `torch` extra, and inputs with sequences."""
