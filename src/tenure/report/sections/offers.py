"""What to recommend, and how good is it?"""

from __future__ import annotations

from collections import Counter
from typing import Any

from tenure.charts import recommendation as charts
from tenure.charts.theme import name
from tenure.report.blocks import Block, Grid, Section, chart, level, number_columns, text_columns
from tenure.report.results import Results
from tenure.report.sections.evidence import gain_grid, in_order, metric_grid, metric_words
from tenure.wording import fixed, is_known, listed, percent


def offers(results: Results) -> Section:
    """How good are the recommended items, for whom, and where do they come from?"""
    title, short = "How good are the recommendations?", "Recommendations"
    metrics = results.table("recommendation_metrics")
    if metrics is None:
        lead = f"No recommendations: the log has no {results.items}, or is too short to test them on later time."
        return Section(id="recommendations", title=title, short=short, lead=lead)
    rows = [row for row in metrics.to_pylist() if is_known(row["value"])]
    overall = [row for row in rows if row["slice"] == "all"]
    main_metric = _main_metric([row["metric"] for row in rows])
    score = {row["strategy"]: row["value"] for row in overall if row["metric"] == main_metric}
    gains = results.table("recommendation_gains")
    gained = [row for row in gains.to_pylist() if row["slice"] == "all"] if gains is not None else []
    best_first = sorted(score, key=lambda s: -score[s])
    main = "fused" if "fused" in score else best_first[0]
    others = [s for s in best_first if s != main]
    compared = in_order([main, *others[:1], *(s for s in others if s == "popular")])
    words = metric_words(main_metric)
    blocks: list[Block] = [
        *level(
            chart(charts.by_strategy(metrics, main_metric, main=main, title=f"{words} over all {results.users}")),
            chart(charts.by_stage(metrics, main_metric, compared, title=f"{words} by stage of life")),
        ),
        metric_grid(
            sorted(overall, key=lambda row: -score.get(row["strategy"], 0.0)),
            subject="strategy",
            caption=f"Over the whole catalogue, all {results.users}",
            note="Every item competes; nothing is sampled. In small: 95% interval.",
        ),
    ]
    if gained:
        blocks.append(gain_grid(gained, where="slice", caption=f"{name(main).capitalize()} against the simple ones"))
    if (mix := _sources(results)) is not None:
        blocks.append(mix)
    return Section(id="recommendations", title=title, short=short, lead=_lead(gained, main, main_metric), blocks=blocks)


def _main_metric(metrics: list[str]) -> str:
    return next((m for m in metrics if m.startswith("ndcg")), metrics[0])


def _lead(gained: list[dict[str, Any]], main: str, metric: str) -> str:
    tested = "Items were recommended at an earlier cut-off and compared with what was really chosen after it."
    rows = [row for row in gained if row["metric"] == metric]
    beaten = {name(r["baseline"]): r["difference"] for r in rows if is_known(r["low"]) and r["low"] > 0}
    unproven = [name(r["baseline"]) for r in rows if name(r["baseline"]) not in beaten]
    said = [tested]
    if beaten:
        margin = f"{fixed(min(beaten.values()))} {metric_words(metric)}"
        said.append(f"The {name(main)} slate beats {listed(beaten)} by at least {margin}.")
    if unproven:
        said.append(f"It is not proven better than {listed(unproven)}.")
    return " ".join(said)


def _sources(results: Results) -> Grid | None:
    slates = results.table("recommendations")
    if slates is None:
        return None
    found = Counter(slates.column("source").to_pylist())
    return Grid(
        caption="Where the recommended items come from",
        columns=[*text_columns("source"), *number_columns("share of slots")],
        rows=[[name(source), percent(n / slates.num_rows)] for source, n in found.most_common()],
        is_folded=True,
    )
