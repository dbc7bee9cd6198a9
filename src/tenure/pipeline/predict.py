"""Predict: train and prove models for every task, then forecast every user at the moment of the run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa

from tenure.errors import EvidenceError
from tenure.pipeline.gather import evenly, inputs_at
from tenure.pipeline.known import Known, Results
from tenure.pipeline.models import check_time, forecasters_of, needs_events, registry_of, returning_of
from tenure.pipeline.returning import CHANCES, Returning, day_forecasts
from tenure.pipeline.train import Training, reads_events, tasks_of, train_all, trained_as
from tenure.prediction.agreement import agreed
from tenure.prediction.examples import Inputs
from tenure.prediction.explaining.attribution import forecast_contributions
from tenure.prediction.explaining.catalogue import catalogue
from tenure.prediction.explaining.importance import moves
from tenure.prediction.explaining.reasons import reasons
from tenure.prediction.returning import ReturnForecaster
from tenure.prediction.tasks import Task, parse_task
from tenure.prediction.training import Forecast, Forecaster
from tenure.storage.model_registry import ModelVersion

MOST_EXPLAINED = 5_000
"""Users whose reasons are told in the results; those of any other user are found when asked for."""
N_REFERENCE = 200
"""Users that stand for users in general when a forecast is explained."""


@dataclass(frozen=True, kw_only=True)
class Predicted(Results):
    """Forecasts of everybody, and what they come from."""

    training: Training
    returning: Returning | None = None
    """When everybody comes back; None where that could not be learnt."""
    speaking: str | None = None
    """Name of the promoted version whose models forecast; None = those that were just trained do."""


def predict(known: Known, folder: Path) -> Predicted:
    """Train anew on what is known at the moment of the run, and forecast what comes after it.

    Where fresh models are not to speak at once ([predict] promote = false), those that were promoted do, unless they
    would know the future. The evidence is that of the fresh ones all the same.

    Raises:
        SourceError: the promoted models are to speak, but are damaged or missing.
    """
    tasks = tasks_of(known)
    promoted = _promoted(known, folder)
    training = train_all(known, tasks)
    if not training.forecasters:
        return Predicted(training=training)
    with known.stage("predict", 3) as step:
        speakers, returner = _speakers(known, training, promoted)
        with_events = reads_events(known.settings) or (promoted is not None and needs_events(promoted))
        now = inputs_at(known, [known.as_of], with_events=with_events)
        step()
        tables = {"forecasts": forecasts(speakers, tasks, now, returner)}
        main, amount = (f"{kind}:{known.domain.horizon_days}d" for kind in ("commit", "value"))
        if {main, amount} <= speakers.keys():
            tables["predictions"] = predictions(known, speakers, now)
        returning = None
        if returner is not None:
            returning = Returning(forecaster=returner, now=now)
            tables["returns"] = returner.outlook(now)
        step()
        if main in speakers:
            tables |= explained(speakers[main], now)
    return Predicted(
        tables={**training.tables, **tables},
        training=training,
        returning=returning,
        speaking=None if promoted is None else promoted.name,
    )


def forecasts(
    speakers: Mapping[str, Forecaster], tasks: tuple[Task, ...], now: Inputs, returner: ReturnForecaster | None = None
) -> pa.Table:
    """What is forecast of everybody that a task asks of, task by task.

    `user_id, as_of, task, value, low_80, high_80, low_95, high_95, model`; see `training.Forecast` for the ranges. Of
    `return` the value is the day that is as likely too early as too late, and the ranges are days too, null where that
    is later than was ever watched; `p_return_7, p_return_30, p_return_90` stand in its rows alone.
    """
    parts = []
    for task in tasks:
        asked = now
        if task.population == "active":
            asked = now.rows(now.column("recency_days") <= task.active_days)
        if task.kind == "return":
            parts += [day_forecasts(returner, asked, task)] if returner is not None else []
            continue
        forecaster = speakers.get(trained_as(task).name)
        if forecaster is None:
            continue
        said = _said(speakers, task, asked)
        parts.append(
            pa.table(
                {
                    "user_id": asked.users,
                    "as_of": asked.as_of,
                    "task": [task.name] * len(asked),
                    "value": said.value,
                    "low_80": said.low_80,
                    "high_80": said.high_80,
                    "low_95": said.low_95,
                    "high_95": said.high_95,
                    "model": [forecaster.name] * len(asked),
                    **{name: pa.nulls(len(asked), pa.float64()) for name in CHANCES},
                }
            )
        )
    return pa.concat_tables(parts)


def predictions(known: Known, speakers: Mapping[str, Forecaster], now: Inputs) -> pa.Table:
    """The two forecasts that the plan is made from, one row per user."""
    days = known.domain.horizon_days
    commit, value = (_said(speakers, parse_task(f"{kind}:{days}d"), now) for kind in ("commit", "value"))
    return pa.table(
        {
            "user_id": now.users,
            "as_of": now.as_of,
            "p_commit": commit.value,
            "p_commit_low": commit.low_80,
            "p_commit_high": commit.high_80,
            "p_churn": 1 - commit.value,
            "expected_value": value.value,
            "value_low": value.low_80,
            "value_high": value.high_80,
        }
    )


def _said(speakers: Mapping[str, Forecaster], task: Task, asked: Inputs) -> Forecast:
    """The forecast of a task; that of an amount agrees with the chance that is told beside it."""
    said = speakers[trained_as(task).name].of(task).forecast(asked)
    chance = speakers.get(replace(task, kind="commit").name) if task.is_amount else None
    return said if chance is None else agreed(said, chance.predict(asked))


def explained(forecaster: Forecaster, now: Inputs) -> dict[str, pa.Table]:
    """Why: each user's reasons by theme, and what matters in general. Of many users, those of an even sample."""
    chosen = now.rows(evenly(len(now), MOST_EXPLAINED))
    reference = now.rows(evenly(len(now), N_REFERENCE))
    found, known = forecast_contributions(forecaster, chosen, reference), catalogue()
    return {"reasons": reasons(found, chosen, reference, known), "importance": moves([(chosen, found)], known)}


def _promoted(known: Known, folder: Path) -> ModelVersion | None:
    """The version that speaks in place of fresh models; None where the fresh ones do."""
    registry = registry_of(folder)
    if known.settings.predict.promote or registry.in_use() is None:
        return None
    current = registry.current()
    try:
        check_time(current, known.as_of)
    except EvidenceError as error:
        known.left_out.append(f"{error}. The fresh models speak in their place.")
        return None
    return current


def _speakers(
    known: Known, training: Training, promoted: ModelVersion | None
) -> tuple[Mapping[str, Forecaster], ReturnForecaster | None]:
    """Who forecasts each task; of a task that the promoted version does not know, the fresh models."""
    if promoted is None:
        return training.forecasters, training.returning
    spoken = forecasters_of(promoted, known.settings)
    fresh = ", ".join(sorted(training.forecasters.keys() - spoken.keys()))
    but = f" (of {fresh}, which they were not trained for, those of the fresh ones)" if fresh else ""
    known.left_out.append(
        f"Forecasts are those of the promoted models {promoted.name}{but}, while the evidence shown is that of freshly "
        "trained ones, which stay silent until `tenure models promote`."
    )
    return {**training.forecasters, **spoken}, returning_of(promoted) or training.returning
