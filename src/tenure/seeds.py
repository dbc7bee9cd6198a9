"""Randomness that does not depend on order: the same seed, purpose and user give the same draw, alone or in a crowd."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray


def generator(seed: int, *purpose: str | int) -> np.random.Generator:
    """A generator for one purpose, independent of every other purpose under the same seed.

    >>> float(generator(1, "segments").random()) == float(generator(1, "segments").random())
    True
    >>> float(generator(1, "segments").random()) == float(generator(1, "splits").random())
    False
    """
    key = "\x1f".join([str(seed), *map(str, purpose)]).encode()
    return np.random.default_rng(int.from_bytes(blake2b(key, digest_size=16).digest(), "big"))


def uniforms(seed: int, purpose: str, ids: Sequence[str]) -> NDArray[np.float64]:
    """One uniform draw in [0, 1) per id; adding, removing or reordering ids changes nobody else's draw.

    Shape: [len(ids)]. Used for random assignment, so that a user keeps their group between runs and machines.
    """
    prefix = f"{seed}\x1f{purpose}\x1f".encode()
    draws = (int.from_bytes(blake2b(prefix + i.encode(), digest_size=8).digest(), "big") >> 11 for i in ids)
    return np.fromiter(draws, dtype=np.float64, count=len(ids)) / float(1 << 53)
