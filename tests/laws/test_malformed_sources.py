"""Two hundred malformed sources of twenty kinds: a clear error or a quarantine entry each, and never a lost record.

Each kind makes a source from a random generator and says how many records it holds, counted by itself, or that it must
be refused.
"""

from __future__ import annotations

import gzip
import json
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from tenure.domains.ecommerce import DOMAIN
from tenure.engine.duckdb import DuckDBConfig
from tenure.errors import TenureError
from tenure.ingest import Inputs, ingest
from tenure.storage.sources import Source

REFUSED = -1
EITHER = -2  # refused or, where the damage happens to be readable, counted
NOW = datetime(2026, 1, 1)
HEADER = "user_id,item_id,timestamp,value"


def lines(rng, n=None):
    n = int(rng.integers(1, 40)) if n is None else n
    times = [f"2024-0{rng.integers(1, 9)}-1{rng.integers(9)}T0{rng.integers(9)}:00:0{k % 10}" for k in range(n)]
    return [f"u{rng.integers(9)},i{rng.integers(20)},{time},{k}" for k, time in enumerate(times)]


def text(path, rows, header=HEADER):
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")


def spoil(rng, rows, change):
    """Change a random third of the rows, at least one."""
    rows = list(rows)
    for k in rng.choice(len(rows), size=max(1, len(rows) // 3), replace=False):
        rows[k] = change(rows[k])
    return rows


def truncated_gzip(rng, folder):
    whole = gzip.compress("\n".join([HEADER, *lines(rng, 3000)]).encode())
    (folder / "e.csv.gz").write_bytes(whole[: int(len(whole) * rng.uniform(0.1, 0.95))])
    return REFUSED


def gzip_in_name_only(rng, folder):
    (folder / "e.csv.gz").write_text("\n".join([HEADER, *lines(rng)]))
    return REFUSED


def mixed_encodings(rng, folder):
    rows = lines(rng)
    spoiled = [row.encode() + b"\xe9" if rng.random() < 0.4 else row.encode() for row in rows]
    spoiled[0] = b"caf\xe9," + spoiled[0].split(b",", 1)[1]
    (folder / "e.csv").write_bytes(b"\n".join([HEADER.encode(), *spoiled]))
    return len(rows)


def nul_bytes(rng, folder):
    rows = spoil(rng, lines(rng), lambda row: row.replace("u", "u\x00", 1))
    text(folder / "e.csv", rows)
    return len(rows)


def wrong_delimiter_in_rows(rng, folder):
    rows = spoil(rng, lines(rng), lambda row: row.replace(",", ";"))
    text(folder / "e.csv", rows)
    return len(rows)


def wrong_delimiter_everywhere(rng, folder):
    separator = rng.choice(["~", "^", "#"])
    text(folder / "e.csv", [row.replace(",", separator) for row in lines(rng)], HEADER.replace(",", separator))
    return REFUSED


def absurd_dates(rng, folder):
    dates = [
        "0000-00-00",
        "2024-13-45",
        "9999-12-31",
        "1066-10-14",
        "infinity",
        "-1",
        "1e300",
        "yesterday",
        "2024-02-30",
    ]
    rows = spoil(rng, lines(rng), lambda row: f"u1,i1,{rng.choice(dates)},1")
    text(folder / "e.csv", rows)
    return len(rows)


def duplicate_headers(rng, folder):
    twice = str(rng.choice(["user_id", "timestamp"]))
    text(folder / "e.csv", [row + ",x" for row in lines(rng)], f"{HEADER},{twice}")
    return REFUSED


def empty_file(rng, folder):
    (folder / "e.csv").write_bytes(rng.choice([b"", b"\n", b"\r\n\r\n", b"\xef\xbb\xbf", b"   "]))
    return REFUSED


def header_only(rng, folder):
    (folder / "e.csv").write_text(HEADER + str(rng.choice(["", "\n", "\r\n"])))
    return 0


def no_users(rng, folder):
    blank = ["", "NULL", "nan", "  ", "None"]
    rows = [f"{rng.choice(blank)},{row.split(',', 1)[1]}" for row in lines(rng)]
    text(folder / "e.csv", rows)
    return len(rows)


def one_event(rng, folder):
    text(folder / "e.csv", lines(rng, 1))
    return 1


def same_timestamp(rng, folder):
    rows = [f"u{rng.integers(5)},i{k},2024-01-01T00:00:00Z,{k}" for k in range(int(rng.integers(2, 50)))]
    text(folder / "e.csv", rows)
    return len(rows)


def huge_field(rng, folder):
    rows = lines(rng, 5)
    rows[int(rng.integers(5))] = f"u1,{'x' * 10_000_000},2024-01-01,1"
    text(folder / "e.csv", rows)
    return len(rows)


def unicode_ids(rng, folder):
    names = ["ü", "中文", "🙂", "a\u202eb", "\u00a0x", "İ", "e\u0301", "ſ"]
    rows = spoil(rng, lines(rng), lambda row: f"{rng.choice(names)},{row.split(',', 1)[1]}")
    text(folder / "e.csv", rows)
    return len(rows)


def ids_like_numbers(rng, folder):
    ids = ["007", "7", "7.0", "1e5", "0x10", "-0", "٣"]
    rows = [f"{rng.choice(ids)},{k},2024-01-01T00:00:{k:02d},1" for k in range(int(rng.integers(5, 30)))]
    text(folder / "e.csv", rows)
    return len(rows)


def bad_numbers(rng, folder):
    bad = ["12,5", "1e999", "inf", "-inf", "abc", "$3", "1_000", "0x1F", "99999999999999999999"]
    rows = [f'u{k % 4},i1,2024-01-01T00:00:{k:02d},"{rng.choice(bad)}"' for k in range(int(rng.integers(1, 30)))]
    text(folder / "e.csv", rows)
    return len(rows)


def broken_json(rng, folder):
    good = [json.dumps({"user_id": k, "timestamp": 1704067200 + k, "item_id": "a", "event": "view"}) for k in range(20)]
    bad = ['{"user_id": 1', "[1, 2]", "null", '"text"', '{"user_id": NaN, "timestamp": }', "{}", "\x00", '{"a":' * 2000]
    # By number, because numpy's text would lose the NUL.
    rows = [*good, *(bad[k] for k in rng.integers(len(bad), size=int(rng.integers(1, 8))))]
    rng.shuffle(rows)
    (folder / "e.jsonl").write_text("\n".join(rows))
    return len(rows)


def quotes_gone_wrong(rng, folder):
    rows = spoil(rng, lines(rng, 30), lambda row: row.replace(",", ',"', 1))
    text(folder / "e.csv", rows)
    return EITHER


def damaged_parquet(rng, folder):
    junk = rng.bytes(int(rng.integers(1, 5000)))
    (folder / "e.parquet").write_bytes(b"PAR1" + junk + (b"PAR1" if rng.random() < 0.5 else b""))
    return REFUSED


KINDS = [
    truncated_gzip, gzip_in_name_only, mixed_encodings, nul_bytes, wrong_delimiter_in_rows, wrong_delimiter_everywhere,
    absurd_dates, duplicate_headers, empty_file, header_only, no_users, one_event, same_timestamp, huge_field,
    unicode_ids, ids_like_numbers, bad_numbers, broken_json, quotes_gone_wrong, damaged_parquet,
]  # fmt: skip


def test_there_are_twenty_kinds():
    assert len(set(KINDS)) == 20


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_nothing_is_lost_and_nothing_crashes(kind, seed, tmp_path: Path):
    expected = kind(np.random.default_rng([seed, KINDS.index(kind)]), tmp_path)
    source = Source(kind="events", inputs=["e.*"], columns={})
    log = tmp_path / "log"
    log.mkdir()
    inputs = Inputs(events=source, items=None, users=None, base=tmp_path, domain=DOMAIN)
    try:
        quality = ingest(inputs, log, now=NOW, engine=DuckDBConfig(threads=1), report=lambda _: None)
    except TenureError as error:
        assert expected in (REFUSED, EITHER), f"refused, but it can be read: {error}"
        assert len(str(error)) > 30
        assert "Records were lost" not in str(error)
        return
    assert expected != REFUSED, "was read, but must be refused"
    kept = pq.read_table(log / "events.parquet")
    quarantine = pq.read_table(log / "quarantine.parquet")
    if expected != EITHER:
        assert kept.num_rows + quarantine.num_rows == expected
    assert quality["n_in"] == quality["n_kept"] + quality["n_quarantined"]
    assert quarantine.column("reason").null_count == 0
    assert kept.column("event_id").null_count == 0
    assert len(set(kept.column("event_id").to_pylist())) == kept.num_rows
    assert all(user.strip() for user in kept.column("user_id").to_pylist())
