"""The events of users one after the other, as ragged arrays: what sequence models read. Nothing is padded here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from ibis.expr.types import Table
from numpy.typing import NDArray

from tenure.domain import Role
from tenure.errors import ConfigError, SourceError
from tenure.events.log import AsOf, before, cutoffs
from tenure.schema import TIME


def in_order(events: Table, as_of: AsOf) -> Table:
    """What did each user do before the last of the cut-offs, one event after the other?

    One row per event: `user_id, timestamp, role, item_id, value`, by user and time; events of one moment are ordered
    by their id, so that the order never depends on the engine. What came before an earlier cut-off is the beginning of
    the same sequence, which `Sequences.from_table` cuts.
    """
    known = before(events, cutoffs(as_of)[-1])
    ordered = known.order_by("user_id", "timestamp", "event_id")
    return ordered.select("user_id", "timestamp", "role", "item_id", "value")


@dataclass(frozen=True, eq=False)
class Sequences:
    """B sequences over N events; sequence i is the events `starts[i]` up to and without `ends[i]`, oldest first.

    Several cut-offs of one user share the same events, so that they cost no memory: only the ends differ.
    """

    starts: NDArray[np.int64]
    """[B]"""
    ends: NDArray[np.int64]
    """[B]: everything before it was known at the cut-off."""
    seconds: NDArray[np.int64]
    """[N]: time of the event, whole seconds since 1970 UTC."""
    roles: NDArray[np.int8]
    """[N]: place of the role in `list(domain.Role)`; -1 = an event without a role."""
    items: NDArray[np.int32]
    """[N]: number of the item in `item_ids`; -1 = an event without an item."""
    values: NDArray[np.float32]
    """[N]: money or rating; NaN = none."""
    item_ids: tuple[str, ...] = ()
    """The vocabulary behind `items`. Numbers are given as items appear: they say nothing by themselves."""

    def __post_init__(self) -> None:
        lengths = {len(self.seconds), len(self.roles), len(self.items), len(self.values)}
        if len(lengths) != 1 or self.starts.shape != self.ends.shape:
            raise ConfigError(
                f"Sequences: expected arrays of one length per event and per sequence, got {sorted(lengths)} events, "
                f"{self.starts.shape} starts and {self.ends.shape} ends"
            )

    def __len__(self) -> int:
        return len(self.starts)

    @classmethod
    def from_table(cls, events: pa.Table, users: pa.Array | pa.ChunkedArray, as_of: NDArray[np.datetime64]) -> Self:
        """The sequence of each user [B] up to their cut-off [B], from the rows of `in_order`; none seen = empty.

        Raises:
            ConfigError: there is not one cut-off per user, or one is not on a whole second.
            SourceError: the rows are not in order.
        """
        until = _whole_seconds(as_of)
        if len(users) != len(as_of) or (until.astype("datetime64[s]") != as_of).any():
            raise ConfigError(
                f"Sequences: expected one cut-off on a whole second for each of {len(users)} users, got {len(as_of)}"
            )
        seconds = _whole_seconds(events["timestamp"].cast(TIME).to_numpy())
        first, who = _runs(events["user_id"])
        lengths = np.diff(np.append(first, len(seconds)))
        low = int(min(seconds.min(initial=0), until.min(initial=0)))
        span = int(max(seconds.max(initial=0), until.max(initial=0))) - low + 1
        # One rising number for user and time together: one binary search then finds all cut-offs of all users.
        clock = np.repeat(np.arange(len(first)) * span, lengths) + (seconds - low)
        if len(pc.unique(who)) != len(who) or (np.diff(clock) < 0).any():
            raise SourceError(
                "Sequences: expected events by user and time, as `in_order` gives them, got another order"
            )
        user = pc.index_in(pc.cast(users, pa.string()), value_set=who)
        number = pc.fill_null(user, len(first)).to_numpy(zero_copy_only=False).astype(np.int64)
        ends = np.searchsorted(clock, number * span + (until - low), side="left")
        items = events["item_id"].combine_chunks().dictionary_encode()
        roles = pc.index_in(events["role"], value_set=pa.array([str(role) for role in Role]))
        return cls(
            starts=np.append(first, len(seconds))[number],
            ends=ends,
            seconds=seconds,
            roles=pc.fill_null(roles, -1).to_numpy().astype(np.int8),
            items=pc.fill_null(items.indices, -1).to_numpy(zero_copy_only=False).astype(np.int32),
            values=pc.fill_null(events["value"].cast(pa.float32()), np.nan).to_numpy(),
            item_ids=tuple(items.dictionary.to_pylist()),
        )

    def rows(self, chosen: NDArray[np.int64]) -> Sequences:
        """Some of the sequences, by number; they share the events."""
        return Sequences(
            self.starts[chosen], self.ends[chosen], self.seconds, self.roles, self.items, self.values, self.item_ids
        )


def _whole_seconds(times: NDArray[np.datetime64]) -> NDArray[np.int64]:
    """Seconds since 1970, rounded down: an event a moment before a cut-off stays before it."""
    return times.astype("datetime64[s]").astype(np.int64)


def _runs(users: pa.ChunkedArray) -> tuple[NDArray[np.int64], pa.Array]:
    """Where each run of one user begins, and who it is."""
    runs = pc.run_end_encode(users.combine_chunks(), run_end_type=pa.int64())
    ends = runs.run_ends.to_numpy()
    return np.concatenate([np.zeros(min(len(ends), 1), np.int64), ends[:-1]]), runs.values
