"""What holds for every user under every model of repeats, whatever the parameters."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenure.lifecycle.repeats.bgnbd import BGNBD
from tenure.lifecycle.repeats.history import History
from tenure.lifecycle.repeats.mbgnbd import MBGNBD
from tenure.lifecycle.repeats.paretonbd import ParetoNBD

SLACK = 1e-9
every_model = pytest.mark.parametrize("model", [BGNBD, MBGNBD, ParetoNBD])


def magnitudes(low, high):
    return st.floats(low, high).map(lambda exponent: 10.0**exponent)


parameters = st.tuples(magnitudes(-1.5, 1.5), magnitudes(-1, 3), magnitudes(-1.5, 1.5), magnitudes(-1.5, 2))


@st.composite
def histories(draw):
    T = draw(magnitudes(-1, 3))
    x = draw(st.one_of(st.integers(0, 20), st.integers(0, 100_000)))
    return History([x], [T * draw(st.floats(1e-3, 1)) if x else 0.0], [T])


@every_model
@settings(max_examples=60, deadline=None)
@given(parameters, histories(), magnitudes(-2, 1), magnitudes(0.01, 1))
def test_forecasts_hang_together(model, values, history, share, longer):
    fitted = model(**dict(zip(model.PARAMETERS, values, strict=True)))
    t = share * (history.T[0] + fitted.alpha)
    p_alive = fitted.p_alive(history)[0]
    p_any, p_any_later = fitted.p_any(t, history)[0], fitted.p_any(t * longer, history)[0]
    expected, expected_later = fitted.expected(t, history)[0], fitted.expected(t * longer, history)[0]
    assert np.isfinite(fitted.log_likelihood(history)).all()
    assert 0 <= p_any <= p_any_later * (1 + SLACK)
    assert p_any_later <= p_alive * (1 + SLACK) <= 1 + 2 * SLACK
    assert p_any <= expected * (1 + SLACK)
    assert expected <= expected_later * (1 + SLACK)
    # nobody is expected to come more often than at their rate, were they to stay
    assert expected <= (fitted.r + history.x[0]) / (fitted.alpha + history.T[0]) * t * (1 + SLACK)


@every_model
@settings(max_examples=30, deadline=None)
@given(parameters, histories())
def test_in_no_time_nothing_happens(model, values, history):
    fitted = model(**dict(zip(model.PARAMETERS, values, strict=True)))
    assert fitted.p_any(0.0, history) == [0.0]
    assert fitted.expected(0.0, history) == [0.0]
    assert fitted.expected_new(0.0) == [0.0]


@every_model
@settings(max_examples=30, deadline=None)
@given(parameters, magnitudes(-1, 1))
def test_counts_of_a_new_user_are_a_law(model, values, share):
    fitted = model(**dict(zip(model.PARAMETERS, values, strict=True)))
    t = share * fitted.alpha
    p = fitted.p_count(np.arange(60), t)
    assert ((p >= 0) & (p <= 1)).all()
    assert p.sum() <= 1 + SLACK
    # expected counts are at least those of the first 60
    assert p @ np.arange(60) <= fitted.expected_new(t)[0] * (1 + 1e-6)
    assert 1 - p[0] <= fitted.expected_new(t)[0] * (1 + 1e-6) + SLACK


@every_model
@settings(max_examples=20, deadline=None)
@given(parameters, st.lists(histories(), min_size=2, max_size=6))
def test_a_crowd_is_answered_like_each_alone(model, values, rows):
    fitted = model(**dict(zip(model.PARAMETERS, values, strict=True)))
    crowd = History(*(np.concatenate([getattr(row, name) for row in rows]) for name in ("x", "t_x", "T")))
    for ask in (fitted.log_likelihood, fitted.p_alive, lambda h: fitted.p_any(5, h), lambda h: fitted.expected(5, h)):
        assert ask(crowd) == pytest.approx(np.concatenate([ask(row) for row in rows]), rel=1e-9, abs=1e-300)
