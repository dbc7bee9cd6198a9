"""What-if: the two answers differ where inputs go together, and nobody is invented."""

from __future__ import annotations

import numpy as np
import pytest
from prediction.explaining.planted import Formula, inputs_of
from scipy.special import expit

from tenure.errors import ConfigError, EvidenceError
from tenure.prediction.explaining.acts import Acted
from tenure.prediction.explaining.likeness import Likeness, LikenessConfig
from tenure.prediction.explaining.whatif import NOT_CAUSAL, what_if, what_would_change

NAMES = ("recency_days", "n_active_days_90", "value_90")
RHO = 0.8


def normal_users(n=4000, seed=0):
    """Three standard normal inputs; the first two go together by RHO, the third with nothing."""
    rng = np.random.default_rng(seed)
    first, noise, third = rng.normal(size=(3, n))
    return inputs_of(np.stack([first, RHO * first + np.sqrt(1 - RHO**2) * noise, third], axis=1), NAMES)


MODEL = Formula(lambda i: 1.0 * i.values[:, 0] - 2.0 * i.values[:, 1] + 0.5 * i.values[:, 2])


@pytest.fixture(scope="module")
def likeness():
    return Likeness.fit(normal_users())


def test_with_planted_correlation_the_two_answers_differ_and_are_right(likeness):
    row = inputs_of([[0.2, 0.1, 0.3]], NAMES)
    found = what_if(MODEL.predict, row, {"recency_days": 1.0}, likeness)
    # Truth: the second input moves by RHO x the change of the first, the third stays.
    assert found.alone.forecast == pytest.approx(expit(1.0 - 2.0 * 0.1 + 0.15), abs=1e-9)
    assert found.along.forecast == pytest.approx(expit(1.0 - 2.0 * (0.1 + RHO * 0.8) + 0.15), abs=0.02)
    assert found.before == pytest.approx(expit(0.2 - 0.2 + 0.15))
    assert found.moved[0][0] == "n_active_days_90"
    assert found.caveat == NOT_CAUSAL
    assert found.n_with > 100


def test_without_correlation_the_two_answers_agree(likeness):
    row = inputs_of([[0.2, 0.1, 0.3]], NAMES)
    found = what_if(MODEL.predict, row, {"value_90": 1.5}, likeness)
    assert found.along.forecast == pytest.approx(found.alone.forecast, abs=0.03)


def test_the_copula_follows_any_rising_scale():
    shaped = normal_users()
    shaped = inputs_of(np.exp(shaped.values), NAMES)
    row = inputs_of([np.exp([0.2, 0.1, 0.3])], NAMES)
    moved = Likeness.fit(shaped).moved(row.values[0], {"recency_days": float(np.exp(1.0))})
    np.testing.assert_allclose(np.log(moved), [1.0, 0.1 + RHO * 0.8, 0.3], atol=0.06)


def test_a_combination_that_nobody_has_gets_no_number(likeness):
    row = inputs_of([[-1.5, -1.2, 0.0]], NAMES)
    found = what_if(MODEL.predict, row, {"recency_days": 1.8}, likeness)
    assert found.alone.forecast is None
    assert "otherwise like this" in found.alone.refusal
    assert found.along.forecast is not None


def test_a_value_that_hardly_anybody_has_gets_no_number_at_all(likeness):
    row = inputs_of([[0.0, 0.0, 0.0]], NAMES)
    for value in (50.0, -50.0):
        found = what_if(MODEL.predict, row, {"recency_days": value}, likeness)
        assert found.alone.forecast is None
        assert found.along.forecast is None
        assert "real users" in found.along.refusal
    # Each value is usual, but together nobody has them.
    both = {"recency_days": 2.0, "n_active_days_90": -2.0}
    assert what_if(MODEL.predict, row, both, likeness).along.forecast is None


def test_plausibility_refuses_about_as_many_real_users_as_it_says(likeness):
    fresh = normal_users(400, seed=5).values
    ruled = [
        lambda row: likeness.is_plausible(row, {"recency_days": float(row[0])}),
        likeness.has_company,
    ]
    for is_fine in ruled:
        assert np.mean([not is_fine(row) for row in fresh]) == pytest.approx(0.01, abs=0.015)  # standard error .005


def test_near_equal_inputs_do_not_make_a_usual_user_strange():
    rng = np.random.default_rng(3)
    total = rng.normal(size=2000)
    twins = inputs_of(
        np.stack([total, total + rng.normal(scale=0.02, size=2000), rng.normal(size=2000)], axis=1), NAMES
    )
    likeness = Likeness.fit(twins)
    assert likeness.has_company(np.array([0.5, 0.7, 0.0]))  # ten standard deviations off the line, and yet no stranger
    assert not likeness.has_company(np.array([2.0, -2.0, 0.0]))


def test_undefined_values_stay_undefined_and_counts_stay_whole():
    rng = np.random.default_rng(1)
    first = rng.poisson(5, 1000).astype(float)
    values = np.stack([first, rng.poisson(first + 1).astype(float), np.full(1000, np.nan)], axis=1)
    likeness = Likeness.fit(inputs_of(values, NAMES))
    moved = likeness.moved(np.array([3.0, 3.0, np.nan]), {"recency_days": 9.0})
    assert moved[0] == 9.0
    assert moved[1] == round(moved[1]) > 3.0
    assert np.isnan(moved[2])
    assert likeness.n_with({"value_90": 1.0}) == 0


def test_acts_are_ranked_and_strange_ones_refused(likeness):
    row = inputs_of([[0.0, 0.0, 0.0]], NAMES)
    done = [
        Acted("small", "they do little", inputs_of([[0.1, 0.1, 0.0]], NAMES)),
        Acted("large", "they do much", inputs_of([[-1.0, -0.8, 0.0]], NAMES)),
        Acted("odd", "they do what nobody does", inputs_of([[3.0, -3.0, 0.0]], NAMES)),
    ]
    table = what_would_change(MODEL.predict, row, done, likeness).to_pylist()
    assert [entry["act"] for entry in table] == ["large", "small", "odd"]
    assert table[0]["change"] == pytest.approx(expit(-1.0 + 1.6) - 0.5)
    assert table[2]["after"] is None
    assert "no real user" in table[2]["refusal"]


@pytest.mark.parametrize(
    ("change", "said"),
    [({"recency": 1.0}, "did you mean 'recency_days'"), ({}, "at least one"), ({"value_90": np.nan}, "finite")],
)
def test_senseless_changes_are_refused(likeness, change, said):
    with pytest.raises(ConfigError, match=said):
        what_if(MODEL.predict, inputs_of([[0.0, 0.0, 0.0]], NAMES), change, likeness)


def test_too_few_users_or_too_many_rows_are_refused(likeness):
    with pytest.raises(EvidenceError, match="at least 20"):
        Likeness.fit(normal_users(15))
    assert Likeness.fit(normal_users(15), LikenessConfig(n_alike=5)).users.shape == (15, 3)
    with pytest.raises(ConfigError, match="one user, got 2"):
        what_if(MODEL.predict, normal_users(2), {"value_90": 1.0}, likeness)
