"""The truth behind the simulated users agrees with what they do."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pyarrow.compute as pc
import pytest
from scipy.stats import chisquare

from tenure.errors import ConfigError
from tenure.events.simulate import Simulation, SimulationConfig, simulate
from tenure.events.simulate.behaviour import choose_items
from tenure.events.simulate.truth import commitments_ahead
from tenure.seeds import generator

CONFIG = SimulationConfig(n_users=4_000, n_items=200, days=150, seed=11)


@pytest.fixture(scope="module")
def world() -> Simulation:
    return simulate(CONFIG)


def committed(world: Simulation, as_of: datetime, horizon_days: int) -> set[str]:
    events = world.events
    time, end = events["timestamp"], as_of + timedelta(days=horizon_days)
    within = pc.and_(pc.greater_equal(time, as_of), pc.less(time, end))
    return set(events.filter(pc.and_(within, pc.equal(events["event_type"], "purchase")))["user_id"].to_pylist())


@pytest.mark.parametrize("knows_departure", [False, True])
@pytest.mark.parametrize(("day", "horizon_days"), [(40, 7), (90, 30), (120, 30)])
def test_probabilities_are_calibrated_at_every_level(
    world: Simulation, day: int, horizon_days: int, knows_departure: bool
) -> None:
    as_of = CONFIG.start + timedelta(days=day)
    table = world.truth.p_commit(as_of, horizon_days, knows_departure=knows_departure)
    came = committed(world, as_of, horizon_days)
    p = table["p_commit"].to_numpy()
    y = np.array([user in came for user in table["user_id"].to_pylist()])
    for level in range(10):
        rows = (p >= level / 10) & (p <= (level + 1) / 10)
        deviation = y[rows].sum() - p[rows].sum()
        assert abs(deviation) < 4 * np.sqrt((p[rows] * (1 - p[rows])).sum()) + 1, f"users with p around {level / 10}"


def test_expected_commitments_match_their_number(world: Simulation) -> None:
    as_of = CONFIG.start + timedelta(days=90)
    visits = world.truth.visits
    within = (
        (visits.at >= 90) & (visits.at < 120) & visits.has_commitment & (world.truth.users.joined[visits.user] < 90)
    )
    expected = world.truth.p_commit(as_of, 30)["expected_commitments"].to_numpy().sum()
    by_user = np.bincount(visits.user[within], minlength=CONFIG.n_users)
    assert abs(by_user.sum() - expected) < 4 * np.sqrt((by_user.astype(float) ** 2).sum())


def test_probability_of_being_alive_is_calibrated(world: Simulation) -> None:
    as_of = CONFIG.start + timedelta(days=100)
    inferred = world.truth.p_commit(as_of, 30)["p_alive"].to_numpy()
    known = world.truth.p_commit(as_of, 30, knows_departure=True)["p_alive"].to_numpy()
    assert set(np.unique(known)) <= {0.0, 1.0}
    for low, high in ((0, 0.3), (0.3, 0.7), (0.7, 1)):
        rows = (inferred >= low) & (inferred <= high)
        p = inferred[rows]
        assert abs(known[rows].sum() - p.sum()) < 4 * np.sqrt((p * (1 - p)).sum())


@pytest.mark.parametrize(("shape", "age", "rate"), [(1, 3.0, 0.3), (2, 0.0, 0.2), (3, 9.0, 0.25), (3, 2.0, 0.8)])
def test_closed_form_agrees_with_brute_force(world: Simulation, shape: int, age: float, rate: float) -> None:
    """The oracle: draw gaps until one outlasts the silence, then live on, visit by visit."""
    rng = generator(5, "brute force", shape)
    horizon, n = 20.0, 20_000
    users = replace(
        world.truth.users.head(1),
        shape=np.array([shape]),
        rate=np.array([rate * shape]),
        p_pleased=np.array([0.7]),
        p_commit=np.array([[0.1, 0.4]]),
        p_leave=np.array([[0.3, 0.05]]),
    )
    p, expected = commitments_ahead(users, np.array([0]), np.array([age]), horizon)

    gaps = rng.gamma(shape, 1 / (rate * shape), 400_000)
    time = (gaps[gaps > age] - age)[:n]
    n = len(time)
    n_committed, is_there = np.zeros(n), np.ones(n, dtype=bool)
    while np.any(is_there & (time < horizon)):
        visits = is_there & (time < horizon)
        pleased = (rng.random(n) < 0.7).astype(int)
        n_committed += visits & (rng.random(n) < np.array([0.1, 0.4])[pleased])
        is_there &= ~(visits & (rng.random(n) < np.array([0.3, 0.05])[pleased]))
        time = np.where(visits, time + rng.gamma(shape, 1 / (rate * shape), n), time)
    simulated = (n_committed > 0).mean()
    assert n > 5_000
    assert abs(simulated - p[0]) < 4 * np.sqrt(p[0] * (1 - p[0]) / n)
    assert abs(n_committed.mean() - expected[0]) < 4 * n_committed.std() / np.sqrt(n)


def test_choices_follow_their_law(world: Simulation) -> None:
    truth = world.truth
    day, n = 100.0, 60_000
    for row in (0, 17):
        user = np.full(n, row)
        rng = generator(1, "choices", row)
        drawn = choose_items(truth.users, truth.catalogue, CONFIG, rng, user=user, at=np.full(n, day))
        p = truth.p_items(np.array([row]), CONFIG.start + timedelta(days=day))[0]
        assert p.sum() == pytest.approx(1)
        seen = np.bincount(drawn, minlength=CONFIG.n_items)
        assert not seen[p == 0].any(), "an item that cannot be chosen was chosen"
        often = p * n >= 5
        observed = np.append(seen[often], seen[~often].sum())
        expected = np.append(p[often], p[~often].sum()) * n
        assert chisquare(observed[expected > 0], expected[expected > 0]).pvalue > 1e-4


def test_best_items_are_the_most_likely(world: Simulation) -> None:
    as_of = CONFIG.start + timedelta(days=100)
    rows = np.array([5, 2])
    best = world.truth.best_items(as_of, 4, rows)
    p = world.truth.p_items(rows, as_of)
    assert best["user_id"].to_pylist() == ["u0000005"] * 4 + ["u0000002"] * 4
    assert best["rank"].to_pylist() == [1, 2, 3, 4] * 2
    assert np.allclose(best["p"].to_numpy().reshape(2, 4), -np.sort(-p, axis=1)[:, :4])
    assert best["item_id"].to_pylist()[0] == world.items["item_id"][int(p[0].argmax())].as_py()


def test_taste_drifts() -> None:
    truth = simulate(SimulationConfig(n_users=200, n_items=100, days=100, taste_drift=1.0, new_item_share=0.0)).truth
    rows = np.arange(200)
    in_category = truth.catalogue.category[:, None] == np.arange(truth.catalogue.n_categories)
    at_start = truth.p_items(rows, truth.config.start) @ in_category
    at_end = truth.p_items(rows, truth.config.start + timedelta(days=100)) @ in_category
    assert np.allclose(at_start, truth.users.taste, atol=1e-6)
    assert np.allclose(at_end, truth.users.later_taste, atol=1e-6)


def test_contacts_work_as_the_response_type_says(world: Simulation) -> None:
    as_of = CONFIG.start + timedelta(days=100)
    table = world.truth.p_commit(as_of, 30)
    kinds = dict(zip(*(world.truth.to_table()[name].to_pylist() for name in ("user_id", "response_type")), strict=True))
    kind = np.array([kinds[user] for user in table["user_id"].to_pylist()])
    p, q = table["p_commit"].to_numpy(), table["p_commit_if_contacted"].to_numpy()
    assert np.all(q[kind == "persuadable"] > p[kind == "persuadable"])
    assert np.all(q[kind == "sleeping dog"] <= p[kind == "sleeping dog"])
    assert np.array_equal(
        q[np.isin(kind, ["sure thing", "lost cause"])], p[np.isin(kind, ["sure thing", "lost cause"])]
    )
    nobody, everybody = (np.full(len(table), flag) for flag in (False, True))
    without, contacted = (world.truth.outcomes(as_of, 30, who) for who in (nobody, everybody))
    assert abs(without.sum() - p.sum()) < 4 * np.sqrt((p * (1 - p)).sum())
    assert abs(contacted.sum() - q.sum()) < 4 * np.sqrt((q * (1 - q)).sum())
    assert np.all(contacted[kind == "persuadable"] >= without[kind == "persuadable"])
    with pytest.raises(ConfigError, match="one per row of p_commit"):
        world.truth.outcomes(as_of, 30, np.array([True]))


def test_sure_things_come_more_often_than_lost_causes(world: Simulation) -> None:
    table = world.truth.to_table()
    rate, kind = table["visits_per_day"].to_numpy(), np.array(table["response_type"].to_pylist())
    assert rate[kind == "sure thing"].mean() > 1.5 * rate[kind == "lost cause"].mean()


def test_times_outside_the_window_are_refused(world: Simulation) -> None:
    with pytest.raises(ConfigError, match="within the simulated window"):
        world.truth.p_commit(CONFIG.start + timedelta(days=151), 30)
    with pytest.raises(ConfigError, match="simulate a longer window"):
        world.truth.p_commit(CONFIG.start - timedelta(days=1), 30)
    with pytest.raises(ConfigError, match="horizon_days: expected"):
        world.truth.p_commit(CONFIG.start + timedelta(days=100), 900)
    assert world.truth.p_commit(CONFIG.start, 30).num_rows == 0
