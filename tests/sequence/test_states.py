"""A state that is carried on by new events alone is that of a full reading, however and whenever they come."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from tenure.domain import Role
from tenure.errors import ConfigError
from tenure.events.sequences import Sequences
from tenure.sequence import scoring
from tenure.sequence.blocks import BLOCKS
from tenure.sequence.config import HeartConfig
from tenure.sequence.histories import Histories, usual
from tenure.sequence.items import ItemTokens
from tenure.sequence.learnt import Learnt
from tenure.sequence.neighbours import Neighbours
from tenure.sequence.network import Heart, Shape
from tenure.sequence.states import Server, best_items, carry, scores, user_states
from tenure.sequence.steps import steps

DAY = 86_400
N_ITEMS, N_PEOPLE, WINDOW = 40, 2, 6
SMALL = HeartConfig(width=16, n_blocks=2, n_heads=2, window=WINDOW, n_recent=4)


def sequences(users: list[list[tuple[int, int, int, float]]]) -> Sequences:
    """Of each user the events: (second, role, item, value)."""
    lengths = np.array([len(user) for user in users], np.int64)
    rows = np.array([event for user in users for event in user], np.float64).reshape(-1, 4)
    return Sequences(
        np.cumsum(lengths) - lengths,
        np.cumsum(lengths),
        rows[:, 0].astype(np.int64),
        rows[:, 1].astype(np.int8),
        rows[:, 2].astype(np.int32),
        rows[:, 3].astype(np.float32),
    )


def events(n: int, seed: int) -> list[tuple[int, int, int, float]]:
    """Some of one second, some a month apart, some without an item, a role or a value."""
    draw = np.random.default_rng(seed)
    gaps = np.where(draw.random(n) < 0.4, 0, 10 ** draw.uniform(0, 6.4, n)).astype(int)
    when = 1_700_000_000 + np.cumsum(gaps)
    return [
        (int(second), int(draw.integers(-1, len(Role))), int(draw.integers(-1, N_ITEMS)), value)
        for second, value in zip(when, np.where(draw.random(n) < 0.5, np.nan, draw.lognormal(2, 1, n)), strict=True)
    ]


def tokens_with_content() -> ItemTokens:
    ids = [f"i{i}" for i in range(N_ITEMS)]
    known = ItemTokens.of(ids[:-3], {name: [f"kind={i % 5}", f"maker={i % 3}"] for i, name in enumerate(ids)})
    return known.with_items(ids, {ids[-1]: ["kind=1"]})


def learnt_of(trunk="plain", *, knows_time=True, may_repeat=False, tokens=None, n_people=N_PEOPLE) -> Learnt:
    """A heart with weights drawn at random, large enough that everything counts."""
    world = sequences([events(30, seed) for seed in range(40)])
    given = Histories.of(world)
    torch.manual_seed(0)
    shape = Shape(
        replace(SMALL, trunk=trunk),
        n_features=given.features.shape[1],
        knows_time=knows_time,
        may_repeat=may_repeat,
        n_people=n_people,
    )
    heart = Heart(shape, tokens or ItemTokens.plain(N_ITEMS))
    with torch.no_grad():
        for name, weight in heart.named_parameters():
            if not name.endswith("ages"):
                weight.add_(0.3 * torch.randn_like(weight))
    neighbours = Neighbours.fit(*given.meetings(), N_ITEMS, n_neighbours=8)
    return Learnt(heart.eval(), neighbours, (), usual(steps(world, 1 << 40)))


PEOPLE = np.random.default_rng(3).normal(size=(8, N_PEOPLE)).astype(np.float32)


def read(learnt: Learnt, users: list[list[tuple[int, int, int, float]]]) -> Histories:
    U = learnt.heart.shape.n_people
    return Histories.of(sequences(users), learnt.normaliser, people=PEOPLE[: len(users), :U])


def expect_same(learnt, carried, users):
    """As a full reading says it: states, times, scores, and the best items."""
    given = read(learnt, users)
    whole = user_states(learnt, given)
    np.testing.assert_allclose(carried.states, whole.states, atol=1e-5)
    np.testing.assert_array_equal(carried.seconds, whole.seconds)
    said = np.zeros((len(users), N_ITEMS), np.float32)
    for rows, some in scoring.scores(learnt.heart, learnt.neighbours, given):
        said[rows] = some
    np.testing.assert_allclose(scores(carried), said, atol=1e-5, rtol=1e-5)
    best = best_items(carried, 5)
    if not learnt.heart.shape.may_repeat:
        said[given.met()] = -np.inf
    expected = -np.sort(-said, axis=1)[:, :5]
    np.testing.assert_allclose(best.scores, expected, atol=1e-5, rtol=1e-5)
    for row, (items, goals) in enumerate(zip(best.items, best.scores, strict=True)):
        is_said = np.isfinite(goals)
        assert (items[~is_said] == -1).all()
        np.testing.assert_allclose(said[row, items[is_said]], goals[is_said], atol=1e-5, rtol=1e-5)


def test_all_at_once_is_as_good_as_a_few_and_in_the_order_of_the_users():
    learnt = learnt_of()
    users = [events(n, seed) for seed, n in enumerate([3, 0, 25, 1, 9])]
    given = read(learnt, users)
    together, few = user_states(learnt, given), user_states(learnt, given, at_once=2)
    np.testing.assert_allclose(together.states, few.states, atol=1e-5)
    for row, user in enumerate(users):
        alone = Histories.of(sequences([user]), learnt.normaliser, people=PEOPLE[row : row + 1])
        np.testing.assert_allclose(user_states(learnt, alone).states[0], together.states[row], atol=1e-5)
    assert together.seconds.tolist() == [user[-1][0] if user else 0 for user in users]
    assert user_states(learnt, given.rows(np.zeros(0, np.int64))).states.shape == (0, SMALL.width)


@pytest.mark.parametrize("trunk", BLOCKS)
@pytest.mark.parametrize("knows_time", [True, False])
def test_one_event_after_the_other_is_a_full_reading_each_time(trunk, knows_time):
    """From an unknown user on, past several moves of the window; events of one second come one by one too."""
    learnt = learnt_of(trunk, knows_time=knows_time)
    user = events(40, seed=5)
    carried = carry(Server.of(learnt), read(learnt, [[]]))
    expect_same(learnt, carried, [[]])
    for i, event in enumerate(user):
        carried = carried.after(sequences([[event]]))
        expect_same(learnt, carried, [user[: i + 1]])


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("kind", ["plain", "content", "repeat", "nobody"])
def test_users_carried_on_together_come_where_a_full_reading_comes(kind, seed):
    """Cut at random places: nothing new for some, many steps for others, baskets cut in two."""
    learnt = learnt_of(
        "gated",
        tokens=tokens_with_content() if kind == "content" else None,
        may_repeat=kind == "repeat",
        n_people=0 if kind == "nobody" else N_PEOPLE,
    )
    draw = np.random.default_rng(seed)
    users = [events(int(n), seed=10 * seed + i) for i, n in enumerate(draw.integers(0, 60, 6))]
    cuts = np.sort([np.concatenate([draw.integers(0, len(user) + 1, 3), [len(user)]]) for user in users], axis=1)
    carried = carry(Server.of(learnt), read(learnt, [user[:n] for user, n in zip(users, cuts[:, 0], strict=True)]))
    for low, high in zip(cuts.T, cuts.T[1:], strict=False):
        fresh = [user[i:j] for user, i, j in zip(users, low, high, strict=True)]
        carried = carried.after(sequences(fresh))
        expect_same(learnt, carried, [user[:j] for user, j in zip(users, high, strict=True)])
    some = carried.rows(np.array([4, 1]))
    np.testing.assert_array_equal(some.states, carried.states[[4, 1]])


def test_a_basket_and_its_rest_are_one_step():
    learnt = learnt_of()
    before = [(DAY, 0, 1, 2.0)]
    basket = [(2 * DAY, 1, item, 1.0) for item in range(10, 25)]
    carried = carry(Server.of(learnt), read(learnt, [before])).after(sequences([basket[:7]]))
    expect_same(learnt, carried, [before + basket[:7]])
    carried = carried.after(read(learnt, [basket[7:]]))
    expect_same(learnt, carried, [before + basket])


def test_of_a_long_past_the_newest_items_are_summed_up():
    """Steps of 90 items: three of them are more than the past holds, and the window moves by three."""
    learnt = learnt_of()
    draw = np.random.default_rng(0)
    days = [[(DAY * day, 0, int(item), 1.0) for item in draw.integers(0, N_ITEMS, 90)] for day in range(4 * WINDOW)]
    carried = carry(Server.of(learnt), read(learnt, [[]]))
    for n in range(1, len(days) + 1):
        carried = carried.after(sequences([days[n - 1]]))
        if n % 2:
            expect_same(learnt, carried, [[event for day in days[:n] for event in day]])


def test_a_window_of_one_step_moves_each_time():
    learnt = learnt_of()
    learnt = replace(learnt, heart=one_step(learnt.heart))
    user = events(12, seed=2)
    carried = carry(Server.of(learnt), read(learnt, [user[:2]]))
    for i in range(2, 12):
        carried = carried.after(sequences([user[i : i + 1]]))
        expect_same(learnt, carried, [user[: i + 1]])


def one_step(heart: Heart) -> Heart:
    shape = replace(heart.shape, config=replace(heart.shape.config, window=1))
    made = Heart(shape, heart.tokens)
    known = heart.state_dict()
    made.load_state_dict({**known, "repeat_ages": known["repeat_ages"][:1]})
    return made.eval()


def test_carrying_on_changes_nothing_that_was_known():
    learnt = learnt_of()
    user = events(20, seed=1)
    carried = carry(Server.of(learnt), read(learnt, [user[:10]]))
    one, other = (carried.after(sequences([user[10:15]])) for _ in range(2))
    np.testing.assert_array_equal(one.states, other.states)
    expect_same(learnt, carried, [user[:10]])
    assert carried.after(sequences([[]])).states.tolist() == carried.states.tolist()


def test_only_new_steps_are_read(monkeypatch):
    learnt = learnt_of()
    lengths = []
    run = learnt.heart.run
    monkeypatch.setattr(learnt.heart, "run", lambda x, *rest: lengths.append(x.shape[1]) or run(x, *rest))
    days = [(DAY * day, 0, day, 1.0) for day in range(WINDOW + 3)]
    carried = carry(Server.of(learnt), read(learnt, [days[:3]]))
    for event in days[3:]:
        carried = carried.after(sequences([[event]]))
    # The past and three steps; one at a time; at the move of the window the past and all but half of it; one more.
    assert lengths == [4, 1, 1, 1, 1 + WINDOW - 2, 1, 1]


def test_late_or_unknown_events_are_refused():
    learnt = learnt_of()
    carried = carry(Server.of(learnt), read(learnt, [[(DAY, 0, 1, 1.0)], []]))
    with pytest.raises(ConfigError, match="none older than their newest step"):
        carried.after(sequences([[(DAY - 1, 0, 1, 1.0)], []]))
    with pytest.raises(ConfigError, match="user 1 in order"):
        carried.after(sequences([[], [(DAY, 0, 1, 1.0), (DAY - 1, 0, 1, 1.0)]]))
    with pytest.raises(ConfigError, match=f"items below {N_ITEMS}"):
        carried.after(sequences([[(DAY, 0, N_ITEMS, 1.0)], []]))
    with pytest.raises(ConfigError, match="new events of 2 users, got those of 1"):
        carried.after(sequences([[(DAY, 0, 1, 1.0)]]))


def test_who_met_everything_is_told_nothing():
    learnt = learnt_of()
    carried = carry(Server.of(learnt), read(learnt, [[(DAY, 0, item, 1.0) for item in range(N_ITEMS - 2)]]))
    best = best_items(carried, 4)
    assert sorted(best.items[0, :2].tolist()) == [N_ITEMS - 2, N_ITEMS - 1]
    assert best.items[0, 2:].tolist() == [-1, -1]
    assert best_items(carried, 1000).items.shape == (1, N_ITEMS)
    assert best_items(carried.rows(np.zeros(0, np.int64)), 4).items.shape == (0, 4)
