"""Do the slates find what users then chose? Against the sources alone and the two simplest recommenders, on later time.

Shapes: B users who committed to anything in the horizon, K places, S strategies, M metrics.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tenure.evaluation import ranking
from tenure.evaluation.intervals import Interval, resample_counts
from tenure.recommendation.candidates import Candidates
from tenure.recommendation.interactions import Interactions, Ints
from tenure.recommendation.recommender import Recommender, SlateConfig
from tenure.recommendation.vocabulary import Vocabulary

FUSED = "fused"
MOST_FREQUENT = "most_frequent"
ACCURACY = ("ndcg", "recall", "hit_rate", "mrr", "map")

METRICS_SCHEMA = pa.schema(
    [
        pa.field("strategy", pa.string(), nullable=False),  # "fused", "most_frequent", or the source that stood alone
        pa.field("slice", pa.string(), nullable=False),  # "all", or a stage
        pa.field("metric", pa.string(), nullable=False),  # as in "ndcg@10"
        pa.field("value", pa.float64(), nullable=False),
        pa.field("low", pa.float64()),  # null where one number stands for all users, or for one user
        pa.field("high", pa.float64()),
        pa.field("n_users", pa.int64(), nullable=False),
    ]
)
GAINS_SCHEMA = pa.schema(
    [
        pa.field("baseline", pa.string(), nullable=False),
        pa.field("slice", pa.string(), nullable=False),
        pa.field("metric", pa.string(), nullable=False),
        pa.field("difference", pa.float64(), nullable=False),  # fused - baseline on the same users
        pa.field("low", pa.float64()),
        pa.field("high", pa.float64()),
    ]
)


@dataclass(frozen=True)
class Evaluation:
    """How good each strategy is, and what the fused slate gains over each other one."""

    metrics: pa.Table
    """METRICS_SCHEMA"""
    gains: pa.Table
    """GAINS_SCHEMA"""


def evaluate(
    recommender: Recommender,
    histories: Interactions,
    truth: pa.Table,
    config: SlateConfig,
    *,
    stages: Mapping[str, str] | None = None,
    seed: int,
) -> Evaluation:
    """How well would these slates have served the users in the horizon after the cut-off, over the whole catalogue?

    Counts users with a history who committed to something in the horizon; what they chose counts even where the item
    was unknown at the cut-off and could not be found. Slates are those that would have been shown, chance included.
    The interval is that of a bootstrap over users; differences are paired.

    Args:
        recommender: fitted at the cut-off.
        histories: at the cut-off, of the users to judge by.
        truth: rows of `committed_items` at the same cut-off.
        config: how the fused slates are made.
        stages: user -> stage at the cut-off; each stage is a slice beside "all".
        seed: of the bootstrap and of the slates' exploration.
    """
    k = config.length
    offsets, chosen = _truth(truth, histories)
    lists = _lists(recommender, histories, config, seed)
    counted = np.flatnonzero(np.diff(offsets))
    if not len(counted):
        return Evaluation(METRICS_SCHEMA.empty_table(), GAINS_SCHEMA.empty_table())
    n_users_of_item = np.bincount(histories.item, minlength=histories.n_items)
    values = {}
    for name, items in lists.items():
        for metric in ACCURACY:
            values[name, metric] = ranking.RANKING[metric](items, offsets, chosen, k)[counted]
        values[name, "novelty"] = ranking.novelty(items, n_users_of_item, histories.n_users)[counted]
        if (recommender.catalogue.categories >= 0).any():
            diversity = ranking.intra_list_diversity(items, recommender.catalogue.categories)
            values[name, "diversity"] = diversity[counted]

    metrics, gains = [], []
    for where, rows in _slices(histories.users.ids[counted], stages or {}).items():
        levels, differences = _intervals({key: column[rows] for key, column in values.items()}, seed)
        metrics += [
            (name, where, f"{metric}@{k}", v.value, v.low, v.high, len(rows)) for (name, metric), v in levels.items()
        ]
        metrics += [
            (
                name,
                where,
                f"coverage@{k}",
                ranking.coverage(items[counted[rows]], histories.n_items),
                np.nan,
                np.nan,
                len(rows),
            )
            for name, items in lists.items()
        ]
        gains += [(name, where, f"{metric}@{k}", v.value, v.low, v.high) for (name, metric), v in differences.items()]
    return Evaluation(_table(metrics, METRICS_SCHEMA), _table(gains, GAINS_SCHEMA))


def _lists(
    recommender: Recommender, histories: Interactions, config: SlateConfig, seed: int
) -> dict[str, NDArray[np.int64]]:
    """What each strategy would have shown, item numbers [B, K]: fused, every source with a say alone, most frequent."""
    alone = {
        name: replace(config, weights={name: 1.0}, diversity=0.0, explore=replace(config.explore, share=0.0))
        for name in recommender.sources
        if config.weights.get(name, 0.0) > 0 or name == "popular"
    }
    lists = {
        name: recommender.recommend(histories, each, seed=seed, with_reasons=False).items
        for name, each in {FUSED: config, **alone}.items()
    }
    if config.repeats_allowed:
        lists[MOST_FREQUENT] = _most_frequent(histories, config.length)
    return lists


def _most_frequent(histories: Interactions, k: int) -> Ints:
    """The items that the user committed to on most days, the later one first of two: the baseline of own repeats."""
    rows = histories.n_commitments > 0
    score = histories.n_commitments[rows] + 1 / (2.0 + histories.last_days[rows])
    return Candidates.best(histories.user[rows], histories.item[rows], score, n_users=histories.n_users, n=k).items


def _truth(truth: pa.Table, histories: Interactions) -> tuple[Ints, Ints]:
    """What each user chose, ragged: offsets [B + 1] and item numbers, from I on for items that were unknown."""
    as_of = pa.scalar(histories.as_of, truth.schema.field("as_of").type)
    truth = truth.filter(pc.equal(truth["as_of"], as_of))
    user, item = histories.users.encode(truth["user_id"]), histories.items.encode(truth["item_id"])
    unknown = Vocabulary.of(truth["item_id"].unique().to_pylist()).encode(truth["item_id"])
    item = np.where(item >= 0, item, histories.n_items + unknown)
    order = np.lexsort((item, user))
    user, item = user[order], item[order]
    item = item[user >= 0]
    return np.searchsorted(user[user >= 0], np.arange(histories.n_users + 1)), item


def _slices(users: NDArray[np.object_], stages: Mapping[str, str]) -> dict[str, Ints]:
    """Row numbers of each slice: "all", then the stages that have users, by name."""
    stage = np.array([stages.get(user, "") for user in users], dtype=object)
    named = sorted(set(stage.tolist()) - {""})
    return {"all": np.arange(len(users))} | {name: np.flatnonzero(stage == name) for name in named}


def _intervals(
    values: Mapping[tuple[str, str], NDArray[np.float64]], seed: int
) -> tuple[dict[tuple[str, str], Interval], dict[tuple[str, str], Interval]]:
    """The mean of each (strategy, metric) column, and fused - other, from the same resamples, where defined."""
    keys = list(values)
    table = np.column_stack([values[key] for key in keys])  # [B, S * M]
    defined = ~np.isnan(table)
    filled = np.where(defined, table, 0.0)
    with np.errstate(invalid="ignore"):  # a metric that no user (of a resample) has is NaN: not defined
        means = filled.sum(axis=0) / defined.sum(axis=0)
        blocks = resample_counts(len(table), seed=seed, n_resamples=1000 if len(table) > 1 else 0)
        drawn = np.concatenate([np.empty((0, len(keys))), *((n @ filled) / (n @ defined) for n in blocks)])
    at = {key: column for column, key in enumerate(keys) if not np.isnan(means[column])}
    levels = {key: Interval.of(float(means[i]), drawn[:, i]) for key, i in at.items()}
    gains = {
        (name, metric): Interval.of(
            float(means[at[FUSED, metric]] - means[i]), drawn[:, at[FUSED, metric]] - drawn[:, i]
        )
        for (name, metric), i in at.items()
        if name != FUSED and metric in ACCURACY
    }
    return levels, gains


def _table(rows: Sequence[tuple[object, ...]], schema: pa.Schema) -> pa.Table:
    columns = list(zip(*rows, strict=True))
    # NaN means that there is no such number.
    return pa.table(
        [pa.array(c, f.type, from_pandas=True) for c, f in zip(columns, schema, strict=True)], schema=schema
    )
