"""How soon do groups of users come back: by stage, by segment?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tenure.errors import ConfigError
from tenure.evaluation.kaplan_meier import check_spells, kaplan_meier

Vector = NDArray[np.float64]
Flags = NDArray[np.bool_]

CURVES = pa.schema(
    [
        pa.field("group", pa.string(), nullable=False),
        pa.field("n_users", pa.int64(), nullable=False),
        pa.field("day", pa.float64(), nullable=False),  # after the cut-off
        pa.field("p_returned", pa.float64(), nullable=False),
        pa.field("low", pa.float64()),  # null where nobody is left, so that no interval is defined
        pa.field("high", pa.float64()),
    ]
)
"""One row per group and day, the first at day 0."""


def return_curves(
    group: Sequence[str], days: Vector, returned: Flags, *, step_days: float = 1.0, level: float = 0.95
) -> pa.Table:
    """Which share of each group is back by each day, and how sure is that?

    `group, n_users, day, p_returned, low, high` (see `CURVES`), by Kaplan-Meier: from day 0 in steps of `step_days` to
    the longest wait that was watched in the group. Groups are in alphabetical order.

    Raises:
        EvidenceError: there is no user.
        ConfigError: lengths differ, or a number is negative or not finite.
    """
    days, returned = check_spells(days, returned)
    names, member = _members(group, len(days))
    parts = []
    for g, name in enumerate(names):
        found = kaplan_meier(days[member == g], returned[member == g], level=level)
        at = np.append(np.arange(0.0, found.observed_days, step_days), found.observed_days)
        share, low, high = found.returned_by(at)
        n_users = int((member == g).sum())
        columns = [[name] * len(at), [n_users] * len(at), at, share, _nullable(low), _nullable(high)]
        parts.append(pa.table(columns, schema=CURVES))
    return pa.concat_tables(parts)


def return_times(
    group: Sequence[str], days: Vector, returned: Flags, *, horizons_days: Sequence[int] = (7, 30, 90)
) -> pa.Table:
    """By when is half of each group back, and which share within each horizon?

    `group, n_users, n_returned, median_days`, then `p_return_<horizon>` per horizon; null where the group was not
    watched long enough to tell.
    """
    days, returned = check_spells(days, returned)
    names, member = _members(group, len(days))
    rows = []
    for g, name in enumerate(names):
        found = kaplan_meier(days[member == g], returned[member == g])
        shares = found.returned_by(np.array(horizons_days, dtype=np.float64))[0]
        rows.append(
            {
                "group": name,
                "n_users": int((member == g).sum()),
                "n_returned": int(returned[member == g].sum()),
                "median_days": found.quantile() if np.isfinite(found.quantile()) else None,
                **{f"p_return_{h}": _or_none(p) for h, p in zip(horizons_days, shares, strict=True)},
            }
        )
    return pa.Table.from_pylist(rows, schema=_times_schema(horizons_days))


def _members(group: Sequence[str], n: int) -> tuple[list[str], NDArray[np.int64]]:
    if len(group) != n:
        raise ConfigError(f"groups: expected one group per spell, got {len(group)} for {n} spells")
    names, member = np.unique(np.asarray(group, dtype=np.str_), return_inverse=True)
    return names.tolist(), member.astype(np.int64)


def _times_schema(horizons_days: Sequence[int]) -> pa.Schema:
    counts = [pa.field("group", pa.string()), pa.field("n_users", pa.int64()), pa.field("n_returned", pa.int64())]
    shares = [pa.field(f"p_return_{h}", pa.float64()) for h in horizons_days]
    return pa.schema([*counts, pa.field("median_days", pa.float64()), *shares])


def _or_none(number: float) -> float | None:
    return None if np.isnan(number) else float(number)


def _nullable(numbers: Vector) -> pa.Array:
    return pa.array(numbers, from_pandas=True)  # NaN becomes null
