"""Segments: planted groups are found, noise is not split, and everybody gets a name that says why."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from sklearn.metrics import adjusted_rand_score

from tenure.profiles.features import FEATURES
from tenure.profiles.segment_choice import ChoiceConfig, chosen, k_means, nearest, try_numbers
from tenure.profiles.segments import Segments, SegmentsConfig
from tenure.profiles.vector import Profiles
from tenure.schema import TIME

FAST = SegmentsConfig(choice=ChoiceConfig(max_segments=6, n_resamples=3))


def profiles(matrix: np.ndarray) -> Profiles:
    """Profiles whose vector is this matrix, under the names of real features."""
    features = FEATURES[: matrix.shape[1]]
    ids = pa.array([f"u{i}" for i in range(len(matrix))], pa.string())
    day = pa.array([datetime.fromisoformat("2024-01-01")] * len(matrix), TIME)
    return Profiles(
        table=pa.table({"user_id": ids, "as_of": day}),
        values=matrix,
        matrix=matrix,
        names=tuple(f.name for f in features),
        themes=tuple(f.theme for f in features),
    )


def blobs(number: int, *, n_users: int = 240, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Users around well separated centres, and the centre of each."""
    draw = np.random.default_rng(seed)
    centres = 4 * np.eye(8)[:number] - 2
    group = draw.integers(0, number, n_users)
    return centres[group] + draw.normal(0, 0.6, (n_users, 8)), group


@pytest.mark.parametrize("number", [2, 3, 5])
def test_planted_groups_are_found_and_counted(number: int) -> None:
    matrix, group = blobs(number)
    segments = Segments.fit(profiles(matrix), seed=1, config=FAST)
    assert len(segments.centres) == number
    assert adjusted_rand_score(group, segments.assign(matrix).segment) > 0.98
    assert (segments.stability > 0.95).all()


def test_users_without_groups_are_not_split() -> None:
    noise = np.random.default_rng(2).normal(size=(300, 8))
    assert len(Segments.fit(profiles(noise), seed=1, config=FAST).centres) == 1


def test_segments_are_numbered_from_the_largest() -> None:
    draw = np.random.default_rng(3)
    matrix = np.vstack([draw.normal(c, 0.3, (n, 4)) for c, n in ((-3, 30), (0, 90), (3, 60))])
    sizes = np.bincount(Segments.fit(profiles(matrix), seed=1, config=FAST).assign(matrix).segment)
    assert sizes.tolist() == [90, 60, 30]


def test_the_same_seed_gives_the_same_segments_and_another_seed_the_same_groups() -> None:
    matrix, _ = blobs(4)
    first, again, other = (Segments.fit(profiles(matrix), seed=s, config=FAST) for s in (1, 1, 2))
    assert np.array_equal(first.centres, again.centres)
    assert adjusted_rand_score(first.assign(matrix).segment, other.assign(matrix).segment) > 0.98


def test_the_order_of_rows_changes_no_segment() -> None:
    matrix, _ = blobs(4)
    whole = profiles(matrix)
    order = np.random.default_rng(9).permutation(len(matrix))
    shuffled = Profiles(whole.table.take(order), matrix[order], matrix[order], whole.names, whole.themes)
    first, again = (Segments.fit(p, seed=1, config=FAST) for p in (whole, shuffled))
    assert np.array_equal(first.centres, again.centres)
    assert np.array_equal(first.stability, again.stability)


def test_assign_gives_the_nearest_centre_and_its_distance() -> None:
    draw = np.random.default_rng(0)
    points, centres = draw.normal(size=(50, 3)), draw.normal(size=(4, 3))
    closest, distance = nearest(points, centres)
    for point, found, d in zip(points, closest, distance, strict=True):
        distances = [np.linalg.norm(point - centre) for centre in centres]
        assert found == int(np.argmin(distances))
        assert d == pytest.approx(min(distances))


def test_one_user_is_as_good_as_many() -> None:
    matrix, _ = blobs(3)
    segments = Segments.fit(profiles(matrix), seed=1, config=FAST)
    everybody = segments.assign(matrix)
    for row in (0, 17, 239):
        alone = segments.assign(matrix[row : row + 1])
        assert alone.segment[0] == everybody.segment[row]
        for field in ("distance", "x", "y"):
            assert getattr(alone, field)[0] == pytest.approx(getattr(everybody, field)[row])


def test_the_map_shows_the_two_directions_in_which_users_differ_most() -> None:
    draw = np.random.default_rng(4)
    matrix = draw.normal(size=(400, 5)) * [1, 9, 1, 4, 1]
    even = profiles(matrix)
    even = Profiles(even.table, matrix, matrix, even.names, ("volume",) * 5)
    place = Segments.fit(even, seed=1, config=FAST).assign(matrix)
    assert abs(np.corrcoef(place.x, matrix[:, 1])[0, 1]) > 0.99
    segments = Segments.fit(even, seed=1, config=SegmentsConfig(variance_share=0.9, choice=FAST.choice))
    assert abs(np.corrcoef(segments.assign(matrix).y, matrix[:, 3])[0, 1]) > 0.99


def test_arrays_give_back_the_same_model() -> None:
    matrix, _ = blobs(3)
    segments = Segments.fit(profiles(matrix), seed=1, config=FAST)
    again = Segments.from_arrays(segments.to_arrays())
    assert np.array_equal(again.assign(matrix).segment, segments.assign(matrix).segment)
    assert np.array_equal(again.stability, segments.stability)


@pytest.mark.parametrize(
    "matrix",
    [
        np.empty((0, 4)),
        np.zeros((1, 4)),
        np.arange(12.0).reshape(3, 4),
        np.ones((200, 4)),
        np.empty((50, 0)),
        np.repeat([[0.0, 1.0], [1.0, 0.0]], 100, axis=0),
    ],
    ids=["nobody", "one user", "three users", "all alike", "no columns", "two points"],
)
def test_little_or_no_difference_between_users_is_no_failure(matrix: np.ndarray) -> None:
    segments = Segments.fit(profiles(matrix), seed=1, config=FAST)
    place = segments.assign(matrix)
    assert len(place.segment) == len(matrix)
    assert place.segment.max(initial=0) < len(segments.centres)
    assert np.isfinite([place.distance, place.x, place.y]).all()


def test_only_a_sample_is_used_to_choose_the_number_but_everybody_is_placed() -> None:
    matrix, group = blobs(3, n_users=900)
    sampled = SegmentsConfig(n_sample=200, choice=FAST.choice)
    segments = Segments.fit(profiles(matrix), seed=1, config=sampled)
    assert adjusted_rand_score(group, segments.assign(matrix).segment) > 0.98


def test_the_choice_obeys_each_criterion() -> None:
    matrix, _ = blobs(4)
    trials = try_numbers(matrix, seed=1, config=FAST.choice)
    assert [t.n_segments for t in trials] == [2, 3, 4, 5, 6]
    best = chosen(trials, FAST.choice)
    assert best is not None
    assert best.n_segments == 4
    assert chosen(trials, ChoiceConfig(min_share=0.4)) is None
    assert chosen(trials, ChoiceConfig(min_stability=1.01)) is None
    assert chosen(trials, ChoiceConfig(min_agreement=1.01)) is None
    finer = chosen(trials, ChoiceConfig(min_stability=0, min_agreement=0, max_silhouette_loss=2, min_share=0))
    assert finer is not None
    assert finer.n_segments == 6
    silhouettes = [t.silhouette for t in trials]
    strict = chosen(trials, ChoiceConfig(min_stability=0, min_agreement=0, max_silhouette_loss=0, min_share=0))
    assert strict is not None
    assert strict.silhouette == max(silhouettes)


def test_calinski_harabasz_and_stability_follow_their_definitions() -> None:
    matrix, _ = blobs(3, n_users=90)
    trial = try_numbers(matrix, seed=1, config=FAST.choice)[1]
    labels, _ = nearest(matrix, trial.centres)
    within = sum(((matrix[labels == k] - matrix[labels == k].mean(0)) ** 2).sum() for k in range(3))
    between = ((matrix - matrix.mean(0)) ** 2).sum() - within
    assert trial.calinski_harabasz == pytest.approx((between / 2) / (within / 87))
    assert trial.smallest_share == np.bincount(labels).min() / 90


def test_more_centres_never_fit_worse() -> None:
    matrix, _ = blobs(3)
    spread = [(nearest(matrix, k_means(matrix, k, seed=1)[0])[1] ** 2).sum() for k in range(1, 6)]
    assert all(a > b for a, b in pairwise(spread))
