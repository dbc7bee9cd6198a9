"""The hazard model: its derivatives, its answers against each other, its refusals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lifecycle.survival.worlds import WEIGHTS, constant_hazards, fading_hazards, late_hazards

from tenure.errors import ConfigError, EvidenceError
from tenure.evaluation.kaplan_meier import kaplan_meier
from tenure.lifecycle.survival import fitting
from tenure.lifecycle.survival.hazard import HazardConfig, ReturnModel
from tenure.lifecycle.survival.rhythm import Rhythm

WORLD = constant_hazards(2_000, seed=1)
MODEL = ReturnModel.fit(WORLD.X, WORLD.days, WORLD.returned)
LATE_WORLD = late_hazards(2_000, seed=1)
LATE = ReturnModel.fit(LATE_WORLD.X, LATE_WORLD.days, LATE_WORLD.returned, rhythm=LATE_WORLD.rhythm)
CASES = [(MODEL, WORLD), (LATE, LATE_WORLD)]


def test_derivatives_are_those_of_the_likelihood():
    draw = np.random.default_rng(0)
    penalty, times = np.diag(np.arange(8.0)), np.array([-1.0, 0.2, 0.7])
    theta, step = draw.standard_normal(8), 1e-5
    block = fitting.Block(
        X=draw.standard_normal((5, 2)),
        varying=draw.standard_normal((5, 3, 2)),
        offset=draw.standard_normal((5, 3)),
        exposure=draw.exponential(1, (5, 3)),
        returned=np.eye(3)[[0, 1, 2, 2, 1]] * np.array([1, 1, 0, 1, 0])[:, None],
    )

    def at(theta, block=block):
        return fitting._derivatives(iter([block]), theta, penalty, times)

    # Where returns are as expected, the expected information is the observed one.
    known = (block.X @ theta[3:5])[:, None] + block.varying @ theta[5:7]
    eta = block.offset + theta[:3] + (1 + theta[7] * times) * known
    as_expected = replace(block, returned=block.exposure * np.exp(eta))
    for i, direction in enumerate(np.eye(8) * step):
        ahead, behind = at(theta + direction), at(theta - direction)
        assert at(theta)[1][i] == pytest.approx((ahead[0] - behind[0]) / (2 * step), rel=1e-6, abs=1e-6)
        ahead, behind = at(theta + direction, as_expected), at(theta - direction, as_expected)
        np.testing.assert_allclose(at(theta)[2][i], -(ahead[1] - behind[1]) / (2 * step), rtol=1e-5, atol=1e-6)


def test_blocks_do_not_matter(monkeypatch):
    monkeypatch.setattr(fitting, "_ROWS_AT_ONCE", 7)
    world = late_hazards(100, seed=2)
    one = ReturnModel.fit(world.X, world.days, world.returned, rhythm=world.rhythm)
    monkeypatch.undo()
    other = ReturnModel.fit(world.X, world.days, world.returned, rhythm=world.rhythm)
    for name, array in one.to_arrays().items():
        np.testing.assert_allclose(array, other.to_arrays()[name], atol=1e-4, err_msg=name)


def test_time_is_cut_where_the_return_lies():
    edges = np.array([0.0, 1, 3, 10])
    exposure, returned = fitting.cut(np.array([0.0, 1, 2, 10]), np.array([True, True, False, True]), edges)
    np.testing.assert_array_equal(exposure, [[0, 0, 0], [1, 0, 0], [1, 1, 0], [1, 2, 7]])
    np.testing.assert_array_equal(returned, [[1, 0, 0], [1, 0, 0], [0, 0, 0], [0, 0, 1]])


def test_without_inputs_it_is_kaplan_meier():
    nothing = np.zeros((len(WORLD.days), 0))
    model = ReturnModel.fit(nothing, WORLD.days, WORLD.returned, config=HazardConfig(smoothness=1e-6))
    at = model.edges_days[model.edges_days < 30]
    expected = kaplan_meier(WORLD.days, WORLD.returned).returned_by(at)[0]
    np.testing.assert_allclose(model.curve(nothing[:1], at)[0], expected, atol=0.004)


def test_weights_lie_within_their_errors():
    away = (MODEL.weights - WEIGHTS) / MODEL.standard_errors
    assert np.abs(away).max() < 3.5
    assert np.all((MODEL.standard_errors > 0.01) & (MODEL.standard_errors < 0.05))


@pytest.mark.parametrize(("model", "world"), CASES)
def test_a_quantile_is_where_the_curve_gets_there(model, world):
    X, rhythm = world.X[:50], world.rhythm and world.rhythm[:50]
    shares = np.array([0.1, 0.5, 0.9])
    days = model.quantile(X, shares, rhythm)
    for i, q in np.argwhere(np.isfinite(days)):
        one = rhythm and rhythm[i : i + 1]
        assert model.curve(X[i : i + 1], days[i, q : q + 1], one)[0, 0] == pytest.approx(shares[q], abs=1e-9)
    last = model.curve(X, np.array([model.observed_days]), rhythm)[:, 0]
    np.testing.assert_array_equal(np.isinf(days), last[:, None] < shares)
    np.testing.assert_array_equal(model.median_days(X, rhythm), days[:, 1])
    np.testing.assert_allclose(model.interval(X, 0.8, rhythm), days[:, [0, 2]])


@pytest.mark.parametrize(("model", "world"), CASES)
@pytest.mark.parametrize("day", [0.0, 5.5, 40.0])
def test_contributions_add_up(model, world, day):
    got = model.contributions(world.X, world.rhythm, day=day)
    assert got.shape == (len(world.X), world.X.shape[1] + 1)
    k = np.searchsorted(model.edges_days, day, side="right") - 1
    hazard = model.hazard(world.X, world.rhythm)
    np.testing.assert_allclose(got.sum(axis=1), np.log(hazard[:, k]) - model.log_hazard[k], atol=1e-12)


def test_the_average_user_is_neither_early_nor_late():
    late = LATE.contributions(LATE_WORLD.X, LATE_WORLD.rhythm)[:, -1]
    assert late.mean() == pytest.approx(0, abs=1e-9)
    assert late.std() > 0.3


def test_being_late_makes_a_return_less_likely_while_one_stays_away():
    assert np.all(np.diff(LATE.late_effect[1:7]) < 0)  # effect -0.6 per doubling
    slope = np.polyfit(np.arange(5), LATE.late_effect[2:7], 1)[0]
    assert slope == pytest.approx(-0.6, abs=0.12)


def test_what_is_known_fades_where_something_unknown_matters_too():
    assert np.ptp(MODEL.slope) < 0.3
    world = fading_hazards(10_000, seed=1, frailty=1.0)
    model = ReturnModel.fit(world.X, world.days, world.returned)
    assert np.all(np.diff(model.slope) < 0)
    assert model.slope[0] > 1.1 > 0.8 > model.slope[-1] > 0
    fixed = ReturnModel.fit(world.X, world.days, world.returned, config=HazardConfig(fading_penalty=1e9))
    np.testing.assert_allclose(fixed.slope, 1, atol=1e-4)


def test_who_has_no_rhythm_yet_is_measured_by_the_typical_one():
    known = Rhythm(np.array([3.0]), np.array([LATE.typical_gap_days]))
    unknown = Rhythm(np.array([3.0]), np.array([np.nan]))
    X = np.zeros((1, 0))
    np.testing.assert_array_equal(LATE.hazard(X, known), LATE.hazard(X, unknown))
    assert LATE.typical_gap_days == np.median(LATE_WORLD.rhythm.gap_days)
    assert Rhythm(np.array([3.0]), np.array([np.nan])).typical_gap_days == 1.0


@settings(max_examples=40, deadline=None)
@given(
    shift=st.lists(st.floats(-4, 4), min_size=len(MODEL.slope), max_size=len(MODEL.slope)),
    slope=st.lists(st.floats(0, 3), min_size=len(MODEL.slope), max_size=len(MODEL.slope)),
    x=st.lists(st.floats(-5, 5), min_size=3, max_size=3),
)
def test_every_curve_rises(shift, slope, x):
    model = replace(MODEL, log_hazard=MODEL.log_hazard + shift, slope=np.array(slope))
    p = model.curve(np.array([x]), np.linspace(0, model.observed_days, 200))[0]
    assert p[0] == 0
    assert np.all((np.diff(p) >= 0) & (p[1:] <= 1))


@pytest.mark.parametrize(("model", "world"), CASES)
def test_a_model_is_its_arrays(model, world):
    again = ReturnModel.from_arrays(model.to_arrays())
    days = np.array([1.0, 7, 30])
    np.testing.assert_array_equal(again.curve(world.X, days, world.rhythm), model.curve(world.X, days, world.rhythm))
    assert all(isinstance(array, np.ndarray) for array in model.to_arrays().values())


def test_one_user_or_many_give_the_same():
    together = LATE.curve(LATE_WORLD.X, np.array([7.0]), LATE_WORLD.rhythm)
    alone = [LATE.curve(LATE_WORLD.X[i : i + 1], np.array([7.0]), LATE_WORLD.rhythm[i : i + 1])[0] for i in range(20)]
    np.testing.assert_allclose(together[:20], alone, rtol=1e-12)


@pytest.mark.parametrize(("model", "world"), CASES)
def test_nobody_gets_no_rows(model, world):
    X, rhythm, days = world.X[:0], world.rhythm and world.rhythm[:0], np.array([1.0, 7])
    assert model.curve(X, days, rhythm).shape == model.standard_error(X, days, rhythm).shape == (0, 2)
    assert model.interval(X, 0.8, rhythm).shape == (0, 2)
    assert model.contributions(X, rhythm).shape == (0, world.X.shape[1] + 1)


def test_few_users_are_enough_to_answer_and_the_errors_say_so():
    X, days = np.array([[0.5]]), np.array([4.0])
    model = ReturnModel.fit(X, days, np.array([True]))
    assert 0 < model.curve(X, np.array([2.0]))[0, 0] < 1
    assert model.standard_error(X, np.array([2.0]))[0, 0] > 0.2


def test_equal_inputs_and_a_first_day_on_which_all_return_are_no_trouble():
    days = np.linspace(0.01, 0.9, 50)
    model = ReturnModel.fit(np.ones((50, 2)), days, np.ones(50, bool))
    assert model.curve(np.ones((1, 2)), np.array([0.9]))[0, 0] > 0.8
    assert np.isfinite(model.standard_errors).all()


def fit(X=WORLD.X[:4], days=WORLD.days[:4], returned=np.ones(4, bool), **options):
    return ReturnModel.fit(X, days, returned, **options)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: fit(returned=np.zeros(4, bool)), EvidenceError, "Nobody of 4 returned"),
        (lambda: fit(days=np.zeros(4)), EvidenceError, "at the very cut-off"),
        (lambda: fit(WORLD.X[:0], WORLD.days[:0], WORLD.returned[:0]), EvidenceError, "at least one user"),
        (lambda: fit(np.where(np.eye(4)[:, :3], np.nan, 0.0)), ConfigError, "nan in column 0"),
        (lambda: fit(np.where(np.eye(4)[:, :3][::-1], np.inf, 0.0)), ConfigError, "inf in column 2"),
        (lambda: fit(X=WORLD.X[:3]), ConfigError, r"one row per spell \(4\)"),
        (lambda: fit(rhythm=LATE_WORLD.rhythm), ConfigError, "rhythm: expected one row per spell"),
        (lambda: Rhythm(np.array([1.0]), np.array([0.0])), ConfigError, "gap_days above 0"),
        (lambda: Rhythm(np.array([np.nan]), np.array([1.0])), ConfigError, "finite recency_days"),
        (lambda: Rhythm(np.array([1.0]), np.array([1.0, 2.0])), ConfigError, "one recency and one gap"),
        (lambda: HazardConfig(edges_days=(1.0, 2.0)), ConfigError, "start with 0"),
        (lambda: HazardConfig(penalty=0.0), ConfigError, "penalty"),
        (lambda: MODEL.curve(WORLD.X, np.array([61.0])), EvidenceError, "No curve for day 61"),
        (lambda: MODEL.curve(WORLD.X, np.array([-1.0])), ConfigError, "0 or more"),
        (lambda: MODEL.curve(WORLD.X[:, :2], np.array([1.0])), ConfigError, "3 columns"),
        (lambda: MODEL.curve(WORLD.X, np.array([1.0]), LATE_WORLD.rhythm), ConfigError, "fitted with one"),
        (lambda: LATE.curve(LATE_WORLD.X, np.array([1.0])), ConfigError, "fitted with one"),
        (lambda: MODEL.quantile(WORLD.X, 1.0), ConfigError, "between 0 and 1"),
        (lambda: MODEL.calibrated(WORLD.X, WORLD.days, np.zeros(2_000, bool)), EvidenceError, "Nobody returned"),
    ],
)
def test_what_cannot_be_is_refused_by_name(call, error, words):
    with pytest.raises(error, match=words):
        call()
