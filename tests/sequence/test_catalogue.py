"""The best k of all items."""

from __future__ import annotations

import numpy as np
import pytest

from tenure.sequence.catalogue import best_of_scores


@pytest.mark.parametrize("n_items", [1, 9, 31, 64, 700, 1281, 5000])
@pytest.mark.parametrize("k", [1, 10, 50])
def test_the_best_are_those_of_a_full_sort(n_items: int, k: int) -> None:
    scores = np.random.default_rng(n_items + k).normal(size=(7, n_items)).astype(np.float32)
    scores[:, ::5] = -np.inf  # what may not be said
    scores[3] = -np.inf
    found = best_of_scores(scores, k)
    sorted_scores = -np.sort(-scores, axis=1)[:, : min(k, n_items)]
    assert np.array_equal(found.scores, sorted_scores)
    may_be_said = np.isfinite(sorted_scores)
    assert np.array_equal(found.items >= 0, may_be_said)
    order = np.argsort(-scores, axis=1, kind="stable")[:, : min(k, n_items)]
    assert np.array_equal(found.items[may_be_said], order[may_be_said])


def test_of_equal_scores_the_lower_number_comes_first() -> None:
    scores = np.zeros((1, 1000), np.float32)
    scores[0, [700, 3, 500]] = 1.0
    assert best_of_scores(scores, 3).items.tolist() == [[3, 500, 700]]
