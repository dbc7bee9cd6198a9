"""The events of users one after the other, as ragged arrays: what sequence models read. Nothing is padded here."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tenure.errors import ConfigError


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
    """[N]: time of the event, seconds since 1970 UTC."""
    roles: NDArray[np.int8]
    """[N]: place of the role in `list(domain.Role)`; -1 = an event without a role."""
    items: NDArray[np.int32]
    """[N]: number of the item in `item_ids`; -1 = an event without an item."""
    values: NDArray[np.float32]
    """[N]: money or rating; NaN = none."""
    item_ids: tuple[str, ...] = ()
    """The vocabulary behind `items`."""

    def __post_init__(self) -> None:
        lengths = {len(self.seconds), len(self.roles), len(self.items), len(self.values)}
        if len(lengths) != 1 or self.starts.shape != self.ends.shape:
            raise ConfigError(
                f"Sequences: expected arrays of one length per event and per sequence, got {sorted(lengths)} events, "
                f"{self.starts.shape} starts and {self.ends.shape} ends"
            )

    def __len__(self) -> int:
        return len(self.starts)

    def rows(self, chosen: NDArray[np.int64]) -> Sequences:
        """Some of the sequences, by number; they share the events."""
        return Sequences(
            self.starts[chosen], self.ends[chosen], self.seconds, self.roles, self.items, self.values, self.item_ids
        )
