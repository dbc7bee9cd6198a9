"""One step for all that happened at one moment, and nothing of anybody else."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pytest

from tenure.domain import Role
from tenure.events.sequences import Sequences
from tenure.sequence.steps import FEATURES, steps

NAMES = list(FEATURES)
DAY = 86_400
SUNDAY_SIX = int((datetime(2024, 6, 2, 6) - datetime(1970, 1, 1)).total_seconds())
ROLE = {str(role): i for i, role in enumerate(Role)}


def made(users: list[list[tuple]], ends: list[int] | None = None) -> Sequences:
    """One sequence per user of (second, role, value)."""
    lengths = np.array([len(user) for user in users])
    events = [event for user in users for event in user]
    starts = np.cumsum(lengths) - lengths
    return Sequences(
        starts,
        starts + (lengths if ends is None else np.array(ends)),
        np.array([second for second, *_ in events], np.int64),
        np.array([ROLE.get(role, -1) for _, role, _ in events], np.int8),
        np.full(len(events), -1, np.int32),
        np.array([np.nan if value is None else value for *_, value in events], np.float32),
    )


def random(seed: int, n_users: int = 20) -> Sequences:
    draw = np.random.default_rng(seed)
    users = [
        [
            (int(second), draw.choice(list(ROLE)), None if draw.random() < 0.3 else draw.normal())
            for second in np.sort(times)
        ]
        for times in (draw.integers(0, 30, draw.integers(0, 12)) for _ in range(n_users))
    ]
    return made(users, [draw.integers(0, len(user) + 1) for user in users])


def of(found, i: int) -> np.ndarray:
    return found.features[found.starts[i] : found.ends[i]]


def test_known_steps():
    basket = [(SUNDAY_SIX, "commitment", 2.0), (SUNDAY_SIX, "commitment", 3.0), (SUNDAY_SIX, None, None)]
    later = [(SUNDAY_SIX + DAY, "interest", None)]
    found = steps(made([basket + later]), 10)
    first, second = (dict(zip(NAMES, row, strict=True)) for row in of(found, 0))
    assert (first["n_commitment"], first["n_no_role"], first["n_events"], first["value"]) == (2, 1, 3, 5)
    assert np.isnan(first["gap_days"])
    assert (first["hour_sin"], first["hour_cos"]) == pytest.approx((1, 0), abs=1e-12)
    angle = 2 * np.pi * 6 / 7
    assert (first["weekday_sin"], first["weekday_cos"]) == pytest.approx((np.sin(angle), np.cos(angle)))
    assert (second["n_interest"], second["n_events"], second["gap_days"]) == (1, 1, 1)
    assert np.isnan(second["value"])
    assert (second["weekday_sin"], second["weekday_cos"]) == pytest.approx((0, 1))
    assert found.seconds.tolist() == [SUNDAY_SIX, SUNDAY_SIX + DAY]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("n_newest", [1, 3, 100])
def test_each_alone_as_in_a_crowd(seed, n_newest):
    sequences = random(seed)
    together = steps(sequences, n_newest)
    for i in range(len(sequences)):
        alone = steps(sequences.rows(np.array([i])), n_newest)
        np.testing.assert_array_equal(of(together, i), of(alone, 0))
        here = slice(sequences.starts[i], sequences.ends[i])
        moments = np.unique(sequences.seconds[here])[-n_newest:]
        assert together.seconds[together.starts[i] : together.ends[i]].tolist() == moments.tolist()
    total = np.nansum(sequences.values[here])
    if n_newest == 100:
        assert np.nansum(of(together, i)[:, NAMES.index("value")]) == pytest.approx(total, rel=1e-6)


def test_two_users_in_one_second_stay_two():
    sequences = made([[(5, "commitment", 1.0)], [(5, "commitment", 10.0)], [(5, "commitment", 100.0)]])
    without_the_second = sequences.rows(np.array([0, 2]))
    for found in (steps(sequences, 5), steps(without_the_second, 5)):
        assert of(found, 0)[:, NAMES.index("value")].tolist() == [1.0]
        assert np.isnan(of(found, 0)[0, NAMES.index("gap_days")])
    assert of(steps(without_the_second, 5), 1)[:, NAMES.index("value")].tolist() == [100.0]


def test_only_what_is_read_is_kept():
    sequences = made([[(second, None, None) for second in range(100)]], [60])
    found = steps(sequences, 10)
    assert found.seconds.tolist() == list(range(50, 60))
    assert not np.isnan(of(found, 0)[:, NAMES.index("gap_days")]).any()  # the step before is known, though not read


def test_nobody_did_anything():
    found = steps(made([[(1, None, None)], []], [0, 0]), 5)
    assert found.features.shape == (0, len(NAMES))
    assert (found.starts == found.ends).all()
    assert len(steps(made([]), 5).starts) == 0
