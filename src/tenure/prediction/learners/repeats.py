"""BG/NBD: from how often and how recently a user committed alone, how likely is at least one more commitment?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit

from tenure.errors import EvidenceError
from tenure.lifecycle.repeats.bgnbd import BGNBD
from tenure.lifecycle.repeats.history import History
from tenure.prediction.examples import Examples, Inputs, Matrix, Rows, Vector
from tenure.prediction.learner import Arrays
from tenure.prediction.learners.columns import HISTORY, expect_examples
from tenure.prediction.logistic import Logistic

REPEAT_INPUTS = ("repeats_p_any", "repeats_p_any_long", "repeats_p_alive")
"""P(X >= 1) within the horizon, the same within three horizons (it saturates later), and P(alive): never a forecast by
itself, but it tells an other model whom silence should worry."""

_LONG = 3
_DAYS = 7.0
"""BG/NBD counts in weeks, as its papers do."""
_SURE = 1e-6
_PENALTY = 1.0


@dataclass(frozen=True, eq=False)
class RepeatModel:
    """BG/NBD on the repeat history, and a line from its log-odds to those of the outcome."""

    bgnbd: BGNBD
    line: Logistic
    """(logit P(X >= 1), has no history) -> log-odds of the outcome."""
    horizon_days: int

    def predict(self, inputs: Inputs) -> Vector:
        """The probability of each row [B]."""
        return self.line.p(_line_inputs(self.bgnbd, inputs, self.horizon_days))

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """The model as arrays."""
        parts = {"bgnbd": self.bgnbd.to_arrays(), "line": self.line.to_arrays()}
        arrays = {f"{part}.{key}": array for part, arrays in parts.items() for key, array in arrays.items()}
        return {**arrays, "horizon_days": np.array(self.horizon_days)}


@dataclass(frozen=True, kw_only=True)
class RepeatsLearner:
    """The statistician's baseline: four parameters that say how users differ in rate and in when they leave."""

    name: str = "repeats"
    complexity: int = 3

    def fit(self, examples: Examples) -> RepeatModel:
        """Which rates and drop-outs make the histories at the newest cut-off most likely?

        Two more numbers, slope and intercept, turn P(X >= 1 in the horizon) into the probability of the outcome: they
        take up what the model lacks (a season, a level) and serve outcomes that only go along with commitments. Users
        who never committed have no history: they get a level of their own.

        Raises:
            EvidenceError: there is no example, or nobody among them with a history.
            ConfigError: a column of the repeat history is missing.
        """
        expect_examples(examples, self.name)
        bgnbd = fit_bgnbd(examples.inputs)
        line_inputs = _line_inputs(bgnbd, examples.inputs, examples.horizon_days)
        line = Logistic.fit(line_inputs, examples.outcome > 0, penalty=_PENALTY)
        return RepeatModel(bgnbd, line, examples.horizon_days)

    def load(self, arrays: Arrays) -> RepeatModel:
        """The model that `to_arrays` described."""
        parts: dict[str, dict[str, NDArray[Any]]] = {"bgnbd": {}, "line": {}}
        for key, array in arrays.items():
            part, _, rest = key.partition(".")
            if part in parts:
                parts[part][rest] = array
        bgnbd, line = BGNBD.from_arrays(parts["bgnbd"]), Logistic.from_arrays(parts["line"])
        return RepeatModel(bgnbd, line, int(arrays["horizon_days"]))


def fit_bgnbd(inputs: Inputs) -> BGNBD:
    """BG/NBD of the users at the newest cut-off: older rows of the same users would only say the same again.

    Raises:
        EvidenceError: nobody has a repeat history.
        ConfigError: a column of it is missing.
    """
    newest = inputs.rows(inputs.as_of == inputs.as_of.max())
    history, has_history = history_of(newest)
    if not has_history.any():
        raise EvidenceError("repeats: expected users with a repeat history (x, t_x_days, T_days), got none")
    return BGNBD.fit(history)


def history_of(inputs: Inputs) -> tuple[History, Rows]:
    """The repeat history of those who have one, and who they are [B]."""
    x, t_x, T = inputs.columns(HISTORY).T
    has_history = np.isfinite(x) & np.isfinite(t_x) & np.isfinite(T)
    return History(x[has_history], t_x[has_history] / _DAYS, T[has_history] / _DAYS), has_history


def repeat_inputs(bgnbd: BGNBD, inputs: Inputs, horizon_days: int) -> Matrix:
    """What BG/NBD says of each row, as inputs of other models: `REPEAT_INPUTS` [B, 3], NaN without a history."""
    history, has_history = history_of(inputs)
    t = horizon_days / _DAYS
    told = [bgnbd.p_any(t, history), bgnbd.p_any(_LONG * t, history), bgnbd.p_alive(history)]
    columns = np.full((len(inputs), len(REPEAT_INPUTS)), np.nan)
    columns[has_history] = np.stack(told, axis=1)
    return columns


def _line_inputs(bgnbd: BGNBD, inputs: Inputs, horizon_days: int) -> Matrix:
    p = repeat_inputs(bgnbd, inputs, horizon_days)[:, 0]
    is_new = np.isnan(p)
    log_odds = np.where(is_new, 0.0, logit(np.clip(p, _SURE, 1 - _SURE)))
    return np.stack([log_odds, is_new.astype(np.float64)], axis=1)
