"""Place: where every user is in their life, how users move between stages, which cohorts come back."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from tenure.domain import Period
from tenure.events.log import EVENTS_TABLE
from tenure.lifecycle.activity import active_periods
from tenure.lifecycle.cohorts import CohortConfig, calendar_ages, retention, rolling_ages
from tenure.lifecycle.flow import flows, history_cutoffs, stage_history, transitions
from tenure.lifecycle.growth import growth
from tenure.lifecycle.periods import PERIOD_DAYS
from tenure.lifecycle.reasons import explained
from tenure.lifecycle.stages import stages
from tenure.lifecycle.states import state_counts
from tenure.lifecycle.stickiness import stickiness
from tenure.lifecycle.thresholds import Thresholds, evidence
from tenure.pipeline.known import Known, Results

STICKY_DAYS = 28
"""Stickiness looks at this many days, in whole periods of at least four."""


@dataclass(frozen=True, kw_only=True)
class Placed(Results):
    """Life-cycle results, and the thresholds that the stages were decided with."""

    thresholds: Thresholds


def place(known: Known) -> Placed:
    """Place every user in their life at the moment of the run, and tell the history that led there."""
    duck, as_of = known.duck, known.as_of
    with known.stage("place", 4) as step:
        by_day = duck.materialise("active_days", active_periods(EVENTS_TABLE, as_of, "day"))
        thresholds = Thresholds.learn(duck.run(evidence(EVENTS_TABLE, by_day, as_of)), known.domain)
        step()
        period = thresholds.period
        active = by_day if period == "day" else duck.materialise("active", active_periods(EVENTS_TABLE, as_of, period))
        step()
        looks = {*history_cutoffs(known.first, as_of, known.domain.horizon_days)}
        if known.cutoffs is not None:
            looks.add(known.cutoffs.test)
        placed = duck.materialise("placed", stages(EVENTS_TABLE, sorted(looks), thresholds))
        now = explained(duck.run(placed.filter(placed.as_of == as_of)), thresholds)
        told = sorted(history_cutoffs(known.first, as_of, known.domain.horizon_days))
        history = duck.materialise("history", stage_history(placed.filter(placed.as_of.isin(told))))
        step()
        n_sticky = max(STICKY_DAYS // PERIOD_DAYS[period], 4)
        tables = {
            "stages": now,
            "stage_history": duck.run(history),
            "transitions": duck.run(transitions(flows(history))),
            "flows": duck.run(flows(history)),
            "states": duck.run(state_counts(active, as_of, period)),
            "growth": duck.run(growth(active, as_of, period)),
            "cohorts": duck.run(retention(calendar_ages(active), as_of, period)),
            "stickiness": duck.run(stickiness(active, as_of, period, n_sticky)),
        }
        if known.cutoffs is not None:
            tables["stages_at_test"] = duck.run(placed.filter(placed.as_of == known.cutoffs.test))
    known.facts["period"] = period
    return Placed(tables=tables, thresholds=thresholds)


def cohorts(known: Known, period: Period, config: CohortConfig) -> pa.Table:
    """Cohort retention by another definition than the run's."""
    if config.clock == "calendar":
        ages = calendar_ages(known.duck.materialise("active", active_periods(EVENTS_TABLE, known.as_of, period)))
    else:
        ages = rolling_ages(EVENTS_TABLE, known.as_of, period)
    return known.run(retention(ages, known.as_of, period, config))
