"""The chance of a commitment and the range of its amount never contradict each other."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tenure.prediction.agreement import agreed
from tenure.prediction.training import Forecast


def forecast(value, low_80, high_80, low_95, high_95):
    return Forecast(*(np.array([float(x)]) for x in (value, low_80, high_80, low_95, high_95)))


def test_a_range_that_ends_at_nothing_ends_at_what_a_commitment_would_bring():
    said = agreed(forecast(3.6, 0, 0, 0, 10), np.array([0.6]))
    assert said.high_80[0] == 6.0
    assert said.high_95[0] == 10.0


def test_a_range_starts_at_nothing_where_nothing_is_likely_enough():
    said = agreed(forecast(30, 5, 60, 2, 90), np.array([0.8]))
    assert (said.low_80[0], said.low_95[0]) == (0.0, 0.0)


def test_what_agrees_stays():
    told = forecast(30, 5, 60, 0, 90)
    said = agreed(told, np.array([0.95]))
    for name in ("value", "low_80", "high_80", "low_95", "high_95"):
        np.testing.assert_array_equal(getattr(said, name), getattr(told, name))
    silent = forecast(0.4, 0, 0, 0, 0)  # one in twenty: ranges of 80 may end at nothing, those of 95 may not
    said = agreed(silent, np.array([0.05]))
    assert said.high_80[0] == 0.0
    assert said.high_95[0] == 8.0


AMOUNTS = st.floats(0, 1e6)


@given(st.lists(AMOUNTS, min_size=5, max_size=5), st.floats(0, 1))
def test_ranges_only_grow_and_stay_nested(numbers, p):
    low_95, low_80, value, high_80, high_95 = sorted(numbers)
    told = forecast(value, low_80, high_80, low_95, high_95)
    said = agreed(told, np.array([p]))
    assert (said.value == told.value).all()
    assert (said.low_80 <= told.low_80).all()
    assert (said.high_80 >= told.high_80).all()
    assert (said.low_95 <= told.low_95).all()
    assert (said.high_95 >= told.high_95).all()
    assert (said.low_95 <= said.low_80).all()
    assert (said.high_80 <= said.high_95).all()
    if p > 0.1 and value > 0:
        assert (said.high_80 > 0).all()
