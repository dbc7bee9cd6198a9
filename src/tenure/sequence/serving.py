"""A heart without PyTorch: its arrays, and its graph as an ONNX file, say what the network would say.

What a catalogue answers to a state is here too, since it needs no PyTorch either. Shapes: B users, b of them at once,
P positions, position 0 the past; D the width, I items, K best ones, E meetings.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from tenure.errors import MissingExtraError, SourceError
from tenure.profiles.normalise import Normaliser
from tenure.sequence.batches import Batch
from tenure.sequence.catalogue import Best, Catalogue, Met, best_of_scores
from tenure.sequence.histories import Histories
from tenure.sequence.items import ItemTokens
from tenure.sequence.neighbours import Neighbours
from tenure.sequence.windows import newest

Numbers = NDArray[np.int64]
Floats = NDArray[np.float32]
Arrays = Mapping[str, NDArray[Any]]

N_GAPS = 32
"""As `blocks` has it, which needs PyTorch; a test holds them equal."""
STATE = "state"
FINGERPRINT = "weights"
_AT_ONCE = 256


@dataclass(frozen=True, eq=False)
class Said:
    """What the network says of B users after all that they did."""

    states: Floats
    """[B, D]"""
    heads: dict[str, Floats]
    """Name of the objective -> what its head gives out [B, J]"""


@dataclass(frozen=True, eq=False)
class ServedHeart:
    """A heart that can be asked, but not taught."""

    session: Any
    """Of ONNX Runtime."""
    catalogue: Catalogue
    normaliser: Normaliser
    """By which the histories that are asked about are to be read."""
    objectives: tuple[dict[str, Any], ...]
    """What the heads foretell, as `objectives.described` tells it"""
    window: int

    @classmethod
    def load(cls, path: Path, arrays: Arrays, n_threads: int = 1) -> Self:
        """From the file that `export_onnx` wrote and the arrays of the same heart.

        Raises:
            MissingExtraError: ONNX Runtime is not installed.
            SourceError: there is no such file, or it is damaged, or of another heart than the arrays; or these are not
                those of a heart.
        """
        if find_spec("onnxruntime") is None:
            raise MissingExtraError("heart: an ONNX file is read by ONNX Runtime: pip install 'tenure[onnx]'")
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = n_threads
        try:
            session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # ONNX Runtime has an error for each code, of no common kind
            raise SourceError(f"{path}: expected the graph of a heart ({error}); export it again") from error
        if session.get_modelmeta().custom_metadata_map.get(FINGERPRINT) != fingerprint(arrays):
            raise SourceError(f"{path}: expected the graph of the heart in the arrays, got another; export it again")
        try:
            told = json.loads(str(arrays["heart"]))
            return cls(
                session,
                _catalogue(told, arrays),
                Normaliser.from_arrays(_part(arrays, "normaliser.")),
                tuple(told["objectives"]),
                told["shape"]["config"]["window"],
            )
        except (KeyError, TypeError, ValueError) as error:
            raise SourceError(
                f"heart: the arrays are not those of a heart of this version of tenure ({error})"
            ) from error

    def said(self, histories: Histories) -> Said:
        """The states and what the heads say of them, of all users."""
        found: dict[str, Floats] = {}
        for users, _, outputs in self._asked(histories):
            for name, some in outputs.items():
                found.setdefault(name, np.zeros((len(histories), some.shape[1]), np.float32))[users] = some
        if not found:
            found = {o.name: np.zeros((0, o.shape[1]), np.float32) for o in self.session.get_outputs()}
        return Said(found.pop(STATE), found)

    def scores(self, histories: Histories) -> Iterator[tuple[Numbers, Floats]]:
        """The score of every item after all that each user did: (users [b], scores [b, I]), batch by batch."""
        for users, batch, outputs in self._asked(histories):
            yield users, self.catalogue.scores(outputs[STATE], Met.of(batch))

    def best_items(self, histories: Histories, k: int = 10) -> Best:
        """The k best items of each user, of the whole catalogue; not those met, where users do not meet items again."""
        k = min(k, len(self.catalogue.vectors))
        best = Best(np.full((len(histories), k), -1), np.full((len(histories), k), -np.inf, np.float32))
        for users, scores in self.scores(histories):
            if self.catalogue.again_by_age is None:
                scores[histories.met(users)] = -np.inf
            some = best_of_scores(scores, k)
            best.items[users], best.scores[users] = some.items, some.scores
        return best

    def _asked(self, histories: Histories) -> Iterator[tuple[Numbers, Batch, dict[str, Floats]]]:
        """Users of like length at once [b], their windows, and what the graph gives out, by name."""
        windows = newest(histories.n_steps, self.window)
        order = np.argsort(windows.ends - windows.starts, kind="stable")
        names = [output.name for output in self.session.get_outputs()]
        for low in range(0, len(order), _AT_ONCE):
            some = windows.some(order[low : low + _AT_ONCE])
            batch = histories.read(some)
            yield some.rows, batch, dict(zip(names, self.session.run(names, self._given(batch)), strict=True))

    def _given(self, batch: Batch) -> dict[str, NDArray[Any]]:
        """What the graph asks for: a heart that knows no time is given none."""
        b, L = batch.shape
        met = np.concatenate(
            [
                self._mean(batch.past_items, batch.past_rows, b)[:, None],
                self._mean(batch.items, batch.cells, b * L).reshape(b, L, -1),
            ],
            axis=1,
        )
        seconds = np.concatenate([batch.seconds[:, :1], batch.seconds], axis=1)
        given: dict[str, Callable[[], NDArray[Any]]] = {
            "met": lambda: met,
            "features": lambda: np.concatenate([np.zeros_like(batch.features[:, :1]), batch.features], axis=1),
            "last": lambda: batch.n_steps,
            "gaps": lambda: gap_bucket(seconds[:, :, None] - seconds[:, None, :]),
            "people": lambda: batch.people,
        }
        return {asked.name: given[asked.name]() for asked in self.session.get_inputs()}

    def _mean(self, items: Numbers, cells: Numbers, n: int) -> Floats:
        """The mean vector of the items of each of n cells [n, D], scaled as the network does; 0 where none is.

        `cells` rise, so the items of a cell are neighbours.
        """
        vectors = self.catalogue.vectors
        first = np.searchsorted(cells, np.arange(n + 1))
        share = np.repeat(1 / np.maximum(np.diff(first), 1), np.diff(first)).astype(np.float32)
        mean: Floats = csr_array((share, items, first), shape=(n, len(vectors))) @ vectors
        return mean * np.float32(np.sqrt(vectors.shape[1]))


def gap_bucket(passed: Numbers) -> Numbers:
    """The bucket of the time between [..], as `blocks.Nearness` has it.

    Both round the seconds, and the logarithm, to 32 bits: near a power of two it decides.
    """
    rounded = np.maximum(passed, 0).astype(np.float32) + np.float32(1)
    power = np.log2(rounded.astype(np.float64)).astype(np.float32)
    return np.minimum(power.astype(np.int64), N_GAPS - 1)


def fingerprint(arrays: Arrays) -> str:
    """Says of which heart a graph is: a digest of all weights."""
    digest = blake2b(digest_size=16)
    for name in sorted(arrays):
        if name.startswith("weight."):
            digest.update(name.encode())
            digest.update(np.ascontiguousarray(arrays[name]).tobytes())
    return digest.hexdigest()


def _catalogue(told: Mapping[str, Any], arrays: Arrays) -> Catalogue:
    """The items of a heart, from what its arrays hold and tell."""
    tokens, table = _part(arrays, "tokens."), arrays["weight.items.weight"]
    items = ItemTokens((), tokens["offsets"], tokens["tokens"], told["n_own"])
    spread = csr_array((items.weights, items.tokens, items.offsets), shape=(len(items), len(table)))
    return Catalogue(
        np.ascontiguousarray(spread @ table),
        Neighbours(**_part(arrays, "neighbours."), most_steps=told["most_steps"]),
        np.exp(arrays["weight.neighbour_ages"]),
        np.exp(arrays["weight.repeat_ages"]) if told["shape"]["may_repeat"] else None,
    )


def _part(arrays: Arrays, prefix: str) -> dict[str, NDArray[Any]]:
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
