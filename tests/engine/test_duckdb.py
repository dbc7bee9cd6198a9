"""The engine runs what a relation says, whole or not at all."""

from __future__ import annotations

import _thread
import threading
from pathlib import Path

import duckdb
import ibis
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tenure.engine.duckdb import DuckDBConfig, DuckDBEngine, compile_sql
from tenure.errors import ConfigError

ROWS = pa.table({"user": ["a", "a", "b"], "n": pa.array([1, 2, 3], pa.int64()), "x": [0.5, 1.5, 2.5]})
T = ibis.table({"user": "string", "n": "int64", "x": "float64"}, name="t")
ONE_THREAD = DuckDBConfig(threads=1)


@pytest.fixture
def duck():
    with DuckDBEngine({"t": ROWS}, ONE_THREAD) as engine:
        yield engine


def failing(table):
    """A relation that compiles and fails while it runs."""
    return table.mutate(n=table.user.cast("int64"))


def test_tables_streams_files_and_globs_are_read_alike(tmp_path):
    quoted = tmp_path / "it's a file.parquet"
    pq.write_table(ROWS, quoted)
    for k in range(2):
        pq.write_table(ROWS.slice(k, 2 - k), tmp_path / f"part{k}.parquet")
    sources = {
        "frame": ROWS,
        "stream": ROWS.to_reader(),
        "path": quoted,
        "text": str(quoted),
        "glob": tmp_path / "part*.parquet",
    }
    with DuckDBEngine(sources, ONE_THREAD) as engine:
        for name in sources:
            table = ibis.table(T.schema(), name=name)
            assert engine.run(table.agg(n=table.n.sum()))["n"].to_pylist() == [5 if name == "glob" else 6]


def test_names_are_quoted_so_words_of_sql_can_be_names(duck):
    for name in ("order", "select", "two words", "Ünï"):
        duck.register(name, ROWS)
        table = ibis.table(T.schema(), name=name)
        assert duck.run(table).num_rows == 3
        kept = duck.materialise(f"{name} kept", table.filter(table.n > 1))
        assert duck.run(kept).num_rows == 2


def test_sums_of_integers_come_back_as_the_relation_declares_them(duck):
    sums = T.group_by("user").agg(total=T.n.sum(), mean=T.x.mean(), n_rows=T.count()).order_by("user")
    assert duck.run(sums).schema.field("total").type == pa.int64()
    assert duck.run(sums).to_pylist()[0] == {"user": "a", "total": 3, "mean": 1.0, "n_rows": 2}
    raw = duckdb.from_arrow(ROWS).aggregate("sum(n) AS total").to_arrow_table()
    assert raw.schema.field("total").type != pa.int64(), "the engine itself gives a wider type"


def test_an_empty_relation_has_its_columns(duck):
    nothing = duck.run(T.filter(T.n > 99))
    assert (nothing.num_rows, nothing.schema.names) == (0, ["user", "n", "x"])


def test_write_says_how_many_and_leaves_nothing_else(duck, tmp_path):
    target = tmp_path / "new folder" / "it's.parquet"
    assert duck.write(T.filter(T.n > 1), target) == 2
    assert pq.read_table(target).num_rows == 2
    assert list(target.parent.iterdir()) == [target]
    assert duck.write(T, target) == 3, "an older file is replaced"
    with pytest.raises(ConfigError, match="parquet"):
        duck.write(T, tmp_path / "table.csv")


def test_a_file_that_could_not_be_written_whole_never_has_the_real_name(duck, tmp_path):
    target = tmp_path / "t.parquet"
    with pytest.raises(duckdb.Error):
        duck.write(failing(T), target)
    assert not target.exists()
    duck.write(T, target)
    before = target.read_bytes()
    with pytest.raises(duckdb.Error):
        duck.write(failing(T), target)
    assert target.read_bytes() == before


def test_while_a_file_is_written_its_real_name_is_free(duck, tmp_path):
    target, seen = tmp_path / "t.parquet", []

    def batches():
        for batch in ROWS.to_batches() * 3:
            seen.append(target.exists())
            yield batch

    duck.register("slow", pa.RecordBatchReader.from_batches(ROWS.schema, batches()))
    duck.write(ibis.table(T.schema(), name="slow"), target)
    assert seen == [False] * 3
    assert target.exists()


def test_what_is_materialised_does_not_change_with_its_source(duck):
    kept = duck.materialise("kept", T.agg(n=T.n.sum()))
    duck.register("t", ROWS.slice(0, 1))
    assert duck.run(T.agg(n=T.n.sum()))["n"].to_pylist() == [1]
    assert duck.run(kept)["n"].to_pylist() == [6]
    duck.materialise("kept", T.agg(n=T.n.max()))
    assert duck.run(kept)["n"].to_pylist() == [1], "the name now means the newer relation"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"timezone": "Europe/Pariss"}, ["timezone", "'Europe/Pariss'"]),
        ({"config": DuckDBConfig(memory_limit="lots")}, ["memory_limit", "'3GB'", "'lots'"]),
    ],
)
def test_a_wrong_setting_is_named_and_leaves_no_scratch_folder(options, words, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(ConfigError) as caught:
        DuckDBEngine(**options)
    for word in words:
        assert word in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("way", ["run", "write", "materialise"])
def test_an_interruption_is_an_interruption(duck, tmp_path, way):
    """DuckDB itself raises a RuntimeError, which nobody takes for Ctrl-C."""
    numbers = ibis.range(0, 10**6).unnest().name("n").as_table()
    endless = numbers.cross_join(numbers.view()).agg(n=ibis._.n.sum())
    todo = {
        "run": lambda: duck.run(endless),
        "write": lambda: duck.write(endless, tmp_path / "t.parquet"),
        "materialise": lambda: duck.materialise("kept", endless),
    }
    timer = threading.Timer(0.2, _thread.interrupt_main)
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        todo[way]()
    timer.join()
    assert duck.run(T).num_rows == 3, "the engine can go on"
    assert not (tmp_path / "t.parquet").exists()


def test_scratch_space_is_gone_when_the_engine_is_closed(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with DuckDBEngine({"t": ROWS}, ONE_THREAD) as engine:
        assert [path.name[:14] for path in tmp_path.iterdir()] == ["tenure-duckdb-"]
        engine.run(T)
    assert list(tmp_path.iterdir()) == []


def test_compiling_keeps_the_options_of_ibis_as_they_were():
    before = ibis.options.sql.fuse_selects
    compile_sql(T)
    assert ibis.options.sql.fuse_selects == before


def test_the_engine_never_lets_ibis_connect():
    source = Path(compile_sql.__code__.co_filename).read_text(encoding="utf-8")
    assert "ibis.duckdb" not in source
    assert ".execute(compile" not in source
