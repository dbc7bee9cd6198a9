"""Recurrent networks: an LSTM or GRU reads what a user did, step by step, beside the profile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tenure.errors import ConfigError, MissingExtraError
from tenure.prediction.examples import Examples, Inputs, Vector
from tenure.prediction.learner import Arrays
from tenure.prediction.learners.columns import expect_examples, fit_normaliser, standardised
from tenure.prediction.reading import Reading
from tenure.profiles.normalise import Normaliser
from tenure.sequence.steps import FEATURES, Steps, steps

Cell = Literal["gru", "lstm"]

_STEP, _PROFILE, _WEIGHT = "step.", "profile.", "weight."
_ROWS_AT_ONCE = 65_536
"""The steps of so many users are in memory at a time, however many are scored."""


@dataclass(frozen=True, eq=False)
class Recurrent:
    """P, from the last state of a network that read the steps, and the profile."""

    learner: RecurrentLearner
    """How it was made."""
    share: float
    """To what share of the examples it happened: the forecast for everybody where nothing could be learnt."""
    step: Normaliser
    """Makes the features of steps comparable."""
    profile: Normaliser
    """Makes the columns of the inputs comparable."""
    weights: Mapping[str, NDArray[np.float32]]
    """Of the network, by name; none where all outcomes were equal."""

    def predict(self, inputs: Inputs) -> Vector:
        """The probability of each row [B].

        Raises:
            ConfigError: the inputs hold no sequences.
            MissingExtraError: PyTorch is not installed.
        """
        if not self.weights:
            return np.full(len(inputs), self.share)
        network, number, p = _network(), np.arange(len(inputs)), np.empty(len(inputs))
        for low in range(0, len(inputs), _ROWS_AT_ONCE):
            here = (number >= low) & (number < low + _ROWS_AT_ONCE)
            some = inputs.rows(here)
            p[here] = network.forecast(self.learner, self.weights, self.read(some, self.learner.steps(some)))
        return p

    def read(self, inputs: Inputs, done: Steps) -> Reading:
        """The rows [B] and their steps as the network sees them."""
        return Reading(
            starts=done.starts,
            lengths=done.ends - done.starts,
            seconds=done.seconds,
            features=self.step.transform(done.features).astype(np.float32),
            until=inputs.as_of.astype("datetime64[s]").astype(np.int64),
            profiles=standardised(inputs, self.profile).astype(np.float32),
        )

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """The model as arrays."""
        return {
            "cell": np.array(self.learner.cell),
            "n_steps": np.array(self.learner.n_steps),
            "width": np.array(self.learner.width),
            "share": np.array(self.share),
            **{f"{_STEP}{name}": array for name, array in self.step.to_arrays().items()},
            **{f"{_PROFILE}{name}": array for name, array in self.profile.to_arrays().items()},
            **{f"{_WEIGHT}{name}": array for name, array in self.weights.items()},
        }


@dataclass(frozen=True, kw_only=True)
class RecurrentLearner:
    """A network that reads the events themselves: their order and rhythm, which no column sums up.

    What it sees of a step (all events of one second) is in `sequence.steps.FEATURES`, and how long ago it was.
    """

    cell: Cell = "gru"
    """How the network remembers."""
    n_steps: int = 64
    """The newest steps of a user that are read; older ones are left to the profile."""
    width: int = 32
    """Numbers in the state of a user."""
    dropout: float = 0.1
    """Share of numbers hidden at random while learning, so that none is relied on alone."""
    batch_size: int = 256
    updates_per_epoch: int = 64
    """An epoch is so many batches, of few users or many: the time to learn does not grow with their number."""
    learning_rate: float = 2e-3
    weight_decay: float = 0.01
    gradient_norm: float = 1.0
    """Longer gradients are cut to this length."""
    memory: int = 100
    """The weights that are kept are the mean over about so many updates."""
    most_epochs: int = 20
    patience: int = 3
    """Learning ends when the newest cut-off has not been forecast better for so many epochs."""
    epochs_untested: int = 5
    """For how long it learns where no cut-off can be held out."""
    n_threads: int = 1
    """Of the processor; the same number gives the same model."""
    seed: int = 0

    @property
    def rows_per_epoch(self) -> int:
        """How many examples an epoch reads."""
        return self.batch_size * self.updates_per_epoch

    @property
    def name(self) -> str:
        """The kind of cell: "gru" or "lstm"."""
        return self.cell

    @property
    def complexity(self) -> int:
        """More intricate than trees; an LSTM more than a GRU."""
        return 8 if self.cell == "lstm" else 7

    def fit(self, examples: Examples) -> Recurrent:
        """What do the events and profiles of these users say about what came of them?

        The newest cut-off is forecast by a network that learnt from those complete by then, to find for how long to
        learn; a second network then learns as long from all. Where all outcomes are equal there is nothing to learn,
        and everybody is told the base rate.

        Raises:
            EvidenceError: there is no example.
            ConfigError: the inputs hold no sequences.
            MissingExtraError: PyTorch is not installed.
        """
        expect_examples(examples, self.name)
        network, inputs = _network(), examples.inputs
        done, y = self.steps(inputs), (examples.outcome > 0).astype(np.float64)
        untaught = Recurrent(
            learner=self,
            share=float((y.sum() + 0.5) / (len(y) + 1)),
            step=Normaliser.fit(tuple(FEATURES), tuple(FEATURES.values()), done.features),
            profile=fit_normaliser(inputs, inputs.names),
            weights={},
        )
        if y.min() == y.max():
            return untaught
        # Centres and spreads know no outcome, so the cut-off that is held out may share them.
        reading, epochs = untaught.read(inputs, done), self.epochs_untested
        newest = inputs.as_of.max()
        earlier = np.flatnonzero(inputs.as_of + np.timedelta64(examples.horizon_days, "D") <= newest)
        if len(np.unique(y[earlier])) > 1:
            held_out = np.random.default_rng(self.seed).permutation(np.flatnonzero(inputs.as_of == newest))
            epochs = network.n_epochs(self, reading, y, earlier, held_out[: self.rows_per_epoch])
        return replace(untaught, weights=network.learn(self, reading, y, epochs))

    def load(self, arrays: Arrays) -> Recurrent:
        """The model that `to_arrays` described."""
        cell: Cell = "lstm" if str(arrays["cell"]) == "lstm" else "gru"
        return Recurrent(
            learner=replace(self, cell=cell, n_steps=int(arrays["n_steps"]), width=int(arrays["width"])),
            share=float(arrays["share"]),
            step=Normaliser.from_arrays(_part(arrays, _STEP)),
            profile=Normaliser.from_arrays(_part(arrays, _PROFILE)),
            weights=_part(arrays, _WEIGHT),
        )

    def steps(self, inputs: Inputs) -> Steps:
        """The newest steps of each row.

        Raises:
            ConfigError: the inputs hold no sequences.
        """
        if inputs.sequences is None:
            raise ConfigError(
                f"{self.name}: expected inputs with the events of each user, got none; "
                "give Inputs.from_table the sequences that Sequences.from_table makes of the relation in_order"
            )
        return steps(inputs.sequences, self.n_steps)


def _part(arrays: Arrays, prefix: str) -> dict[str, NDArray[Any]]:
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}


def _network() -> ModuleType:
    """What needs PyTorch, imported where it is used: the rest of tenure does without.

    Raises:
        MissingExtraError: PyTorch is not installed.
    """
    try:
        from tenure.prediction import network
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise MissingExtraError(
            "Recurrent networks need PyTorch, which is not installed; install it: pip install 'tenure[torch]'"
        ) from error
    return network
