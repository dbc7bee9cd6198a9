"""What simulated users do in their visits."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from tenure.domain import Role
from tenure.events.simulate.catalogue import Catalogue
from tenure.events.simulate.config import SimulationConfig
from tenure.events.simulate.happenings import Happenings
from tenure.events.simulate.users import Users
from tenure.events.simulate.visits import Visits
from tenure.schema import SECONDS_PER_DAY

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]

_P_INTENT_WITHOUT_COMMITMENT, _P_INTENT_WITH_COMMITMENT = 0.12, 0.8
_DISCOUNTS = np.array([0.1, 0.2, 0.3])
_MEDIAN_DWELL_SECONDS = 40.0
_MEDIAN_DAYS_TO_REVERSAL = 5.0


def behave(
    users: Users, visits: Visits, catalogue: Catalogue, config: SimulationConfig, rng: np.random.Generator
) -> Iterator[Happenings]:
    """What happens in these visits, role by role."""
    n_visits = len(visits)
    n_chosen = np.where(visits.has_commitment, 1 + rng.poisson(config.commitments_per_basket - 1, n_visits), 0)
    n_looks = np.maximum(1 + rng.poisson(config.interests_per_visit - 1, n_visits), n_chosen)
    first_look = np.cumsum(n_looks) - n_looks
    visit = np.repeat(np.arange(n_visits), n_looks)
    item = choose_items(users, catalogue, config, rng, user=visits.user[visit], at=visits.at[visit])
    dwell = _MEDIAN_DWELL_SECONDS * np.exp(rng.normal(0, 0.8, len(visit)))
    begun = np.cumsum(dwell) - dwell
    begun -= begun[first_look][visit]
    length: FloatArray = np.bincount(visit, weights=dwell, minlength=n_visits).astype(np.float64)

    shown = np.repeat(np.arange(n_visits), rng.poisson(config.exposures_per_visit, n_visits))
    popular = catalogue.shelf.draw_any(rng.random(len(shown)))
    popular = _present(catalogue, popular, catalogue.category[popular], visits.at[shown], rng.random(len(shown)))
    yield Happenings.of(Role.EXPOSURE, shown, rng.random(len(shown)) * length[shown], popular)
    yield Happenings.of(Role.INTEREST, visit, begun, item, duration=dwell)

    is_chosen = np.arange(len(visit)) - first_look[visit] < n_chosen[visit]
    p_intent = np.where(is_chosen, _P_INTENT_WITH_COMMITMENT, _P_INTENT_WITHOUT_COMMITMENT)
    has_intent = rng.random(len(visit)) < p_intent
    yield Happenings.of(Role.INTENT, visit, begun + dwell, item)[has_intent]

    companion = catalogue.companion[item]
    brings = is_chosen & (companion >= 0) & (rng.random(len(visit)) < config.p_companion)
    basket = np.concatenate([visit[is_chosen], visit[brings]])
    chosen = np.concatenate([item[is_chosen], companion[brings]])
    quantity = 1 + rng.poisson(0.25, len(basket)).astype(np.float64)
    is_cheaper = rng.random(len(basket)) < users.p_discount[visits.user[basket]]
    rebate = np.where(is_cheaper, rng.choice(_DISCOUNTS, len(basket)), 0.0)
    price = catalogue.price[chosen] * quantity * (1.0 if config.has_values else np.nan)
    discount = np.round(price * rebate, 2)
    paid = np.round(price - discount, 2)
    done = length[basket] + 20
    yield Happenings.of(Role.COMMITMENT, basket, done, chosen, value=paid, quantity=quantity, discount=discount)

    is_rated = rng.random(len(basket)) < config.p_satisfaction
    whim = rng.random(len(basket))
    stars = np.where(visits.is_pleased[basket], 4 + np.floor(2 * whim), 1 + np.floor(3 * whim))
    yield Happenings.of(Role.SATISFACTION, basket, done + 40, chosen, value=stars)[is_rated]

    tells = np.flatnonzero(visits.is_pleased & (rng.random(n_visits) < config.p_referral))
    yield Happenings.of(Role.REFERRAL, tells, length[tells] + 90, item[first_look[tells]])
    leaves = np.flatnonzero(visits.has_goodbye)
    yield Happenings.of(Role.EXIT, leaves, length[leaves] + 120)

    is_undone = rng.random(len(basket)) < config.p_reversal
    wait = _MEDIAN_DAYS_TO_REVERSAL * np.exp(rng.normal(0, 0.5, len(basket))) * SECONDS_PER_DAY
    yield Happenings.of(Role.REVERSAL, basket, done + wait, chosen, value=-paid, quantity=quantity)[is_undone]


def choose_items(
    users: Users,
    catalogue: Catalogue,
    config: SimulationConfig,
    rng: np.random.Generator,
    *,
    user: IntArray,
    at: FloatArray,
) -> IntArray:
    """Which item does each of these users (rows) choose at this time (days)?

    `Truth.p_items` is the exact law of this draw.
    """
    n_categories = catalogue.n_categories
    drift, topic, habit, loyalty, pick, instead = rng.random((6, len(user)))
    row = user + len(users) * (drift < config.taste_drift * at / config.days)
    taste = np.concatenate([users.taste, users.later_taste])
    # All users' cumulative tastes on one ladder, user after user: one search serves everybody.
    ladder = (np.cumsum(taste, axis=1) + np.arange(len(taste))[:, None]).ravel()
    category = np.clip(np.searchsorted(ladder, row + topic) - row * n_categories, 0, n_categories - 1)
    item = np.where(
        loyalty < config.loyalty,
        catalogue.brand_shelf.draw(category * config.n_brands + users.brand[user], pick),
        catalogue.shelf.draw(category, pick),
    )
    item = np.where(habit < config.habit, users.usual[user, category], item)
    return _present(catalogue, item, category, at, instead)


def _present(catalogue: Catalogue, item: IntArray, category: IntArray, at: FloatArray, uniform: FloatArray) -> IntArray:
    """These items, but an old one of the category where the item does not exist (-1) or has not arrived."""
    is_absent = (item < 0) | (catalogue.arrived[item] > at)
    return np.where(is_absent, catalogue.old_shelf.draw(category, uniform), item)
