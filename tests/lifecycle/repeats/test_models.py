"""BG/NBD, MBG/NBD and Pareto/NBD: against their stories told by brute force, and on data that say little."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import beta as beta_law
from scipy.stats import gamma as gamma_law

from tenure.errors import ConfigError, EvidenceError
from tenure.lifecycle.repeats import model as model_file
from tenure.lifecycle.repeats.bgnbd import BGNBD
from tenure.lifecycle.repeats.fitting import FitConfig
from tenure.lifecycle.repeats.history import History
from tenure.lifecycle.repeats.mbgnbd import MBGNBD
from tenure.lifecycle.repeats.paretonbd import ParetoNBD

PURE = FitConfig(prior=0)
TRUTHS = [
    BGNBD(r=0.6, alpha=5.0, a=0.8, b=2.5),
    MBGNBD(r=0.9, alpha=6.0, a=0.9, b=1.7),
    ParetoNBD(r=0.8, alpha=9.0, s=0.7, beta=12.0),
]
every_model = pytest.mark.parametrize("truth", TRUTHS, ids=lambda model: type(model).__name__)
HISTORIES = History([0, 1, 3, 8, 2], [0, 4, 20, 29.5, 30], [30, 30, 25, 30, 30])


def users(truth, n=4000, seed=1, **others):
    T = np.random.default_rng(seed).integers(40, 400, size=n) / 7
    return type(truth)(**{name: getattr(truth, name) for name in truth.PARAMETERS} | others).simulate(T, seed=seed)


def likelihood_of_one(truth, rate, leaves, x, t_x, T):
    """Likelihood of a user whose rate and chance to leave are known."""
    if isinstance(truth, ParetoNBD):
        total = rate + leaves
        return rate**x * (leaves / total * np.exp(-total * t_x) + rate / total * np.exp(-total * T))
    k = x + truth.FIRST
    here = (1 - leaves) ** k * np.exp(-rate * T)
    gone = leaves * (1 - leaves) ** (k - 1) * np.exp(-rate * t_x) if k else 0.0
    return rate**x * (here + gone)


@every_model
def test_likelihood_is_the_mean_over_rates_and_chances_to_leave(truth):
    rates = gamma_law(truth.r, scale=1 / truth.alpha)
    pareto = isinstance(truth, ParetoNBD)
    leaving = gamma_law(truth.s, scale=1 / truth.beta) if pareto else beta_law(truth.a, truth.b)
    got = np.exp(truth.log_likelihood(HISTORIES))
    nodes, weights = np.polynomial.legendre.leggauss(400)
    u, weights = (nodes + 1) / 2, weights / 2  # quantiles turn both laws into uniform ones
    for row in range(len(HISTORIES)):
        own = HISTORIES.x[row], HISTORIES.t_x[row], HISTORIES.T[row]
        mean = weights @ likelihood_of_one(truth, rates.ppf(u)[:, None], leaving.ppf(u), *own) @ weights
        assert got[row] == pytest.approx(mean, rel=1e-6)


@every_model
def test_derivatives_are_exact(truth):
    parameters = truth.parameters_of(HISTORIES)
    _, derivatives = truth.likelihood(parameters, HISTORIES)
    for k, derivative in enumerate(derivatives):
        up, down = (
            truth.likelihood(tuple(v * np.exp(s * (i == k)) for i, v in enumerate(parameters)), HISTORIES)[0]
            for s in (1e-5, -1e-5)
        )
        assert derivative == pytest.approx((up - down) / 2e-5, rel=1e-6, abs=1e-7)


@every_model
def test_simulated_users_follow_the_law_of_counts(truth):
    x = truth.simulate(np.full(20_000, 26.0), seed=3).x
    for n in range(5):
        p = float(truth.p_count(n, 26.0))
        assert np.mean(x == n) == pytest.approx(p, abs=4 * np.sqrt(p * (1 - p) / len(x)))
    assert x.mean() == pytest.approx(float(truth.expected_new(26.0)[0]), abs=4 * x.std() / np.sqrt(len(x)))


@every_model
def test_counts_sum_to_one_and_have_the_expected_mean(truth):
    n = np.arange(3000)
    p = truth.p_count(n, 26.0)
    assert p.sum() == pytest.approx(1, abs=1e-9)
    assert p @ n == pytest.approx(float(truth.expected_new(26.0)[0]), rel=1e-8)
    assert truth.p_count(np.array([0, 3]), 0.0) == pytest.approx([1, 0], abs=1e-12)


@every_model
def test_what_is_known_and_what_is_expected_add_up_to_what_was_expected_before(truth):
    """Tower law: the mean over users of x + E[X(T, T + t) | x, t_x, T] is E[X(T + t)]."""
    history = truth.simulate(np.full(20_000, 20.0), seed=4)
    total = history.x + truth.expected(15.0, history)
    expected = float(truth.expected_new(35.0)[0])
    assert total.mean() == pytest.approx(expected, abs=4 * total.std() / np.sqrt(len(total)))


@every_model
def test_whoever_comes_again_is_as_many_as_forecast(truth):
    """Nobody comes in (0, T + t] if nobody comes in (0, T] and then in (T, T + t]; exact for users without a repeat."""
    silent = History([0], [0], [20])
    none_until_T = float(truth.p_count(0, 20.0))
    assert none_until_T * (1 - truth.p_any(15.0, silent)[0]) == pytest.approx(float(truth.p_count(0, 35.0)), rel=1e-9)


@every_model
@pytest.mark.parametrize("seed", [5, 6])
def test_parameters_of_simulated_users_are_found(truth, seed):
    history = users(truth, seed=seed)
    fitted = type(truth).fit(history, config=PURE)
    for name, error in fitted.standard_errors.items():
        off = np.log(getattr(fitted, name) / getattr(truth, name)) / (error / getattr(fitted, name))
        assert abs(off) < 3, name
    # twice the gain over the truth is chi-squared with 4 degrees of freedom: below 18.5 in 999 of 1000
    gain = fitted.log_likelihood(history).sum() - truth.log_likelihood(history).sum()
    assert 0 <= gain < 9.25


@every_model
def test_a_rough_start_leads_to_the_same_optimum(truth, monkeypatch):
    history = users(truth)
    whole = type(truth).fit(history)
    monkeypatch.setattr(model_file, "_ROUGH_ROWS", 150)
    started = type(truth).fit(history)
    for name in truth.PARAMETERS:
        assert getattr(started, name) == pytest.approx(getattr(whole, name), rel=1e-3)
    assert started.standard_errors == pytest.approx(whole.standard_errors, rel=1e-2)


@every_model
def test_a_weight_counts_users(truth):
    history = users(truth, n=300)
    n = np.random.default_rng(2).integers(0, 4, size=300)
    weighted = type(truth).fit(history, weights=n.astype(float))
    repeated = type(truth).fit(history.rows(np.repeat(np.arange(300), n)))
    assert weighted.to_arrays()["parameters"] == pytest.approx(repeated.to_arrays()["parameters"], rel=1e-4)


@every_model
def test_the_unit_of_time_does_not_matter(truth):
    weeks = users(truth, n=500)
    days = History(weeks.x, 7 * weeks.t_x, 7 * weeks.T)
    in_weeks, in_days = type(truth).fit(weeks), type(truth).fit(days)
    for name in truth.PARAMETERS:
        factor = 7 if name in truth.SCALES else 1
        assert getattr(in_days, name) == pytest.approx(factor * getattr(in_weeks, name), rel=1e-3)
    assert in_days.expected(70, days) == pytest.approx(in_weeks.expected(10, weeks), rel=1e-3)


@every_model
def test_covariates_are_found_whatever_their_units(truth):
    n = 6000
    doubled = users(truth, n=n, seed=7, alpha=truth.alpha / 2)
    plain = users(truth, n=n, seed=8)
    z = np.repeat([[0.0], [1.0]], n, axis=0)
    history = History(*(np.append(getattr(plain, c), getattr(doubled, c)) for c in ("x", "t_x", "T")), z)
    fitted = type(truth).fit(history, config=PURE)
    errors = fitted.standard_errors
    for name, effect in zip(truth.SHIFTED, fitted.effects[:, 0], strict=True):
        true_effect = np.log(2) if name == "alpha" else 0.0
        assert abs(effect - true_effect) < 3 * errors[f"effect 0 on {name}"], name
    for name in truth.PARAMETERS:
        assert abs(getattr(fitted, name) - getattr(truth, name)) < 3.5 * errors[name], name
    far = type(truth).fit(History(history.x, history.t_x, history.T, 2000 + 10 * z), config=PURE)
    assert far.effects == pytest.approx(fitted.effects / 10, rel=1e-2, abs=1e-4)
    other = History([2], [8], [20], [[1]])
    assert far.expected(9, History([2], [8], [20], [[2010]])) == pytest.approx(fitted.expected(9, other), rel=1e-3)
    assert fitted.expected_new(9.0, covariates=np.array([[1.0]])) > fitted.expected_new(
        9.0, covariates=np.zeros((1, 1))
    )


def test_covariates_that_do_not_fit_the_model_are_refused():
    with pytest.raises(ConfigError, match="fitted with 0 covariates; got 1"):
        TRUTHS[0].p_any(1, History([1], [1], [2], [[3]]))
    with pytest.raises(ConfigError, match="column 1 is the same for every user"):
        BGNBD.fit(History([0, 1], [0, 1], [2, 2], [[3, 1], [4, 1]]))


@every_model
def test_a_kept_model_is_the_same(truth):
    fitted = type(truth).fit(users(truth, n=300))
    again = type(truth).from_arrays(fitted.to_arrays())
    assert again.standard_errors == fitted.standard_errors
    assert (again.expected(9, HISTORIES) == fitted.expected(9, HISTORIES)).all()
    given = type(truth).from_arrays(truth.to_arrays())
    assert given.covariance is None
    assert given.effects.shape == (0, 0)


@every_model
def test_draws_spread_as_the_standard_errors_say(truth):
    fitted = type(truth).fit(users(truth))
    draws = list(fitted.draws(2000, seed=1))
    for name, error in fitted.standard_errors.items():
        logs = np.log([getattr(draw, name) for draw in draws])
        assert logs.std() == pytest.approx(error / getattr(fitted, name), rel=0.08)  # 5 standard errors
    first, second = ([draw.alpha for draw in fitted.draws(3, seed=2)] for _ in range(2))
    assert first == second


@every_model
def test_parameters_that_were_given_have_no_standard_error(truth):
    with pytest.raises(EvidenceError, match="was given its parameters"):
        _ = truth.standard_errors
    with pytest.raises(EvidenceError, match="was given its parameters"):
        truth.draws(3, seed=1)


SAYING_LITTLE = {
    "no repeats": History(np.zeros(50), np.zeros(50), np.full(50, 30.0)),
    "one user": History([3], [10], [12]),
    "all alike": History(np.full(40, 4), np.full(40, 20.0), np.full(40, 25.0)),
    "regular": History(np.full(500, 20), np.full(500, 38.0), np.full(500, 39.0)),
}


@every_model
@pytest.mark.parametrize("history", SAYING_LITTLE.values(), ids=SAYING_LITTLE)
def test_histories_that_say_little(truth, history):
    with pytest.raises(EvidenceError, match=r"FitConfig\.prior above 0"):
        type(truth).fit(history, config=PURE)
    fitted = type(truth).fit(history)
    assert all(0 < error < np.inf for error in fitted.standard_errors.values())
    # over as long again, no more than came; and no less than nothing
    assert 0 <= fitted.expected(history.T, history).mean() <= history.x.mean() + 1


@every_model
def test_counts_of_any_size_are_fitted_and_forecast(truth):
    history = History([0, 1e5, 2e5, 3, 1e5], [0, 900, 999, 3, 10], np.full(5, 1000.0))
    fitted = type(truth).fit(history)
    for answer in (fitted.log_likelihood, fitted.p_alive):
        assert np.isfinite(answer(history)).all()
    assert fitted.expected(1.0, History([2e5], [1000], [1000])) == pytest.approx([200], rel=1e-3)
    assert fitted.p_any(1.0, History([2e5], [1000], [1000])) == pytest.approx([1], abs=1e-3)


@every_model
def test_nothing_to_fit_is_refused(truth):
    model = type(truth)
    with pytest.raises(EvidenceError, match="no users"):
        model.fit(History([], [], []))
    with pytest.raises(EvidenceError, match="every T is 0"):
        model.fit(History([0, 0], [0, 0], [0, 0]))
    with pytest.raises(EvidenceError, match="weight 0"):
        model.fit(HISTORIES, weights=np.zeros(5))
    for weights in (np.ones(4), -np.ones(5), np.full(5, np.nan)):
        with pytest.raises(ConfigError, match="weights: expected 5 numbers"):
            model.fit(HISTORIES, weights=weights)
    with pytest.raises(ConfigError, match="alpha: expected a finite number above 0"):
        model(**{name: getattr(truth, name) for name in truth.PARAMETERS} | {"alpha": -1.0})


def test_a_fit_cut_short_says_so():
    with pytest.raises(EvidenceError, match="not converged within 1 iterations"):
        BGNBD.fit(users(TRUTHS[0]), config=FitConfig(max_iterations=1))


@pytest.mark.parametrize("broken", [{"prior": -1.0}, {"prior": float("nan")}, {"max_iterations": 0}])
def test_settings_are_checked(broken):
    with pytest.raises(ConfigError, match=next(iter(broken))):
        FitConfig(**broken)


def test_p_alive_of_bg_nbd_is_no_churn_score():
    """The reason for the warning in its docstring: whoever came once, years ago, is alive for certain."""
    once = History([0, 0], [0, 0], [1, 1000])
    assert TRUTHS[0].p_alive(once).tolist() == [1.0, 1.0]
    assert TRUTHS[0].p_any(4, once)[1] < 0.01
