"""Which column is read as which field: the user's word over the preset's over practice, and each column once."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tenure.errors import ConfigError, SourceError
from tenure.events.columns import ALIASES, FIELDS, PRESETS, REQUIRED, ColumnMap, check_map, resolve

KINDS = tuple(FIELDS)


def test_the_users_word_wins_over_the_preset_and_the_preset_over_practice():
    columns = ["userId", "customer", "movieId", "timestamp", "rating"]
    by_practice = resolve("events", columns).paths
    assert by_practice["user_id"] == ("userId",)
    by_preset = resolve("events", columns, preset="movielens").paths
    assert by_preset["value"] == ("rating",)
    by_hand = resolve("events", columns, preset="movielens", chosen={"user_id": "customer", "value": "movieId"}).paths
    assert by_hand["user_id"] == ("customer",)
    assert by_hand["value"] == ("movieId",)
    assert "item_id" not in by_hand, "a column that the user gave away is not taken a second time"


def test_a_field_the_preset_knows_is_not_looked_for_by_practice():
    """Gorse's Value is the value; an `amount` beside it says something else."""
    assert "value" not in resolve("events", ["UserId", "ItemId", "Timestamp", "amount"], preset="gorse").paths


def test_aliases_are_tried_in_their_order_and_in_any_spelling():
    assert resolve("events", ["Visitor ID", "Customer-Id", "Order Date"]).paths == {
        "user_id": ("Customer-Id",),
        "timestamp": ("Order Date",),
    }
    assert resolve("events", ["user_id:token", "timestamp:float"]).paths["user_id"] == ("user_id:token",)


def test_one_column_cannot_be_both_the_type_and_something_else():
    """`type` is a word for the event type and part of `product_type`; each column is used once."""
    found = resolve("items", ["product_id", "product_type", "department"]).paths
    assert found["title"] == ("product_type",)
    assert found["categories"] == ("department",)


def test_categories_run_from_broad_to_narrow_in_the_order_of_the_source():
    found = resolve("items", ["item_id", "genre", "department", "topic"]).paths
    assert found["categories"] == ("genre", "department", "topic")


def test_what_nobody_claims_becomes_an_attribute_of_items_and_users_but_not_of_events():
    assert resolve("users", ["user_id", "age", "region"]).paths["attributes"] == ("age", "region")
    chosen = {"attributes": "colour"}
    assert resolve("items", ["item_id", "colour", "size"], chosen=chosen).paths["attributes"] == ("colour",)
    assert "properties" not in resolve("events", ["user_id", "timestamp", "colour"]).paths


def test_a_map_may_gather_several_columns():
    chosen = {"properties": ["colour", "size"]}
    assert resolve("events", ["user_id", "ts", "colour", "size"], chosen=chosen).paths["properties"] == (
        "colour",
        "size",
    )


def test_a_path_into_a_record_needs_only_its_first_part():
    columns = ["userId", "timestamp", "properties", "items"]
    chosen = {"value": "properties.revenue", "item_id": "items[].item_id"}
    found = resolve("events", columns, chosen=chosen)
    assert found.paths["value"] == ("properties.revenue",)


def test_json_lines_have_no_fixed_columns_so_every_known_name_is_tried():
    found = resolve("events", None, chosen={"item_id": "thing.id"}).paths
    assert found["item_id"] == ("thing.id",)
    assert found["user_id"] == ("user_id", *ALIASES["user_id"])
    assert "properties" not in found, "whatever else an event says is kept only when asked for"
    assert resolve("items", None).paths["categories"] == ("categories",)
    assert resolve("events", None, preset="segment").paths["user_id"] == ("userId", "anonymousId")


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_reads_its_own_format(preset):
    for kind, fields in PRESETS[preset].items():
        assert fields.keys() <= set(FIELDS[kind])
        columns = list(
            dict.fromkeys(path.split(".")[0].removesuffix("[]") for paths in fields.values() for path in paths)
        )
        assert resolve(kind, columns, preset=preset).paths.keys() >= fields.keys()
        assert set(REQUIRED[kind]) <= fields.keys()


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"preset": "segmnt"}, ConfigError, ["'segmnt'", "did you mean 'segment'"]),
        ({"chosen": {"user": "a"}}, ConfigError, ["'user'", "user_id"]),
        ({"chosen": {"user_id": 3}}, ConfigError, ["user_id", "3"]),
        ({"chosen": {"user_id": [""]}}, ConfigError, ["user_id"]),
        ({"chosen": {"value": "amout"}}, SourceError, ["shop.csv", "'amout'", "did you mean 'amount'", "value"]),
        ({"chosen": {"value": "properties.x"}}, SourceError, ["'properties.x'"]),
        ({}, SourceError, ["shop.csv", "user_id and timestamp", "'amount'", "--map user_id=COLUMN", "--preset"]),
    ],
)
def test_errors_name_the_thing_and_the_nearest_right_one(options, error, words):
    with pytest.raises(error) as caught:
        resolve("events", ["amount", "colour"], source="shop.csv", **options)
    for word in words:
        assert word in str(caught.value)


def test_check_map_takes_a_name_or_a_list():
    assert check_map("items", {"title": "name", "categories": ["a", "b"]}) == {
        "title": ("name",),
        "categories": ("a", "b"),
    }


FLAT_PATHS = {
    path
    for kinds in PRESETS.values()
    for fields in kinds.values()
    for paths in fields.values()
    for path in paths
    if "." not in path
}
KNOWN_NAMES = sorted({name for names in ALIASES.values() for name in names} | FLAT_PATHS | {"x", "É"})


@given(
    kind=st.sampled_from(KINDS),
    columns=st.lists(st.sampled_from(KNOWN_NAMES), unique=True, max_size=20),
    chosen=st.dictionaries(
        st.sampled_from(sorted({f for fs in FIELDS.values() for f in fs})), st.integers(0, 30), max_size=3
    ),
    preset=st.sampled_from([None, *PRESETS]),
)
@example(kind="items", columns=["product_id", "product_type"], chosen={}, preset=None)
@example(kind="events", columns=["userId", "timestamp", "movieId"], chosen={"value": 2}, preset="movielens")
def test_law_each_column_is_used_at_most_once_and_none_is_invented(kind, columns, chosen, preset):
    explicit = {field: columns[place % len(columns)] for field, place in chosen.items() if columns}
    explicit = {field: column for field, column in explicit.items() if field in FIELDS[kind]}
    try:
        found = resolve(kind, columns, chosen=explicit, preset=preset)
    except SourceError:
        return  # a required field has no column
    assert isinstance(found, ColumnMap)
    assert {field: found.paths[field] for field in explicit} == {f: (c,) for f, c in explicit.items()}
    used = [path for field, paths in found.paths.items() for path in paths if field not in explicit]
    assert len(used) == len(set(used))
    assert not set(used) & set(explicit.values())
    assert set(used) <= set(columns)
    if kind != "events" and "attributes" not in explicit:
        assert set(used) | set(explicit.values()) == set(columns), "of items and users nothing is lost"
