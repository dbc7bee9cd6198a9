"""Is the champion as good for every group of users: for each stage of life, each region, each age?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.stats import norm

from tenure.errors import ConfigError
from tenure.evaluation.forecasts import auc
from tenure.prediction.champion import mean_and_error
from tenure.prediction.rolling import Rolled
from tenure.prediction.tasks import parse_task

GROUPS = pa.schema(
    [
        pa.field("task", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),  # stage, or an attribute of users
        pa.field("group", pa.string(), nullable=False),
        pa.field("n_users", pa.int64(), nullable=False),
        pa.field("observed", pa.float64(), nullable=False),  # how many did it, or the mean amount
        pa.field("forecast", pa.float64(), nullable=False),  # the mean forecast
        pa.field("gap", pa.float64(), nullable=False),  # forecast - observed
        pa.field("low", pa.float64(), nullable=False),  # interval of the gap, wide enough for all groups together
        pa.field("high", pa.float64(), nullable=False),
        pa.field("auc", pa.float64()),  # null for amounts, and where all did alike
        pa.field("is_off", pa.bool_(), nullable=False),  # the interval excludes 0
    ]
)
"""One row per group, kinds one after the other."""

LEAST_USERS = 20
"""Groups of fewer users are told together: of a handful nothing can be said, and each could be recognised."""
OTHERS, UNKNOWN = "others", "not known"
MOST_VALUES = 12
"""An attribute with more values than this is no group of people."""


def by_group(proof: Rolled, champion: str, task: str, groups: Mapping[str, Sequence[str | None]]) -> pa.Table:
    """How good are the champion's forecasts of later time in every group? A table of GROUPS.

    A gap between forecast and observed counts as beyond chance when its interval excludes 0, with the 5 % of error
    shared out over all groups that are looked at (Bonferroni).

    Args:
        proof: honest forecasts of the test cut-offs.
        champion: whose forecasts.
        task: its name, which tells whether outcomes are amounts: outcomes themselves do not, where all of them are 0.
        groups: kind -> the group of each row [B]; None = not known.

    Raises:
        ConfigError: not one group per row, or no name of a task.
    """
    said, came = proof.forecasts[champion], proof.examples.outcome
    users = np.unique(np.asarray(proof.examples.inputs.users), return_inverse=True)[1]
    found = [(kind, name, rows) for kind, of in groups.items() for name, rows in _members(kind, of, users)]
    sure = float(norm.ppf(1 - 0.025 / max(len(found), 1)))
    is_amount = parse_task(task).is_amount
    rows: list[dict[str, Any]] = []
    for kind, name, here in found:
        gap, error = mean_and_error(said[here] - came[here], users[here])
        ranked = float("nan") if is_amount else auc(came[here], said[here])
        rows.append(
            {
                "task": task,
                "kind": kind,
                "group": name,
                "n_users": len(np.unique(users[here])),
                "observed": float(came[here].mean()),
                "forecast": float(said[here].mean()),
                "gap": gap,
                "low": gap - sure * error,
                "high": gap + sure * error,
                "auc": None if np.isnan(ranked) else ranked,
                "is_off": abs(gap) > sure * error,
            }
        )
    return pa.Table.from_pylist(rows, schema=GROUPS)


def _members(
    kind: str, groups: Sequence[str | None], users: NDArray[np.int64]
) -> Iterator[tuple[str, NDArray[np.int64]]]:
    """Each group that is large enough, then those that are not taken together."""
    if len(groups) != len(users):
        raise ConfigError(f"groups '{kind}': expected one per row ({len(users)}), got {len(groups)}")
    names = np.array([UNKNOWN if group is None else str(group) for group in groups], dtype=np.str_)
    small = []
    for name in np.unique(names):
        rows = np.flatnonzero(names == name)
        if len(np.unique(users[rows])) >= LEAST_USERS:
            yield str(name), rows
        else:
            small.append(rows)
    together = np.concatenate(small) if small else np.empty(0, dtype=np.int64)
    if len(np.unique(users[together])) >= LEAST_USERS:
        yield OTHERS, together


def attribute_groups(attributes: Sequence[Mapping[str, Any]]) -> dict[str, list[str | None]]:
    """Which attributes put users into groups, and each user into which? Attribute -> group of each user [B].

    An attribute with 2 to `MOST_VALUES` values is taken as it is; numbers with more are cut into fifths; any other
    says nothing of groups (a name, an address).

    >>> attribute_groups([{"sex": "f", "id": 1}, {"sex": "m"}])["sex"]
    ['f', 'm']
    """
    found: dict[str, list[str | None]] = {}
    for name in dict.fromkeys(key for user in attributes for key in user):
        values = [user.get(name) for user in attributes]
        known = [value for value in values if value is not None]
        if 2 <= len({str(value) for value in known}) <= MOST_VALUES:
            found[name] = [None if value is None else str(value) for value in values]
        elif all(isinstance(value, int | float) and not isinstance(value, bool) for value in known) and known:
            found[name] = _fifths(values)
    return {name: groups for name, groups in found.items() if len({*groups} - {None}) > 1}


def _fifths(values: Sequence[float | None]) -> list[str | None]:
    known = np.array([value for value in values if value is not None], dtype=np.float64)
    edges = np.unique(np.quantile(known, [0.2, 0.4, 0.6, 0.8]))
    ends = [known.min(), *edges, known.max()]
    return [
        None if value is None else f"{ends[i := int(np.searchsorted(edges, value, side='right'))]:g} to {ends[i + 1]:g}"
        for value in values
    ]
