"""Who had to do with which item before a moment, how strongly and how recently.

Shapes: B users, I items, N rows (one per user and item), P pairs of a user's row and an item.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from ibis.expr.types import Table
from numpy.typing import NDArray
from scipy import sparse

from tenure.domain import Role
from tenure.events.log import AsOf, before, cutoffs, following, has_role
from tenure.recommendation.vocabulary import Vocabulary

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]


def interactions(events: Table, as_of: AsOf, *, half_life_days: float) -> Table:
    """How much had each user to do with each item? One row per (user, item, as_of).

    Only evidence for an item counts (weight above 0). A day counts once, at the strength of its strongest event, so
    that reloading a page proves nothing. `weight` = sum over days of strength * 0.5 ^ (age / half-life);
    `n_commitments` = days with a commitment, `first_days` and `last_days` the ages of the first and last of them
    (null without any); `seen_days` = age of the latest evidence.
    """
    known = before(events, as_of)
    known = known.filter(known.item_id.notnull() & (known.weight > 0))
    known = known.mutate(is_commitment=has_role(known, Role.COMMITMENT).cast("int64"))
    days = known.group_by("user_id", "item_id", "as_of", day=known.timestamp.truncate("D")).agg(
        strength=known.weight.max(), age_days=known.age_days.min(), is_commitment=known.is_commitment.max()
    )
    committed_days = (days.is_commitment == 1).ifelse(days.age_days, None)
    return days.group_by("user_id", "item_id", "as_of").agg(
        weight=(days.strength * (days.age_days * (-math.log(2.0) / half_life_days)).exp()).sum(),
        n_commitments=days.is_commitment.sum(),
        first_days=committed_days.max(),
        last_days=committed_days.min(),
        seen_days=days.age_days.min(),
    )


def committed_items(events: Table, as_of: AsOf, *, horizon_days: int) -> Table:
    """What did each user commit to in the `horizon_days` from each cut-off on? The truth to judge slates by.

    Distinct `user_id, as_of, item_id`.
    """
    later = following(events, as_of, horizon_days)
    later = later.filter(has_role(later, Role.COMMITMENT) & later.item_id.notnull())
    return later.select("user_id", "as_of", "item_id").distinct()


@dataclass(frozen=True, eq=False, kw_only=True)
class Interactions:
    """The rows of `interactions` as arrays; user b has rows `offsets[b]:offsets[b + 1]`, in order of item number."""

    as_of: datetime
    users: Vocabulary
    items: Vocabulary
    offsets: Ints
    """[B + 1]"""
    item: Ints
    """[N] item numbers."""
    weight: Floats
    """[N] decayed evidence of taste, > 0."""
    n_commitments: Ints
    """[N] days with a commitment."""
    first_days: Ints
    """[N] age in days of the first commitment; -1 without any."""
    last_days: Ints
    """[N] age in days of the last commitment; -1 without any."""
    seen_days: Ints
    """[N] age in days of the latest evidence."""

    @classmethod
    def from_table(
        cls, table: pa.Table, *, as_of: datetime, items: Vocabulary | None = None, users: Sequence[str] | None = None
    ) -> Self:
        """The interactions at one cut-off, from the rows of `interactions` (in any order).

        Args:
            table: may hold other cut-offs too.
            as_of: the cut-off.
            items: number the items as a fitted model does, and leave out other items. None = the items of the table.
            users: exactly these users, with or without rows. None = the users of the table.
        """
        cut = cutoffs(as_of)[0]
        table = table.filter(pc.equal(table["as_of"], pa.scalar(cut, table.schema.field("as_of").type)))
        items = items or Vocabulary.of(table["item_id"].unique().to_pylist())
        who = Vocabulary.of(table["user_id"].unique().to_pylist() if users is None else users)
        user, item = who.encode(table["user_id"]), items.encode(table["item_id"])
        known = np.flatnonzero((user >= 0) & (item >= 0))
        order = known[np.lexsort((item[known], user[known]))]
        columns = {
            name: table[name].fill_null(-1).to_numpy()[order].astype(kind)
            for name, kind in (
                ("weight", np.float32),
                ("n_commitments", np.int64),
                ("first_days", np.int64),
                ("last_days", np.int64),
                ("seen_days", np.int64),
            )
        }
        offsets = np.searchsorted(user[order], np.arange(len(who) + 1))
        return cls(as_of=cut, users=who, items=items, offsets=offsets, item=item[order], **columns)

    @property
    def n_users(self) -> int:
        """B."""
        return len(self.users)

    @property
    def n_items(self) -> int:
        """I."""
        return len(self.items)

    @cached_property
    def user(self) -> Ints:
        """The user number of each row. Shape: [N]."""
        return np.repeat(np.arange(self.n_users), np.diff(self.offsets))

    @cached_property
    def _keys(self) -> Ints:
        return self.user * self.n_items + self.item

    @cached_property
    def is_new(self) -> NDArray[np.bool_]:
        """Which users have no history at all? Shape: [B]."""
        is_new: NDArray[np.bool_] = np.diff(self.offsets) == 0
        return is_new

    @cached_property
    def matrix(self) -> sparse.csr_matrix:
        """`weight` as a sparse matrix [B, I]."""
        return sparse.csr_matrix((self.weight, self.item, self.offsets), shape=(self.n_users, self.n_items))

    def newest_items(self) -> Ints:
        """The item of each user's latest evidence [B]; -1 for a user without any."""
        found = np.full(self.n_users, -1)
        order = np.lexsort((-self.item, -self.seen_days, self.user))  # the newest of each user comes last
        found[self.user[order]] = self.item[order]
        return found

    def part(self, start: int, end: int) -> Interactions:
        """The users from number `start` up to `end`."""
        rows = slice(int(self.offsets[start]), int(self.offsets[end]))
        return Interactions(
            as_of=self.as_of,
            users=Vocabulary(self.users.ids[start:end]),
            items=self.items,
            offsets=self.offsets[start : end + 1] - self.offsets[start],
            item=self.item[rows],
            weight=self.weight[rows],
            n_commitments=self.n_commitments[rows],
            first_days=self.first_days[rows],
            last_days=self.last_days[rows],
            seen_days=self.seen_days[rows],
        )

    def rows_of(self, user: Ints, item: Ints) -> Ints:
        """Which row holds user b's history with item i? -1 where there is none. Any (broadcastable) shape."""
        wanted = user * self.n_items + item
        place = np.searchsorted(self._keys, wanted)
        found = np.append(self._keys, -1)[place] == wanted
        return np.where(found & (item >= 0), place, -1)

    def is_committed(self, items: Ints) -> NDArray[np.bool_]:
        """Which of these items [B, C] has their user already committed to? False for -1."""
        rows = self.rows_of(np.arange(self.n_users)[:, None], items)
        return (rows >= 0) & (np.append(self.n_commitments, 0)[rows] > 0)
