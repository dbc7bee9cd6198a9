"""Value: what every user will be worth, by the repeat model that foresaw this log best, and how sure that is."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tenure.errors import EvidenceError
from tenure.events.log import EVENTS_TABLE, before
from tenure.lifecycle.repeats.bgnbd import BGNBD
from tenure.lifecycle.repeats.champion import Champion, InnerHoldout, choose, inner_share
from tenure.lifecycle.repeats.cohort_value import cohort_values, value_curves
from tenure.lifecycle.repeats.history import History, Vector
from tenure.lifecycle.repeats.holdout import holdout_table, tracking_curve
from tenure.lifecycle.repeats.relation import each_counts_one, following_occasions, repeat_history
from tenure.lifecycle.repeats.spend import GammaGamma, independence
from tenure.lifecycle.repeats.value import ValueConfig
from tenure.lifecycle.repeats.value_forecast import forecast_value
from tenure.pipeline.ask import known_log
from tenure.pipeline.known import Known, Progress, Results, silent
from tenure.pipeline.place import cohort_period
from tenure.settings import Settings
from tenure.storage.versions import Versions
from tenure.wording import counted, percent, plural

UNIT_DAYS = 7.0
"""Repeat models count in weeks, as their papers do."""
LEAST_REPEATERS = 2
"""Users with a repeat, below which nothing can be said of repeats."""
LEAST_HOLDOUT_DAYS = 28
"""A shorter holdout would judge a model by a handful of days."""
MOST_TRACKED = 52
"""Steps of a tracking curve."""
MOST_CELLS, LEAST_DRAWS, MOST_DRAWS = 40_000_000, 100, 400
"""Of so many users that all draws of each would be more cells than this, fewer futures are drawn, but not below the
least: a million users take less than a minute."""
EACH_COUNTS_ONE = GammaGamma(p=1e12, q=1e12 + 1, gamma=1.0)
"""Spend where values are not money: every commitment is worth 1, to six digits."""

Unit = Literal["money", "commitments"]
Groups = Mapping[str, pa.Table]
"""Way to group -> `user_id, group`."""


@dataclass(frozen=True, kw_only=True)
class Valued(Results):
    """The value to come; tables as in docs/results.md.

    `lifetime_values, lifetime_totals, cohort_values, value_models`, and where the log is long enough for a holdout
    `value_holdout, value_tracking`.
    """

    unit: Unit
    """What values are: money, or a number of commitments where the domain names no currency."""
    notes: tuple[str, ...]
    """What the numbers rest on, in sentences."""


@dataclass(frozen=True, eq=False)
class _Holdout:
    """What was known at an earlier moment, and what came until now."""

    inner: InnerHoldout
    times: Vector
    """When each commitment came, in weeks after the earlier moment [N]."""


def value(known: Known, groups: Groups) -> Results:
    """The value to come, as a stage of a run: where the log cannot carry it, that is said and the run goes on."""
    try:
        valued = lifetime(known, groups)
    except EvidenceError as error:
        known.left_out.append(f"No lifetime value: {error}.")
        return Results()
    known.facts.update(value_notes=" ".join(valued.notes))
    return valued


def lifetime_value(
    folder: Path, settings: Settings, as_of: datetime | None = None, *, progress: Progress = silent
) -> Valued:
    """The value to come at any moment, without a whole run.

    Stages and segments are those of the newest run, where it stands at this moment of this log; with no moment named,
    its moment is taken.

    Raises:
        EvidenceError: too few users repeat, or the log ended long before the moment.
    """
    with known_log(folder, settings, as_of or _moment_of_run(folder), progress) as known:
        known.check_watched()
        return lifetime(known, _groups_of_run(folder, known))


def lifetime(known: Known, groups: Groups) -> Valued:
    """What will each user who has committed before be worth within [value] days?

    Raises:
        EvidenceError: fewer than two users committed on a second day, or their amounts settle no mean.
    """
    days, annual_discount = known.settings.value.days, known.settings.value.discount
    with known.stage("value", 4) as step:
        inner_at = _inner_moment(known, days)
        table = known.run(repeat_history(EVENTS_TABLE, [inner_at, known.as_of])).sort_by("user_id")
        users, history = _history(table, known.as_of)
        if (history.x > 0).sum() < LEAST_REPEATERS:
            raise EvidenceError(
                f"expected at least {LEAST_REPEATERS} users with a {known.domain.commitment_noun} on a "
                f"second day, got {int((history.x > 0).sum())} of {len(history)}; wait for more of the log"
            )
        holdout = _holdout(known, table, inner_at)
        champion = _champion(holdout, history)
        step()
        # Sums of money differ in the last bit with the order of rows, and a fit would make more of it.
        mean_value = users["mean_value"].to_numpy(zero_copy_only=False).round(6)
        amounts = users["n_valued"].to_numpy().astype(np.float64), mean_value
        spend = _spend(known, amounts)
        unit: Unit = "commitments" if spend is EACH_COUNTS_ONE else "money"
        if unit == "commitments":
            amounts = np.zeros(len(history)), np.full(len(history), math.nan)
        n_draws = int(np.clip(MOST_CELLS // max(len(history), 1), LEAST_DRAWS, MOST_DRAWS))
        config = ValueConfig(annual_discount=annual_discount, unit_days=UNIT_DAYS, n_draws=n_draws)
        forecast = forecast_value(
            champion.model,
            spend,
            history,
            amounts,
            seed=known.seed,
            end=days / UNIT_DAYS,
            groups={by: _of(table, users["user_id"]) for by, table in groups.items()},
            config=config,
        )
        step()
        asked = {"days": days, "annual_discount": annual_discount, "unit": unit}
        tables = {
            "lifetime_values": _beside(
                users.select(["user_id", "as_of"]),
                {
                    "p_alive": champion.model.p_alive(history),
                    **{n: forecast.users[n] for n in forecast.users.schema.names},
                },
            ),
            "lifetime_totals": _beside(
                forecast.totals, {name: [said] * forecast.totals.num_rows for name, said in asked.items()}
            ),
            "cohort_values": _cohorts(known, champion, spend),
            "value_models": champion.candidates,
        }
        step()
        if holdout is not None:
            tables |= _proof(champion, holdout)
    models = {f"repeats_{type(champion.model).__name__.lower()}": champion.model.to_arrays()}
    if unit == "money":
        models["spend_gammagamma"] = spend.to_arrays()
    notes = [
        _chosen(champion, holdout, known.domain.commitment_noun),
        _worth(known, amounts, unit),
        _reach(known, days),
    ]
    if n_draws < MOST_DRAWS:
        notes.append(f"Ranges come from {n_draws} drawn futures instead of {MOST_DRAWS}, as users are many.")
    if not groups:
        notes.append("Not by stage or segment: no run stands at this moment of this log; `tenure run` makes one.")
    return Valued(tables=tables, models=models, unit=unit, notes=tuple(note for note in notes if note))


def groups_of(tables: Mapping[str, pa.Table]) -> Groups:
    """Stages and segments of a run as groups to sum over, as far as it has them."""
    groups = {}
    if "stages" in tables:
        groups["stage"] = tables["stages"].select(["user_id", "stage"]).rename_columns(["user_id", "group"])
    if {"user_segments", "segments"} <= tables.keys():
        of_user, segments = tables["user_segments"], tables["segments"]
        place = pc.index_in(of_user["segment"], value_set=segments["segment"].combine_chunks())
        groups["segment"] = pa.table({"user_id": of_user["user_id"], "group": segments["name"].take(place)})
    return groups


def _moment_of_run(folder: Path) -> datetime | None:
    """The moment of the last run: the stages and segments of its users are known."""
    run = Versions(folder / "runs").current()
    if run is None:
        return None
    return datetime.fromisoformat(json.loads((run / "manifest.json").read_text(encoding="utf-8"))["as_of"])


def _groups_of_run(folder: Path, known: Known) -> Groups:
    run = Versions(folder / "runs").current()
    if run is not None:
        manifest = json.loads((run / "manifest.json").read_text(encoding="utf-8"))
        if (manifest["as_of"], manifest["fingerprint"]) == (known.as_of.isoformat(), known.log.fingerprint):
            names = ("stages", "user_segments", "segments")
            return groups_of({name: pq.read_table(run / f"{name}.parquet") for name in names})
    return {}


def _inner_moment(known: Known, days: int) -> datetime:
    """A midnight inside the past, from which as long a future was seen as is asked for, or half of the past."""
    past = known.as_of - known.first
    share = max(inner_share(past.total_seconds(), max(days, LEAST_HOLDOUT_DAYS) * 86_400.0), 0.5)
    return max(datetime.combine((known.first + share * past).date(), time()), known.first)


def _history(table: pa.Table, moment: datetime) -> tuple[pa.Table, History]:
    rows = table.filter(pc.equal(table["as_of"], pa.scalar(moment, table.schema.field("as_of").type)))
    x, t_x, t = (rows[name].to_numpy().astype(np.float64) for name in ("x", "t_x_days", "T_days"))
    return rows, History(x=x, t_x=t_x / UNIT_DAYS, T=t / UNIT_DAYS)


def _holdout(known: Known, table: pa.Table, moment: datetime) -> _Holdout | None:
    """None where the log is too short, or too few had come back by then."""
    n_days = math.ceil((known.as_of - moment).total_seconds() / 86_400)
    users, history = _history(table, moment)
    if n_days < LEAST_HOLDOUT_DAYS or (history.x > 0).sum() < LEAST_REPEATERS:
        return None
    seen = before(EVENTS_TABLE, known.as_of).drop("as_of", "age_days")
    came = known.run(following_occasions(seen, moment, n_days))
    place = pc.index_in(came["user_id"], value_set=users["user_id"].combine_chunks()).to_numpy()
    actual = np.bincount(place, minlength=len(history)).astype(np.float64)
    return _Holdout(InnerHoldout(history, actual, n_days / UNIT_DAYS), came["day"].to_numpy() / UNIT_DAYS)


def _champion(holdout: _Holdout | None, history: History) -> Champion:
    """The model that foresaw the holdout best; the simplest one where there is none."""
    if holdout is not None:
        return choose(holdout.inner, history)
    return Champion(BGNBD.fit(history), pa.table({"model": ["BGNBD"], "is_champion": [True]}))


def _proof(champion: Champion, holdout: _Holdout) -> dict[str, pa.Table]:
    """The chosen kind of model, fitted on what was known then, beside what came."""
    inner = holdout.inner
    then = type(champion.model).fit(inner.history)
    step = max(math.ceil(inner.t / MOST_TRACKED), 1)
    tracking = tracking_curve(then, inner.history, holdout.times, inner.t, step=step)
    ends = pc.multiply(tracking["end"], UNIT_DAYS)
    return {
        "value_holdout": holdout_table(then, inner.history, inner.actual, inner.t),
        "value_tracking": tracking.set_column(tracking.column_names.index("end"), "end_days", ends),
    }


def _spend(known: Known, amounts: tuple[Vector, Vector]) -> GammaGamma:
    if not known.domain.currency or not (amounts[0] > 0).any():
        return EACH_COUNTS_ONE
    spend = GammaGamma.fit(*amounts)
    if math.isinf(spend.mean):
        raise EvidenceError(
            f"a few amounts are so large that the mean over users is infinite (q = {spend.q:g}, "
            "expected above 1); cap them with [domain] max_value"
        )
    return spend


def _cohorts(known: Known, champion: Champion, spend: GammaGamma) -> pa.Table:
    period = cohort_period(known.first, known.as_of, known.domain.period or "week")
    events = each_counts_one(EVENTS_TABLE) if spend is EACH_COUNTS_ONE else EVENTS_TABLE
    cells = known.run(cohort_values(events, known.as_of, period))
    curves = value_curves(cells, champion.model, spend, period, UNIT_DAYS)
    return _beside(curves, {"period": [period] * curves.num_rows})


def _reach(known: Known, days: int) -> str:
    """How far ahead is asked, beside how much is known; and what ranges hold."""
    past = max((known.as_of - known.first).days, 1)
    said = (
        "Ranges hold the luck of users and the doubt about the model, not that the time ahead may be unlike the past."
    )
    if days <= 2 * past:
        return said
    return (
        f"The log spans {counted(past, 'day')}, and {counted(days, 'day')} ahead are asked: take it as a guess. {said}"
    )


def _worth(known: Known, amounts: tuple[Vector, Vector], unit: Unit) -> str:
    """What a value is, or whether the amounts may be taken as the model takes them."""
    if unit == "commitments":
        return (
            f"Values count {plural(known.domain.commitment_noun)}: the domain names no currency, or the log no amounts "
            "([domain] currency makes values money)."
        )
    try:
        return independence(*amounts).sentence
    except EvidenceError:  # a few users, or all alike: nothing to be said of dependence
        return ""


def _chosen(champion: Champion, holdout: _Holdout | None, commitment: str) -> str:
    if holdout is None:
        return "Repeats by BGNBD, the simplest model: the log is too short to choose another on a holdout."
    (row,) = [row for row in champion.candidates.to_pylist() if row["is_champion"]]
    off = row["total_ratio"] - 1
    said = (
        f"it expected {percent(abs(off))} {'more' if off > 0 else 'fewer'} {plural(commitment)} than came"
        if math.isfinite(off)
        else f"nobody came back, and it expected {counted(row['total_expected'], 'repeat')}"
    )
    return (
        f"Repeats by {row['model']}, the best of {champion.candidates.num_rows} on the last "
        f"{counted(holdout.inner.t * UNIT_DAYS, 'day')}, held out: {said}."
    )


def _of(table: pa.Table, users: pa.ChunkedArray) -> list[str]:
    """The group of each user."""
    place = pc.index_in(users, value_set=table["user_id"].combine_chunks())
    groups: list[str] = table["group"].take(place).to_pylist()
    return groups


def _beside(table: pa.Table, columns: Mapping[str, object]) -> pa.Table:
    return pa.table({**{name: table[name] for name in table.column_names}, **columns})
