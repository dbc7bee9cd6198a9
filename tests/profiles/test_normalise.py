"""What is usual, and how far each user is from it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from tenure.errors import ConfigError
from tenure.profiles.normalise import Normaliser, NormaliserConfig, numbers

VALUES = st.one_of(st.floats(-1e9, 1e9), st.just(np.nan), st.sampled_from([0.0, 1.0]))
MATRICES = arrays(np.float64, array_shapes(min_dims=2, max_dims=2, min_side=0, max_side=8), elements=VALUES)
SCALINGS = ("log", "linear", "robust", "share")


def fitted(values: np.ndarray, **config: float) -> Normaliser:
    n = values.shape[1]
    names = [f"f{i}" for i in range(n)]
    return Normaliser.fit(names, [SCALINGS[i % 4] for i in range(n)], values, NormaliserConfig(**config))


def test_each_scaling_equals_the_formula_written_out() -> None:
    x = np.array([1.0, 2.0, 4.0, 50.0])
    z = fitted(np.column_stack([x, x, x, x]), clip=100).transform(np.column_stack([x, x, x, x]))
    logged = np.log1p(x)
    assert z[:, 0] == pytest.approx((logged - logged.mean()) / logged.std())
    assert z[:, 1] == pytest.approx((x - x.mean()) / x.std())
    assert z[:, 2] == pytest.approx((x - 3.0) / ((15.5 - 1.75) / 1.3489795))
    assert z[:, 3] == pytest.approx((x - x.mean()) / x.std())


def test_the_log_keeps_the_sign_of_a_loss() -> None:
    x = np.array([[-10.0], [0.0], [10.0]])
    z = fitted(x).transform(x)[:, 0]
    assert z == pytest.approx([-np.sqrt(1.5), 0.0, np.sqrt(1.5)])


def test_a_robust_spread_of_zero_falls_back_to_the_standard_deviation() -> None:
    x = np.array([0.0] * 9 + [10.0])
    z = Normaliser.fit(["x"], ["robust"], x[:, None]).transform(x[:, None])[:, 0]
    assert z == pytest.approx((x - x.mean()) / x.std())


def test_a_constant_or_unseen_column_is_left_out_and_named() -> None:
    values = np.array([[0.1, np.nan, 1.0], [0.1, np.nan, 2.0], [0.1, np.nan, 3.0]])
    normaliser = fitted(values)
    assert normaliser.constant == ("f0", "f1")
    assert normaliser.names == ("f2",)


def test_columns_missing_for_the_same_users_share_one_indicator() -> None:
    gap = np.array([1.0, 2.0, np.nan, np.nan])
    other = np.array([np.nan, 1.0, 2.0, 3.0])
    values = np.column_stack([gap, gap * 2, other, np.arange(4.0)])
    normaliser = fitted(values)
    assert normaliser.names == ("f0", "f1", "f2", "f3", "f0_missing", "f2_missing")
    z = normaliser.transform(values)
    assert z[2, :2].tolist() == [0.0, 0.0]
    assert z[:, 4] == pytest.approx([-1, -1, 1, 1])
    assert normaliser.select(values)[:, 4:].tolist() == [[0, 1], [0, 0], [1, 0], [1, 0]]


def test_a_column_that_is_hardly_ever_missing_has_no_indicator() -> None:
    values = np.arange(1000.0)[:, None]
    values[0] = np.nan
    assert fitted(values).names == ("f0",)


@settings(deadline=None, max_examples=80)
@given(MATRICES)
def test_z_is_finite_and_clipped_and_one_row_is_as_good_as_many(values: np.ndarray) -> None:
    normaliser = fitted(values, clip=3.0)
    z = normaliser.transform(values)
    assert z.shape == (len(values), len(normaliser.names)) == normaliser.select(values).shape
    assert np.isfinite(z).all()
    assert (np.abs(z) <= 3).all()
    for row in range(len(values)):
        assert np.array_equal(normaliser.transform(values[row : row + 1])[0], z[row])


@settings(deadline=None, max_examples=40)
@given(MATRICES)
def test_the_population_it_was_fitted_on_has_mean_zero_and_spread_one(values: np.ndarray) -> None:
    linear = Normaliser.fit([str(i) for i in range(values.shape[1])], ["linear"] * values.shape[1], values)
    z = linear.transform(values)
    for column, source in enumerate(linear.kept):
        seen = z[~np.isnan(values[:, source]), column]
        assert seen.mean() == pytest.approx(0, abs=1e-6)
        assert seen.std() == pytest.approx(1, abs=1e-6)


@settings(deadline=None, max_examples=20)
@given(MATRICES)
def test_arrays_give_back_the_same_model(values: np.ndarray) -> None:
    normaliser = fitted(values)
    again = Normaliser.from_arrays(normaliser.to_arrays())
    assert (again.names, again.constant) == (normaliser.names, normaliser.constant)
    assert np.array_equal(again.transform(values), normaliser.transform(values))


def test_inputs_are_not_changed() -> None:
    values = np.array([[1.0, np.nan], [2.0, 3.0]])
    before = values.copy()
    fitted(values).transform(values)
    assert np.array_equal(values, before, equal_nan=True)


def test_numbers_reads_any_column_and_turns_null_and_infinity_into_nan() -> None:
    table = pa.table({"i": pa.array([1, None], pa.int64()), "b": [True, None], "f": [float("inf"), 2.5]})
    assert np.array_equal(numbers(table, ["i", "b", "f"]), [[1, 1, np.nan], [np.nan, np.nan, 2.5]], equal_nan=True)
    assert numbers(table, []).shape == (2, 0)


@pytest.mark.parametrize("names", [["a"], ["a", "b", "c"]])
def test_names_must_match_the_columns(names: list[str]) -> None:
    with pytest.raises(ConfigError, match="one name and one scaling per column"):
        Normaliser.fit(names, ["linear"] * len(names), np.zeros((3, 2)))


def test_the_fitted_value_is_frozen() -> None:
    normaliser: Any = fitted(np.zeros((2, 1)))
    with pytest.raises(AttributeError):
        normaliser.clip = 1.0
