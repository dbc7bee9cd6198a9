"""How good are forecast amounts against what came? Metrics as of probabilities: called, or weighted by resamples.

Shapes: B users; `actual` and `expected` in one unit; weights [R, B]: how often each user counts in each of R resamples.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tenure.errors import ConfigError
from tenure.evaluation.forecasts import Matrix, Metric, Vector


def check_amounts(actual: NDArray[np.generic], expected: Vector) -> tuple[Vector, Vector]:
    """Amounts as float64, or an error that says what is wrong with them."""
    came, said = np.asarray(actual, dtype=np.float64), np.asarray(expected, dtype=np.float64)
    if came.shape != said.shape or came.ndim != 1:
        raise ConfigError(
            f"amounts: expected actual and expected of one equal length, got shapes {came.shape} and {said.shape}"
        )
    if not (np.isfinite(came).all() and np.isfinite(said).all()):
        raise ConfigError("amounts: expected finite numbers")
    return came, said


def _mae(actual: Vector, expected: Vector, weights: Matrix) -> Vector:
    return _ratio(weights @ np.abs(actual - expected), weights.sum(axis=1))


def _rmse(actual: Vector, expected: Vector, weights: Matrix) -> Vector:
    return np.sqrt(_ratio(weights @ (actual - expected) ** 2, weights.sum(axis=1)))


def _total_ratio(actual: Vector, expected: Vector, weights: Matrix) -> Vector:
    return _ratio(weights @ expected, weights @ actual)


def _normalised_gini(actual: Vector, expected: Vector, weights: Matrix) -> Vector:
    return _ratio(_gini(actual, expected, weights), _gini(actual, actual, weights))


def _gini(actual: Vector, order_by: Vector, weights: Matrix) -> Vector:
    """Gini of the amounts in this order, up to a factor that both ginis of a resample share.

    A user who counts w times holds w places; users with equal forecasts share the mean of theirs.
    """
    order = np.argsort(order_by, kind="stable")
    tie = np.cumsum(np.append(0, np.diff(order_by[order]) > 0))
    first_of_tie = np.searchsorted(tie, np.arange(tie[-1] + 1)) if len(tie) else tie
    weight, amount = weights[:, order], weights[:, order] * actual[order]
    weight, amount = (np.add.reduceat(part, first_of_tie, axis=1) for part in (weight, amount))
    upto = np.cumsum(weight, axis=1)
    gini: Vector = ((2 * upto - weight - upto[:, -1:]) * amount).sum(axis=1)
    return gini


def _spearman(actual: Vector, expected: Vector, weights: Matrix) -> Vector:
    ours, theirs = _ranks(actual, weights), _ranks(expected, weights)
    both, one, other = ((weights * a * b).sum(axis=1) for a, b in ((ours, theirs), (ours, ours), (theirs, theirs)))
    return _ratio(both, np.sqrt(one * other))


def _ranks(values: Vector, weights: Matrix) -> Matrix:
    """How far is each user above the middle of each resample, in users? [R, B].

    A user who counts w times holds w places; equals share the middle of theirs.
    """
    _, group = np.unique(values, return_inverse=True)
    order = np.argsort(group, kind="stable")
    first_of_group = np.searchsorted(group[order], np.arange(group.max() + 1)) if len(group) else group
    held = np.add.reduceat(weights[:, order], first_of_group, axis=1)
    upto = np.cumsum(held, axis=1)
    ranks: Matrix = (upto - held / 2 - upto[:, -1:] / 2)[:, group]
    return ranks


mae = Metric("mae", _mae, higher_is_better=False, meaning="mean distance, in its own unit", check=check_amounts)
rmse = Metric("rmse", _rmse, higher_is_better=False, meaning="root of the mean squared distance", check=check_amounts)
normalised_gini = Metric(
    "normalised_gini",
    _normalised_gini,
    higher_is_better=True,
    meaning="are users ranked by amount? 1 perfectly, 0 by chance",
    check=check_amounts,
)
spearman = Metric(
    "spearman",
    _spearman,
    higher_is_better=True,
    meaning="rank correlation of forecast and outcome",
    check=check_amounts,
)
total_ratio = Metric(
    "total_ratio",
    _total_ratio,
    higher_is_better=True,
    meaning="predicted total over the actual one: 1 is right",
    check=check_amounts,
)

AMOUNT_METRICS = (mae, rmse, normalised_gini, spearman, total_ratio)


def _ratio(part: Vector, whole: Vector) -> Vector:
    ratio = np.full(len(part), np.nan)
    np.divide(part, whole, out=ratio, where=whole > 0)
    return ratio
