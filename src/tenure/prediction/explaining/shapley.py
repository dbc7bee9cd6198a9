"""Contributions to any forecast, by asking it: what does it say as one user turns, input by input, into another?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tenure.errors import ConfigError, EvidenceError
from tenure.events.sequences import Sequences
from tenure.prediction.examples import Inputs
from tenure.prediction.explaining.catalogue import EVENTS, TOGETHER, Catalogue, catalogue, themes_of
from tenure.seeds import generator

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

_ROWS_AT_ONCE = 200_000


@dataclass(frozen=True, kw_only=True)
class ShapleyConfig:
    """How thoroughly a model is asked."""

    n_reference: int = 32
    """Reference users that each explained user is compared with; the error falls with its square root."""
    known: Catalogue = field(default_factory=catalogue)
    """Tells the themes of the inputs."""
    seed: int = 0


def shapley(
    forecast: Callable[[Inputs], Vector],
    inputs: Inputs,
    reference: Inputs,
    config: ShapleyConfig,
    *,
    only: Sequence[str] | None = None,
) -> tuple[float, Matrix, tuple[str, ...]]:
    """How does the difference between a user and reference users share out among the inputs?

    From each reference user the inputs are replaced by the user's own, one after the other, and each is credited with
    the step of the forecast. Orders are random but keep a theme together, and each is also walked backwards: these are
    Owen values, the Shapley values of players in unions. Steps telescope, so base + sum is the forecast exactly,
    however few reference users there are. The events (`inputs.sequences`) are one more input, called `events`.

    `only` names the columns that the forecast depends on, where that is known; the others are not tried, and get
    nothing. Returns the base (mean forecast of the reference users), values [B, D] and the names [D].

    Source: Owen (1977), Values of games with a priori unions; Strumbelj & Kononenko (2014), Knowledge and Information
    Systems 41 (random orders).

    Raises:
        EvidenceError: there is no reference user.
        ConfigError: an input has no theme, or the events of users and reference do not belong together.
    """
    if not len(reference):
        raise EvidenceError("contributions: expected reference users to compare with, got none")
    compared = _evenly(reference, config.n_reference)
    if only is not None:
        inputs, compared = _narrowed(inputs, only), _narrowed(compared, only)
    players = _players(inputs)
    names = tuple(players)
    themes = themes_of(names, config.known)
    events = _joined(inputs.sequences, compared.sequences)
    values = np.zeros((len(inputs), len(names)))
    base = float(forecast(compared).mean())
    draws = generator(config.seed, "shapley")
    users_at_once = max(1, _ROWS_AT_ONCE // (len(names) + 1))
    for m in range(len(compared)):
        order = _order(themes, draws)
        for start in range(0, len(inputs), users_at_once):
            here = np.arange(start, min(start + users_at_once, len(inputs)))
            for walked in (order, order[::-1]):
                said = forecast(
                    _walk(inputs, here, compared, m, order=[players[names[k]] for k in walked], events=events)
                ).reshape(len(names) + 1, len(here))
                values[np.ix_(here, walked)] += np.diff(said, axis=0).T
    return base, values / (2 * len(compared)), names


def _order(themes: tuple[str, ...], draws: np.random.Generator) -> NDArray[np.int64]:
    """A random order of the inputs in which those of a theme stay together."""
    groups = [np.flatnonzero([theme == name for theme in themes]) for name in dict.fromkeys(themes)]
    return np.concatenate([draws.permutation(groups[i]) for i in draws.permutation(len(groups))])


def _players(inputs: Inputs) -> dict[str, NDArray[np.int64]]:
    """The inputs that are replaced one by one, with their columns: those of TOGETHER as one, the events as none."""
    whose = {column: name for name, columns in TOGETHER.items() for column in columns}
    players: dict[str, list[int]] = {}
    for i, column in enumerate(inputs.names):
        players.setdefault(whose.get(column, column), []).append(i)
    if inputs.sequences is not None:
        players[EVENTS] = []
    return {name: np.array(columns, dtype=np.int64) for name, columns in players.items()}


def _walk(
    inputs: Inputs,
    here: NDArray[np.int64],
    reference: Inputs,
    m: int,
    *,
    order: Sequence[NDArray[np.int64]],
    events: Sequences | None,
) -> Inputs:
    """Reference user m turning into each of these users: step k has the first k players of the order replaced."""
    n_steps = len(order) + 1
    values = np.tile(reference.columns(inputs.names)[m], (n_steps, len(here), 1))
    whose = np.full((n_steps, len(here)), len(inputs) + m)
    for step, columns in enumerate(order, start=1):
        if len(columns):
            values[step:, :, columns] = inputs.values[np.ix_(here, columns)]
        else:
            whose[step:] = here
    users = inputs.users.take(pa.array(np.tile(here, n_steps)))
    as_of = np.tile(inputs.as_of[here], n_steps)
    sequences = None if events is None else events.rows(whose.ravel())
    return Inputs(users, as_of, inputs.names, values.reshape(-1, len(inputs.names)), sequences)


def _joined(first: Sequences | None, second: Sequences | None) -> Sequences | None:
    """The sequences of both, one after the other."""
    if first is None or second is None:
        if first is not second:
            raise ConfigError("contributions: expected the events of both the users and the reference, or of neither")
        return None
    if first.item_ids != second.item_ids:
        raise ConfigError("contributions: expected the users and the reference to number their items alike")
    return Sequences(
        np.concatenate([first.starts, second.starts + len(first.seconds)]),
        np.concatenate([first.ends, second.ends + len(first.seconds)]),
        np.concatenate([first.seconds, second.seconds]),
        np.concatenate([first.roles, second.roles]),
        np.concatenate([first.items, second.items]),
        np.concatenate([first.values, second.values]),
        first.item_ids,
    )


def _narrowed(inputs: Inputs, names: Sequence[str]) -> Inputs:
    return Inputs(inputs.users, inputs.as_of, tuple(names), inputs.columns(names))


def _evenly(inputs: Inputs, n: int) -> Inputs:
    """At most n of the rows, evenly spread over them."""
    chosen = np.zeros(len(inputs), dtype=bool)
    chosen[np.linspace(0, len(inputs) - 1, min(n, len(inputs))).round().astype(np.int64)] = True
    return inputs.rows(chosen)
