"""Keep: a run on disk, whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from tenure.pipeline.known import Known
from tenure.pipeline.report import Told, facts_of
from tenure.storage.arrays import save_model
from tenure.storage.versions import Versions

INTERNAL = {"stages_at_test", "reference"}
"""Tables that stages hand to each other and nobody needs afterwards; `reference` stays with the models."""


def keep_run(
    folder: Path,
    known: Known,
    tables: Mapping[str, pa.Table],
    models: Mapping[str, Mapping[str, NDArray[Any]]],
    told: Told,
    *,
    started: datetime,
) -> Path:
    """Write tables, models, report and manifest into a new version of `runs/`; returns its folder."""
    versions = Versions(folder / "runs", keep=known.settings.run.keep_runs)
    manifest = {
        **facts_of(known),
        "domain": known.domain.name,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": round((datetime.now(UTC) - started).total_seconds(), 1),
        "settings": known.settings.model_dump(mode="json"),
        "headlines": told.headlines,
    }
    with versions.writing(f"{started:%Y%m%dT%H%M%S}") as fresh:
        for name, table in tables.items():
            if name not in INTERNAL:
                pq.write_table(table, fresh / f"{name}.parquet", compression="zstd")
        for name, arrays in models.items():
            save_model(fresh / "models", name, arrays)
        (fresh / "report.html").write_text(told.page, encoding="utf-8")
        (fresh / "manifest.json").write_text(json.dumps(manifest, indent=2, default=str), encoding="utf-8")
    kept = [json.loads(path.read_text(encoding="utf-8")) for path in versions.folder.glob("*/manifest.json")]
    Versions(folder / "log", keep=None).prune({manifest["fingerprint"] for manifest in kept})
    current = versions.current()
    if current is None:
        raise FileNotFoundError(versions.folder / "current")
    return current
