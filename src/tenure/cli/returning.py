"""When users come back, as tables of the terminal: part of `tenure predict` and `tenure evaluate`."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tenure.cli.display import column, number, say, show_table, words
from tenure.prediction.tasks import RETURN_DAYS, Task
from tenure.storage.model_registry import ModelVersion
from tenure.wording import counted, listed, percent
from tenure.wording import number as quantity


def show_returns(rows: pa.Table, task: Task, n: int) -> None:
    """Print who is back soonest: the day, its ranges, and the chances; `rows` are those of the task in `forecasts`."""
    chances = {days: f"p_return_{days}" for days in RETURN_DAYS}
    shares = {days: pc.mean(rows[name]).as_py() for days, name in chances.items()}
    told = [f"{percent(share)} within {days} days" for days, share in shares.items() if share is not None]
    show_table(
        rows.sort_by([("value", "ascending")]).slice(0, n).to_pylist(),
        [
            column("user_id", "user"),
            *(column(name, f"back in {days} d", percent, right=True) for days, name in chances.items()),
            column("value", "median day", quantity, right=True),
            column("low_80", "80 % from", quantity, right=True),
            column("high_80", "to", quantity, right=True),
            column("low_95", "95 % from", quantity, right=True),
            column("high_95", "to", quantity, right=True),
        ],
        title=f"{task.name}: {counted(rows.num_rows, 'user')}; back on average {listed(told)}",
    )
    say("")


def show_return_evidence(made: ModelVersion) -> None:
    """Print how well returns were foretold on later time, where that was tested."""
    if "return_metrics" not in made.tables():
        return
    metrics, gains = made.table("return_metrics").to_pylist(), made.table("return_gains").to_pylist()
    keys = list(dict.fromkeys((row["metric"], row["horizon_days"]) for row in metrics))
    leading, leading_days = keys[0]
    behind = {row["baseline"]: row for row in gains if (row["metric"], row["horizon_days"]) == keys[0]}
    rows: list[dict[str, Any]] = []
    for model in dict.fromkeys(row["model"] for row in metrics):
        gain = behind.get(model)
        rows.append(
            {
                "model": words(model) if gain else f"{words(model)} *",
                **{_name(r["metric"], r["horizon_days"]): r["value"] for r in metrics if r["model"] == model},
                "gain": gain and f"{gain['difference']:+.4f} [{gain['low']:+.4f}, {gain['high']:+.4f}]",
            }
        )
    show_table(
        rows,
        [
            column("model"),
            *(number(_name(metric, days), f"{words(metric)}, {days} d", 4) for metric, days in keys),
            column("gain", f"* minus it, {words(leading)} (95 %)", right=True),
        ],
        title=f"return: all seen, {metrics[0]['n_users']:,} forecasts of later time, up to {leading_days} days watched",
    )
    say("")


def _name(metric: str, days: int) -> str:
    return f"{metric}_{days}"
