from datetime import datetime, timedelta

import ibis
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from relation_runner import run

from tenure.domain import PERIODS
from tenure.lifecycle.periods import (
    complete_periods,
    last_begun,
    last_complete,
    natural_period,
    number_of,
    period_number,
    period_start,
    start_of,
)

moments = st.datetimes(datetime.fromisoformat("1950-01-01"), datetime.fromisoformat("2100-01-01"))


@given(time=moments, period=st.sampled_from(PERIODS))
def test_a_period_holds_its_moments(time, period):
    number = number_of(time, period)
    assert start_of(number, period) <= time < start_of(number + 1, period)
    start = start_of(number, period)
    assert {"day": start.hour, "week": start.weekday(), "month": start.day - 1}[period] == 0


@pytest.mark.parametrize("period", PERIODS)
def test_columns_count_as_python_does(period):
    day = datetime.fromisoformat("1969-11-27T23:59:59.999999")
    times = [day + timedelta(days=3.37 * k) for k in range(9000)]
    times += [start_of(number, period) for number in range(-5, 400)]
    table = ibis.table({"time": "timestamp(6)"}, name="times")
    number = period_number(table.time, period)
    relation = table.select("time", number=number, start=period_start(number, period))
    got = run({"times": pa.table({"time": pa.array(times, pa.timestamp("us"))})}, lambda: relation)
    assert got.schema.field("start").type == pa.timestamp("us")
    for row in got.to_pylist():
        assert row["number"] == number_of(row["time"], period)
        assert row["start"] == start_of(row["number"], period)


@given(as_of=moments.map(lambda t: t.replace(microsecond=0)), period=st.sampled_from(PERIODS), back=st.integers(0, 90))
def test_complete_periods_are_over(as_of, period, back):
    first = as_of - timedelta(days=back)
    starts = complete_periods(first, as_of, period)
    assert starts == [start_of(number, period) for number in range(number_of(first, period), number_of(as_of, period))]
    assert (
        start_of(last_complete(as_of, period) + 1, period) <= as_of < start_of(last_complete(as_of, period) + 2, period)
    )
    assert start_of(last_begun(as_of, period), period) < as_of <= start_of(last_begun(as_of, period) + 1, period)


@pytest.mark.parametrize(
    ("gap", "period"), [(1, "day"), (2, "day"), (3, "week"), (7, "week"), (14, "week"), (15, "month"), (400, "month")]
)
def test_the_natural_period_is_the_nearest(gap, period):
    assert natural_period(gap) == period


def test_without_returns_the_middle_period_is_taken():
    assert natural_period(None) == "week"
