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
from tenure.profiles.normalise import Normaliser
from tenure.sequence.checkpoints import Look
from tenure.sequence.config import HeartConfig
from tenure.sequence.items import ItemTokens
from tenure.sequence.learnt import Learnt
from tenure.sequence.neighbours import Neighbours
from tenure.sequence.network import Heart, Shape
from tenure.sequence.objectives import described, from_description, heads_of

Arrays = dict[str, NDArray[Any]]

_TOLD, _WEIGHT, _NEIGHBOURS, _TOKENS = "heart", "weight.", "neighbours.", "tokens."
_NORMALISER = "normaliser."


def to_arrays(learnt: Learnt) -> Arrays:
    """The weights, the neighbours, the items, and the rest as JSON text, by name."""
    heart, tokens = learnt.heart, learnt.heart.tokens
    told = {
        "shape": asdict(heart.shape),
        "objectives": described(learnt.objectives),
        "looks": [asdict(look) for look in learnt.looks],
        "n_own": tokens.n_own,
        "is_hashed": tokens.is_hashed,
        "most_steps": learnt.neighbours.most_steps,
    }
    parts: dict[str, dict[str, NDArray[Any]]] = {
        _WEIGHT: {name: weight.cpu().numpy() for name, weight in heart.state_dict().items()},
        _NEIGHBOURS: {name: getattr(learnt.neighbours, name) for name in ("offsets", "items", "likeness", "norms")},
        _TOKENS: {
            "ids": np.array(tokens.ids, np.str_),
            "offsets": tokens.offsets,
            "tokens": tokens.tokens,
            "words": np.array(tokens.words, np.str_),
        },
        _NORMALISER: learnt.normaliser.to_arrays(),
    }
    return {
        _TOLD: np.array(json.dumps(told)),
        **{f"{p}{name}": a for p, some in parts.items() for name, a in some.items()},
    }


def from_arrays(arrays: Mapping[str, NDArray[Any]]) -> Learnt:
    """The heart that `to_arrays` described, ready to be asked.

    Raises:
        SourceError: an array is missing, or has another shape than the network.
    """

    def part(prefix: str) -> dict[str, NDArray[Any]]:
        return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}

    try:
        told = json.loads(str(arrays[_TOLD]))
        shape = Shape(**{**told["shape"], "config": HeartConfig(**told["shape"]["config"])})
        objectives = tuple(from_description(told["objectives"]))
        known = part(_TOKENS)
        tokens = ItemTokens(
            tuple(known["ids"].tolist()),
            known["offsets"],
            known["tokens"],
            told["n_own"],
            tuple(known["words"].tolist()),
            is_hashed=told["is_hashed"],
        )
        heart = Heart(shape, tokens, heads_of(objectives, shape.config.width))
        heart.load_state_dict({name: torch.tensor(weight) for name, weight in part(_WEIGHT).items()})
        neighbours = Neighbours(**part(_NEIGHBOURS), most_steps=told["most_steps"])
        normaliser = Normaliser.from_arrays(part(_NORMALISER))
        looks = tuple(Look(**look) for look in told["looks"])
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise SourceError(f"heart: the arrays are not those of a heart of this version of tenure ({error})") from error
    return Learnt(heart.eval(), neighbours, objectives, normaliser, looks)
