"""The catalogue of strategies is complete, honest and in words."""

from __future__ import annotations

import pytest

from tenure.errors import ConfigError
from tenure.lifecycle.stages import Stage
from tenure.recommendation.recommender import SOURCES, SlateConfig
from tenure.retention.catalogue import CATALOGUE, LEAVE_ALONE, Strategy


def test_every_stage_has_something_to_be_done() -> None:
    for stage in Stage:
        assert any(stage in s.stages for s in CATALOGUE.values() if s is not LEAVE_ALONE), stage


def test_leave_alone_is_last_free_and_without_effect() -> None:
    assert list(CATALOGUE.values())[-1] is LEAVE_ALONE
    numbers = (
        LEAVE_ALONE.cost_per_contact,
        LEAVE_ALONE.discount,
        LEAVE_ALONE.assumed_saving,
        LEAVE_ALONE.assumed_growth,
    )
    assert numbers == (0, 0, 0, 0)
    assert LEAVE_ALONE.stages == set(Stage)


def test_emphasis_names_sources_that_exist() -> None:
    for strategy in CATALOGUE.values():
        assert set(strategy.emphasis) <= set(SOURCES), strategy.name


def test_slates_follow_the_strategy() -> None:
    usual = SlateConfig(weights={"repeats": 1.0, "popular": 0.5}, diversity=0.05, length=7)
    familiar = CATALOGUE["familiar"].slate(usual)
    assert familiar.weights == {"repeats": 2.0, "popular": 0.25}
    assert (familiar.diversity, familiar.length) == (0.0, 7), "variety is never less than none"
    assert LEAVE_ALONE.slate(usual) == usual


def test_names_titles_and_aims_are_distinct_sentences() -> None:
    for field in ("title", "aim", "name"):
        assert len({getattr(s, field) for s in CATALOGUE.values()}) == len(CATALOGUE)
    assert all(s.aim.endswith(".") and s.aim[0].isupper() for s in CATALOGUE.values())
    assert all(name == s.name for name, s in CATALOGUE.items())


def test_rules_in_words() -> None:
    assert LEAVE_ALONE.rule == "for users in any stage"
    both = Strategy(name="x", title="X", aim="X.", stages=frozenset(Stage), lowest_risk=0.2, highest_risk=0.5)
    assert both.rule == "for users in any stage, with a risk of at least 20% and at most 50%"
    assert CATALOGUE["win_back"].rule == "for users in stage dormant or churned"


@pytest.mark.parametrize("wrong", [{"discount": 1.5}, {"assumed_saving": -0.1}, {"cost_per_contact": -1}])
def test_impossible_strategies_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match="Strategy 'x'"):
        Strategy(name="x", title="X", aim="X.", stages=frozenset(), **wrong)  # type: ignore[arg-type]
