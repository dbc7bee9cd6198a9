"""Padded only inside a batch, and batches hold everybody once."""

from __future__ import annotations

import numpy as np

from tenure.prediction.reading import Reading

LENGTHS = np.array([2, 0, 3, 1])
STARTS = np.array([0, 2, 1, 4])  # the third shares a step with the first
READING = Reading(
    starts=STARTS,
    lengths=LENGTHS,
    seconds=np.arange(5) * 86_400,
    features=np.arange(10, dtype=np.float32).reshape(5, 2),
    until=np.full(4, 5 * 86_400),
    profiles=np.arange(4, dtype=np.float32)[:, None],
)


def test_a_batch_holds_the_steps_and_how_long_ago_they_were():
    batch = READING.batch(np.array([2, 1, 0]))
    assert batch.steps.shape == (3, 3, 3)
    assert batch.lengths.tolist() == [3, 0, 2]
    assert batch.profiles[:, 0].tolist() == [2, 1, 0]
    assert batch.steps[0, :, :2].tolist() == READING.features[1:4].tolist()
    assert batch.steps[2, :2, :2].tolist() == READING.features[:2].tolist()
    assert not batch.steps[1].any()
    assert not batch.steps[2, 2:].any()
    np.testing.assert_allclose(batch.steps[0, :, 2], np.log1p([4, 3, 2]) / 2 - 1.5, rtol=1e-6)


def test_users_without_a_step_can_be_read():
    batch = READING.batch(np.array([1]))
    assert batch.steps.shape == (1, 1, 3)
    assert batch.lengths.tolist() == [0]


def test_batches_hold_each_row_once_and_rows_of_like_length():
    rows = np.arange(200)
    lengths = np.random.default_rng(0).integers(0, 50, 200)
    many = Reading(
        np.zeros(200, int), lengths, READING.seconds, READING.features, np.zeros(200, int), np.zeros((200, 1))
    )
    batches = list(many.batches(rows, 16, np.random.default_rng(1)))
    assert sorted(np.concatenate(batches)) == rows.tolist()
    assert max(np.ptp(lengths[batch]) for batch in batches) <= 8
    assert [b.tolist() for b in many.batches(rows, 16, np.random.default_rng(1))] == [b.tolist() for b in batches]
    assert [b.tolist() for b in many.batches(rows, 16, np.random.default_rng(2))] != [b.tolist() for b in batches]
