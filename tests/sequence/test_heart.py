"""The network sees nothing later, a batch is as good as one by one, and it learns what was planted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from tenure.errors import ConfigError, EvidenceError, SourceError
from tenure.events.sequences import Sequences
from tenure.sequence.arrays import from_arrays, to_arrays
from tenure.sequence.blocks import BLOCKS
from tenure.sequence.config import SIZES, HeartConfig, TrainingConfig
from tenure.sequence.histories import Histories
from tenure.sequence.items import ItemTokens
from tenure.sequence.network import Heart, Shape
from tenure.sequence.scoring import Asked, ranks, scores
from tenure.sequence.training import learn
from tenure.sequence.windows import newest
from tenure.storage.arrays import load_model, save_model

DAY = 86_400
N_ITEMS = 20
SMALL = HeartConfig(width=16, n_blocks=1, n_heads=2, window=8, dropout=0.0, item_dropout=0.0)
QUICK = TrainingConfig(batch_size=32, n_negatives=10, most_epochs=4, epochs_per_look=2, n_threads=1, warm_up=5)


def sequences(users: list[list[list[int]]]) -> Sequences:
    """Of each user the items of each step, a step a day."""
    events = [(day, item) for user in users for day, step in enumerate(user) for item in step]
    lengths = np.array([sum(map(len, user)) for user in users])
    starts = np.cumsum(lengths) - lengths
    n = len(events)
    return Sequences(
        starts,
        starts + lengths,
        np.array([DAY * day for day, _ in events], np.int64),
        np.zeros(n, np.int8),
        np.array([item for _, item in events], np.int32),
        np.full(n, np.nan, np.float32),
    )


def rounds(n_users=60, n_steps=12, seed=0):
    """Everybody walks round the same circle of items, each from their own start."""
    draw = np.random.default_rng(seed)
    return [[[int((start + k) % N_ITEMS)] for k in range(n_steps)] for start in draw.integers(0, N_ITEMS, n_users)]


def heart_of(trunk="plain", *, knows_time=True) -> Heart:
    torch.manual_seed(0)
    heart = Heart(
        Shape(replace(SMALL, trunk=trunk), n_features=3, knows_time=knows_time, may_repeat=False),
        ItemTokens.plain(N_ITEMS),
    )
    with torch.no_grad():
        for weight in heart.parameters():
            weight.add_(0.3 * torch.randn_like(weight))
    return heart.eval()


def histories(users) -> Histories:
    made = Histories.of(sequences(users))
    features = np.random.default_rng(1).normal(size=(len(made.features), 3)).astype(np.float32)
    return replace(made, features=features)


@pytest.mark.parametrize("trunk", BLOCKS)
def test_a_state_knows_nothing_later(trunk):
    users = rounds(n_users=4, n_steps=8)
    heart, given = heart_of(trunk), histories(users)
    batch = given.read(newest(given.n_steps, 8))
    later = replace(batch, features=batch.features.copy(), items=batch.items.copy())
    later.features[:, 5:] += 1.0
    later.items[batch.cells % 8 >= 5] = 0
    with torch.inference_mode():
        before, after = heart.states(batch), heart.states(later)
    assert torch.allclose(before[:, :6], after[:, :6], atol=1e-5)
    assert not torch.allclose(before[:, 6:], after[:, 6:], atol=1e-3)


@pytest.mark.parametrize("trunk", BLOCKS)
def test_a_batch_says_what_each_user_alone_would(trunk):
    users = [user[:n] for user, n in zip(rounds(n_users=5), [1, 3, 12, 7, 0], strict=True)]
    heart, given = heart_of(trunk), histories(users)
    windows = newest(given.n_steps, 8)
    with torch.inference_mode():
        together = heart.states(given.read(windows))
        for i in range(5):
            alone = given.read(windows.some(np.array([i])))
            n = int(alone.n_steps[0])
            assert torch.allclose(heart.states(alone)[0, n], together[i, n], atol=1e-5)


def test_within_a_step_the_order_of_items_means_nothing():
    heart = heart_of()
    one, other = ([[[1, 2, 3], [4, 5]]], [[[3, 1, 2], [5, 4]]])
    with torch.inference_mode():
        a, b = (heart.states(h.read(newest(h.n_steps, 8))) for h in map(histories, (one, other)))
    assert torch.allclose(a, b, atol=1e-6)


def prompted(n_users=200, n_steps=9, seed=0):
    """What each step is worth says what comes next: one of two items. Who met what says nothing."""
    draw = np.random.default_rng(seed)
    sign = draw.integers(0, 2, (n_users, n_steps))
    items = np.concatenate([draw.integers(0, 2, (n_users, 1)), sign[:, :-1]], axis=1)
    made = sequences([[[int(item)] for item in user] for user in items])
    return replace(made, values=np.where(sign, 100.0, 1.0).astype(np.float32).ravel()), sign[:, -1]


def test_it_learns_what_neighbours_cannot_tell():
    walked, goal = prompted()
    given = Histories.of(walked)
    held_out = Asked(given, goal)
    config = replace(SMALL, width=32, n_blocks=2)
    training = replace(QUICK, most_epochs=8, learning_rate=1e-2, memory=20)
    untaught, taught = (
        learn(given, N_ITEMS, held_out, config, replace(training, **changes))
        for changes in ({"most_epochs": 1, "learning_rate": 1e-9, "scalar_rate": 1e-9}, {})
    )
    right = [(ranks(made.heart, made.neighbours, held_out) == 0).mean() for made in (untaught, taught)]
    assert right[0] < 0.7
    assert right[1] > 0.95
    assert taught.looks[0].loss > taught.looks[-1].loss


def test_the_same_seed_learns_the_same():
    given = Histories.of(sequences(rounds(n_users=20)))
    one, two = (learn(given, N_ITEMS, None, SMALL, QUICK) for _ in range(2))
    for name, weight in one.heart.state_dict().items():
        assert torch.equal(weight, two.heart.state_dict()[name]), name
    other = learn(given, N_ITEMS, None, SMALL, replace(QUICK, seed=1))
    assert not torch.equal(one.heart.items.weight, other.heart.items.weight)


def test_it_comes_back_from_arrays_as_it_was(tmp_path):
    given = Histories.of(sequences(rounds(n_users=20)))
    made = learn(given, N_ITEMS, None, SMALL, QUICK)
    save_model(tmp_path, "heart", to_arrays(made))
    again = from_arrays(load_model(tmp_path, "heart"))
    heart, neighbours = again.heart, again.neighbours
    assert heart.shape == made.heart.shape
    for (users, said), (same, again) in zip(
        scores(made.heart, made.neighbours, given), scores(heart, neighbours, given), strict=True
    ):
        np.testing.assert_array_equal(users, same)
        np.testing.assert_array_equal(said, again)


def test_arrays_of_something_else_are_refused():
    made = learn(Histories.of(sequences(rounds(n_users=8))), N_ITEMS, None, SMALL, QUICK)
    arrays = to_arrays(made)
    for broken in ({}, {**arrays, "weight.norm.bias": np.zeros(3, np.float32)}, {**arrays, "heart": np.array("{}")}):
        with pytest.raises(SourceError, match="not those of a heart"):
            from_arrays(broken)


def test_learning_leaves_randomness_and_threads_as_they_were():
    torch.manual_seed(5)
    before = torch.get_num_threads(), torch.rand(1).item()
    torch.manual_seed(5)
    learn(Histories.of(sequences(rounds(n_users=8))), N_ITEMS, None, SMALL, QUICK)
    assert (torch.get_num_threads(), torch.rand(1).item()) == before


def test_items_met_again_may_be_said_where_users_come_back_to_them():
    draw = np.random.default_rng(0)
    favourites = draw.integers(0, N_ITEMS, 40)
    users = [[[int(favourite)] if draw.random() < 0.8 else [int(draw.integers(N_ITEMS))] for _ in range(10)]
             for favourite in favourites]  # fmt: skip
    given = Histories.of(sequences(users))
    made = learn(given, N_ITEMS, None, SMALL, replace(QUICK, most_epochs=20))
    assert made.heart.shape.may_repeat
    place = ranks(made.heart, made.neighbours, Asked(given, favourites))
    assert (place == 0).mean() > 0.7


def test_baskets_one_event_users_and_empty_ones_are_read():
    users = [[[0, 1, 2], [3]], [[4]], [], [[5], [6, 7, 8, 9, 10, 11]]]
    given = Histories.of(sequences(users))
    made = learn(given, N_ITEMS, None, SMALL, QUICK)
    said = list(scores(made.heart, made.neighbours, given))
    assert sorted(np.concatenate([rows for rows, _ in said]).tolist()) == [0, 1, 2, 3]
    assert all(np.isfinite(of_items).all() for _, of_items in said)


def test_nothing_to_learn_from_is_refused():
    with pytest.raises(EvidenceError, match="two items or more"):
        learn(Histories.of(sequences([[], []])), 5, None, SMALL, QUICK)
    with pytest.raises(EvidenceError, match="two items or more"):
        learn(Histories.of(sequences([[[0]], [[0]]])), 1, None, SMALL, QUICK)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"width": 10, "n_heads": 4}, "multiple of the 4 heads"),
        ({"window": 0}, "window: expected at least 1"),
        ({"dropout": 1.0}, "dropout"),
    ],
)
def test_impossible_shapes_are_refused(change, said):
    with pytest.raises(ConfigError, match=said):
        HeartConfig(**change)


def test_sizes_grow():
    known = [HeartConfig.of_size(size) for size in SIZES]
    counts = [c.n_blocks * c.width**2 for c in known]
    assert counts == sorted(counts)
    with pytest.raises(ConfigError, match="no size 'xxl'"):
        HeartConfig.of_size("xxl")
