"""The segments as result tables: what they are, who is in them, what sets them apart, why there are so many."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from tenure.domain import Domain
from tenure.profiles.contrast import Contrast
from tenure.profiles.segment_names import descriptions, names
from tenure.profiles.segments import Segments
from tenure.profiles.vector import Profiles

USER_SEGMENTS = pa.schema(
    [
        pa.field("user_id", pa.string(), nullable=False),
        pa.field("segment", pa.int64(), nullable=False),
        pa.field("distance", pa.float64(), nullable=False),  # to the centre; large = not typical of the segment
        pa.field("x", pa.float64(), nullable=False),
        pa.field("y", pa.float64(), nullable=False),  # place on the map
    ]
)

SEGMENTS = pa.schema(
    [
        pa.field("segment", pa.int64(), nullable=False),  # 0 was the largest when fitted
        pa.field("name", pa.string(), nullable=False),
        pa.field("description", pa.string(), nullable=False),
        pa.field("n_users", pa.int64(), nullable=False),
        pa.field("share", pa.float64(), nullable=False),
        pa.field(
            "stability", pa.float64(), nullable=False
        ),  # mean Jaccard with its likeness in other halves of the users
    ]
)

SEGMENT_TRAITS = pa.schema(
    [
        pa.field("segment", pa.int64(), nullable=False),
        pa.field("feature", pa.string(), nullable=False),
        pa.field("z", pa.float64(), nullable=False),  # standard deviations from the average user
        pa.field("mean", pa.float64()),
        pa.field("mean_all", pa.float64()),
    ]
)

SEGMENT_CHOICE = pa.schema(
    [
        pa.field("n_segments", pa.int64(), nullable=False),
        pa.field("silhouette", pa.float64()),
        pa.field("calinski_harabasz", pa.float64()),
        pa.field("stability", pa.float64()),  # of the least stable segment
        pa.field("agreement", pa.float64()),  # adjusted Rand index between random halves
        pa.field("smallest_share", pa.float64(), nullable=False),
        pa.field("is_chosen", pa.bool_(), nullable=False),
    ]
)


@dataclass(frozen=True, slots=True)
class SegmentTables:
    """One table per question."""

    user_segments: pa.Table
    segments: pa.Table
    segment_traits: pa.Table
    segment_choice: pa.Table


def describe(segments: Segments, profiles: Profiles, domain: Domain) -> SegmentTables:
    """Which kinds of users are there, who belongs to which, and what sets each apart? In the domain's words."""
    number = len(segments.centres)
    place = segments.assign(profiles.matrix)
    n_users = np.bincount(place.segment, minlength=number)
    shares = n_users / max(len(place.segment), 1)
    contrast = Contrast.of(profiles, place.segment, number)
    return SegmentTables(
        user_segments=_table(USER_SEGMENTS, profiles.table["user_id"], place.segment, place.distance, place.x, place.y),
        segments=_table(
            SEGMENTS,
            np.arange(number),
            names(contrast, domain),
            descriptions(contrast, shares.tolist(), domain),
            n_users,
            shares,
            segments.stability,
        ),
        segment_traits=_table(
            SEGMENT_TRAITS,
            np.repeat(np.arange(number), len(contrast.features)),
            contrast.features * number,
            contrast.z.ravel(),
            contrast.mean.ravel(),
            np.tile(contrast.mean_all, number),
        ),
        segment_choice=_choice(segments),
    )


def _choice(segments: Segments) -> pa.Table:
    number = len(segments.centres)
    rows = [
        {
            "n_segments": t.n_segments,
            "silhouette": t.silhouette,
            "calinski_harabasz": t.calinski_harabasz,
            "stability": min(t.stabilities),
            "agreement": t.agreement,
            "smallest_share": t.smallest_share,
            "is_chosen": t.n_segments == number,
        }
        for t in segments.trials
    ]
    whole = {"n_segments": 1, "stability": 1.0, "smallest_share": 1.0, "is_chosen": number == 1}
    return pa.Table.from_pylist([whole, *rows], schema=SEGMENT_CHOICE)


def _table(schema: pa.Schema, *columns: object) -> pa.Table:
    arrays = [
        column if isinstance(column, pa.ChunkedArray) else pa.array(column, field.type, from_pandas=True)
        for column, field in zip(columns, schema, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=schema)
