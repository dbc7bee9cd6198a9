"""Ranking metrics against a second, plain implementation, and the laws they obey."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenure.errors import ConfigError
from tenure.evaluation.ranking import RANKING, coverage, exposure_gini, intra_list_diversity, novelty, top_k


def brute_force(name, shown, relevant, k):
    """One user, one loop, straight from the definition."""
    if not relevant:
        return math.nan
    hits = [item in relevant for item in shown[:k]]
    if name == "ndcg":
        dcg = sum(1 / math.log2(place + 2) for place, hit in enumerate(hits) if hit)
        return dcg / sum(1 / math.log2(place + 2) for place in range(min(k, len(relevant))))
    if name == "recall":
        return sum(hits) / len(relevant)
    if name == "precision":
        return sum(hits) / k
    if name == "hit_rate":
        return float(any(hits))
    if name == "mrr":
        return next((1 / (place + 1) for place, hit in enumerate(hits) if hit), 0.0)
    pure = [sum(hits[: place + 1]) / (place + 1) for place, hit in enumerate(hits) if hit]
    return sum(pure) / min(k, len(relevant))


@st.composite
def slates(draw):
    n_users, width, n_items = draw(st.integers(1, 5)), draw(st.integers(1, 6)), 8
    shown, truth = [], []
    for _ in range(n_users):
        order = draw(st.permutations(range(n_items)))[: draw(st.integers(0, width))]
        shown.append([*order, *[-1] * (width - len(order))])
        truth.append(draw(st.lists(st.integers(0, n_items + 2), max_size=6)))  # with repeats, and unknown to the lists
    offsets = np.cumsum([0, *map(len, truth)])
    return np.array(shown), offsets, np.array([i for t in truth for i in t], dtype=np.int64), draw(st.integers(1, 8))


@settings(max_examples=80, deadline=None)
@given(slates())
@pytest.mark.parametrize("name", RANKING)
def test_equals_brute_force(name, slate):
    shown, offsets, items, k = slate
    expected = [
        brute_force(name, [i for i in row if i >= 0], set(items[a:b].tolist()), k)
        for row, a, b in zip(shown.tolist(), offsets[:-1], offsets[1:], strict=True)
    ]
    np.testing.assert_allclose(RANKING[name](shown, offsets, items, k), expected, atol=1e-12)


@settings(max_examples=60, deadline=None)
@given(slates())
def test_lies_in_unit_range_and_the_perfect_list_scores_one(slate):
    shown, offsets, items, k = slate
    for metric in RANKING.values():
        values = metric(shown, offsets, items, k)
        assert np.all((values[~np.isnan(values)] >= 0) & (values[~np.isnan(values)] <= 1 + 1e-12))
    truth = [np.unique(items[a:b]) for a, b in itertools.pairwise(offsets)]
    perfect = np.array([np.pad(t, (0, 12 - len(t)), constant_values=-1) for t in truth])
    for name in ("ndcg", "map", "mrr", "hit_rate"):
        values = RANKING[name](perfect, offsets, items, k)
        np.testing.assert_allclose(values[[len(t) > 0 for t in truth]], 1.0)


@settings(max_examples=60, deadline=None)
@given(slates())
def test_moving_a_hit_up_never_hurts(slate):
    shown, offsets, items, k = slate
    relevant = np.array([np.isin(row, items[a:b]) for row, a, b in zip(shown, offsets[:-1], offsets[1:], strict=True)])
    hits_first = np.take_along_axis(shown, np.argsort(~relevant, axis=1, kind="stable"), axis=1)
    for metric in RANKING.values():
        before, after = metric(shown, offsets, items, k), metric(hits_first, offsets, items, k)
        assert np.all((after >= before - 1e-12) | np.isnan(before))


def test_batch_is_loop():
    rng = np.random.default_rng(0)
    shown = np.array([rng.permutation(30)[:10] for _ in range(20)])
    offsets = np.arange(0, 62, 3)[:21]
    items = rng.integers(0, 30, offsets[-1])
    for metric in RANKING.values():
        one = [metric(shown[i : i + 1], np.array([0, 3]), items[3 * i : 3 * i + 3], 10)[0] for i in range(20)]
        np.testing.assert_array_equal(metric(shown, offsets, items, 10), one)


def test_no_users():
    for metric in RANKING.values():
        assert metric(np.empty((0, 3), int), np.array([0]), np.empty(0, int), 3).shape == (0,)


def test_refuses_a_list_that_holds_an_item_twice():
    with pytest.raises(ConfigError, match="item 4 twice in row 0"):
        RANKING["recall"](np.array([[4, 4]]), np.array([0, 1]), np.array([4]), 2)


def test_refuses_offsets_of_another_length():
    with pytest.raises(ConfigError, match="one more than the 1 recommended lists"):
        RANKING["recall"](np.array([[4]]), np.array([0]), np.array([4]), 2)


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.lists(st.sampled_from([0.0, 1.0, 2.0, -math.inf, math.nan]), min_size=5, max_size=5), max_size=4),
    st.integers(1, 7),
)
def test_top_k_is_the_sorted_head(rows, k):
    scores = np.array(rows, dtype=np.float64).reshape(-1, 5)
    expected = []
    for row in scores.tolist():
        allowed = [i for i in range(5) if row[i] > -math.inf]
        best = sorted(allowed, key=lambda i: (-row[i], i))[:k]
        expected.append([*best, *[-1] * (k - len(best))])
    np.testing.assert_array_equal(top_k(scores, k), np.array(expected, dtype=np.int64).reshape(-1, k))


@pytest.mark.parametrize("n_items", [31, 64, 700, 1281, 5000])
@pytest.mark.parametrize("k", [1, 10, 50])
def test_top_k_of_many_items_is_the_sorted_head(n_items, k):
    scores = np.random.default_rng(n_items + k).integers(0, 40, (7, n_items)).astype(np.float32)  # many ties
    scores[:, ::5], scores[2, 1::5], scores[3] = -np.inf, np.nan, -np.inf
    worth = np.where(np.isnan(scores), -np.inf, scores)
    order = np.argsort(-worth, axis=1, kind="stable")[:, :k]
    expected = np.where(np.isneginf(np.take_along_axis(worth, order, axis=1)), -1, order)
    expected = np.pad(expected, ((0, 0), (0, k - expected.shape[1])), constant_values=-1)
    np.testing.assert_array_equal(top_k(scores, k), expected)


def test_list_metrics_by_hand():
    lists = np.array([[0, 1, 2], [0, 3, -1], [-1, -1, -1]])
    assert coverage(lists, 8) == 4 / 8
    # item 0 is owned by all 7 users: 0 bits; item 3 by none: log2(8) = 3 bits
    bits = novelty(lists, np.array([7, 3, 1, 0]), 7)
    np.testing.assert_allclose(bits, [(0 + 1 + 2) / 3, 1.5, np.nan])
    categories = np.array([[0, 0], [0, 1], [1, 2], [-1, 5]])
    # pairs (0,1) share the first of two levels, (0,2) and (1,2) none; unknown agrees with nothing
    np.testing.assert_allclose(intra_list_diversity(lists, categories), [(0.5 + 1 + 1) / 3, 1.0, np.nan])


def test_gini_of_exposure():
    assert exposure_gini(np.array([[0, 1], [2, 3]]), 4) == 0
    assert exposure_gini(np.array([[0], [0]]), 4) == pytest.approx(0.75)  # (I - 1) / I when one takes all
    assert math.isnan(exposure_gini(np.array([[-1]]), 4))
    assert math.isnan(coverage(np.array([[-1]]), 0))
    counts = np.array([5, 1, 1, 0, 9])
    lists = np.repeat(np.arange(5), counts)[:, None]
    pairs = np.abs(counts[:, None] - counts[None, :]).sum() / (2 * 25 * counts.mean())
    assert exposure_gini(lists, 5) == pytest.approx(pairs)
