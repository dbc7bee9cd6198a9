"""Return curves as pictures: they show the numbers of their table, few or none."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from tenure.charts import theme
from tenure.charts.survival import return_calibration, return_curves, user_return

CURVES = pa.table(
    {
        "group": ["retained"] * 3 + ["<b>odd</b>"] * 2,
        "n_users": [900] * 3 + [10] * 2,
        "day": [0.0, 1.0, 2.0, 0.0, 2.0],
        "p_returned": [0.0, 0.4, 0.7, 0.0, 1.0],
        "low": [0.0, 0.35, 0.65, 0.0, None],
        "high": [0.0, 0.45, 0.75, 0.0, None],
    }
)
DAYS = np.arange(0.0, 31)
CURVE = pa.table({"day": DAYS, "p_returned": 1 - 0.9**DAYS, "low": 1 - 0.92**DAYS, "high": 1 - 0.87**DAYS})


def test_each_group_has_a_line_and_a_band():
    figure = return_curves(CURVES)
    lines = [trace for trace in figure.data if trace.name]
    assert [(line.name, list(line.y)) for line in lines] == [
        ("retained", [0.0, 0.4, 0.7]),
        ("&lt;b&gt;odd&lt;/b&gt;", [0.0, 1.0]),
    ]
    assert lines[0].line.color == theme.STAGE_COLOURS["retained"]
    bands = [trace for trace in figure.data if trace.fill == "toself"]
    assert list(bands[0].y) == [0.0, 0.35, 0.65, 0.75, 0.45, 0.0]
    assert list(bands[1].x) == [0.0, 0.0]  # the last step has no interval
    assert figure.layout.title.text == "Half of retained is back by day 2"


def test_the_axis_can_end_early():
    figure = return_curves(CURVES, until_days=1)
    assert max(max(trace.x, default=0) for trace in figure.data) == 1
    assert figure.layout.title.text == "No group is half back within the time shown"


def test_no_group_at_all_is_drawn_as_nothing():
    assert len(return_curves(CURVES.slice(0, 0)).data) == 0
    assert len(user_return(CURVE.slice(0, 0), median_days=None, low_days=None, high_days=None).data) == 2


def test_one_user_with_what_is_likely():
    figure = user_return(CURVE, median_days=6.6, low_days=1.0, high_days=21.9)
    band, line, interval, middle = figure.data
    np.testing.assert_allclose(line.y, CURVE["p_returned"].to_numpy())
    np.testing.assert_allclose(band.y[:31], CURVE["low"].to_numpy())
    assert list(interval.x) == [1.0, 21.9]
    assert list(middle.x) == [6.6]
    assert figure.layout.title.text == "As likely as not back by day 7"
    assert "between day 1 and day 22" in interval.hovertemplate


@pytest.mark.parametrize("median_days", [None, 45.0])
def test_what_lies_beyond_the_picture_is_said(median_days):
    figure = user_return(CURVE, median_days=median_days, low_days=2.0, high_days=None)
    assert [list(trace.x) for trace in figure.data[2:]] == [[2.0, 30.0]]
    assert figure.layout.title.text == "More likely than not still away on day 30"
    assert "later than day 30" in figure.data[2].hovertemplate


def test_said_and_seen_are_drawn_by_horizon():
    bins = pa.table(
        {
            "horizon_days": [7, 7, 30],
            "n_users": [10, 12, 22],
            "predicted": [0.2, 0.6, 0.9],
            "observed": [0.1, None, 1.0],
            "low": [0.05, None, None],
            "high": [0.3, None, None],
        }
    )
    points = {trace.name: trace for trace in return_calibration(bins).data if trace.name}
    assert set(points) == {"within 7 days", "within 30 days"}
    week, month = points.values()
    assert (list(week.x), list(week.y)) == ([0.2], [0.1])  # of the other bin nobody was watched that long
    np.testing.assert_allclose([*week.error_y.array, *week.error_y.arrayminus], [0.2, 0.05])
    assert list(month.error_y.array) == [0]  # everybody was back: no interval
    assert len(return_calibration(bins.slice(0, 0)).data) == 1
