"""Cut-offs never let an outcome that is learnt from touch the one that is tested."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenure.errors import ConfigError, EvidenceError
from tenure.evaluation.splits import plan_cutoffs

FIRST = datetime.fromisoformat("2017-01-01T09:30")


@settings(max_examples=200, deadline=None)
@given(
    st.floats(1, 900),
    st.integers(1, 90),
    st.integers(1, 8),
    st.one_of(st.none(), st.integers(1, 60)),
    st.integers(0, 90),
)
def test_label_windows_never_overlap_the_test(span, horizon, n_train, step, history):
    last = FIRST + timedelta(days=span)
    arguments = {"horizon_days": horizon, "n_train": n_train, "step_days": step, "min_history_days": history}
    try:
        plan = plan_cutoffs(FIRST, last, **arguments)
    except EvidenceError:
        assert span < history + 2 * horizon + 1
        return
    day, window = timedelta(days=1), timedelta(days=horizon)
    assert plan.test + window <= last < plan.test + window + day
    assert max(plan.train) + window <= plan.test
    assert min(plan.train) >= FIRST + timedelta(days=history)
    assert list(plan.train) == sorted(set(plan.train))
    assert 1 <= len(plan.train) <= n_train
    assert plan.all[-1] == plan.test


def test_takes_as_many_training_cutoffs_as_fit():
    plan = plan_cutoffs(
        datetime.fromisoformat("2017-01-01"), datetime.fromisoformat("2017-05-01"), horizon_days=30, n_train=10
    )
    assert [t.isoformat()[:10] for t in plan.train] == ["2017-01-31", "2017-03-02"]


def test_says_how_long_the_log_would_have_to_be():
    with pytest.raises(EvidenceError, match=r"about 91 days .* but it spans 40 .*shorter horizon"):
        plan_cutoffs(FIRST, FIRST + timedelta(days=40), horizon_days=30)


def test_zones_are_understood():
    aware = plan_cutoffs(FIRST.replace(tzinfo=UTC), datetime(2018, 1, 1, tzinfo=UTC), horizon_days=30)
    assert aware == plan_cutoffs(FIRST, datetime.fromisoformat("2018-01-01"), horizon_days=30)


def test_refuses_a_horizon_of_nothing():
    with pytest.raises(ConfigError, match="horizon_days: expected at least 1, got 0"):
        plan_cutoffs(FIRST, datetime.fromisoformat("2018-01-01"), horizon_days=0)
