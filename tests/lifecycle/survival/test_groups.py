"""Return curves of groups, as tables."""

from __future__ import annotations

import numpy as np
import pytest

from tenure.errors import ConfigError, EvidenceError
from tenure.lifecycle.survival.groups import CURVES, return_curves, return_times

GROUP = ["new", "new", "new", "old", "old"]
DAYS = np.array([1.0, 2.5, 6.0, 3.0, 10.0])
RETURNED = np.array([True, True, False, True, True])


def test_each_group_has_its_staircase():
    table = return_curves(GROUP, DAYS, RETURNED)
    assert table.schema == CURVES
    rows = table.to_pylist()
    new = {row["day"]: row["p_returned"] for row in rows if row["group"] == "new"}
    assert new == pytest.approx({0: 0, 1: 1 / 3, 2: 1 / 3, 3: 2 / 3, 4: 2 / 3, 5: 2 / 3, 6: 2 / 3})
    old = [row for row in rows if row["group"] == "old"]
    assert [row["day"] for row in old] == list(range(11))
    assert (old[0]["p_returned"], old[3]["p_returned"], old[-1]["p_returned"]) == (0.0, 0.5, 1.0)
    assert {row["n_users"] for row in old} == {2}
    assert (old[-1]["low"], old[-1]["high"]) == (None, None)
    assert all(row["low"] <= row["p_returned"] <= row["high"] for row in rows if row["low"] is not None)


def test_halves_and_horizons():
    rows = return_times(GROUP, DAYS, RETURNED, horizons_days=(2, 8)).to_pylist()
    assert rows == [
        {
            "group": "new",
            "n_users": 3,
            "n_returned": 2,
            "p_return_2": pytest.approx(1 / 3),
            "p_return_8": None,
            "median_days": 2.5,
        },
        {"group": "old", "n_users": 2, "n_returned": 2, "p_return_2": 0.0, "p_return_8": 0.5, "median_days": 3.0},
    ]
    never = return_times(["a"], np.array([5.0]), np.array([False])).to_pylist()[0]
    assert (never["median_days"], never["n_returned"], never["p_return_7"]) == (None, 0, None)


def test_nobody_and_missing_groups_are_refused():
    with pytest.raises(EvidenceError, match="at least one user"):
        return_curves([], np.array([]), np.array([], bool))
    for table_of in (return_curves, return_times):
        with pytest.raises(ConfigError, match="one group per spell"):
            table_of(["a"], DAYS, RETURNED)
