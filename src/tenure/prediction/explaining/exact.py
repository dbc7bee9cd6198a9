"""What each input adds, exactly, of the models whose formula tells it; and what the others look at."""

from __future__ import annotations

from functools import singledispatch

import numpy as np

from tenure.prediction.examples import Inputs
from tenure.prediction.explaining.contributions import Contributions, log_odds
from tenure.prediction.heads import WithHeart
from tenure.prediction.learners.columns import HISTORY, standardised
from tenure.prediction.learners.constant import Constant
from tenure.prediction.learners.logistic import LogisticModel
from tenure.prediction.learners.repeats import RepeatModel
from tenure.prediction.learners.trees import Trees


@singledispatch
def exact(_model: object, _inputs: Inputs) -> Contributions | None:
    """The contributions by the model's own formula, in log-odds; None where it has none that adds up.

    A new kind of model is made to explain itself by `exact.register`.
    """
    return None


@exact.register
def _(model: Constant, inputs: Inputs) -> Contributions:
    return Contributions(float(log_odds(np.array([model.p]))[0]), np.empty((len(inputs), 0)), ())


@exact.register
def _(model: LogisticModel, inputs: Inputs) -> Contributions:
    """W (z - 0): against the average user, whose z is 0. Whether a value is known at all counts for its own input."""
    normaliser = model.normaliser
    added = model.core.contributions(standardised(inputs, normaliser))
    values = np.zeros((len(inputs), len(normaliser.inputs)))
    np.add.at(values.T, normaliser.sources, added.T)
    return Contributions(model.core.intercept, values, normaliser.inputs)


@exact.register
def _(model: Trees, inputs: Inputs) -> Contributions:
    """TreeSHAP, by LightGBM itself; of the log-odds before they are kept from 0 and 1.

    Source: Lundberg et al. (2020), Nature Machine Intelligence 2, algorithm 2 (path-dependent).
    """
    names = model.names
    if not len(inputs):
        return Contributions(0.0, np.empty((0, len(names))), names)
    added = model.booster.predict(model.matrix(inputs), pred_contrib=True, num_threads=model.n_threads)
    values = np.asarray(added, dtype=np.float64)
    return Contributions(float(values[0, -1]), values[:, :-1], names)


@exact.register
def _(model: WithHeart, inputs: Inputs) -> Contributions | None:
    """Those of the model that is given what the heart says: the heart's word is told as inputs like any other."""
    found: Contributions | None = exact(model.model, model.heads.joined(inputs))
    return found


@singledispatch
def reads(_model: object) -> tuple[str, ...] | None:
    """The only columns that a model looks at, so that no others need be tried; None = perhaps all of them."""
    return None


@reads.register
def _(_model: RepeatModel) -> tuple[str, ...]:
    return HISTORY
