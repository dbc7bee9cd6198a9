"""Every error that tenure raises on purpose.

    TenureError
    ├── ConfigError      (ValueError)    a setting, argument or option is wrong
    ├── SourceError      (ValueError)    an input cannot be read, or is not an event log
    ├── UnknownError     (KeyError)      a user, item, domain ... of that name does not exist
    ├── EvidenceError    (ValueError)    the data are too few to answer honestly
    ├── EngineError      (RuntimeError)  the engine could not run a relation
    ├── MissingRunError  (RuntimeError)  nothing has been computed yet
    └── MissingExtraError (ImportError)  an optional library is not installed

A message names the thing, what was expected, what came, and what to do.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class TenureError(Exception):
    """Base of all errors raised by tenure."""

    def __str__(self) -> str:
        # KeyError would print the repr of its argument; a message must stay a sentence.
        return " ".join(str(part) for part in self.args)


class ConfigError(TenureError, ValueError):
    """A setting, argument or option is wrong."""


class SourceError(TenureError, ValueError):
    """An input cannot be read, or does not hold an event log."""


class UnknownError(TenureError, KeyError):
    """A name that does not exist: user, item, domain, preset."""


class EvidenceError(TenureError, ValueError):
    """The data are too few, or of the wrong kind, to answer honestly."""


class TrainingError(TenureError, RuntimeError):
    """A model cannot learn on: its loss is no number any more."""


class EngineError(TenureError, RuntimeError):
    """The engine could not run a relation: too little memory or disk, a file that is gone."""


class MissingRunError(TenureError, RuntimeError):
    """A result was asked for before anything was computed."""


class MissingExtraError(TenureError, ImportError):
    """An optional library is not installed."""


def nearest(name: str, known: Iterable[str], *, n: int = 3) -> str:
    """The part of a message that helps after a wrong name: the closest valid ones.

    >>> nearest("comerce", ["ecommerce", "video", "news"])
    "did you mean 'ecommerce'?"
    >>> nearest("zzz", ["video", "news"])
    "known: 'news', 'video'"
    """
    names = sorted(known)
    alike = [known for known in names if known.lower() == name.lower()]
    close = alike[:n] or get_close_matches(name, names, n=n, cutoff=0.6)
    if close:
        return "did you mean " + " or ".join(f"'{c}'" for c in close) + "?"
    shown = ", ".join(f"'{c}'" for c in names[:12])
    more = f" and {len(names) - 12} more" if len(names) > 12 else ""
    return f"known: {shown}{more}" if names else "none exist"


def unknown(kind: str, name: str, known: Iterable[str]) -> UnknownError:
    """Build the error for a name that does not exist, with the nearest valid one."""
    return UnknownError(f"There is no {kind} '{name}'; {nearest(name, known)}")
