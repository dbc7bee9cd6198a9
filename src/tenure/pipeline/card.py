"""Card: what a trained version is told about, gathered: for whom it is good, what it rests on, where it ends."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version

import numpy as np
import pyarrow as pa

from tenure.events.log import USERS_TABLE
from tenure.pipeline.gather import evenly
from tenure.pipeline.known import Known
from tenure.pipeline.place import stages_then
from tenure.prediction.champion import deviances, log_losses
from tenure.prediction.explaining.attribution import contributions
from tenure.prediction.explaining.catalogue import catalogue
from tenure.prediction.explaining.contributions import Unit
from tenure.prediction.explaining.dependence import dependence
from tenure.prediction.explaining.importance import IMPORTANCE, worth
from tenure.prediction.groups import attribute_groups, by_group
from tenure.prediction.level import UNCHANGED
from tenure.prediction.rolling import Rolled
from tenure.prediction.schedule import Schedule
from tenure.prediction.training import Trained
from tenure.report.card import Card, card_html, card_markdown
from tenure.wording import counted, listed

N_ASKED = 1_000
"""Users whose inputs are exchanged and moved to see what a model rests on."""
N_CURVES = 6
"""Inputs whose curve is drawn."""
YEAR_DAYS = 365


Stages = dict[datetime, dict[str, str]]
"""Cut-off -> user -> stage then."""


def looked_into(known: Known, trained: Trained, stages: Stages) -> dict[str, pa.Table]:
    """For which groups of users is the champion good, what is each theme worth, how do its strongest inputs act?

    `stages` remembers the stages of cut-offs that several tasks share.
    """
    task = trained.forecaster.task
    forecaster, later = trained.rehearsal
    model = forecaster.model
    some = later.rows(evenly(len(later), N_ASKED))
    loss = deviances if task.is_amount else log_losses
    worths = IMPORTANCE.empty_table()
    if len(some) > 1:
        worths = worth([(model.predict, some)], catalogue(), loss, seed=known.seed, n_draws=2)
    unit: Unit = "amount" if task.is_amount else "log-odds"
    few = some.inputs.rows(evenly(len(some), N_ASKED // 10))
    moved = contributions(model, few, few, unit=unit)
    strongest = np.argsort(-np.abs(moved.values).mean(axis=0), kind="stable")
    names = [moved.names[i] for i in strongest if moved.names[i] in some.inputs.names][:N_CURVES]
    curves = dependence(model.predict, some.inputs, names)
    groups = by_group(trained.proof, trained.choice.champion, task.name, _groups(known, trained.proof, stages))
    return {"groups": groups, "theme_worth": _of(task.name, worths), "dependence": _of(task.name, curves)}


def pages(
    known: Known, trained: Sequence[Trained], plans: Sequence[Schedule], n_rows: int, tables: Mapping[str, pa.Table]
) -> dict[str, str]:
    """The model card of what was trained, as Markdown and as a page."""
    span_days = (known.until - known.first).days
    facts = {
        "log": f"fingerprint {known.log.fingerprint}; {known.first:%Y-%m-%d} to {known.until:%Y-%m-%d}",
        "users": f"{known.n_users:,}",
        "rows learnt from": f"{n_rows:,} (users x cut-offs)",
        **{
            f"cut-offs of {one.forecaster.task.name}": (
                f"{len(plan.learnt)} learnt, {len(plan.validation)} to choose, "
                f"tested at {listed([f'{t:%Y-%m-%d}' for t in plan.test])}"
            )
            for one, plan in zip(trained, plans, strict=True)
        },
        "models": listed([f"{one.forecaster.name} for {one.forecaster.task.name}" for one in trained]),
        "seed": str(known.seed),
        "tenure": version("tenure"),
        "made again by": "tenure evaluate with the same log, settings (manifest.json) and seed",
    }
    card = Card(
        created=datetime.now(UTC).isoformat(timespec="minutes"),
        as_of=f"{known.as_of:%Y-%m-%d %H:%M}",
        domain=known.domain,
        facts=facts,
        tables=tables,
        corrections={one.forecaster.task.name: _corrected(known, one) for one in trained},
        limits=_limits(trained, plans, span_days),
    )
    return {"card.md": card_markdown(card), "card.html": card_html(card)}


def _corrected(known: Known, trained: Trained) -> str:
    level = trained.forecaster.correction.level
    said = "" if level is None else level.sentence(known.as_of, what=known.domain.commitment_noun + "s")
    return "" if said == UNCHANGED else said


def _limits(trained: Sequence[Trained], plans: Sequence[Schedule], span_days: int) -> list[str]:
    said = [
        (
            "Everything was learnt from this log alone; users and times that differ from it are forecast less well. "
            "`tenure models drift` tells when that has come."
        ),
        "Promotions, feasts and other events of a day are not foreseen.",
    ]
    if span_days < 2 * YEAR_DAYS:
        said.append(f"The log spans {counted(span_days, 'day')}: too little to know a yearly season from a trend.")
    for one, plan in zip(trained, plans, strict=True):
        name = one.forecaster.task.name
        if not plan.validation:
            said.append(f"{name}: no cut-off was left to choose the model on, so the simplest speaks.")
        if len(plan.test) < 2:
            said.append(f"{name}: tested at one cut-off only; how much it varies with time is not known.")
        if one.choice.champion == "constant":
            said.append(f"{name}: no model was better than the base rate, which everybody is told.")
    return said


def _groups(known: Known, proof: Rolled, stages: Stages) -> dict[str, list[str | None]]:
    """Stage and attributes of each row of the proof."""
    inputs = proof.examples.inputs
    users = inputs.users.to_pylist()
    for moment in proof.cutoffs:
        if moment not in stages:
            then = stages_then(known, moment)
            stages[moment] = dict(zip(then["user_id"].to_pylist(), then["stage"].to_pylist(), strict=True))
    moments = [t.item() for t in inputs.as_of]
    told = known.run(USERS_TABLE.select("user_id", "attributes")).to_pylist()
    attributes = {row["user_id"]: json.loads(row["attributes"] or "{}") for row in told}
    return {
        "stage": [stages[moment].get(user) for user, moment in zip(users, moments, strict=True)],
        **attribute_groups([attributes.get(user, {}) for user in users]),
    }


def _of(task: str, table: pa.Table) -> pa.Table:
    return table.add_column(0, "task", pa.array([task] * table.num_rows, pa.string()))
