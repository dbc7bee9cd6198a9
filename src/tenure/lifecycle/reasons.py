"""Stages in words: the rules with this log's numbers, and each user's own reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import cache
from typing import Any

import pyarrow as pa

from tenure.lifecycle.stages import RULES, Stage
from tenure.lifecycle.thresholds import Thresholds

_REASONS = {rule.name: rule.reason for rule in RULES}


def explained(placed: pa.Table, thresholds: Thresholds) -> pa.Table:
    """Why is each user in their stage? The rows of `stages` with a reason in words.

    Columns: `user_id, as_of, stage, reason, silence_days, overdue_ratio, n_occasions`.
    """
    explain = _explainer(thresholds)
    numbers = placed.select([name for name in placed.column_names if name not in ("user_id", "as_of", "stage")])
    reasons = pa.array([explain(row) for row in numbers.to_pylist()], pa.string())
    table = placed.append_column("reason", reasons)
    return table.select(["user_id", "as_of", "stage", "reason", "silence_days", "overdue_ratio", "n_occasions"])


def reason(row: Mapping[str, Any], thresholds: Thresholds) -> str:
    """Why is this user in their stage? The rule that decided and the user's own numbers, in one clause.

    `row` is a row of `stages`.
    """
    return _explainer(thresholds)(row)


def rulebook(thresholds: Thresholds) -> list[tuple[Stage, str]]:
    """What does each stage mean here? Stage and sentence, in order of precedence, with this log's numbers.

    >>> numbers = Thresholds(period="week", typical_gap_days=7, late_ratio=2.5, dormant_days=60, churned_days=120,
    recent_days=30, ...                      activated_occasions=2)
    >>> rulebook(numbers)[1]
    (<Stage.CHURNED: 'churned'>, 'Silent for at least 120 days.')
    """
    words = _words(asdict(thresholds))
    return [(rule.stage, rule.sentence.format_map(words)) for rule in RULES]


def _explainer(thresholds: Thresholds) -> Callable[[Mapping[str, Any]], str]:
    fixed = _words(asdict(thresholds))
    return lambda row: _REASONS[row["rule"]].format_map(fixed | _words(row))


def _words(numbers: Mapping[str, Any]) -> dict[str, Any]:
    """Durations, occasions (they are days) and counts of signs in words; everything else as it is."""
    return {name: _unit(name)(value) for name, value in numbers.items()}


@cache
def _unit(name: str) -> Callable[[Any], Any]:
    if name.endswith(("_days", "_occasions")):
        return _days
    return _times if name in ("n_referrals", "n_praises", "advocate_praises") else lambda value: value


def _days(number: float | None) -> str:
    if number is None:
        return "no days"
    text = f"{number:.0f}" if number >= 10 else f"{number:.1f}".removesuffix(".0")
    return f"{text} day" if text == "1" else f"{text} days"


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"
