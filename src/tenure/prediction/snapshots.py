"""One cut-off as numbers: what was known of every user then, and what they did after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tenure.errors import ConfigError, EvidenceError

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]


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

    @classmethod
    def of(
        cls, as_of: datetime, users: Sequence[str] | pa.Array, X: Matrix, recency_days: Vector, labels: pa.Table
    ) -> Snapshot:
        """Bring profiles (rows in the order of `users`) and labels (any order, any number of cut-offs) together.

        Raises:
            EvidenceError: a user has a profile but no label, so the two were not made from one log.
        """
        rows = labels.filter(pc.equal(labels["as_of"], pa.scalar(as_of, labels["as_of"].type)))
        where = pc.index_in(pa.array(users, pa.string()), value_set=rows["user_id"].combine_chunks())
        if where.null_count:
            raise EvidenceError(
                f"Snapshot of {as_of}: {where.null_count} of {len(where)} users have a profile but no label; "
                "expected both from the same log and cut-off"
            )
        return cls(
            as_of=as_of,
            X=X,
            recency_days=np.asarray(recency_days, dtype=np.float64),
            committed=rows["committed"].take(where).to_numpy().astype(bool),
            value=rows["value"].take(where).to_numpy().astype(np.float64),
        )
