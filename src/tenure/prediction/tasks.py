"""What is forecast: a question about every user, declared once, from which labels, models and evidence follow."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from tenure.domain import Role
from tenure.errors import ConfigError, nearest

Kind = Literal["commit", "churn", "value", "return"]
KINDS: tuple[Kind, ...] = get_args(Kind)
"""commit: will they commit at least once? churn: will they not? value: for how much? return: when do they come back?"""

Population = Literal["seen", "active"]

RETURN_DAYS = (7, 30, 90)
"""Where a return curve is judged."""

_FORM = re.compile(r"^(?P<kind>[a-z]+)(\[(?P<of>[^\]]+)\])?(:(?P<days>\d+)d)?(@(?P<population>[a-z]+))?$")
_MOST_DAYS = 3650


@dataclass(frozen=True, kw_only=True)
class Task:
    """One question about each user at a cut-off.

    >>> parse_task("churn:90d@active")
    Task(kind='churn', horizon_days=90, population='active', of='commitment', active_days=90)
    >>> parse_task("commit[coupon_redeem]:30d").name
    'commit[coupon_redeem]:30d'
    """

    kind: Kind
    horizon_days: int
    """The outcome is what happens in so many days from the cut-off on; of `return`, where the curve ends."""
    population: Population = "seen"
    """Of whom it is asked: everybody seen before the cut-off, or those active in the `active_days` before it."""
    of: str = str(Role.COMMITMENT)
    """What counts: a role, or one event type of the log. Of `return` any activity does, whatever stands here."""
    active_days: int = 90

    @property
    def name(self) -> str:
        """How it is written: kind[of]:horizon@population, as short as it can be."""
        of = "" if self.of == Role.COMMITMENT else f"[{self.of}]"
        days = "" if self.kind == "return" else f":{self.horizon_days}d"
        return f"{self.kind}{of}{days}{'' if self.population == 'seen' else f'@{self.population}'}"

    @property
    def is_amount(self) -> bool:
        """Is the outcome a sum, not yes or no?"""
        return self.kind == "value"


def parse_task(text: str) -> Task:
    """The task that is written like commit:30d, churn:90d@active, value:90d, commit[coupon_redeem]:30d or return.

    Raises:
        ConfigError: it is written otherwise, with what was expected.
    """
    found = _FORM.match(text.strip())
    if found is None:
        raise ConfigError(
            f"task: expected something like commit:30d, churn:90d@active, value:90d or return, got '{text}'"
        )
    kind, of, days, population = (found[name] for name in ("kind", "of", "days", "population"))
    if kind not in KINDS:
        raise ConfigError(f"task '{text}': there is no kind '{kind}'; {nearest(kind, KINDS)}")
    if population not in {None, "seen", "active"}:
        raise ConfigError(f"task '{text}': the population is seen or active, got '{population}'")
    if (days is None) != (kind == "return"):
        expected = "no horizon, its curve has many" if kind == "return" else f"a horizon in days, such as {kind}:30d"
        raise ConfigError(f"task '{text}': expected {expected}")
    if kind == "return" and of is not None:
        raise ConfigError(f"task '{text}': any activity is a return, so expected return without [{of}]")
    horizon_days = max(RETURN_DAYS) if days is None else int(days)
    if not 1 <= horizon_days <= _MOST_DAYS:
        raise ConfigError(f"task '{text}': expected a horizon of 1 to {_MOST_DAYS} days, got {horizon_days}")
    asked_of: Population = "active" if population == "active" else "seen"
    return Task(kind=kind, horizon_days=horizon_days, population=asked_of, of=of or str(Role.COMMITMENT))


def parse_tasks(texts: Sequence[str]) -> tuple[Task, ...]:
    """Several tasks, each once, in the order given.

    Raises:
        ConfigError: one is not well written.
    """
    return tuple(dict.fromkeys(parse_task(text) for text in texts))
