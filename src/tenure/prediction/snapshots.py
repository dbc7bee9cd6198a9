"""One cut-off as numbers: what was known of every user then, and what they did after."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tenure.errors import ConfigError, EvidenceError
from tenure.schema import TIME

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

NEVER_ACTIVE_DAYS = 3650.0
"""Recency of a user without any activity."""


@dataclass(frozen=True, eq=False)
class Snapshot:
    """Users [B] at one cut-off. Row i of everything is user i."""

    as_of: datetime
    X: Matrix
    """The profile vectors [B, D], standardised on the past only."""
    recency_days: Vector
    """Days since the last activity [B]; all that the recency baseline knows, and what makes a user "active"."""
    committed: NDArray[np.bool_]
    """Did they commit within the horizon? [B]"""
    value: Vector
    """For how much? [B]"""

    def __post_init__(self) -> None:
        n_users = len(self.X)
        for name in ("recency_days", "committed", "value"):
            if getattr(self, name).shape != (n_users,):
                raise ConfigError(
                    f"Snapshot of {self.as_of}: expected {name} of shape ({n_users},) like the rows of X, "
                    f"got {getattr(self, name).shape}"
                )


def snapshots(profiles: pa.Table, X: Matrix, labels: pa.Table) -> tuple[Snapshot, ...]:
    """Bring profiles and labels together by user and cut-off; one snapshot per cut-off of `profiles`, oldest first.

    `profiles` has at least `user_id, as_of, recency_days`, X [B, D] its rows as numbers; `labels` is what the relation
    of that name gives, in any order and for these cut-offs at least.

    Raises:
        EvidenceError: a user has a profile but no label, so the two were not made from one log.
    """
    where = pc.index_in(_key(profiles), value_set=_key(labels))
    if where.null_count:
        raise EvidenceError(
            f"snapshots: {where.null_count} of {len(where)} profiles have no label of the same user and cut-off; "
            "expected both from the same log and cut-offs"
        )
    recency_days = recency_of(profiles)
    committed = labels["committed"].take(where).to_numpy().astype(np.bool_)
    value = labels["value"].take(where).to_numpy().astype(np.float64)
    cuts, cut_of = np.unique(profiles["as_of"].cast(TIME).to_numpy(), return_inverse=True)
    return tuple(
        Snapshot(cut.item(), X[cut_of == i], recency_days[cut_of == i], committed[cut_of == i], value[cut_of == i])
        for i, cut in enumerate(cuts)
    )


def recency_of(profiles: pa.Table) -> Vector:
    """Days since the last activity of each row; users who were only shown something count as long silent."""
    recency_days: Vector = pc.fill_null(profiles["recency_days"].cast(pa.float64()), NEVER_ACTIVE_DAYS).to_numpy()
    return recency_days


def _key(table: pa.Table) -> pa.Array:
    moment = table["as_of"].cast(TIME).cast(pa.int64()).cast(pa.string())
    return pc.binary_join_element_wise(table["user_id"], moment, "\x1f").combine_chunks()
