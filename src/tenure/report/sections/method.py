"""How the numbers were made, and what they cannot say."""

from __future__ import annotations

from tenure.report.blocks import Block, Grid, Prose, Section, number_columns, text_columns
from tenure.report.results import Results
from tenure.wording import counted


def method(results: Results) -> Section:
    """How was this made, and where are its limits?"""
    verb, user = results.domain.commitment_verb, results.user
    made = (
        f"Everything here is computed from events before {results.as_of_day} (UTC); nothing from after it.",
        "Predictions and recommendations were tested on later time than they learnt from, against simple baselines.",
        "Intervals are 95%, from resampling users. Recommended items compete with the whole catalogue.",
        "Segments are k-means groups of normalised profiles; their number was chosen by stated criteria.",
    )
    horizon, noun = counted(results.horizon_days, "day"), results.domain.commitment_noun
    limits = (
        f"A probability is a statement about many alike, not a certainty about one {user}.",
        f"“At stake” is the risk of no {noun} within {horizon} × what they would bring if they came.",
        "What an action saves is an assumption until it is measured against the control group.",
        f"Silence is read from events. A {user} who did {verb} where nothing was recorded looks silent.",
        "A rule that things go together does not say that one brings the other.",
    )
    blocks: list[Block] = [
        Prose(title="How it was made", paragraphs=made, is_wide=False),
        Prose(title="What it cannot say", paragraphs=limits, is_wide=False),
    ]
    if timings := results.manifest.get("timings"):
        blocks.append(
            Grid(
                caption="How long each stage took",
                columns=[*text_columns("stage"), *number_columns("seconds")],
                rows=[[stage, f"{seconds:.1f}"] for stage, seconds in timings.items()],
                is_folded=True,
            )
        )
    lead = "Short notes for those who want to rely on it."
    return Section(id="method", title="Method and limits", short="Method", lead=lead, blocks=blocks)
