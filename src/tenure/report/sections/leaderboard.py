"""Who won a task, by how much, and whether that is beyond chance: the evidence of one task as sentences and grids."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from tenure.charts.theme import name
from tenure.report.blocks import Cell, Grid, number_columns, text_columns
from tenure.report.results import Results
from tenure.report.sections.evidence import excludes_zero, in_order, metric_words, with_interval
from tenure.wording import counted, fixed, is_known, listed, money, percent, spelled

Row = Mapping[str, Any]

LEADING = ("log_loss", "rmse")
"""What models are ordered by; the smaller the better, and smallest for the true chance or mean."""

SHOWN = {
    "log_loss": ("auc", "average_precision", "average_precision_churn", "ece"),
    "rmse": ("mae", "normalised_gini", "total_ratio"),
}
"""Leading metric -> those that stand beside it; all of them are among the differences."""

IN_USE = "★"

HOW_TO_READ = (
    f"{IN_USE} in use; differences are by the first measure. ↓: lower is better. In small: 95% interval, by resampling "
    "users; that of a calibration error sits high, since chance can only add to it."
)

AMOUNTS = ("mae", "rmse")
"""Metrics that are amounts of money."""


@dataclass(frozen=True)
class Contest:
    """The evidence of one task, read from the results of a run."""

    task: str
    currency: str
    metrics: Sequence[Row]
    """Of `prediction_metrics`."""
    gains: Sequence[Row]
    """Of `prediction_gains`."""
    over_time: Sequence[Row]
    """Of `prediction_over_time`."""
    trials: Sequence[Row]
    """Of `prediction_choice`, from simple to intricate."""

    @property
    def is_amount(self) -> bool:
        """Are amounts forecast, not chances?"""
        return self.leading == "rmse"

    @property
    def champion(self) -> str:
        """The model in use."""
        return next((str(row["model"]) for row in self.metrics if row["is_champion"]), str(self.metrics[0]["model"]))

    @property
    def populations(self) -> list[str]:
        """Whom it was tested on, the widest first."""
        return in_order(str(row["population"]) for row in self.metrics)

    @property
    def leading(self) -> str:
        """The metric that models are ordered by."""
        metrics = in_order(str(row["metric"]) for row in self.metrics)
        return next((metric for metric in LEADING if metric in metrics), metrics[0])

    @property
    def ordered(self) -> list[str]:
        """The models, the best first, by the leading metric over the widest population."""
        found = self.by_model(self.leading)
        return sorted(found, key=lambda model: (not is_known(found[model]["value"]), found[model]["value"] or 0.0))

    @property
    def simplest(self) -> str:
        """The model that knows least."""
        return str(self.trials[0]["model"]) if self.trials else self.ordered[-1]

    def by_model(self, metric: str, population: str | None = None) -> dict[str, Row]:
        """Model -> its row of a metric over a population, or over the widest."""
        where = population or self.populations[0]
        return {str(r["model"]): r for r in self.metrics if (r["metric"], r["population"]) == (metric, where)}

    def written(self, metric: str, places: int = 3) -> Callable[[float], str]:
        """How a metric is written."""
        return partial(money, currency=self.currency) if metric in AMOUNTS else partial(fixed, places=places)

    def gain_over(self, model: str, population: str | None = None) -> Row | None:
        """What the champion has that a model has not, by the leading metric."""
        asked = (model, self.leading, population or self.populations[0])
        return next((r for r in self.gains if (r["baseline"], r["metric"], r["population"]) == asked), None)

    def order_of(self, model: str) -> int:
        """1: the champion is better than this model beyond chance, -1: it is worse, 0: neither is proven."""
        gain = self.gain_over(model)
        if gain is None or not excludes_zero(gain):
            return 0
        return 1 if gain["difference"] < 0 else -1


def contests_of(results: Results) -> dict[str, Contest]:
    """Task -> its evidence, for all that were tested, in the order in which they were asked."""
    tables = [results.table(f"prediction_{what}") for what in ("metrics", "gains", "over_time", "choice")]
    rows: list[list[Row]] = [[] if table is None else table.to_pylist() for table in tables]
    return {
        task: Contest(task, results.domain.currency, *([row for row in table if row["task"] == task] for table in rows))
        for task in in_order(row["task"] for row in rows[0])
    }


def leaderboard(contest: Contest, caption: str, *, population: str | None = None, is_folded: bool = False) -> Grid:
    """All models, the best first, and how far the one in use is ahead of each."""
    where = population or contest.populations[0]
    metrics = [contest.leading, *SHOWN.get(contest.leading, ())]
    found = {metric: contest.by_model(metric, where) for metric in metrics}
    n_forecasts = next(iter(found[contest.leading].values()))["n_users"]
    return Grid(
        caption=f"{caption} ({where}, {counted(n_forecasts, 'forecast')} of later time)",
        columns=[
            *text_columns("model"),
            *number_columns(*map(metric_words, metrics), f"{IN_USE} minus it"),
            *text_columns("beyond chance?"),
        ],
        rows=[
            [
                f"{name(model)}\u00a0{IN_USE}" if model == contest.champion else name(model),
                *(with_interval(found[metric].get(model), written=contest.written(metric)) for metric in metrics),
                *_ahead(contest, model, where),
            ]
            for model in contest.ordered
        ],
        note="" if is_folded else f"{how_chosen(contest)} {HOW_TO_READ}".strip(),
        is_folded=is_folded,
    )


def _ahead(contest: Contest, model: str, population: str | None = None) -> tuple[Cell, Cell]:
    gain = contest.gain_over(model, population)
    if gain is None or not is_known(gain["difference"]):
        return "", ""
    cell = with_interval(gain, "difference", contest.written(contest.leading, places=4))
    if not excludes_zero(gain):
        return cell, "not proven"
    return cell, "yes" if gain["difference"] < 0 else f"yes, it beats {IN_USE}"


def over_time(contest: Contest) -> Grid | None:
    """The leading metric of each model at each test cut-off: does the order hold?"""
    rows = [row for row in contest.over_time if row["metric"] == contest.leading]
    if not rows:
        return None
    cutoffs, found = sorted({row["as_of"] for row in rows}), {(row["model"], row["as_of"]): row for row in rows}

    def cell(model: str, cutoff: Any) -> str:
        row = found.get((model, cutoff))
        return contest.written(contest.leading)(row["value"]) if row is not None and is_known(row["value"]) else ""

    return Grid(
        caption=f"{metric_words(contest.leading)} at each test cut-off".capitalize(),
        columns=[*text_columns("model"), *number_columns(*(f"{cutoff.day} {cutoff:%b %Y}" for cutoff in cutoffs))],
        rows=[[name(model), *(cell(model, cutoff) for cutoff in cutoffs)] for model in contest.ordered],
        is_folded=True,
    )


def how_chosen(contest: Contest) -> str:
    """How the model in use was chosen, in a sentence."""
    if len(contest.trials) < 2:
        return ""
    n, first = spelled(len(contest.trials)), name(contest.simplest)
    rose = [name(row["model"]) for row in contest.trials if row["took_over"]]
    path = f"beyond chance: {' → '.join([first, *rose])}" if rose else f"beyond chance, and none beat {first}"
    return (
        f"Chosen on earlier cut-offs than those shown: of {n} models from simple to intricate, each took over that "
        f"beat the best so far {path}."
    )


def verdict(contest: Contest) -> str:
    """Who won and by how much, in a sentence or two."""
    champion, metric = contest.champion, contest.leading
    others = [model for model in contest.ordered if model != champion]
    if not others:
        return f"Only one model was tried: {name(champion)}."
    said = f"In use: {name(champion)}, {_place(contest, others)} on later time"
    values = contest.by_model(metric)
    mine, least = values[champion]["value"], values.get(contest.simplest, {}).get("value")
    if champion != contest.simplest and is_known(mine) and is_known(least) and least > 0:
        word = metric_words(metric).removesuffix(" ↓")
        said += f"; its {word} is {percent(abs(1 - mine / least))} {'below' if mine <= least else 'above'} that of "
        said += name(contest.simplest)
    return f"{said}."


def _place(contest: Contest, others: Sequence[str]) -> str:
    worse, even, better = ([model for model in others if contest.order_of(model) == order] for order in (1, 0, -1))
    if len(worse) == len(others):
        return f"better beyond chance than {'the other' if len(others) == 1 else f'all {spelled(len(others))} others'}"
    said = f"better beyond chance than {len(worse) or 'none'} of {len(others)} others"
    notes = [f"not proven against {listed(map(name, even))}"] * bool(even)
    notes += [f"{listed(map(name, better))} {'was' if len(better) == 1 else 'were'} better than it"] * bool(better)
    return f"{said} ({'; '.join(notes)})"


def in_short(contests: Sequence[Contest], described: Mapping[str, str]) -> Grid:
    """Several tasks, a row each: which model is in use, and what it has that the simplest has not."""
    return Grid(
        caption="Other forecasts",
        columns=[
            *text_columns("task", "what is forecast", "model in use", "measure"),
            *number_columns("on later time", "minus the simplest"),
            *text_columns("beyond chance?"),
        ],
        rows=[
            [
                contest.task,
                described[contest.task],
                name(contest.champion),
                metric_words(contest.leading),
                with_interval(
                    contest.by_model(contest.leading).get(contest.champion), written=contest.written(contest.leading)
                ),
                *_ahead(contest, contest.simplest),
            ]
            for contest in contests
        ],
    )
