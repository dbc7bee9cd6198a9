"""Value as pictures: they show the numbers of their table, few or none, and titles that follow from them."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pyarrow as pa
import pytest

from tenure.charts import value

STARTS = [datetime.fromisoformat(f"2017-{month:02d}-01") for month in range(1, 9)]
CURVES = pa.Table.from_pylist(
    [
        {
            "cohort_start": start,
            "age": age,
            "period": "month",
            "n_users": 9,
            "observed": 10.0 * (age + 1) + k if age + k < 8 else None,
            "expected": 9.0 * (age + 1),
        }
        for k, start in enumerate(STARTS)
        for age in range(9 - k)
    ]
)


def test_cohorts_are_solid_where_they_came_and_dashed_where_expected():
    figure = value.cohort_curves(CURVES, currency="$")
    assert figure.layout.title.text == "A user of the first cohort brought $80 by month 8; $72 was to be expected"
    solid, dashed = figure.data[:2]
    assert (solid.line.dash, list(solid.x), list(solid.y)) == (
        "solid",
        list(range(1, 9)),
        [10.0 * age for age in range(1, 9)],
    )
    assert (dashed.line.dash, list(dashed.y)) == ("dash", [9.0 * age for age in range(1, 9)])
    assert solid.line.color == dashed.line.color


def test_of_many_cohorts_five_are_drawn_but_none_that_is_a_point():
    drawn = [trace.name for trace in value.cohort_curves(CURVES).data if trace.showlegend]
    assert drawn == ["Jan 2017", "Feb 2017", "Apr 2017", "May 2017", "Jul 2017"]  # August has lived one month


def totals(*rows):
    names = ("by", "group", "n_users", "expected_value", "low_80", "high_80", "low_95", "high_95")
    return pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in rows])


def test_groups_stand_in_order_with_both_intervals():
    table = totals(
        ("all", "all", 5, 100.0, 90.0, 110.0, 80.0, 120.0),
        ("stage", "at_risk", 2, 75.0, 70.0, 80.0, 60.0, 90.0),
        ("stage", "<b>odd</b>", 3, 25.0, 20.0, 30.0, 10.0, 40.0),
    )
    figure = value.totals(table, by="stage", currency="$")
    assert figure.layout.title.text == "At risk: 75% of the value to come"
    assert list(figure.data[-1].y) == ["<b>odd</b>", "at_risk"]
    assert list(figure.layout.yaxis.ticktext) == ["&lt;b&gt;odd&lt;/b&gt;", "at risk"]
    assert [list(trace.x) for trace in figure.data[:4]] == [[10.0, 40.0], [60.0, 90.0], [20.0, 30.0], [70.0, 80.0]]


def test_equal_users_hold_equal_shares():
    figure = value.concentration(pa.table({"expected_value": [5.0] * 40}))
    assert figure.layout.title.text == "The best tenth holds 10% of the value to come"
    np.testing.assert_allclose(figure.data[1].y, figure.data[1].x)


def test_one_user_can_hold_it_all():
    figure = value.concentration(pa.table({"expected_value": [0.0] * 9 + [7.0]}))
    assert figure.layout.title.text == "The best tenth holds 100% of the value to come"


@pytest.mark.parametrize(
    ("expected", "title"),
    [
        (110.0, "10% more orders were expected than came"),
        (80.0, "20% fewer orders were expected than came"),
        (100.2, "As many orders came as expected"),
    ],
)
def test_the_tracking_curve_ends_in_its_title(expected, title):
    table = pa.table({"end_days": [7.0, 14.0], "cumulative_actual": [60, 100], "cumulative_expected": [50.0, expected]})
    figure = value.tracking(table, what="orders")
    assert figure.layout.title.text == title
    assert [list(trace.y) for trace in figure.data] == [[0, 60, 100], [0, 50, expected]]


def test_nothing_is_drawn_as_nothing():
    assert len(value.cohort_curves(CURVES.slice(0, 0)).data) == 0
    assert value.totals(totals(), by="stage").layout.title.text == "No value is expected"
    nobody = pa.table({"expected_value": pa.array([], pa.float64())})
    assert value.concentration(nobody).layout.title.text == "The best tenth holds 0% of the value to come"
    empty = pa.table({"end_days": [7.0], "cumulative_actual": [0], "cumulative_expected": [0.5]})
    assert value.tracking(empty, what="orders").layout.title.text == "No orders came to compare with"
