"""Each picture shows the numbers of its table, and draws something sensible when there are few or none."""

from __future__ import annotations

import json
import re
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st
from report import made_up_run

from tenure.charts import (
    cohorts,
    flow,
    growth,
    plan,
    prediction,
    quality,
    recommendation,
    rules,
    segments,
    states,
    taste,
    theme,
    timeline,
)
from tenure.lifecycle.states import STATES

TABLES = made_up_run.tables()
HISTORY = TABLES["stage_history"].filter(pc.equal(TABLES["stage_history"]["user_id"], "1001"))
WORDS = {row["feature"]: row["description"] for row in TABLES["features"].to_pylist()}

CHARTS = {
    "stage_sizes": lambda t: flow.stage_sizes(t["stages"]),
    "stage_flow": lambda t: flow.stage_flow(t["transitions"]),
    "growth": lambda t: growth.growth(t["growth"]),
    "activity_states": lambda t: states.activity_states(t["states"]),
    "stickiness": lambda t: states.stickiness(t["stickiness"]),
    "cohort_heatmap": lambda t: cohorts.cohort_heatmap(t["cohorts"]),
    "segment_sizes": lambda t: segments.segment_sizes(t["segments"]),
    "segment_traits": lambda t: segments.segment_traits(t["segment_traits"], t["segments"], WORDS),
    "segment_map": lambda t: segments.segment_map(t["user_segments"], t["segments"]),
    "rule_map": lambda t: rules.rule_map(t["rules"]),
    "reliability": lambda t: prediction.reliability(t["reliability"]),
    "gains": lambda t: prediction.gains(t["lift"], main="trees"),
    "by_strategy": lambda t: recommendation.by_strategy(t["recommendation_metrics"], "ndcg@10"),
    "by_stage": lambda t: recommendation.by_stage(t["recommendation_metrics"], "ndcg@10", ["fused", "popular"]),
    "stake_by_strategy": lambda t: plan.stake_by_strategy(t["strategies"]),
    "risk_and_value": lambda t: plan.risk_and_value(t["plan"]),
    "taste": lambda t: taste.taste(t["taste"].slice(0, 6)),
}


@pytest.mark.parametrize("name", CHARTS)
def test_draws_full_single_and_empty_tables(name):
    for tables in (
        TABLES,
        {key: table.slice(0, 1) for key, table in TABLES.items()},
        {key: table.slice(0, 0) for key, table in TABLES.items()},
    ):
        figure = CHARTS[name](tables)
        drawn = json.loads(figure.to_json())
        assert drawn["layout"]["title"]["text"]
        assert drawn["layout"]["height"] > 0
        assert figure.layout.paper_bgcolor is None, "the ground must show through"
    assert CHARTS[name](TABLES).data


def test_names_from_outside_are_escaped_in_every_chart():
    hostile = {
        key: pa.table(
            {
                name: pa.array([made_up_run.HOSTILE] * table.num_rows)
                if pa.types.is_string(table[name].type)
                else table[name]
                for name in table.column_names
            }
        )
        for key, table in TABLES.items()
    }
    for name in sorted(set(CHARTS) - {"gains", "by_strategy", "by_stage", "taste"}):
        assert "<script" not in CHARTS[name](hostile).to_json(), name


def test_stage_sizes_are_counts_in_the_order_of_a_life():
    figure = flow.stage_sizes(pa.table({"stage": ["churned", "at_risk", "acquired", "churned", "new_word"]}))
    assert list(figure.data[0].y) == ["new word", "churned", "at risk", "acquired"]
    assert list(figure.data[0].x) == [1, 2, 1, 1]
    assert figure.data[0].marker.color[1:] == (theme.GREY, theme.AMBER, theme.SKY)


def test_flow_adds_up_pairs_and_names_the_share_that_stays():
    moves = pa.table(
        {"from_stage": ["a", "a", "b", "a"], "to_stage": ["a", "b", "b", "b"], "n_users": [6, 1, 2, 1], "p": [0.0] * 4}
    )
    figure = flow.stage_flow(moves)
    link, node = figure.data[0].link, figure.data[0].node
    labels = [node.label[i] for i in link.source], [node.label[i] for i in link.target]
    assert sorted(zip(*labels, link.value, strict=True)) == [("a", "a", 6), ("a", "b", 2), ("b", "b", 2)]
    assert figure.layout.title.text.startswith("80% stay")
    assert list(node.customdata) == ["8", "2", "6", "4"]


def test_growth_stacks_active_above_and_dormant_below_zero():
    table = TABLES["growth"]
    figure = growth.growth(table, period="month")
    above = sum(np.array(bar.y) for bar in figure.data[:3])
    assert above.tolist() == table["n_active"].to_pylist()
    assert max(figure.data[3].y) <= 0
    assert figure.data[0].marker.opacity[-1] < figure.data[0].marker.opacity[0] == 1
    assert figure.data[4].y[-1] is None, "the ratio of an unfinished period is not one"
    last = table.to_pylist()[-2]
    gained, lost = last["n_new"] + last["n_resurrecting"], -last["n_dormant"]
    assert f"{gained} came or came back and {lost} fell silent" in figure.layout.title.text


def test_states_pile_up_to_everybody_and_all_have_their_colour():
    figure = states.activity_states(TABLES["states"])
    piled = sum(np.array(trace.y) for trace in figure.data)
    total = TABLES["states"].group_by("period_start").aggregate([("n_users", "sum")]).sort_by("period_start")
    assert piled.tolist() == total["n_users_sum"].to_pylist()
    assert set(STATES) == set(states.STATE_COLOURS)
    assert len(set(states.STATE_COLOURS.values())) == len(STATES)


def test_cohorts_leave_incomplete_cells_blank_and_average_by_size():
    figure = cohorts.cohort_heatmap(TABLES["cohorts"], period="month")
    shown = figure.data[0]
    rows = TABLES["cohorts"].to_pylist()
    kept = [r for r in rows if r["is_complete"] and r["age"] == 3]
    assert shown.z[0][2] == pytest.approx(sum(r["n_retained"] for r in kept) / sum(r["n_users"] for r in kept))
    starts = sorted({r["cohort_start"] for r in rows if r["is_complete"] and r["age"]})
    for start, line in zip(starts, shown.z[1:], strict=True):
        complete = {r["age"]: r["rate"] for r in rows if r["cohort_start"] == start and r["is_complete"]}
        assert list(line) == [complete.get(age) for age in shown.x]
    assert any(value is None for line in shown.z for value in line)


def test_of_many_cohorts_the_largest_are_shown_in_order_of_time():
    days = [made_up_run.AS_OF - timedelta(days=40 - i) for i in range(40)]
    many = pa.table(
        {
            "cohort_start": pa.array(days, pa.timestamp("us")),
            "age": [1] * 40,
            "n_users": list(range(40)),
            "n_retained": [1] * 40,
            "rate": [0.5] * 40,
            "is_complete": [True] * 40,
        }
    )
    shown = cohorts.cohort_heatmap(many, period="day").data[0].y
    sizes = [int(re.findall(r"\((\d+)\)", name)[0]) for name in shown[1:]]
    assert sizes == list(range(40 - cohorts.MOST_COHORTS, 40))


def test_map_is_thinned_but_keeps_every_segment():
    n = 50_000
    rng = np.random.default_rng(0)
    users = pa.table({"segment": rng.integers(0, 5, n), "x": rng.random(n), "y": rng.random(n)})
    figure = segments.segment_map(users, TABLES["segments"])
    assert sum(len(trace.x) for trace in figure.data) <= segments.MOST_POINTS
    assert {trace.name for trace in figure.data} == set(made_up_run.SEGMENTS)


def test_traits_show_where_segments_differ_most():
    traits = pa.table(
        {
            "segment": [0, 1, 0, 1],
            "feature": ["same", "same", "other", "other"],
            "z": [0.1, 0.2, -1.0, 1.0],
            "mean": [1.0] * 4,
            "mean_all": [1.0] * 4,
        }
    )
    shown = segments.segment_traits(traits, TABLES["segments"].slice(0, 2), {"other": "what differs"}).data[0]
    assert list(shown.y) == ["what differs", "same"]


def test_reliability_draws_the_intervals_of_the_table():
    points = prediction.reliability(TABLES["reliability"]).data[1]
    high = np.array(points.y) + np.array(points.error_y.array)
    low = np.array(points.y) - np.array(points.error_y.arrayminus)
    rows = TABLES["reliability"].to_pylist()
    assert high == pytest.approx([max(r["high"], r["observed"]) for r in rows])
    assert low == pytest.approx([min(r["low"], r["observed"]) for r in rows])


def test_gains_start_at_nothing_end_at_all_and_name_the_riskiest_fifth():
    figure = prediction.gains(TABLES["lift"], main="recency")
    assert [trace.name for trace in figure.data] == ["by chance", "recency", "constant", "trees", "stack"]
    for line in figure.data:
        assert (line.x[0], line.y[0]) == (0, 0)
        assert (line.x[-1], line.y[-1]) == pytest.approx((1, 1))
    rows = TABLES["lift"].to_pylist()
    captured = next(r["captured"] for r in rows if r["model"] == "recency" and r["tenth"] == 2)
    assert f"{round(100 * captured)}%" in figure.layout.title.text


def test_strategies_keep_their_stage_row():
    figure = recommendation.by_stage(TABLES["recommendation_metrics"], "ndcg@10", ["fused", "repeats", "popular"])
    for trace in figure.data:
        assert [round(place) for place in trace.y] == list(range(len(made_up_run.STAGES)))


def test_days_of_missing_events_are_marked_and_drawn_as_nothing():
    days = [date(2017, 1, 1) + timedelta(days=i) for i in range(70)]
    daily = [{"day": str(day), "n_events": 10 if i == 30 else 100} for i, day in enumerate(days) if i != 40]
    figure = quality.daily_volume(daily)
    assert list(figure.data[0].y) == [10 if i == 30 else 0 if i == 40 else 100 for i in range(70)]
    assert list(figure.data[1].x) == [days[30], days[40]]
    assert list(figure.data[1].y) == [10, 0]
    assert "2 days" in figure.layout.title.text
    assert len(quality.daily_volume(daily[:29]).data) == 1
    assert len(quality.daily_volume([]).data[0].x) == 0


def test_timeline_adds_up_days_and_covers_the_life_with_stages():
    events = made_up_run.user_events("1001")
    figure = timeline.timeline(events, HISTORY, made_up_run.AS_OF, currency="$", noun="purchase")
    value = pc.sum(events["value"]).as_py()
    assert sum(figure.data[0].y) == pytest.approx(value)
    bands = [trace for trace in figure.data if trace.orientation == "h"]
    ends = [band.base[0] + timedelta(milliseconds=band.x[0]) for band in bands]
    assert ends[-1] == made_up_run.AS_OF
    assert [band.base[0] for band in bands[1:]] == ends[:-1]
    assert all(a.text != b.text for a, b in pairwise(bands)), "equal neighbours are one band"


@pytest.mark.parametrize("n", [0, 1])
def test_timeline_of_hardly_any_events(n):
    events = made_up_run.user_events("1001").slice(0, n)
    figure = timeline.timeline(events, HISTORY.slice(0, n), made_up_run.AS_OF)
    assert json.loads(figure.to_json())["layout"]["height"]


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours. Source: WCAG 2.1, 1.4.3."""

    def luminance(colour):
        channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
        return 0.2126 * r + 0.7152 * g + 0.0722 * b

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize(
    "colour", sorted({*theme.SERIES, *theme.STAGE_COLOURS.values(), *states.STATE_COLOURS.values()})
)
def test_marks_are_seen_on_white_and_on_near_black(colour):
    assert contrast(colour, "#ffffff") >= 2.5
    assert contrast(colour, "#12161c") >= 2.5


def test_text_of_the_report_is_readable_on_its_grounds():
    css = (Path(theme.__file__).parents[1] / "report" / "templates" / "report.css").read_text(encoding="utf-8")
    themes = [dict(re.findall(r"--([a-z]+): (#[0-9a-f]{6});", block)) for block in re.findall(r"\{([^{}]+)\}", css)]
    themes = [colours for colours in themes if "ground" in colours and "ink" in colours]
    assert len(themes) == 3
    for colours in themes:
        for ground in ("ground", "raised"):
            for text in ("ink", "soft", "accent", "pass", "warn", "fail"):
                assert contrast(colours[text], colours[ground]) >= 4.5, (colours, text, ground)


@given(st.text(), st.integers(2, 60))
def test_labels_are_short_and_hold_no_markup(text, width):
    label = theme.label(text, width)
    assert "<" not in label
    assert ">" not in label
    assert len(label.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")) <= width


def test_a_period_is_named_by_its_start():
    shown = cohorts.cohort_heatmap(TABLES["cohorts"], period="week").data[0].y[1]
    assert datetime.strptime(shown.split("  ")[0], "%d %b %y")  # noqa: DTZ007 - the log's times are naive UTC
