"""Every state is asked for once, and read from the place that its number of steps alone decides."""

from __future__ import annotations

import numpy as np
import pytest

from tenure.sequence.windows import all_windows, newest, window_start


@pytest.mark.parametrize("window", [1, 2, 5, 8])
def test_every_state_of_every_sequence_is_asked_for_once_as_at_its_time(window):
    n_steps = np.array([0, 1, 3, 8, 9, 13, 40])
    found = all_windows(n_steps, window)
    asked = []
    for row, start, end, first in zip(found.rows, found.starts, found.ends, found.first_asked, strict=True):
        states = range(first, end + 1)
        asked += [(row, n) for n in states]
        assert (window_start(np.array(list(states)), window) == start).all()
    assert sorted(asked) == [(row, n) for row, steps in enumerate(n_steps) for n in range(steps + 1)]


def test_the_newest_window_holds_more_than_half_of_its_length():
    n_steps = np.arange(100)
    found = newest(n_steps, 16)
    lengths = found.ends - found.starts
    assert (lengths[:17] == n_steps[:17]).all()
    assert (lengths[17:] > 8).all()
    assert (lengths <= 16).all()
