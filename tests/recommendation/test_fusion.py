from __future__ import annotations

from collections import defaultdict
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenure.recommendation.candidates import Candidates
from tenure.recommendation.fusion import fuse

LISTS = st.lists(st.lists(st.integers(0, 8), unique=True, max_size=6), min_size=3, max_size=3)


def padded(lists: list[list[int]]) -> Candidates:
    width = max(map(len, lists))
    items = np.array([row + [-1] * (width - len(row)) for row in lists], dtype=np.int64).reshape(len(lists), width)
    return Candidates(items, np.where(items >= 0, -np.arange(width, dtype=np.float32), -np.inf))


@given(LISTS, LISTS, st.sampled_from([0.0, 0.1, 1.0, 3.0]), st.sampled_from([0.0, 5.0, 60.0]))
def test_equals_the_formula_user_by_user(a, b, weight, constant):
    fused = fuse({"a": padded(a), "b": padded(b)}, weights={"a": 1.0, "b": weight}, constant=constant, n_users=3)
    for user in range(3):
        share: dict[int, dict[str, float]] = defaultdict(dict)
        for name, lists, w in (("a", a, 1.0), ("b", b, weight)):
            for rank, item in enumerate(lists[user], start=1):
                if w > 0:
                    share[item][name] = w / (constant + rank)
        total = {item: sum(parts.values()) for item, parts in share.items()}
        shown = fused.items[user][fused.items[user] >= 0].tolist()
        assert sorted(shown) == sorted(total)
        scores = [total[item] for item in shown]
        np.testing.assert_allclose(fused.scores[user, : len(shown)], scores, rtol=1e-6)
        assert all(x >= y - 1e-12 for x, y in pairwise(scores))
        for item, source in zip(shown, fused.source[user], strict=False):
            assert share[item]["ab"[source]] == max(share[item].values())


def test_paper_constant_of_two_equal_lists_is_their_average_rank_order():
    one, other = padded([[3, 1, 2]]), padded([[3, 2, 1]])
    fused = fuse({"a": one, "b": other}, weights={"a": 1, "b": 1}, constant=60, n_users=1)
    assert fused.items.tolist() == [[3, 1, 2]], "a tie goes to the smaller item number"
    assert fused.scores[0, 0] == pytest.approx(2 / 61)


def test_no_lists_no_items():
    assert fuse({}, weights={}, constant=5, n_users=2).items.shape == (2, 0)
    empty = Candidates(np.zeros((2, 0), np.int64), np.zeros((2, 0), np.float32))
    assert fuse({"a": empty}, weights={"a": 1}, constant=5, n_users=2).items.shape == (2, 0)
