"""The report tells what the tables say, survives missing ones, and treats ids and titles as hostile."""

from __future__ import annotations

import json
from dataclasses import replace
from html.parser import HTMLParser

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from report import made_up_run

from tenure.domains.ecommerce import DOMAIN
from tenure.report import Results, Story, build_report
from tenure.report.build import SECTIONS
from tenure.report.sections.evidence import gain_grid, metric_grid
from tenure.report.sections.forecast import forecast
from tenure.report.sections.glance import glance
from tenure.report.sections.lives import lives
from tenure.report.sections.people import rules

VOID = {"meta", "link", "br", "img", "input", "hr"}


class Page(HTMLParser):
    """The page as a reader's machine sees it: elements in order, ids, text outside scripts and styles."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.opened: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.opened.append(tag)
        if tag == "script":
            self.scripts.append((dict(attrs), ""))

    def handle_endtag(self, tag):
        assert self.opened.pop() == tag

    def handle_data(self, data):
        if self.opened and self.opened[-1] == "script":
            attributes, body = self.scripts.pop()
            self.scripts.append((attributes, body + data))
        elif not self.opened or self.opened[-1] != "style":
            self.text.append(data)

    @property
    def specs(self):
        return [json.loads(body) for attributes, body in self.scripts if attributes.get("type") == "application/json"]

    def count(self, tag):
        return sum(name == tag for name, _ in self.elements)


@pytest.fixture(scope="module")
def results() -> Results:
    stories = [
        Story(user_id=who, title=title, text="First.\n\nSecond.", events=made_up_run.user_events(who))
        for who, title in ((made_up_run.HOSTILE, "A loyal regular"), ("1001", "Slipping away"))
    ]
    return Results(
        tables=made_up_run.tables(),
        quality=made_up_run.quality(),
        manifest=made_up_run.manifest(),
        domain=DOMAIN,
        stories=stories,
    )


@pytest.fixture(scope="module")
def html(results: Results) -> str:
    return build_report(results)


@pytest.fixture(scope="module")
def page(html: str) -> Page:
    return Page(html)


def test_page_is_well_formed_and_complete(page: Page, results: Results):
    assert page.opened == []
    ids = [attributes["id"] for _, attributes in page.elements if attributes.get("id")]
    assert len(ids) == len(set(ids))
    assert {section(results).id for section in SECTIONS} | {"lives", "method"} <= set(ids)
    for tag, attributes in page.elements:
        if tag == "a":
            assert str(attributes["href"]).removeprefix("#") in ids, "a link leads nowhere"


def test_page_needs_nothing_from_outside(html: str, page: Page):
    for tag, attributes in page.elements:
        assert not ({"src", "srcset", "action"} & set(attributes)), tag
        assert str(attributes.get("href", "#")).startswith(("#", "data:"))
    policies = [a["content"] for tag, a in page.elements if tag == "meta" and a.get("http-equiv")]
    assert policies
    assert str(policies[0]).startswith("default-src 'none'")
    assert len(html) < 8e6


def test_page_is_accessible(page: Page):
    assert page.count("h1") == 1
    assert page.count("table") == page.count("caption") > 5
    for tag, attributes in page.elements:
        if tag == "th":
            assert attributes.get("scope") in {"col", "row"}
        if tag == "div" and "chart" in str(attributes.get("class")).split():
            assert attributes["role"] == "img"
            assert attributes["aria-label"]
        if tag == "html":
            assert attributes["lang"] == "en"


def test_hostile_names_are_text_everywhere(html: str, page: Page):
    assert html.count("<script>alert") == 0
    shown = "".join(page.text)
    assert shown.count(made_up_run.HOSTILE) >= 4  # data quality, a rule, a user, an item
    # Plotly reads markup in labels, so there the name must arrive escaped once more.
    labels = [label for spec in page.specs for trace in spec["data"] for label in (trace.get("y") or [])]
    assert "&lt;script&gt;alert('x')&lt;/script&gt;" in labels
    assert made_up_run.HOSTILE not in json.dumps(page.specs)


def test_every_chart_holds_marks(page: Page):
    assert len(page.specs) >= 20
    assert all(spec["data"] for spec in page.specs)
    assert all("title" not in spec["layout"] or not spec["layout"]["title"].get("text") for spec in page.specs)


def test_page_does_not_depend_on_the_order_of_rows(results: Results):
    keep_order = {
        "recommendation_metrics",
        "prediction_metrics",
        "prediction_choice",
        "taste",
    }  # their order is part of what they say
    turned = {
        name: table if name in keep_order else table.take(list(range(table.num_rows))[::-1])
        for name, table in results.tables.items()
    }
    for part in ("stages", "growth", "activity", "cohorts", "segments"):
        section = next(s for s in SECTIONS if s(results).id == part)
        assert section(replace(results, tables=turned)).lead == section(results).lead
    assert glance(replace(results, tables=turned)) == glance(results)


class Asked(dict):
    """Tables that remember which of them were asked for."""

    def __init__(self, tables):
        super().__init__(tables)
        self.names: set[str] = set()

    def get(self, name, default=None):
        self.names.add(name)
        return super().get(name, default)


def test_any_table_may_be_missing(results: Results):
    tables, tried = made_up_run.tables(30), set()
    for part in (*SECTIONS, glance, lives):
        asked = Asked(tables)
        part(replace(results, tables=asked))
        for name in asked.names:
            part(replace(results, tables={k: v for k, v in tables.items() if k != name}))
        tried |= asked.names
    assert tried == set(tables)


def test_a_run_of_nothing_says_so(results: Results):
    bare = Results(tables={}, quality={}, manifest={"as_of": "2017-12-01"}, domain=DOMAIN)
    page = Page(build_report(bare))
    assert page.specs == []
    for section in SECTIONS:
        found = section(bare)
        assert found.blocks == ()
        assert found.lead.endswith(".")
    assert "no products" in "".join(page.text)


@pytest.mark.parametrize("n_users", [0, 1, 2])
def test_few_users(n_users: int):
    few = Results(
        tables=made_up_run.tables(n_users),
        quality=made_up_run.quality(n_days=n_users),
        manifest=made_up_run.manifest(),
        domain=DOMAIN,
    )
    assert Page(build_report(few)).opened == []


def test_headline_adds_up():
    tables = {
        "stages": pa.table({"user_id": ["a", "b", "c", "d"], "stage": ["at_risk", "retained", "retained", "churned"]}),
        "predictions": pa.table({"user_id": ["a", "b"], "p_commit": [0.2, 0.6]}),
        "plan": pa.table({"stake": [30.0, 10.0], "cost": [2.0, 1.0], "is_selected": [True, False]}),
    }
    results = Results(tables=tables, quality={}, manifest={"as_of": "2017-12-01"}, domain=DOMAIN)
    text = " ".join(str(sentence) for sentence in glance(results).sentences)
    assert "<strong>4 customers</strong>: 50% are here, <strong>25% are at risk</strong> of leaving, 25% have" in text
    assert "<strong>40%</strong> are expected to buy within 30 days" in text
    assert "<strong>$40</strong>" in text
    assert "addresses 1 customer, who hold 75% of it, at a cost of $2.00" in text


def test_who_won_is_said_first_and_by_how_much(results: Results):
    lead = forecast(results).lead
    assert "In use: trees, better beyond chance than 2 of 3 others (not proven against stack) on later time" in lead
    assert "its log-loss is 33% below that of constant" in lead
    assert "It ranks 89% of pairs of a leaver and a stayer right; its chances are 1.2 percentage points off" in lead


def test_the_leaderboard_has_the_best_first_and_marks_the_one_in_use(results: Results):
    board = next(b for b in forecast(results).blocks if b.kind == "grid")
    assert board.caption == (
        "Which model knows best whether they buy within 30 days? (all seen, 1,800 forecasts of later time)"
    )
    assert [column.title for column in board.columns[:2]] == ["model", "log-loss ↓"]
    assert [row[0] for row in board.rows] == ["stack", "trees\u00a0★", "recency", "constant"]
    assert [row[1].text for row in board.rows] == ["0.300", "0.301", "0.342", "0.450"]
    assert [row[-1] for row in board.rows] == ["not proven", "", "yes", "yes"]
    assert board.rows[2][-2] == ("−0.0410", "−0.0530 to −0.0290")
    assert (
        "of four models from simple to intricate, each took over that beat the best so far beyond chance: constant → "
        "recency → trees." in board.note
    )


def test_details_of_the_contest_are_folded(results: Results):
    folded = [b for b in forecast(results).blocks if b.kind == "grid" and b.is_folded]
    other, by_cutoff, differences, ranges = folded
    assert [cell.text for _, cell, *_ in ranges.rows] == ["79.0%", "94.0%"]
    assert "(active in the last 90 days, " in other.caption
    assert by_cutoff.caption == "Log-loss ↓ at each test cut-off"
    assert [column.title for column in by_cutoff.columns] == ["model", "2 Sep 2017", "2 Oct 2017", "1 Nov 2017"]
    assert list(by_cutoff.rows[1]) == ["trees", "0.331", "0.321", "0.311"]
    assert len(differences.rows) == 2 * 6 * 3


def test_a_model_that_is_beaten_on_later_time_says_so(results: Results):
    gains = results.tables["prediction_gains"]
    turned = gains.set_column(gains.column_names.index("low"), "low", pc.abs(gains["low"]))
    turned = turned.set_column(gains.column_names.index("difference"), "difference", pc.abs(gains["difference"]))
    turned = turned.set_column(gains.column_names.index("high"), "high", pa.array([9.0] * gains.num_rows))
    section = forecast(replace(results, tables={**results.tables, "prediction_gains": turned}))
    assert (
        "better beyond chance than none of 3 others (stack, recency and constant were better than it)" in section.lead
    )
    board = next(b for b in section.blocks if b.kind == "grid")
    assert board.rows[0][-1] == "yes, it beats ★"


def test_amounts_and_other_tasks_have_their_own_grids(results: Results):
    *_, value, _, others = [b for b in forecast(results).blocks if b.kind == "grid"]
    assert value.caption.startswith("Which model knows best what they bring within 30 days?")
    assert [row[0] for row in value.rows] == ["hurdle\u00a0★", "constant"]
    assert [value.rows[0][1].text, value.rows[1][-2].text] == ["$120", "−$70"]
    (row,) = others.rows
    assert row[:4] == ["commit:90d", "they buy within 90 days", "constant", "log-loss ↓"]
    assert row[-2:] == ["", ""], "the simplest is no better than itself"


def test_metrics_become_a_grid():
    rows = [
        {"model": "a", "metric": "auc", "value": 0.5, "low": 0.4, "high": 0.6},
        {"model": "b", "metric": "auc", "value": 0.25, "low": None, "high": None},
        {"model": "b", "metric": "ece", "value": None, "low": None, "high": None},
    ]
    grid = metric_grid(rows, subject="model", caption="")
    assert [column.title for column in grid.columns] == ["model", "AUC", "calibration error ↓"]
    assert [tuple(row) for row in grid.rows] == [("a", ("0.500", "0.400 to 0.600"), ""), ("b", "0.250", "")]


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [(0.1, 0.3, "yes"), (-0.3, -0.1, "yes"), (-0.1, 0.1, "not proven"), (None, None, "not proven")],
)
def test_a_gain_is_proven_when_its_interval_excludes_zero(low, high, verdict):
    row = {"baseline": "x", "slice": "all", "metric": "auc", "difference": 0.2, "low": low, "high": high}
    assert gain_grid([row], where="slice", caption="").rows[0][-1] == verdict


def test_item_rules_are_told_by_title_and_by_id_where_titles_are_the_same(results: Results):
    columns = {"support": 0.1, "confidence": 0.5, "lift": 2.0, "leverage": 0.01, "n_baskets": 9}
    said = [("item", "1 + 2", "3"), ("item", "3", "1 + 2"), ("item", "1", "4"), ("category", "1", "2")]
    table = pa.Table.from_pylist([{"level": a, "antecedent": b, "consequent": c, **columns} for a, b, c in said])
    items = pa.table({"item_id": ["1", "2", "3", "4"], "title": ["Milk", "Bread", None, "Milk"]})
    by_item, by_category, _ = rules(replace(results, tables={"rules": table, "items": items})).blocks
    assert [row[:2] for row in by_item.rows] == [["Milk + Bread", "3"], ["Milk (1)", "Milk (4)"]]
    assert [row[:2] for row in by_category.rows] == [["1", "2"]]


def test_what_moved_a_forecast_is_said_with_its_value(results: Results):
    story = replace(results.stories[1], events=results.stories[1].events.slice(0, 0))
    (told,) = lives(
        replace(results, tables={"reasons": results.tables["reasons"]}, stories=[story]),
    )
    (why,) = told.blocks
    ticks = [tick.replace("<br>", " ") for tick in json.loads(why.spec)["layout"]["yaxis"]["ticktext"]]
    assert sorted(ticks) == [
        "<b>activity</b> 2 activities in the last 30 days (usual: 20)",
        "<b>money</b> value of the last 90 days, net of reversals: not known (usual: $120)",
        "<b>rhythm</b> silent for 41 days, against a usual pause of 12 days",
    ]
