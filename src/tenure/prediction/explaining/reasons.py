"""The reasons for each user's forecast, as rows that a sentence or a picture can be made of."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tenure.errors import ConfigError
from tenure.prediction.examples import Inputs
from tenure.prediction.explaining.catalogue import Catalogue, in_order, themes_of
from tenure.prediction.explaining.contributions import Contributions
from tenure.schema import TIME

REASONS = pa.schema(
    [
        pa.field("user_id", pa.string(), nullable=False),
        pa.field("as_of", TIME, nullable=False),
        pa.field("theme", pa.string(), nullable=False),
        pa.field("contribution", pa.float64(), nullable=False),  # of the whole theme, in `unit`
        pa.field("unit", pa.string(), nullable=False),  # log-odds or amount
        pa.field("feature", pa.string(), nullable=False),  # the input of the theme that speaks loudest its way
        pa.field("value", pa.float64()),  # of this input for the user, in its own unit; null = not defined
        pa.field("usual", pa.float64()),  # the median of the reference users for whom it is defined
        pa.field("own_usual_days", pa.float64()),  # the user's own typical pause, where silence is what speaks
    ]
)
"""One row per user and theme, the strongest first."""

SILENCE = frozenset({"recency_days", "commitment_recency_days", "overdue_ratio"})
"""Inputs that say how long a user has been away, to be held against their own rhythm."""

_PAUSE = "gap_median_days"


def reasons(
    found: Contributions, inputs: Inputs, reference: Inputs, known: Catalogue, *, n_strongest: int | None = None
) -> pa.Table:
    """What speaks for and against, for each user? A table of REASONS: each theme with the input that speaks for it.

    Args:
        found: the contributions of the inputs [B, D].
        inputs: the same users [B], in the units of the inputs.
        reference: users in general, for what is usual.
        known: what the inputs are.
        n_strongest: themes told of each user; None = all that moved the forecast at all.

    Raises:
        ConfigError: contributions and inputs are not of the same users, or an input has no theme.
    """
    if len(found.values) != len(inputs):
        raise ConfigError(f"reasons: expected one row of inputs per user, got {len(inputs)} and {len(found.values)}")
    themes = np.array(themes_of(found.names, known))
    order = in_order(list(themes))
    totals, loudest = np.zeros((len(inputs), len(order))), np.zeros((len(inputs), len(order)), dtype=np.int64)
    for i, theme in enumerate(order):
        columns = np.flatnonzero(themes == theme)
        within = found.values[:, columns]
        totals[:, i] = within.sum(axis=1)
        # The input speaks for its theme that pulls its way, most strongly.
        loudest[:, i] = columns[np.argmax(within * np.sign(totals[:, [i]]), axis=1)]
    ranked = np.argsort(-np.abs(totals), axis=1, kind="stable")[:, :n_strongest]
    users = np.repeat(np.arange(len(inputs)), ranked.shape[1])
    places = ranked.ravel()
    said = totals[users, places] != 0
    users, places = users[said], places[said]
    feature = loudest[users, places]
    names = np.array(found.names, dtype=np.str_)
    own = _column(inputs, _PAUSE)[users]
    value, usual = _own_units(found.names, inputs), _usual(found.names, reference)
    return pa.table(
        {
            "user_id": inputs.users.take(pa.array(users)),
            "as_of": inputs.as_of[users],
            "theme": np.array(order, dtype=np.str_)[places].tolist(),
            "contribution": totals[users, places],
            "unit": [found.unit] * len(users),
            "feature": names[feature].tolist(),
            "value": pa.array(value[users, feature], from_pandas=True),
            "usual": pa.array(usual[feature], from_pandas=True),
            "own_usual_days": pa.array(
                np.where(np.isin(names[feature], sorted(SILENCE)), own, np.nan), from_pandas=True
            ),
        }
    ).cast(REASONS)


def _own_units(names: tuple[str, ...], inputs: Inputs) -> NDArray[np.float64]:
    return np.array([_column(inputs, name) for name in names]).reshape(len(names), len(inputs)).T


def _usual(names: tuple[str, ...], reference: Inputs) -> NDArray[np.float64]:
    def median(column: NDArray[np.float64]) -> float:
        seen = column[np.isfinite(column)]
        return float(np.median(seen)) if len(seen) else np.nan

    return np.array([median(_column(reference, name)) for name in names])


def _column(inputs: Inputs, name: str) -> NDArray[np.float64]:
    """A column; not defined for anybody where it is none (the events themselves)."""
    return inputs.column(name) if name in inputs.names else np.full(len(inputs), np.nan)
