"""Likeness is the written formula, with and without a user's own share."""

from __future__ import annotations

import numpy as np
import pytest

from tenure.sequence.neighbours import Neighbours

N_USERS, N_ITEMS = 30, 12


def world(seed=0):
    draw = np.random.default_rng(seed)
    x = draw.random((N_USERS, N_ITEMS)) < draw.uniform(0.1, 0.6, N_ITEMS)
    users, items = np.nonzero(x)
    return x.astype(float), users, items


def by_formula(x):
    w = x / np.sqrt(np.maximum(x.sum(axis=1, keepdims=True), 1))
    n = np.sqrt((w**2).sum(axis=0))
    found = w.T @ w / np.outer(np.where(n > 0, n, 1), np.where(n > 0, n, 1))
    np.fill_diagonal(found, 0)
    return found, n


def test_it_is_the_formula_however_often_a_pair_comes():
    x, users, items = world()
    expected, norms = by_formula(x)
    once = Neighbours.fit(users, items, N_ITEMS)
    twice = Neighbours.fit(np.tile(users, 2), np.tile(items, 2), N_ITEMS)
    for found in (once, twice):
        np.testing.assert_allclose(found.to_sparse().toarray(), expected, atol=1e-6)
        np.testing.assert_allclose(found.norms, norms, atol=1e-6)
    every = np.arange(N_ITEMS)
    np.testing.assert_allclose(once.between(every, every[::-1]), expected[:, ::-1], atol=1e-6)
    a, b = (grid.ravel() for grid in np.meshgrid(every, every, indexing="ij"))
    np.testing.assert_allclose(once.of_pairs(a, b), expected.ravel(), atol=1e-6)


def test_the_own_share_of_a_user_is_taken_out():
    x, users, items = world()
    whole, norms = by_formula(x)
    found = Neighbours.fit(users, items, N_ITEMS)
    user = int(np.argmax(x.sum(axis=1)))
    met = np.flatnonzero(x[user])
    a, b = met[:-1], met[1:]
    without = x.copy()
    without[user] = 0
    w = without / np.sqrt(np.maximum(without.sum(axis=1, keepdims=True), 1))
    expected = (w.T @ w)[a, b] / (norms[a] * norms[b])  # the norms stay: they are no secret of one user
    said = found.without_own(a, b, np.full(len(a), len(met)))
    np.testing.assert_allclose(said, expected, atol=1e-6)
    assert (said < whole[a, b]).all()


def test_only_the_nearest_are_kept():
    x, users, items = world(3)
    expected, _ = by_formula(x)
    found = Neighbours.fit(users, items, N_ITEMS, n_neighbours=3).to_sparse().toarray()
    for row, true in zip(found, expected, strict=True):
        assert (row > 0).sum() <= 3
        np.testing.assert_allclose(np.sort(row[row > 0]), np.sort(true)[-(row > 0).sum() :], atol=1e-6)


def test_vectors_come_near_to_likeness():
    _, users, items = world()
    found = Neighbours.fit(users, items, N_ITEMS)
    v = found.vectors(N_ITEMS, seed=0)
    assert v.shape == (N_ITEMS, N_ITEMS)
    np.testing.assert_allclose(found.vectors(N_ITEMS, seed=0), v)
    near = found.to_sparse().toarray() + np.eye(N_ITEMS)
    assert np.corrcoef((v @ v.T).ravel(), near.ravel())[0, 1] == pytest.approx(1, abs=0.1)


def test_an_item_that_nobody_met_has_no_neighbours():
    found = Neighbours.fit(np.array([0, 0]), np.array([0, 1]), 3)
    assert np.diff(found.offsets).tolist() == [1, 1, 0]
    assert np.isfinite(found.vectors(2, seed=0)).all()
