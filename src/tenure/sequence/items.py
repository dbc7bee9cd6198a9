"""What an item's vector is made of: tokens of its own, and tokens of its content, which new items share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tenure.errors import ConfigError

Numbers = NDArray[np.int64]
Floats = NDArray[np.float32]

MOST_OWN = 500_000
"""Up to so many items each has a token of its own; of more, each has two of so many, chosen by a hash of its id."""


@dataclass(frozen=True, eq=False)
class ItemTokens:
    """The tokens of I items, ragged: those of item i are tokens[offsets[i]:offsets[i + 1]], its own ones first.

    An item's vector is the sum of its own tokens' vectors and the mean of its content tokens' vectors. An item that was
    never learnt from still has its content. Source of the two hashes: Svenstrup et al. (2017), NeurIPS.
    """

    ids: tuple[str, ...]
    """[I]: item ids; () where items are numbers only"""
    offsets: Numbers
    """[I + 1]"""
    tokens: Numbers
    """[N]"""
    n_own: int
    """Tokens below this are items' own, the others content."""
    words: tuple[str, ...] = ()
    """The content tokens: token n_own + w is words[w]."""
    is_hashed: bool = False
    """Has every item two own tokens, by a hash of its id?"""

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def n_tokens(self) -> int:
        """Vectors to be learnt."""
        return self.n_own + len(self.words)

    @property
    def is_plain(self) -> bool:
        """Is item i just token i?"""
        return len(self.tokens) == len(self) == self.n_own

    @classmethod
    def plain(cls, n_items: int) -> ItemTokens:
        """I items of which nothing is known but that they differ."""
        return cls((), np.arange(n_items + 1), np.arange(n_items), n_items)

    @classmethod
    def of(
        cls, ids: Sequence[str], content: Mapping[str, Sequence[str]] | None = None, most_own: int = MOST_OWN
    ) -> ItemTokens:
        """Items by id, with the words that describe them, such as "category=bread".

        Raises:
            ConfigError: an id comes twice.
        """
        if len(set(ids)) != len(ids):
            raise ConfigError("heart: expected every item id once")
        known = content or {}
        words = tuple(sorted({word for item in ids for word in known.get(item, ())}))
        nothing = np.zeros(0, np.int64)
        empty = cls((), nothing, nothing, min(len(ids), most_own), words, is_hashed=len(ids) > most_own)
        return empty.with_items(ids, known)

    def with_items(self, ids: Sequence[str], content: Mapping[str, Sequence[str]]) -> ItemTokens:
        """These items, more than before or others, by the same tokens; words never learnt are left out.

        Where own tokens go by place, new items have none, and those known before must come first, in their order.

        Raises:
            ConfigError: the items known before do not come first.
        """
        if self.ids and tuple(ids[: len(self.ids)]) != self.ids:
            raise ConfigError("heart: expected the items known before to come first, in their order")
        number = {word: self.n_own + i for i, word in enumerate(self.words)}
        tokens = []
        for place, item in enumerate(ids):
            own = _two(item, self.n_own) if self.is_hashed else [place] * (place < self.n_own)
            tokens.append([*own, *(number[word] for word in dict.fromkeys(content.get(item, ())) if word in number)])
        lengths = np.array([len(some) for some in tokens], np.int64)
        return replace(
            self,
            ids=tuple(ids),
            offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
            tokens=np.array([token for some in tokens for token in some], np.int64),
        )

    @property
    def weights(self) -> Floats:
        """[N]: 1 for an own token, 1 / content tokens of the item for each of these."""
        item = np.repeat(np.arange(len(self)), np.diff(self.offsets))
        is_own = self.tokens < self.n_own
        n_content = np.bincount(item[~is_own], minlength=len(self))
        return np.where(is_own, 1.0, 1 / np.maximum(n_content, 1)[item]).astype(np.float32)


def words_of(items: pa.Table) -> dict[str, list[str]]:
    """The words that describe each item of `schema.ITEMS`: its categories, brand, and price to the half octave."""
    columns = (items[name].to_pylist() for name in ("item_id", "categories", "brand", "price"))
    found = {}
    for item, categories, brand, price in zip(*columns, strict=True):
        words = [f"category={category}" for category in categories or ()]
        words += [f"brand={brand}"] if brand else []
        words += [f"price={round(2 * float(np.log2(price)))}"] if price and price > 0 else []
        found[item] = words
    return found


def _two(item: str, n: int) -> list[int]:
    """Two different places among n that any machine finds for this id."""
    digest = blake2b(item.encode(), digest_size=16).digest()
    first, second = (int.from_bytes(digest[i : i + 8], "little") for i in (0, 8))
    one = first % n
    return [one, (one + 1 + second % (n - 1)) % n]
