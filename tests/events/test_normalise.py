"""From raw text to the clean log: every time format, every reason, every repeat, and not one record lost."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import ibis
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenure.domain import Domain, Meaning, Role
from tenure.domains.ecommerce import DOMAIN
from tenure.engine.duckdb import DuckDBConfig, DuckDBEngine
from tenure.errors import ConfigError
from tenure.events.log import unbound
from tenure.events.normalise import (
    RAW_EVENTS,
    REASONS,
    NormaliseConfig,
    inhuman_users,
    judge,
    normalise,
    parse_time,
    quarantined,
    repeats,
)
from tenure.schema import EVENTS, QUARANTINE
from tenure.storage.records import RawBatch

NOW = datetime(2026, 1, 1)
RAW = unbound("raw", RAW_EVENTS)
GOOD = {"user_id": "u1", "item_id": "i1", "event_type": "purchase", "timestamp": "2024-05-01T10:00:00Z", "value": "5"}
SIDE_TABLES_ONLY = {"missing_item"}
READERS_ONLY = {"wrong_field_count", "not_utf8", "not_json"}


@pytest.fixture(scope="module")
def duck():
    with DuckDBEngine(config=DuckDBConfig(threads=1)) as engine:
        yield engine


def raw(*changes):
    """Good records with some fields changed, as a reader hands them over."""
    rows = [{"line": n + 1, **GOOD, **change} for n, change in enumerate(changes)]
    columns = {name: pa.array([row.get(name) for row in rows], pa.string()) for name in RAW_EVENTS.names[3:]}
    faults, records = columns.pop("fault"), columns.pop("record")
    lines = pa.array([row["line"] for row in rows], pa.int64())
    return pa.Table.from_batches([RawBatch("e.csv", columns, lines, faults, records).to_arrow(RAW_EVENTS, 0)])


def settle(duck, *changes, duplicates="drop", domain=DOMAIN, config=NormaliseConfig()):
    """What becomes of some records, in the order in which they came."""
    duck.register("raw", raw(*changes))
    staged = duck.materialise("staged", normalise(RAW, domain, NOW, config))
    inhuman = inhuman_users(staged, config.max_events_per_hour)
    judged = duck.materialise("judged", judge(staged, repeats(staged), inhuman, duplicates=duplicates))
    rows = duck.run(judged.order_by("row")).to_pylist()
    n_bad = duck.run(quarantined(judged)).num_rows
    assert len(rows) == len(changes), "nothing is lost and nothing invented"
    assert n_bad == sum(row["reason"] is not None for row in rows)
    return rows


def quarantine(duck, *changes):
    settle(duck, *changes)
    staged = normalise(RAW, DOMAIN, NOW)
    columns = judge(staged, repeats(staged), inhuman_users(staged, 1), duplicates="drop").schema()
    return duck.run(quarantined(ibis.table(columns, name="judged")))


# -- times ------------------------------------------------------------------------------------------------------------


def times(texts, zone="UTC", time_format=None):
    table = pa.table({"text": pa.array(texts, pa.string())})
    with DuckDBEngine({"texts": table}, DuckDBConfig(threads=1), timezone=zone) as engine:
        named = unbound("texts", table.schema)
        parsed = engine.run(named.select("text", time=parse_time(named.text, time_format)))
    found = dict(zip(parsed["text"].to_pylist(), parsed["time"].to_pylist(), strict=True))
    return [found[text] for text in texts]


MOMENT = datetime(2017, 7, 14, 2, 40)  # 1,500,000,000 seconds since 1970

READABLE = {
    "2017-07-14": datetime(2017, 7, 14),
    "2017-07-14 02:40:00": MOMENT,
    "2017-07-14T02:40:00": MOMENT,
    "2017-07-14T02:40:00Z": MOMENT,
    "2017-07-14T04:40:00+02:00": MOMENT,
    "2017-07-14 04:40:00+02": MOMENT,
    "2017-07-13T20:40:00-06:00": MOMENT,
    "2017-07-14T02:40:00.123456Z": MOMENT.replace(microsecond=123456),
    "20170714": datetime(2017, 7, 14),
    "1500000000": MOMENT,
    "1500000000.25": MOMENT.replace(microsecond=250_000),
    "1.5e9": MOMENT,
    "1500000000123": MOMENT.replace(microsecond=123_000),
    "1500000000123456": MOMENT.replace(microsecond=123_456),
    "1500000000123456789": MOMENT.replace(microsecond=123_457),
    "2017": datetime(1970, 1, 1, 0, 33, 37),  # a number like any other, which `absurd_time` sets aside
    "0": datetime(1970, 1, 1),
    "-86400": datetime(1969, 12, 31),
}
"""Text -> moment in UTC, where the engine's own zone is UTC."""

GARBAGE = [
    "", "yesterday", "infinity", "-infinity", "epoch", "nan", "NaT", "1e300", "inf", "2017-13-45", "2017-02-30",
    "20171345", "99999999999999999999999", "14/07/2017", "2017-07", "now", "today",
]  # fmt: skip


def test_times_are_read_in_every_usual_form():
    assert dict(zip(READABLE, times(list(READABLE)), strict=True)) == READABLE


def test_what_is_no_time_is_null_and_never_an_error():
    assert dict(zip(GARBAGE, times(GARBAGE), strict=True)) == dict.fromkeys(GARBAGE)


@pytest.mark.parametrize("zone", ["Europe/Paris", "America/New_York", "Asia/Kolkata", "UTC"])
def test_a_time_without_a_zone_is_of_the_engines_zone_and_one_with_a_zone_is_not(zone):
    texts = ["2017-01-14 02:40:00", "2017-07-14T02:40:00", "2017-07-14", "2017-07-14T02:40:00Z", "1500000000"]
    expected = [
        datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC).replace(tzinfo=None)
        for text in texts[:3]
    ]
    assert times(texts, zone) == [*expected, MOMENT, MOMENT]


def test_a_format_comes_first_and_other_forms_still_work():
    assert times(["14/07/2017 04:40 +0200"], "Asia/Kolkata", "%d/%m/%Y %H:%M %z") == [MOMENT]
    texts = ["14/07/2017 02:40", "2017-07-14T02:40:00Z", "07-14-2017"]
    assert times(texts, time_format="%d/%m/%Y %H:%M") == [MOMENT, MOMENT, None]
    assert times(["01022017"], time_format="%d%m%Y") == [datetime(2017, 2, 1)]


@pytest.mark.parametrize("zone", ["Europe/Paris", "America/New_York"])
def test_dates_and_formats_without_a_zone_are_of_the_engines_zone_too(zone):
    """A project that says it lives in Paris means Paris however the day is written."""
    plain = times(["2017-07-14"], zone)
    assert times(["20170714"], zone) == plain
    assert times(["14/07/2017"], zone, "%d/%m/%Y") == plain


def test_a_zone_that_does_not_exist_is_named():
    with pytest.raises(ConfigError, match="Europe/Pariss"):
        DuckDBEngine(timezone="Europe/Pariss")


@given(moment=st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1)), hours=st.integers(-12, 14))
@settings(max_examples=25, deadline=None)
def test_law_all_forms_of_one_moment_are_one_moment(duck, moment, hours):
    aware = moment.replace(tzinfo=UTC)
    microseconds = (moment - datetime(1970, 1, 1)) // timedelta(microseconds=1)
    offset = timedelta(hours=hours)
    there = (aware + offset).replace(tzinfo=None).isoformat()
    texts = [f"{there}{'+' if hours >= 0 else '-'}{abs(hours):02}:00", aware.isoformat(), moment.isoformat()]
    if microseconds >= 10**14:
        texts.append(str(microseconds))
    table = pa.table({"text": pa.array(texts, pa.string())})
    duck.register("texts", table)
    named = unbound("texts", table.schema)
    assert set(duck.run(named.select(time=parse_time(named.text)))["time"].to_pylist()) == {moment}


# -- reasons ----------------------------------------------------------------------------------------------------------

ONE_RECORD_EACH = {
    "wrong_field_count": {"fault": "wrong_field_count", "record": "a,b", "user_id": None},
    "not_utf8": {"fault": "not_utf8", "record": "caf�", "user_id": None},
    "not_json": {"fault": "not_json", "record": "{", "user_id": None},
    "missing_user": {"user_id": " NULL "},
    "bad_id": {"item_id": "a\x00b"},
    "missing_time": {"timestamp": "n/a"},
    "unparsable_time": {"timestamp": "yesterday"},
    "absurd_time": {"timestamp": "1066-10-14"},
    "future_time": {"timestamp": "2026-01-02T00:00:01Z"},
    "missing_type": {"event_type": ""},
    "unparsable_number": {"value": "12,50"},
    "absurd_value": {"value": "1e9"},
    "negative_duration": {"duration_seconds": "-1"},
}


@pytest.mark.parametrize("reason", ONE_RECORD_EACH)
def test_every_reason_is_given_to_the_record_that_deserves_it_and_to_no_other(duck, reason):
    without_default_type = replace(DOMAIN, default_event_type=None)
    good, bad = settle(duck, {}, ONE_RECORD_EACH[reason], domain=without_default_type)
    assert (good["reason"], bad["reason"]) == (None, reason)


def test_the_table_of_reasons_is_complete(duck):
    """`duplicate` and `inhuman_rate` need more than one record; they have tests of their own."""
    assert set(REASONS) - SIDE_TABLES_ONLY == {*ONE_RECORD_EACH, "duplicate", "inhuman_rate"}
    assert set(ONE_RECORD_EACH) >= READERS_ONLY


@pytest.mark.parametrize(
    ("change", "reason", "detail"),
    [
        ({"timestamp": "2026-01-01T23:59:59Z"}, None, None),  # clocks of other zones may be ahead by a day
        ({"timestamp": "1990-01-01"}, None, None),
        ({"user_id": "u" * 1000}, None, None),
        ({"user_id": "u" * 1001}, "bad_id", "u" * 200),
        ({"event_type": "x\ty"}, "bad_id", None),
        ({"value": "1e7"}, None, None),
        ({"value": "inf"}, "absurd_value", "inf"),
        ({"quantity": "-inf"}, "absurd_value", None),
        ({"value": None, "quantity": "many"}, "unparsable_number", "many"),
        ({"timestamp": "yesterday", "value": "much"}, "unparsable_time", "yesterday"),  # the first reason is told
        ({"value": "nan"}, None, None),  # a word for nothing, not a number
        ({"duration_seconds": "0"}, None, None),
        ({"item_id": None, "value": None}, None, None),  # only user, time and type are demanded
    ],
)
def test_bounds_and_details(duck, change, reason, detail):
    (row,) = settle(duck, change)
    assert row["reason"] == reason
    if detail is not None:
        assert row["detail"] == detail


def test_the_detail_of_a_number_is_the_number_that_is_wrong(duck):
    wrong_quantity, long_dwell, wrong_item = settle(
        duck,
        {"value": "5", "quantity": "many"},
        {"value": "5", "duration_seconds": "-3"},
        {"item_id": "a\x01b"},
    )
    assert wrong_quantity["detail"] == "many"
    assert long_dwell["detail"] == "-3"
    assert wrong_item["detail"] == "a\x01b"


# -- meaning ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "word", ["Add to Cart", "add-to-cart", " ADD_TO__CART ", "add to\u00a0cart".replace("\u00a0", " ")]
)
def test_event_types_are_recognised_in_any_spelling_and_kept_as_they_came(duck, word):
    (row,) = settle(duck, {"event_type": word})
    assert row["role"] == "intent"
    assert row["event_type"] == word.strip()


def test_an_unknown_type_is_kept_without_a_role(duck):
    (row,) = settle(duck, {"event_type": "juggle"})
    assert (row["reason"], row["role"], row["weight"]) == (None, None, 0.0)


def test_a_default_type_stands_in_where_the_source_has_none(duck):
    cds = Domain(name="cds", title="cds", events={"buy": Meaning(Role.COMMITMENT, 2.0)}, default_event_type="buy")
    missing, given_type = settle(duck, {"event_type": None}, {"event_type": "look"}, domain=cds)
    assert (missing["event_type"], missing["role"], missing["weight"]) == ("buy", "commitment", 2.0)
    assert given_type["role"] is None


@pytest.mark.parametrize(
    ("change", "role"),
    [
        ({"value": "-5"}, "reversal"),
        ({"quantity": "-1"}, "reversal"),
        ({"value": "0"}, "commitment"),
        ({"value": None, "quantity": None}, "commitment"),
        ({"event_type": "view", "value": "-5"}, "interest"),
    ],
)
def test_a_commitment_of_negative_money_is_a_return(duck, change, role):
    plain, changed = settle(duck, {"user_id": "u2"}, change)
    assert changed["role"] == role
    if role == "reversal":
        assert changed["weight"] == -plain["weight"] < 0


# -- repeats ----------------------------------------------------------------------------------------------------------


def test_a_missing_id_is_made_of_the_content_and_of_nothing_else(duck):
    first, again, other = settle(duck, {"line": 1}, {"line": 7}, {"value": "6"}, duplicates="keep")
    assert again["event_id"] == first["event_id"] + "#1"
    assert other["event_id"] != first["event_id"]
    parts = {**dict.fromkeys(EVENTS.names, ""), **GOOD}
    content = "\x1f".join(parts[name] for name in EVENTS.names if name != "event_id")
    assert first["event_id"] == hashlib.md5(content.encode()).hexdigest()[:20]  # noqa: S324


def test_neighbouring_fields_do_not_run_into_each_other(duck):
    one, two = settle(duck, {"user_id": "ab", "item_id": "c"}, {"user_id": "a", "item_id": "bc"})
    assert one["event_id"] != two["event_id"]


@pytest.mark.parametrize("duplicates", ["keep", "drop", "auto"])
def test_one_own_id_is_one_event_however_repeats_are_treated(duck, duplicates):
    rows = settle(duck, {"event_id": "e"}, {"event_id": "e", "value": "9"}, {"event_id": "f"}, duplicates=duplicates)
    assert [row["reason"] for row in rows] == [None, "duplicate", None]


def test_repeats_by_content_are_dropped_or_kept_with_an_id_of_their_own(duck):
    dropped = settle(duck, {}, {}, {}, duplicates="drop")
    assert [row["reason"] for row in dropped] == [None, "duplicate", "duplicate"]
    kept = settle(duck, {}, {}, {}, duplicates="keep")
    assert [row["reason"] for row in kept] == [None, None, None]
    assert len({row["event_id"] for row in kept}) == 3


def test_a_bad_record_does_not_make_a_good_one_its_repeat(duck):
    bad, good = settle(duck, {"event_id": "e", "timestamp": "never"}, {"event_id": "e"})
    assert (bad["reason"], good["reason"]) == ("unparsable_time", None)


# -- machines ---------------------------------------------------------------------------------------------------------


def burst(n, *, user="bot", hour=10, step=1):
    return [
        {"user_id": user, "event_id": f"{user}{hour}-{k}", "timestamp": f"2024-05-01T{hour}:00:{k * step:02}Z"}
        for k in range(n)
    ]


def test_who_acts_faster_than_a_human_is_set_aside_with_everything(duck):
    config = NormaliseConfig(max_events_per_hour=5)
    human = burst(5, user="human") + burst(5, user="human", hour=11)
    basket = burst(20, user="basket", step=0)  # one moment, twenty things
    rows = settle(duck, *human, *basket, *burst(6), {"user_id": "bot", "event_id": "calm"}, config=config)
    reasons = {user: {row["reason"] for row in rows if row["user_id"] == user} for user in ("human", "basket", "bot")}
    assert reasons == {"human": {None}, "basket": {None}, "bot": {"inhuman_rate"}}


def test_a_reason_of_its_own_comes_before_that_of_the_user(duck):
    config = NormaliseConfig(max_events_per_hour=2)
    rows = settle(duck, *burst(3), {"user_id": "bot", "timestamp": "?"}, config=config)
    assert [row["reason"] for row in rows] == ["inhuman_rate"] * 3 + ["unparsable_time"]


# -- quarantine -------------------------------------------------------------------------------------------------------


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                name: st.none() | st.text(max_size=12)
                for name in ("user_id", "item_id", "event_type", "value", "event_id")
            }
        ),
        min_size=1,
        max_size=20,
    )
)
@settings(max_examples=8, deadline=None)
def test_law_the_record_in_quarantine_is_json_whatever_it_held(duck, hostile):
    found = quarantine(duck, *[{**fields, "timestamp": 'no "time" \\ at\nall'} for fields in hostile])
    assert found.schema.names == QUARANTINE.names
    assert found.num_rows == len(hostile)
    for row in found.to_pylist():
        record = json.loads(row["record"])
        came = hostile[row["line"] - 1]
        if record["user_id"] is not None:
            assert record["user_id"] == came["user_id"].strip()


def test_the_record_tells_what_came_and_where_it_stood(duck):
    (row,) = quarantine(duck, {"value": "much", "line": 17}).to_pylist()
    assert (row["source"], row["line"], row["reason"], row["detail"]) == ("e.csv", 17, "unparsable_number", "much")
    record = json.loads(row["record"])
    assert record["value"] == "much"
    assert record["timestamp"] == GOOD["timestamp"]


def test_a_record_that_could_not_be_split_is_kept_as_it_stood(duck):
    (row,) = quarantine(duck, ONE_RECORD_EACH["wrong_field_count"]).to_pylist()
    assert row["record"] == "a,b"


def test_a_long_record_is_still_json(duck):
    (row,) = quarantine(duck, {"user_id": "u" * 5000, "timestamp": "?"}).to_pylist()
    assert len(row["record"]) <= 2000
    assert json.loads(row["record"])["user_id"] == "u" * 300
