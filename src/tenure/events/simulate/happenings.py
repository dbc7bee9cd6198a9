"""Events of the simulated world as arrays, and as a source would deliver them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tenure.domain import Role
from tenure.events.simulate.config import SimulationConfig
from tenure.events.simulate.users import user_ids
from tenure.events.simulate.visits import Visits
from tenure.schema import EVENTS, SECONDS_PER_DAY, TIME

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]

_ROLES = tuple(Role)


@dataclass(frozen=True)
class Happenings:
    """Some events. One entry per event in every array; a missing number is NaN, a missing item -1."""

    role: IntArray
    """Place of the role in `domain.Role`."""
    visit: IntArray
    """Row of the visit."""
    seconds: FloatArray
    """Since the visit began."""
    item: IntArray
    value: FloatArray
    quantity: FloatArray
    discount: FloatArray
    duration: FloatArray

    @classmethod
    def of(
        cls,
        role: Role,
        visit: IntArray,
        seconds: FloatArray,
        item: IntArray | None = None,
        *,
        value: FloatArray | None = None,
        quantity: FloatArray | None = None,
        discount: FloatArray | None = None,
        duration: FloatArray | None = None,
    ) -> Self:
        """Events of one role; what is not given is missing."""
        n = len(visit)
        numbers = [np.full(n, np.nan) if x is None else x for x in (value, quantity, discount, duration)]
        return cls(np.full(n, _ROLES.index(role)), visit, seconds, np.full(n, -1) if item is None else item, *numbers)

    @classmethod
    def concatenate(cls, parts: Iterable[Self]) -> Self:
        """All of them in one."""
        blocks = list(parts)
        return cls(*(np.concatenate([getattr(block, field.name) for block in blocks]) for field in fields(cls)))

    def __getitem__(self, which: NDArray[np.bool_] | IntArray) -> Self:
        return type(self)(*(getattr(self, field.name)[which] for field in fields(self)))

    def to_events(
        self,
        visits: Visits,
        item_ids: pa.Array,
        config: SimulationConfig,
        event_types: Mapping[Role, str],
        first_user: int,
    ) -> pa.Table:
        """As a source would deliver them (`schema.EVENTS`): within the window, by user and time."""
        since_start = visits.at[self.visit] * SECONDS_PER_DAY + self.seconds
        is_said = np.array([role in event_types for role in _ROLES])
        kept = np.flatnonzero((since_start < config.days * SECONDS_PER_DAY) & is_said[self.role])
        order = kept[np.lexsort((self.role[kept], since_start[kept], visits.user[self.visit[kept]]))]
        told = self[order]

        user = visits.user[told.visit]
        n_users = int(user[-1]) + 1 if len(user) else 0
        user_id = user_ids(first_user, n_users).take(pa.array(user))
        n_events = np.bincount(user, minlength=n_users)
        number = np.arange(len(user)) - np.repeat(np.cumsum(n_events) - n_events, n_events)
        milliseconds = (since_start[order] * 1e3).astype(np.int64)
        words = pa.array([event_types.get(role) for role in _ROLES], pa.string())
        nothing = pa.nulls(len(user), pa.string())
        is_outside_visit = pa.array(told.role == _ROLES.index(Role.REVERSAL))
        columns = {
            "event_id": _numbered(user_id, number),
            "user_id": user_id,
            "item_id": item_ids.take(pa.array(told.item, mask=told.item < 0)),
            "event_type": words.take(pa.array(told.role)),
            "timestamp": pa.array(np.datetime64(config.start, "us") + milliseconds.astype("timedelta64[ms]"), TIME),
            "value": pa.array(told.value, from_pandas=True),  # NaN -> null
            "quantity": pa.array(told.quantity, from_pandas=True),
            "discount": pa.array(told.discount, from_pandas=True),
            "duration_seconds": pa.array(told.duration, from_pandas=True),
            "session_id": pc.if_else(is_outside_visit, None, _numbered(user_id, visits.number[told.visit])),
            "recommendation_id": nothing,
            "properties": nothing,
        }
        return pa.table(columns, schema=EVENTS)


def _numbered(user_id: pa.Array, number: IntArray) -> pa.Array:
    return pc.binary_join_element_wise(user_id, pc.cast(pa.array(number), pa.string()), "-")
