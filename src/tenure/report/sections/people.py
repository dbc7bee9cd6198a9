"""Which kinds of users there are, how good the profiles are, and what goes together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tenure.charts import rules as rule_charts
from tenure.charts import segments as segment_charts
from tenure.charts.theme import name
from tenure.report.blocks import Block, Card, Cards, Grid, Section, chart, number_columns, text_columns
from tenure.report.results import Results
from tenure.schema import SEPARATOR
from tenure.wording import count, counted, decimal, percent, plural

MOST_RULES_SHOWN = 8
"""Of each level; of a rule and its reverse only the stronger."""


def segments(results: Results) -> Section:
    """Which kinds of users are there?"""
    title, short = f"Which kinds of {results.users} are there?", "Segments"
    found = results.table("segments")
    if found is None:
        return Section(
            id="segments", title=title, short=short, lead=f"There are too few {results.users} to group them."
        )
    rows = found.sort_by([("n_users", "descending")]).to_pylist()
    blocks: list[Block] = [
        Cards(
            cards=[
                Card(
                    title=row["name"],
                    figure=percent(row["share"]),
                    text=row["description"] or "",
                    points=[counted(row["n_users"], results.user), *_stability(row["stability"])],
                    colour=segment_charts.segment_colour(row["segment"]),
                )
                for row in rows
            ]
        )
    ]
    users, traits = results.table("user_segments"), results.table("segment_traits")
    if users is not None:
        note = "The two directions in which profiles differ most; a segment lies where its name stands."
        blocks.append(chart(segment_charts.segment_map(users, found), note=note, is_wide=True))
    if traits is not None:
        note = "Blue: more than the average; orange: less; hover for the numbers."
        figure = segment_charts.segment_traits(traits, found, results.descriptions)
        blocks.append(chart(figure, note=note, is_wide=True, least_width=680))
    choice, quality = results.table("segment_choice"), results.table("profile_quality")
    if quality is not None:
        blocks.append(_quality_grid(quality))
    if choice is not None:
        blocks.append(_choice_grid(choice))
    lead = (
        f"{counted(len(rows), 'group')} of {results.users} with alike profiles, named by what sets them apart. "
        "Stability says how well the same group is found again in other samples (1 = always)."
    )
    return Section(id="segments", title=title, short=short, lead=lead, blocks=blocks)


def rules(results: Results) -> Section:
    """What goes together?"""
    title, short = "What goes together?", "Rules"
    found = results.table("rules")
    if found is None:
        lead = f"No rules: the log has no {results.items}, or no two of them occur together often enough to say."
        return Section(id="rules", title=title, short=short, lead=lead)
    named = _with_titles(found, results.titles)
    levels = list(dict.fromkeys(named.column("level").to_pylist()))
    top = named.slice(0, 1).to_pylist()[0]
    lead = (
        f"{counted(found.num_rows, 'rule')} over baskets. The strongest: {top['antecedent']} and {top['consequent']}, "
        f"{top['lift']:.1f} times as often together as chance would have it."
    )
    blocks: list[Block] = [_rule_grid(named.filter(pc.equal(named.column("level"), level)), level) for level in levels]
    blocks.append(chart(rule_charts.rule_map(named), is_wide=True))
    return Section(id="rules", title=title, short=short, lead=lead, blocks=blocks)


def _with_titles(rules: pa.Table, titles: Mapping[str, str]) -> pa.Table:
    """The rules with the titles of items in the place of their ids, or beside them where two have the same title."""
    sides = ("antecedent", "consequent")
    rows = rules.to_pylist()
    for row in rows:
        if row["level"] == "item":
            things = {side: row[side].split(SEPARATOR) for side in sides}
            named = {thing: titles.get(thing, thing) for side in sides for thing in things[side]}
            if len(set(named.values())) < len(named):
                named = {thing: f"{title} ({thing})" for thing, title in named.items()}
            row |= {side: SEPARATOR.join(named[thing] for thing in things[side]) for side in sides}
    return pa.Table.from_pylist(rows, schema=rules.schema)


def _rule_grid(rules: pa.Table, level: str) -> Grid:
    shown: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rules.to_pylist():
        pair = (row["antecedent"], row["consequent"])
        if pair[::-1] not in shown and len(shown) < MOST_RULES_SHOWN:
            shown.setdefault(pair, row)
    return Grid(
        caption=f"{plural(level).capitalize()} that go together",
        columns=[*text_columns("when a basket holds", "it also holds"), *number_columns("in", "lift", "baskets")],
        rows=[
            [*pair, percent(row["confidence"]), f"{row['lift']:.1f}×", count(row["n_baskets"])]
            for pair, row in shown.items()
        ],
        note="In: share of the baskets with the first that hold the second. Lift: times more often than by chance.",
    )


def _stability(value: float | None) -> list[str]:
    return [] if value is None else [f"stability {decimal(value, 2)}"]


def _quality_grid(quality: pa.Table) -> Grid:
    return Grid(
        caption="How good the profiles are",
        columns=[
            *text_columns("aspect", "measure"),
            *number_columns("value", "95% interval", "baseline"),
            *text_columns("meaning"),
        ],
        rows=[
            [
                row["aspect"],
                name(row["measure"]),
                decimal(row["value"]),
                "" if row["low"] is None else f"{decimal(row['low'])} to {decimal(row['high'])}",
                "" if row["baseline"] is None else decimal(row["baseline"]),
                row["meaning"],
            ]
            for row in quality.to_pylist()
        ],
        is_folded=True,
    )


def _choice_grid(choice: pa.Table) -> Grid:
    return Grid(
        caption="How the number of segments was chosen",
        columns=number_columns("segments", "silhouette", "Calinski–Harabasz", "stability", "smallest share")
        + text_columns(""),
        rows=[
            [
                count(row["n_segments"]),
                decimal(row["silhouette"]),
                decimal(row["calinski_harabasz"]),
                decimal(row["stability"], 2),
                percent(row["smallest_share"]),
                "chosen" if row["is_chosen"] else "",
            ]
            for row in choice.to_pylist()
        ],
        is_folded=True,
    )
