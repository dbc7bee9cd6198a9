"""Published values of the models of spend and of donations.

Sources: Fader & Hardie (2013), "The Gamma-Gamma Model of Monetary Value", brucehardie.com/notes/025 (CDNOW, 946 repeat
buyers); the log-likelihood is that of CLVTools' test_correctness_gg.R.
"""

from __future__ import annotations

import numpy as np
import pytest
from lifecycle.repeats import cdnow

from tenure.lifecycle.repeats.spend import GammaGamma, independence


@pytest.fixture(scope="module")
def amounts(shared_data):
    table = cdnow.history(shared_data)
    x = table["n_valued"].to_numpy().astype(np.float64)
    return x, table["mean_value"].to_numpy(zero_copy_only=False)


def test_gamma_gamma_on_cdnow(amounts):
    x, mean_value = amounts
    assert int((x > 0).sum()) == 946
    model = GammaGamma.fit(x, mean_value)
    assert (model.p, model.q, model.gamma) == pytest.approx((6.25, 3.74, 15.44), abs=0.006)
    assert model.log_likelihood(x, mean_value) == pytest.approx(-4055.92, abs=0.006)


def test_conditional_means_of_the_first_ten_customers(amounts):
    x, mean_value = amounts
    published = [24.65, 18.91, 35.17, 35.17, 35.17, 71.46, 18.91, 35.17, 27.28, 35.17]
    model = GammaGamma.fit(x, mean_value)
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
