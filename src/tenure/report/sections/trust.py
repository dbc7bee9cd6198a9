"""Can the data be trusted?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tenure.charts import quality as charts
from tenure.charts.theme import name
from tenure.report.blocks import Block, Column, Grid, Section, chart, number_columns, text_columns
from tenure.report.results import Results
from tenure.wording import count, listed, percent


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
    blocks += _checks(quality.get("checks", []))
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


def _checks(checks: Sequence[Mapping[str, Any]]) -> list[Grid]:
    """What needs attention in full; what is well only when asked for."""
    worst_first = sorted(checks, key=lambda check: check["status"] != "fail")
    found = (
        ("What to know about, and what it means", [c for c in worst_first if c["status"] != "pass"], False),
        ("Checks that were passed", [c for c in checks if c["status"] == "pass"], True),
    )
    return [
        Grid(
            caption=f"{caption} ({len(rows)})",
            columns=[Column("", "status"), *text_columns("check", "measured", "expected", "meaning", "touches")],
            rows=[
                [
                    row["status"],
                    name(row["check"]),
                    _text(row["measured"]),
                    _text(row["expected"]),
                    row["meaning"],
                    listed("every stage" if stage == "all" else name(stage) for stage in row["stages"]),
                ]
                for row in rows
            ],
            is_folded=is_folded,
        )
        for caption, rows, is_folded in found
        if rows
    ]


def _text(measured: object) -> str:
    return f"{measured:.4g}" if isinstance(measured, float) else str(measured)
