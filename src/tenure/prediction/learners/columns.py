"""How each column of the inputs is made comparable, by its name; what is not in any catalogue is taken as it comes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tenure.errors import EvidenceError
from tenure.prediction.examples import Examples, Inputs, Matrix
from tenure.prediction.signals import SIGNALS
from tenure.profiles.features import FEATURES, Scaling
from tenure.profiles.normalise import Normaliser
from tenure.sequence.foretold import FORETOLD

HISTORY = ("x", "t_x_days", "T_days")
"""The repeat history of a user: repeats, days from the first commitment to the last, and to the cut-off."""

_SCALINGS: dict[str, Scaling] = {
    **{feature.name: feature.scaling for feature in (*FEATURES, *SIGNALS)},
    **{entry.name: entry.scaling for entry in FORETOLD},
    **dict.fromkeys((*HISTORY, "n_valued", "mean_value"), "log"),
}


def finite(values: Matrix) -> Matrix:
    """The same numbers, infinite ones counted as not defined (NaN)."""
    return np.where(np.isfinite(values), values, np.nan)


def fit_normaliser(inputs: Inputs, names: Sequence[str]) -> Normaliser:
    """What is usual in these columns?"""
    scalings = [_SCALINGS.get(name, "linear") for name in names]
    return Normaliser.fit(names, scalings, finite(inputs.columns(names)))


def standardised(inputs: Inputs, normaliser: Normaliser) -> Matrix:
    """Users as the normaliser sees them [B, D]; columns that it does not know are not looked at.

    Raises:
        ConfigError: a column that it knows is missing.
    """
    return normaliser.transform(finite(inputs.columns(normaliser.inputs)))


def expect_examples(examples: Examples, learner: str) -> None:
    """Refuse to learn from nobody.

    Raises:
        EvidenceError: there is not one row.
    """
    if not len(examples):
        raise EvidenceError(f"{learner}: expected at least one example with a known outcome, got none")
