"""Nested records become fields, one event per element of a list; words for nothing become nothing."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest

from tenure.errors import SourceError
from tenure.events.columns import ColumnMap, resolve
from tenure.storage.records import BLOCK_BYTES, as_text, flatten, read_json_lines, said


def fields(record, **paths):
    kind = "items" if "categories" in paths or "attributes" in paths else "events"
    return list(flatten(record, ColumnMap(kind, paths)))


def test_a_path_reaches_into_a_record():
    record = {"who": {"id": 7}, "a.b": "dotted", "list": [{"x": 1}, {"x": 2}]}
    (found,) = fields(record, user_id=("who.id",), item_id=("a.b",), value=("list.1.x",), event_id=("who.no.where",))
    assert found == {"user_id": "7", "item_id": "dotted", "value": "2", "event_id": None}


def test_the_first_path_that_is_there_wins():
    (found,) = fields({"b": None, "c": 0, "d": 5}, value=("a", "b", "c", "d"))
    assert found == {"value": "0"}


def test_a_list_gives_an_event_per_element_each_with_an_id_of_its_own():
    record = {
        "messageId": "m",
        "userId": "u",
        "properties": {"products": [{"product_id": "a", "price": 2}, {"product_id": "b"}]},
    }
    found = list(flatten(record, resolve("events", None, preset="segment")))
    assert [(row["item_id"], row["value"], row["user_id"]) for row in found] == [("a", "2", "u"), ("b", None, "u")]
    assert len({row["event_id"] for row in found}) == 2


@pytest.mark.parametrize("products", [[], None, "x", {}])
def test_without_elements_a_record_is_still_one_event(products):
    record = {"messageId": "m", "userId": "u", "properties": {"products": products, "product_id": "p", "revenue": 3}}
    (row,) = flatten(record, resolve("events", None, preset="segment"))
    assert (row["event_id"], row["item_id"], row["value"]) == ("m", "p", "3")


def test_gathered_fields_are_json():
    (found,) = fields({"a": ["x", 1], "b": "y", "c": None}, categories=("a", "b", "c"), attributes=("b", "c"))
    assert json.loads(found["categories"]) == ["x", "1", "y"]
    assert json.loads(found["attributes"]) == {"b": "y"}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "1"),
        (1.5, "1.5"),
        (2.0**60, "1.152921504606847e+18"),
        (float("nan"), None),
        (True, "true"),
        (None, None),
        ([1], "[1]"),
        ("é", "é"),
    ],
)
def test_values_as_text(value, text):
    assert as_text(value) == text


def test_words_for_nothing_are_nothing_and_names_are_names():
    nothing = ["", "  ", "null", "NULL", "None", "NaN", "nan", "N/A", "<NA>", "NaT", "\\N", "undefined"]
    something = ["Nancy", "0", "nullable", "-", " x "]
    assert said(pa.array(nothing, pa.string())).to_pylist() == [None] * len(nothing)
    assert said(pa.array([*something, None], pa.string())).to_pylist() == ["Nancy", "0", "nullable", "-", "x", None]


def test_json_lines_count_their_lines_and_keep_what_is_broken(tmp_path):
    path = tmp_path / "e.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"user_id": 1}\r\n\n[1]\n{"user_id": "\xff"}\nnot json\n{"user_id": 2}')
    (batch,) = read_json_lines(path, resolve("events", None))
    assert batch.lines.to_pylist() == [1, 3, 4, 5, 6]
    assert batch.faults.to_pylist() == [None, "not_json", "not_utf8", "not_json", None]
    assert batch.records.to_pylist()[3] == "not json"
    assert batch.columns["user_id"].to_pylist() == ["1", None, None, None, "2"]


@pytest.mark.parametrize(
    ("content", "words"), [(b'[{"user_id": 1}]', "one JSON array"), (b"x" * (BLOCK_BYTES + 2**21), "longer than")]
)
def test_what_is_no_json_lines_is_refused(tmp_path, content, words):
    path = tmp_path / "e.json"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=words):
        list(read_json_lines(path, resolve("events", None)))
