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


def times(n: int) -> str:
    """How often, in words.

    >>> times(1), times(2), times(6)
    ('once', 'twice', '6 times')
    """
    return {1: "once", 2: "twice"}.get(n, f"{n} times")


def ago(days: int) -> str:
    """How long ago, in words; age 0 is the last 24 hours.

    >>> ago(0), ago(1), ago(14)
    ('within the last day', '1 day ago', '14 days ago')
    """
    return "within the last day" if days == 0 else f"{counted(days, 'day')} ago"


def counted(n: int, noun: str) -> str:
    """A number with its noun.

    >>> counted(1, "customer"), counted(1312, "customer")
    ('1 customer', '1,312 customers')
    """
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"
