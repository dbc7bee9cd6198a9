"""What does each input add to a forecast? Contributions that sum, with the base, to exactly what the model says.

Probabilities are explained in log-odds, amounts in their own unit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from tenure.errors import ConfigError
from tenure.prediction.explaining.catalogue import CORRECTION, Catalogue, in_order, themes_of

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

Unit = Literal["log-odds", "amount"]

_SURE = 1e-9


@dataclass(frozen=True, eq=False)
class Contributions:
    """How far each input moves each user's forecast from the base: base + a row of values = the forecast."""

    base: float
    """What is forecast of users in general, in `unit`."""
    values: Matrix
    """[B, D] in `unit`."""
    names: tuple[str, ...]
    """The inputs [D]."""
    unit: Unit = "log-odds"
    is_sampled: bool = False
    """Sums are exact all the same; how they are shared out among the inputs is then subject to chance."""

    def __post_init__(self) -> None:
        if self.values.ndim != 2 or self.values.shape[1] != len(self.names):
            raise ConfigError(
                f"Contributions: expected a column per input, got {len(self.names)} names and shape {self.values.shape}"
            )

    @property
    def usual(self) -> float:
        """What is forecast of users in general, as a chance or an amount: where the bars begin."""
        return float(expit(self.base)) if self.unit == "log-odds" else self.base

    @property
    def total(self) -> Vector:
        """The forecast itself [B], in `unit`."""
        return np.asarray(self.base + self.values.sum(axis=1), dtype=np.float64)

    def by_theme(self, known: Catalogue) -> Contributions:
        """The same, inputs of one theme added up [B, T].

        Inputs of a theme say much the same (30, 90, 365 days), and a model may set them off against each other: +2 for
        the one, -1.8 for the other. Only their sum can be told to a person.
        """
        themes = themes_of(self.names, known)
        order = in_order(themes)
        values = np.zeros((len(self.values), len(order)))
        np.add.at(values.T, [order.index(theme) for theme in themes], self.values.T)
        return Contributions(self.base, values, order, self.unit, self.is_sampled)

    def opposite(self) -> Contributions:
        """The contributions to the opposite event: of P(churn) where these are of P(commit).

        Raises:
            ConfigError: these explain an amount, which has no opposite.
        """
        if self.unit != "log-odds":
            raise ConfigError("Contributions.opposite: expected those of a probability; an amount has no opposite")
        return Contributions(-self.base, -self.values, self.names, self.unit, self.is_sampled)

    def corrected(self, forecast: Vector) -> Contributions:
        """The contributions to a corrected forecast [B], in `unit`: what the correction adds is one more input.

        Calibration, level and season change a model's word by a rising function, user by user.
        """
        added = forecast - self.total
        return Contributions(
            self.base, np.column_stack([self.values, added]), (*self.names, CORRECTION), self.unit, self.is_sampled
        )

    def of(self, names: Sequence[str]) -> Contributions:
        """The same for these inputs in this order, 0 for those that the model does not read.

        Raises:
            ConfigError: an input with a contribution is not among them, so the sum would change.
        """
        if lost := set(self.names) - set(names):
            raise ConfigError(f"Contributions.of: expected all inputs of the model, got none of {sorted(lost)}")
        place = {name: i for i, name in enumerate(names)}
        values = np.zeros((len(self.values), len(names)))
        np.add.at(values.T, [place[name] for name in self.names], self.values.T)
        return Contributions(self.base, values, tuple(names), self.unit, self.is_sampled)


def weighted_sum(
    n_users: int, parts: Sequence[Contributions], weights: Sequence[float], intercept: float
) -> Contributions:
    """The contributions to intercept + sum of weight x log-odds of each part."""
    names = tuple(dict.fromkeys(name for part in parts for name in part.names))
    base, values = intercept, np.zeros((n_users, len(names)))
    for part, weight in zip(parts, weights, strict=True):
        base += weight * part.base
        values += weight * part.of(names).values
    return Contributions(base, values, names, is_sampled=any(part.is_sampled for part in parts))


def log_odds(p: Vector) -> Vector:
    """The log-odds of probabilities [B], kept finite at 0 and 1."""
    return np.asarray(logit(np.clip(p, _SURE, 1 - _SURE)), dtype=np.float64)
