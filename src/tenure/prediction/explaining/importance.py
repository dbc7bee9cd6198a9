"""Which inputs matter in general, and does that hold over time? Two questions with different answers.

How far an input moves forecasts (`moves`) is a fact about the model; how much worse it forecasts later time without it
(`worth`) is a fact about the world. Both are told by theme, since inputs of a theme stand in for each other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.stats import rankdata

from tenure.errors import ConfigError, EvidenceError
from tenure.prediction.champion import mean_and_error
from tenure.prediction.examples import Examples, Inputs
from tenure.prediction.explaining.catalogue import COURSE, Catalogue, in_order, themes_of
from tenure.prediction.explaining.contributions import Contributions
from tenure.prediction.explaining.whatif import Ask
from tenure.seeds import generator

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

IMPORTANCE = pa.schema(
    [
        pa.field("level", pa.string(), nullable=False),  # theme or input
        pa.field("name", pa.string(), nullable=False),
        pa.field("theme", pa.string(), nullable=False),
        pa.field("importance", pa.float64(), nullable=False),  # its meaning: the function that made it
        pa.field("low", pa.float64(), nullable=False),  # 95 % interval, over users
        pa.field("high", pa.float64(), nullable=False),
        pa.field("rank", pa.int64(), nullable=False),  # 1 = the most important of its level
        pa.field("rank_low", pa.int64(), nullable=False),  # the range of its ranks over the cut-offs
        pa.field("rank_high", pa.int64(), nullable=False),
    ]
)
"""One row per theme, then one per input; the most important first."""

Loss = Callable[[Vector, Vector], Vector]


def moves(by_cutoff: Sequence[tuple[Inputs, Contributions]], known: Catalogue) -> pa.Table:
    """How far does each theme, and each input, move the forecasts? Mean |contribution| over users: IMPORTANCE.

    A theme's is the mean |sum of its inputs|: inputs that cancel each other out make no theme important.

    Args:
        by_cutoff: users and the contributions of their inputs, at one cut-off or several.
        known: what the inputs are.

    Raises:
        EvidenceError: there is no cut-off, or one without users.
        ConfigError: inputs differ between cut-offs, or have no theme.
    """
    if not by_cutoff or not all(len(inputs) for inputs, _ in by_cutoff):
        raise EvidenceError("importance: expected contributions of users at one cut-off or several, got none")
    names = by_cutoff[0][1].names
    if any(found.names != names for _, found in by_cutoff):
        raise ConfigError("importance: expected the same inputs at every cut-off")
    users = _numbered([inputs for inputs, _ in by_cutoff])
    grouped = [found.by_theme(known) for _, found in by_cutoff]
    themes = grouped[0].names
    by_theme, by_input = [np.abs(c.values) for c in grouped], [np.abs(found.values) for _, found in by_cutoff]
    return pa.concat_tables(
        [
            _table("theme", themes, themes, by_theme, users),
            _table("input", names, themes_of(names, known), by_input, users),
        ]
    )


def worth(
    honest: Sequence[tuple[Ask, Examples]], known: Catalogue, loss: Loss, *, seed: int = 0, n_draws: int = 5
) -> pa.Table:
    """How much worse are forecasts of later time without each theme? Mean increase of the loss: IMPORTANCE.

    Without it: all inputs of the theme are taken together from another user of the same cut-off, `n_draws` times.
    Taken one by one, inputs that stand in for each other would all look worthless. The interval is over users; one that
    reaches below 0 says that the theme may be worth nothing. The level is always `theme`.

    Source: Fisher, Rudin & Dominici (2019), Journal of Machine Learning Research 20 (model reliance).

    Args:
        honest: what is asked (a model's `predict`), each with the examples of a later cut-off that it had not seen.
        known: what the inputs are.
        loss: (outcome [B], forecast [B]) -> loss of each row [B], such as `champion.log_losses`.
        seed: of the exchange of users.
        n_draws: exchanges per theme; more make it less noisy.

    Raises:
        EvidenceError: there is no later cut-off, or one with less than two users.
        ConfigError: inputs differ between cut-offs, or have no theme.
    """
    if not honest or min(len(later) for _, later in honest) < 2:
        raise EvidenceError("importance: expected later cut-offs with at least two users each")
    names = honest[0][1].inputs.names
    if any(later.inputs.names != names for _, later in honest):
        raise ConfigError("importance: expected the same inputs at every cut-off")
    of_column = np.array(themes_of(names, known))
    reads_events = honest[0][1].inputs.sequences is not None
    themes = in_order((*of_column, *([COURSE] if reads_events else ())))
    increases: list[Matrix] = []
    for at, (ask, later) in enumerate(honest):
        draws = generator(seed, "worth", at)
        others = [draws.permutation(len(later)) for _ in range(n_draws)]
        told = loss(later.outcome, ask(later.inputs))
        increase = np.empty((len(later), len(themes)))
        for i, theme in enumerate(themes):
            swapped = (_exchanged(later.inputs, of_column == theme, other, theme) for other in others)
            without = [loss(later.outcome, ask(inputs)) for inputs in swapped]
            increase[:, i] = np.mean(without, axis=0) - told
        increases.append(increase)
    return _table("theme", themes, themes, increases, _numbered([later.inputs for _, later in honest]))


def _exchanged(inputs: Inputs, columns: NDArray[np.bool_], other: NDArray[np.int64], theme: str) -> Inputs:
    values = inputs.values.copy()
    values[:, columns] = values[other][:, columns]
    events = inputs.sequences.rows(other) if inputs.sequences is not None and theme == COURSE else inputs.sequences
    return Inputs(inputs.users, inputs.as_of, inputs.names, values, events)


def _numbered(parts: Sequence[Inputs]) -> NDArray[np.int64]:
    """A number for each user, the same at every cut-off; one after the other [N]."""
    ids = np.concatenate([np.asarray(part.users) for part in parts])
    return np.unique(ids, return_inverse=True)[1]


def _table(
    level: str, names: Sequence[str], themes: Sequence[str], sizes: Sequence[Matrix], users: NDArray[np.int64]
) -> pa.Table:
    """`sizes`: what it is for each user [B, names], cut-off by cut-off; a user at several counts as one."""
    found = [mean_and_error(column, users) for column in np.concatenate(sizes).T]
    mean, error = np.array(found, dtype=np.float64).reshape(-1, 2).T
    low, high = mean - 1.96 * error, mean + 1.96 * error
    ranks = rankdata(-np.stack([size.mean(axis=0) for size in sizes]), axis=1, method="min")
    order = np.argsort(-mean, kind="stable")
    columns: Mapping[str, Sequence[object] | NDArray[np.generic]] = {
        "level": [level] * len(order),
        "name": [names[i] for i in order],
        "theme": [themes[i] for i in order],
        "importance": mean[order],
        "low": low[order],
        "high": high[order],
        "rank": np.arange(1, len(order) + 1),
        "rank_low": ranks.min(axis=0)[order],
        "rank_high": ranks.max(axis=0)[order],
    }
    return pa.table(columns).cast(IMPORTANCE)
