"""The profile vector: activity, taste, attributes and given vectors side by side."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tenure.errors import ConfigError
from tenure.profiles.features import FEATURES, Feature
from tenure.profiles.inputs import Facts, InputsConfig
from tenure.profiles.vector import FEATURE_TABLE, VectorConfig, Vectoriser
from tenure.schema import TIME, USERS

DAYS = [datetime.fromisoformat("2024-01-01"), datetime.fromisoformat("2024-02-01")]
FEW = (
    Feature("n", "volume", "log", "number of things"),
    Feature("gap", "rhythm", "robust", "typical pause", "users seen once"),
    Feature("constant", "money", "linear", "the same for all"),
)
CONFIG = VectorConfig(inputs=InputsConfig(n_tastes=2, min_reach=0.2))


def facts(n_users: int = 40, seed: int = 3, **more: Any) -> Facts:
    draw = np.random.default_rng(seed)
    ids = [f"u{i}" for i in range(n_users)]
    keys = [(user, day) for day in DAYS for user in ids]
    activity = pa.table(
        {
            "user_id": pa.array([k[0] for k in keys], pa.string()),
            "as_of": pa.array([k[1] for k in keys], TIME),
            "n": pa.array(draw.integers(0, 50, len(keys)), pa.int64()),
            "gap": pa.array(
                [None if i % 4 == 0 else float(draw.exponential(9)) for i in range(len(keys))], pa.float64()
            ),
            "constant": pa.array(np.ones(len(keys))),
        }
    )
    likes = [
        (user, day, "category", name, share)
        for i, (user, day) in enumerate(keys)
        for name, share in (("tea", 0.1 + i / len(keys) / 2), ("ink", 0.4), (f"own {i}", 0.1))
        if not (name == "ink" and i % 2) and i % 10 != 9
    ]
    taste = pa.table(
        dict(zip(["user_id", "as_of", "dimension", "name", "share"], map(list, zip(*likes, strict=True)), strict=True))
        if likes
        else {},
    )
    taste = taste.set_column(1, "as_of", taste["as_of"].cast(TIME)) if likes else Facts(activity=activity).taste
    users = pa.Table.from_pylist(
        [{"user_id": user, "attributes": f'{{"age": "{20 + i}+"}}'} for i, user in enumerate(ids) if i % 3],
        schema=USERS,
    )
    return Facts(activity=activity, taste=taste, users=users, **more)


def test_every_source_has_its_columns_and_its_theme() -> None:
    known = facts(vectors=np.random.default_rng(1).normal(size=(80, 3)))
    profiles = Vectoriser.fit(known, features=FEW, config=CONFIG).transform(known)
    theme_of = dict(zip(profiles.names, profiles.themes, strict=True))
    assert theme_of == {
        "n": "volume",
        "gap": "rhythm",
        "taste:category:tea": "taste",
        "taste:category:ink": "taste",
        "user:age": "attributes",
        "vector:0": "vector",
        "vector:1": "vector",
        "vector:2": "vector",
        "gap_missing": "rhythm",
        "taste:category:tea_missing": "taste",
        "user:age_missing": "attributes",
    }
    assert profiles.matrix.shape == profiles.values.shape == (80, 11)


def test_each_taste_and_attribute_is_found_at_its_user_and_cut_off() -> None:
    known = facts()
    profiles = Vectoriser.fit(known, features=FEW, config=CONFIG).transform(known)
    column = {name: profiles.values[:, i] for i, name in enumerate(profiles.names)}
    shares = {(r["user_id"], r["as_of"], r["name"]): r["share"] for r in known.taste.to_pylist()}
    has_taste = {(r["user_id"], r["as_of"]) for r in known.taste.to_pylist()}
    ages = {r["user_id"]: float(r["attributes"][9:-3]) for r in known.users.to_pylist()}
    for row, key in enumerate(known.activity.select(["user_id", "as_of"]).to_pylist()):
        user, day = key["user_id"], key["as_of"]
        for name in ("tea", "ink"):
            expected = shares.get((user, day, name), 0.0) if (user, day) in has_taste else np.nan
            assert column[f"taste:category:{name}"][row] == pytest.approx(expected, nan_ok=True)
        assert column["user:age"][row] == pytest.approx(ages.get(user, np.nan), nan_ok=True)


def test_one_user_is_as_good_as_many_and_the_order_of_rows_is_kept() -> None:
    known = facts()
    vectoriser = Vectoriser.fit(known, features=FEW, config=CONFIG)
    everybody = vectoriser.transform(known).matrix
    for row in (0, 9, 41, 79):
        alone = Facts(activity=known.activity.slice(row, 1), taste=known.taste, users=known.users)
        assert np.array_equal(vectoriser.transform(alone).matrix[0], everybody[row])
    backwards = Facts(activity=known.activity.take(list(range(79, -1, -1))), taste=known.taste, users=known.users)
    assert np.array_equal(vectoriser.transform(backwards).matrix, everybody[::-1])


def test_themes_weigh_the_same_however_many_columns_they_have() -> None:
    rng = np.random.default_rng(0)
    known = facts(vectors=rng.normal(size=(80, 30)))
    profiles = Vectoriser.fit(known, features=FEW, config=CONFIG).transform(known)
    squares = ((profiles.matrix * profiles.balance) ** 2).mean(axis=0)
    weight = {t: sum(s for s, u in zip(squares, profiles.themes, strict=True) if u == t) for t in set(profiles.themes)}
    assert weight["vector"] == pytest.approx(1.0, abs=0.05)
    assert max(weight.values()) == weight["vector"]
    assert weight["volume"] == pytest.approx(0.25)  # a lone column counts as one of four, so that it does not lead


def test_the_feature_table_explains_every_input() -> None:
    known = facts()
    vectoriser = Vectoriser.fit(known, features=FEW, config=CONFIG)
    table = vectoriser.feature_table()
    assert table.schema == FEATURE_TABLE
    rows = {r["feature"]: r for r in table.to_pylist()}
    assert rows["n"]["mean"] == pytest.approx(np.log1p(known.activity["n"].to_numpy()).mean())
    assert rows["gap"]["coverage"] == 0.75
    assert rows["constant"]["sd"] == 0
    assert rows["taste:category:tea"]["description"] == "share of taste (category) that is tea"
    assert set(rows) >= {"user:age", "taste:category:ink"}


def test_arrays_give_back_the_same_model() -> None:
    known = facts(vectors=np.random.default_rng(1).normal(size=(80, 2)))
    vectoriser = Vectoriser.fit(known, features=FEW, config=CONFIG)
    again = Vectoriser.from_arrays(vectoriser.to_arrays())
    assert again.inputs == vectoriser.inputs
    assert np.array_equal(again.transform(known).matrix, vectoriser.transform(known).matrix)
    assert again.feature_table().equals(vectoriser.feature_table())


def test_given_vectors_must_have_a_row_per_user_and_the_fitted_width() -> None:
    known = facts(vectors=np.zeros((80, 2)))
    vectoriser = Vectoriser.fit(known, features=FEW, config=CONFIG)
    wrong = Facts(activity=known.activity, vectors=np.zeros((80, 3)))
    with pytest.raises(ConfigError, match=r"expected shape \(80, 2\)"):
        vectoriser.transform(wrong)
    without = Facts(activity=known.activity)
    assert vectoriser.transform(without).matrix.shape[0] == 80


@pytest.mark.parametrize("n_users", [0, 1])
def test_nobody_and_a_single_user_have_profiles_too(n_users: int) -> None:
    known = facts(n_users)
    vectoriser = Vectoriser.fit(known, features=FEW, config=CONFIG)
    profiles = vectoriser.transform(known)
    assert profiles.matrix.shape == (2 * n_users, len(profiles.names))
    assert vectoriser.feature_table().num_rows >= len(FEW)
    assert len(profiles.balance) == len(profiles.names)


def test_all_null_features_are_left_out() -> None:
    names = [f.name for f in FEATURES]
    activity = pa.table(
        {
            "user_id": ["a", "b"],
            "as_of": pa.array(DAYS[:1] * 2, TIME),
            **{name: pa.nulls(2, pa.float64()) for name in names},
        }
    )
    vectoriser = Vectoriser.fit(Facts(activity=activity))
    assert vectoriser.normaliser.constant == tuple(names)
    assert vectoriser.transform(Facts(activity=activity)).matrix.shape == (2, 0)
