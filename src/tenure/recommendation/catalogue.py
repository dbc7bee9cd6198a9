"""What is known of the items themselves: titles and categories, by item number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tenure.recommendation.interactions import Ints
from tenure.recommendation.vocabulary import Vocabulary, pack_strings, unpack_strings

MAX_LEVELS = 4
"""An item's further categories are left out."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Catalogue:
    """The items that can be recommended."""

    items: Vocabulary
    titles: NDArray[np.object_]
    """[I]; the id where an item has no title."""
    categories: Ints
    """[I, levels] category numbers from broad to narrow; -1 = none. At least one level."""

    @classmethod
    def from_table(cls, items: Vocabulary, table: pa.Table | None = None) -> Self:
        """The catalogue of these items; `table` is of `schema.ITEMS`, and may lack some of them or hold others."""
        if table is None or not len(table) or not len(items):
            return cls(items=items, titles=items.ids, categories=np.full((len(items), 1), -1))
        number = items.encode(table["item_id"])
        known = np.flatnonzero(number >= 0)
        table, number = table.take(known), number[known]
        titles = items.ids.copy()
        titles[number] = pc.coalesce(table["title"], table["item_id"]).to_pylist()
        return cls(items=items, titles=titles, categories=_levels(table["categories"], number, len(items)))

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """As plain arrays."""
        parts = {"items": self.items.to_arrays(), "titles": pack_strings(self.titles)}
        packed = {f"{part}/{key}": array for part, arrays in parts.items() for key, array in arrays.items()}
        return {**packed, "categories": self.categories}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """The inverse of `to_arrays`."""
        return cls(
            items=Vocabulary.from_arrays({key: arrays[f"items/{key}"] for key in ("bytes", "offsets")}),
            titles=unpack_strings({key: arrays[f"titles/{key}"] for key in ("bytes", "offsets")}),
            categories=arrays["categories"],
        )


def _levels(categories: pa.ChunkedArray, number: Ints, n_items: int) -> Ints:
    """Category numbers [I, levels] from a column of lists; `number` is the item number of each list."""
    lists = categories.combine_chunks()
    name, parent = pc.list_flatten(lists), pc.list_parent_indices(lists).to_numpy()
    place = np.arange(len(parent)) - np.searchsorted(parent, parent)
    kept = place < MAX_LEVELS
    code = Vocabulary.of(pc.drop_null(name).unique().to_pylist()).encode(pa.chunked_array([name]))
    levels = np.full((n_items, int(place[kept].max(initial=0)) + 1), -1)
    levels[number[parent[kept]], place[kept]] = code[kept]
    return levels
