"""What each source does beyond the common contract (tests/contracts/test_scorer_contract.py)."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from recommendation.histories import committed, histories, looked_at, random_histories

from tenure.profiles.rules import RULES
from tenure.recommendation.ease import Ease, EaseConfig
from tenure.recommendation.popular import Popular, PopularConfig
from tenure.recommendation.reasons import Words
from tenure.recommendation.repeats import Repeats, RepeatsConfig
from tenure.recommendation.rules import Rules, RulesConfig


def ids(found, source, user=0):
    return [found.items.ids[i] for i in source.candidates(found, 10).items[user] if i >= 0]


def said(source, found, item, user=0, user_noun="customer"):
    number = found.items.numbers([item])
    return source.reasons(found, np.array([user]), number, Words(found.items.ids, user_noun))[0]


class TestPopular:
    def test_fame_fades(self):
        old = [committed(f"o{n}", "old", last=56) for n in range(3)]
        young = [committed("y", "young", last=0)]
        crowd = histories(old + young)
        # Three users two half-lives ago weigh 3/4, one of today 1.
        assert ids(crowd, Popular.fit(crowd)) == ["young", "old"]
        assert ids(crowd, Popular.fit(crowd, PopularConfig(half_life_days=1000))) == ["old", "young"]

    def test_only_commitments_count(self):
        crowd = histories([*[looked_at(f"l{n}", "seen") for n in range(9)], committed("a", "chosen")])
        assert ids(crowd, Popular.fit(crowd)) == ["chosen"]

    def test_says_how_many_and_that_a_user_is_new(self):
        crowd = histories(
            [committed("a", "x"), committed("b", "x", last=27), committed("c", "x", last=28)], users=list("abcd")
        )
        model = Popular.fit(crowd)
        assert said(model, crowd, "x", user=0) == "Popular: chosen by 2 customers in the last 28 days"
        assert said(model, crowd, "x", user=3).startswith("First suggestion, as we do not know you yet: chosen by 2")


class TestRepeats:
    def test_frequency_times_recency(self):
        own = histories(
            [
                committed("a", "much", 9, weight=9),
                committed("a", "little", weight=1),
                looked_at("a", "seen", weight=0.2),
            ]
        )
        assert ids(own, Repeats.fit(own)) == ["much", "little", "seen"]

    def test_an_item_that_others_repeat_comes_first_of_two_alike(self):
        others = [committed(f"u{n}", "milk", 5) for n in range(9)] + [committed(f"u{n}", "lamp") for n in range(9)]
        crowd = histories([*others, committed("a", "milk", weight=1), committed("a", "lamp", weight=1)])
        assert ids(crowd, Repeats.fit(crowd)) == ["milk", "lamp"]
        only_own = Repeats.fit(crowd, RepeatsConfig(habit_power=0))
        assert set(only_own.repeatability.tolist()) == {1.0}

    def test_repeatability_is_the_shrunk_rate_of_further_commitments(self):
        crowd = histories([committed("a", "x", 3), committed("b", "x", 1), committed("a", "y", 30)])
        model = Repeats.fit(crowd, RepeatsConfig(habit_power=1, prior_users=2, max_counted=10))
        mean = (2 + 0 + 9) / 3
        np.testing.assert_allclose(model.repeatability, [(2 + 2 * mean) / 4, (9 + 2 * mean) / 3], rtol=1e-6)

    @pytest.mark.parametrize(
        ("row", "words"),
        [
            (committed("a", "x", 6, last=12, gap=12), "6 times, about every 12 days, last 12 days ago; due again"),
            (committed("a", "x", 6, last=2, gap=12), "6 times, about every 12 days, last 2 days ago"),
            (committed("a", "x", 6, 40, 12), "6 times, about every 12 days, last 40 days ago; longer ago than usual"),
            (committed("a", "x", 4, 3, 1), "4 times, about every 1 day, last 3 days ago; longer ago than usual"),
            (committed("a", "x", 2, last=1, gap=9), "twice, last 1 day ago"),
            (committed("a", "x", 1, last=0), "once, less than a day ago"),
        ],
    )
    def test_says_how_often_and_when(self, row, words):
        own = histories([row])
        assert said(Repeats.fit(own), own, "x") == f"You chose it {words}"

    def test_says_when_an_item_was_only_looked_at(self):
        own = histories([looked_at("a", "x", days=3)])
        assert said(Repeats.fit(own), own, "x") == "You showed interest in it 3 days ago"


class TestEase:
    def test_equals_the_constrained_least_squares_solution(self):
        """Each column by itself: ridge regression on all other columns (Steck 2019, equation 2)."""
        crowd = random_histories(4, 30, 8)
        model = Ease.fit(crowd, EaseConfig(regularisation=0.5))
        assert model.items.tolist() == list(range(8))
        X = np.sqrt(crowd.matrix.toarray().astype(np.float64))
        penalty = 0.5 * (X**2).sum(axis=0).mean()
        for j in range(8):
            rest = [i for i in range(8) if i != j]
            A = X[:, rest]
            b = np.linalg.solve(A.T @ A + penalty * np.eye(7), A.T @ X[:, j])
            np.testing.assert_allclose(model.B[rest, j], b, rtol=1e-3, atol=1e-5)
            assert model.B[j, j] == 0

    def test_learns_only_the_items_of_most_users(self):
        crowd = histories(
            [
                *[committed(u, i) for u in "abc" for i in "xy"],
                committed("a", "rare"),
                committed("b", "z"),
                committed("c", "z"),
            ]
        )
        assert crowd.items.ids[Ease.fit(crowd).items].tolist() == ["x", "y", "z"]
        assert crowd.items.ids[Ease.fit(crowd, EaseConfig(max_items=2)).items].tolist() == ["x", "y"]

    def test_names_the_own_item_that_speaks_for_it_most(self):
        """The reason is the largest term of the score, found again by brute force."""
        crowd = random_histories(9, 30, 10)
        model = Ease.fit(crowd)
        items = model.candidates(crowd, 4).items
        user, place = np.nonzero(items >= 0)
        item = items[user, place]
        reasons = model.reasons(crowd, user, item, Words(crowd.items.ids))
        terms = np.sqrt(crowd.matrix.toarray())[user] * model.B[:, item].T
        for reason, own in zip(reasons, terms.argmax(axis=1), strict=True):
            assert reason.startswith(f"Goes with {crowd.items.ids[own]}, which you ")


def rules_table(*rules):
    rows = [
        {"level": level, "antecedent": a, "consequent": c, "confidence": confidence, "lift": lift}
        | {"support": 0.1, "leverage": 0.01, "n_baskets": 30}
        for level, a, c, confidence, lift in rules
    ]
    return pa.Table.from_pylist(rows, schema=RULES)


class TestRules:
    crowd = histories(
        [
            committed("a", "ink"),
            committed("a", "pen", last=5),
            committed("b", "pen"),
            committed("c", "ink", last=28),
            looked_at("d", "ink"),
            committed("e", "paper"),
            committed("e", "nib"),
        ]
    )
    table = rules_table(
        ("item", "ink", "paper", 0.3, 2.0),
        ("item", "ink + pen", "paper", 0.6, 4.0),
        ("item", "pen", "nib", 0.4, 3.0),
        ("category", "ink", "nib", 0.9, 9.0),
        ("item", "ink", "unheard of", 0.9, 9.0),
    )
    model = Rules.fit(crowd, table)

    def test_fires_on_recent_commitments_only(self):
        assert ids(self.crowd, self.model, user=0) == ["paper", "nib"]
        assert ids(self.crowd, self.model, user=1) == ["nib"]
        assert ids(self.crowd, self.model, user=2) == [], "28 days ago is out of the window"
        assert ids(self.crowd, self.model, user=3) == [], "looking is not choosing"
        longer = Rules.fit(self.crowd, self.table, RulesConfig(recent_days=29))
        assert ids(self.crowd, longer, user=2) == ["paper"]

    def test_score_is_the_confidence_of_the_best_rule(self):
        np.testing.assert_allclose(self.model.candidates(self.crowd, 2).scores[0], [0.6, 0.4], rtol=1e-6)

    def test_says_the_rule_that_fired(self):
        assert said(self.model, self.crowd, "paper") == (
            "Chosen together with ink and pen 4.0 times as often as chance would have it"
        )

    def test_an_id_may_look_like_two(self):
        crowd = histories([committed("a", "ink + pen"), committed("b", "paper")])
        model = Rules.fit(crowd, rules_table(("item", "ink + pen", "paper", 0.6, 4.0)))
        assert ids(crowd, model) == ["paper"]
