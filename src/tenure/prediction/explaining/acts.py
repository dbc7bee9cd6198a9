"""What a user could do next: each act is written into their log, so that everything that follows from it fits together.

A purchase today ends the silence, adds to every count and to the money, and turns the trend. Changing such inputs one
by one gives profiles that nobody can have; the relations that compute inputs from events cannot make that mistake.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tenure.domain import ACTIVITY_ROLES, Domain, Role
from tenure.prediction.examples import Inputs
from tenure.schema import TIME
from tenure.wording import article, counted

SILENT_DAYS = 14


@dataclass(frozen=True)
class Act:
    """Something that a user may do, or leave undone."""

    name: str
    title: str
    """A clause: "they buy once more, as they did last time"."""
    happens: Callable[[pa.Table, datetime], pa.Table | None] = lambda events, _as_of: events
    """(the user's events before as_of, as_of) -> these events and the act; None = never done anything of the kind."""
    days_later: int = 0
    """The forecast is made so many days later."""


@dataclass(frozen=True)
class Acted:
    """The inputs of one user after an act."""

    name: str
    title: str
    inputs: Inputs
    """One row."""


def acts(domain: Domain) -> tuple[Act, ...]:
    """What could a user do next, in the words of this trade?

    Every act repeats something that the user has done before: nobody is imagined to become another person.
    """
    verb, noun = domain.commitment_verb, article(domain.commitment_noun)
    return (
        Act("commit", f"they {verb} once more now, as they did last time", _once_more),
        Act("commit_double", f"they {verb} twice as much as last time, now", _twice_as_much),
        Act("visit", f"they look in now without {noun}, as they did before", _visit),
        Act("silence", f"they stay away for another {counted(SILENT_DAYS, 'day')}", days_later=SILENT_DAYS),
    )


def stand_ins(events: pa.Table, as_of: datetime, of: Sequence[Act]) -> pa.Table:
    """The log of one user with each act in it, told apart by the act's name in place of the user's.

    The inputs of all acts are then computed in one pass, by the relations that compute everybody's. Acts of a kind that
    the user has never done are left out, and so is everything from `as_of` on.
    """
    past = events.filter(pc.less(events["timestamp"], pa.scalar(as_of, TIME)))
    logs = [events.schema.empty_table()]
    place = events.schema.get_field_index("user_id")
    for act in of:
        done = act.happens(past, as_of)
        if done is not None:
            name = pa.array([act.name] * done.num_rows, pa.string())
            logs.append(done.set_column(place, events.schema.field("user_id"), name))
    return pa.concat_tables(logs)


def acted(inputs: Inputs, as_of: datetime, of: Sequence[Act]) -> list[Acted]:
    """The inputs after each act, from those of the stand-ins at `moments`."""
    found = []
    for act in of:
        moment = np.datetime64(as_of + timedelta(days=act.days_later))
        row = (np.asarray(inputs.users) == act.name) & (inputs.as_of == moment)
        if row.any():
            found.append(Acted(act.name, act.title, inputs.rows(row)))
    return found


def moments(as_of: datetime, of: Sequence[Act]) -> tuple[datetime, ...]:
    """The cut-offs at which the inputs of stand-ins are needed."""
    return tuple(sorted({as_of + timedelta(days=act.days_later) for act in of}))


def _once_more(events: pa.Table, as_of: datetime) -> pa.Table | None:
    last = _last_session(events, committed=True)
    return None if last is None else pa.concat_tables([events, _moved(last, as_of, "commit")])


def _twice_as_much(events: pa.Table, as_of: datetime) -> pa.Table | None:
    last = _last_session(events, committed=True)
    if last is None:
        return None
    for name in ("value", "quantity", "discount"):
        doubled = pc.multiply(last[name], pa.scalar(2.0))
        last = last.set_column(last.schema.get_field_index(name), last.schema.field(name), doubled)
    return pa.concat_tables([events, _moved(last, as_of, "commit_double")])


def _visit(events: pa.Table, as_of: datetime) -> pa.Table | None:
    last = _last_session(events, committed=False)
    return None if last is None else pa.concat_tables([events, _moved(last, as_of, "visit")])


def _last_session(past: pa.Table, *, committed: bool) -> pa.Table | None:
    """What the user did in their newest session with a commitment, or in their newest one without."""
    is_active = pc.or_(pc.is_null(past["role"]), pc.is_in(past["role"], pa.array([str(r) for r in ACTIVITY_ROLES])))
    done = past.filter(is_active)
    sessions = done.filter(pc.equal(done["role"], str(Role.COMMITMENT)))["session_id"].unique()
    with_commitment = pc.is_in(done["session_id"], sessions)
    kind = done.filter(with_commitment if committed else pc.invert(with_commitment))
    if not kind.num_rows:
        return None
    newest = kind.sort_by([("timestamp", "descending")])["session_id"][0]
    return kind.filter(pc.equal(kind["session_id"], newest)) if newest.is_valid else kind.slice(kind.num_rows - 1)


def _moved(session: pa.Table, as_of: datetime, name: str) -> pa.Table:
    """The same session once more, at the same time of day, on the newest day that ends before the cut-off."""
    last = pc.max(session["timestamp"]).as_py()
    shift = pa.scalar(timedelta(days=(as_of - timedelta(microseconds=1) - last).days), pa.duration("us"))
    columns = {column: session[column] for column in session.column_names}
    columns["timestamp"] = pc.add(session["timestamp"], shift).cast(TIME)
    columns["event_id"] = pc.binary_join_element_wise(session["event_id"], name, "\x1f")
    columns["session_id"] = pa.array([f"act:{name}"] * session.num_rows, pa.string())
    return pa.table(columns, schema=session.schema)
