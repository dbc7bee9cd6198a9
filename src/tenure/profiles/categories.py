"""Which category of an item a person would name."""

from __future__ import annotations

from ibis.expr.types import StringValue, Table


def category(items: Table) -> StringValue:
    """What kind of thing is it, in a word a person would use?

    The second level of `categories` where there is one ("CHEESE"), else the first ("GROCERY"): departments are too
    broad to tell people apart, the narrowest level too narrow for evidence. Null for an item without categories.
    """
    levels = items.categories.length()
    return (levels >= 2).ifelse(items.categories[1], (levels >= 1).ifelse(items.categories[0], None))
