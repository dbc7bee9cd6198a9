"""Attributes from other sources become numbers and columns."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenure.profiles.attributes import Attributes, AttributesConfig, attributes_of, number
from tenure.schema import USERS

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("45-54", 49.5),
        ("45 to 54", 49.5),
        ("65+", 65),
        ("65 or more", 65),
        ("50-74K", 62_000),
        ("$1,000 - $2,000", 1_500),
        ("Under 15K", 15_000),
        ("250K+", 250_000),
        ("1.5m", 1_500_000),
        ("-3", -3),
        ("< 18", 18),
        (10**400, None),
        (float("nan"), None),
        ("1,5", None),
        ("2020-01-31", None),
        ("1.2.3", None),
        ("", None),
        ("9" * 50, None),
        ([1], None),
        (None, None),
    ],
)
def test_the_number_that_a_value_stands_for(text: Any, expected: float | None) -> None:
    assert number(text) == expected


def test_ranges_keep_their_order() -> None:
    bands = ["19-24", "25-34", "35-44", "45-54", "55-64", "65+"]
    found = [number(band) for band in bands]
    assert found == sorted(found)
    incomes = ["Under 15K", "15-24K", "25-34K", "50-74K", "100-124K", "250K+"]
    assert [number(i) for i in incomes] == sorted(number(i) for i in incomes)


def test_an_attribute_is_a_number_when_most_values_read_as_one() -> None:
    rows = [json.dumps({"age": f"{20 + i}-{29 + i}", "code": f"A{i}"}) for i in range(19)] + ['{"age": "unknown"}']
    encoder = Attributes.fit(rows)
    assert encoder.numeric == ("age",)
    values = encoder.transform(rows)
    assert values[0, 0] == 24.5
    assert np.isnan(values[19, 0])


def test_rare_words_share_one_column_and_frequent_ones_have_their_own() -> None:
    rows = ['{"plan": "free"}'] * 60 + ['{"plan": "paid"}'] * 38 + ['{"plan": "odd"}', '{"plan": "odder"}']
    encoder = Attributes.fit(rows)
    assert encoder.names == ("plan=free", "plan=paid", "plan=other")
    values = encoder.transform([*rows, '{"plan": "never seen"}', '{"plan": null}', None])
    assert values.sum(axis=0, where=~np.isnan(values)).tolist() == [60, 38, 3]
    assert np.isnan(values[-2:]).all()


def test_the_number_of_words_is_limited() -> None:
    rows = [json.dumps({"city": f"city {i % 20}"}) for i in range(400)]
    encoder = Attributes.fit(rows, AttributesConfig(max_values=3))
    assert len(encoder.names) == 4
    assert encoder.names[-1] == "city=other"


def test_an_attribute_that_is_different_for_everybody_tells_nothing() -> None:
    assert Attributes.fit([json.dumps({"email": f"{i}@example.org"}) for i in range(100)]).names == ()


@settings(deadline=None, max_examples=80)
@given(st.lists(st.none() | st.dictionaries(st.text(max_size=3), JSON_VALUES, max_size=4), max_size=8))
def test_any_json_is_read_and_one_user_is_as_good_as_many(rows: list[Any]) -> None:
    texts = [None if row is None else json.dumps(row) for row in rows]
    encoder = Attributes.fit(texts)
    values = encoder.transform(texts)
    assert values.shape == (len(rows), len(encoder.names))
    assert not np.isinf(values).any()
    for text, row in zip(texts, values, strict=True):
        assert np.array_equal(encoder.transform([text])[0], row, equal_nan=True)
    again = Attributes.from_arrays(encoder.to_arrays())
    assert again == encoder


@pytest.mark.parametrize("text", ["", "not json", "[1, 2]", "3", "null", "[" * 100_000, '{"a": '])
def test_what_is_no_json_object_says_nothing(text: str) -> None:
    encoder = Attributes.fit([text, '{"age": 3}'])
    assert encoder.names == ("age",)
    assert np.isnan(encoder.transform([text])).all()


def test_users_that_the_table_lacks_have_no_attributes() -> None:
    users = pa.Table.from_pylist([{"user_id": "a", "attributes": "{}"}, {"user_id": "b"}], schema=USERS)
    assert attributes_of(users, pa.chunked_array([["b", "zoe", "a"]])) == [None, None, "{}"]
    assert attributes_of(USERS.empty_table(), pa.chunked_array([["a"]])) == [None]
