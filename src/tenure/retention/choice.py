"""Which strategy for whom: gains, the budget and the probabilities of the actions, as arrays.

Shapes: B users, S strategies; the last strategy is always `leave_alone`, which costs and gains nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tenure.retention.catalogue import Strategy

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]


def is_eligible(strategies: Sequence[Strategy], stage: Sequence[str | None], p_churn: FloatArray) -> BoolArray:
    """For which users is each strategy meant? Without a forecast (NaN) only `leave_alone` is. Shape [B, S]."""
    names, code = np.unique(np.asarray(stage, dtype=object).astype(str), return_inverse=True)
    columns = []
    for strategy in strategies:
        in_stage = np.array([name in strategy.stages for name in names], dtype=bool)[code]
        in_range = (p_churn >= strategy.lowest_risk) & (p_churn <= strategy.highest_risk)
        columns.append(in_stage & in_range)
    columns[-1] = np.ones(len(p_churn), dtype=bool)
    return np.column_stack(columns)


def costs(strategies: Sequence[Strategy], expected_value: FloatArray) -> FloatArray:
    """What would each strategy cost for each user: the message, and the discount on what they pay? Shape [B, S]."""
    contact = np.array([strategy.cost_per_contact for strategy in strategies])
    discount = np.array([strategy.discount for strategy in strategies])
    return np.asarray(contact + expected_value[:, None] * discount)


def gains(
    strategies: Sequence[Strategy], stake: FloatArray, expected_value: FloatArray, cost: FloatArray
) -> FloatArray:
    """What is each strategy expected to bring beyond its cost, if the assumed effects hold? Shape [B, S]."""
    saving = np.array([strategy.assumed_saving for strategy in strategies])
    growth = np.array([strategy.assumed_growth for strategy in strategies])
    return np.asarray(stake[:, None] * saving + expected_value[:, None] * growth - cost)


def best_strategy(gain: FloatArray, eligible: BoolArray) -> IntArray:
    """The eligible strategy with the largest gain; `leave_alone` where none gains anything. Shape [B]."""
    worth = np.where(eligible & (gain > 0), gain, -np.inf)
    worth[:, -1] = 0.0
    return np.asarray(worth.argmax(axis=1))


def within_budget(gain: FloatArray, cost: FloatArray, ids: Sequence[str], budget: float | None) -> BoolArray:
    """For whom is money spent? Those with a gain, the best gain per cost first, until the budget is spent.

    The first who no longer fits ends the list, so more budget never takes anything away from anybody. Ties go by id.
    Shapes: gain, cost (above 0 where gain is), ids [B] -> [B].
    """
    wanted = gain > 0
    if budget is None:
        return wanted
    return_on_cost = np.divide(gain, cost, out=np.zeros_like(gain), where=wanted)
    order = np.lexsort((np.asarray(ids, dtype=object).astype(str), -return_on_cost))
    order = order[wanted[order]]
    is_paid = np.zeros(len(gain), dtype=bool)
    is_paid[order[np.cumsum(cost[order]) <= budget]] = True
    return is_paid


def action_probabilities(
    chosen: IntArray, allowed: BoolArray, *, control_share: float, exploration: float
) -> FloatArray:
    """With which probability is each action taken for each user? Shape [B, S]; rows sum to 1.

    Those for whom `leave_alone` is chosen are left alone for certain. Of the others a share `control_share` is left
    alone, and the rest get what was chosen, except that a share `exploration` of them gets a strategy drawn evenly from
    all that are allowed for them. Shapes: chosen [B], allowed [B, S].
    """
    others = allowed.copy()
    others[:, -1] = False
    is_offered = chosen < allowed.shape[1] - 1
    treated = exploration * others / np.maximum(others.sum(axis=1, keepdims=True), 1)
    treated[np.arange(len(chosen)), chosen] += 1 - exploration
    p = np.where(is_offered[:, None], (1 - control_share) * treated, 0.0)
    p[:, -1] += np.where(is_offered, control_share, 1.0)
    return p


def draw_treatments(p: FloatArray, uniform: FloatArray) -> IntArray:
    """Which strategy does each user get unless held back? `leave_alone` where nothing is offered.

    Drawn in proportion to p among the other strategies.

    Shapes: p [B, S] from `action_probabilities`, uniform [B] in [0, 1) -> [B].
    """
    ladder = np.cumsum(p[:, :-1], axis=1)
    # Counting the steps at or below the draw can never pick a strategy of probability 0: its step has no height.
    drawn = (ladder <= uniform[:, None] * ladder[:, [-1]]).sum(axis=1)
    return np.asarray(np.where(ladder[:, -1] > 0, drawn, p.shape[1] - 1))
