"""Runs a relation on small tables, compiled once however many tables a test tries."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import duckdb
import pyarrow as pa
from ibis.expr.types import Table

from tenure.engine.duckdb import compile_sql


@cache
def _sql(build: Callable[..., Table], arguments: tuple[Any, ...], options: tuple[tuple[str, Any], ...]) -> str:
    return compile_sql(build(*arguments, **dict(options)))


_connection = duckdb.connect(config={"threads": 1})


def run(tables: dict[str, pa.Table], build: Callable[..., Table], *arguments: Any, **options: Any) -> pa.Table:
    """The rows of `build(*arguments, **options)` over these tables; arguments must be hashable."""
    for name, table in tables.items():
        _connection.register(name, table)
    return _connection.sql(_sql(build, arguments, tuple(sorted(options.items())))).to_arrow_table()
