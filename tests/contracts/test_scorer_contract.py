"""What every source of candidates must do. A new source is added to SOURCES and to `fitted`, and gets all of this."""

from __future__ import annotations

import copy

import numpy as np
import pyarrow as pa
import pytest
from recommendation.histories import checkerboard, committed, histories, looked_at, random_histories

from tenure.profiles.rules import RULES
from tenure.recommendation.candidates import Source
from tenure.recommendation.interactions import Interactions
from tenure.recommendation.popular import Popular
from tenure.recommendation.reasons import Words
from tenure.recommendation.recommender import SOURCES
from tenure.recommendation.rules import Rules
from tenure.recommendation.sequential import Sequential

NAMES = sorted(SOURCES)


def fitted(name: str, interactions: Interactions) -> Source:
    """The source, fitted; the rules are all pairs of items that two users share, the heart expects what EASE does."""
    if name == "heart":
        told = SOURCES["ease"].fit(interactions).candidates(interactions, interactions.n_items)
        ids = np.append(interactions.items.ids, "gone")[told.items]
        n = told.items.shape[1]
        expected = pa.table(
            {
                "user_id": pa.array(interactions.users.ids.tolist(), pa.string()),
                "item_ids": pa.array(ids.tolist(), pa.list_(pa.string(), n)),
                "scores": pa.array(told.scores.tolist(), pa.list_(pa.float32(), n)),
            }
        )
        return Sequential.of(expected, interactions.items)
    if name != "rules":
        return SOURCES[name].fit(interactions)
    together = (interactions.matrix > 0).astype(int)
    counts = (together.T @ together).toarray()
    rows = [
        {
            "level": "item",
            "antecedent": interactions.items.ids[a],
            "consequent": interactions.items.ids[b],
            "support": counts[a, b] / interactions.n_users,
            "confidence": counts[a, b] / counts[a, a],
            "lift": 2.0,
            "leverage": 0.1,
            "n_baskets": counts[a, b],
        }
        for a, b in np.argwhere(counts >= 2)
        if a != b
    ]
    return Rules.fit(interactions, pa.Table.from_pylist(rows, schema=RULES))


@pytest.fixture(params=NAMES)
def name(request) -> str:
    return request.param


@pytest.fixture
def crowd() -> Interactions:
    return random_histories(seed=3, n_users=40, n_items=25)


@pytest.mark.parametrize("taste", ["ease", "rules"])
def test_fills_the_gap_in_a_checkerboard(taste):
    """User u's missing item u completes the pattern; nothing of the other colour may come before it."""
    board = checkerboard()
    found = fitted(taste, board).candidates(board, 1, repeats_allowed=False).items[:, 0]
    assert found.tolist() == list(range(board.n_users))


def test_repeats_keep_to_the_users_own_colour():
    board = checkerboard()
    found = fitted("repeats", board).candidates(board, 9).items
    own = np.repeat(np.arange(board.n_users)[:, None], 9, axis=1)
    assert (found >= 0).all()
    assert (found % 2 == own % 2).all()


def test_popular_knows_no_taste():
    board = checkerboard()
    found = fitted("popular", board).candidates(board, 5).items
    assert (found == found[0]).all()


def test_one_user_at_a_time_gives_the_same(name, crowd):
    model = fitted(name, crowd)
    for repeats_allowed in (True, False):
        batch = model.candidates(crowd, 8, repeats_allowed=repeats_allowed)
        for b in range(crowd.n_users):
            alone = model.candidates(crowd.part(b, b + 1), 8, repeats_allowed=repeats_allowed)
            width = alone.items.shape[1]
            assert alone.items[0].tolist() == batch.items[b, :width].tolist()
            assert (batch.items[b, width:] == -1).all()
            np.testing.assert_allclose(alone.scores[0], batch.scores[b, :width], rtol=1e-5)


def test_lists_are_well_formed(name, crowd):
    found = fitted(name, crowd).candidates(crowd, 8)
    assert found.items.shape == found.scores.shape
    assert found.items.shape[1] <= 8
    filled = found.items >= 0
    assert (np.sort(~filled, axis=1) == ~filled).all(), "empty places come last"
    assert (found.items < crowd.n_items).all()
    assert (found.scores[~filled] == -np.inf).all()
    for items, scores in zip(found.items, found.scores, strict=True):
        kept = items[items >= 0]
        assert len(set(kept.tolist())) == len(kept)
        assert (np.diff(scores[: len(kept)]) <= 0).all()


def test_what_was_committed_stays_away_when_it_may_not_return(name, crowd):
    found = fitted(name, crowd).candidates(crowd, 25, repeats_allowed=False).items
    assert not crowd.is_committed(found).any()


def test_forbidding_repeats_only_leaves_out(name, crowd):
    """The allowed items keep their order: nothing is lost but what is forbidden."""
    model = fitted(name, crowd)
    everything = model.candidates(crowd, 25).items
    forbidden = crowd.is_committed(everything)
    allowed = model.candidates(crowd, 25, repeats_allowed=False).items
    for b in range(crowd.n_users):
        kept = everything[b][~forbidden[b] & (everything[b] >= 0)]
        assert allowed[b][allowed[b] >= 0].tolist() == kept.tolist()


@pytest.mark.parametrize("repeats_allowed", [True, False])
def test_a_short_list_is_the_head_of_a_long_one(name, crowd, repeats_allowed):
    """Also where items are left out: the next best move up, so that a list is only short when nothing is left."""
    model = fitted(name, crowd)
    long = model.candidates(crowd, 25, repeats_allowed=repeats_allowed).items[:, :4]
    short = model.candidates(crowd, 4, repeats_allowed=repeats_allowed).items
    assert short.tolist() == long.tolist()


def test_a_user_without_history_gets_nothing_or_what_everybody_gets(name, crowd):
    stranger = histories([], items=crowd.items, users=["stranger"])
    found = fitted(name, crowd).candidates(stranger, 8)
    assert found.items.shape[0] == 1
    assert (found.items >= 0).any() == (name == Popular.name)


def test_no_users_no_lists(name, crowd):
    nobody = histories([], items=crowd.items, users=[])
    assert len(fitted(name, crowd).candidates(nobody, 8).items) == 0


def test_learns_from_nothing(name):
    nothing = histories([], users=["a"])
    found = fitted(name, nothing).candidates(nothing, 8)
    assert len(found.items) == 1
    assert (found.items < 0).all()


@pytest.mark.parametrize(
    "rows",
    [
        [committed("a", "x")],
        [looked_at("a", "x")],
        [committed("a", "x"), committed("b", "x")],
        [committed("a", "x"), committed("a", "y")],
    ],
    ids=["one event", "one look", "one item", "one user"],
)
def test_learns_from_almost_nothing(name, rows):
    few = histories(rows)
    model = fitted(name, few)
    found = model.candidates(few, 8)
    user, place = np.nonzero(found.items >= 0)
    said = model.reasons(few, user, found.items[user, place], Words(few.items.ids))
    assert len(said) == len(user)


def test_the_same_data_give_the_same_model_in_any_order_of_rows(name, crowd):
    again = random_histories(seed=3, n_users=40, n_items=25)
    one, other = fitted(name, crowd).to_arrays(), fitted(name, again).to_arrays()
    for key, array in one.items():
        np.testing.assert_array_equal(array, other[key])


def test_arrays_hold_the_whole_model(name, crowd):
    model = fitted(name, crowd)
    arrays = model.to_arrays()
    assert all(array.dtype.kind in "iufbU" for array in arrays.values()), "what save_model keeps: numbers and texts"
    again = SOURCES[name].from_arrays(arrays)
    one, other = model.candidates(crowd, 8), again.candidates(crowd, 8)
    np.testing.assert_array_equal(one.items, other.items)
    np.testing.assert_array_equal(one.scores, other.scores)


def test_leaves_its_inputs_alone(name, crowd):
    untouched = copy.deepcopy(crowd)
    fitted(name, crowd).candidates(crowd, 8, repeats_allowed=False)
    for field in ("offsets", "item", "weight", "n_commitments", "first_days", "last_days", "seen_days"):
        np.testing.assert_array_equal(getattr(crowd, field), getattr(untouched, field))


def test_says_something_of_every_item(name, crowd):
    model = fitted(name, crowd)
    items = model.candidates(crowd, 5).items
    user, place = np.nonzero(items >= 0)
    said = model.reasons(crowd, user, items[user, place], Words(crowd.items.ids))
    assert len(said) == len(user)
    assert all(isinstance(reason, str) and reason for reason in said)
