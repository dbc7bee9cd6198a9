from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from recommendation.histories import AS_OF, committed, histories, looked_at, random_histories

from tenure.domains.ecommerce import DOMAIN
from tenure.errors import ConfigError
from tenure.recommendation.catalogue import Catalogue
from tenure.recommendation.explore import ExploreConfig
from tenure.recommendation.recommender import Recommender, SlateConfig
from tenure.recommendation.slate import RECOMMENDATIONS
from tenure.recommendation.vocabulary import Vocabulary
from tenure.schema import ITEMS

CONFIG = SlateConfig(length=6, diversity=0.1, explore=ExploreConfig(share=0.2))


def item_table(n_items: int = 25) -> pa.Table:
    rows = [
        {"item_id": f"i{n}", "title": f"Item {n}" if n % 5 else None, "categories": [f"c{n % 4}"]}
        for n in range(n_items)
    ]
    return pa.Table.from_pylist(rows, schema=ITEMS)


@pytest.fixture(scope="module")
def crowd():
    return random_histories(seed=11, n_users=60, n_items=25)


@pytest.fixture(scope="module")
def recommender(crowd):
    return Recommender.fit(crowd, items=item_table(), domain=DOMAIN)


def test_one_user_at_a_time_gives_the_same_slates(crowd, recommender):
    batch = recommender.recommend(crowd, CONFIG, seed=3).to_table().to_pylist()
    alone = [
        row
        for b in range(crowd.n_users)
        for row in recommender.recommend(crowd.part(b, b + 1), CONFIG, seed=3).to_table().to_pylist()
    ]
    for one, other in zip(alone, batch, strict=True):
        assert one.pop("score") == pytest.approx(other.pop("score"), rel=1e-6)
        assert one == other


def test_users_in_groups_give_the_same_slates(crowd, recommender, monkeypatch):
    whole = recommender.recommend(crowd, CONFIG, seed=3)
    monkeypatch.setattr("tenure.recommendation.recommender.USERS_AT_ONCE", 7)
    parts = recommender.recommend(crowd, CONFIG, seed=3)
    assert parts.to_table().equals(whole.to_table())


def test_survives_as_arrays(crowd, recommender):
    arrays = recommender.to_arrays()
    assert all(array.dtype.kind in "iufb" for array in arrays.values())
    again = Recommender.from_arrays(arrays, domain=DOMAIN)
    one, other = (r.recommend(crowd, CONFIG, seed=3).to_table() for r in (recommender, again))
    assert one.equals(other)


def test_a_stranger_gets_the_popular_and_is_told_so(crowd, recommender):
    stranger = histories([], items=crowd.items, users=["stranger"])
    slate = recommender.recommend(stranger, replace(CONFIG, explore=ExploreConfig(share=0)), seed=1)
    assert set(slate.source[0]) == {"popular"}
    assert all(reason.startswith("First suggestion") for reason in slate.reasons[0])
    everybodys = recommender.sources["popular"].candidates(stranger, 6).items
    assert slate.items[0, 0] == everybodys[0, 0]


def test_a_short_slate_says_why():
    few = histories([committed("a", "x"), committed("b", "y")])
    model = Recommender.fit(few, domain=DOMAIN)
    free = model.recommend(few, CONFIG, seed=1)
    assert (free.items >= 0).sum(axis=1).tolist() == [2, 2]
    assert free.shortfall[0] == "2 of 6 places filled: no source knows another item for this user"
    once = model.recommend(few, replace(CONFIG, repeats_allowed=False), seed=1)
    assert [once.catalogue_items.ids[i] for i in once.items[:, 0]] == ["y", "x"]
    assert once.shortfall[0].endswith("; 1 were chosen before and may not return")


def test_a_full_slate_says_nothing(crowd, recommender):
    slate = recommender.recommend(crowd, CONFIG, seed=1)
    assert (slate.items >= 0).all()
    assert set(slate.shortfall) == {""}


@pytest.mark.parametrize("rows", [[], [looked_at("a", "x")]], ids=["no events", "one look"])
def test_knows_almost_nothing_and_does_not_fall_over(rows):
    few = histories(rows, users=["a"])
    slate = Recommender.fit(few, domain=DOMAIN).recommend(few, CONFIG, seed=1)
    assert slate.items.shape == (1, 6)
    assert slate.shortfall[0]
    assert slate.to_table().schema.equals(RECOMMENDATIONS)


def test_no_users_no_slates(recommender, crowd):
    nobody = histories([], items=crowd.items, users=[])
    assert recommender.recommend(nobody, CONFIG, seed=1).to_table().num_rows == 0


def test_explored_items_are_new_to_the_user_and_marked(crowd, recommender):
    slate = recommender.recommend(crowd, replace(CONFIG, explore=ExploreConfig(share=0.9, places=2)), seed=5)
    explored = slate.source == "explore"
    assert explored.any()
    rows = crowd.rows_of(np.arange(crowd.n_users)[:, None], slate.items)
    assert (rows[explored] < 0).all()
    assert all(reason.startswith("Something new to try. ") for reason in slate.reasons[explored])
    assert (slate.propensity[explored] < 0.9).all()


def test_reasons_use_titles(recommender, crowd):
    goes_with = [
        r
        for r in recommender.recommend(crowd, replace(CONFIG, weights={"ease": 1.0}), seed=1).reasons.ravel()
        if "Goes with" in r
    ]
    assert any("Goes with Item " in reason for reason in goes_with)
    assert any("Goes with i" in reason for reason in goes_with), "an item without a title goes by its id"


def test_leaving_reasons_out_changes_nothing_else(crowd, recommender):
    with_words = recommender.recommend(crowd, CONFIG, seed=3)
    without = recommender.recommend(crowd, CONFIG, seed=3, with_reasons=False)
    assert (with_words.items == without.items).all()
    assert set(without.reasons.ravel()) == {""}


def test_table_has_one_row_per_filled_place(crowd, recommender):
    table = recommender.recommend(crowd, CONFIG, seed=3).to_table()
    assert table.schema.equals(RECOMMENDATIONS)
    assert table["rank"].to_pylist() == list(range(1, 7)) * crowd.n_users
    assert set(table["as_of"].to_pylist()) == {AS_OF}


def test_foreign_histories_are_refused(recommender):
    with pytest.raises(ConfigError, match=r"expected histories over the recommender's 25 items.*items=recommender"):
        recommender.recommend(histories([committed("a", "x")]), CONFIG, seed=1)


def test_unknown_source_is_refused_with_the_nearest():
    with pytest.raises(ConfigError, match="there is no source 'eas'; did you mean 'ease'"):
        SlateConfig(weights={"eas": 1.0})


def test_catalogue_takes_what_the_items_tell():
    items = Vocabulary.of(["a", "b", "c", "d"])
    rows = [
        {"item_id": "d", "title": "Dee", "categories": ["food", "tea"]},
        {"item_id": "other", "title": "Other", "categories": ["x"]},
        {"item_id": "b", "title": None, "categories": None},
        {"item_id": "a", "title": "Ay", "categories": ["food", None, "ink"]},
    ]
    found = Catalogue.from_table(items, pa.Table.from_pylist(rows, schema=ITEMS))
    assert found.titles.tolist() == ["Ay", "b", "c", "Dee"]
    a, b, c, d = found.categories.tolist()
    assert a[0] == d[0] >= 0
    assert len({a[0], a[2], d[1]}) == 3
    assert a[1] == -1
    assert b == c == [-1, -1, -1]
    for table in (None, ITEMS.empty_table()):
        assert Catalogue.from_table(items, table).titles.tolist() == ["a", "b", "c", "d"]
