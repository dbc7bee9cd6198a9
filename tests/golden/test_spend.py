"""Published values of the models of spend and of donations.

Sources: Fader & Hardie (2013), "The Gamma-Gamma Model of Monetary Value", brucehardie.com/notes/025 (CDNOW, 946 repeat
buyers); the log-likelihood is that of CLVTools' test_correctness_gg.R. Fader, Hardie & Shang (2010), Marketing Science
29(6) (11,104 donors, one opportunity a year, 1996 to 2001).
"""

from __future__ import annotations

import numpy as np
import pytest
from lifecycle.repeats import cdnow

from tenure.lifecycle.repeats.bgbb import BGBB
from tenure.lifecycle.repeats.fitting import FitConfig
from tenure.lifecycle.repeats.history import History
from tenure.lifecycle.repeats.spend import GammaGamma, independence

# Repeats, the last of them, donors; of six opportunities each.
DONORS = np.array([
    (0, 0, 3464), (1, 1, 1091), (1, 2, 277), (1, 3, 129), (1, 4, 78), (1, 5, 119), (1, 6, 129), (2, 2, 613),
    (2, 3, 255), (2, 4, 155), (2, 5, 173), (2, 6, 234), (3, 3, 322), (3, 4, 181), (3, 5, 225), (3, 6, 357),
    (4, 4, 240), (4, 5, 284), (4, 6, 512), (5, 5, 335), (5, 6, 728), (6, 6, 1203),
], dtype=np.float64)  # fmt: skip


@pytest.fixture(scope="module")
def donors():
    x, t_x, n_users = DONORS.T
    history = History(x, t_x, np.full(len(x), 6.0))
    return history, n_users, BGBB.fit(history, weights=n_users, config=FitConfig(prior=0))


@pytest.fixture(scope="module")
def amounts(shared_data):
    table = cdnow.history(shared_data)
    x = table["n_valued"].to_numpy().astype(np.float64)
    return x, table["mean_value"].to_numpy(zero_copy_only=False)


def test_gamma_gamma_on_cdnow(amounts):
    x, mean_value = amounts
    assert int((x > 0).sum()) == 946
    model = GammaGamma.fit(x, mean_value, config=FitConfig(prior=0))
    assert (model.p, model.q, model.gamma) == pytest.approx((6.25, 3.74, 15.44), abs=0.006)
    assert model.log_likelihood(x, mean_value) == pytest.approx(-4055.92, abs=0.006)


def test_conditional_means_of_the_first_ten_customers(amounts):
    x, mean_value = amounts
    published = [24.65, 18.91, 35.17, 35.17, 35.17, 71.46, 18.91, 35.17, 27.28, 35.17]
    model = GammaGamma.fit(x, mean_value, config=FitConfig(prior=0))
    assert model.expected(x, mean_value)[:10] == pytest.approx(published, abs=0.006)
    assert model.mean == pytest.approx(35.17, abs=0.006)


def test_frequency_and_spend_are_weakly_correlated(amounts):
    """The paper's section 4: a correlation of 0.11 over all, 0.06 without the most frequent buyer."""
    found = independence(*amounts)
    assert found.correlation == pytest.approx(0.11, abs=0.006)
    assert "understate" in found.sentence


def test_the_history_is_that_of_the_papers(shared_data):
    table = cdnow.history(shared_data)
    assert table.num_rows == 2357
    assert table["x"].to_numpy().max() == 29
    assert table["T_days"].to_numpy().max() / 7 == pytest.approx(38.857, abs=1e-3)
    assert cdnow.later(shared_data).num_rows == 1882


def test_bgbb_on_the_donors(donors):
    history, n_users, model = donors
    assert n_users.sum() == 11_104
    found = (model.alpha, model.beta, model.gamma, model.delta)
    assert found == pytest.approx((1.204, 0.750, 0.657, 2.783), abs=1e-3)
    assert n_users @ model.log_likelihood(history) == pytest.approx(-33_225.6, abs=0.06)


def test_bgbb_forecast_of_the_donors(donors):
    history, n_users, model = donors
    some = History([0, 2, 6], [0, 4, 6], [6, 6, 6])
    assert model.p_alive(some) == pytest.approx([0.11, 0.59, 0.93], abs=0.005)
    assert n_users @ model.expected(5, history) == pytest.approx(12_884.2, abs=0.5)
    in_sample = n_users.sum() * model.p_count(np.array([0, 6]), 6)
    assert in_sample == pytest.approx([3454.9, 1253.1], abs=0.1)
