"""Train: for every task the best model, its evidence, and a version of all of them in the registry."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pyarrow as pa

from tenure.errors import ConfigError, EvidenceError, nearest
from tenure.events.log import EVENTS_TABLE
from tenure.pipeline.card import Stages, looked_into, pages
from tenure.pipeline.gather import grid, inputs_at, learners_of
from tenure.pipeline.known import Known
from tenure.pipeline.returning import train_returns
from tenure.prediction.amounts.catalogue import AMOUNTS, AMOUNTS_OF_EVENTS, BLEND
from tenure.prediction.evidence import EvidenceConfig, evidence
from tenure.prediction.examples import Examples, Inputs, examples
from tenure.prediction.labels import labels
from tenure.prediction.learner import Learner
from tenure.prediction.learners.catalogue import LEARNERS, OF_EVENTS
from tenure.prediction.reference import reference
from tenure.prediction.returning import ReturnForecaster
from tenure.prediction.schedule import schedule
from tenure.prediction.season import Daily, daily_commitments
from tenure.prediction.tasks import Task, parse_tasks
from tenure.prediction.training import Forecaster, Trained, train
from tenure.settings import Settings

STEPS_PER_HORIZON = 2

_OF_EVENTS = {learner.name for learner in (*OF_EVENTS, *AMOUNTS_OF_EVENTS)}

MOST_THREADS = 4
"""Profiles are narrow tables: more threads than this wait for each other."""


@dataclass(frozen=True, kw_only=True)
class Training:
    """What was trained at one moment."""

    forecasters: Mapping[str, Forecaster]
    """Task name -> forecaster; a churn task is the other side of its commit task."""
    tables: Mapping[str, pa.Table]
    """The evidence, all tasks together; see docs/results.md."""
    returning: ReturnForecaster | None = None
    """Answers the task `return`; None where the log could not teach it."""
    pages: Mapping[str, str] = field(default_factory=dict)
    """The model card, by file name."""


def tasks_of(known: Known, asked: Sequence[str] = ()) -> tuple[Task, ...]:
    """The tasks of a run: commit and value within the domain's horizon, return, and what settings or command ask."""
    days = known.domain.horizon_days
    return parse_tasks([f"commit:{days}d", f"value:{days}d", "return", *known.settings.predict.tasks, *asked])


def trained_as(task: Task) -> Task:
    """The task that answers this one: who will not commit is told by who will, when some return by when all do."""
    if task.kind == "return":
        return replace(task, population="seen")
    return replace(task, kind="commit") if task.kind == "churn" else task


def competitors(task: Task, settings: Settings) -> list[Learner]:
    """Every model that can learn a task, with as many threads as [run] threads allows."""
    n_threads = settings.run.threads or min(os.cpu_count() or 1, MOST_THREADS)
    known: Sequence[Learner] = (*AMOUNTS, BLEND, *AMOUNTS_OF_EVENTS) if task.is_amount else (*LEARNERS, *OF_EVENTS)
    return [_with_threads(learner, n_threads) for learner in known]


def _with_threads(learner: Any, n_threads: int) -> Learner:
    if hasattr(learner, "learner"):  # one that is given what a heart says
        learner = replace(learner, learner=_with_threads(learner.learner, n_threads))
    if hasattr(learner, "along"):
        learner = replace(learner, along=replace(learner.along, n_threads=min(n_threads, learner.along.n_threads)))
    if hasattr(learner, "learners"):  # a blend
        learner = replace(learner, learners=tuple(_with_threads(one, n_threads) for one in learner.learners))
    chosen: Learner = replace(learner, n_threads=n_threads) if hasattr(learner, "n_threads") else learner
    return chosen


def learners_for(task: Task, settings: Settings) -> list[Learner]:
    """The models that compete for a task: those of [predict] models, or all where none is named.

    Raises:
        ConfigError: a name is that of no model, with the nearest one.
    """
    usual = {learner.name for learner in (*AMOUNTS, *LEARNERS)}
    names, every = settings.predict.models or usual, usual | {BLEND.name} | _OF_EVENTS
    for name in names:
        if name not in every:
            raise ConfigError(f"[predict] models: there is no model '{name}'; {nearest(name, every)}")
    known = competitors(task, settings)
    chosen = [learner for learner in known if learner.name in names]
    return chosen or [learner for learner in known if learner.name in usual]


def reads_events(settings: Settings) -> bool:
    """Does any of the chosen models read events one by one?"""
    return bool(_OF_EVENTS & set(settings.predict.models))


def train_all(known: Known, tasks: Sequence[Task]) -> Training:
    """Train, choose and prove a model for every task. What the log is too short for is left out, and said.

    Models see activity alone, at moments that the log was complete for; see `gather`.
    """
    settings = known.settings.predict
    step_days = settings.step_days or max(1, round(known.domain.horizon_days / STEPS_PER_HORIZON))
    longest = max((task.horizon_days for task in tasks if task.kind != "return"), default=0)
    cutoffs = grid(known, step_days, settings.max_rows, longest)
    plans = {}
    asked = list(dict.fromkeys(map(trained_as, tasks))) if cutoffs else []
    for task in asked:
        is_return = task.kind == "return"  # tested within the domain's horizon: its own is only where the curve ends
        try:
            plans[task] = schedule(cutoffs, known.until, known.domain.horizon_days if is_return else task.horizon_days)
        except EvidenceError as error:
            known.left_out.append(f"No forecast of {task.name}: {error}.")
    return_plan = next((plans.pop(task) for task in list(plans) if task.kind == "return"), None)
    if not plans:
        return Training(forecasters={}, tables={})
    competing = {task: learners_for(task, known.settings) for task in plans}
    n_fits = sum(len(competing[task]) * len(plan.honest) + 1 for task, plan in plans.items())
    done: dict[Task, Trained] = {}
    stages: Stages = {}
    returning = None
    tables: list[Mapping[str, pa.Table]] = []
    with known.stage("train", n_fits + 2) as step:
        events = learners_of(known, cutoffs, settings.max_rows)
        inputs = inputs_at(known, cutoffs, events, with_events=reads_events(known.settings))
        step()
        for task, plan in plans.items():
            of = task.of
            counted = known.run(daily_commitments(EVENTS_TABLE, known.until, of=of))
            outcomes = known.run(labels(events, cutoffs, task.horizon_days, until=known.until, of=of))
            learnt = _examples(inputs, outcomes, task)
            daily = Daily.from_table(counted, "value" if task.is_amount else "n_users", until=known.until)
            try:
                trained = train(learnt, task, competing[task], plan, daily=daily, done=step)
            except EvidenceError as error:
                known.left_out.append(f"No forecast of {task.name}: {error}.")
                continue
            known.left_out.extend(
                f"{task.name}: the model {name} could not learn: {why}." for name, why in trained.proof.unable.items()
            )
            done[task] = trained
            tables.append(evidence(trained, EvidenceConfig(seed=known.seed)).tables())
            tables.append(looked_into(known, trained, stages))
        if return_plan is not None:
            try:
                returning, proof = train_returns(known, cutoffs, return_plan.test, inputs, events)
                tables.append(proof)
            except EvidenceError as error:
                known.left_out.append(f"No forecast of return: {error}.")
        step()
    if not done:
        return Training(forecasters={}, tables={})
    names = dict.fromkeys(name for of_task in tables for name in of_task)
    together = {name: pa.concat_tables([t[name] for t in tables if name in t]) for name in names}
    return Training(
        forecasters={task.name: trained.forecaster for task, trained in done.items()},
        tables={**together, "reference": reference(next(iter(done.values())))},
        pages=pages(known, list(done.values()), [plans[task] for task in done], len(inputs), together),
        returning=returning,
    )


def _examples(inputs: Inputs, outcomes: pa.Table, task: Task) -> Examples:
    found = examples(inputs, outcomes, "value" if task.is_amount else "committed", task.horizon_days)
    if task.population == "active":
        found = found.rows(found.inputs.column("recency_days") <= task.active_days)
    return found
