from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from recommendation.histories import AS_OF, committed, histories, random_histories

from tenure.domains.ecommerce import DOMAIN
from tenure.evaluation import ranking
from tenure.evaluation.intervals import bootstrap_mean
from tenure.recommendation.evaluate import GAINS_SCHEMA, METRICS_SCHEMA, evaluate
from tenure.recommendation.explore import ExploreConfig
from tenure.recommendation.recommender import Recommender, SlateConfig
from tenure.schema import ITEMS

CONFIG = SlateConfig(length=5, diversity=0.0, explore=ExploreConfig(share=0))


def truth(*pairs: tuple[str, str]) -> pa.Table:
    users, items = zip(*pairs, strict=True) if pairs else ((), ())
    return pa.table(
        {
            "user_id": pa.array(users, pa.string()),
            "as_of": pa.array([AS_OF] * len(pairs), pa.timestamp("us")),
            "item_id": pa.array(items, pa.string()),
        }
    )


def read(table: pa.Table, **where: str) -> list[dict]:
    return [row for row in table.to_pylist() if all(row[key] == value for key, value in where.items())]


@pytest.fixture(scope="module")
def crowd():
    return random_histories(seed=21, n_users=40, n_items=20)


@pytest.fixture(scope="module")
def later():
    draw = np.random.default_rng(5)
    return truth(*{(f"u{draw.integers(40)}", f"i{draw.integers(24)}") for _ in range(120)})


@pytest.fixture(scope="module")
def found(crowd, later):
    stages = {f"u{n}": "retained" if n % 2 else "at_risk" for n in range(39)}
    return evaluate(Recommender.fit(crowd, domain=DOMAIN), crowd, later, CONFIG, stages=stages, seed=4)


def test_equals_the_metric_user_by_user(crowd, later, found):
    slate = Recommender.fit(crowd, domain=DOMAIN).recommend(crowd, CONFIG, seed=4)
    chosen = {}
    for row in later.to_pylist():
        chosen.setdefault(row["user_id"], set()).add(row["item_id"])
    scores = []
    for user, items in zip(crowd.users.ids, slate.items, strict=True):
        if user in chosen:
            hits = [crowd.items.ids[i] in chosen[user] for i in items]
            ideal = sum(1 / np.log2(place + 2) for place in range(min(5, len(chosen[user]))))
            scores.append(sum(hit / np.log2(place + 2) for place, hit in enumerate(hits)) / ideal)
    (row,) = read(found.metrics, strategy="fused", slice="all", metric="ndcg@5")
    assert row["value"] == pytest.approx(np.mean(scores))
    assert row["n_users"] == len(chosen)
    interval = bootstrap_mean(np.array(scores), seed=4)
    assert (row["low"], row["high"]) == pytest.approx((interval.low, interval.high))


def test_gains_are_paired_differences(found):
    assert found.metrics.schema.equals(METRICS_SCHEMA)
    assert found.gains.schema.equals(GAINS_SCHEMA)
    for gain in found.gains.to_pylist():
        key = {"slice": gain["slice"], "metric": gain["metric"]}
        (fused,) = read(found.metrics, strategy="fused", **key)
        (other,) = read(found.metrics, strategy=gain["baseline"], **key)
        assert gain["difference"] == pytest.approx(fused["value"] - other["value"], abs=1e-12)
        assert gain["low"] <= gain["difference"] <= gain["high"]


def test_every_strategy_in_every_slice(found):
    strategies = {"fused", "repeats", "ease", "rules", "popular", "most_frequent"}
    cells = {(row["strategy"], row["slice"]) for row in found.metrics.to_pylist()}
    assert cells == {(s, where) for s in strategies for where in ("all", "at_risk", "retained")}
    counts = {
        where: read(found.metrics, strategy="fused", slice=where)[0]["n_users"] for where in ("at_risk", "retained")
    }
    everybody = read(found.metrics, strategy="fused", slice="all")[0]["n_users"]
    assert everybody - 1 <= sum(counts.values()) <= everybody, "u39 has no stage"


def test_most_frequent_is_the_most_frequent():
    rows = [committed("a", "often", 5, last=40, weight=0.1), committed("a", "lately", 2, last=0, weight=9)]
    few = histories(rows)
    found = evaluate(Recommender.fit(few, domain=DOMAIN), few, truth(("a", "often")), replace(CONFIG, length=1), seed=1)
    values = {s: read(found.metrics, strategy=s, metric="hit_rate@1")[0]["value"] for s in ("most_frequent", "repeats")}
    assert values == {"most_frequent": 1.0, "repeats": 0.0}


def test_an_item_that_did_not_exist_still_counts_against_recall(crowd):
    model = Recommender.fit(crowd, domain=DOMAIN)
    top = crowd.items.ids[model.recommend(crowd.part(0, 1), CONFIG, seed=1).items[0, 0]]
    user = crowd.users.ids[0]
    found = evaluate(model, crowd, truth((user, top), (user, "brand new"), (user, "newer still")), CONFIG, seed=1)
    (row,) = read(found.metrics, strategy="fused", slice="all", metric="recall@5")
    assert row["value"] == pytest.approx(1 / 3)
    assert row["low"] is None, "one user has no range"


def test_diversity_needs_categories(crowd, later):
    items = pa.Table.from_pylist([{"item_id": f"i{n}", "categories": [f"c{n % 3}"]} for n in range(20)], schema=ITEMS)
    model = Recommender.fit(crowd, items=items, domain=DOMAIN)
    varied = evaluate(model, crowd, later, replace(CONFIG, diversity=0.6), seed=4)
    plain = evaluate(model, crowd, later, CONFIG, seed=4)
    one, other = (read(e.metrics, strategy="fused", metric="diversity@5")[0]["value"] for e in (varied, plain))
    assert one > other
    slate = model.recommend(crowd, CONFIG, seed=4)
    everybody = ranking.intra_list_diversity(slate.items, model.catalogue.categories)
    in_truth = np.isin(crowd.users.ids, later["user_id"].to_pylist())
    assert other == pytest.approx(everybody[in_truth].mean())


def test_without_repeats_there_is_no_repeats_baseline(crowd, later):
    found = evaluate(
        Recommender.fit(crowd, domain=DOMAIN), crowd, later, replace(CONFIG, repeats_allowed=False), seed=4
    )
    assert "most_frequent" not in found.metrics["strategy"].to_pylist()


def test_nobody_to_judge_by_gives_empty_tables(crowd):
    found = evaluate(Recommender.fit(crowd, domain=DOMAIN), crowd, truth(), CONFIG, seed=1)
    assert found.metrics.num_rows == found.gains.num_rows == 0
