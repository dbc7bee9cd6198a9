"""Against brute force over all pairs, and against what would be known had nobody been lost from sight."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenure.errors import ConfigError, EvidenceError
from tenure.evaluation.forecasts import auc, brier
from tenure.evaluation.kaplan_meier import kaplan_meier
from tenure.evaluation.reliability import reliability_table
from tenure.evaluation.survival import (
    brier_at,
    calibration_at,
    calibration_error,
    concordance,
    concordance_ipcw,
    integrated_brier,
)

spells = st.lists(st.tuples(st.integers(0, 8), st.booleans(), st.integers(0, 5)), min_size=1, max_size=30)


def all_pairs(days, returned, risk, weights):
    won = total = 0.0
    for i in np.flatnonzero(returned):
        for j in range(len(days)):
            if days[j] > days[i] or (days[j] == days[i] and not returned[j]):
                total += weights[i]
                won += weights[i] * ((risk[j] < risk[i]) + 0.5 * (risk[j] == risk[i]))
    return won / total if total else np.nan


def watched_share_before(days, returned, t):
    """P(C >= t), step by step."""
    share = 1.0
    for time in np.unique(days[~returned & (days < t)]):
        lost = (~returned & (days == time)).sum()
        share *= 1 - lost / (lost + (days > time).sum())
    return share


@settings(max_examples=60, deadline=None)
@given(rows=spells)
def test_concordance_counts_all_pairs(rows):
    days, returned, risk = (np.array(column) for column in zip(*rows, strict=True))
    expected = all_pairs(days, returned, risk, np.ones(len(days)))
    assert concordance(days, returned, risk) == pytest.approx(expected, nan_ok=True)


@settings(max_examples=60, deadline=None)
@given(rows=spells, until=st.sampled_from([None, 3.0, 6.0]))
def test_weighted_concordance_counts_all_pairs(rows, until):
    days, returned, risk = (np.array(column) for column in zip(*rows, strict=True))
    counted = returned if until is None else returned & (days < until)
    weights = [watched_share_before(days, returned, t) ** -2 if c else 0 for t, c in zip(days, counted, strict=True)]
    expected = all_pairs(days, returned, risk, weights)
    assert concordance_ipcw(days, returned, risk, until_days=until) == pytest.approx(expected, nan_ok=True)


@settings(max_examples=60, deadline=None)
@given(rows=spells, horizon=st.sampled_from([0.0, 2.0, 4.5]))
def test_brier_weighs_whose_outcome_is_known(rows, horizon):
    days, returned, tens = (np.array(column) for column in zip(*rows, strict=True))
    p = tens / 5
    if not (days >= horizon).any() and not returned.all():
        with pytest.raises(EvidenceError, match="not known"):
            brier_at(days, returned, p, horizon)
        return
    total = 0.0
    for day, back, said in zip(days, returned, p, strict=True):
        if back and day <= horizon:
            total += (1 - said) ** 2 / watched_share_before(days, returned, day)
        elif day >= horizon:
            total += said**2 / watched_share_before(days, returned, horizon)
    assert brier_at(days, returned, p, horizon) == pytest.approx(total / len(days))


def known_world(n: int, seed: int = 5, *, watched_days: float = 25):
    draw = np.random.default_rng(seed)
    rate = np.exp(0.8 * draw.standard_normal(n)) / 10
    waits = draw.exponential(1 / rate)
    watched = draw.exponential(watched_days, n)
    return waits, np.minimum(waits, watched), waits <= watched, rate


def test_the_lost_do_not_bias():
    """With weights the scores estimate those of the whole truth; Harrell's concordance does not."""
    n = 40_000
    waits, days, returned, rate = known_world(n, watched_days=8)
    everybody = np.ones(n, bool)
    p = -np.expm1(-rate * 10)
    full = brier((waits <= 10).astype(float), p)
    spread = ((waits <= 10) - p).var()
    assert brier_at(days, returned, p, 10.0) == pytest.approx(full, abs=3 * np.sqrt(4 * spread / n))
    whole = concordance_ipcw(waits, everybody, rate, until_days=25.0)
    weighted = concordance_ipcw(days, returned, rate, until_days=25.0)
    harrell = concordance(days, returned, rate)
    # Over seeds the difference is 0.0005 +- 0.0004, that of Harrell's 0.009 +- 0.002.
    assert abs(weighted - whole) < 0.003 < abs(harrell - whole)


def test_with_everybody_watched_they_are_the_usual_metrics():
    waits, _, _, rate = known_world(500)
    everybody = np.ones(500, bool)
    p = -np.expm1(-rate * 7)
    assert brier_at(waits, everybody, p, 7.0) == pytest.approx(brier((waits <= 7).astype(float), p))
    table, usual = calibration_at(waits, everybody, p, 7.0), reliability_table(waits <= 7, p)
    for name in ("bin", "n_users", "predicted", "observed"):
        np.testing.assert_allclose(table[name].to_numpy(), usual[name].to_numpy(), atol=1e-12)
    one_group = np.where(waits <= 7, 1.0, 2.0)  # with two distinct times the concordance is the area under the curve
    assert concordance(one_group, one_group == 1, rate) == pytest.approx(auc(one_group == 1, rate))


def test_calibration_sees_what_kaplan_meier_sees():
    _, days, returned, rate = known_world(4_000)
    p = -np.expm1(-rate * 15)
    table = calibration_at(days, returned, p, 15.0, n_bins=4)
    lowest = p <= np.quantile(p, 0.25)
    expected = kaplan_meier(days[lowest], returned[lowest]).returned_by(15.0)
    assert [table[c][0].as_py() for c in ("observed", "low", "high")] == pytest.approx(np.array(expected))
    low, predicted, high = (table[name].to_numpy() for name in ("low", "predicted", "high"))
    assert ((low < predicted) & (predicted < high)).sum() >= 3
    assert calibration_error(table) < 0.03 < calibration_error(calibration_at(days, returned, p**2, 15.0, n_bins=4))


def test_integrated_brier_is_the_mean_over_time():
    _, days, returned, rate = known_world(300)
    horizons = np.array([2.0, 5.0, 9.0])
    p = -np.expm1(-rate[:, None] * horizons)
    scores = [brier_at(days, returned, p[:, h], t) for h, t in enumerate(horizons)]
    expected = ((scores[0] + scores[1]) / 2 * 3 + (scores[1] + scores[2]) / 2 * 4) / 7
    assert integrated_brier(days, returned, p, horizons) == pytest.approx(expected)


def test_many_users_take_no_pairs():
    _, days, returned, rate = known_world(200_000)
    assert 0.6 < concordance(days, returned, rate) < 0.8


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda d, r: concordance(d, r, np.array([0.1])), ConfigError, "2 finite numbers"),
        (lambda d, r: concordance(d, r, np.array([0.1, np.nan])), ConfigError, "finite"),
        (lambda d, r: brier_at(d, r, np.array([0.1, 1.1]), 1.0), ConfigError, "between 0 and 1"),
        (lambda d, r: brier_at(d, r, np.array([0.1, 0.2]), 3.0), EvidenceError, "watched for 2 days"),
        (lambda d, r: integrated_brier(d, r, np.zeros((2, 2)), np.array([2.0, 1.0])), ConfigError, "rising"),
        (lambda d, r: integrated_brier(d, r, np.zeros((2, 3)), np.array([1.0, 2.0])), ConfigError, "shape"),
    ],
)
def test_wrong_arguments_are_named(call, error, words):
    with pytest.raises(error, match=words):
        call(np.array([1.0, 2.0]), np.array([True, False]))


def test_nobody_back_has_no_pair():
    assert np.isnan(concordance(np.array([1.0, 2.0]), np.zeros(2, bool), np.array([0.1, 0.2])))
