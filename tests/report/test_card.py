"""The card names every task, champion and limit, opens no connection, and treats what the log says as hostile."""

from __future__ import annotations

import re

import pyarrow as pa
import pytest
from report import made_up_run
from report.made_up_forecasts import CHAMPIONS
from report.made_up_words import HOSTILE

from tenure.charts.theme import name
from tenure.domains.ecommerce import DOMAIN
from tenure.prediction.groups import GROUPS
from tenure.report.card import FOR, NOT_FOR, Card, card_html, card_markdown, card_sections, fairness
from tenure.report.results import Results
from tenure.report.sections.leaderboard import contests_of, verdict

LIMITS = ["Promotions are not foreseen.", "value:30d: tested at one cut-off only."]
FACTS = {"log": "fingerprint 9f2c", "users": "600", "seed": "0"}
CORRECTION = "The last 6 windows ran above forecast, which lifts this one 8%."
PIPED = "north | east\nof | it"


def group(task, who, gap, *, is_off, amount=False):
    width = 0.05 * (40 if amount else 1)
    observed = 12.0 if amount else 0.3
    return {
        "task": task, "kind": "region_of_user", "group": who, "n_users": 1_234, "observed": observed,
        "forecast": observed + gap, "gap": gap, "low": gap - width, "high": gap + width,
        "auc": None if amount else 0.81, "is_off": is_off,
    }  # fmt: skip


@pytest.fixture(scope="module")
def card():
    rows = [
        group("commit:30d", HOSTILE, 0.1, is_off=True),
        group("commit:30d", PIPED, 0.01, is_off=False),
        group("value:30d", "south", -6.5, is_off=True, amount=True),
        group("commit:90d", "south", 0.0, is_off=False),
    ]
    return Card(
        created="2024-06-01T10:00+00:00",
        as_of="2024-06-01 00:00",
        domain=DOMAIN,
        facts=FACTS,
        tables={**made_up_run.tables(), "groups": pa.Table.from_pylist(rows, schema=GROUPS)},
        corrections={"commit:30d": CORRECTION, "value:30d": ""},
        limits=LIMITS,
    )


@pytest.fixture(scope="module")
def page(card):
    return card_html(card)


@pytest.fixture(scope="module")
def text(card):
    return card_markdown(card)


def without_scripts(html):
    return re.sub(r"<script>.*?</script>", "", html, flags=re.DOTALL)


def section_of(card, task):
    (found,) = [section for section in card_sections(card) if section.short == task]
    return found


def test_every_task_champion_and_limit_is_named_in_both_forms(card, page, text):
    contests = contests_of(Results(tables=card.tables, quality={}, manifest={}, domain=DOMAIN))
    assert set(contests) == set(CHAMPIONS)
    shown = without_scripts(page)
    for form in (shown, text):
        for words in (*contests, *LIMITS, *FACTS, *FACTS.values(), FOR, NOT_FOR, card.as_of, card.created):
            assert words in form
        for task, champion in CHAMPIONS.items():
            assert verdict(contests[task]) in form.replace("&#39;", "'")
            assert f"In use: {name(champion)}" in form
    assert CORRECTION in section_of(card, "commit:30d").lead
    assert [section.short for section in card_sections(card)] == ["About", *contests, "Returns", "Limits"]


def test_who_is_treated_worse_is_said_in_the_lead_and_shown(card, text):
    lead = section_of(card, "commit:30d").lead
    assert lead.endswith(f"Off beyond chance for: region of user {HOSTILE} (too high).")
    assert section_of(card, "value:30d").lead.endswith("Off beyond chance for: region of user south (too low).")
    assert section_of(card, "commit:90d").lead.endswith("In no group of users is it off beyond chance.")
    rows = [line for line in text.splitlines() if line.startswith("| region of user | south")]
    assert any(" | −$6.50 [−$8.50 to −$4.50] |  | yes |" in row for row in rows)
    assert any("| 1,234 | 30.0% | 30.0% | 0% [-5.0% to 5.0%] | 0.810 | no |" in row for row in rows)


def test_several_groups_are_listed():
    rows = [group("t", "a", 0.1, is_off=True), group("t", "b", -0.1, is_off=True), group("t", "c", 0, is_off=False)]
    said = fairness(pa.Table.from_pylist(rows, schema=GROUPS))
    assert said == "Off beyond chance for: region of user a (too high) and region of user b (too low)."


def test_markup_of_the_log_is_text(page, text):
    assert HOSTILE not in page
    assert "&lt;script&gt;alert(" in page
    assert "<" not in text
    assert text.count("&lt;script>alert(") == 2, "in the table and in the lead"


def test_pipes_and_line_breaks_do_not_break_a_markdown_table(text):
    (row,) = [line for line in text.splitlines() if r"north \| east of \| it" in line]
    n_columns = len(re.findall(r"(?<!\\)\|", row)) - 1
    lines = text.splitlines()
    header = lines[next(i for i in range(lines.index(row), 0, -1) if lines[i].startswith("|---")) - 1]
    assert n_columns == header.count("|") - 1 == 8


def test_the_page_needs_nothing_from_outside(page):
    shown = without_scripts(page)
    assert not re.findall(r"<(?:link|img|iframe|script)[^>]+(?:src|href)\s*=\s*[\"'](?!data:)", shown)
    assert "default-src 'none'" in shown
    assert not re.search(r"@import|url\((?!['\"]?data:)", shown)


def test_a_card_without_groups_or_pictures_is_written_too(card):
    tables = {key: card.tables[key] for key in card.tables if key.startswith("prediction_")}
    bare = Card(
        created=card.created, as_of=card.as_of, domain=DOMAIN, facts={}, tables=tables, corrections={}, limits=[]
    )
    assert "beyond chance for" not in card_markdown(bare)
    assert "commit:30d" in without_scripts(card_html(bare))
