"""Can the data be trusted?"""

from __future__ import annotations

from tenure.charts import quality as charts
from tenure.charts.theme import name
from tenure.charts.wording import count, enumerated, percent
from tenure.report.blocks import Block, Column, Grid, Section, chart, number_columns, text_columns
from tenure.report.results import Results


def trust(results: Results) -> Section:
    """What was set aside, and what does it mean for what follows?"""
    quality = results.quality
    if not quality:
        lead = "The log came already checked, so there is no quality report for this run."
        return Section(id="data", title="Can the data be trusted?", short="Data", lead=lead)
    n_in = quality.get("n_in", 0)
    kept = quality.get("n_kept", 0) / n_in if n_in else 0.0
    lead = f"{quality.get('verdict', '')} {count(n_in)} rows came in, {percent(kept, 1)} were kept.".strip()
    blocks: list[Block] = []
    if quality.get("daily"):
        blocks.append(chart(charts.daily_volume(quality["daily"]), is_wide=True))
    if quality.get("checks"):
        worst_first = sorted(quality["checks"], key=lambda c: ("fail", "warn", "pass").index(c["status"]))
        blocks.append(
            Grid(
                caption="Checks, and what they mean",
                columns=[Column("", "status"), *text_columns("check", "measured", "expected", "meaning", "touches")],
                rows=[
                    [
                        c["status"],
                        name(c["check"]),
                        _text(c["measured"]),
                        _text(c["expected"]),
                        c["meaning"],
                        enumerated(name(s) for s in c["stages"]),
                    ]
                    for c in worst_first
                ],
            )
        )
    if quality.get("reasons"):
        blocks.append(
            Grid(
                caption="Rows that were set aside; each is in quarantine.parquet with its source line",
                columns=[*text_columns("reason"), *number_columns("rows", "share"), *text_columns("meaning")],
                rows=[
                    [name(r["reason"]), count(r["n"]), percent(r["share"], 2), r["meaning"]] for r in quality["reasons"]
                ],
            )
        )
    if quality.get("fields"):
        blocks.append(
            Grid(
                caption="How well each field is filled",
                columns=[*text_columns("field"), *number_columns("filled")],
                rows=[[f["field"], percent(f["coverage"], 1)] for f in quality["fields"]],
                is_folded=True,
            )
        )
    return Section(id="data", title="Can the data be trusted?", short="Data", lead=lead, blocks=blocks)


def _text(measured: object) -> str:
    return f"{measured:.4g}" if isinstance(measured, float) else str(measured)
