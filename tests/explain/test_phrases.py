"""Numbers and features read like English."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenure.explain.phrases import FeatureWords, feature_phrase
from tenure.profiles.features import FEATURES

WORDS = {f.name: FeatureWords(f.name, f.theme, f.description, f.scaling) for f in FEATURES}


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("n_active_days_30", 1, "1 day with activity in the last 30 days"),
        ("n_events_7", 1, "1 activity in the last 7 days"),
        ("n_categories", 1, "1 different category"),
        ("n_exposures_90", 1, "1 thing shown to the user in the last 90 days"),
        ("n_exposures_90", 0, "0 things shown to the user in the last 90 days"),
        ("n_occasions", 1_240, "1,240 sessions with a commitment"),
        ("gap_median_days", 6.5, "typical (median) pause between active days: 6.5 days"),
        ("gap_median_days", 1, "typical (median) pause between active days: 1 day"),
        ("session_minutes", 4.2, "mean span of a session: 4.2 minutes"),
        ("value_30", 0.0, "value of the last 30 days, net of reversals: $0"),
        ("discount_share", 0.123, "discounts over the full price of commitments: 12%"),
        ("gap_variation", math.nan, "irregularity: not known"),
        ("gap_variation", 1.21, "irregularity: 1.2 (standard deviation of the pauses over their mean)"),
        ("event_trend_30", -1.0, "activity of the last 30 days against the 30 before: stopped"),
        ("event_trend_30", -0.4, "activity of the last 30 days against the 30 before: down"),
        ("event_trend_30", 0.05, "activity of the last 30 days against the 30 before: steady"),
        ("event_trend_30", 0.4, "activity of the last 30 days against the 30 before: up"),
        ("event_trend_30", 1.0, "activity of the last 30 days against the 30 before: just started"),
        ("overdue_ratio", 3.14159, "days since the last activity over the own typical pause: 3.1"),
    ],
)
def test_features_of_the_catalogue(name: str, value: float, said: str) -> None:
    assert feature_phrase(WORDS[name], value, currency="$") == said


@given(st.sampled_from(sorted(WORDS)), st.one_of(st.none(), st.floats(allow_nan=True, allow_infinity=True)))
def test_any_feature_can_be_said_with_any_value(name: str, value: float | None) -> None:
    said = feature_phrase(WORDS[name], value)
    assert said
    assert "nan" not in said.split()
    assert "inf" not in said.split()
    assert "None" not in said
