"""Who will come back, which model says so, and can it be believed?"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from tenure.charts import forecasts, prediction
from tenure.explain.forecasts import TaskWords, words_of
from tenure.prediction.evidence import BY_CHANCE
from tenure.prediction.explaining.catalogue import THEMES, catalogue
from tenure.prediction.tasks import parse_task
from tenure.report.blocks import Block, Grid, Noted, Section, chart, level, number_columns
from tenure.report.curves import curve_charts
from tenure.report.results import Results
from tenure.report.sections.evidence import gain_grid, in_order
from tenure.report.sections.leaderboard import Contest, contests_of, in_short, leaderboard, over_time, verdict
from tenure.wording import counted, is_known, percent

N_SIMPLE = 2
"""Simple models drawn beside the one in use; of more, lines could not be told apart."""
N_CURVES = 4
"""Inputs along which the forecast is drawn; the model card's data have some more."""


def forecast(results: Results) -> Section:
    """Who will commit, which model won, by how much, and is it to be believed?"""
    task, verb = results.main_task, results.domain.commitment_verb
    days = counted(task.horizon_days, "day")
    title, short = f"Who will {verb} within {days}?", "Prediction"
    contests = contests_of(results)
    if not contests:
        lead = "The log is too short to test a prediction on later time, so none is shown."
        return Section(id="prediction", title=title, short=short, lead=lead)
    main, value = contests.pop(task.name, None), contests.pop(f"value:{task.horizon_days}d", None)
    blocks: list[Block] = []
    lead = f"A {results.user} who does not {verb} within {days} counts as a leaver here."
    if main is not None:
        lead = f"{verdict(main)} {_reliability(main)} {lead}"
        blocks += [*_pictures(results, main), leaderboard(main, _caption(results, main))]
        blocks += [*_what_matters(results), *_curves(results, main), *_more(results, main)]
    if value is not None:
        blocks.append(leaderboard(value, _caption(results, value)))
        blocks += _ranges(results, value)
    if contests:
        said = {name: _event(results, name) for name in contests}
        blocks.append(in_short(list(contests.values()), said))
    return Section(id="prediction", title=title, short=short, lead=lead, blocks=blocks)


def _event(results: Results, task: str) -> str:
    """What is forecast, as a clause."""
    return TaskWords.of(parse_task(task), results.domain).event


def _caption(results: Results, contest: Contest) -> str:
    return f"Which model knows best {'' if contest.is_amount else 'whether '}{_event(results, contest.task)}?"


def _reliability(contest: Contest) -> str:
    """Whether its order and its chances may be taken at their word."""
    auc, ece, chance = (contest.by_model(metric).get(contest.champion) for metric in ("auc", "ece", BY_CHANCE))
    said = []
    if auc is not None and is_known(auc["value"]):
        said.append(f"ranks {percent(auc['value'])} of pairs of a leaver and a stayer right")
    if ece is not None and is_known(ece["value"]):
        luck = f" (if exactly true, luck alone would show up to {100 * chance['high']:.1f})" if chance else ""
        said.append(f"its chances are {counted(round(100 * ece['value'], 1), 'percentage point')} off on average{luck}")
    return f"It {'; '.join(said)}." if said else ""


def _pictures(results: Results, main: Contest) -> list[Block]:
    blocks: list[Block] = []
    verb = results.domain.commitment_verb
    if (bins := _of(results.table("reliability"), main.task, [main.champion])) is not None:
        note = f"Each point: {results.users} with about the same chance, and how many of them did {verb}."
        blocks.append(chart(prediction.reliability(bins, what=f"did {verb}"), note=note))
    # A model of one chance for everybody would be drawn on the line of chance.
    simple = [row["model"] for row in main.trials[1 : 1 + N_SIMPLE]]
    if (lift := _of(results.table("lift"), main.task, in_order([*simple, main.champion]))) is not None:
        note = "The steeper the line rises, the fewer must be contacted."
        blocks.append(chart(prediction.gains(lift, main=main.champion), note=note))
    return blocks


def _of(table: pa.Table | None, task: str, models: list[str]) -> pa.Table | None:
    found = _of_task(table, task)
    return found if found is None else found.filter(pc.is_in(found["model"], pa.array(models, pa.string())))


def _of_task(table: pa.Table | None, task: str) -> pa.Table | None:
    found = None if table is None else table.filter(pc.equal(table["task"], task))
    return found if found is not None and found.num_rows else None


def _what_matters(results: Results) -> list[Block]:
    if (importance := results.table("importance")) is None:
        return []
    note = f"How far each theme moves the forecast of a {results.user} on average; 95% intervals over {results.users}."
    figure = forecasts.importance(importance, THEMES, what="change of the forecast (log-odds)")
    return [chart(figure, note=note, is_wide=True)]


def _ranges(results: Results, value: Contest) -> list[Block]:
    """Do amounts lie in their ranges as often as is said?"""
    if (found := _of_task(results.table("ranges"), value.task)) is None:
        return []
    return [
        Grid(
            caption="Do the amounts lie in their ranges?",
            columns=[*number_columns("should", "did", results.users), *number_columns("mean width")],
            rows=[
                [
                    percent(row["level"]),
                    Noted(percent(row["coverage"], 1), f"{percent(row['low'], 1)} to {percent(row['high'], 1)}"),
                    f"{row['n_users']:,}",
                    results.money(row["mean_width"]),
                ]
                for row in found.to_pylist()
            ],
            note="At the newest test cut-off, by the model in use as it was before. In small: 95% interval.",
            is_folded=True,
        )
    ]


def _curves(results: Results, main: Contest) -> list[Block]:
    """How the forecast goes along the inputs that move it most."""
    if (found := _of_task(results.table("dependence"), main.task)) is None:
        return []
    task = TaskWords.of(parse_task(main.task), results.domain)
    return [*level(*curve_charts(found, words_of(catalogue(), results.domain), task, most=N_CURVES))]


def _more(results: Results, main: Contest) -> list[Block]:
    """For those who want to know exactly, folded away."""
    blocks: list[Block] = [
        leaderboard(main, "The same", population=population, is_folded=True) for population in main.populations[1:]
    ]
    if (by_cutoff := over_time(main)) is not None:
        blocks.append(by_cutoff)
    if main.gains:
        caption = f"All differences of the model in use to the others, on the same {results.users}"
        blocks.append(gain_grid(main.gains, where="population", caption=caption))
    return blocks
