"""The retention plan: what to do for every user, what it is worth, and who is held back to measure it.

Stake. `expected_value` covers both whether a user comes and for how much, so what is at risk is what they would bring
if they come: value_at_risk = expected_value / P(commit), and stake = P(churn) x value_at_risk is the value that is
expected to be lost.

Propensity. The probability with which the action that was taken had been drawn: `leave_alone` where nothing was
offered (1) or where the user is held back (`control_share`), the strategy otherwise (1 - `control_share` without
exploration). The budget is shared out over everybody before the control group is drawn, so these numbers are exact and
fit for inverse-propensity weighting. The price: the control group's part of the budget stays unspent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tenure.errors import ConfigError, SourceError
from tenure.retention.catalogue import CATALOGUE, LEAVE_ALONE, Strategy
from tenure.retention.choice import (
    action_probabilities,
    best_strategy,
    costs,
    draw_treatments,
    gains,
    is_eligible,
    within_budget,
)
from tenure.retention.reasons import reason
from tenure.schema import TIME
from tenure.seeds import uniforms

FloatArray = NDArray[np.float64]

PLAN = pa.schema(
    [
        pa.field("user_id", pa.string(), nullable=False),
        pa.field("as_of", TIME),
        pa.field("strategy", pa.string(), nullable=False),  # a key of the catalogue; for is_control: what it would be
        pa.field("stage", pa.string()),
        pa.field("p_churn", pa.float64()),
        pa.field("value_at_risk", pa.float64(), nullable=False),
        pa.field("stake", pa.float64(), nullable=False),
        pa.field("cost", pa.float64(), nullable=False),  # expected cost of the strategy; spent only where is_selected
        pa.field("expected_gain", pa.float64(), nullable=False),  # beyond the cost, if the assumed effects hold
        pa.field("propensity", pa.float64(), nullable=False),  # of what was done
        pa.field("is_control", pa.bool_(), nullable=False),  # would be treated, but is held back at random
        pa.field("is_selected", pa.bool_(), nullable=False),  # is treated
        pa.field("reason", pa.string(), nullable=False),
    ]
)

STRATEGIES = pa.schema(
    [
        pa.field("strategy", pa.string(), nullable=False),
        pa.field("title", pa.string(), nullable=False),
        pa.field("aim", pa.string(), nullable=False),
        pa.field("rule", pa.string(), nullable=False),
        pa.field("n_users", pa.int64(), nullable=False),
        pa.field("n_selected", pa.int64(), nullable=False),
        pa.field("n_control", pa.int64(), nullable=False),
        pa.field("stake", pa.float64(), nullable=False),  # of all its users
        pa.field("cost", pa.float64(), nullable=False),  # of the selected
        pa.field("expected_gain", pa.float64(), nullable=False),  # of the selected
    ]
)


@dataclass(frozen=True, kw_only=True)
class PlanConfig:
    """How the plan is made."""

    control_share: float = 0.1
    """Share of the users worth treating who are held back at random, so that the effect can be measured."""
    budget: float | None = None
    """The most that all contacts and discounts may cost together; None = no limit. Beyond it, what is free is done."""
    exploration: float = 0.0
    """Share of the treated who get a strategy drawn evenly from all that are meant for them, to learn which works."""
    least_p_commit: float = 0.1
    """Expected values are never divided by less than this P(commit): far out, the two forecasts disagree too easily."""
    horizon_days: int = 30
    """Horizon of the forecasts: used in the reasons."""
    currency: str = ""
    """Shown before money in the reasons."""
    commitment_verb: str = "commit"
    """What users are hoped to do, in the reasons."""
    seed: int = 0
    """A user stays in or out of the control group as long as the seed stays."""

    def __post_init__(self) -> None:
        for name in ("control_share", "exploration"):
            if not 0 <= getattr(self, name) < 1:
                raise ConfigError(f"PlanConfig.{name}: expected a share from 0 to below 1, got {getattr(self, name)}")
        if not 0 < self.least_p_commit <= 1:
            raise ConfigError(f"PlanConfig.least_p_commit: expected a share above 0, got {self.least_p_commit}")
        if self.budget is not None and not self.budget >= 0:
            raise ConfigError(f"PlanConfig.budget: expected 0 or more, or nothing for no limit, got {self.budget}")


@dataclass(frozen=True)
class Plan:
    """A retention plan."""

    users: pa.Table
    """One row per user (`PLAN`), in the order given."""
    strategies: pa.Table
    """One row per strategy (`STRATEGIES`), in the order of the catalogue."""


def plan(forecasts: pa.Table, config: PlanConfig = PlanConfig(), catalogue: Mapping[str, Strategy] = CATALOGUE) -> Plan:
    """What should be done for each user, under this budget?

    `forecasts` has one row per user: `user_id, as_of, stage, p_churn, expected_value` (value within the horizon,
    whether or not they come). Where nobody has a value, a commitment counts as 1. Users without a forecast (null) are
    left alone.

    Raises:
        SourceError: a column is missing, or a user appears twice.
        ConfigError: the catalogue has no `leave_alone`, or it is not the last.
    """
    strategies = _checked(catalogue)
    ids, stage, p_churn, expected_value = _read(forecasts)
    p_commit = 1 - p_churn
    if not expected_value.any():
        expected_value = np.nan_to_num(p_commit)
    value_at_risk = np.nan_to_num(expected_value / np.maximum(p_commit, config.least_p_commit))
    stake = np.nan_to_num(p_churn * value_at_risk)

    eligible = is_eligible(strategies, stage, p_churn)
    cost = costs(strategies, expected_value)
    gain = gains(strategies, stake, expected_value, cost)
    rows = np.arange(len(ids))
    best, free = best_strategy(gain, eligible), best_strategy(gain, eligible & (cost == 0))
    # With exploration a user may get any strategy meant for them: the budget must bear the dearest.
    reserved = np.where(eligible, cost, 0.0).max(axis=1, initial=0.0) if config.exploration else cost[rows, best]
    is_paid = within_budget(gain[rows, best] - gain[rows, free], reserved, ids, config.budget)
    chosen = np.where(is_paid, best, free)
    allowed = eligible & (is_paid[:, None] | (cost == 0))
    p = action_probabilities(chosen, allowed, control_share=config.control_share, exploration=config.exploration)

    nothing = len(strategies) - 1
    times = forecasts["as_of"].cast(pa.string()).to_pylist()
    draw = uniforms(config.seed, "treatment", [f"{user} {time}" for user, time in zip(ids, times, strict=True)])
    strategy = draw_treatments(p, draw)
    is_control = (strategy < nothing) & (uniforms(config.seed, "control", ids) < config.control_share)
    is_selected = (strategy < nothing) & ~is_control
    taken = np.where(is_selected, strategy, nothing)
    columns = {
        "user_id": ids,
        "as_of": forecasts["as_of"].cast(TIME),
        "strategy": np.array([s.name for s in strategies])[strategy],
        "stage": stage,
        "p_churn": pa.array(p_churn, from_pandas=True),
        "value_at_risk": value_at_risk,
        "stake": stake,
        "cost": cost[rows, strategy],
        "expected_gain": gain[rows, strategy],
        "propensity": p[rows, taken],
        "is_control": is_control,
        "is_selected": is_selected,
        "reason": [
            reason(
                strategies[strategy[row]],
                stage=stage[row],
                p_churn=p_churn[row],
                stake=stake[row],
                is_control=bool(is_control[row]),
                is_beyond_budget=bool(chosen[row] != best[row]),
                horizon_days=config.horizon_days,
                commitment_verb=config.commitment_verb,
                currency=config.currency,
            )
            for row in range(len(ids))
        ],
    }
    users = pa.table(columns, schema=PLAN)
    return Plan(users, _by_strategy(users, strategies))


def _checked(catalogue: Mapping[str, Strategy]) -> list[Strategy]:
    strategies = list(catalogue.values())
    if not strategies or strategies[-1] != LEAVE_ALONE:
        raise ConfigError(f"catalogue: expected '{LEAVE_ALONE.name}' as its last strategy, got {list(catalogue)}")
    return strategies


def _read(forecasts: pa.Table) -> tuple[list[str], list[str | None], FloatArray, FloatArray]:
    wanted = ("user_id", "as_of", "stage", "p_churn", "expected_value")
    missing = [name for name in wanted if name not in forecasts.column_names]
    if missing:
        raise SourceError(f"forecasts: expected columns {list(wanted)}, missing are {missing}; join them by user")
    ids = forecasts["user_id"].to_pylist()
    if len(set(ids)) < len(ids):
        raise SourceError(
            f"forecasts: expected one row per user, got {len(ids)} rows of {len(set(ids))} users; pass one as_of only"
        )
    p_churn = forecasts["p_churn"].cast(pa.float64()).to_numpy()
    value = np.maximum(np.nan_to_num(forecasts["expected_value"].cast(pa.float64()).to_numpy()), 0.0)
    return ids, forecasts["stage"].to_pylist(), p_churn, value


def _by_strategy(users: pa.Table, strategies: Sequence[Strategy]) -> pa.Table:
    names = [strategy.name for strategy in strategies]
    place = {name: number for number, name in enumerate(names)}
    code = np.array([place[name] for name in users["strategy"].to_pylist()], dtype=np.int64)
    is_selected = users["is_selected"].to_numpy().astype(np.float64)

    def total(amounts: FloatArray) -> FloatArray:
        return np.bincount(code, weights=amounts, minlength=len(names)).astype(np.float64)

    columns = {
        "strategy": names,
        "title": [strategy.title for strategy in strategies],
        "aim": [strategy.aim for strategy in strategies],
        "rule": [strategy.rule for strategy in strategies],
        "n_users": np.bincount(code, minlength=len(names)),
        "n_selected": total(is_selected).astype(np.int64),
        "n_control": total(users["is_control"].to_numpy()).astype(np.int64),
        "stake": total(users["stake"].to_numpy()),
        "cost": total(users["cost"].to_numpy() * is_selected),
        "expected_gain": total(users["expected_gain"].to_numpy() * is_selected),
    }
    return pa.table(columns, schema=STRATEGIES)
