"""Which model may speak? The simplest one that no other beats beyond chance, on later time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tenure.errors import ConfigError
from tenure.prediction.examples import Examples, Vector

CONFIDENCE = 1.645
"""Standard errors by which a more intricate model must be ahead: one-sided 95 %."""

_SURE = 1e-12

Loss = Callable[[Vector, Vector], Vector]
"""(outcome [B], forecast [B]) -> loss of each row [B]."""


def log_losses(outcome: Vector, p: Vector) -> Vector:
    """The surprise of each outcome, in nats."""
    p = np.clip(p, _SURE, 1 - _SURE)
    return -np.where(outcome > 0, np.log(p), np.log1p(-p))


def deviances(outcome: Vector, expected: Vector) -> Vector:
    """The Poisson deviance of each amount, in its unit: smallest on average when the mean is right.

    Unlike the absolute error, which rewards the median and so forecasts of nothing for everybody. Amounts below 0 count
    as 0. Source: Gneiting (2011), Journal of the American Statistical Association 106.
    """
    outcome, expected = np.maximum(outcome, 0.0), np.maximum(expected, _SURE)
    ratio = np.where(outcome > 0, outcome, 1.0) / expected
    return 2 * (np.where(outcome > 0, outcome * np.log(ratio), 0.0) - (outcome - expected))


@dataclass(frozen=True)
class Choice:
    """The champion, and how each challenger fared."""

    champion: str
    trials: pa.Table
    """A row per model from simple to intricate: `model, loss, incumbent, gain, standard_error, took_over`; `gain` is
    the mean loss of the incumbent it met less its own."""


def choose(examples: Examples, forecasts: Mapping[str, Vector], order: Sequence[str], loss: Loss) -> Choice:
    """From simple to intricate, who beats the best so far by more than chance?

    Losses are compared on the same rows and summed by user first: what one user does in several windows is no
    independent evidence. Outcomes all alike say nothing of who forecasts better, so the simplest stays.

    Args:
        examples: what came to pass at the validation cut-offs.
        forecasts: model -> honest forecasts of these rows [B].
        order: names of the models, the simplest first.
        loss: what is compared.

    Raises:
        ConfigError: there is no model to choose from.
    """
    if not order:
        raise ConfigError("choose: expected at least one model, got none")
    users = np.unique(np.asarray(examples.inputs.users), return_inverse=True)[1] if len(examples) else np.empty(0, int)
    losses = {name: loss(examples.outcome, forecasts[name]) for name in order}
    champion, trials = order[0], []
    says_something = len(users) > 0 and bool(np.ptp(examples.outcome))
    for name in order:
        gain, error = mean_and_error(losses[champion] - losses[name], users)
        took_over = says_something and name != champion and bool(gain > CONFIDENCE * error)
        mean = float(losses[name].mean()) if len(users) else float("nan")
        trials.append((name, mean, champion, gain, error, took_over))
        champion = name if took_over else champion
    names = ("model", "loss", "incumbent", "gain", "standard_error", "took_over")
    return Choice(champion, pa.table(dict(zip(names, map(list, zip(*trials, strict=True)), strict=True))))


def mean_and_error(differences: Vector, users: NDArray[np.int64]) -> tuple[float, float]:
    """The mean of differences [B] and its standard error, rows of one user taken together.

    Source: the cluster-robust variance, Liang & Zeger (1986), Biometrika 73.
    """
    if len(np.unique(users)) < 2:
        return (float(differences.mean()) if len(differences) else 0.0), float("inf")
    mean = float(differences.mean())
    of_user = np.bincount(users, weights=differences - mean)
    return mean, float(np.sqrt((of_user**2).sum())) / len(differences)
