"""What holds for every slate, whatever the histories and the strategy."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from recommendation.histories import random_histories

from tenure.domains.ecommerce import DOMAIN
from tenure.recommendation.explore import ExploreConfig
from tenure.recommendation.recommender import SOURCES, Recommender, SlateConfig

CONFIGS = st.builds(
    SlateConfig,
    weights=st.dictionaries(st.sampled_from(sorted(SOURCES)), st.sampled_from([0.0, 0.1, 1.0])),
    rank_constant=st.sampled_from([0.0, 5.0, 60.0]),
    n_candidates=st.integers(1, 12),
    length=st.integers(1, 8),
    diversity=st.sampled_from([0.0, 0.3, 1.0]),
    repeats_allowed=st.booleans(),
    explore=st.builds(
        ExploreConfig, share=st.sampled_from([0.0, 0.5, 0.95]), places=st.integers(0, 9), pool=st.integers(0, 6)
    ),
)
CROWDS = st.builds(
    random_histories,
    seed=st.integers(0, 10_000),
    n_users=st.integers(0, 8),
    n_items=st.integers(1, 9),
    density=st.sampled_from([0.1, 0.5, 1.0]),
)


@settings(max_examples=150, deadline=None)
@given(crowd=CROWDS, config=CONFIGS, seed=st.integers(0, 99))
def test_every_slate_is_well_formed(crowd, config, seed):
    slate = Recommender.fit(crowd, domain=DOMAIN).recommend(crowd, config, seed=seed)
    filled = slate.items >= 0
    assert slate.items.shape == (crowd.n_users, config.length)
    assert (np.sort(~filled, axis=1) == ~filled).all(), "empty places come last"
    for items in slate.items:
        shown = items[items >= 0].tolist()
        assert len(set(shown)) == len(shown), "no item twice"
    if not config.repeats_allowed:
        assert not crowd.is_committed(slate.items).any(), (
            "what may not return never does, not even by chance or fallback"
        )
    assert ((slate.propensity > 0) == filled).all()
    assert (slate.propensity <= 1).all()
    assert ((slate.scores > 0) == filled).all()
    assert ((slate.source != "") == filled).all()
    assert ((slate.reasons != "") == filled).all(), "every item has its reason"
    assert ((slate.shortfall == "") == filled.all(axis=1)).all(), "a short slate says why"


@settings(max_examples=40, deadline=None)
@given(crowd=CROWDS.filter(lambda crowd: crowd.n_users > 1), config=CONFIGS, seed=st.integers(0, 99))
def test_who_else_is_asked_for_changes_no_slate(crowd, config, seed):
    model = Recommender.fit(crowd, domain=DOMAIN)
    batch = model.recommend(crowd, config, seed=seed)
    for b in range(crowd.n_users):
        alone = model.recommend(crowd.part(b, b + 1), config, seed=seed)
        assert alone.items[0].tolist() == batch.items[b].tolist()
        assert alone.reasons[0].tolist() == batch.reasons[b].tolist()
        assert alone.propensity[0].tolist() == batch.propensity[b].tolist()


@settings(max_examples=40, deadline=None)
@given(crowd=CROWDS, config=CONFIGS)
def test_chance_only_touches_exploring_places(crowd, config):
    model = Recommender.fit(crowd, domain=DOMAIN)
    sure = model.recommend(crowd, replace(config, explore=replace(config.explore, share=0.0)), seed=1)
    tried = model.recommend(crowd, config, seed=1)
    kept = tried.source != "explore"
    assert (tried.items == sure.items)[kept].all()
    assert kept[:, : max(config.length - config.explore.places, 0)].all()
