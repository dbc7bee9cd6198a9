"""Every feature against plain Python on random logs; the cases at the edge; the catalogue and the table agree."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import ibis
import pyarrow as pa
import pytest
from profiles.activity_oracle import category, oracle
from profiles.random_logs import random_items, random_log
from relation_runner import run

from tenure.engine.duckdb import compile_sql
from tenure.errors import ConfigError
from tenure.events.log import EVENTS_TABLE, ITEMS_TABLE, AsOf
from tenure.profiles.activity import activity
from tenure.profiles.features import FEATURES, THEMES
from tenure.schema import ITEMS, LOG

at = datetime.fromisoformat

AS_OF = at("2024-12-01")
NO_ITEMS = ITEMS.empty_table()


def profiles(log: pa.Table, as_of: AsOf = AS_OF, items: pa.Table = NO_ITEMS) -> list[dict]:
    table = run({"events": log, "items": items}, activity, EVENTS_TABLE, ITEMS_TABLE, as_of)
    assert table.column_names == ["user_id", "as_of", *(feature.name for feature in FEATURES)]
    return table.sort_by([("as_of", "ascending"), ("user_id", "ascending")]).to_pylist()


def event(when: datetime, role: str | None = "commitment", **more: object) -> dict:
    return (
        {"event_id": repr((when, role, more)), "user_id": "ann", "event_type": "x", "timestamp": when}
        | {"role": role}
        | more
    )


def log_of(*events: dict) -> pa.Table:
    return pa.Table.from_pylist(list(events), schema=LOG)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("as_of", [AS_OF, at("2024-03-05T17:30")])
def test_every_feature_equals_plain_python(seed, as_of):
    log, items = random_log(seed), random_items(seed)
    categories = {row["item_id"]: category(row["categories"]) for row in items.to_pylist()}
    rows = [row for row in log.to_pylist() if row["timestamp"] < as_of]
    table = profiles(log, as_of, items)
    assert [row["user_id"] for row in table] == sorted({row["user_id"] for row in rows})
    for got in table:
        expected = oracle([row for row in rows if row["user_id"] == got["user_id"]], categories, as_of)
        for name, value in expected.items():
            assert got[name] == (value if value is None else pytest.approx(value, rel=1e-9, abs=1e-9)), (
                got["user_id"],
                name,
            )


def test_the_oracle_knows_the_whole_catalogue():
    assert list(oracle([], {}, AS_OF)) == [feature.name for feature in FEATURES]


def test_many_cutoffs_are_the_single_ones_together():
    log, items = random_log(7, n_users=12), random_items(7)
    cuts = (AS_OF, at("2024-02-01"), at("2024-07-15T06:00"))
    apart = [row for cut in sorted(cuts) for row in profiles(log, cut, items)]
    for one, other in zip(profiles(log, cuts, items), apart, strict=True):
        for name, value in other.items():
            assert one[name] == (pytest.approx(value, rel=1e-9, abs=1e-12) if isinstance(value, float) else value), name


def test_nobody_gives_no_rows():
    assert profiles(LOG.empty_table()) == []
    assert profiles(log_of(event(AS_OF))) == []


def test_one_event_defines_what_it_can():
    (ann,) = profiles(log_of(event(AS_OF - timedelta(days=1), value=12.0)))
    undefined = {"gap_median_days", "gap_p90_days", "gap_variation", "overdue_ratio"}
    undefined |= {"top_category_share", "repeat_share", "new_item_share_90"}
    assert {name for name, value in ann.items() if value is None} == undefined
    assert (ann["recency_days"], ann["n_events_1"], ann["value"], ann["n_occasions"]) == (1.0, 1, 12.0, 1)


def test_a_user_who_was_only_shown_things_has_a_row_without_activity():
    (ann,) = profiles(log_of(event(AS_OF - timedelta(days=3), "exposure"), event(AS_OF - timedelta(days=2), "exit")))
    assert ann["n_exposures_90"] == 1
    assert ann["recency_days"] is None
    assert ann["n_active_days"] == ann["n_events_365"] == 0


def test_everything_at_the_same_moment_is_one_day_without_gaps():
    (ann,) = profiles(log_of(*(event(at("2024-11-01"), item_id=f"i{k}") for k in range(5))))
    assert (ann["n_active_days"], ann["gap_median_days"], ann["session_minutes"]) == (1, None, 0.0)
    assert ann["hour_concentration"] == pytest.approx(1.0)


def test_reversals_take_value_back_but_are_no_activity():
    day = at("2024-11-20")
    (ann,) = profiles(log_of(event(day, value=50.0), event(AS_OF - timedelta(hours=1), "reversal", value=-20.0)))
    assert (ann["value"], ann["value_30"], ann["value_per_occasion"]) == (30.0, 30.0, 50.0)
    assert ann["reversal_share"] == pytest.approx(0.4)
    assert ann["recency_days"] == 11.0


def test_a_session_over_midnight_is_one_occasion_on_two_days():
    late, early = at("2024-11-10T23:50"), at("2024-11-11T00:10")
    (ann,) = profiles(log_of(event(late, session_id="s"), event(early, session_id="s")))
    assert (ann["n_occasions"], ann["n_active_days"], ann["session_minutes"]) == (1, 2, 20.0)


def test_windows_end_where_they_say():
    (ann,) = profiles(log_of(*(event(AS_OF - timedelta(days=d), event_id=str(d)) for d in (1, 7, 30, 90, 365, 366))))
    assert [ann[f"n_events_{w}"] for w in (1, 7, 30, 90, 365)] == [1, 2, 3, 4, 5]


def test_a_cutoff_in_another_zone_is_the_same_moment():
    there = AS_OF.replace(tzinfo=UTC).astimezone(timezone(timedelta(hours=9)))
    here, elsewhere = (compile_sql(activity(EVENTS_TABLE, ITEMS_TABLE, t)) for t in (AS_OF, there))
    assert here == elsewhere


def test_a_cutoff_between_seconds_is_refused():
    with pytest.raises(ConfigError, match="whole second"):
        activity(EVENTS_TABLE, ITEMS_TABLE, AS_OF.replace(microsecond=1))


def test_the_catalogue_is_in_order():
    names = [feature.name for feature in FEATURES]
    assert len(set(names)) == len(names)
    assert sorted(FEATURES, key=lambda feature: THEMES.index(feature.theme)) == list(FEATURES)
    assert all(feature.description and feature.undefined != feature.description for feature in FEATURES)


def test_the_catalogue_says_who_has_no_value():
    """Over random users, a feature is null for somebody exactly when its entry says that this can be."""
    rows = [row for seed in range(4) for row in profiles(random_log(seed), AS_OF, random_items(seed))]
    rows += profiles(random_log(9, n_events=3, n_users=1), AS_OF)
    nulls = {feature.name for feature in FEATURES if any(row[feature.name] is None for row in rows)}
    assert nulls == {feature.name for feature in FEATURES if feature.undefined}


def test_it_compiles_for_spark_too():
    text = str(ibis.to_sql(activity(EVENTS_TABLE, ITEMS_TABLE, [AS_OF, at("2024-02-01")]), dialect="databricks"))
    assert all(f"`{feature.name}`" in text for feature in FEATURES)
