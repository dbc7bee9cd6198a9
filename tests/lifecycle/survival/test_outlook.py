"""What the model says of users, as tables."""

from __future__ import annotations

import numpy as np
import pytest
from lifecycle.survival.worlds import constant_hazards, late_hazards

from tenure.errors import ConfigError
from tenure.lifecycle.survival.hazard import ReturnModel
from tenure.lifecycle.survival.outlook import return_outlook, user_curve

WORLD = constant_hazards(1_000, seed=1)
MODEL = ReturnModel.fit(WORLD.X, WORLD.days, WORLD.returned)
NAMES = [str(i) for i in range(1_000)]


def test_one_row_per_user_in_order():
    table = return_outlook(MODEL, NAMES, WORLD.X)
    assert table.column_names == [
        "user_id", "p_return_7", "p_return_30", "p_return_90", "median_days",
        "low_80_days", "high_80_days", "low_95_days", "high_95_days",
    ]  # fmt: skip
    assert table["user_id"].to_pylist() == NAMES
    np.testing.assert_allclose(table["p_return_7"].to_numpy(), MODEL.curve(WORLD.X, np.array([7.0]))[:, 0])
    assert table["p_return_90"].null_count == 1_000  # nobody was watched that long
    rows = table.to_pylist()
    for row in rows:
        days = [row[f"{name}_days"] for name in ("low_95", "low_80", "median", "high_80", "high_95")]
        known = [day for day in days if day is not None]
        assert days[: len(known)] == sorted(known)
        assert all(day <= MODEL.observed_days for day in known)
    assert 0 < table["high_95_days"].null_count < 1_000


def test_a_users_curve_has_its_band():
    world = late_hazards(500, seed=1)
    model = ReturnModel.fit(world.X, world.days, world.returned, rhythm=world.rhythm)
    table = user_curve(model, world.X[0], world.rhythm[:1])
    assert table["day"].to_pylist() == list(range(61))
    p, low, high = (table[name].to_numpy() for name in ("p_returned", "low", "high"))
    assert (p[0], low[0], high[0]) == (0, 0, 0)
    assert np.all((low < p) == (table["day"].to_numpy() > 0))
    assert np.all((p < high) == (table["day"].to_numpy() > 0))
    assert high.max() < 1
    error = model.standard_error(world.X[:1], np.array([10.0]), world.rhythm[:1])[0, 0]
    assert (high[10] - low[10]) / 2 == pytest.approx(1.96 * error, rel=0.1)
    narrow = user_curve(model, world.X[0], world.rhythm[:1], days=np.array([10.0]), level=0.5)
    assert narrow["high"][0].as_py() - narrow["low"][0].as_py() == pytest.approx(2 * 0.674 * error, rel=0.1)


def test_a_return_as_good_as_certain_has_no_band():
    eager = np.zeros(WORLD.X.shape[1])
    usual, more = (MODEL.curve(x, np.array([7.0]))[0, 0] for x in (eager[None, :], np.eye(1, len(eager))))
    eager[0] = 50.0 if more > usual else -50.0
    (row,) = user_curve(MODEL, eager, days=np.array([30.0])).to_pylist()
    assert row == {"day": 30.0, "p_returned": 1.0, "low": 1.0, "high": 1.0}


def test_names_and_rows_belong_together():
    with pytest.raises(ConfigError, match="one user id per row"):
        return_outlook(MODEL, NAMES[:3], WORLD.X)
