"""Place: where every user is in their life, how users move between stages, which cohorts come back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa
from ibis.expr.types import Table

from tenure.domain import PERIODS, Period
from tenure.events.log import EVENTS_TABLE, USERS_TABLE
from tenure.lifecycle.activity import active_periods
from tenure.lifecycle.cohorts import CohortConfig, average_retention, calendar_ages, retention, rolling_ages
from tenure.lifecycle.flow import flows, history_cutoffs, stage_history, transitions
from tenure.lifecycle.growth import growth
from tenure.lifecycle.periods import PERIOD_DAYS
from tenure.lifecycle.reasons import explained
from tenure.lifecycle.stages import stages
from tenure.lifecycle.states import return_rates, state_counts
from tenure.lifecycle.stickiness import stickiness
from tenure.lifecycle.thresholds import Thresholds, evidence
from tenure.pipeline.known import Known, Results
from tenure.pipeline.returning import stage_curves

STICKY_DAYS = 28
"""Stickiness looks at this many days, in whole periods, but at least at MIN_STICKY of them."""
MIN_STICKY = 12
READABLE_COHORTS = 26
"""More cohorts than this are told by a longer period."""


@dataclass(frozen=True, kw_only=True)
class Placed(Results):
    """Life-cycle results, and the thresholds that the stages were decided with."""

    thresholds: Thresholds


def place(known: Known) -> Placed:
    """Place every user in their life at the moment of the run, and tell the history that led there."""
    duck, as_of = known.duck, known.as_of
    with known.stage("place", 4) as step:
        by_day = _active(known, "day")
        thresholds = Thresholds.learn(duck.run(evidence(EVENTS_TABLE, by_day, as_of)), known.domain)
        step()
        period = thresholds.period
        active = by_day if period == "day" else _active(known, period)
        step()
        looks = history_cutoffs(known.first, as_of, known.domain.horizon_days)
        placed = duck.materialise("placed", stages(EVENTS_TABLE, looks, thresholds))
        now = explained(duck.run(placed.filter(placed.as_of == as_of)), thresholds)
        history = duck.materialise("history", stage_history(placed))
        step()
        by = cohort_period(known.first, as_of, period)
        cells = cohorts(known, by, CohortConfig())
        n_sticky = max(STICKY_DAYS // PERIOD_DAYS[period], MIN_STICKY)
        looked = duck.run(history)
        tables = {
            "stages": now,
            "stage_history": looked,
            "transitions": duck.run(transitions(flows(history))),
            "flows": duck.run(flows(history)),
            "states": duck.run(state_counts(active, as_of, period)),
            "growth": duck.run(growth(active, as_of, period, USERS_TABLE)),
            "cohorts": duck.run(cells.order_by("cohort_start", "age")),
            "cohort_averages": duck.run(average_retention(cells)),
            "return_rates": duck.run(return_rates(active, as_of, period)),
            "stickiness": duck.run(stickiness(active, as_of, period, n_sticky)),
            **stage_curves(known, looked),
        }
        if known.cutoffs is not None:
            tables["stages_at_test"] = stages_then(known, known.cutoffs.test)
    known.facts.update(period=period, cohort_period=by)
    return Placed(tables=tables, thresholds=thresholds)


def _active(known: Known, period: Period) -> Table:
    """Who was there in which period, computed once and kept under the period's name."""
    return known.duck.materialise(f"active_{period}", active_periods(EVENTS_TABLE, known.as_of, period))


def stages_then(known: Known, moment: datetime) -> pa.Table:
    """The stages as they would have been told at an earlier moment, with thresholds learnt before it."""
    by_day = known.duck.materialise("active_days_then", active_periods(EVENTS_TABLE, moment, "day"))
    thresholds = Thresholds.learn(known.run(evidence(EVENTS_TABLE, by_day, moment)), known.domain)
    return known.run(stages(EVENTS_TABLE, moment, thresholds).select("user_id", "stage"))


def cohort_period(first: datetime, as_of: datetime, period: Period) -> Period:
    """The natural period, or the next longer ones until there are few enough cohorts to read.

    >>> cohort_period(datetime(2017, 1, 1), datetime(2017, 12, 31), "week")
    'month'
    """
    longer = PERIODS[PERIODS.index(period) :]
    n_days = (as_of - first).days
    return next((p for p in longer if n_days / PERIOD_DAYS[p] <= READABLE_COHORTS), longer[-1])


def cohorts(known: Known, period: Period, config: CohortConfig) -> Table:
    """Cohort retention, by any definition; computed once and kept."""
    if config.clock == "calendar":
        ages = calendar_ages(_active(known, period))
    else:
        ages = rolling_ages(EVENTS_TABLE, known.as_of, period)
    return known.duck.materialise("cohort_cells", retention(ages, known.as_of, period, config))
