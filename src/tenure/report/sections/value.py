"""What will users be worth, who holds that value, and was the model that says so right before?"""

from __future__ import annotations

import pyarrow as pa

from tenure.charts import value as charts
from tenure.report.blocks import Block, Grid, Section, chart, level, number_columns, text_columns
from tenure.report.results import Results
from tenure.wording import count, counted, fixed, number, percent, plural

MOST_USERS = 10
"""Of the highest value, in the table."""


def value(results: Results) -> Section:
    """How much will come, from whom, and how sure is that?"""
    title, short = f"What will {results.users} be worth?", "Value"
    totals, users = results.table("lifetime_totals"), results.table("lifetime_values")
    if totals is None or users is None:
        lead = f"Too few {results.users} have come back to tell what they will be worth."
        return Section(id="value", title=title, short=short, lead=lead)
    is_money = totals["unit"][0].as_py() == "money"
    currency = results.domain.currency if is_money else ""
    pictures: list[Block] = []
    curves = results.table("cohort_values")
    if curves is not None:
        note = "Solid: what came. Dashed: the first days as they were, and the repeats expected of a new user."
        pictures.append(chart(charts.cohort_curves(curves, currency=currency), note=note, is_wide=True))
    pictures += _who(totals, users, currency)
    pictures += _was_right(results)
    pictures.append(_best(results, users, is_money=is_money))
    return Section(
        id="value", title=title, short=short, lead=_lead(results, totals, is_money=is_money), blocks=pictures
    )


def _who(totals: pa.Table, users: pa.Table, currency: str) -> list[Block]:
    """The groups that hold the value, and how few users do."""
    by = set(totals["by"].to_pylist())
    note = "Thick: 80% interval of the total; thin: 95%."
    shown = [
        chart(charts.totals(totals, by=way, currency=currency), note=note) for way in ("stage", "segment") if way in by
    ]
    return [*level(*shown), chart(charts.concentration(users))] if shown else [chart(charts.concentration(users))]


def _was_right(results: Results) -> list[Block]:
    """The model fitted on the earlier part of the log, beside what came."""
    curve, by_count = results.table("value_tracking"), results.table("value_holdout")
    came = plural(results.domain.commitment_noun)
    blocks: list[Block] = []
    if curve is not None:
        blocks.append(chart(charts.tracking(curve, what=came), note="Fitted up to day 0 of this picture, not on it."))
    if by_count is not None:
        blocks.append(
            Grid(
                caption=f"Held out: {came} of one {results.user}, by how many repeats were known before",
                columns=[*text_columns("repeats before"), *number_columns(results.users, "came", "expected")],
                rows=[
                    [row["repeats"], count(row["n_users"]), fixed(row["actual"], 1), fixed(row["expected"], 1)]
                    for row in sorted(by_count.to_pylist(), key=lambda row: row["repeats"])
                ],
                is_wide=False,
            )
        )
    return blocks


def _best(results: Results, users: pa.Table, *, is_money: bool) -> Grid:
    def said(amount: float) -> str:
        return results.money(amount) if is_money else number(amount)

    best = users.sort_by([("expected_value", "descending"), ("user_id", "ascending")]).slice(0, MOST_USERS)
    return Grid(
        caption=f"The {results.users} of the highest value to come",
        columns=[
            *text_columns(results.user),
            *number_columns("expected", "80% from", "to", plural(results.domain.commitment_noun), "still there"),
        ],
        rows=[
            [
                row["user_id"],
                said(row["expected_value"]),
                said(row["low_80"]),
                said(row["high_80"]),
                number(row["expected_commitments"]),
                percent(row["p_alive"]),
            ]
            for row in best.to_pylist()
        ],
        note="Each as the middle of many possible futures; one alone may well leave tomorrow.",
        is_folded=True,
    )


def _lead(results: Results, totals: pa.Table, *, is_money: bool) -> str:
    rows = totals.to_pylist()
    whole = next(row for row in rows if row["by"] == "all")
    if is_money:
        expected, low, high = (results.money(whole[name]) for name in ("expected_value", "low_95", "high_95"))
    else:
        nouns = plural(results.domain.commitment_noun)
        expected, low, high = (count(whole[name]) for name in ("expected_value", "low_95", "high_95"))
        expected = f"{expected} {nouns}"
    rate = f", a year's waiting discounted by {percent(whole['annual_discount'])}" if whole["annual_discount"] else ""
    said = (
        f"The {counted(whole['n_users'], results.user)} seen so far are expected to bring {expected} in the next "
        f"{counted(whole['days'], 'day')} (95%: {low} to {high}){rate}."
    )
    return f"{said} {results.manifest.get('value_notes', '')}".strip()
