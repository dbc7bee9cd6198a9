"""Learning can stop and go on, be shared among processes, go on with newer events, and ends clearly when it fails."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from tenure.domain import Role
from tenure.errors import ConfigError, EvidenceError, TrainingError
from tenure.events.sequences import Sequences
from tenure.sequence.arrays import from_arrays, to_arrays
from tenure.sequence.checkpoints import Checkpoint
from tenure.sequence.config import HeartConfig, TrainingConfig
from tenure.sequence.hazards import Waits
from tenure.sequence.histories import Histories
from tenure.sequence.items import ItemTokens
from tenure.sequence.objectives import NextTime
from tenure.sequence.scoring import Asked, ranks
from tenure.sequence.together import learn_together
from tenure.sequence.training import learn
from tenure.sequence.windows import newest

DAY = 86_400
N_ITEMS = 15
SMALL = HeartConfig(width=16, n_blocks=1, n_heads=2, window=8, dropout=0.0, item_dropout=0.0)
QUICK = TrainingConfig(batch_size=16, n_negatives=8, most_epochs=4, epochs_per_look=1, n_threads=1, warm_up=5)
COMMITMENT = list(Role).index(Role.COMMITMENT)


def shoppers(n_users=60, seed=0, n_steps=12) -> Sequences:
    """Users with a rhythm of their own, who look (no value) or buy (value), walking round the items."""
    draw = np.random.default_rng(seed)
    pause = draw.uniform(0.5, 10, n_users)
    lengths = draw.integers(3, n_steps, n_users)
    ends = np.cumsum(lengths)
    n = ends[-1]
    who = np.repeat(np.arange(n_users), lengths)
    seconds = np.concatenate([np.cumsum(draw.exponential(p * DAY, k)) for p, k in zip(pause, lengths, strict=True)])
    buys = draw.random(n) < 0.4
    return Sequences(
        ends - lengths,
        ends,
        seconds.astype(np.int64),
        np.where(buys, COMMITMENT, 0).astype(np.int8),
        ((who + np.arange(n)) % N_ITEMS).astype(np.int32),
        np.where(buys, draw.lognormal(2, 0.5, n), np.nan).astype(np.float32),
    )


def same(one, other, tolerance=0.0) -> None:
    weights = other.heart.state_dict()
    for name, weight in one.heart.state_dict().items():
        assert torch.allclose(weight, weights[name], atol=tolerance, rtol=tolerance), name


def held_out(sequences: Sequences) -> tuple[Histories, Asked]:
    """Everything but the last step, and what that was."""
    whole = Histories.of(sequences)
    past = whole.known(whole.n_steps - 1)
    past = replace(past, until=past.steps.seconds[past.steps.ends - 1])  # nobody was seen to stay away
    last = whole.offsets[whole.steps.ends - 1]
    return past, Asked(past, whole.items[last], whole)


def test_a_training_that_was_killed_goes_on_as_if_it_never_stopped():
    past, asked = held_out(shoppers())
    kept = []
    config = replace(SMALL, dropout=0.3, item_dropout=0.2)  # so that what is drawn must go on, too
    whole = learn(past, N_ITEMS, asked, config, QUICK, keep=kept.append)
    assert len(kept) == 4
    stopped = Checkpoint.from_arrays(kept[1].to_arrays())
    again = learn(past, N_ITEMS, asked, config, QUICK, resume=stopped)
    same(whole, again)
    assert [look.ndcg for look in again.looks] == [look.ndcg for look in whole.looks]


def test_two_processes_learn_what_one_does():
    past, asked = held_out(shoppers())
    training = replace(QUICK, most_epochs=2, most_targets=1000)
    alone = learn(past, N_ITEMS, asked, SMALL, training)
    looks, kept = [], []
    together = learn_together(2)(past, N_ITEMS, asked, SMALL, training, looked=looks.append, keep=kept.append)
    same(alone, together, tolerance=1e-5)
    assert len(looks) == len(kept) == 2


def test_what_goes_wrong_in_a_process_is_told():
    with pytest.raises(ConfigError, match="are named"):
        learn_together(2)(Histories.of(shoppers()), 1, None, SMALL, QUICK)


def test_a_loss_that_is_no_number_stops_with_the_batch_named_and_the_last_state_kept():
    past, asked = held_out(shoppers())
    kept = []

    def keep(checkpoint):
        kept.append(checkpoint)
        if len(kept) == 2:
            past.features[:] = np.nan

    with pytest.raises(TrainingError, match="epoch 3, batch 1"):
        learn(past, N_ITEMS, asked, SMALL, QUICK, keep=keep)
    assert all(np.isfinite(array).all() for array in kept[-1].arrays.values() if array.dtype.kind == "f")


def test_learning_goes_on_from_a_heart_with_newer_events_and_new_items():
    ids = [f"i{i}" for i in range(N_ITEMS)]
    content = {item: [f"category={i % 3}"] for i, item in enumerate(ids)}
    old = ItemTokens.of(ids, content)
    past, asked = held_out(shoppers())
    first = learn(past, old, asked, SMALL, QUICK)
    new = ItemTokens.of([*ids, "new"], {**content, "new": ["category=1", "category=9"]})
    more = learn(asked.then, new, None, SMALL, replace(QUICK, most_epochs=1, learning_rate=1e-9), start=first)
    before, after = first.heart.all_vectors(), more.heart.all_vectors()
    assert torch.allclose(before, after[:N_ITEMS], atol=1e-4)
    assert more.heart.n_items == N_ITEMS + 1
    assert more.objectives == first.objectives


def test_an_item_never_seen_has_the_vector_of_its_content():
    ids = [f"i{i}" for i in range(N_ITEMS)]
    content = {item: [f"category={i % 3}"] for i, item in enumerate(ids)}
    made = learn(Histories.of(shoppers()), ItemTokens.of(ids, content), None, SMALL, replace(QUICK, most_epochs=8))
    grown = made.heart.tokens.with_items([*ids, "new"], {**content, "new": ["category=1"]})
    heart = type(made.heart)(made.heart.shape, grown, {})
    heart.load_state_dict({n: w for n, w in made.heart.state_dict().items() if not n.startswith("heads")})
    new = heart.eval().all_vectors()[-1].detach()
    alike = torch.nn.functional.cosine_similarity(new[None], heart.all_vectors()[:N_ITEMS].detach())
    assert new.abs().sum() > 0
    assert alike[1::3].mean() > alike[0::3].mean()


def test_of_many_items_each_has_two_of_fewer_tokens():
    tokens = ItemTokens.of([f"i{i}" for i in range(N_ITEMS)], most_own=7)
    assert tokens.is_hashed
    assert tokens.n_tokens == 7
    assert np.diff(tokens.offsets).tolist() == [2] * N_ITEMS
    made = learn(Histories.of(shoppers()), tokens, None, SMALL, QUICK)
    assert made.heart.all_vectors().shape == (N_ITEMS, 16)
    again = from_arrays(to_arrays(made))
    assert torch.equal(again.heart.all_vectors(), made.heart.all_vectors())


def test_it_learns_every_question_that_the_events_can_answer():
    past, asked = held_out(shoppers(200))
    made = learn(past, N_ITEMS, asked, SMALL, replace(QUICK, most_epochs=12, patience=12))
    names = [objective.name for objective in made.objectives]
    assert names == ["time_step", "time_commitment", "kinds", "value"]
    everybodys = learn(past, N_ITEMS, asked, SMALL, replace(QUICK, most_updates=1)).looks[0].loss_ahead
    assert min(look.loss_ahead for look in made.looks) < everybodys
    again = from_arrays(to_arrays(made))
    assert again.objectives == made.objectives
    same(made, again)


def test_many_of_whom_nothing_more_is_heard_are_no_more_than_they_are():
    """Most users come once and never again. Batches of them alone would make everybody seem to stay away."""
    draw = np.random.default_rng(3)
    lengths = np.where(np.arange(600) % 4, 1, 13)
    ends = np.cumsum(lengths)
    gaps = draw.exponential(DAY, lengths.sum())
    gaps[ends - lengths] = 0
    elapsed = np.cumsum(gaps) - np.repeat(np.cumsum(gaps)[ends - lengths], lengths)
    nothing = np.full(lengths.sum(), -1)
    world = Sequences(
        ends - lengths,
        ends,
        elapsed.astype(np.int64),
        np.zeros(len(nothing), np.int8),
        nothing.astype(np.int32),
        np.full(len(nothing), np.nan, np.float32),
    )
    until = np.full(600, 40 * DAY)
    given = Histories.of(world, until=until)
    training = replace(QUICK, next_item=False, most_epochs=40, batch_size=64, learning_rate=5e-3, memory=50)
    made = learn(given, 0, None, SMALL, training)
    objective = next(o for o in made.objectives if isinstance(o, NextTime))
    with torch.inference_mode():
        state = made.heart.states(given.read(newest(given.n_steps, SMALL.window).some(np.array([1]))))[:, 1]
        theta = made.heart.heads[objective.name](state).numpy().astype(float)
    came = Waits(objective.stretches, theta).p_within(np.zeros(1), 30.0)[0]
    assert came == pytest.approx(0.25, abs=0.06)  # of those seen once, every fourth came again


def test_rhythms_of_users_are_told_apart():
    """Half of the users come every day, the others every twenty days."""
    draw = np.random.default_rng(1)
    n_users, n = 200, 10
    pause = np.where(np.arange(n_users) % 2, 20.0, 1.0)
    gaps = draw.exponential(pause[:, None], (n_users, n))
    starts = np.arange(n_users) * n
    walked = Sequences(
        starts,
        starts + n,
        (np.cumsum(gaps, axis=1) * DAY).astype(np.int64).ravel(),
        np.zeros(n_users * n, np.int8),
        draw.integers(0, N_ITEMS, n_users * n).astype(np.int32),
        np.full(n_users * n, np.nan, np.float32),
    )
    given = Histories.of(walked, until=walked.seconds[walked.ends - 1])
    made = learn(given, N_ITEMS, None, SMALL, replace(QUICK, most_epochs=30, learning_rate=5e-3, memory=50))
    objective = next(o for o in made.objectives if isinstance(o, NextTime))
    with torch.inference_mode():
        windows = newest(given.n_steps, SMALL.window)
        states = made.heart.states(given.read(windows))[
            torch.arange(n_users), torch.from_numpy(windows.ends - windows.starts)
        ]
        hazards = made.heart.heads[objective.name](states).numpy()
    median = Waits(objective.stretches, hazards.astype(float)).quantile(0.5, np.zeros(n_users))
    assert 0.4 < np.median(median[::2]) < 1.2  # ln 2 = .69 days
    assert 8 < np.median(median[1::2]) < 24  # 13.9 days


@pytest.mark.parametrize(
    "changes",
    [
        {"items": np.zeros(400, np.int32)},
        {"seconds": np.zeros(400, np.int64)},
        {"roles": np.full(400, -1, np.int8)},
        {"values": np.full(400, np.inf, np.float32)},
        {"starts": np.arange(400), "ends": np.arange(1, 401)},
        {"starts": np.zeros(1, np.int64), "ends": np.array([400])},
    ],
    ids=["one item", "one moment", "unseen roles", "infinite values", "one event each", "one user"],
)
def test_odd_histories_teach_or_are_refused_in_words(changes):
    draw = np.random.default_rng(0)
    plain = Sequences(
        np.arange(0, 400, 4),
        np.arange(4, 404, 4),
        np.arange(400) * DAY,
        np.zeros(400, np.int8),
        draw.integers(0, N_ITEMS, 400).astype(np.int32),
        np.full(400, np.nan, np.float32),
    )
    odd = Histories.of(replace(plain, **changes))
    try:
        made = learn(odd, N_ITEMS, None, SMALL, replace(QUICK, most_epochs=1))
    except EvidenceError as error:
        assert "heart" in str(error)
        return
    assert all(torch.isfinite(weight).all() for weight in made.heart.state_dict().values())
    assert ranks(made.heart, made.neighbours, Asked(odd, np.zeros(len(odd), np.int64))).min() >= 0


def test_a_user_of_fifty_thousand_events_is_read_by_windows():
    n = 50_000
    draw = np.random.default_rng(0)
    walked = Sequences(
        np.array([0]),
        np.array([n]),
        np.arange(n) * 600,
        np.zeros(n, np.int8),
        draw.integers(0, N_ITEMS, n).astype(np.int32),
        np.full(n, np.nan, np.float32),
    )
    given = Histories.of(walked)
    config = replace(SMALL, window=64)
    made = learn(given, N_ITEMS, None, config, replace(QUICK, most_epochs=1))
    assert np.isfinite(made.looks[0].loss)
