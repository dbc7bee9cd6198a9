from __future__ import annotations

import numpy as np
import pytest

from tenure.errors import ConfigError
from tenure.lifecycle.repeats.history import History


@pytest.mark.parametrize(
    ("x", "t_x", "T", "expected"),
    [
        ([1, -1], [2, 0], [3, 3], "row 1 has x = -1"),
        ([1.5], [2], [3], "x to be a whole number"),
        ([1], [4], [3], "0 <= t_x <= T"),
        ([0], [1], [3], "t_x = 0 for users without repeats"),
        ([2], [0], [3], "t_x = 0 for users without repeats"),
        ([np.nan], [0], [3], "finite numbers"),
        ([1], [1], [np.inf], "finite numbers"),
        ([1, 2], [1], [3], "one row per user"),
    ],
)
def test_impossible_rows_are_refused_by_number(x, t_x, T, expected):
    with pytest.raises(ConfigError, match=expected):
        History(x, t_x, T)


@pytest.mark.parametrize("covariates", [np.zeros((3, 1)), np.zeros(2), np.full((2, 1), np.nan)])
def test_covariates_have_a_finite_row_per_user(covariates):
    with pytest.raises(ConfigError):
        History([0, 1], [0, 1], [2, 2], covariates)


def test_distinct_histories_are_sorted_counted_and_traced_back():
    history = History([1, 0, 1, 0, 1], [2, 0, 2, 0, 1], [9, 9, 9, 9, 9])
    distinct = history.distinct()
    assert distinct.history.x.tolist() == [0, 1, 1]
    assert distinct.history.t_x.tolist() == [0, 1, 2]
    assert distinct.counts.tolist() == [2, 1, 2]
    for name in ("x", "t_x", "T"):
        assert (getattr(distinct.history, name)[distinct.inverse] == getattr(history, name)).all()


def test_covariates_tell_histories_apart():
    history = History([1, 1, 1], [2, 2, 2], [9, 9, 9], [[0], [1], [0]])
    distinct = history.distinct(weights=np.array([0.5, 2, 1]))
    assert distinct.history.covariates.tolist() == [[0], [1]]
    assert distinct.counts.tolist() == [1.5, 2]


def test_no_users_are_a_history_too():
    assert len(History([], [], []).distinct().history) == 0
