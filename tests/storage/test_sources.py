"""Every accepted form of the same three events reads the same."""

from __future__ import annotations

import gzip
import json

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tenure.errors import SourceError
from tenure.events.normalise import RAW_EVENTS
from tenure.storage.sources import Source, columns_of, read

ROWS = [
    {"user_id": "007", "item_id": "a", "event_type": "view", "timestamp": "2024-01-01T10:00:00Z", "value": "1.5"},
    {"user_id": "ü/中", "item_id": "b,c", "event_type": "buy", "timestamp": "2024-01-02T10:00:00Z", "value": "2"},
    {"user_id": "x", "item_id": 'say "hi"', "event_type": "buy", "timestamp": "2024-01-03T10:00:00Z", "value": ""},
]


def records(inputs, base, **kwargs):
    source = Source(kind="events", inputs=inputs, columns=kwargs.pop("columns", {}), **kwargs)
    rows = []
    for batch in read(source, base):
        rows += batch.to_arrow(RAW_EVENTS, len(rows)).to_pylist()
    return rows


def essence(rows):
    return [{key: row[key] or None for key in ROWS[0]} for row in rows]


EXPECTED = [{key: value or None for key, value in row.items()} for row in ROWS]


def as_csv(delimiter=","):
    def field(text):
        return '"' + text.replace('"', '""') + '"' if any(c in text for c in ',;\t|"') else text

    lines = [delimiter.join(ROWS[0])] + [delimiter.join(field(v) for v in row.values()) for row in ROWS]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters_are_found(tmp_path, delimiter):
    (tmp_path / "e.csv").write_text(as_csv(delimiter), encoding="utf-8")
    assert essence(records(["e.csv"], tmp_path)) == EXPECTED


@pytest.mark.parametrize(
    ("name", "encode"),
    [
        ("crlf.csv", lambda text: text.replace("\n", "\r\n").encode()),
        ("bom.csv", lambda text: b"\xef\xbb\xbf" + text.encode()),
        ("utf16.csv", lambda text: text.encode("utf-16")),
        ("plain.csv.gz", lambda text: gzip.compress(text.encode())),
        ("plain.csv.zst", lambda text: pa.Codec("zstd").compress(text.encode(), asbytes=True)),
        ("open_end.csv", lambda text: text.rstrip("\n").encode()),
    ],
)
def test_encodings_and_compression(tmp_path, name, encode):
    (tmp_path / name).write_bytes(encode(as_csv()))
    if name.endswith("zst"):  # a raw zstd block is no file; write a frame
        with pa.CompressedOutputStream(str(tmp_path / name), "zstd") as out:
            out.write(as_csv().encode())
    assert essence(records([name], tmp_path)) == EXPECTED


def test_json_lines(tmp_path):
    (tmp_path / "e.jsonl").write_text("\n".join(json.dumps(row) for row in ROWS), encoding="utf-8")
    assert essence(records(["*.jsonl"], tmp_path)) == EXPECTED


def test_parquet_and_frames(tmp_path):
    table = pa.Table.from_pylist(EXPECTED)
    pq.write_table(table, tmp_path / "e.parquet")
    for given in (["e.parquet"], [table], [pl.DataFrame(table)], [pd.DataFrame(EXPECTED)]):
        assert essence(records(given, tmp_path)) == EXPECTED


def test_types_of_frames_become_the_text_that_stands_for_them(tmp_path):
    frame = pd.DataFrame(
        {
            "user_id": [12.0, None],  # a gap made floats of the ids
            "timestamp": pd.to_datetime(["2024-01-01 10:00", "2024-01-02 10:00"]).tz_localize("Europe/Paris"),
            "item_id": pd.Categorical(["a", "b"]),
            "value": [1.5, 2.0],
        }
    )
    first, second = records([frame], tmp_path)
    assert (first["user_id"], first["item_id"], first["value"]) == ("12", "a", "1.5")
    assert first["timestamp"] == "2024-01-01 09:00:00.000000+00"
    assert (second["user_id"], second["value"]) == (None, "2")


def test_lines_point_at_the_source_even_after_broken_and_blank_ones(tmp_path):
    text = "user_id,timestamp\nu1,2024-01-01\n\nbroken\nu2,2024-01-02\na,b,c\nu3,2024-01-03\n"
    (tmp_path / "e.csv").write_text(text)
    rows = records(["e.csv"], tmp_path)
    good = {row["user_id"]: row["line"] for row in rows if row["fault"] is None}
    bad = {row["record"]: row["line"] for row in rows if row["fault"]}
    # The header is line 0, so that the first record is line 1.
    assert good == {"u1": 1, "u2": 4, "u3": 6}
    assert bad == {"broken": 3, "a,b,c": 5}


def test_blocks_do_not_break_the_count(tmp_path, monkeypatch):
    monkeypatch.setattr("tenure.storage.delimited.BLOCK_BYTES", 256)
    lines = [f"u{n},2024-01-01" if n % 7 else f"u{n}" for n in range(1, 500)]
    (tmp_path / "e.csv").write_text("user_id,timestamp\n" + "\n".join(lines))
    rows = records(["e.csv"], tmp_path)
    assert len(rows) == 499
    assert all(row["line"] == int((row["user_id"] or row["record"])[1:]) for row in rows)


def test_segment_orders_become_one_event_per_product(tmp_path):
    order = {
        "messageId": "m1",
        "userId": "u1",
        "event": "Order Completed",
        "timestamp": "2024-01-01T00:00:00Z",
        "properties": {"products": [{"product_id": "a", "price": 2}, {"product_id": "b", "price": 3}]},
    }
    view = {**order, "messageId": "m2", "event": "Product Viewed", "properties": {"product_id": "c"}}
    (tmp_path / "e.jsonl").write_text(json.dumps(order) + "\n" + json.dumps(view))
    rows = records(["e.jsonl"], tmp_path, preset="segment")
    assert [(r["event_id"], r["item_id"], r["value"]) for r in rows] == [
        ("m1#0", "a", "2"),
        ("m1#1", "b", "3"),
        ("m2", "c", None),
    ]


def test_the_money_of_an_order_is_counted_once(tmp_path):
    """Two of three products without a price must not each bring the revenue of the whole order."""
    products = [{"product_id": "a", "price": 10, "quantity": 3}, {"product_id": "b"}, {"product_id": "c", "price": 5}]
    order = {"userId": "u", "event": "Order Completed", "timestamp": 1704067200, "properties": {"products": products}}
    order["properties"]["revenue"] = 100
    (tmp_path / "e.jsonl").write_text(json.dumps(order))
    rows = records(["e.jsonl"], tmp_path, preset="segment")
    assert [(row["item_id"], row["value"]) for row in rows] == [("a", "30"), ("b", None), ("c", "5")]


def test_a_file_that_two_patterns_mean_is_read_once(tmp_path):
    (tmp_path / "e.csv").write_text(as_csv(), encoding="utf-8")
    assert len(records(["*.csv", "e.csv"], tmp_path)) == len(ROWS)


def test_brackets_in_the_name_of_the_folder_are_no_pattern(tmp_path):
    folder = tmp_path / "shop[1]"
    folder.mkdir()
    (folder / "e.csv").write_text(as_csv(), encoding="utf-8")
    assert len(records(["*.csv"], folder)) == len(ROWS)


def test_quarantine_can_tell_partitions_apart(tmp_path):
    for part in ("a", "b"):
        (tmp_path / part).mkdir()
        (tmp_path / part / "e.csv").write_text("user_id,timestamp\nbroken\n")
    assert {row["source"] for row in records(["*/e.csv"], tmp_path)} == {"a/e.csv", "b/e.csv"}


def test_keys_of_json_are_known_in_any_spelling(tmp_path):
    (tmp_path / "e.jsonl").write_text('{"userId": "u", "Event-Time": 1704067200}')
    (row,) = records(["e.jsonl"], tmp_path)
    assert (row["user_id"], row["timestamp"]) == ("u", "1704067200")


def test_half_a_surrogate_pair_spoils_its_line_only(tmp_path):
    lines = ['{"user_id": "\\ud800", "timestamp": 1}', '{"user_id": "u", "timestamp": 1704067200}']
    (tmp_path / "e.jsonl").write_text("\n".join(lines))
    bad, good = records(["e.jsonl"], tmp_path)
    assert (bad["fault"], good["user_id"]) == ("not_utf8", "u")


def test_a_row_of_delimiters_is_a_record_and_a_blank_line_is_none(tmp_path):
    (tmp_path / "e.csv").write_text("user_id,timestamp,value\nu,2024-01-01,1\n,,\n\nv,2024-01-02,2\n\n")
    rows = records(["e.csv"], tmp_path)
    assert [(row["line"], row["user_id"]) for row in rows] == [(1, "u"), (2, None), (4, "v")]


def test_a_preview_of_json_shows_what_is_there(tmp_path):
    (tmp_path / "e.jsonl").write_text('{"userId": "u", "ts": 1, "thing": {"id": "a"}}\nbroken\n')
    source = Source(kind="events", inputs=["e.jsonl"], columns={"item_id": "thing.id"})
    found = columns_of(source, tmp_path).paths
    assert found == {
        "user_id": ("user_id",),
        "timestamp": ("ts",),
        "item_id": ("thing.id",),
    }
    with pytest.raises(SourceError, match="no user_id in its first records, which have 'userId', 'ts', 'thing'"):
        columns_of(Source(kind="events", inputs=["e.jsonl"], columns={"user_id": "custommer"}), tmp_path)


def test_ga4_nested_items(tmp_path):
    event = {
        "user_pseudo_id": "u",
        "event_name": "purchase",
        "event_timestamp": 1704067200000000,
        "items": [{"item_id": "a", "price": 2.5, "quantity": 2}],
    }
    (tmp_path / "e.jsonl").write_text(json.dumps(event))
    pq.write_table(pa.Table.from_pylist([event]), tmp_path / "e.parquet")
    for name in ("e.jsonl", "e.parquet"):
        (row,) = records([name], tmp_path, preset="ga4")
        assert (row["user_id"], row["item_id"], row["timestamp"], row["value"]) == ("u", "a", "1704067200000000", "5")


@pytest.mark.parametrize(
    ("preset", "header"),
    [
        ("personalize", "USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE"),
        ("gorse", "UserId,ItemId,Timestamp,FeedbackType"),
        ("movielens", "userId,movieId,timestamp,rating"),
        ("recbole", "user_id:token,item_id:token,timestamp:float,rating:float"),
        ("snowplow", "user_id,se_label,derived_tstamp,event_name"),
    ],
)
def test_presets(tmp_path, preset, header):
    (tmp_path / "e.csv").write_text(header + "\nu,i,1704067200,4\n")
    (row,) = records(["e.csv"], tmp_path, preset=preset)
    (plain,) = records(["e.csv"], tmp_path)  # the names are known without the preset
    assert (row["user_id"], row["item_id"], row["timestamp"]) == ("u", "i", "1704067200")
    assert plain["user_id"] == "u"


def test_whitespace_table(tmp_path):
    (tmp_path / "e.txt").write_bytes(
        b" customer_id  date  dollar_value\r\n 00001 19970101  11.77\r\n 00002 19970112\r\n"
    )
    good, bad = records(["e.txt"], tmp_path)
    assert (good["user_id"], good["timestamp"], good["value"]) == ("00001", "19970101", "11.77")
    assert (bad["fault"], bad["line"]) == ("wrong_field_count", 2)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"customer;when\n1;2\n", "found no column for timestamp among"),
        (b"user_id,user_id,timestamp\n1,1,2024-01-01\n", "names 'user_id' 2 times"),
        (gzip.compress(b"user_id,timestamp\n" + b"u,2024-01-01\n" * 9000)[:-40], "cannot be read to its end"),
    ],
)
def test_clear_errors(tmp_path, content, message):
    name = "e.csv.gz" if content[:2] == b"\x1f\x8b" else "e.csv"
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SourceError, match=message):
        records([name], tmp_path)


def test_an_open_quote_is_an_error_before_it_fills_the_memory(tmp_path, monkeypatch):
    monkeypatch.setattr("tenure.storage.delimited.BLOCK_BYTES", 1024)
    (tmp_path / "e.csv").write_text('user_id,timestamp\nu,"' + "u2,2024-01-01\n" * 1000)
    with pytest.raises(SourceError, match="quote was opened and never closed"):
        records(["e.csv"], tmp_path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(SourceError, match=r"No file matches 'nothing\*\.csv'"):
        records(["nothing*.csv"], tmp_path)


def test_an_unknown_object_is_refused(tmp_path):
    with pytest.raises(SourceError, match="Arrow C stream"):
        records([42], tmp_path)


def test_json_array_is_explained(tmp_path):
    (tmp_path / "e.json").write_text('[{"user_id": 1}]')
    with pytest.raises(SourceError, match="one object per line"):
        records(["e.json"], tmp_path)
