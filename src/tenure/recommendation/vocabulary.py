"""Ids as numbers: models compute with item numbers, people read item ids."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """The known ids in sorted order; an id's number is its place.

    >>> items = Vocabulary.of(["tea", "ink", "tea"])
    >>> list(items.ids), items.numbers(["tea", "sugar"]).tolist()
    (['ink', 'tea'], [1, -1])
    """

    ids: NDArray[np.object_]

    @classmethod
    def of(cls, ids: Iterable[str]) -> Self:
        """The vocabulary of these ids, in whatever order and however often they come."""
        return cls(np.array(sorted(set(ids)), dtype=object))

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def _number_of(self) -> Mapping[str, int]:
        return {key: number for number, key in enumerate(self.ids)}

    def numbers(self, ids: Sequence[str] | NDArray[np.object_]) -> NDArray[np.int64]:
        """The number of each id, -1 for an unknown one. Shape: [len(ids)]."""
        return np.fromiter((self._number_of.get(key, -1) for key in ids), dtype=np.int64, count=len(ids))

    def encode(self, column: pa.ChunkedArray) -> NDArray[np.int64]:
        """The same for an Arrow column with many repeated ids; a null is unknown."""
        coded = column.combine_chunks().dictionary_encode()
        numbers = np.append(self.numbers(coded.dictionary.to_pylist()), -1)
        encoded: NDArray[np.int64] = numbers[coded.indices.fill_null(len(numbers) - 1).to_numpy(zero_copy_only=False)]
        return encoded

    def to_arrays(self) -> dict[str, NDArray[np.generic]]:
        """The ids as plain arrays."""
        return pack_strings(self.ids)

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.generic]]) -> Self:
        """The inverse of `to_arrays`."""
        return cls(unpack_strings(arrays))


def pack_strings(strings: NDArray[np.object_]) -> dict[str, NDArray[np.generic]]:
    """Strings as UTF-8 bytes and int64 offsets [n + 1]: safetensors holds numbers only."""
    encoded = [text.encode() for text in strings]
    offsets = np.concatenate([[0], np.cumsum([len(text) for text in encoded], dtype=np.int64)])
    return {"bytes": np.frombuffer(b"".join(encoded), dtype=np.uint8), "offsets": offsets.astype(np.int64)}


def unpack_strings(arrays: Mapping[str, NDArray[np.generic]]) -> NDArray[np.object_]:
    """The inverse of `pack_strings`."""
    data, offsets = arrays["bytes"].tobytes(), arrays["offsets"].tolist()
    strings = np.empty(len(offsets) - 1, dtype=object)
    strings[:] = [data[start:end].decode() for start, end in pairwise(offsets)]
    return strings
