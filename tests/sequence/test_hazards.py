"""Waits: what a hazard in stretches of time says, told in several ways that must agree."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad

from tenure.errors import EvidenceError
from tenure.sequence.hazards import Stretches, Waits

EDGES = np.array([0.0, 1.5, 6.0, 40.0])


def waits(n=40, edges=EDGES, seed=0) -> Waits:
    draw = np.random.default_rng(seed)
    return Waits(Stretches(edges), draw.normal(-2.5, 0.8, (n, len(edges))))


@pytest.mark.parametrize("edges", [EDGES, np.zeros(1), np.array([0.0, 3.0])])
def test_the_hazard_lived_through_is_its_integral(edges):
    told = waits(3, edges)
    for t in (0.2, 1.5, 5.0, 39.0, 90.0):
        for i in range(3):
            one = Waits(told.stretches, told.theta[i : i + 1])
            breaks = [e for e in edges if 0 < e < t]
            area = quad(lambda x, one=one: float(np.exp(one.log_hazard(np.array([x])))[0]), 0, t, points=breaks or None)
            assert one.cumulative(np.array([t]))[0] == pytest.approx(area[0], rel=1e-6)


def test_the_hazard_falls_as_one_over_t_and_no_faster_beyond_the_last_stretch():
    told = waits()
    late = np.full(40, 80.0)
    assert told.log_hazard(2 * late) == pytest.approx(told.log_hazard(late) - np.log(2))
    assert told.log_hazard(np.full(40, 0.1)) == pytest.approx(told.log_hazard(np.full(40, 1.4)))


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_quantiles_are_where_the_chance_is_reached(p):
    told, draw = waits(), np.random.default_rng(1)
    waited = draw.choice([0.0, 1.0, 5.0, 50.0], 40)
    days = told.quantile(p, waited)
    is_near = days < 1e6
    assert is_near.any()
    some = Waits(told.stretches, told.theta[is_near])
    came = -np.expm1(some.cumulative(waited[is_near]) - some.cumulative((waited + days)[is_near]))
    assert came == pytest.approx(np.full(is_near.sum(), p), abs=1e-9)
    assert told.p_within(waited, 30.0) == pytest.approx(
        -np.expm1(told.cumulative(waited) - told.cumulative(waited + 30.0))
    )


def test_everybodys_hazard_makes_what_was_seen_most_likely():
    draw = np.random.default_rng(2)
    days = draw.pareto(1.2, 4000) * 3
    came = days < 60
    seen = np.minimum(days, 60)
    stretches = Stretches.of(seen[came], 8)
    usual = stretches.usual(seen, came)

    def likelihood(theta):
        return Waits(stretches, np.tile(theta, (4000, 1))).log_likelihood(seen, came).mean()

    best = likelihood(usual)
    for j in range(len(usual)):
        for change in (-0.3, 0.3):
            moved = usual.copy()
            moved[j] += change
            assert likelihood(moved) < best + 1e-6
    # Of a power law it also knows the time that it never saw.
    away = np.exp(-Waits(stretches, usual[None]).cumulative(np.array([200.0])))[0]
    assert away == pytest.approx((days > 200).mean(), abs=0.02)


def test_whole_days_have_no_border_within_a_day_and_no_time_is_refused():
    edges = Stretches.of(np.repeat(np.arange(1.0, 40.0), 3)).edges
    assert ((edges[1:] + 0.5) % 1 == 0).all()
    with pytest.raises(EvidenceError, match="time between two steps"):
        Stretches.of(np.zeros(3))
