"""The log as a relation, and the only way to cut time.

A relation is a pure function from Ibis tables to an Ibis table; `engine` runs it. Everything computed from events
starts with `before(events, as_of)`, so nothing can come from the future by habit.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import ibis
import pyarrow as pa
from ibis.expr.types import BooleanValue, Table

from tenure.domain import ACTIVITY_ROLES, Role
from tenure.errors import ConfigError
from tenure.schema import ITEMS, LOG, SECONDS_PER_DAY, TIME, USERS

AsOf = datetime | Sequence[datetime]
"""One cut-off or many. Relations then give one row per (user, as_of)."""


_IBIS_TYPES = {
    pa.string(): "string",
    pa.float64(): "float64",
    pa.int64(): "int64",
    TIME: "timestamp(6)",
    pa.list_(pa.string()): "array<string>",
}


def unbound(name: str, schema: pa.Schema) -> Table:
    """A table of this Arrow schema that belongs to no engine yet."""
    return ibis.table({field.name: _IBIS_TYPES[field.type] for field in schema}, name=name)


EVENTS_TABLE = unbound("events", LOG)
"""The clean log, not bound to any engine."""
ITEMS_TABLE = unbound("items", ITEMS)
USERS_TABLE = unbound("users", USERS)


def cutoffs(as_of: AsOf) -> list[datetime]:
    """The cut-offs as naive UTC times, in increasing order, each once.

    Raises:
        ConfigError: there is none, or one is not on a whole second.
    """
    given = [as_of] if isinstance(as_of, datetime) else list(as_of)
    if not given:
        raise ConfigError("as_of: expected at least one cut-off, got none")
    naive = {t.astimezone(UTC).replace(tzinfo=None) if t.tzinfo else t for t in given}
    for t in naive:
        if t.microsecond:
            raise ConfigError(f"as_of: expected a cut-off on a whole second, got {t.isoformat()}")
    return sorted(naive)


def before(events: Table, as_of: AsOf) -> Table:
    """The events that were known at each cut-off: those strictly before it.

    Adds `as_of` and `age_days`, the number of whole days between event and cut-off: an event of the last 24 hours
    (exactly 24 hours included) has age 0, so `age_days < 30` means "in the 30 days before the cut-off". With several
    cut-offs an event appears once for each cut-off after it.
    """
    times = cutoffs(as_of)
    cut = events.filter(events.timestamp < _literal(times[-1]))
    if len(times) == 1:
        cut = cut.mutate(as_of=_literal(times[0]))
    else:
        cut = cut.mutate(as_of=ibis.array([_literal(t) for t in times]).unnest())
        cut = cut.filter(cut.timestamp < cut.as_of)
    seconds = cut.as_of.epoch_seconds() - cut.timestamp.epoch_seconds()
    # Rounding up and taking one away puts an event exactly one day old into day 0, whether or not the engine keeps
    # fractions of a second.
    return cut.mutate(age_days=((seconds / float(SECONDS_PER_DAY)).ceil() - 1).cast("int32"))


def following(events: Table, as_of: AsOf, horizon_days: int) -> Table:
    """The events in the `horizon_days` from each cut-off on, the cut-off included: for labels and evaluation only."""
    times = cutoffs(as_of)
    later = events.filter(events.timestamp >= _literal(times[0]))
    later = later.mutate(as_of=ibis.array([_literal(t) for t in times]).unnest())
    end = later.as_of + ibis.interval(days=horizon_days)
    return later.filter((later.timestamp >= later.as_of) & (later.timestamp < end))


def days_between(
    later: ibis.expr.types.TimestampValue, earlier: ibis.expr.types.TimestampValue
) -> ibis.expr.types.FloatingValue:
    """Days from one time to another, as a fraction."""
    return (later.epoch_seconds() - earlier.epoch_seconds()) / float(SECONDS_PER_DAY)


def is_activity(events: Table) -> BooleanValue:
    """True where the event shows that the user was there; an event without a role counts: the user did something."""
    return events.role.isnull() | events.role.isin([str(role) for role in ACTIVITY_ROLES])


def has_role(events: Table, *roles: Role) -> BooleanValue:
    """True where the event plays one of these roles (never null)."""
    return events.role.isin([str(role) for role in roles]).fill_null(False)


def _literal(time: datetime) -> ibis.expr.types.TimestampScalar:
    return ibis.literal(time, type="timestamp(6)")
