"""Items and users: typed, one row per id, and what cannot be used is set aside with the reason."""

from __future__ import annotations

import json

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenure.errors import ConfigError
from tenure.events.normalise import REASONS
from tenure.schema import ITEMS, QUARANTINE, USERS
from tenure.storage.side_tables import read_side_table
from tenure.storage.sources import Source


def items(given, base=None, **columns):
    return read_side_table(Source(kind="items", inputs=[given], columns=columns), base)


def users(given, base=None, **columns):
    return read_side_table(Source(kind="users", inputs=[given], columns=columns), base)


def test_a_row_keeps_what_it_says_in_the_right_type():
    table = pa.table(
        {
            "item_id": ["7"],
            "title": ["  Tea "],
            "category": ["Food|Drinks | Tea"],
            "brand": ["Leaf"],
            "price": ["3.50"],
            "created_at": ["2024-01-01"],
            "colour": ["green"],
        }
    )
    found = items(table)
    assert found.rows.schema.names == ITEMS.names
    (row,) = found.rows.to_pylist()
    assert row == {
        "item_id": "7",
        "title": "Tea",
        "description": None,
        "categories": ["Food", "Drinks", "Tea"],
        "brand": "Leaf",
        "price": 3.5,
        "created_at": "2024-01-01",
        "attributes": '{"colour": "green"}',
    }
    types = {field.name: field.type for field in ITEMS if field.name != "created_at"}
    assert {name: found.rows.schema.field(name).type for name in types} == types


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Drama", ["Drama"]),
        ("Drama|Comedy", ["Drama", "Comedy"]),
        ("Drama; Comedy;", ["Drama", "Comedy"]),
        ("Health, Beauty", ["Health, Beauty"]),
        ("a|b,c", ["a", "b,c"]),  # a stronger separator lets a weaker one be part of a name
        ('["a|b", "c"]', ["a|b", "c"]),
        ("[not json", ["[not json"]),
        ('["", null]', None),
        (" | ", None),
        ("", None),
        ("NULL", None),
    ],
)
def test_categories_are_a_list_from_broad_to_narrow(text, expected):
    (row,) = items(pa.table({"item_id": ["1"], "categories": [text]})).rows.to_pylist()
    assert row["categories"] == expected


def test_several_columns_make_the_categories_and_the_rest_the_attributes():
    table = pa.table(
        {"sku": ["1"], "department": ["Food"], "product_category": [None], "topic": ["Tea"], "x": [1], "y": [2.5]}
    )
    (row,) = items(table).rows.to_pylist()
    assert row["categories"] == ["Food", "Tea"]
    assert json.loads(row["attributes"]) == {"x": 1, "y": 2.5}


SPOILT = {
    "missing_item": {"item_id": " NaN "},
    "bad_id": {"item_id": "a\x07"},
    "unparsable_number": {"item_id": "2", "price": "cheap"},
    "duplicate": {"item_id": "1"},
}


@pytest.mark.parametrize("reason", SPOILT)
def test_a_record_that_cannot_be_used_is_set_aside_with_the_reason(reason):
    rows = [{"item_id": "1", "price": "1"}, {"item_id": "3", "price": None}, {"price": None, **SPOILT[reason]}]
    found = items(pa.Table.from_pylist(rows))
    assert found.n_in == 3
    assert found.rows["item_id"].to_pylist() == ["1", "3"]
    (bad,) = found.quarantine.to_pylist()
    assert found.quarantine.schema == QUARANTINE
    assert (bad["reason"], bad["line"]) == (reason, 3)
    assert reason in REASONS
    json.loads(bad["record"])


def test_json_lines_are_read_as_frames_and_files_are(tmp_path):
    record = {"item_id": 5, "title": "Heat", "categories": "Drama|Crime", "attributes": {"year": 1995}}
    (tmp_path / "i.jsonl").write_text(json.dumps(record) + "\n")
    (tmp_path / "i.csv").write_text("item_id,title,categories,year\n5,Heat,Drama|Crime,1995\n")
    (row,) = items("i.jsonl", tmp_path).rows.to_pylist()
    assert row["categories"] == ["Drama", "Crime"]
    assert row["attributes"] == '{"year": 1995}'
    for form in ("i.csv", pd.DataFrame([{**record, "attributes": None}])):
        (same,) = items(form, tmp_path).rows.to_pylist()
        assert {**same, "attributes": None} == {**row, "attributes": None}


def test_a_user_without_an_id_is_a_missing_user():
    found = users(pd.DataFrame({"user_id": ["a", None], "age": [30, 40]}))
    assert found.quarantine["reason"].to_pylist() == ["missing_user"]
    assert found.rows.to_pylist() == [{"user_id": "a", "created_at": None, "attributes": '{"age": 30}'}]
    assert found.rows.schema.names == USERS.names


def test_a_broken_line_of_a_file_is_kept_as_it_stood(tmp_path):
    (tmp_path / "i.csv").write_text("item_id,price\n1,2\n3\n4,5\n")
    found = items("i.csv", tmp_path)
    assert found.rows["item_id"].to_pylist() == ["1", "4"]
    (bad,) = found.quarantine.to_pylist()
    assert (bad["source"], bad["line"], bad["reason"], bad["record"]) == ("i.csv", 2, "wrong_field_count", "3")


def test_ids_of_a_frame_with_gaps_stay_whole_numbers():
    found = users(pd.DataFrame({"customer_id": [1.0, None, 3.0]}))
    assert found.rows["user_id"].to_pylist() == ["1", "3"]


def test_an_empty_table_is_a_table():
    found = items(pa.table({"item_id": pa.array([], pa.string())}))
    assert (found.n_in, found.rows.num_rows, found.quarantine.num_rows) == (0, 0, 0)


def test_events_are_no_side_table():
    with pytest.raises(ConfigError, match="'events'"):
        read_side_table(Source(kind="events", inputs=[], columns={}), None)


@given(
    st.lists(
        st.fixed_dictionaries(
            {"item_id": st.none() | st.text(max_size=3), "price": st.none() | st.sampled_from(["1", "x", "inf"])}
        ),
        max_size=12,
    )
)
def test_law_rows_in_are_rows_kept_and_rows_set_aside(rows):
    schema = pa.schema([("item_id", pa.string()), ("price", pa.string())])
    found = items(pa.Table.from_pylist(rows, schema))
    assert found.n_in == len(rows) == found.rows.num_rows + found.quarantine.num_rows
    ids = found.rows["item_id"].to_pylist()
    assert len(ids) == len(set(ids))
    assert None not in ids


def test_an_item_whose_time_cannot_be_read_is_set_aside(tmp_path):
    from datetime import datetime

    from tenure.domains.ecommerce import DOMAIN
    from tenure.engine.duckdb import DuckDBConfig
    from tenure.ingest import Inputs, ingest

    (tmp_path / "e.csv").write_text("user_id,timestamp\nu,2024-01-01\n")
    (tmp_path / "i.csv").write_text("item_id,price,created_at\na,1,2024-01-01\nb,1,garbage\nc,inf,2024-01-01\nd,-5,\n")
    (tmp_path / "log").mkdir()
    events, items = (Source(kind=k, inputs=[f], columns={}) for k, f in (("events", "e.csv"), ("items", "i.csv")))
    inputs = Inputs(events=events, items=items, users=None, base=tmp_path, domain=DOMAIN)
    quality = ingest(
        inputs, tmp_path / "log", now=datetime(2026, 1, 1), engine=DuckDBConfig(threads=1), report=lambda _: None
    )
    assert {row["reason"]: row["n"] for row in quality["reasons"]} == {"unparsable_number": 2, "unparsable_time": 1}
    assert (quality["n_in"], quality["n_kept"]) == (5, 2)
