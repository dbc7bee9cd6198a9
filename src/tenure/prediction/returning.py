"""When does each user come back? The hazard of return (`lifecycle.survival`), learnt from users at many cut-offs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tenure.errors import ConfigError, EvidenceError
from tenure.lifecycle.survival.hazard import HazardConfig, ReturnModel
from tenure.lifecycle.survival.outlook import return_outlook, user_curve
from tenure.lifecycle.survival.rhythm import Rhythm
from tenure.prediction.examples import Inputs, Matrix, Rows, Vector, examples
from tenure.prediction.learners.columns import fit_normaliser, standardised
from tenure.prediction.tasks import RETURN_DAYS
from tenure.profiles.normalise import Normaliser

NEVER_DAYS = 3650.0
"""How long somebody counts as away who was seen (something was shown to them, say) but never did anything."""

_ROWS_AT_ONCE = 50_000  # some 200 MB, however many users there are


@dataclass(frozen=True, eq=False)
class Spells:
    """Inputs [B] at their cut-offs, and how long each user was away from there on."""

    inputs: Inputs
    days: Vector
    """Until the return, or until watching ended [B]."""
    returned: Rows
    """Which of the two [B]."""

    def __len__(self) -> int:
        return len(self.days)

    @classmethod
    def of(cls, inputs: Inputs, spells: pa.Table) -> Self:
        """Bring inputs together with the rows that `lifecycle.survival.spells` gives for their cut-offs.

        Raises:
            EvidenceError: a row has no spell, so the two were not made from one log.
        """
        days, returned = (examples(inputs, spells, name, 0).outcome for name in ("days", "returned"))
        return cls(inputs, days, returned > 0)

    @property
    def cutoffs(self) -> tuple[datetime, ...]:
        """Every cut-off, oldest first."""
        return tuple(t.item() for t in np.unique(self.inputs.as_of))

    def rows(self, chosen: Rows) -> Self:
        """The chosen rows only."""
        return type(self)(self.inputs.rows(chosen), self.days[chosen], self.returned[chosen])

    def at(self, *cutoffs: datetime) -> Self:
        """The rows of these cut-offs."""
        return self.rows(np.isin(self.inputs.as_of, np.array(cutoffs, dtype=self.inputs.as_of.dtype)))

    def known_by(self, moment: datetime) -> Self:
        """What was known of them before this moment: who had not returned by then was still away.

        As everywhere, what happens at the very moment belongs to the future.
        """
        earlier = self.rows(self.inputs.as_of < np.datetime64(moment))
        watched = (np.datetime64(moment) - earlier.inputs.as_of) / np.timedelta64(1, "D")
        return type(self)(
            earlier.inputs, np.minimum(earlier.days, watched), earlier.returned & (earlier.days < watched)
        )


@dataclass(frozen=True, kw_only=True)
class ReturnConfig:
    """How returns are learnt."""

    columns: tuple[str, ...] | None = None
    """What is looked at; None = every column of the inputs."""
    has_rhythm: bool = True
    """Does the hazard depend on how late a user is by their own rhythm, while they stay away?"""
    most_cutoffs: int = 8
    """Of more cut-offs as many, evenly spread with the newest among them: the same users at moments ten days apart say
    little anew, and cost time."""
    hazard: HazardConfig = field(default_factory=HazardConfig)


@dataclass(frozen=True, eq=False)
class ReturnForecaster:
    """A fitted forecast of when users come back. Any activity is a return.

    A user who was seen but never active counts as away for `NEVER_DAYS`, with the usual pause of the others.
    """

    normaliser: Normaliser
    model: ReturnModel

    @classmethod
    def fit(cls, spells: Spells, config: ReturnConfig = ReturnConfig()) -> Self:
        """Which hazard makes these spells most likely?

        The newest spells are learnt from too, though they were watched for a short time: a fit on earlier ones that is
        then set right on the newest (`ReturnModel.calibrated`) was as good on later time, and no better; see
        `benchmarks/survival.py`.

        Raises:
            EvidenceError: there is no user, or nobody returned.
        """
        if not len(spells):
            raise EvidenceError("return: expected at least one user seen before a cut-off, got none")
        learnt = spells.at(*evenly(spells.cutoffs, config.most_cutoffs))
        names = learnt.inputs.names if config.columns is None else config.columns
        normaliser = fit_normaliser(learnt.inputs, names)
        model = ReturnModel.fit(
            standardised(learnt.inputs, normaliser),
            learnt.days,
            learnt.returned,
            rhythm=rhythm_of(learnt.inputs) if config.has_rhythm else None,
            config=config.hazard,
        )
        return cls(normaliser, model)

    @property
    def observed_days(self) -> float:
        """How far it sees: the longest wait it was fitted on."""
        return self.model.observed_days

    def curve(self, inputs: Inputs, days: Vector) -> Matrix:
        """How likely is each user back by these days [H] after their cut-off? [B, H].

        Raises:
            EvidenceError: a day lies beyond `observed_days`.
        """
        return np.concatenate([self.model.curve(X, days, rhythm) for _, X, rhythm in self._parts(inputs)])

    def outlook(self, inputs: Inputs) -> pa.Table:
        """When does each user come back? One row per row of the inputs, in their order.

        `user_id, as_of, p_return_7, p_return_30, p_return_90, median_days, low_80_days, high_80_days, low_95_days,
        high_95_days`, null beyond `observed_days`; see `lifecycle.survival.outlook.return_outlook`.
        """
        parts = [
            return_outlook(self.model, part.users, X, rhythm, horizons_days=RETURN_DAYS).add_column(
                1, "as_of", pa.array(part.as_of)
            )
            for part, X, rhythm in self._parts(inputs)
        ]
        return pa.concat_tables(parts).combine_chunks()

    def user_curve(self, inputs: Inputs, *, days: Vector | None = None) -> pa.Table:
        """How likely is one user (one row) back by each day, and how sure is that? `day, p_returned, low, high`.

        Raises:
            ConfigError: there is not exactly one row.
        """
        if len(inputs) != 1:
            raise ConfigError(f"return curve: expected the inputs of one user at one cut-off, got {len(inputs)} rows")
        ((_, X, rhythm),) = self._parts(inputs)
        return user_curve(self.model, X[0], rhythm, days=days)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """The forecaster as named arrays."""
        parts = {"normaliser": self.normaliser.to_arrays(), "model": self.model.to_arrays()}
        return {f"{part}.{key}": array for part, arrays in parts.items() for key, array in arrays.items()}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """The forecaster that `to_arrays` described."""
        normaliser, model = (
            {key.removeprefix(f"{part}."): array for key, array in arrays.items() if key.startswith(f"{part}.")}
            for part in ("normaliser", "model")
        )
        return cls(Normaliser.from_arrays(normaliser), ReturnModel.from_arrays(model))

    def _parts(self, inputs: Inputs) -> Iterator[tuple[Inputs, Matrix, Rhythm | None]]:
        """The inputs block by block, as the model sees them; of no user at all one empty block."""
        has_rhythm, place = len(self.model.late_effect) > 0, np.arange(len(inputs))
        for start in range(0, max(len(inputs), 1), _ROWS_AT_ONCE):
            part = inputs.rows((place >= start) & (place < start + _ROWS_AT_ONCE))
            yield part, standardised(part, self.normaliser), rhythm_of(part) if has_rhythm else None


def rhythm_of(inputs: Inputs) -> Rhythm:
    """The pauses of users at their cut-offs; see `NEVER_DAYS` for those who were never active."""
    recency_days = inputs.column("recency_days")
    return Rhythm(np.where(np.isnan(recency_days), NEVER_DAYS, recency_days), inputs.column("gap_median_days"))


def evenly(cutoffs: Sequence[datetime], most: int) -> tuple[datetime, ...]:
    """At most so many of the cut-offs, evenly spread, the oldest and the newest among them."""
    places = np.linspace(0, len(cutoffs) - 1, min(most, len(cutoffs))).round().astype(np.int64)
    return tuple(cutoffs[place] for place in places)
