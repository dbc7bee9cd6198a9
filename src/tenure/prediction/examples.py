"""What models see of users at their cut-offs, and what came of it: the one form that every model learns from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tenure.errors import ConfigError, EvidenceError, nearest
from tenure.events.sequences import Sequences
from tenure.schema import TIME

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Rows = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Inputs:
    """What is known of users [B], each at a cut-off; nothing from after it. Row i of everything: one (user, as_of)."""

    users: pa.Array
    """Ids [B]."""
    as_of: NDArray[np.datetime64]
    """The cut-off of each row [B]."""
    names: tuple[str, ...]
    """Of the columns [D]."""
    values: Matrix
    """[B, D] in the units of each column; NaN where it is not defined. Models scale for themselves."""
    sequences: Sequences | None = None
    """The events before the cut-off of each row, for models that read them one by one; None where nobody asked."""

    def __post_init__(self) -> None:
        shape = (len(self.users), len(self.names))
        if self.values.shape != shape or self.as_of.shape != shape[:1]:
            raise ConfigError(
                f"Inputs: expected values of shape {shape} and as_of of {shape[:1]}, "
                f"got {self.values.shape} and {self.as_of.shape}"
            )

    def __len__(self) -> int:
        return len(self.users)

    @classmethod
    def from_table(cls, table: pa.Table, *, sequences: Sequences | None = None) -> Inputs:
        """A table of `user_id, as_of` and numeric columns; infinite values count as not defined."""
        names = tuple(name for name in table.column_names if name not in {"user_id", "as_of"})
        values = np.empty((table.num_rows, len(names)))
        for i, name in enumerate(names):
            values[:, i] = pc.fill_null(table[name].cast(pa.float64()), np.nan).to_numpy()
        values[~np.isfinite(values)] = np.nan
        users = table["user_id"].combine_chunks()
        return cls(users, table["as_of"].cast(TIME).to_numpy(), names, values, sequences)

    def column(self, name: str) -> Vector:
        """One column [B].

        Raises:
            ConfigError: there is none of this name, with the nearest.
        """
        if name not in self.names:
            raise ConfigError(f"Inputs: there is no column '{name}'; {nearest(name, self.names)}")
        return self.values[:, self.names.index(name)]

    def columns(self, names: Sequence[str]) -> Matrix:
        """Some columns [B, len(names)], in this order."""
        return np.stack([self.column(name) for name in names], axis=1) if names else np.empty((len(self), 0))

    def rows(self, chosen: Rows) -> Inputs:
        """The chosen rows only [B] -> [B']."""
        sequences = None if self.sequences is None else self.sequences.rows(np.flatnonzero(chosen))
        users = self.users.filter(pa.array(chosen))
        return Inputs(users, self.as_of[chosen], self.names, self.values[chosen], sequences)


@dataclass(frozen=True, eq=False)
class Examples:
    """Inputs [B] with what came of them."""

    inputs: Inputs
    outcome: Vector
    """[B]: 1 where it happened within the horizon, else 0; or the amount."""
    horizon_days: int

    def __post_init__(self) -> None:
        if self.outcome.shape != (len(self.inputs),):
            raise ConfigError(f"Examples: expected {len(self.inputs)} outcomes, got shape {self.outcome.shape}")
        if not np.isfinite(self.outcome).all():
            raise ConfigError("Examples: expected finite outcomes; rows whose outcome is not known yet are no examples")

    def __len__(self) -> int:
        return len(self.outcome)

    @property
    def cutoffs(self) -> tuple[datetime, ...]:
        """Every cut-off, oldest first."""
        return tuple(t.item() for t in np.unique(self.inputs.as_of))

    def rows(self, chosen: Rows) -> Examples:
        """The chosen rows only."""
        return Examples(self.inputs.rows(chosen), self.outcome[chosen], self.horizon_days)

    def at(self, *cutoffs: datetime) -> Examples:
        """The rows of these cut-offs."""
        return self.rows(np.isin(self.inputs.as_of, np.array(cutoffs, dtype=self.inputs.as_of.dtype)))

    def known_by(self, moment: datetime) -> Examples:
        """The rows whose outcomes were complete by this moment: all that may teach a forecast made then."""
        return self.at(*(t for t in self.cutoffs if t + timedelta(days=self.horizon_days) <= moment))

    def by_cutoff(self) -> Iterator[tuple[datetime, Examples]]:
        """The rows of each cut-off, oldest first."""
        for cutoff in self.cutoffs:
            yield cutoff, self.at(cutoff)


def examples(inputs: Inputs, labels: pa.Table, outcome: str, horizon_days: int) -> Examples:
    """Bring inputs and labels together by user and cut-off.

    `labels` is what `labels.labels` gives for one horizon, in any order and for these cut-offs at least; `outcome` the
    name of the column to learn. Rows of cut-offs whose horizon was not over when the log ended have no label (null):
    they are left out, since "not yet" is not "no".

    Raises:
        EvidenceError: a row has no label at all, so the two were not made from one log.
    """
    where = pc.index_in(_key(inputs.users, inputs.as_of), value_set=_key(labels["user_id"], labels["as_of"]))
    if where.null_count:
        raise EvidenceError(
            f"examples: {where.null_count} of {len(where)} inputs have no label of the same user and cut-off; "
            "expected both from the same log and cut-offs"
        )
    known = labels[outcome].cast(pa.float64()).take(where)
    is_known = pc.is_valid(known).to_numpy()
    return Examples(inputs.rows(is_known), known.drop_null().to_numpy(), horizon_days)


def _key(users: pa.Array | pa.ChunkedArray, as_of: NDArray[np.datetime64] | pa.ChunkedArray) -> pa.Array:
    moments = pa.array(as_of) if isinstance(as_of, np.ndarray) else as_of
    text = moments.cast(TIME).cast(pa.int64()).cast(pa.string())
    key = pc.binary_join_element_wise(users.cast(pa.string()), text, "\x1f")
    return key.combine_chunks() if isinstance(key, pa.ChunkedArray) else key
