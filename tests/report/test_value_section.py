"""The section on value says what its tables say, with or without money, groups and a holdout."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pytest
from report import made_up_run, made_up_value

from tenure.domains import ecommerce, video
from tenure.report import Results
from tenure.report.sections.value import value

USERS = [f"u{k:02d}" for k in range(10)]
STAGES = ["retained"] * 6 + ["at_risk"] * 4


@pytest.fixture
def results() -> Results:
    months = [made_up_run.AS_OF.replace(month=m) for m in (8, 9, 10, 11)]
    tables = made_up_value.tables(USERS, {"stage": STAGES}, made_up_run.AS_OF, months)
    manifest = {"as_of": made_up_run.AS_OF.isoformat(), "value_notes": "Repeats by BGNBD."}
    return Results(tables=tables, quality={}, manifest=manifest, domain=ecommerce.DOMAIN)


def titles(section):
    return [block.caption if block.kind == "grid" else block.title for block in section.blocks]


def test_the_answer_comes_first_with_its_range_and_its_ground(results):
    assert value(results).lead == (
        "The 10 customers seen so far are expected to bring $550 in the next 365 days (95%: $522 to $594), a year's "
        "waiting discounted by 10%. Repeats by BGNBD."
    )


def test_each_picture_says_what_it_shows(results):
    assert titles(value(results)) == [
        "A user of the first cohort brought $27 by month 3; $30 was to be expected",
        "At risk: 62% of the value to come",
        "The best tenth holds 18% of the value to come",
        "10% more purchases were expected than came",
        "Held out: purchases of one customer, by how many repeats were known before",
        "The customers of the highest value to come",
    ]


def test_the_best_users_are_listed_in_order(results):
    best = value(results).blocks[-1]
    assert list(best.rows[0]) == ["u09", "$100", "$70", "$140", "10", "80%"]
    assert [row[0] for row in best.rows] == USERS[::-1]


def test_without_money_commitments_are_counted(results):
    totals = results.tables["lifetime_totals"]
    place = totals.column_names.index("unit")
    counted = totals.set_column(place, "unit", pa.array(["commitments"] * totals.num_rows))
    told = replace(results, tables={**results.tables, "lifetime_totals": counted}, domain=video.DOMAIN)
    assert "expected to bring 550 views to the end in the next 365 days (95%: 522 to 594)" in value(told).lead
    assert "$" not in " ".join(titles(value(told)))


def test_without_a_holdout_none_is_drawn(results):
    left = {name: table for name, table in results.tables.items() if not name.startswith("value_")}
    assert not [title for title in titles(value(replace(results, tables=left))) if "came" in title]


def test_without_repeats_the_reason_is_told(results):
    section = value(replace(results, tables={}))
    assert section.blocks == ()
    assert section.lead == "Too few customers have come back to tell what they will be worth."
