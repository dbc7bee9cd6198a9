"""Return: when does everybody come back? Learnt and proven beside the other forecasts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from ibis.expr.types import Table

from tenure.events.log import EVENTS_TABLE, before
from tenure.lifecycle.survival.groups import return_curves
from tenure.lifecycle.survival.spells import spells
from tenure.pipeline.known import Known
from tenure.prediction.examples import Inputs
from tenure.prediction.return_evidence import NAME, ReturnEvidenceConfig, return_evidence
from tenure.prediction.returning import ReturnForecaster, Spells
from tenure.prediction.tasks import RETURN_DAYS, Task

CHANCES = tuple(f"p_return_{days}" for days in RETURN_DAYS)

_RANGES = ("low_80", "high_80", "low_95", "high_95")


@dataclass(frozen=True, kw_only=True)
class Returning:
    """Who is asked about at the moment of a run, and who answers."""

    forecaster: ReturnForecaster
    now: Inputs

    def curve_of(self, user: str) -> pa.Table:
        """One user's own curve, day by day as far as the last horizon: `day, p_returned, low, high`."""
        last = min(float(max(RETURN_DAYS)), np.floor(self.forecaster.observed_days))
        row = self.now.rows(np.asarray(self.now.users) == user)
        return self.forecaster.user_curve(row, days=np.arange(0.0, last + 1))


def train_returns(
    known: Known, cutoffs: Sequence[datetime], tests: Sequence[datetime], inputs: Inputs, events: Table
) -> tuple[ReturnForecaster, Mapping[str, pa.Table]]:
    """The forecast of returns, fitted on all these cut-offs, and its evidence: honest ones at the test cut-offs.

    Raises:
        EvidenceError: nobody came back.
    """
    until = end_of_watching(known)
    watched = known.run(spells(events, cutoffs, until, grain_days=grain_days(known)))
    learnt = Spells.of(inputs, watched)
    proof = return_evidence(learnt, tests, until, ReturnEvidenceConfig(seed=known.seed))
    return ReturnForecaster.fit(learnt), proof


def day_forecasts(forecaster: ReturnForecaster, now: Inputs, task: Task) -> pa.Table:
    """The outlook in the columns of `forecasts`: the median day of the return and its ranges, and the chances."""
    found = forecaster.outlook(now)
    days = {name: found[f"{name}_days"] for name in _RANGES}
    return pa.table(
        {
            "user_id": found["user_id"],
            "as_of": found["as_of"],
            "task": [task.name] * len(now),
            "value": found["median_days"],
            **days,
            "model": [NAME] * len(now),
            **{name: found[name] for name in CHANCES},
        }
    )


def stage_curves(known: Known, history: pa.Table) -> dict[str, pa.Table]:
    """How soon were users of each stage back, seen from the newest look that was watched long enough?

    `return_curves`: `as_of, group (stage), n_users, day, p_returned, low, high`, by Kaplan-Meier. Watched for the last
    horizon of the return curve if the log is long enough, else for the horizon of the domain; no table if for neither.
    """
    looks = sorted(set(history["as_of"].to_pylist()))
    for days in (max(RETURN_DAYS), known.domain.horizon_days):
        if watched := [look for look in looks if look + timedelta(days=days) <= end_of_watching(known)]:
            break
    else:
        return {}
    look = watched[-1]
    then = history.filter(pc.equal(history["as_of"], pa.scalar(look, history["as_of"].type)))
    waits = known.run(spells(EVENTS_TABLE, look, end_of_watching(known), grain_days=grain_days(known)))
    joined = then.select(["user_id", "stage"]).join(waits.drop_columns(["as_of"]), "user_id", join_type="inner")
    if not joined.num_rows:
        return {}
    curves = return_curves(joined["stage"].to_pylist(), joined["days"].to_numpy(), joined["returned"].to_numpy())
    return {"return_curves": curves.add_column(0, "as_of", pa.array([look] * curves.num_rows, then["as_of"].type))}


def end_of_watching(known: Known) -> datetime:
    """Up to when would a return have been seen? To the moment itself, unless the log ends more than a day before it."""
    return known.as_of if known.as_of - known.until <= timedelta(days=1) else known.until


def grain_days(known: Known) -> float:
    """How finely the log tells time: 1 where most of what was known are dates, so that hours say nothing."""
    events = before(EVENTS_TABLE, known.as_of)
    share = events.aggregate(share=(events.timestamp == events.timestamp.truncate("D")).cast("float64").mean())
    return 1.0 if known.run(share)["share"][0].as_py() >= 0.5 else 0.0
