"""Pictures of explanations show the numbers of their tables, and something sensible when there are few or none."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from tenure.charts import dependence, forecasts
from tenure.prediction.explaining.catalogue import THEMES
from tenure.prediction.explaining.dependence import DEPENDENCE
from tenure.prediction.explaining.importance import IMPORTANCE

REASONS = pa.table({"theme": ["rhythm", "money", "trend"], "contribution": [1.2, -0.4, 0.05], "unit": ["log-odds"] * 3})
PHRASES = {"rhythm": "silent for <41> days", "money": "value: $3", "trend": "up"}
RANKED = pa.Table.from_pylist(
    [
        {"level": level, "name": name, "theme": theme, "importance": size, "low": low, "high": size + 0.1, "rank": rank,
         "rank_low": rank, "rank_high": rank + 1}
        for level, name, theme, size, low, rank in (
            ("theme", "rhythm", "rhythm", 0.3, 0.2, 1), ("theme", "money", "money", 0.1, -0.1, 2),
            ("input", "recency_days", "rhythm", 0.2, 0.1, 1),
        )
    ],
    schema=IMPORTANCE,
)  # fmt: skip
CURVE = pa.Table.from_pylist(
    [
        {"feature": "value_90", "value": float(v), "partial": 0.3, "local": p, "low": p - 0.01, "high": p + 0.01,
         "n_users": n} for v, p, n in ((0, 0.2, 50), (10, 0.35, 100), (1000, 0.4, 0))
    ],
    schema=DEPENDENCE,
)  # fmt: skip


def test_why_draws_each_theme_with_its_phrase_the_strongest_on_top():
    figure = forecasts.why(REASONS, THEMES, PHRASES, event="they buy")
    (bars,) = figure.data
    assert list(bars.x) == [0.05, -0.4, 1.2]
    assert list(bars.text) == ["+0.05", "−0.40", "+1.20"]
    assert "&lt;41&gt;" in figure.layout.yaxis.ticktext[-1]
    assert "<41>" not in figure.to_json()
    low, high = figure.layout.xaxis.range
    assert low < -0.4 < 1.2 < high


def test_why_of_an_amount_says_money_and_of_nothing_draws_nothing():
    money = REASONS.set_column(2, "unit", pa.array(["amount"] * 3))
    assert forecasts.why(money, THEMES, PHRASES, event="what they bring", currency="$").data[0].text[-1] == "+$1.20"
    assert not len(forecasts.why(REASONS.slice(0, 0), THEMES, PHRASES, event="they buy").data[0].x)


def test_importance_draws_intervals_and_pales_what_may_be_nothing():
    figure = forecasts.importance(RANKED, THEMES, what="loss added without it")
    (bars,) = figure.data
    assert list(bars.x) == [0.1, 0.3]
    np.testing.assert_allclose(bars.error_x.arrayminus, [0.2, 0.1])
    assert bars.marker.color[0] != bars.marker.color[1]
    assert figure.layout.title.text == "Rhythm matters most"
    inputs = forecasts.importance(RANKED, {"recency_days": "days since"}, level="input", what="mean effect")
    assert list(inputs.layout.yaxis.ticktext) == ["days since"]
    assert forecasts.importance(RANKED.slice(0, 0), THEMES, what="loss").layout.title.text == "Nothing to compare"


@pytest.mark.parametrize("scaling", ["log", "linear", "share"])
def test_a_curve_shows_both_lines_and_where_the_users_are(scaling):
    figure = dependence.dependence(CURVE, "value_90", "value <of> 90 days", scaling=scaling)
    _, partial, local, users = figure.data
    assert list(partial.y) == [0.3] * 3
    assert list(local.y) == [0.2, 0.35, 0.4]
    np.testing.assert_allclose(np.array(users.y) * np.array(users.width), [50, 100])
    np.testing.assert_allclose(local.x, np.log1p([0, 10, 1000]) if scaling == "log" else [0, 10, 1000])
    assert figure.layout.title.text == "Rises from 20% to 40%"
    assert "<of>" not in figure.to_json()
    low, high = figure.layout.yaxis.range
    assert low <= 0.19
    assert high >= 0.41


def test_a_flat_curve_looks_flat_and_no_curve_says_so():
    flat = CURVE.set_column(3, "local", pa.array([0.30, 0.301, 0.302]))
    figure = dependence.dependence(flat, "value_90", "value", scaling="log")
    assert np.diff(figure.layout.yaxis.range)[0] >= dependence.LEAST_SPAN
    assert dependence.dependence(CURVE, "x", "x", scaling="log").layout.title.text == "This input has one value only"
    amount = dependence.dependence(CURVE, "value_90", "value", scaling="log", currency="$")
    assert amount.layout.title.text == "Rises from $0.20 to $0.40"
