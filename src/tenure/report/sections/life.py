"""Where users are in their life, and whether their number grows: flow, growth, activity, cohorts."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from tenure.charts import cohorts as cohort_charts
from tenure.charts import flow, growth, states
from tenure.charts.theme import in_stage_order, name
from tenure.report.blocks import Block, Grid, Section, chart, level, number_columns, text_columns
from tenure.report.results import Results
from tenure.wording import count, percent


def stages(results: Results) -> Section:
    """Where is everybody in their life, and where do they move?"""
    title, short = f"Where {results.users} are in their life", "Stages"
    now, moves = results.table("stages"), results.table("transitions")
    if now is None:
        return Section(id="stages", title=title, short=short, lead=f"No {results.users} were seen before the cut-off.")
    sizes = chart(flow.stage_sizes(now), note="A stage is a written rule over the events before the cut-off.")
    blocks: list[Block] = [sizes]
    if moves is not None:
        note = "Left: the stage at one cut-off; right: at the next. Hover for shares."
        blocks = [*level(sizes, chart(flow.stage_flow(moves), note=note)), _transition_grid(moves)]
    share = {row["values"]: row["counts"] / now.num_rows for row in pc.value_counts(now.column("stage")).to_pylist()}
    largest = max(share, key=lambda s: (share[s], s))
    lead = (
        f"The largest group is {name(largest)} ({percent(share[largest])}). "
        "At risk means silent for longer than one's own rhythm explains, not silent for a fixed number of days."
    )
    return Section(id="stages", title=title, short=short, lead=lead, blocks=blocks)


def growing(results: Results) -> Section:
    """Does the number of active users grow, and from what?"""
    title, short = "Is it growing?", "Growth"
    accounts = results.table("growth")
    if accounts is None:
        return Section(id="growth", title=title, short=short, lead="There is no activity to account for yet.")
    period = results.period(accounts)
    note = (
        "Bars above zero are active; below zero are those active in the period before and not in this one. "
        "Quick ratio: came or came back ÷ fell silent; above 1 the number grows. Pale: not over yet."
    )
    blocks: list[Block] = [chart(growth.growth(accounts, period=period), note=note, is_wide=True)]
    lead = _growth_lead(accounts, period, results.users)
    return Section(id="growth", title=title, short=short, lead=lead, blocks=blocks)


def active(results: Results) -> Section:
    """How active are they, and how often do they come?"""
    title, short = "How active are they?", "Activity"
    by_state, sticky = results.table("states"), results.table("stickiness")
    if by_state is None:
        return Section(id="activity", title=title, short=short, lead="Nobody was active before the cut-off.")
    period = results.period(by_state)
    blocks: list[Block] = [chart(states.activity_states(by_state), is_wide=sticky is None)]
    if sticky is not None:
        blocks.append(chart(states.stickiness(sticky, period=period)))
    lead = f"Everybody seen so far, {period} by {period}, by how recently and how steadily they came."
    return Section(id="activity", title=title, short=short, lead=lead, blocks=blocks)


def cohorts(results: Results) -> Section:
    """Do those who came later stay longer?"""
    title, short = "Do they stay?", "Cohorts"
    table = results.table("cohorts")
    if table is None:
        return Section(id="cohorts", title=title, short=short, lead="There are no cohorts yet: nobody was active.")
    period = results.period(table, "cohort_start")
    note = f"Row: first active in that {period} (how many). Cell: percent of them active again. Blank: not over yet."
    figure = cohort_charts.cohort_heatmap(table, period=period)
    width = 140 + 28 * min(len(figure.data[0].x), cohort_charts.MOST_WRITTEN)
    blocks = [chart(figure, note=note, is_wide=True, least_width=width)]
    lead = f"{results.users.capitalize()} are grouped by the {period} of their first activity and followed from there."
    return Section(id="cohorts", title=title, short=short, lead=lead, blocks=blocks)


def _transition_grid(moves: pa.Table) -> Grid:
    added = moves.group_by(["from_stage", "to_stage"]).aggregate([("n_users", "sum")]).to_pylist()
    n = {(r["from_stage"], r["to_stage"]): r["n_users_sum"] for r in added}
    order = in_stage_order({stage for pair in n for stage in pair})
    total = {a: sum(n.get((a, b), 0) for b in order) for a in order}
    return Grid(
        caption="The same in numbers: from (row) to (column), in percent of the row",
        columns=[*text_columns("from"), *number_columns("users", *(name(s) for s in order))],
        rows=[
            [name(a), count(total[a]), *(percent(n[a, b] / total[a]) if n.get((a, b)) else "" for b in order)]
            for a in order
            if total[a]
        ],
        is_folded=True,
    )


def _growth_lead(accounts: pa.Table, period: str, users: str) -> str:
    whole = accounts.filter(accounts.column("is_complete")).sort_by("period_start").to_pylist()
    ratios = [row["quick_ratio"] for row in whole[-6:] if row["quick_ratio"] is not None]
    if not ratios:
        return f"Too few complete {period}s to say."
    mean = sum(ratios) / len(ratios)
    says = "is growing" if mean > 1.05 else "is shrinking" if mean < 0.95 else "stands still"
    recent = f"over the last {len(ratios)} complete {period}s the quick ratio was {mean:.2f}"
    return f"The number of active {users} {says}: {recent}."
