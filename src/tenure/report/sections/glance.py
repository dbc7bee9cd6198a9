"""What matters first: the run in a few sentences and seven numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow.compute as pc
from markupsafe import Markup

from tenure.report.blocks import Card
from tenure.report.results import Results
from tenure.report.sections.leaderboard import contests_of
from tenure.wording import count, counted, is_known, percent

PRESENT = ("acquired", "activated", "retained", "growing", "advocate", "resurrected")


@dataclass(frozen=True)
class Glance:
    """Sentences with the numbers set in bold, and tiles."""

    sentences: Sequence[Markup]
    tiles: Sequence[Card]


def glance(results: Results) -> Glance:
    """What should the reader know if they read nothing else?"""
    found = [part(results) for part in (_stages, _forecast, _worth, _stake, _ranking)]
    return Glance(
        sentences=[sentence for sentences, _ in found for sentence in sentences],
        tiles=[tile for _, tiles in found for tile in tiles],
    )


_Part = tuple[list[Markup], list[Card]]


def _stages(results: Results) -> _Part:
    stages = results.table("stages")
    if stages is None:
        return [Markup("No {} were seen before {}.").format(results.users, results.as_of_day)], []
    found = pc.value_counts(stages.column("stage")).to_pylist()
    share = {row["values"]: row["counts"] / stages.num_rows for row in found}
    present, risk = (sum(share.get(s, 0.0) for s in part) for part in (PRESENT, ("at_risk",)))
    gone = sum(share.get(s, 0.0) for s in ("dormant", "churned"))
    sentence = Markup(
        "<strong>{}</strong>: {} are here, <strong>{} are at risk</strong> of leaving, {} have gone quiet or left."
    ).format(counted(stages.num_rows, results.user), percent(present), percent(risk), percent(gone))
    return [sentence], [
        Card(title=results.users, figure=count(stages.num_rows), text=f"seen before {results.as_of_day}"),
        Card(title="at risk", figure=percent(risk), text="silent for longer than their own rhythm explains"),
    ]


def _forecast(results: Results) -> _Part:
    predictions = results.table("predictions")
    if predictions is None:
        return [], []
    p = pc.mean(predictions.column("p_commit")).as_py()
    verb, days = results.domain.commitment_verb, counted(results.horizon_days, "day")
    tile = Card(title=f"will {verb}", figure=percent(p), text=f"expected within {days}")
    return [Markup("<strong>{}</strong> are expected to {} within {}.").format(percent(p), verb, days)], [tile]


def _worth(results: Results) -> _Part:
    totals = results.table("lifetime_totals")
    whole = next((row for row in totals.to_pylist() if row["by"] == "all"), None) if totals is not None else None
    if whole is None or whole["unit"] != "money":
        return [], []
    expected, low, high = (results.money(whole[name]) for name in ("expected_value", "low_95", "high_95"))
    within = counted(whole["days"], "day")
    sentence = Markup("All together are expected to bring <strong>{}</strong> in the next {} (95%: {} to {}).")
    tile = Card(title="to come", figure=expected, text=f"expected of them in the next {within}")
    return [sentence.format(expected, within, low, high)], [tile]


def _stake(results: Results) -> _Part:
    plan = results.table("plan")
    if plan is None:
        return [], []
    stake = pc.sum(plan.column("stake")).as_py()
    chosen = plan.filter(plan.column("is_selected"))
    kept = pc.sum(chosen.column("stake")).as_py() or 0.0
    cost = pc.sum(chosen.column("cost")).as_py() or 0.0
    sentences = [
        Markup("<strong>{}</strong> of value is at stake in that time.").format(results.money(stake)),
        Markup("The plan addresses {}, who hold {} of it, at a cost of {}.").format(
            counted(chosen.num_rows, results.user), percent(kept / stake if stake else 0.0), results.money(cost)
        ),
    ]
    return sentences, [
        Card(title="at stake", figure=results.money(stake), text="risk of leaving × what they would bring"),
        Card(
            title="to address", figure=count(chosen.num_rows), text=f"for {results.money(cost)}, a control group aside"
        ),
    ]


def _ranking(results: Results) -> _Part:
    contest = contests_of(results).get(results.main_task.name)
    found = contest.by_model("auc").get(contest.champion) if contest is not None else None
    if found is None or not is_known(found["value"]):
        return [], []
    text = "of pairs of a leaver and a stayer are ranked right on later time"
    return [], [Card(title="reliability", figure=percent(found["value"]), text=text)]
