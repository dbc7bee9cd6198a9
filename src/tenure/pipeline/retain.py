"""Retain: to whom what, under which budget, with which control group."""

from __future__ import annotations

import pyarrow as pa

from tenure.domain import Domain
from tenure.pipeline.known import Known, Results
from tenure.pipeline.place import Placed
from tenure.retention.plan import Plan, PlanConfig, plan


def retain(known: Known, placed: Placed, predicted: Results) -> Results:
    """Plan a strategy for every user who has a forecast."""
    if "predictions" not in predicted.tables:
        return Results()
    settings = known.settings.run
    with known.stage("retain", 1):
        made = plan_anew(
            placed.tables["stages"],
            predicted.tables["predictions"],
            known.domain,
            budget=settings.budget,
            control_share=settings.control_share,
            seed=known.seed,
        )
    return Results({"plan": made.users, "strategies": made.strategies})


def plan_anew(
    stages: pa.Table, predictions: pa.Table, domain: Domain, *, budget: float | None, control_share: float, seed: int
) -> Plan:
    """The plan for users with a stage and a forecast, under a budget."""
    forecasts = predictions.join(stages.select(["user_id", "stage"]), "user_id").sort_by("user_id")
    config = PlanConfig(
        control_share=control_share,
        budget=budget,
        horizon_days=domain.horizon_days,
        currency=domain.currency,
        commitment_verb=domain.commitment_verb,
        seed=seed,
    )
    return plan(forecasts, config)
