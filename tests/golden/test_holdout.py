"""The holdout of the CDNOW sample, as the papers and an independent implementation tell it.

Sources: Fader, Hardie & Lee (2005), Marketing Science 24(2), figure 5 and table 3; totals, MAE and means by number of
repeats were computed with the `lifetimes` package's parameters and a second implementation of equation (10).
"""

from __future__ import annotations

import numpy as np
import pytest
from lifecycle.repeats import cdnow

from tenure.lifecycle.repeats.bgnbd import BGNBD
from tenure.lifecycle.repeats.champion import InnerHoldout, choose, inner_share
from tenure.lifecycle.repeats.history import History
from tenure.lifecycle.repeats.holdout import holdout_scores, holdout_table, tracking_curve
from tenure.lifecycle.repeats.paretonbd import ParetoNBD

BG = BGNBD(r=0.24259, alpha=4.41348, a=0.79296, b=2.42600)
PARETO = ParetoNBD(r=0.553, alpha=10.578, s=0.606, beta=11.669)
WEEKS = 39.0


def known(shared_data, as_of=cdnow.CALIBRATED, days=cdnow.HOLDOUT_DAYS):
    """Histories in weeks, how many purchases followed, and when."""
    users = cdnow.history(shared_data, as_of)
    x, t_x, T = (users[name].to_numpy() for name in ("x", "t_x_days", "T_days"))
    later = cdnow.later(shared_data, as_of, days)
    row = {user: i for i, user in enumerate(users["user_id"].to_pylist())}
    n = np.bincount([row[user] for user in later["user_id"].to_pylist()], minlength=len(row)).astype(np.float64)
    return History(x, t_x / 7, T / 7), n, later["day"].to_numpy() / 7


@pytest.fixture(scope="module")
def holdout(shared_data):
    return known(shared_data)


def test_by_past_count(holdout):
    history, actual, _ = holdout
    table = holdout_table(BG, history, actual, WEEKS)
    assert table["repeats"].to_pylist() == ["0", "1", "2", "3", "4", "5", "6", "7+"]
    published = [0.237, 0.697, 1.393, 1.560, 2.532, 2.947, 3.862, 6.359]
    assert table["actual"].to_numpy() == pytest.approx(published, abs=6e-4)
    ours = [0.225, 0.523, 1.044, 1.520, 2.164, 2.654, 3.504, 6.157]
    assert table["expected"].to_numpy() == pytest.approx(ours, abs=1.1e-3)


@pytest.mark.parametrize(
    ("model", "total", "mae", "rmse", "correlation"),
    [(BG, 1653.4, 0.786, 1.608, 0.626), (PARETO, 1665.5, 0.755, 1.603, 0.630)],
    ids=["BG/NBD", "Pareto/NBD"],
)
def test_scores(holdout, model, total, mae, rmse, correlation):
    history, actual, _ = holdout
    scores = holdout_scores(model, history, actual, WEEKS)
    assert scores["total_actual"] == 1882
    assert scores["total_expected"] == pytest.approx(total, abs=1.5)
    found = (scores["mae"], scores["rmse"], scores["correlation"])
    assert found == pytest.approx((mae, rmse, correlation), abs=1.1e-3)


def test_the_curve_ends_at_the_totals(holdout):
    history, _, times = holdout
    last = tracking_curve(BG, history, times, WEEKS).to_pylist()[-1]
    assert (last["period"], last["cumulative_actual"]) == (39, 1882)
    assert last["cumulative_expected"] == pytest.approx(1653.4, abs=1.5)


def test_the_champion_is_chosen_inside_the_past(shared_data, holdout):
    start = np.datetime64("1997-01-01")
    day = 1 + int(272 * inner_share(WEEKS, WEEKS))
    early = (start + day).astype("datetime64[s]").item()
    history, actual, _ = known(shared_data, early, 273 - day)
    champion = choose(InnerHoldout(history, actual, (273 - day) / 7), holdout[0])
    assert type(champion.model) is BGNBD
    assert champion.candidates["total_actual"][0].as_py() == 1136
