"""What would be forecast if a user were otherwise? Honest about what cannot change alone, and about what nobody is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tenure.errors import ConfigError
from tenure.prediction.examples import Inputs
from tenure.prediction.explaining.acts import Acted
from tenure.prediction.explaining.histories import possible
from tenure.prediction.explaining.likeness import Likeness

Vector = NDArray[np.float64]

Ask = Callable[[Inputs], Vector]
"""What is asked for a forecast of users [B]: a model's `predict`, or a whole forecaster with its corrections."""

NOT_CAUSAL = (
    "This compares users as they are in the log. It does not say what would come of making this user change: that only "
    "an experiment can tell."
)

ACTS = pa.schema(
    [
        pa.field("act", pa.string(), nullable=False),
        pa.field("title", pa.string(), nullable=False),  # a clause: "they buy once more, as they did last time"
        pa.field("before", pa.float64(), nullable=False),  # the forecast as things stand
        pa.field("after", pa.float64()),  # null = refused
        pa.field("change", pa.float64()),
        pa.field("refusal", pa.string()),  # why there is no number
    ]
)
"""One row per act, the largest change first."""


@dataclass(frozen=True)
class Answer:
    """A forecast, or why none is given."""

    forecast: float | None
    refusal: str = ""


@dataclass(frozen=True, eq=False)
class WhatIf:
    """The forecast for one user as they are, and as they would be with some values changed."""

    change: Mapping[str, float]
    before: float
    alone: Answer
    """Everything else equal. Refused where nobody otherwise like this has such values."""
    along: Answer
    """With everything else moved along, as such users really are. Refused where hardly anybody has such values."""
    n_with: int
    """Real users who have about these values."""
    moved: tuple[tuple[str, float, float], ...]
    """(input, before, after) of what moved along, those that moved most first; without the changed inputs."""
    caveat: str = NOT_CAUSAL


def what_if(ask: Ask, row: Inputs, change: Mapping[str, float], likeness: Likeness) -> WhatIf:
    """What would be forecast of this user if some of their inputs had other values?

    Two answers. (a) Everything else equal: what the formula says, only given where users like this one do have such
    values; few inputs can change alone. (b) As such users really are: the other inputs move along
    (`Likeness.moved`), only given where enough real users have such values.

    Args:
        ask: whose forecast is asked for. It must not read single events: they cannot be moved.
        row: the user, one row.
        change: input -> new value, in the unit of the input.
        likeness: real users, with the inputs of `row`.

    Raises:
        ConfigError: not one row, unknown inputs, or a model of single events.
    """
    before = _only(row, likeness)
    alone = before.copy()
    for name, value in change.items():
        if name in row.names:
            alone[row.names.index(name)] = value
    alone = possible(alone[None], likeness.names, set(change))[0]
    along, n_with = likeness.moved(before, change), likeness.n_with(change)
    said = _forecasts(ask, row, [before, alone, along])
    enough = likeness.config.n_alike
    rare = (
        ""
        if n_with >= enough
        else f"{n_with or 'none'} of {len(likeness.users):,} real users have about such values; "
        f"at least {enough} are needed"
    )
    strange = "" if likeness.is_plausible(alone, change) else "no real user who is otherwise like this has such values"
    return WhatIf(
        change=dict(change),
        before=said[0],
        alone=_answer(said[1], rare or strange),
        along=_answer(said[2], rare),
        n_with=n_with,
        moved=_moved(before, along, likeness, set(change)),
    )


def what_would_change(ask: Ask, row: Inputs, acted: Sequence[Acted], likeness: Likeness) -> pa.Table:
    """Which single act of this user would change the forecast most? A table of ACTS.

    `acted` holds the inputs computed anew from the user's log with the act in it (`acts`), so that everything that
    follows from one act (silence ends, counts and money grow, the trend turns) changes together and fits together. An
    act that leads to a profile that no real user has gets no number.

    Raises:
        ConfigError: `row` or an act is not one row of the inputs that `likeness` knows.
    """
    values = [_only(row, likeness), *(_only(act.inputs, likeness) for act in acted)]
    before = float(ask(row)[0])
    rows = []
    for act, profile in zip(acted, values[1:], strict=True):
        is_fine = likeness.has_company(profile)
        after = float(ask(act.inputs)[0]) if is_fine else None
        refusal = None if is_fine else "no real user looks as this one would then"
        change = None if after is None else after - before
        rows.append(dict(zip(ACTS.names, (act.name, act.title, before, after, change, refusal), strict=True)))
    rows.sort(key=lambda entry: -abs(entry["change"] or 0.0))
    return pa.Table.from_pylist(rows, schema=ACTS)


def _only(row: Inputs, likeness: Likeness) -> Vector:
    if len(row) != 1:
        raise ConfigError(f"what-if: expected one user, got {len(row)} rows")
    return np.asarray(row.columns(likeness.names)[0], dtype=np.float64)


def _forecasts(ask: Ask, row: Inputs, profiles: Sequence[Vector]) -> list[float]:
    if row.sequences is not None:
        raise ConfigError("what-if: a model that reads single events cannot be asked; ask what_would_change")
    n = len(profiles)
    users = row.users.take(pa.array(np.zeros(n, dtype=np.int64)))
    return [float(p) for p in ask(Inputs(users, np.repeat(row.as_of, n), row.names, np.stack(profiles)))]


def _answer(forecast: float, refusal: str) -> Answer:
    return Answer(None, refusal) if refusal else Answer(forecast)


def _moved(
    before: Vector, after: Vector, likeness: Likeness, changed: set[str]
) -> tuple[tuple[str, float, float], ...]:
    z = likeness.scored(np.stack([before, after]))
    order = np.argsort(-np.abs(z[1] - z[0]), kind="stable")
    return tuple(
        (likeness.names[i], float(before[i]), float(after[i]))
        for i in order
        if likeness.names[i] not in changed and np.isfinite(before[i]) and before[i] != after[i]
    )
