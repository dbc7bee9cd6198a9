"""The section on returns says how good the forecast is, draws what can be read, and gives users their own curve."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pytest
from report import made_up_returns, made_up_run

from tenure.domains.ecommerce import DOMAIN
from tenure.report import Results, Story
from tenure.report.sections.lives import lives
from tenure.report.sections.returning import returning

RESULTS = Results(
    tables=made_up_run.tables(50),
    quality=made_up_run.quality(),
    manifest=made_up_run.manifest(),
    domain=DOMAIN,
    stories=[
        Story(
            user_id="1001",
            title="A loyal regular",
            text="Comes often.",
            events=made_up_run.user_events("1001"),
            returning=made_up_returns.curve(),
        )
    ],
)


def with_tables(**changed: pa.Table) -> Results:
    return replace(RESULTS, tables={**RESULTS.tables, **changed})


def test_the_lead_says_how_good_it_is():
    assert returning(RESULTS).lead == (
        "Of two customers, the forecast names the one who is back first in 73% of cases. Chance would in 50%, recency "
        "alone in 67%, a difference beyond chance. Its chances are off by 2 (within 7 days) and 2 (within 30 days) "
        "percentage points on average."
    )


@pytest.mark.parametrize(
    ("difference", "low", "high", "words"),
    [
        (0.004, -0.003, 0.011, "67%, which is no difference beyond chance."),
        (-0.04, -0.05, -0.03, "67%, which is better beyond chance."),
    ],
)
def test_no_skill_is_claimed_where_there_is_none(difference, low, high, words):
    gains = pa.Table.from_pylist(
        [
            {
                "baseline": "recency",
                "metric": "concordance",
                "horizon_days": 30,
                "difference": difference,
                "low": low,
                "high": high,
            }
        ]
    )
    assert words in returning(with_tables(return_gains=gains)).lead


def test_the_grid_has_the_model_in_use_first_whatever_the_order_of_rows():
    metrics = RESULTS.tables["return_metrics"]
    turned = metrics.take(list(range(metrics.num_rows))[::-1])
    for results in (RESULTS, with_tables(return_metrics=turned)):
        grid = returning(results).blocks[-1]
        assert [row[0] for row in grid.rows] == [
            "hazard (in use)",
            "hazard by recency alone",
            "everybody's curve (Kaplan-Meier)",
        ]
        assert [column.title for column in grid.columns[1:]] == [
            "concordance, 30 days",
            "integrated Brier ↓, 30 days",
            "calibration error ↓, 7 days",
            "calibration error ↓, 30 days",
        ]
        assert grid.rows[0][1] == ("0.730", "0.725 to 0.735")


def test_stages_of_few_users_are_not_drawn():
    spec = returning(RESULTS).blocks[0].spec
    assert '"name":"retained"' in spec
    assert '"name":"at risk"' in spec
    assert "acquired" not in spec


def test_without_a_proof_the_pictures_stay():
    kept = {name: table for name, table in RESULTS.tables.items() if name != "return_metrics"}
    section = returning(replace(RESULTS, tables=kept))
    assert section.lead == "The log is too short to test a forecast of when customers come back."
    assert len(section.blocks) == 2


def test_a_story_has_the_own_curve():
    (life,) = lives(RESULTS)
    assert any(getattr(block, "title", "") == "As likely as not back by day 7" for block in life.blocks)
    (without,) = lives(replace(RESULTS, stories=[replace(RESULTS.stories[0], returning=None)]))
    assert len(without.blocks) == len(life.blocks) - 1
