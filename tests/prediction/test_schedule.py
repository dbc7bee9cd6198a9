"""Which cut-offs teach, choose and test: laws that no log may break."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenure.errors import EvidenceError
from tenure.prediction.schedule import N_TEST, N_VALIDATION, schedule

FIRST = datetime(2025, 1, 1)


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 40), st.integers(1, 30), st.integers(1, 120), st.integers(0, 60))
def test_nothing_is_tested_by_what_it_taught(n, step, horizon, more):
    grid = [FIRST + timedelta(days=i * step) for i in range(n)]
    until = grid[-1] + timedelta(days=more)
    whole = timedelta(days=horizon)
    try:
        plan = schedule(grid, until, horizon)
    except EvidenceError:
        learnable = [t for t in grid if t + whole <= until]
        assert not learnable or learnable[0] + whole > learnable[-1]
        return
    assert all(t + whole <= until for t in plan.learnt)
    assert set(plan.honest) <= set(plan.learnt)
    assert all(plan.learnt[0] + whole <= t for t in plan.honest)
    assert all(t + whole <= plan.test[0] for t in plan.validation)
    assert 1 <= len(plan.test) <= N_TEST
    assert len(plan.validation) <= N_VALIDATION + N_TEST
    assert list(plan.honest) == sorted(set(plan.honest))
    assert plan.test[-1] == plan.learnt[-1]


def test_windows_lie_apart_where_there_is_room():
    grid = [FIRST + timedelta(days=10 * i) for i in range(40)]
    plan = schedule(grid, grid[-1] + timedelta(days=30), 30)
    gaps = {(b - a).days for a, b in zip(plan.honest, plan.honest[1:], strict=False)}
    assert gaps == {30}
    assert (len(plan.validation), len(plan.test)) == (3, 3)


def test_a_short_log_is_refused_with_advice():
    with pytest.raises(EvidenceError, match="longer log or ask for a shorter horizon"):
        schedule([FIRST, FIRST + timedelta(days=10)], FIRST + timedelta(days=40), 30)
