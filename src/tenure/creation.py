"""A new project: tenure.toml in a folder, written from what a user says of their sources."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tenure.errors import ConfigError, SourceError
from tenure.project import Project
from tenure.settings import FILE_NAME, parse_settings
from tenure.storage.project_file import project_toml
from tenure.storage.sources import columns_of
from tenure.storage.versions import write_text

Given = Any
"""A path, a glob, a list of them, or a table with an Arrow C stream (pandas, Polars, Arrow, DuckDB)."""


def create_project(
    folder: str | Path,
    events: Given,
    *,
    items: Given = None,
    users: Given = None,
    domain: str = "ecommerce",
    columns: Mapping[str, str | Sequence[str]] | None = None,
    items_columns: Mapping[str, str | Sequence[str]] | None = None,
    users_columns: Mapping[str, str | Sequence[str]] | None = None,
    preset: str | None = None,
    timezone: str = "UTC",
    overwrite: bool = False,
) -> Project:
    """A new project: writes tenure.toml into a folder, which is made if need be.

    Paths and globs are read where they lie; tables (pandas, Polars, Arrow) are kept in the folder as Parquet.

    Raises:
        ConfigError: there is a project already (and `overwrite` is false), or an argument is wrong.
        SourceError: a file is missing, or a required field has no column.
    """
    folder = Path(folder)
    path = folder / FILE_NAME
    if path.exists() and not overwrite:
        raise ConfigError(f"{path} exists already; choose another folder, edit the file, or overwrite it (--force)")
    sections: dict[str, dict[str, Any]] = {
        "project": {"name": folder.resolve().name, "domain": domain, "timezone": timezone},
        "events": {"preset": preset, "columns": dict(columns or {})},
        "items": {"preset": preset, "columns": dict(items_columns or {})},
        "users": {"preset": preset, "columns": dict(users_columns or {})},
    }
    tables: dict[str, pa.Table] = {}
    for kind, given in (("events", events), ("items", items), ("users", users)):
        if given is None:
            del sections[kind]
        elif hasattr(given, "__arrow_c_stream__"):
            tables[kind] = _as_arrow(kind, given)
            sections[kind]["paths"] = [f"data/{kind}.parquet"]
        else:
            sections[kind]["paths"] = _relative(given, folder)
    settings = parse_settings({name: _without_none(section) for name, section in sections.items()}, "create_project")
    for source in settings.sources():
        if source is not None:
            # Looked at before anything is written, so that a wrong name leaves no half a project behind.
            given = [tables[source.kind]] if source.kind in tables else source.inputs
            columns_of(replace(source, inputs=given), folder)
    folder.mkdir(parents=True, exist_ok=True)
    for kind, table in tables.items():
        (folder / "data").mkdir(exist_ok=True)
        pq.write_table(table, folder / "data" / f"{kind}.parquet")
    write_text(path, project_toml(sections))
    return Project(folder)


def _without_none(section: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in section.items() if value is not None}


def _as_arrow(kind: str, given: Any) -> pa.Table:
    """A table as Arrow; columns of mixed types, which pandas allows, become text, as they would be in a file."""
    try:
        return pa.table(given)
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        if not hasattr(given, "astype"):
            raise SourceError(f"{kind}: the table cannot be read as Arrow: {error}") from error
        mixed = [name for name in given.columns if given[name].dtype == object]
        return pa.table(given.assign(**{name: given[name].map(_text_or_none) for name in mixed}))


def _text_or_none(value: Any) -> str | None:
    return None if value is None or value != value else str(value)  # noqa: PLR0124  (only NaN differs from itself)


def _relative(given: Given, folder: Path) -> list[str]:
    """Paths as seen from the project's folder, so that both can move together."""
    paths = [given] if isinstance(given, str | Path) or not isinstance(given, Sequence) else list(given)
    if not paths or not all(isinstance(path, str | Path) for path in paths):
        raise ConfigError(f"Expected paths, or one table with an Arrow C stream (pandas, Polars, Arrow), got {given!r}")
    return [os.path.relpath(Path(path).expanduser().absolute(), folder.absolute()) for path in paths]
