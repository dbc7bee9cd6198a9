"""Association rules against a brute-force count, and the guards that keep chance and repetition out."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tenure.errors import ConfigError
from tenure.profiles.rules import RULES, RulesConfig, mine

LOOSE = RulesConfig(min_support=0.1, min_baskets=1, min_confidence=0.0, min_lift=0.0, min_improvement=-1.0, alpha=1e9)


def table(baskets: list[set[str]]) -> pa.Table:
    rows = [(str(number), thing) for number, things in enumerate(baskets) for thing in sorted(things)]
    return pa.table(
        {"basket": pa.array([b for b, _ in rows], pa.string()), "thing": pa.array([t for _, t in rows], pa.string())}
    )


def brute_force(baskets: list[set[str]], config: RulesConfig) -> dict[tuple[str, str], tuple[float, ...]]:
    """Every rule counted by looking into every basket, judged one by one with scipy's Fisher test."""
    baskets = [basket for basket in baskets if basket]
    n = len(baskets)
    things = sorted(set().union(*baskets)) if baskets else []

    def count(*wanted: str) -> int:
        return sum(set(wanted) <= basket for basket in baskets)

    possible = [
        (antecedent, consequent, count(*antecedent, consequent))
        for size in range(1, config.max_antecedent + 1)
        for antecedent in combinations(things, size)
        for consequent in things
        if consequent not in antecedent
    ]
    candidates = [c for c in possible if c[2] >= max(config.min_support * n, config.min_baskets)]
    found = {}
    for antecedent, consequent, both in candidates:
        n_antecedent, n_consequent = count(*antecedent), count(consequent)
        confidence = both / n_antecedent
        lift = confidence / (n_consequent / n)
        parents = [count(a, consequent) / count(a) for a in antecedent] if len(antecedent) > 1 else []
        square = [
            [both, n_antecedent - both],
            [n_consequent - both, n - n_antecedent - n_consequent + both],
        ]
        p_chance = stats.fisher_exact(square, alternative="greater").pvalue
        if (
            confidence >= config.min_confidence
            and lift >= config.min_lift
            and p_chance * len(candidates) <= config.alpha
            and all(confidence > parent + config.min_improvement for parent in parents)
        ):
            leverage = both / n - n_antecedent / n * n_consequent / n
            found[" + ".join(antecedent), consequent] = (both / n, confidence, lift, leverage, both)
    return found


def as_dict(rules: pa.Table) -> dict[tuple[str, str], tuple[float, ...]]:
    measures = ("support", "confidence", "lift", "leverage", "n_baskets")
    return {(r["antecedent"], r["consequent"]): tuple(r[m] for m in measures) for r in rules.to_pylist()}


basket_lists = st.lists(st.sets(st.sampled_from("abcde")), max_size=25)


@settings(deadline=None, max_examples=60)
@given(basket_lists, st.sampled_from([0.05, 0.2, 0.5]), st.sampled_from([1, 2]))
def test_every_rule_and_measure_equals_the_brute_force_count(
    baskets: list[set[str]], min_support: float, max_antecedent: int
) -> None:
    config = RulesConfig(
        min_support=min_support,
        min_baskets=2,
        min_confidence=0.3,
        min_lift=1.01,
        min_improvement=0.05,
        alpha=1.99,  # no multiple of so few counts: at 2 a chance of 1/2 in 4 rules would hang on the last bit
        max_antecedent=max_antecedent,
    )
    found, expected = as_dict(mine(table(baskets), level="item", config=config)), brute_force(baskets, config)
    assert found.keys() == expected.keys()
    for rule, measures in expected.items():
        assert found[rule] == pytest.approx(measures)


@settings(deadline=None, max_examples=25)
@given(basket_lists, st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(baskets: list[set[str]], random: Any) -> None:
    rows = table(baskets)
    order = list(range(rows.num_rows))
    random.shuffle(order)
    shuffled = rows.take(pa.array(order, pa.int64()))
    assert mine(rows, level="item", config=LOOSE).equals(mine(shuffled, level="item", config=LOOSE))


def test_things_thrown_together_by_chance_give_no_rule() -> None:
    draws = np.random.default_rng(5)
    baskets = [{t for t, p in zip("abcdefghij", draws.random(10), strict=True) if p < 0.3} for _ in range(2_000)]
    config = RulesConfig(min_support=0.001, min_confidence=0.0, min_lift=0.0, min_improvement=-1.0)
    assert mine(table(baskets), level="item", config=config).num_rows == 0


def test_a_longer_rule_that_is_no_better_than_a_shorter_one_is_dropped() -> None:
    always_with_milk = [{"bread", "milk", "jam"}] * 50 + [{"bread", "milk"}] * 50 + [{"tea"}] * 100
    rules = as_dict(mine(table(always_with_milk), level="item"))
    assert ("bread", "milk") in rules
    assert ("bread + jam", "milk") not in rules


def test_a_longer_rule_that_says_more_is_kept() -> None:
    only_both_call_for_jam = [{"bread", "milk", "jam"}] * 40 + [{"bread"}] * 60 + [{"milk"}] * 60 + [{"tea"}] * 60
    rules = as_dict(mine(table(only_both_call_for_jam), level="item"))
    assert rules["bread + milk", "jam"][1] == 1.0


def test_the_strongest_rule_comes_first_and_the_limit_holds() -> None:
    baskets = [{"ink", "paper"}] * 100 + [{"tea", "milk"}] * 60 + [{"tea"}] * 20 + [{"milk"}] * 40
    rules = mine(table(baskets), level="category", config=RulesConfig(min_support=0.01, max_rules=3))
    assert rules["antecedent"].to_pylist() == ["ink", "paper", "tea"]
    assert set(rules["level"].to_pylist()) == {"category"}


@pytest.mark.parametrize("baskets", [[], [{"a"}], [{"a", "b"}], [{"a"}] * 30, [{"a", "b"}] * 30])
def test_too_little_to_learn_from_gives_an_empty_table_of_the_same_schema(baskets: list[set[str]]) -> None:
    rules = mine(table(baskets), level="item")
    assert rules.schema == RULES
    assert rules.num_rows == 0


def test_names_with_strange_characters_survive() -> None:
    baskets = [{"naïve 🥐", "<script>"}] * 30 + [{"x"}] * 30
    assert ("naïve 🥐", "<script>") in as_dict(mine(table(baskets), level="item"))


@pytest.mark.parametrize("wrong", [{"min_support": 0}, {"min_support": 2}, {"min_support": 0.1, "max_antecedent": 3}])
def test_a_wrong_threshold_is_refused_by_name(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="RulesConfig"):
        RulesConfig(**wrong)
