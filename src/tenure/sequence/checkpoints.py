"""How far learning has come: everything that is needed to go on as if it had never stopped, as plain arrays."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tenure.errors import SourceError

Arrays = dict[str, NDArray[Any]]

_TOLD = "progress"


@dataclass(frozen=True, kw_only=True)
class Look:
    """How learning stood at one look."""

    epoch: int
    seconds: float
    loss: float
    """Of the next item: mean over the targets of the last epoch."""
    ndcg: float
    """Of the held-out next step, full catalogue; NaN where nothing is held out."""
    loss_ahead: float
    """Of what was held out beside the item: when, of what kind, worth how much, summed; NaN where nothing was."""


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """The state of learning at a look."""

    looks: tuple[Look, ...]
    arrays: Mapping[str, NDArray[Any]]
    """Weights and the optimiser's moments, by part and name: "heart/norm.bias"."""
    n_updates: int
    epoch: int

    @classmethod
    def of(
        cls, looks: tuple[Look, ...], parts: Mapping[str, Mapping[str, Tensor]], *, n_updates: int, epoch: int
    ) -> Checkpoint:
        """From tensors by part and name."""
        arrays = {
            f"{part}/{name}": tensor.detach().cpu().numpy().copy()
            for part, tensors in parts.items()
            for name, tensor in tensors.items()
        }
        return cls(looks, arrays, n_updates, epoch)

    def tensors(self, part: str) -> dict[str, Tensor]:
        """The tensors of one part, by name."""
        prefix = f"{part}/"
        return {
            name.removeprefix(prefix): torch.from_numpy(np.array(array))
            for name, array in self.arrays.items()
            if name.startswith(prefix)
        }

    def to_arrays(self) -> Arrays:
        """The checkpoint as named arrays."""
        told = {"looks": [asdict(look) for look in self.looks], "n_updates": self.n_updates, "epoch": self.epoch}
        return {_TOLD: np.array(json.dumps(told)), **self.arrays}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Checkpoint:
        """The checkpoint that `to_arrays` described.

        Raises:
            SourceError: the arrays are none.
        """
        try:
            told = json.loads(str(arrays[_TOLD]))
            looks = tuple(Look(**look) for look in told["looks"])
            rest = {name: array for name, array in arrays.items() if name != _TOLD}
            return cls(looks, rest, told["n_updates"], told["epoch"])
        except (KeyError, TypeError, ValueError) as error:
            raise SourceError(f"heart: this is no checkpoint of this version of tenure ({error})") from error
