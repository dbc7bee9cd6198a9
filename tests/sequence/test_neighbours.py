"""What an item says for another is the written formula, with and without a user's own share."""

from __future__ import annotations

import numpy as np
import pytest

from tenure.sequence.neighbours import BACKWARDS, MOST_STEPS, Neighbours

N_USERS, N_ITEMS = 30, 12


def world(seed=0):
    """Who met what in which step: users go on for up to 40 steps, several items in some."""
    draw = np.random.default_rng(seed)
    fame = draw.dirichlet(np.full(N_ITEMS, 0.5))
    rows = [
        (user, step, item)
        for user in range(N_USERS)
        for step in range(draw.integers(2, 40))
        for item in draw.choice(N_ITEMS, draw.integers(1, 3), p=fame)
        if draw.random() < 0.3
    ]
    return tuple(np.array(column) for column in zip(*rows, strict=True))


def by_formula(users, steps, items, without=None):
    """S by pairs, one user after the other; the norms are those of all users."""
    s, squares = np.zeros((N_ITEMS, N_ITEMS)), np.ones(N_ITEMS)
    for user in range(N_USERS):
        first = {}
        for step, item in sorted(zip(steps[users == user], items[users == user], strict=True)):
            first.setdefault(item, step)
        weight = len(first) ** -0.25 if first else 0.0
        for i, t_i in first.items():
            squares[i] += weight
            for j, t_j in first.items():
                t = t_j - t_i
                if i == j or abs(t) > MOST_STEPS or user == without:
                    continue
                order = 1.0 if t > 0 else BACKWARDS if t < 0 else (1 + BACKWARDS) / 2
                s[i, j] += weight * order * max(abs(t), 1) ** -0.5
    norms = squares**0.5
    return s / np.outer(norms, norms), norms


def test_it_is_the_formula_in_whatever_order_the_rows_come():
    users, steps, items = world()
    expected, norms = by_formula(users, steps, items)
    mixed = np.random.default_rng(1).permutation(len(users))
    for order in (np.arange(len(users)), mixed):
        found = Neighbours.fit(users[order], steps[order], items[order], N_ITEMS)
        np.testing.assert_allclose(found.to_sparse().toarray(), expected, atol=1e-5)
        np.testing.assert_allclose(found.norms, norms, atol=1e-5)
    every = np.arange(N_ITEMS)
    np.testing.assert_allclose(found.between(every, every[::-1]), expected[:, ::-1], atol=1e-5)
    a, b = (grid.ravel() for grid in np.meshgrid(every, every, indexing="ij"))
    np.testing.assert_allclose(found.of_pairs(a, b), expected.ravel(), atol=1e-5)


def test_the_own_share_of_a_user_is_taken_out():
    users, steps, items = world()
    found = Neighbours.fit(users, steps, items, N_ITEMS)
    user = 3
    expected, _ = by_formula(users, steps, items, without=user)
    mine = users == user
    met = np.unique(items[mine])
    when = np.array([steps[mine][items[mine] == item].min() for item in met])
    a, b = (grid.ravel() for grid in np.meshgrid(np.arange(len(met)), np.arange(len(met)), indexing="ij"))
    a, b = a[a != b], b[a != b]
    said = found.without_own(met[a], met[b], when[b] - when[a], np.full(len(a), len(met)))
    np.testing.assert_allclose(said, expected[met[a], met[b]], atol=1e-5)


def test_only_the_nearest_are_kept():
    users, steps, items = world(3)
    expected, _ = by_formula(users, steps, items)
    found = Neighbours.fit(users, steps, items, N_ITEMS, n_neighbours=3).to_sparse().toarray()
    for row, kept in zip(expected, found, strict=True):
        assert (kept > 0).sum() == min(3, (row > 0).sum())
        np.testing.assert_allclose(np.sort(kept)[-3:], np.sort(row)[-3:], atol=1e-5)


def test_vectors_come_near_to_what_items_say_for_each_other():
    found = Neighbours.fit(*world(), N_ITEMS)
    vectors = found.vectors(N_ITEMS - 1, seed=0)
    assert vectors.shape == (N_ITEMS, N_ITEMS - 1)
    assert np.isfinite(vectors).all()
    alike, said = vectors @ vectors.T, found.to_sparse().toarray()
    pairs = ~np.eye(N_ITEMS, dtype=bool)
    assert np.corrcoef(alike[pairs], (said + said.T)[pairs])[0, 1] > 0.9


@pytest.mark.parametrize("n_items", [3, 5])
def test_an_item_that_nobody_met_has_no_neighbours(n_items):
    found = Neighbours.fit(np.array([0, 0]), np.array([0, 1]), np.array([0, 1]), n_items)
    assert found.to_sparse().toarray()[2:].sum() == 0
    assert found.between(np.array([0]), np.array([1]))[0, 0] > found.between(np.array([1]), np.array([0]))[0, 0] > 0
