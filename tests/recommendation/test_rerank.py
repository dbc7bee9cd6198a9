from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tenure.recommendation.rerank import rerank


def by_hand(scores, categories, n, diversity):
    """Carbonell and Goldstein's greedy choice, one item at a time."""

    def likeness(a, b):
        one, other = ({c for c in categories[x] if c >= 0} for x in (a, b))
        return len(one & other) / max(len(one), len(other), 1)

    chosen: list[int] = []
    left = [i for i, s in enumerate(scores) if s > 0]
    while left and len(chosen) < n:
        value = {
            i: (1 - diversity) * (scores[i] / max(scores))
            - diversity * max((likeness(i, j) for j in chosen), default=0.0)
            for i in left
        }
        best = max(left, key=lambda i: (value[i], -i))
        chosen.append(best)
        left.remove(best)
    return chosen


@given(
    seed=st.integers(0, 1000),
    pool=st.integers(1, 9),
    n=st.integers(1, 6),
    diversity=st.sampled_from([0.0, 0.2, 0.5, 1.0]),
)
def test_equals_the_greedy_choice_by_hand(seed, pool, n, diversity):
    draw = np.random.default_rng(seed)
    scores = -np.sort(-draw.integers(0, 5, (4, pool)) / 4.0, axis=1)
    # Distinct names per level, as a catalogue gives them.
    categories = draw.integers(0, 3, (4, pool, 3)) + np.array([0, 10, 20])
    categories[draw.random(categories.shape) < 0.2] = -1
    found = rerank(scores, categories, n, diversity=diversity)
    for b in range(4):
        expected = by_hand(scores[b].tolist(), categories[b].tolist(), n, diversity)
        assert [i for i in found[b].tolist() if i >= 0] == expected


def test_no_diversity_keeps_the_order():
    scores = np.array([[3.0, 2.0, 1.0, 0.0]])
    assert rerank(scores, np.zeros((1, 4, 1), np.int64), 4, diversity=0.0).tolist() == [[0, 1, 2, -1]]


def test_items_without_categories_are_not_alike():
    scores = np.array([[3.0, 2.9, 2.8]])
    assert rerank(scores, np.full((1, 3, 2), -1), 3, diversity=0.9).tolist() == [[0, 1, 2]]


def test_no_users_and_no_candidates():
    assert rerank(np.zeros((0, 3)), np.zeros((0, 3, 1), np.int64), 2, diversity=0.2).shape == (0, 2)
    assert rerank(np.zeros((2, 0)), np.zeros((2, 0, 1), np.int64), 2, diversity=0.2).shape == (2, 0)
