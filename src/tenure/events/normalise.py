"""From raw text to the clean log: parse, judge, give meaning, as pure relations that stream a source of any size.

`normalise` turns every raw record into an event with a `reason`: null for a good one, else why it is set aside.
Nothing is dropped: records in = records kept + records in quarantine.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import ibis
import pyarrow as pa
from ibis.expr.types import BooleanValue, FloatingValue, StringValue, Table, TimestampValue

from tenure.domain import Domain, Role
from tenure.schema import EVENTS

RAW_EVENTS = pa.schema(
    [
        pa.field(
            "row", pa.int64()
        ),  # 0-based place in everything that was read: decides which of two repeats came first
        pa.field("source", pa.string()),
        pa.field("line", pa.int64()),
        pa.field("fault", pa.string()),  # a key of REASONS when the reader could not split the record into fields
        pa.field("record", pa.string()),  # the text of such a record
        *[pa.field(name, pa.string()) for name in EVENTS.names],
    ]
)
"""What a reader hands over, with the place where it stood: every field as text without blanks around it, null where the
source says nothing."""

REASONS: dict[str, str] = {
    "wrong_field_count": "the record has more or fewer fields than the header",
    "not_utf8": "the text is not valid UTF-8",
    "not_json": "the line is not a JSON object",
    "missing_user": "no user id, so nobody's life it could belong to",
    "bad_id": "an id holds control characters or is longer than 1,000 characters",
    "missing_time": "no time, so it cannot be placed in a life",
    "unparsable_time": "the time cannot be read; if it is not ISO 8601, [events] time_format can say how it is written",
    "absurd_time": "the time lies before 1990",
    "future_time": "the time lies in the future",
    "missing_type": "no event type",
    "unparsable_number": "a number cannot be read",
    "absurd_value": "the value is larger than the domain allows, or not finite",
    "negative_duration": "a duration below zero",
    "duplicate": "the same event was already kept",
    "inhuman_rate": "the user acts faster than a human can: more than {per_hour} moments within one hour",
    "missing_item": "an item without an id",
}
"""Why a record may be set aside, in words."""

MAX_ID_LENGTH = 1_000
EARLIEST = datetime(1990, 1, 1)  # noqa: DTZ001  (times are naive UTC by contract)
NUMBERS = ("value", "quantity", "discount", "duration_seconds")
IDS = ("user_id", "item_id", "event_type")


Duplicates = Literal["auto", "drop", "keep"]


@dataclass(frozen=True, kw_only=True)
class NormaliseConfig:
    """How raw records are read."""

    time_format: str | None = None
    """strptime format for times that are neither ISO 8601 nor a number, such as "%d/%m/%Y %H:%M"."""
    max_events_per_hour: int = 1_000
    """More distinct moments than this within one clock hour: no human; from then on the user is set aside."""
    duplicates: Duplicates = "auto"
    """"drop" repeats, "keep" them, or "auto": keep those whose time is a whole day, since then they are likely real."""


# DuckDB's own functions, for which Ibis has no name. Ingestion always runs on DuckDB, whatever engine comes after.
@ibis.udf.scalar.builtin(name="make_timestamp", signature=(("int64",), "timestamp(6)"))  # type: ignore[untyped-decorator]
def _from_microseconds(microseconds: int) -> datetime: ...  # type: ignore[empty-body]


@ibis.udf.scalar.builtin(  # type: ignore[untyped-decorator]
    name="timezone", signature=(("string", "timestamp('UTC')"), "timestamp(6)")
)
def _at_zone(zone: str, time: datetime) -> datetime: ...  # type: ignore[empty-body]


@ibis.udf.scalar.builtin(  # type: ignore[untyped-decorator]
    name="try_strptime", signature=(("string", "string"), "timestamp(6)")
)
def _try_strptime(text: str, pattern: str) -> datetime: ...  # type: ignore[empty-body]


@ibis.udf.scalar.builtin(name="to_json", signature=(("string",), "string"))  # type: ignore[untyped-decorator]
def _to_json(text: str) -> str: ...  # type: ignore[empty-body]


def normalise(raw: Table, domain: Domain, now: datetime, config: NormaliseConfig = NormaliseConfig()) -> Table:
    """Every raw record as an event, with the first reason against it or null.

    Args:
        raw: a table of RAW_EVENTS.
        domain: gives events their role and weight, and bounds to values.
        now: events more than a day after this moment (naive UTC) lie in the future.
        config: how records are read.

    Returns:
        EVENTS columns, `role`, `weight`, and `source, line, record, reason, detail`. `event_id` is null where the
        source had none.
    """
    # Each step builds on the one before, so that the engine computes every part once.
    event_type = raw.event_type
    if domain.default_event_type is not None:
        event_type = ibis.coalesce(event_type, domain.default_event_type)
    clean = raw.mutate(
        event_type=event_type,
        spelling=event_type.lower().re_replace(r"[-_\s]+", "_"),
        number_of_time=raw.timestamp.try_cast("float64"),
    )
    typed = clean.mutate(
        **{name: clean[name].try_cast("float64") for name in NUMBERS},
        **{f"{name}_text": clean[name] for name in NUMBERS},
        time_text=clean.timestamp,
        timestamp=_parse_time(clean.timestamp, clean.number_of_time, config.time_format),
        has_own_id=clean.event_id.notnull(),
        event_id=ibis.coalesce(clean.event_id, event_key(clean)),
    )
    typed = typed.mutate(**_meaning(typed, domain)).drop("spelling").drop("number_of_time")
    judged = typed.mutate(reason=_first_reason(typed, domain, now))
    return judged.mutate(detail=_detail(judged))


def event_key(events: Table) -> StringValue:
    """The id of an event that came without one: 80 bits of a hash of its content, so equal records get equal ids."""
    parts = [ibis.coalesce(events[name].cast("string"), "") for name in EVENTS.names if name != "event_id"]
    content = parts[0]
    for part in parts[1:]:
        content = content + "\x1f" + part
    return content.hexdigest("md5").substr(0, 20)


def parse_time(text: StringValue, time_format: str | None = None) -> TimestampValue:
    """The moment a text names, as naive UTC; null when it cannot be read.

    ISO 8601; numbers are seconds, milliseconds, microseconds or nanoseconds since 1970, told apart by their size; eight
    digits are a date (19970101). A time that names no zone is of the engine's zone.
    """
    return _parse_time(text, text.try_cast("float64"), time_format)


def _parse_time(text: StringValue, number: FloatingValue, time_format: str | None) -> TimestampValue:
    size = number.abs()
    scale = ibis.cases((size < 1e11, 1e6), (size < 1e14, 1e3), (size < 1e17, 1.0), else_=1e-3)
    from_number = _from_microseconds((number * scale).round().try_cast("int64"))
    is_day = text.re_search(r"^(19|20)\d{6}$")
    is_finite = ~(number.isnan() | number.isinf())
    is_number = text.re_search(r"^[-+]?\d+(\.\d*)?([eE][-+]?\d+)?$") & is_finite
    # Without the digit the engine would also take words such as "infinity" and "epoch".
    iso = ibis.ifelse(
        text.re_search(r"^\d{4}"), _at_zone("UTC", text.try_cast("timestamp('UTC')")), ibis.null("timestamp(6)")
    )
    parsed = ibis.cases((is_day, _by_pattern(text, "%Y%m%d")), (is_number & (size < 1e20), from_number), else_=iso)
    if time_format is not None:
        parsed = ibis.coalesce(_by_pattern(text, time_format), parsed)
    return parsed


def _by_pattern(text: StringValue, pattern: str) -> TimestampValue:
    """A time by its strptime pattern, as naive UTC; of the engine's zone when the pattern has none."""
    return _at_zone("UTC", _try_strptime(text, pattern).cast("timestamp('UTC')"))


def _meaning(events: Table, domain: Domain) -> dict[str, StringValue | FloatingValue]:
    """Role and weight, from the event type in canonical `spelling`."""
    meanings = domain.meanings
    role = ibis.cases(*[(events.spelling == name, str(meaning.role)) for name, meaning in meanings.items()])
    weight = ibis.cases(*[(events.spelling == name, meaning.weight) for name, meaning in meanings.items()], else_=0.0)
    # A commitment of negative money or number is a return booked as a correction.
    is_reversal = (role == Role.COMMITMENT.value) & ((events.value < 0) | (events.quantity < 0))
    is_reversal = is_reversal.fill_null(False)
    # The engine makes decimals of bare numbers, and the compiler drops a cast of float to float; a true float wins.
    sign = ibis.ifelse(is_reversal, -1, 1).cast("float64")
    return {"role": ibis.ifelse(is_reversal, Role.REVERSAL.value, role), "weight": weight * sign}


def _first_reason(events: Table, domain: Domain, now: datetime) -> StringValue:
    limit = ibis.literal(now, type="timestamp(6)") + ibis.interval(days=1)
    return ibis.cases(
        (events.fault.notnull(), events.fault),
        (events.user_id.isnull(), "missing_user"),
        (_any([_bad_id(events[name]) for name in IDS]), "bad_id"),
        (events.time_text.isnull(), "missing_time"),
        (events.timestamp.isnull(), "unparsable_time"),
        (events.timestamp < ibis.literal(EARLIEST, type="timestamp(6)"), "absurd_time"),
        (events.timestamp > limit, "future_time"),
        (events.event_type.isnull(), "missing_type"),
        (_any([_is_unread(events, name) for name in NUMBERS]), "unparsable_number"),
        (events.value.abs() > domain.max_value, "absurd_value"),
        (_any([_is_infinite(events, name) for name in NUMBERS]), "absurd_value"),
        (events.duration_seconds < 0, "negative_duration"),
        else_=ibis.null("string"),
    )


def _bad_id(text: StringValue) -> BooleanValue:
    bad = (text.length() > MAX_ID_LENGTH) | text.re_search(r"[\x00-\x1f\x7f]")
    return bad.fill_null(False)


def _is_unread(events: Table, name: str) -> BooleanValue:
    return events[name].isnull() & events[f"{name}_text"].notnull()


def _is_infinite(events: Table, name: str) -> BooleanValue:
    return events[name].isnan() | events[name].isinf()


def _any(conditions: list[BooleanValue]) -> BooleanValue:
    either = conditions[0]
    for condition in conditions[1:]:
        either = either | condition
    return either


def _detail(events: Table) -> StringValue:
    """The offending value, cut short."""
    nothing = ibis.null("string")
    text = {name: events[f"{name}_text"] for name in NUMBERS}
    bad_id = ibis.cases(*[(_bad_id(events[name]), events[name]) for name in IDS], else_=nothing)
    unread = ibis.cases(*[(_is_unread(events, name), text[name]) for name in NUMBERS], else_=nothing)
    absurd = ibis.cases(*[(_is_infinite(events, name), text[name]) for name in NUMBERS], else_=text["value"])
    shown = ibis.cases(
        (events.reason.isin(["unparsable_time", "absurd_time", "future_time"]), events.time_text),
        (events.reason == "unparsable_number", unread),
        (events.reason == "absurd_value", absurd),
        (events.reason == "negative_duration", text["duration_seconds"]),
        (events.reason == "bad_id", bad_id),
        else_=nothing,
    )
    return shown.substr(0, 200)


def repeats(staged: Table) -> Table:
    """Which ids come more than once among good records, and which row is the earliest: `event_id, first_row`.

    The earliest in time, not in the file, so that nothing that happens later changes what is kept of the past.
    """
    good = staged.filter(staged.reason.isnull())
    counted = good.group_by("event_id").agg(n=good.count())
    several = good.semi_join(counted.filter(counted.n > 1), "event_id")
    in_order = ibis.window(group_by="event_id", order_by=["timestamp", "row"])
    placed = several.mutate(place=ibis.row_number().over(in_order))
    return placed.filter(placed.place == 0).select("event_id", first_row=placed.row)


def inhuman_users(staged: Table, max_events_per_hour: int) -> Table:
    """Users with more distinct moments in a clock hour than a human has, and the first such hour: `user_id, since`."""
    good = staged.filter(staged.reason.isnull())
    hourly = good.mutate(hour=good.timestamp.truncate("h")).group_by(["user_id", "hour"])
    busy = hourly.agg(n=ibis._.count()).filter(ibis._.n > max_events_per_hour).select("user_id", "hour")
    suspect = good.mutate(hour=good.timestamp.truncate("h")).semi_join(busy, ["user_id", "hour"])
    moments = suspect.group_by(["user_id", "hour"]).agg(n=suspect.timestamp.nunique())
    inhuman = moments.filter(moments.n > max_events_per_hour)
    return inhuman.group_by("user_id").agg(since=inhuman.hour.min())


def judge(staged: Table, repeated: Table, inhuman: Table, *, duplicates: Duplicates) -> Table:
    """The final reason of every record: its own, else that it repeats an event, else that its user is no human.

    A user counts as no human from the first inhuman hour on; what they did before was judged without it.

    Args:
        staged: result of `normalise`.
        repeated: result of `repeats`.
        inhuman: result of `inhuman_users`.
        duplicates: see `NormaliseConfig`; a repeat that stays is told apart by a number in its id.
    """
    joined = staged.left_join(repeated, "event_id").drop("event_id_right")
    joined = joined.left_join(inhuman, "user_id").drop("user_id_right")
    is_repeat = (joined.reason.isnull() & joined.first_row.notnull() & (joined.row != joined.first_row)).fill_null(
        False
    )
    may_stay = {
        "keep": ibis.literal(True),
        "drop": ibis.literal(False),
        "auto": joined.timestamp == joined.timestamp.truncate("D"),
    }[duplicates]
    stays = is_repeat & ~joined.has_own_id & may_stay
    reason = ibis.cases(
        (joined.reason.notnull(), joined.reason),
        (is_repeat & ~stays, "duplicate"),
        ((joined.timestamp >= joined.since).fill_null(False), "inhuman_rate"),
        else_=ibis.null("string"),
    )
    own_id = ibis.ifelse(stays, joined.event_id + "#" + (joined.row - joined.first_row).cast("string"), joined.event_id)
    return joined.mutate(reason=reason, event_id=own_id)


def quarantined(judged: Table) -> Table:
    """The records that are set aside, as QUARANTINE rows."""
    bad = judged.filter(judged.reason.notnull())
    as_they_came = {f"{name}_text": name for name in NUMBERS} | {"time_text": "timestamp"}
    given = {name: column for column, name in as_they_came.items()}
    told = {name: bad[given.get(name, name)] for name in EVENTS.names}
    told["event_id"] = ibis.ifelse(bad.has_own_id, bad.event_id, ibis.null("string"))
    pairs = [ibis.literal(f'"{name}": ') + _quoted(text) for name, text in told.items()]
    body = pairs[0]
    for pair in pairs[1:]:
        body = body + ", " + pair
    record = ibis.coalesce(bad.record, ibis.literal("{") + body + "}")
    return bad.select("source", "line", "reason", "detail", record=record).order_by("source", "line")


def _quoted(text: StringValue) -> StringValue:
    """A JSON string, or the word null; cut short, so that one absurd field does not fill the quarantine."""
    return ibis.coalesce(ibis.literal("") + _to_json(text.substr(0, 300)), "null")
