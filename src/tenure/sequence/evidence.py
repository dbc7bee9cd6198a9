"""How well does the heart foretell what users did later? Beside the simplest answers to each question."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.sparse import csr_array
from torch import inference_mode

from tenure.evaluation import ranking
from tenure.evaluation.intervals import Interval, resample_counts
from tenure.sequence.batches import Ahead
from tenure.sequence.hazards import Stretches, Waits
from tenure.sequence.histories import Histories
from tenure.sequence.learnt import Learnt
from tenure.sequence.next_item import by_recency
from tenure.sequence.objectives import LEVELS, NextKinds, NextTime, NextValue
from tenure.sequence.scoring import K, last_states, scores
from tenure.sequence.steps import KINDS
from tenure.sequence.windows import newest

Vector = NDArray[np.float64]
Numbers = NDArray[np.int64]

SCHEMA = pa.schema(
    [
        pa.field("question", pa.string(), nullable=False),
        pa.field("metric", pa.string(), nullable=False),
        pa.field("model", pa.string(), nullable=False),
        pa.field("value", pa.float64(), nullable=False),
        pa.field("low", pa.float64()),
        pa.field("high", pa.float64()),
        pa.field("gain_low", pa.float64()),  # of heart - model, the 95 % interval; null for the heart itself
        pa.field("gain_high", pa.float64()),
        pa.field("is_better_high", pa.bool_(), nullable=False),
        pa.field("n_users", pa.int64(), nullable=False),
    ]
)
_AT_ONCE = 512


def heart_evidence(learnt: Learnt, then: Histories, n_known: Numbers, as_of: int, seed: int) -> pa.Table:
    """Every question that the heart answers, put at one moment: SCHEMA, a row per question, metric and model.

    Args:
        learnt: a heart that knew the time before the moment.
        then: the histories of users [B], with what they did after it.
        n_known: how many of the steps of each were known at the moment [B]; users of none are not judged.
        as_of: the moment, seconds since 1970 UTC.
        seed: of the resampling.
    """
    rows = np.flatnonzero(n_known)
    judged: list[tuple[str, str, bool, Mapping[str, Vector]]] = []
    judged += _items(learnt, then, rows, n_known)
    judged += _rest(learnt, then, rows, n_known, as_of)
    found = []
    for question, metric, is_better_high, values in judged:
        found += _rows(question, metric, is_better_high, values, seed)
    if not found:
        return SCHEMA.empty_table()
    columns = list(zip(*found, strict=True))
    return pa.table(
        [pa.array(c, f.type, from_pandas=True) for c, f in zip(columns, SCHEMA, strict=True)], schema=SCHEMA
    )


def _items(
    learnt: Learnt, then: Histories, rows: Numbers, n_known: Numbers
) -> list[tuple[str, str, bool, Mapping[str, Vector]]]:
    """The items of the next step, of the whole catalogue; where users come back to items none is left out."""
    if not learnt.heart.shape.knows_items:
        return []
    known = then.known(n_known).rows(rows)
    next_step = then.steps.starts[rows] + n_known[rows]
    has = (next_step < then.steps.ends[rows]) & (
        then.offsets[np.minimum(next_step + 1, len(then.offsets) - 1)] > then.offsets[next_step]
    )
    if not has.any():
        return []
    lists = {name: np.zeros((len(rows), K), np.int64) for name in ("heart", "neighbours", "popular", "most_frequent")}
    who, what = known.met()
    fame = np.bincount(what, minlength=learnt.heart.n_items).astype(np.float32)
    counts = csr_array((np.ones(len(who), np.float32), (who, what)), shape=(len(rows), len(fame)))
    sparse = learnt.neighbours.to_sparse()
    for users, said in scores(learnt.heart, learnt.neighbours, known):
        own = counts[users].toarray()
        near = (by_recency(known, users, len(fame)) @ sparse).toarray()
        told = {"heart": said, "neighbours": near, "popular": np.broadcast_to(fame, said.shape).copy()}
        told["most_frequent"] = own + fame / (fame.sum() + 1)
        for name, values in told.items():
            if not learnt.heart.shape.may_repeat:
                values[own > 0] = -np.inf
            lists[name][users] = ranking.top_k(values, K)
    asked = np.flatnonzero(has)
    first, last = then.offsets[next_step[asked]], then.offsets[next_step[asked] + 1]
    truth = [np.unique(then.items[low:high]) for low, high in zip(first, last, strict=True)]
    offsets = np.concatenate([[0], np.cumsum([len(some) for some in truth])])
    chosen = np.concatenate(truth)
    return [
        (
            "next items",
            f"{metric}@{K}",
            True,
            {name: ranking.RANKING[metric](some[asked], offsets, chosen, K) for name, some in lists.items()},
        )
        for metric in ("ndcg", "recall", "hit_rate", "mrr")
    ]


def _rest(
    learnt: Learnt, then: Histories, rows: Numbers, n_known: Numbers, as_of: int
) -> list[tuple[str, str, bool, Mapping[str, Vector]]]:
    """When the next step comes, of what kinds, and worth how much."""
    said, ahead = told_by_heads(learnt, then, rows, n_known)
    if not said:
        return []
    last = then.steps.seconds[then.steps.starts[rows] + n_known[rows] - 1]
    waited = np.maximum(as_of - last, 0) / 86_400
    found: list[tuple[str, str, bool, Mapping[str, Vector]]] = []
    for objective in learnt.objectives:
        numbers = said[objective.name]
        usual = np.broadcast_to(np.array(objective.start()), numbers.shape)
        if isinstance(objective, NextTime):
            is_step = objective.of == "step"
            came, days = (ahead.came, ahead.days) if is_step else (ahead.committed, ahead.commit_days)
            question = f"time to next {objective.of}"
            waits = {
                "heart": Waits(objective.stretches, numbers),
                "everybody's hazard": Waits(objective.stretches, usual),
                "own rate": _own_rate(then, rows, n_known, as_of, objective),
            }
            # Commitments may be older than the newest step: silence is counted from that step alone, for all alike.
            likely = {n: w.log_likelihood(days, came) + w.cumulative(waited) for n, w in waits.items()}
            found.append((question, "log_likelihood", True, likely))
            # Up to the end of watching: of those who came back alone, whoever expects short waits would win.
            watched = np.maximum(then.until[rows] - as_of, 0) / 86_400
            rest = np.where(came, days - waited, watched)
            miss = {n: np.abs(np.minimum(w.quantile(0.5, waited), watched) - rest) for n, w in waits.items()}
            found.append((question, "mae_days", False, miss))
        elif isinstance(objective, NextKinds) and ahead.came.any():
            places = [list(map(str, KINDS)).index(kind) for kind in objective.kinds]
            truth = ahead.kinds[ahead.came][:, places]
            models = {"heart": numbers[ahead.came], "everybody's": usual[ahead.came]}
            losses = {n: (np.logaddexp(0, z) - truth * z).sum(axis=1) for n, z in models.items()}
            found.append(("next kinds", "log_loss", False, losses))
        elif isinstance(objective, NextValue):
            worth = ahead.came & (np.nan_to_num(ahead.values) > 0)
            if not worth.any():
                continue
            z = (np.log(ahead.values[worth]) - objective.centre) / objective.spread
            models = {"heart": numbers[worth], "everybody's": usual[worth]}
            levels = np.array(LEVELS)
            pinball = {}
            for name, told in models.items():
                miss_z = z[:, None] - told[:, 1:]
                pinball[name] = np.maximum(levels * miss_z, (levels - 1) * miss_z).mean(axis=1)
            found.append(("next value", "pinball", False, pinball))
    return found


def told_by_heads(learnt: Learnt, then: Histories, rows: Numbers, n_known: Numbers) -> tuple[dict[str, Vector], Ahead]:
    """What each head says after the known steps of some users [R], and what came after: {name: [R, J]}."""
    windows = newest(n_known, learnt.heart.shape.config.window).some(rows)
    order = np.argsort(windows.ends - windows.starts, kind="stable")
    said = {o.name: np.zeros((len(rows), len(o.start()))) for o in learnt.objectives}
    for low in range(0, len(order), _AT_ONCE):
        some = order[low : low + _AT_ONCE]
        with inference_mode():
            states = last_states(learnt.heart, then.read(windows.some(some)))
            for name, numbers in said.items():
                numbers[some] = learnt.heart.heads[name](states).double().cpu().numpy()
    return said, then.ahead(windows)


def _own_rate(then: Histories, rows: Numbers, n_known: Numbers, as_of: int, objective: NextTime) -> Waits:
    """The rate of each user alone, drawn towards that of everybody as if they had been watched for one step more."""
    first = then.steps.starts[rows]
    if objective.of == "step":
        n = n_known[rows] - 1.0
    else:
        holds = then.steps.features[:, KINDS.index("commitment")] > 0
        total = np.concatenate([[0], np.cumsum(holds)])
        n = np.maximum(total[first + n_known[rows]] - total[first] - 1.0, 0.0)
    days = np.maximum(as_of - then.steps.seconds[first], 0) / 86_400
    overall = (n.sum() + 1) / (days.sum() + 1)
    rate = (n + 1) / (days + 1 / overall)
    return Waits(Stretches(np.zeros(1)), np.log(rate)[:, None])


def _rows(
    question: str, metric: str, is_better_high: bool, values: Mapping[str, Vector], seed: int
) -> list[tuple[object, ...]]:
    """A row per model, with the interval of its mean and that of the heart's gain over it, from the same resamples."""
    names = list(values)
    table = np.stack([values[name] for name in names], axis=1)
    means = table.mean(axis=0)
    blocks = resample_counts(len(table), seed=seed, n_resamples=1000 if len(table) > 1 else 0)
    drawn = np.concatenate([np.empty((0, len(names))), *((n @ table) / n.sum(axis=1, keepdims=True) for n in blocks)])
    found: list[tuple[object, ...]] = []
    for i, name in enumerate(names):
        level = Interval.of(float(means[i]), drawn[:, i])
        gain = Interval.of(float(means[0] - means[i]), drawn[:, 0] - drawn[:, i])
        ends = (np.nan, np.nan) if i == 0 else (gain.low, gain.high)
        found.append((question, metric, name, level.value, level.low, level.high, *ends, is_better_high, len(table)))
    return found
