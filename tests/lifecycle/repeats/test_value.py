"""Discounted value: against closed forms, brute sums and simulated users whose future is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import gammaln, hyperu

from tenure.errors import ConfigError
from tenure.lifecycle.repeats.bgbb import BGBB
from tenure.lifecycle.repeats.bgnbd import BGNBD
from tenure.lifecycle.repeats.futures import simulate_counts
from tenure.lifecycle.repeats.history import History
from tenure.lifecycle.repeats.mbgnbd import MBGNBD
from tenure.lifecycle.repeats.paretonbd import ParetoNBD
from tenure.lifecycle.repeats.spend import GammaGamma
from tenure.lifecycle.repeats.value import (
    ValueConfig,
    discounted_expected,
    expected_value,
    window_discounts,
    window_edges,
)
from tenure.lifecycle.repeats.value_forecast import forecast_value

PARETO = ParetoNBD(r=0.553, alpha=10.578, s=0.606, beta=11.669)
SPEND = GammaGamma(p=6.25, q=3.74, gamma=15.44)
MODELS = [
    BGNBD(r=0.2426, alpha=4.4136, a=0.793, b=2.426),
    MBGNBD(r=0.525, alpha=6.183, a=0.891, b=1.614),
    PARETO,
    BGBB(alpha=1.204, beta=0.75, gamma=0.657, delta=2.783),
]
HISTORY = History([0, 0, 2, 10, 26], [0, 0, 30, 35, 30], [38, 5, 38, 38, 31])

each_model = pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)


@pytest.mark.parametrize("rate", [0.0018, 0.01, 0.1])
def test_all_that_is_left_is_the_closed_form_of_pareto_nbd(rate):
    r, alpha, s, beta = PARETO.r, PARETO.alpha, PARETO.s, PARETO.beta
    x, T = HISTORY.x, HISTORY.T
    log_scale = (r * np.log(alpha) + s * np.log(beta) + (s - 1) * np.log(rate) + gammaln(r + x + 1) - gammaln(r)) - (
        (r + x + 1) * np.log(alpha + T) + PARETO.log_likelihood(HISTORY)
    )
    closed = np.exp(log_scale) * hyperu(s, s, rate * (beta + T))
    assert discounted_expected(PARETO, HISTORY, 0, math.inf, rate) == pytest.approx(closed, rel=1e-9)


@each_model
def test_a_window_is_the_sum_over_its_parts(model):
    rate, step = 0.01, 1.0 if isinstance(model, BGBB) else 0.25
    ends = np.arange(4.0, 104.0 + step, step)
    cumulative = np.array([model.expected(end, HISTORY) for end in ends])
    at = ends[1:] if isinstance(model, BGBB) else ends[1:] - step / 2
    brute = np.exp(-rate * at) @ np.diff(cumulative, axis=0)
    assert discounted_expected(model, HISTORY, 4, 104, rate) == pytest.approx(brute, rel=3e-6)


@each_model
def test_without_a_discount_a_window_is_a_difference(model):
    got = discounted_expected(model, HISTORY, 3, 30, 0.0)
    assert got == pytest.approx(model.expected(30, HISTORY) - model.expected(3, HISTORY))


@settings(max_examples=8, deadline=None)
@given(cut=st.integers(1, 99), rate=st.floats(0.0, 0.2), model=st.sampled_from(MODELS))
def test_windows_add_up_and_discounting_takes_off(cut, rate, model):
    whole = discounted_expected(model, HISTORY, 0, 100, rate)
    parts = discounted_expected(model, HISTORY, 0, cut, rate) + discounted_expected(model, HISTORY, cut, 100, rate)
    assert parts == pytest.approx(whole, rel=1e-6)
    assert (whole <= model.expected(100, HISTORY) * (1 + 1e-9)).all()


def test_value_is_repeats_times_spend():
    n_valued, mean_value = np.array([0.0, 0, 2, 9, 26]), np.array([np.nan, np.nan, 20, 35, 80])
    config = ValueConfig(annual_discount=0.0)
    value = expected_value(PARETO, SPEND, HISTORY, (n_valued, mean_value), end=52, config=config)
    assert value == pytest.approx(PARETO.expected(52, HISTORY) * SPEND.expected(n_valued, mean_value))


def test_a_year_takes_off_what_the_config_says():
    assert math.exp(-ValueConfig(annual_discount=0.10).rate * 365.25 / 7) == pytest.approx(1 / 1.10)
    assert math.exp(-ValueConfig(annual_discount=0.25, unit_days=1).rate * 365.25) == pytest.approx(1 / 1.25)


@pytest.mark.parametrize(("start", "end"), [(5, 5), (-1, 5), (9, 3), (math.nan, 3)])
def test_windows_that_are_none_are_refused(start, end):
    with pytest.raises(ConfigError, match="window"):
        discounted_expected(PARETO, HISTORY, start, end, 0.01)


def test_forever_needs_a_discount():
    with pytest.raises(ConfigError, match="discount"):
        discounted_expected(PARETO, HISTORY, 0, math.inf, 0.0)


@pytest.mark.parametrize(
    "wrong", [{"annual_discount": -0.1}, {"annual_discount": math.nan}, {"unit_days": 0}, {"n_draws": 1}]
)
def test_wrong_settings_are_refused(wrong):
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        ValueConfig(**wrong)


@each_model
def test_futures_come_as_often_as_expected(model):
    n = 20_000
    for x, t_x, T in ((0, 0, 38), (2, 30, 38), (12, 38, 38)):
        history = History(np.full(n, x), np.full(n, t_x), np.full(n, T))
        edges = np.array([0.0, 3.0, 30.0])
        one = history.rows(np.arange(1))
        counts = simulate_counts(model, history, np.full(n, model.p_alive(one)[0]), edges, np.random.default_rng(1))
        assert counts.shape == (2, n)
        at = [model.expected(edge, one)[0] for edge in edges[1:]]
        wanted = np.diff(at, prepend=0.0)
        assert (np.abs(counts.mean(axis=1) - wanted) < 4 * counts.std(axis=1) / n**0.5 + 1e-12).all()
        came = counts.sum(axis=0) > 0
        assert abs(came.mean() - model.p_any(30, one)[0]) < 4 * came.std() / n**0.5 + 1e-12


def test_futures_of_something_else_are_refused():
    with pytest.raises(ConfigError, match="models of repeats"):
        simulate_counts(SPEND, HISTORY, np.ones(5), np.array([0.0, 1.0]), np.random.default_rng(1))


def lives(model, n, seed, past, future):
    """Users known beyond the cut-off: their history at `past`, their amounts, and what the time after it was worth."""
    rng = np.random.default_rng(seed)
    rate, p = rng.gamma(model.r, 1 / model.alpha, n), rng.beta(model.a, model.b, n)
    last = rng.geometric(np.maximum(p, 1e-12))
    moments = [np.sort(rng.uniform(0, past + future, m))[:k] for m, k in
               zip(rng.poisson(rate * (past + future)), last, strict=True)]  # fmt: skip
    x = np.array([(m <= past).sum() for m in moments], dtype=np.float64)
    t_x = np.array([m[m <= past].max(initial=0.0) for m in moments])
    later = np.array([(m > past).sum() for m in moments])
    nu = rng.gamma(SPEND.q, 1 / SPEND.gamma, n)
    mean = np.where(x > 0, rng.gamma(np.maximum(SPEND.p * x, 1e-9)) / nu / np.maximum(x, 1), np.nan)
    worth = np.where(later > 0, rng.gamma(np.maximum(SPEND.p * later, 1e-9)) / nu, 0.0)
    return History(x, t_x, np.full(n, past)), (x, mean), worth


N_WORLDS = 30


@pytest.fixture(scope="module")
def worlds():
    """Many small shops, each with a model fitted on its past, its forecast, and what then came."""
    truth = BGNBD(r=1.2, alpha=5.0, a=0.6, b=8.0)
    found = []
    for seed in range(N_WORLDS):
        history, amounts, worth = lives(truth, 400, seed, 30.0, 30.0)
        forecast = forecast_value(
            BGNBD.fit(history),
            GammaGamma.fit(*amounts),
            history,
            amounts,
            seed=seed,
            end=30,
            groups={"half": np.where(history.x > 0, "came again", "came once").tolist()},
            config=ValueConfig(annual_discount=0.0, n_draws=200),
        )
        found.append((forecast, worth, history.x > 0))
    return found


@pytest.mark.parametrize("level", [80, 95])
def test_users_lie_in_their_intervals_as_often_as_said(worlds, level):
    """Each tail holds what it should within 1.5 points: below, of users whose lower end is above 0 (nobody is worth
    less than 0); above, of users whose upper end is above 0 (else the interval is the single value 0)."""
    low, high = (np.concatenate([f.users[f"{side}_{level}"] for f, _, _ in worlds]) for side in ("low", "high"))
    worth = np.concatenate([worth for _, worth, _ in worlds])
    tail = (1 - level / 100) / 2
    for outside, concerned in ((worth < low, low > 0), (worth > high, high > 0)):
        n = int(concerned.sum())
        assert n > 200
        assert abs(outside[concerned].mean() - tail) < 0.015 + 2 * (tail * (1 - tail) / n) ** 0.5


@pytest.mark.parametrize("level", [80, 95])
def test_totals_lie_in_their_intervals_as_often_as_said(worlds, level):
    """Over worlds and groups; within three points and two standard errors of a share."""
    inside = []
    for forecast, worth, again in worlds:
        for row in forecast.totals.to_pylist():
            group = {"all": slice(None), "came again": again, "came once": ~again}[row["group"]]
            inside.append(row[f"low_{level}"] <= worth[group].sum() <= row[f"high_{level}"])
    share, p = np.mean(inside), level / 100
    assert abs(share - p) < 0.03 + 2 * (p * (1 - p) / len(inside)) ** 0.5


def test_a_forecast_is_consistent(worlds):
    forecast, _, again = worlds[0]
    users, totals = forecast.users, {row["group"]: row for row in forecast.totals.to_pylist()}
    assert totals["all"]["expected_value"] == pytest.approx(users["expected_value"].to_numpy().sum())
    assert totals["came again"]["n_users"] == again.sum()
    for narrow, wide in (("low_80", "low_95"), ("median_value", "low_80"), ("high_80", "median_value")):
        assert (users[narrow].to_numpy() >= users[wide].to_numpy()).all()
    assert totals["all"]["low_95"] < totals["all"]["low_80"] < totals["all"]["expected_value"]


def test_the_same_seed_gives_the_same_forecast_and_all_that_is_left_has_limits():
    amounts = (np.array([0.0, 0, 2, 9, 26]), np.array([np.nan, np.nan, 20, 35, 80]))
    config = ValueConfig(n_draws=50)
    one, other = (forecast_value(PARETO, SPEND, HISTORY, amounts, seed=3, config=config) for _ in range(2))
    assert one.users.equals(other.users)
    assert one.totals["low_95"][0].as_py() < one.totals["expected_value"][0].as_py() < one.totals["high_95"][0].as_py()


def test_all_that_is_left_is_simulated_as_expected():
    n = 4_000
    history = History(np.full(n, 4), np.full(n, 30), np.full(n, 35))
    amounts = (np.full(n, 4.0), np.full(n, 30.0))
    forecast = forecast_value(MODELS[0], SPEND, history, amounts, seed=2, config=ValueConfig(n_draws=50))
    row = forecast.totals.to_pylist()[0]
    assert row["low_95"] < row["expected_value"] < row["high_95"]
    assert (row["high_95"] - row["low_95"]) / row["expected_value"] < 0.2  # so the check is sharp


@each_model
@pytest.mark.parametrize("rate", [0.0018, 0.05])
def test_windows_keep_what_the_integral_keeps(model, rate):
    """Discounting each window by one number, as simulations do, loses nothing: commitments come early in a window."""
    edges = window_edges(0.0, 52.0, rate, whole=isinstance(model, BGBB))
    came = np.diff([model.expected(t, HISTORY).sum() for t in edges])
    kept = came @ window_discounts(model, HISTORY, edges, rate)
    assert kept == pytest.approx(discounted_expected(model, HISTORY, 0.0, 52.0, rate).sum(), rel=2e-4)


def test_groups_must_be_one_per_user():
    with pytest.raises(ConfigError, match="one group per user"):
        forecast_value(PARETO, SPEND, HISTORY, (np.zeros(5), np.zeros(5)), seed=1, groups={"stage": ["new"]})
