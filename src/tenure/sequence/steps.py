"""From events to steps: what a user did at one moment is one step of a network, a basket of forty lines included."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tenure.domain import Role
from tenure.events.sequences import Sequences
from tenure.profiles.features import Scaling
from tenure.schema import SECONDS_PER_DAY

KINDS = ("no_role", *Role)
"""Every role, and none."""
_DAYS_PER_WEEK = 7
_THURSDAY = 3
"""1 January 1970 was one; Monday is 0."""

FEATURES: dict[str, Scaling] = {
    **{f"n_{kind}": "log" for kind in KINDS},
    "n_events": "log",
    "value": "log",
    "gap_days": "log",
    "n_before": "log",
    "mean_gap_days": "log",
    "known_days": "log",
    "hour_sin": "linear",
    "hour_cos": "linear",
    "weekday_sin": "linear",
    "weekday_cos": "linear",
}
"""What is known of a step, and how it is made comparable. Hours and weekdays are in UTC."""


@dataclass(frozen=True, eq=False)
class Steps:
    """B sequences of steps, ragged: sequence i is the steps `starts[i]` up to and without `ends[i]`, oldest first."""

    starts: NDArray[np.int64]
    """[B]"""
    ends: NDArray[np.int64]
    """[B]"""
    seconds: NDArray[np.int64]
    """[S]: time of the step, seconds since 1970 UTC."""
    features: NDArray[np.float64]
    """[S, F], as `FEATURES` names them; NaN = no value, or no step before this one."""
    event_starts: NDArray[np.int64]
    """[S]: the events of the step are those of the sequences from here"""
    event_ends: NDArray[np.int64]
    """[S]: up to and without here. Within a step their order means nothing."""


def steps(sequences: Sequences, n_newest: int) -> Steps:
    """What did each user do, moment after moment? The newest `n_newest` steps of each sequence, and no others.

    All events of one second are one step. What a step says depends on its own sequence alone.
    """
    is_empty = sequences.starts == sequences.ends
    if is_empty.all():
        nowhere = np.zeros(len(sequences), np.int64)
        nothing = np.zeros(0, np.int64)
        return Steps(nowhere, nowhere, nothing, np.zeros((0, len(FEATURES))), nothing, nothing)
    low, high = sequences.starts[~is_empty].min(), sequences.ends[~is_empty].max()
    starts, ends = (np.where(is_empty, low, x) - low for x in (sequences.starts, sequences.ends))
    seconds = sequences.seconds[low:high]
    # The borders of sequences are borders of steps: neighbours in the arrays may be two users in one second.
    is_new = np.concatenate([[True], np.diff(seconds) != 0, [True]])
    is_new[starts] = is_new[ends] = True
    number = np.cumsum(is_new) - 1  # [N + 1]: the step of each event, and the end
    first = np.flatnonzero(is_new)[:-1]
    when = seconds[first]
    gap = np.diff(when, prepend=when[0]) / SECONDS_PER_DAY
    gap[number[starts[~is_empty]]] = np.nan
    n_before, known = _so_far(when, np.unique(number[starts[~is_empty]]))
    mean_gap = np.divide(known, n_before, out=np.full(len(when), np.nan), where=n_before > 0)
    start, end = number[starts], number[ends]
    start = np.maximum(start, end - n_newest)
    is_read = np.cumsum(np.bincount(start, minlength=len(first) + 1) - np.bincount(end, minlength=len(first) + 1)) > 0
    place = np.concatenate([[0], np.cumsum(is_read)])  # of each step among those that are read
    read = np.flatnonzero(is_read[:-1])
    sums = _sums(number[:-1], first, sequences.roles[low:high], sequences.values[low:high])
    columns = [*sums, gap, n_before, mean_gap, known, *_calendar(when)]
    borders = np.append(first, len(seconds)) + low
    return Steps(
        starts=place[start],
        ends=place[end],
        seconds=when[read],
        features=np.stack([column[read] for column in columns], axis=1),
        event_starts=borders[:-1][read],
        event_ends=borders[1:][read],
    )


def _so_far(when: NDArray[np.int64], begin: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Of each step [S]: the steps before it, and the days since the first; what no window forgets."""
    of = np.repeat(begin, np.diff(np.append(begin, len(when))))
    place = np.arange(begin[0], len(when)) if len(begin) else np.zeros(0, np.int64)
    n_before, days = np.zeros(len(when)), np.zeros(len(when))
    n_before[place] = place - of
    days[place] = (when[place] - when[of]) / SECONDS_PER_DAY
    return n_before, days


def _sums(
    number: NDArray[np.int64], first: NDArray[np.int64], roles: NDArray[np.int8], values: NDArray[np.float32]
) -> list[NDArray[np.float64]]:
    """Events by kind and in all, and their value, of each step [S]."""
    n_steps, n_kinds = len(first), len(KINDS)
    counts = np.bincount(number * n_kinds + roles + 1, minlength=n_steps * n_kinds).reshape(n_steps, n_kinds)
    value = np.add.reduceat(np.nan_to_num(values).astype(np.float64), first)
    has_value = np.add.reduceat(~np.isnan(values), first, dtype=np.int64) > 0
    return [*counts.T.astype(np.float64), counts.sum(axis=1, dtype=np.float64), np.where(has_value, value, np.nan)]


def _calendar(when: NDArray[np.int64]) -> list[NDArray[np.float64]]:
    """Hour and weekday of each step as points on a circle, so that Sunday lies beside Monday [S]."""
    hour = 2 * np.pi * (when % SECONDS_PER_DAY) / SECONDS_PER_DAY
    weekday = 2 * np.pi * ((when // SECONDS_PER_DAY + _THURSDAY) % _DAYS_PER_WEEK) / _DAYS_PER_WEEK
    return [np.sin(hour), np.cos(hour), np.sin(weekday), np.cos(weekday)]
