"""How reasons are worded. Each source states its own facts; here stand the words that all of them share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Words:
    """What items and users are called."""

    titles: NDArray[np.object_]
    """[I] by item number; the id where an item has no title."""
    user_noun: str = "user"

    def title(self, item: int) -> str:
        """An item as it is called in a sentence."""
        return str(self.titles[item])
