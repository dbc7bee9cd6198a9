"""A level that moves is followed, one that does not is left alone, and a season is foreseen."""

from datetime import datetime

import numpy as np
import pytest
from scipy.special import expit, logit
from seasonal_log import seasonal_log, time_of
from sklearn.linear_model import PoissonRegressor

from tenure.errors import ConfigError, EvidenceError
from tenure.evaluation.forecasts import log_loss
from tenure.prediction.level import Level, Windows, moved
from tenure.prediction.logistic import Logistic
from tenure.prediction.season import Season

NOW = datetime(2023, 1, 1)
HORIZON = 30


def windows(shifts, *, n=2000, seed=0):
    """Forecasts whose truth lies so many log-odds above them, one window after the other up to now."""
    rng = np.random.default_rng(seed)
    p = rng.beta(2, 3, size=(len(shifts), n))
    y = rng.random(p.shape) < expit(logit(p) + np.array(shifts)[:, None])
    back = np.arange(len(shifts), 0, -1) * HORIZON
    as_of = np.datetime64(NOW, "us") - back.astype("timedelta64[D]")
    return p.ravel(), y.astype(float).ravel(), np.repeat(as_of, n)


def fit(shifts, **settings):
    return Level.fit(*windows(shifts, **settings), horizon_days=HORIZON)


def test_the_shift_puts_the_total_right():
    p, y, as_of = windows([0.4])
    found = Windows.of(p, y, as_of, is_amount=False)
    assert moved(p, found.shift[0], is_amount=False).sum() == pytest.approx(y.sum(), abs=0.51)
    assert found.error[0] == pytest.approx(1 / np.sqrt((p * (1 - p)).sum()), rel=0.1)
    assert found.shift[0] == pytest.approx(0.4, abs=3 * found.error[0])


def test_one_window_moves_little_and_many_that_agree_move_fully():
    one, two, six = (fit([0.4] * n).at(NOW) for n in (1, 2, 6))
    assert 0.05 < one.total < 0.6 * 0.4 < two.total + 0.1
    assert one.total < two.total < six.total
    assert six.total == pytest.approx(0.4, abs=0.06)
    assert six.sd < one.sd
    assert six.calendar == 0


def test_few_users_move_less_than_many():
    assert fit([0.4], n=40).at(NOW).total < 0.5 * fit([0.4], n=4000).at(NOW).total


def test_windows_that_contradict_each_other_move_nothing():
    found = fit([0.4, -0.4, 0.4, -0.4, 0.4, -0.4]).at(NOW)
    assert abs(found.total) < 0.1
    assert found.sd > 0.25  # and it knows that the next one may be off by as much


def test_no_drift_no_harm():
    harm = []
    for seed in range(8):
        p, y, as_of = windows([0.0] * 7, seed=seed)
        now = as_of == as_of.max()
        level = Level.fit(p[~now], y[~now], as_of[~now], horizon_days=HORIZON)
        harm.append(log_loss(y[now], level.apply(p[now], as_of.max().item())) - log_loss(y[now], p[now]))
    assert np.mean(harm) < 0.0005  # one standard error of the log-loss of a window is about 0.01


def test_a_falling_level_is_followed():
    shifts = [-0.3 - 0.05 * i for i in range(7)]
    p, y, as_of = windows(shifts)
    now = as_of == as_of.max()
    level = Level.fit(p[~now], y[~now], as_of[~now], horizon_days=HORIZON)
    after = level.apply(p[now], as_of.max().item())
    assert log_loss(y[now], after) < log_loss(y[now], p[now]) - 0.02
    assert abs(np.log(after.sum() / y[now].sum())) < 0.5 * np.log(p[now].sum() / y[now].sum())


def test_windows_not_over_yet_are_not_known():
    p, y, as_of = windows([0.0, 0.0, 0.0, 3.0])
    level = Level.fit(p, y, as_of, horizon_days=HORIZON)
    first = as_of < as_of.max()
    knew_less = Level.fit(p[first], y[first], as_of[first], horizon_days=HORIZON)
    assert level.at(as_of.max().item()) == knew_less.at(as_of.max().item())
    assert level.at(as_of.min().item()).total == 0  # before any window was over


def test_amounts_are_moved_by_a_factor():
    rng = np.random.default_rng(1)
    expected = rng.gamma(1, 20, size=6 * 1500)
    actual = 1.3 * expected * rng.gamma(0.5, 2, size=len(expected))
    as_of = windows([0.0] * 6, n=1500)[2]
    level = Level.fit(expected, actual, as_of, horizon_days=HORIZON, is_amount=True)
    assert np.exp(level.at(NOW).total) == pytest.approx(1.3, abs=0.06)
    np.testing.assert_allclose(level.apply(expected, NOW) / expected, np.exp(level.at(NOW).total))
    assert level.sentence(NOW).startswith("The last 6 windows ran above forecast, which lifts 2")


def test_nothing_forecast_and_nothing_seen_stay_finite():
    as_of = windows([0.0], n=10)[2]
    zeros = np.zeros(10)
    for is_amount in (False, True):
        level = Level.fit(zeros, zeros, as_of, horizon_days=HORIZON, is_amount=is_amount)
        assert np.isfinite(level.apply(np.array([0.0, 0.5, 1.0]), NOW)).all()
    never = Level.fit(np.full(10, 0.5), zeros, as_of, horizon_days=HORIZON)
    assert -2 < never.at(NOW).total < 0


def test_order_stays_and_arrays_round_trip():
    log = seasonal_log(season=0.6, n_users=800, mean_rate=1 / 15)
    p, y, as_of = windows([0.3, 0.1])
    level = Level.fit(p, y, as_of, horizon_days=HORIZON, daily=log.daily(730, "n"), learnt_from=as_of)
    assert level.season is not None
    again = Level.from_arrays(level.to_arrays())
    np.testing.assert_array_equal(again.apply(p, NOW), level.apply(p, NOW))
    assert again.sentence(NOW) == level.sentence(NOW)
    assert (np.diff(level.apply(np.sort(p), NOW)) >= 0).all()


def test_what_is_wrong_is_said():
    p, y, as_of = windows([0.0], n=10)
    with pytest.raises(EvidenceError, match="past windows, got none"):
        Level.fit(p[:0], y[:0], as_of[:0], horizon_days=HORIZON)
    with pytest.raises(ConfigError, match="one length"):
        Level.fit(p, y[:5], as_of, horizon_days=HORIZON)
    with pytest.raises(ConfigError, match="finite"):
        Level.fit(p, np.full(10, np.nan), as_of, horizon_days=HORIZON)


def forecast(past, here, *, is_amount):
    """What an ordinary model says: a weighted sum of the logarithms of counts, spend and recency."""
    Z, later = np.log1p(past.inputs.values), np.log1p(here.inputs.values)
    mean, sd = Z.mean(axis=0), Z.std(axis=0) + 1e-9
    Z, later = (Z - mean) / sd, (later - mean) / sd
    if is_amount:
        scale = past.outcome.mean()
        model = PoissonRegressor(alpha=0.01, solver="newton-cholesky", max_iter=200).fit(Z, past.outcome / scale)
        return model.predict(later) * scale
    return Logistic.fit(Z, past.outcome > 0, penalty=10).p(later)


@pytest.mark.parametrize("outcome", ["committed", "value"])
def test_totals_hold_in_a_strong_season(outcome):
    horizon, day = 90, 730
    log = seasonal_log(season=0.6, peak=0.8, n_users=6000, seed=1)
    grid = np.arange(day - horizon - 30 * 17, day + 1, 30)
    examples = log.examples(grid, horizon, outcome)
    now, is_amount = time_of(day), outcome == "value"
    past = examples.known_by(now)
    tried = [t for t in past.cutoffs if len(past.known_by(t)) and (now - t).days % horizon == 0]
    honest = [(past.at(t), forecast(past.known_by(t), past.at(t), is_amount=is_amount)) for t in tried]
    level = Level.fit(
        np.concatenate([p for _, p in honest]),
        np.concatenate([window.outcome for window, _ in honest]),
        np.concatenate([window.inputs.as_of for window, _ in honest]),
        horizon_days=horizon,
        is_amount=is_amount,
        daily=log.daily(day, "value" if is_amount else "n"),
        learnt_from=past.inputs.as_of,
    )
    here = examples.at(now)
    raw = forecast(past, here, is_amount=is_amount)
    assert isinstance(level.season, Season)
    assert raw.sum() / here.outcome.sum() > 1.25  # after a busy autumn nobody expects a quiet winter
    assert level.apply(raw, now).sum() / here.outcome.sum() == pytest.approx(1, abs=0.10)
    assert level.at(now).calendar < -0.2
    assert level.sentence(now).startswith("The calendar lowers ")
