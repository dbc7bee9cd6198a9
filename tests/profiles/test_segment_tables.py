"""Segments in words and tables."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tenure.domain import Domain
from tenure.profiles.contrast import Contrast
from tenure.profiles.features import FEATURES
from tenure.profiles.segment_choice import ChoiceConfig
from tenure.profiles.segment_names import TRAITS, descriptions, names
from tenure.profiles.segment_tables import SEGMENT_CHOICE, SEGMENT_TRAITS, SEGMENTS, USER_SEGMENTS, describe
from tenure.profiles.segments import Segments, SegmentsConfig
from tenure.profiles.vector import Facts, Profiles, Vectoriser

GYM = replace(
    Domain.from_mapping({"name": "gym", "events": {"visit": "commitment"}}),
    user_noun="member",
    commitment_noun="visit to the gym",
    currency="€",
)


def contrast(z: dict[str, list[float]], mean: dict[str, list[float]] | None = None) -> Contrast:
    columns = np.array(list(z.values())).T
    means = np.array(list((mean or z).values())).T
    return Contrast(tuple(z), columns, means, np.ones(len(z)))


def test_every_trait_speaks_of_a_feature_that_exists() -> None:
    assert {trait.feature for trait in TRAITS} <= {feature.name for feature in FEATURES}


def test_names_say_what_sets_a_segment_apart_in_the_words_of_the_domain() -> None:
    found = names(
        contrast(
            {
                "recency_days": [-0.1, 1.5, 0.1],
                "n_active_days_90": [1.2, -0.6, 0.0],
                "value_per_occasion": [0.7, 0.0, 0.0],
            }
        ),
        GYM,
    )
    assert found == ["Frequent members with large visits to the gym", "Lapsed occasional members", "Typical members"]


def test_a_single_segment_is_everybody() -> None:
    assert names(contrast({"recency_days": [0.0]}), GYM) == ["All members"]


def test_no_two_segments_have_the_same_name() -> None:
    same = [0.0, 0.0, 0.0, 0.0]
    assert names(contrast({"recency_days": same}), GYM) == [
        "Typical members",
        "Typical members (2)",
        "Typical members (3)",
        "Typical members (4)",
    ]
    assert names(contrast({"recency_days": [2.0, 2.0], "discount_share": [0.0, 0.3]}), GYM) == [
        "Lapsed members",
        "Lapsed bargain-hunting members",
    ]


def test_who_shrinks_less_than_others_does_not_grow() -> None:
    z = {"event_trend_90": [0.9, -0.9]}
    assert names(contrast(z, {"event_trend_90": [-0.2, -0.8]}), GYM) == ["Typical members", "Fading members"]


def test_descriptions_state_real_numbers() -> None:
    mean = {"n_active_days_90": [12.4, 0.0], "value_90": [1234.0, 4.5], "repeat_share": [0.314, np.nan]}
    z = {"n_active_days_90": [2.0, -1.0], "value_90": [1.5, -0.5], "repeat_share": [1.0, 0.0]}
    usual = np.array([4.0, 1000.0, 0.2])
    found = descriptions(
        Contrast(tuple(z), np.array([*z.values()]).T, np.array([*mean.values()]).T, usual), [0.25, 0.75], GYM
    )
    assert found[0] == (
        "25% of all members: 12 active days in 90 (3.1 times the average); €1,234 in 90 days (average €1,000); "
        "31% of visits to the gym repeat an earlier one (average 20%)."
    )
    assert found[1] == "75% of all members: 0 active days in 90 (average 4); €4.50 in 90 days (average €1,000)."


def test_contrast_equals_a_loop_over_segments() -> None:
    draw = np.random.default_rng(0)
    values = draw.normal(size=(60, 3))
    values[draw.random((60, 3)) < 0.2] = np.nan
    segment = draw.integers(0, 3, 60)
    table = Profiles(None, values, np.nan_to_num(values), ("a", "b", "c"), ("x",) * 3)  # type: ignore[arg-type]
    found = Contrast.of(table, segment, 4)
    for k in range(3):
        inside = segment == k
        assert found.z[k] == pytest.approx(table.matrix[inside].mean(0) - table.matrix.mean(0))
        assert found.mean[k] == pytest.approx(np.nanmean(values[inside], axis=0))
    assert np.isnan(found.mean[3]).all()
    assert found.mean_all == pytest.approx(np.nanmean(values, axis=0))


def test_the_tables_agree_with_each_other(three_kinds: Profiles) -> None:
    segments = Segments.fit(three_kinds, seed=1, config=SegmentsConfig(choice=ChoiceConfig(n_resamples=3)))
    tables = describe(segments, three_kinds, GYM)
    assert tables.user_segments.schema == USER_SEGMENTS
    assert tables.segments.schema == SEGMENTS
    assert tables.segment_traits.schema == SEGMENT_TRAITS
    assert tables.segment_choice.schema == SEGMENT_CHOICE
    sizes = np.bincount(tables.user_segments["segment"].to_numpy())
    assert tables.segments["n_users"].to_pylist() == sizes.tolist()
    assert sum(tables.segments["share"].to_pylist()) == pytest.approx(1)
    assert len(set(tables.segments["name"].to_pylist())) == 3
    assert tables.segment_traits.num_rows == 3 * len(three_kinds.names)
    picked = [row for row in tables.segment_choice.to_pylist() if row["is_chosen"]]
    assert [row["n_segments"] for row in picked] == [3]


def test_nobody_is_one_empty_segment(three_kinds: Profiles) -> None:
    nobody = Profiles(
        three_kinds.table.slice(0, 0),
        three_kinds.values[:0],
        three_kinds.matrix[:0],
        three_kinds.names,
        three_kinds.themes,
    )
    tables = describe(Segments.fit(nobody, seed=1), nobody, GYM)
    assert tables.segments.to_pylist() == [
        {
            "segment": 0,
            "name": "All members",
            "description": "0% of all members.",
            "n_users": 0,
            "share": 0.0,
            "stability": 1.0,
        }
    ]
    assert tables.user_segments.num_rows == 0


@pytest.fixture(scope="module")
def three_kinds() -> Profiles:
    """Users of three kinds: frequent ones, lapsed ones, and ones with large baskets."""
    import pyarrow as pa

    from tenure.schema import TIME

    draw = np.random.default_rng(5)
    kind = np.repeat([0, 1, 2], [90, 60, 50])
    columns = {f.name: draw.gamma(4, 2, len(kind)) for f in FEATURES}
    columns["n_active_days_90"] += 40 * (kind == 0)
    columns["n_occasions_90"] += 40 * (kind == 0)
    columns["n_events_90"] += 90 * (kind == 0)
    columns["recency_days"] += 200 * (kind == 1)
    columns["overdue_ratio"] += 90 * (kind == 1)
    columns["gap_p90_days"] += 90 * (kind == 1)
    columns["value_per_occasion"] += 300 * (kind == 2)
    columns["value_90"] += 300 * (kind == 2)
    columns["value"] += 900 * (kind == 2)
    activity = pa.table(
        {
            "user_id": [f"u{i}" for i in range(len(kind))],
            "as_of": pa.array([0] * len(kind), TIME),
            **columns,
        }
    )
    known = Facts(activity=activity)
    return Vectoriser.fit(known).transform(known)
