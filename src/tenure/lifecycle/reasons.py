"""Stages in words: the rules with this log's numbers, and each user's own reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import cache, partial
from string import Formatter
from typing import Any

import pyarrow as pa

from tenure.lifecycle.stages import RULES, Stage
from tenure.lifecycle.thresholds import Thresholds
from tenure.wording import counted, number, times

_REASONS = {rule.name: rule.reason for rule in RULES}
_NAMES = {rule.name: {name for _, name, _, _ in Formatter().parse(rule.reason) if name} for rule in RULES}
_COLUMNS = ["user_id", "as_of", "stage", "reason", "silence_days", "overdue_ratio", "n_occasions"]


def explained(placed: pa.Table, thresholds: Thresholds) -> pa.Table:
    """Why is each user in their stage? The rows of `stages` with a reason in words.

    Columns: `user_id, as_of, stage, reason, silence_days, overdue_ratio, n_occasions`.
    """
    explain = _explainer(thresholds)
    needed = set().union(*_NAMES.values(), {"rule"})
    numbers = placed.select([name for name in placed.column_names if name in needed])
    reasons = pa.array([explain(row) for row in numbers.to_pylist()], pa.string())
    return placed.append_column("reason", reasons).select(_COLUMNS)


def reason(row: Mapping[str, Any], thresholds: Thresholds) -> str:
    """Why is this user in their stage? The rule that decided and the user's own numbers, in one clause.

    `row` is a row of `stages`.
    """
    return _explainer(thresholds)(row)


def rulebook(thresholds: Thresholds) -> list[tuple[Stage, str]]:
    """What does each stage mean here? Stage and sentence, in order of precedence, with this log's numbers.

    >>> numbers = Thresholds(
    ...     period="week", typical_gap_days=7, late_ratio=2.5, dormant_days=60, churned_days=120, recent_days=30
    ... )
    >>> rulebook(numbers)[1]
    (<Stage.CHURNED: 'churned'>, 'Silent for at least 120 days, and for longer than their usual gap.')
    """
    words = _words(asdict(thresholds))
    return [(rule.stage, rule.sentence.format_map(words)) for rule in RULES]


def _explainer(thresholds: Thresholds) -> Callable[[Mapping[str, Any]], str]:
    fixed = _words(asdict(thresholds))

    def explain(row: Mapping[str, Any]) -> str:
        rule = row["rule"]
        own = {name: row[name] for name in _NAMES[rule] if name in row}
        return _REASONS[rule].format_map(fixed | _words(own))

    return explain


def _words(numbers: Mapping[str, Any]) -> dict[str, Any]:
    """Durations, occasions (they are days), counts of signs and amounts in words; everything else as it is."""
    return {name: _unit(name)(value) for name, value in numbers.items()}


@cache
def _unit(name: str) -> Callable[[Any], Any]:
    if name.endswith(("_days", "_occasions")):
        return partial(counted, noun="day")
    if name in ("n_referrals", "n_praises", "advocate_praises"):
        return times
    return number if name.endswith("_amount") else lambda value: value
