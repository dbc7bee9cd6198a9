"""What to do, for whom, and what it is worth."""

from __future__ import annotations

import pyarrow.compute as pc

from tenure.charts import plan as charts
from tenure.charts.theme import name
from tenure.report.blocks import Block, Grid, Section, chart, number_columns, text_columns
from tenure.report.results import Results
from tenure.wording import count, counted, percent

MOST_STAKES = 15


def action(results: Results) -> Section:
    """Which strategy for whom, and why?"""
    title, short = "What to do about it", "Plan"
    plan, strategies = results.table("plan"), results.table("strategies")
    if plan is None:
        return Section(id="plan", title=title, short=short, lead="There is nobody to plan for.")
    blocks: list[Block] = []
    if strategies is not None:
        rows = strategies.sort_by([("stake", "descending")]).to_pylist()
        figure = charts.stake_by_strategy(strategies, currency=results.domain.currency)
        blocks += [
            chart(figure),
            chart(
                charts.risk_and_value(plan, currency=results.domain.currency),
                note="Each point is one of the largest stakes; stake = risk × value if they come.",
            ),
            Grid(
                caption="Strategies",
                columns=[
                    *text_columns("strategy", "aim"),
                    *number_columns(results.users, "to address", "at stake", "cost"),
                ],
                rows=[
                    [
                        row["title"],
                        row["aim"],
                        count(row["n_users"]),
                        count(row["n_selected"]),
                        results.money(row["stake"]),
                        results.money(row["cost"]),
                    ]
                    for row in rows
                ],
            ),
        ]
    top = plan.sort_by([("stake", "descending"), ("user_id", "ascending")]).slice(0, MOST_STAKES).to_pylist()
    blocks.append(
        Grid(
            caption=f"The {counted(len(top), 'largest stake')}",
            columns=[
                *text_columns(results.user, "stage"),
                *number_columns("risk", "value", "at stake"),
                *text_columns("strategy", "addressed", "why"),
            ],
            rows=[
                [
                    row["user_id"],
                    name(row["stage"]),
                    percent(row["p_churn"]),
                    results.money(row["value_at_risk"]),
                    results.money(row["stake"]),
                    results.strategies.get(row["strategy"], name(row["strategy"])),
                    "control group" if row["is_control"] else "yes" if row["is_selected"] else "no",
                    row["reason"],
                ]
                for row in top
            ],
        )
    )
    control = pc.mean(pc.cast(plan.column("is_control"), "float64")).as_py()
    lead = (
        f"Each {results.user} has a strategy that fits the stage, the risk and the value. {percent(control)} are "
        "left alone at random as a control group: only against them can the plan prove what it gains; until then its "
        "effects are assumed."
    )
    return Section(id="plan", title=title, short=short, lead=lead, blocks=blocks)
