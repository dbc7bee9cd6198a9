"""Metrics with their intervals, in words and as grids: shared by the sections on prediction and recommendation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from tenure.charts.theme import name
from tenure.report.blocks import Cell, Grid, Noted, number_columns, text_columns
from tenure.wording import fixed, is_known

T = TypeVar("T")

WORDS = {
    "auc": "AUC",
    "average_precision": "average precision",
    "average_precision_churn": "average precision of churn",
    "log_loss": "log-loss ↓",
    "brier": "Brier ↓",
    "ece": "calibration error ↓",
    "integrated_brier": "integrated Brier ↓",
    "ndcg": "NDCG",
    "mrr": "MRR",
    "map": "MAP",
    "hit_rate": "hit rate",
    "mae": "mean absolute error ↓",
    "rmse": "root mean squared error ↓",
    "spearman": "rank correlation",
    "normalised_gini": "normalised Gini",
    "total_ratio": "predicted ÷ actual total",
}
"""Metrics by name (without "@k"); ↓ = lower is better."""


def metric_words(metric: str) -> str:
    """A metric's name for people.

    >>> metric_words("ndcg@10"), metric_words("log_loss"), metric_words("intra_list_diversity")
    ('NDCG@10', 'log-loss ↓', 'intra list diversity')
    """
    stem, at, k = metric.partition("@")
    return WORDS.get(stem, name(stem)) + at + k


def in_order(values: Iterable[T]) -> list[T]:
    """Each value once, in order of first appearance."""
    return list(dict.fromkeys(values))


def with_interval(
    row: Mapping[str, Any] | None, column: str = "value", written: Callable[[float], str] = fixed
) -> Cell:
    """A number and its 95% interval."""
    if row is None or not is_known(row[column]):
        return ""
    if not (is_known(row["low"]) and is_known(row["high"])):
        return written(row[column])
    return Noted(written(row[column]), f"{written(row['low'])} to {written(row['high'])}")


def metric_grid(rows: Sequence[Mapping[str, Any]], *, subject: str, caption: str, note: str = "") -> Grid:
    """Subjects (models, strategies) as rows, metrics as columns."""
    found = {(row[subject], row["metric"]): row for row in rows}
    metrics = in_order(row["metric"] for row in rows)
    return Grid(
        caption=caption,
        columns=[*text_columns(subject), *number_columns(*(metric_words(m) for m in metrics))],
        rows=[
            [name(who), *(with_interval(found.get((who, m))) for m in metrics)]
            for who in in_order(r[subject] for r in rows)
        ],
        note=note,
    )


def gain_grid(rows: Sequence[Mapping[str, Any]], *, where: str, caption: str) -> Grid:
    """Differences to baselines on the same users, with the verdict of their interval."""
    return Grid(
        caption=caption,
        columns=[
            *text_columns("against", where, "metric"),
            *number_columns("difference"),
            *text_columns("beyond chance?"),
        ],
        rows=[
            [
                name(row["baseline"]),
                name(row[where]),
                metric_words(row["metric"]),
                with_interval(row, "difference"),
                "yes" if excludes_zero(row) else "not proven",
            ]
            for row in rows
        ],
        is_folded=True,
    )


def excludes_zero(row: Mapping[str, Any]) -> bool:
    """Is a difference beyond chance?"""
    return is_known(row["low"]) and is_known(row["high"]) and (row["low"] > 0 or row["high"] < 0)
