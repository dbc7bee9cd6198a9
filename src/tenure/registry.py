"""From a name to the thing: built-in domains by file name, others by entry point."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import entry_points
from pkgutil import iter_modules
from typing import Any

from tenure import domains
from tenure.domain import Domain
from tenure.errors import unknown

ENTRY_POINTS = "tenure.domains"
"""A package adds a domain by an entry point of this group that names a Domain value."""


def domain_names() -> list[str]:
    """The names of all domains that can be chosen."""
    built_in = [module.name for module in iter_modules(domains.__path__)]
    return sorted({*built_in, *(point.name for point in entry_points(group=ENTRY_POINTS))})


def find_domain(name: str, changes: Mapping[str, Any] | None = None) -> Domain:
    """The domain of that name, with the user's changes; an unknown name is a new domain if they define its events.

    Raises:
        UnknownError: no such domain, and the changes define none.
        ConfigError: a change is wrong.

    >>> find_domain("video", {"slate_length": 5}).slate_length
    5
    """
    changes = dict(changes or {})
    if name in [module.name for module in iter_modules(domains.__path__)]:
        return _changed(import_module(f"tenure.domains.{name}").DOMAIN, changes)
    for point in entry_points(group=ENTRY_POINTS):
        if point.name == name:
            return _changed(point.load(), changes)
    if changes.get("events"):
        return Domain.from_mapping({"name": name, **changes})
    error = unknown("domain", name, domain_names())
    error.args = (f"{error} (to define your own, list its events under [domain.events])",)
    raise error


def _changed(domain: Domain, changes: Mapping[str, Any]) -> Domain:
    return domain.with_changes(changes) if changes else domain
