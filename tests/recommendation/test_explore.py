from __future__ import annotations

import numpy as np
import pytest

from tenure.errors import ConfigError
from tenure.recommendation.explore import ExploreConfig, explore

USERS = [f"u{n}" for n in range(20_000)]


def slates(n_users, columns=(0, 1, 2, 3), n_candidates=12):
    return np.tile(columns, (n_users, 1)), np.ones((n_users, n_candidates), dtype=bool)


@pytest.mark.parametrize("places", [1, 2, 3])
def test_each_item_is_shown_as_often_as_its_propensity_says(places):
    """Over many users alike, an item's share of slates is its stated probability."""
    config = ExploreConfig(share=0.3, places=places, pool=7)
    columns, eligible = slates(len(USERS))
    found = explore(columns, eligible, config, seed=1, purpose="test", users=USERS)
    n = len(USERS)
    for column in range(12):
        shown = found.columns == column
        propensity = found.propensity[shown]
        if column in range(4, 11) or column in range(4):
            (p,) = set(propensity.tolist())
            assert shown.any(axis=1).mean() == pytest.approx(p, abs=4 * np.sqrt(p * (1 - p) / n) + 1e-12)
        else:
            assert not shown.any(), "outside the pool"
    assert found.is_explored[:, -places:].mean() == pytest.approx(0.3, abs=4 * np.sqrt(0.21 / n / places))
    assert not found.is_explored[:, :-places].any()


def test_a_users_draw_depends_on_nobody_else():
    config = ExploreConfig(share=0.5)
    columns, eligible = slates(50)
    crowd = explore(columns, eligible, config, seed=7, purpose="test", users=USERS[:50])
    for b in range(50):
        alone = explore(columns[:1], eligible[:1], config, seed=7, purpose="test", users=USERS[b : b + 1])
        assert alone.columns[0].tolist() == crowd.columns[b].tolist()
    other = explore(columns, eligible, config, seed=8, purpose="test", users=USERS[:50])
    assert (other.columns != crowd.columns).any()


def test_nothing_to_try_leaves_certainty():
    columns, eligible = slates(30, n_candidates=4)
    found = explore(columns, eligible, ExploreConfig(share=0.9), seed=1, purpose="test", users=USERS[:30])
    assert (found.columns == columns).all()
    assert (found.propensity == 1).all()


def test_an_empty_place_stays_empty():
    columns, eligible = slates(30, columns=(0, 1, -1))
    found = explore(columns, eligible, ExploreConfig(share=0.9), seed=1, purpose="test", users=USERS[:30])
    assert (found.columns == columns).all()
    assert (found.propensity == [1, 1, 0]).all()


def test_no_share_no_chance():
    columns, eligible = slates(30)
    found = explore(columns, eligible, ExploreConfig(share=0), seed=1, purpose="test", users=USERS[:30])
    assert (found.columns == columns).all()
    assert (found.propensity == 1).all()


def test_certain_exploration_is_refused():
    with pytest.raises(ConfigError, match=r"share: expected a probability in \[0, 1\), got 1"):
        ExploreConfig(share=1.0)
