"""Each theme is told by an input that pulls its way, beside what is usual."""

from __future__ import annotations

import numpy as np
import pytest
from prediction.explaining.planted import inputs_of

from tenure.errors import ConfigError
from tenure.prediction.explaining.catalogue import EVENTS, HISTORY, catalogue
from tenure.prediction.explaining.contributions import Contributions
from tenure.prediction.explaining.reasons import REASONS, reasons

KNOWN = catalogue()
NAMES = ("recency_days", "gap_median_days", "n_events_30", "n_events_90", "value_90")
INPUTS = inputs_of([[41.0, 12.0, 0.0, 9.0, np.nan], [2.0, np.nan, 5.0, 8.0, 30.0]], NAMES)
CROWD = inputs_of([[1.0, 5.0, 10.0, 20.0, 100.0], [3.0, 7.0, 20.0, 40.0, np.nan], [9.0, 9.0, 30.0, 50.0, 300.0]], NAMES)
FOUND = Contributions(0.0, np.array([[-1.2, 0.1, 2.0, -2.3, 0.2], [0.0, 0.0, 0.3, 0.1, 0.0]]), NAMES)


def test_themes_are_summed_and_ranked_and_told_by_what_pulls_their_way():
    table = reasons(FOUND, INPUTS, CROWD, KNOWN)
    assert table.schema == REASONS
    rows = [row for row in table.to_pylist() if row["user_id"] == "u0"]
    assert [row["theme"] for row in rows] == ["rhythm", "volume", "money"]
    assert [round(row["contribution"], 9) for row in rows] == [-1.1, -0.3, 0.2]
    # Although n_events_30 is nearly as strong, it pulls against the sum of its theme.
    assert [row["feature"] for row in rows] == ["recency_days", "n_events_90", "value_90"]
    assert [row["usual"] for row in rows] == [3.0, 40.0, 200.0]
    assert rows[0]["own_usual_days"] == 12.0
    assert rows[1]["own_usual_days"] is None
    assert rows[2]["value"] is None


def test_what_moves_nothing_is_not_told_and_few_may_be_asked_for():
    assert reasons(FOUND, INPUTS, CROWD, KNOWN)["user_id"].to_pylist() == ["u0", "u0", "u0", "u1"]
    assert reasons(FOUND, INPUTS, CROWD, KNOWN, n_strongest=1)["theme"].to_pylist() == ["rhythm", "volume"]
    nothing = Contributions(0.0, np.empty((2, 0)), ())
    assert reasons(nothing, INPUTS, CROWD, KNOWN).num_rows == 0


def test_inputs_that_are_no_column_have_no_value():
    found = Contributions(0.0, np.array([[1.0, -2.0], [0.5, 0.0]]), (EVENTS, HISTORY))
    rows = reasons(found, INPUTS, CROWD, KNOWN).to_pylist()
    assert {row["theme"] for row in rows} == {"course", "rhythm"}
    assert all(row["value"] is None and row["usual"] is None for row in rows)


def test_contributions_of_other_users_are_refused():
    with pytest.raises(ConfigError, match="one row of inputs per user"):
        reasons(FOUND, INPUTS.rows(np.array([True, False])), CROWD, KNOWN)
