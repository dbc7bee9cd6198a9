"""A heart as arrays, and back: what is kept on disk, and what needs no PyTorch to be read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from tenure.errors import SourceError
from tenure.sequence.config import HeartConfig
from tenure.sequence.neighbours import Neighbours
from tenure.sequence.network import Heart, Shape

Arrays = dict[str, NDArray[Any]]

_WEIGHT, _NEIGHBOURS, _SHAPE = "weight.", "neighbours.", "shape"


def to_arrays(heart: Heart, neighbours: Neighbours) -> Arrays:
    """The weights, the neighbours and the shape (as JSON text) by name."""
    weights = {f"{_WEIGHT}{name}": weight.cpu().numpy() for name, weight in heart.state_dict().items()}
    kept = {f"{_NEIGHBOURS}{name}": getattr(neighbours, name) for name in ("offsets", "items", "likeness", "norms")}
    return {_SHAPE: np.array(json.dumps(asdict(heart.shape))), **weights, **kept}


def from_arrays(arrays: Mapping[str, NDArray[Any]]) -> tuple[Heart, Neighbours]:
    """The heart and the neighbours that `to_arrays` described, ready to be asked.

    Raises:
        SourceError: an array is missing, or has another shape than the network.
    """
    try:
        told = json.loads(str(arrays[_SHAPE]))
        heart = Heart(Shape(**{**told, "config": HeartConfig(**told["config"])}))
        weights = {name.removeprefix(_WEIGHT): a for name, a in arrays.items() if name.startswith(_WEIGHT)}
        heart.load_state_dict({name: torch.tensor(weight) for name, weight in weights.items()})
        neighbours = Neighbours(
            **{name.removeprefix(_NEIGHBOURS): a for name, a in arrays.items() if name.startswith(_NEIGHBOURS)}
        )
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise SourceError(f"heart: the arrays are not those of a heart of this version of tenure ({error})") from error
    return heart.eval(), neighbours
