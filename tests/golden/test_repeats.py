"""Published values of the counting models, to the digits published.

Sources: Fader, Hardie & Lee (2005), the BG/NBD paper, which has Pareto/NBD beside it; CLVTools' correctness tests
(standard errors, point checks); the test suites of lifetimes (MBG/NBD) and pymc-marketing (long histories).
Data: the CDNOW sample, 2,357 customers, 39 weeks, one transaction a day.
"""

from __future__ import annotations

import numpy as np
import pytest

from tenure.lifecycle.repeats.bgnbd import BGNBD
from tenure.lifecycle.repeats.fitting import FitConfig
from tenure.lifecycle.repeats.history import History
from tenure.lifecycle.repeats.mbgnbd import MBGNBD
from tenure.lifecycle.repeats.paretonbd import ParetoNBD

PURE = FitConfig(prior=0)
CDNOW_END = np.datetime64("1997-09-30")


@pytest.fixture(scope="module")
def cdnow(shared_data):
    table = np.loadtxt(shared_data / "cdnow" / "CDNOW_sample.txt", usecols=(1, 2), dtype=str)
    days = np.array([f"{day[:4]}-{day[4:6]}-{day[6:]}" for day in table[:, 1]], dtype="datetime64[D]")
    ages = (CDNOW_END - days).astype(int)
    visits = np.unique(np.stack([table[:, 0].astype(int), -ages], axis=1)[ages >= 0], axis=0)
    users, first, n = np.unique(visits[:, 0], return_index=True, return_counts=True)
    assert len(users) == 2357
    day = visits[:, 1]
    return History(n - 1, (day[first + n - 1] - day[first]) / 7, -day[first] / 7)


@pytest.mark.parametrize(
    ("model", "parameters", "log_likelihood", "within"),
    [
        (BGNBD, {"r": 0.2425945, "alpha": 4.4136019, "a": 0.7929199, "b": 2.4258881}, -9582.429, 1e-3),
        (MBGNBD, {"r": 0.525, "alpha": 6.183, "a": 0.891, "b": 1.614}, None, 1e-3),
        (ParetoNBD, {"r": 0.553, "alpha": 10.578, "s": 0.606, "beta": 11.669}, -9594.976, 1e-3),
    ],
)
def test_parameters_of_the_cdnow_sample(cdnow, model, parameters, log_likelihood, within):
    fitted = model.fit(cdnow, config=PURE)
    for name, published in parameters.items():
        assert getattr(fitted, name) == pytest.approx(published, abs=within), name
    if log_likelihood is not None:
        assert fitted.log_likelihood(cdnow).sum() == pytest.approx(log_likelihood, abs=0.002)


def test_standard_errors_of_pareto_nbd(cdnow):
    errors = ParetoNBD.fit(cdnow, config=PURE).standard_errors
    published = {"r": 0.0476, "alpha": 0.8427, "s": 0.1873, "beta": 6.2105}
    assert errors == pytest.approx(published, rel=2e-3)


def test_the_default_prior_moves_no_forecast_of_the_sample_by_a_percent(cdnow):
    for model in (BGNBD, MBGNBD, ParetoNBD):
        with_prior = model.fit(cdnow).expected(39, cdnow).sum()
        assert with_prior == pytest.approx(model.fit(cdnow, config=PURE).expected(39, cdnow).sum(), rel=0.01)


def test_totals_of_the_39_weeks_that_followed(cdnow):
    totals = {model: model.fit(cdnow, config=PURE).expected(39, cdnow).sum() for model in (BGNBD, MBGNBD, ParetoNBD)}
    assert totals == pytest.approx({BGNBD: 1653.4, MBGNBD: 1576.7, ParetoNBD: 1665.5}, abs=0.1)


def test_point_checks_of_bg_nbd():
    fitted = BGNBD(r=0.2425945, alpha=4.4136019, a=0.7929199, b=2.4258881)
    assert fitted.expected(39, History([2], [30.43], [38.86])) == pytest.approx([1.226], abs=5e-4)
    times = np.array([0.1429, 1, 3, 31.857, 32, 78])
    published = [0.0078, 0.0532, 0.1506, 1.0405, 1.0437, 1.8576]
    assert fitted.expected_new(times) == pytest.approx(published, abs=4e-4)
    rounded = BGNBD(r=0.243, alpha=4.414, a=0.793, b=2.426)
    assert rounded.p_count(0, 39) == pytest.approx(0.5737864, abs=1e-7)
    assert rounded.p_count(10, 2) == pytest.approx(1.07869e-07, rel=1e-5)
    assert rounded.p_count(11, 30) == pytest.approx(0.0019995, abs=5e-8)


def test_log_likelihood_of_long_histories_under_bg_nbd():
    model = BGNBD(r=0.25, alpha=4.0, a=0.8, b=2.5)
    assert model.log_likelihood(History([0, 200], [0, 38], [40, 40])) == pytest.approx(
        [-0.59947382, 100.7957], rel=1e-6
    )


def test_point_checks_of_pareto_nbd():
    fitted = ParetoNBD(r=0.553, alpha=10.578, s=0.606, beta=11.669)
    history = History([26], [30.86], [31])
    assert fitted.expected(52, history) == pytest.approx([25.46], abs=5e-3)
    assert fitted.p_alive(history) == pytest.approx([0.9979], abs=5e-5)
