"""The quality of profiles against counts by hand, and the statistics against second implementations."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

import ibis
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from relation_runner import run
from scipy import stats

from tenure.domain import Domain
from tenure.events.log import EVENTS_TABLE, ITEMS_TABLE
from tenure.profiles.quality import (
    QUALITY,
    Measure,
    accuracy,
    coverage,
    diversity,
    effective_rank,
    quality_table,
)
from tenure.profiles.quality_evidence import next_categories, next_value, touched
from tenure.profiles.vector import Profiles
from tenure.schema import ITEMS, LOG, TIME, USERS

SHOP = Domain.from_mapping({"name": "shop", "events": {"buy": "commitment"}})
AS_OF = datetime(2024, 2, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Plain:
    value: float
    low: float
    high: float


def plain(values: np.ndarray) -> Plain:
    """The mean, with two standard errors: what a bootstrap would give, without the draws."""
    seen = values[~np.isnan(values)]
    if not len(seen):
        return Plain(np.nan, np.nan, np.nan)
    error = 2 * seen.std() / np.sqrt(len(seen))
    return Plain(seen.mean(), seen.mean() - error, seen.mean() + error)


def by_name(measures: list[Measure]) -> dict[str, Measure]:
    return {m.measure: m for m in measures}


def tastes(rows: list[tuple[str, str, float]]) -> pa.Table:
    return pa.table(
        {
            "user_id": pa.array([r[0] for r in rows], pa.string()),
            "dimension": pa.array(["category"] * len(rows), pa.string()),
            "name": pa.array([r[1] for r in rows], pa.string()),
            "weight": pa.array([r[2] for r in rows], pa.float64()),
        }
    )


def later_categories(rows: list[tuple[str, str, int]]) -> pa.Table:
    return pa.table(
        {
            "user_id": pa.array([r[0] for r in rows], pa.string()),
            "name": pa.array([r[1] for r in rows], pa.string()),
            "n_commitments": pa.array([r[2] for r in rows], pa.int64()),
        }
    )


def later_values(values: dict[str, float]) -> pa.Table:
    return pa.table(
        {"user_id": pa.array(list(values), pa.string()), "value": pa.array(list(values.values()), pa.float64())}
    )


def activity(users: dict[str, tuple[float, float | None]]) -> pa.Table:
    return pa.table(
        {
            "user_id": pa.array(list(users), pa.string()),
            "value_90": pa.array([v for v, _ in users.values()], pa.float64()),
            "recency_days": pa.array([r for _, r in users.values()], pa.float64()),
        }
    )


def test_next_categories_are_looked_for_among_the_users_own_favourites() -> None:
    measures = accuracy(
        activity({"ann": (9, 1), "bob": (5, 2), "cyd": (1, 3), "quiet": (0, 4)}),
        tastes(
            [
                *[("ann", "tea", 5.0), ("ann", "ink", 3.0), ("ann", "oil", 1.0)],
                *[("bob", "oil", 9.0), ("bob", "tea", 8.0)],
                ("stranger", "ink", 99.0),
            ]
        ),
        later_categories(
            [
                ("ann", "tea", 3),
                ("ann", "oil", 1),
                ("bob", "rye", 2),
                ("bob", "oil", 2),
                ("cyd", "oil", 5),
                ("new", "tea", 7),
            ]
        ),
        later_values({}),
        interval=plain,
        domain=SHOP,
        n_tastes=2,
    )
    found = by_name(measures)["next categories"]
    # ann: tea is hers, oil only her third; bob: oil; cyd likes nothing yet. Popular: ink 102 and tea 13.
    assert found.value == pytest.approx((3 / 4 + 2 / 4 + 0) / 3)
    assert found.baseline == pytest.approx((3 / 4 + 0 + 0) / 3)
    assert found.low < found.value < found.high


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 9)), min_size=0, max_size=30))
def test_the_rank_correlation_equals_scipys(rows: list[tuple[int, int, int]]) -> None:
    users = {f"u{i}": (float(past), float(recency)) for i, (past, recency, _) in enumerate(rows)}
    later = {f"u{i}": float(value) for i, (_, _, value) in enumerate(rows) if value}
    measures = accuracy(
        activity(users), tastes([]), later_categories([]), later_values(later), interval=plain, domain=SHOP
    )
    found = by_name(measures)["next value"]
    past, recency, value = np.array(rows, dtype=float).reshape(-1, 3).T
    for measured, predictor in ((found.value, past), (found.baseline, -recency)):
        if len(rows) and np.ptp(predictor) and np.ptp(value):
            assert measured == pytest.approx(stats.spearmanr(predictor, value).statistic)
        else:
            assert np.isnan(measured)


def test_the_interval_of_the_rank_correlation_is_that_of_a_bootstrap() -> None:
    draw = np.random.default_rng(7)
    past = draw.normal(size=600)
    value = np.exp(past + draw.normal(size=600))
    users = {f"u{i}": (float(v), 1.0) for i, v in enumerate(past)}
    later = later_values({f"u{i}": float(v) for i, v in enumerate(value)})
    found = by_name(accuracy(activity(users), tastes([]), later_categories([]), later, interval=plain, domain=SHOP))[
        "next value"
    ]
    rows = draw.integers(0, 600, (600, 600))
    drawn = [stats.spearmanr(past[r], value[r]).statistic for r in rows]
    assert (found.high - found.low) / 4 == pytest.approx(np.std(drawn), rel=0.15)


def profiles(matrix: np.ndarray, n_missing: int = 0) -> Profiles:
    n = len(matrix)
    table = pa.table(
        {
            "user_id": pa.array([f"u{i}" for i in range(n)], pa.string()),
            "as_of": pa.array([0] * n, TIME),
            "a": pa.array([None] * n_missing + [1.0] * (n - n_missing), pa.float64()),
            "b": pa.array([1.0] * n, pa.float64()),
        }
    )
    return Profiles(table, matrix, matrix, tuple(f"f{i}" for i in range(matrix.shape[1])), ("x",) * matrix.shape[1])


def test_coverage_counts_users_features_and_the_catalogue() -> None:
    users = pa.Table.from_pylist([{"user_id": "u0"}, {"user_id": "elsewhere"}], schema=USERS)
    row = {"n_items": 8, "n_items_touched": 2, "n_categories": 0, "n_categories_touched": 0}
    found = by_name(
        coverage(
            profiles(np.zeros((4, 2)), n_missing=2),
            tastes([("u1", "tea", 1.0), ("u1", "ink", 1.0), ("u2", "ink", 1.0)]),
            users,
            pa.Table.from_pylist([row]),
            interval=plain,
            domain=SHOP,
        )
    )
    assert {name: m.value for name, m in found.items() if name != "categories"} == {
        "features": 0.75,
        "taste": 0.5,
        "attributes": 0.25,
        "items": 0.25,
    }
    assert np.isnan(found["categories"].value)


def test_diversity_follows_entropy() -> None:
    draw = np.random.default_rng(0)
    segment = np.repeat([0, 1, 2], [70, 20, 10])
    liked = tastes([("u0", "tea", 1.0), ("u0", "ink", 1.0), ("u1", "oil", 3.0), ("u2", "tea", 2.0), ("u2", "ink", 6.0)])
    matrix = draw.normal(size=(100, 3))
    found = by_name(diversity(profiles(matrix), liked, segment, 3, interval=plain, domain=SHOP))
    assert found["segments"].value == pytest.approx(stats.entropy([70, 20, 10]) / np.log(3))
    own = [2.0, 1.0, np.exp(stats.entropy([0.25, 0.75]))]
    assert found["tastes"].value == pytest.approx(np.mean(own))
    assert found["tastes"].baseline == pytest.approx(np.exp(stats.entropy([3, 7, 3])))
    singular = np.linalg.svd(matrix - matrix.mean(0), compute_uv=False)
    assert found["directions"].value == pytest.approx(np.exp(stats.entropy(singular**2)))
    assert found["directions"].baseline == 3


@pytest.mark.parametrize(
    ("matrix", "rank"),
    [
        (np.empty((0, 3)), 0.0),
        (np.ones((5, 3)), 0.0),
        (np.empty((4, 0)), 0.0),
        (np.outer(np.arange(5.0), np.ones(4)), 1.0),
        (np.vstack([np.eye(3), -np.eye(3)]), 3.0),
    ],
)
def test_the_effective_rank_of_known_matrices(matrix: np.ndarray, rank: float) -> None:
    assert effective_rank(matrix) == pytest.approx(rank, abs=1e-6)


@pytest.mark.parametrize("n_users", [0, 1])
def test_nobody_and_a_single_user_are_no_failure(n_users: int) -> None:
    people = profiles(np.zeros((n_users, 2)))
    touched_row = pa.Table.from_pylist(
        [dict.fromkeys(["n_items", "n_items_touched", "n_categories", "n_categories_touched"], 0)]
    )
    known = activity({f"u{i}": (1.0, None) for i in range(n_users)})
    measure = partial(accuracy, known, tastes([]), later_categories([]), later_values({}))
    table = quality_table(
        [
            *measure(interval=plain, domain=SHOP),
            *coverage(people, tastes([]), USERS.empty_table(), touched_row, interval=plain, domain=SHOP),
            *diversity(people, tastes([]), np.zeros(n_users, np.int64), 1, interval=plain, domain=SHOP),
        ]
    )
    assert table.schema == QUALITY
    assert table.num_rows == 10
    assert not any(isinstance(v, float) and np.isnan(v) for row in table.to_pylist() for v in row.values())


LATER = pa.Table.from_pylist(
    [
        {"event_id": str(i), "user_id": u, "item_id": item, "event_type": "x", "timestamp": t, "role": role, "value": v}
        for i, (u, item, t, role, v) in enumerate(
            [
                ("ann", "brie", datetime(2024, 1, 31, 23, 59, 59), "commitment", 1.0),
                ("ann", "brie", datetime(2024, 2, 1), "commitment", 2.0),
                ("ann", "feta", datetime(2024, 2, 2), "commitment", 4.0),
                ("ann", "feta", datetime(2024, 2, 3), "reversal", -3.0),
                ("ann", "pen", datetime(2024, 2, 3), "interest", 8.0),
                ("bob", None, datetime(2024, 2, 4), "commitment", None),
                ("bob", "gone", datetime(2024, 2, 5), "commitment", 5.0),
                ("bob", "pen", datetime(2024, 3, 2), "commitment", 9.0),
            ]
        )
    ],
    schema=LOG,
)
CATALOGUE = pa.Table.from_pylist(
    [
        {"item_id": "brie", "categories": ["FOOD", "CHEESE"]},
        {"item_id": "feta", "categories": ["FOOD", "CHEESE"]},
        {"item_id": "pen", "categories": ["OFFICE"]},
        {"item_id": "bare"},
    ],
    schema=ITEMS,
)
TABLES = {"events": LATER, "items": CATALOGUE}


def test_only_commitments_of_the_horizon_count_as_what_came_next() -> None:
    found = run(TABLES, next_categories, EVENTS_TABLE, ITEMS_TABLE, AS_OF, 30).drop_columns(["as_of"]).to_pylist()
    assert found == [{"user_id": "ann", "name": "CHEESE", "n_commitments": 2}]
    values = run(TABLES, next_value, EVENTS_TABLE, AS_OF, 30).to_pylist()
    assert {row["user_id"]: row["value"] for row in values} == {"ann": 3.0, "bob": 5.0}


def test_touched_counts_the_catalogue_before_the_cut_off() -> None:
    expected = {"n_items": 4, "n_items_touched": 1, "n_categories": 2, "n_categories_touched": 1}
    assert run(TABLES, touched, EVENTS_TABLE, ITEMS_TABLE, AS_OF).to_pylist() == [expected]
    empty = {"events": LOG.empty_table(), "items": ITEMS.empty_table()}
    nothing = dict.fromkeys(expected, 0)
    assert run(empty, touched, EVENTS_TABLE, ITEMS_TABLE, AS_OF).to_pylist() == [nothing]


@pytest.mark.parametrize(
    "relation",
    [
        next_categories(EVENTS_TABLE, ITEMS_TABLE, AS_OF, 30),
        next_value(EVENTS_TABLE, AS_OF, 30),
        touched(EVENTS_TABLE, ITEMS_TABLE, AS_OF),
    ],
)
def test_the_relations_compile_for_spark_too(relation: ibis.Table) -> None:
    assert "SELECT" in str(ibis.to_sql(relation, dialect="databricks"))
