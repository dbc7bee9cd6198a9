"""Whatever is changed in a repeat history, somebody could have it, and the change stands."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tenure.lifecycle.repeats.history import History
from tenure.prediction.explaining.histories import possible

NAMES = ("x", "t_x_days", "T_days")
days = st.floats(1.0, 1000.0)


@given(st.integers(0, 20), st.floats(0.0, 1.0), days, st.sampled_from(NAMES), st.floats(0.0, 1000.0))
def test_a_changed_history_stays_possible(x, share, T, name, value):
    t_x = T * max(share, 0.01) if x else 0.0
    row = np.array([[float(x), t_x, T]])
    value = float(round(value)) if name == "x" else value
    row[0, NAMES.index(name)] = value
    mended = possible(row, NAMES, {name})
    History(*mended.T)  # refuses what nobody can have
    if name != "x" or mended[0, 2] > 0:
        assert mended[0, NAMES.index(name)] == value


def test_a_possible_history_and_inputs_without_one_are_left_alone():
    row = np.array([[3.0, 60.0, 80.0]])
    assert possible(row, NAMES, {"x"}).tolist() == row.tolist()
    unknown = np.array([[np.nan, np.nan, np.nan]])
    assert np.isnan(possible(unknown, NAMES, {"x"})).all()
    assert possible(row, ("x", "a", "b"), {"x"}) is row
