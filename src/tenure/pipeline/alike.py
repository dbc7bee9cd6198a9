"""What the heart's vectors are good for: kinds of users, users like others, a map of items. Judged on later time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tenure.errors import ConfigError, EvidenceError, unknown
from tenure.evaluation.intervals import Interval, bootstrap_mean
from tenure.evaluation.likeness import share_explained, told_by_group, told_by_nearest
from tenure.events.log import EVENTS_TABLE, ITEMS_TABLE, USERS_TABLE
from tenure.pipeline.known import Known
from tenure.prediction.labels import labels
from tenure.profiles.activity import activity
from tenure.profiles.inputs import Facts
from tenure.profiles.segments import Segments
from tenure.profiles.taste import taste
from tenure.profiles.vector import Vectoriser
from tenure.seeds import generator

if TYPE_CHECKING:
    # Their modules need PyTorch, which need not be there.
    from tenure.pipeline.hearts import Encoded, Told
    from tenure.sequence.learnt import Learnt

Matrix = NDArray[np.float64]

N_ALIKE = 20
"""So many users most like a user tell what becomes of them."""
MOST_USERS = 4_000
"""Of more users so many, drawn, are compared with each other."""
_LONE = 4
"""A lone column weighs in distances like one of so many, as in `profiles.vector`."""
MOST_ITEMS, LEAST_ITEMS = 1_000, 10
"""Of an item map: those met most; fewer are no map."""

STATE_EVIDENCE = pa.schema(
    [
        pa.field("question", pa.string(), nullable=False),  # stability, committed, value
        pa.field("told_by", pa.string(), nullable=False),  # segment, most_alike
        pa.field("basis", pa.string(), nullable=False),  # states, profiles
        pa.field("value", pa.float64(), nullable=False),
        pa.field("low", pa.float64()),
        pa.field("high", pa.float64()),
        pa.field("gain_low", pa.float64()),  # of states - profiles, the 95 % interval; null in rows of states
        pa.field("gain_high", pa.float64()),
        pa.field("n_users", pa.int64(), nullable=False),
    ]
)


def state_evidence(known: Known, encoded: Encoded) -> pa.Table:
    """Are users whose states are alike more alike in what they do next than users of like profiles? STATE_EVIDENCE.

    At the test cut-off, from what was known then: users are grouped by states and silence, and by profiles; each user's
    outcome of the horizon after it (committed; logarithm of the value) is told by the mean of the others of the group,
    or of the users most like them. `value` is the share of the differences that this explains; of `stability` the mean
    Jaccard with which segments come back from halves of the users.
    """
    if known.cutoffs is None or encoded.at_test is None:
        return STATE_EVIDENCE.empty_table()
    test, days = known.cutoffs.test, known.cutoffs.horizon_days
    did = known.run(activity(EVENTS_TABLE, ITEMS_TABLE, [test])).sort_by("user_id")
    if len(did) < 2 * N_ALIKE:
        return STATE_EVIDENCE.empty_table()
    if len(did) > MOST_USERS:
        chosen = np.sort(generator(known.seed, "state evidence").choice(len(did), MOST_USERS, replace=False))
        did = did.take(pa.array(chosen))
    likes = known.run(taste(EVENTS_TABLE, ITEMS_TABLE, [test], half_life_days=known.domain.taste_half_life_days))
    facts = Facts(activity=did, taste=likes, users=known.run(USERS_TABLE))
    profiles = Vectoriser.fit(facts).transform(facts)
    states = _states(encoded.told, encoded.at_test, did["user_id"], test)
    until = min(known.until, test + timedelta(days=days))
    came = known.run(labels(EVENTS_TABLE, [test], days, until=until))
    came = came.take(pc.index_in(did["user_id"], value_set=came["user_id"].combine_chunks()))
    if came["committed"].null_count:
        return STATE_EVIDENCE.empty_table()
    outcomes = {
        "committed": came["committed"].cast(pa.float64()).to_numpy(),
        "value": np.log1p(np.maximum(came["value"].to_numpy(), 0.0)),
    }
    bases = {"states": (states, np.ones(states.shape[1])), "profiles": (profiles.matrix, profiles.balance)}
    return _judged(bases, outcomes, known.seed)


def item_map(known: Known, encoded: Encoded) -> pa.Table:
    """Items met most, on a plane where those lie near each other that the heart takes for alike.

    `item_id, category, x, y, n_events`; the category is the broadest one, null where there is none.

    Source: van der Maaten & Hinton (2008), Visualizing data using t-SNE, of the items' vectors, cosine distances.
    """
    from sklearn.manifold import TSNE

    told, heart = encoded.told, encoded.now.heart
    met = told.sequences(encoded.as_of).items
    counts = np.bincount(met[met >= 0], minlength=len(told.tokens))
    shown = np.argsort(-counts, kind="stable")[:MOST_ITEMS]
    shown = shown[counts[shown] > 0]
    places = np.zeros((0, 2))
    if len(shown) >= LEAST_ITEMS:
        vectors = _unit(heart.all_vectors().detach().cpu().numpy()[shown].astype(np.float64))
        perplexity = min(30.0, (len(shown) - 1) / 3)
        places = TSNE(perplexity=perplexity, init="pca", random_state=known.seed, n_jobs=1).fit_transform(vectors)
    shown = shown[: len(places)]
    ids = [told.tokens.ids[i] for i in shown]
    described = known.run(ITEMS_TABLE.select("item_id", "categories"))
    broadest = dict(zip(described["item_id"].to_pylist(), described["categories"].to_pylist(), strict=True))
    return pa.table(
        {
            "item_id": pa.array(ids, pa.string()),
            "category": pa.array([(broadest.get(item) or [None])[0] for item in ids], pa.string()),
            "x": places[:, 0].astype(np.float64),
            "y": places[:, 1].astype(np.float64),
            "n_events": counts[shown].astype(np.int64),
        }
    )


def lookalikes(users: pa.Array, points: Matrix, like: Sequence[str], k: int) -> pa.Table:
    """The k users whose points (`points_of`) are most like those of some users: `user_id, likeness, most_like`.

    Likeness is the cosine with the most similar of the given users, who are not among the found; the likest come first.

    Raises:
        ConfigError: nobody is named, or k is below 1.
        UnknownError: a user is not known, with the nearest ids.
        EvidenceError: nobody else is known.
    """
    if not like or k < 1:
        raise ConfigError("lookalikes: expected at least one user to be like, and k of at least 1")
    known = users.to_pylist()
    place = {user: i for i, user in enumerate(known)}
    for user in like:
        if user not in place:
            raise unknown("user", user, known)
    mine = np.array([place[user] for user in dict.fromkeys(like)])
    unit = _unit(points)
    alike = unit @ unit[mine].T
    nearest, best = alike.argmax(axis=1), alike.max(axis=1)
    best[mine] = -np.inf
    found = np.lexsort((np.arange(len(best)), -best))[: min(k, len(best) - len(mine))]
    if not len(found):
        raise EvidenceError("lookalikes: nobody else is known")
    return pa.table(
        {
            "user_id": pa.array([known[i] for i in found], pa.string()),
            "likeness": best[found],
            "most_like": pa.array([known[mine[nearest[i]]] for i in found], pa.string()),
        }
    )


def _judged(
    bases: Mapping[str, tuple[Matrix, NDArray[np.float64]]], outcomes: Mapping[str, NDArray[np.float64]], seed: int
) -> pa.Table:
    rows: list[dict[str, object]] = []
    told: dict[tuple[str, str], dict[str, NDArray[np.float64]]] = {}
    for basis, (matrix, balance) in bases.items():
        segments = Segments.of(matrix, balance, seed=seed)
        group = segments.assign(matrix).segment
        sizes = np.bincount(group, minlength=len(segments.stability))
        n = len(matrix)
        stability = float((segments.stability * sizes).sum() / n)
        rows.append({"question": "stability", "told_by": "segment", "basis": basis, "value": stability, "n_users": n})
        points = matrix * balance
        for question, outcome in outcomes.items():
            for by, said in (
                ("segment", told_by_group(outcome, group)),
                ("most_alike", told_by_nearest(outcome, points, N_ALIKE)),
            ):
                told.setdefault((question, by), {})[basis] = share_explained(outcome, said)
    for (question, by), shares in told.items():
        first = shares["states"]
        if np.isnan(first).any():
            continue
        for basis, share in shares.items():
            mean = bootstrap_mean(share, seed=seed)
            gain = Interval(0.0, np.nan, np.nan) if basis == "states" else bootstrap_mean(first - share, seed=seed)
            entry = {"question": question, "told_by": by, "basis": basis, "n_users": len(share)}
            limits = {"value": mean.value, "low": mean.low, "high": mean.high}
            rows.append({**entry, **limits, "gain_low": gain.low, "gain_high": gain.high})
    cells = [[row.get(f.name) for row in rows] for f in STATE_EVIDENCE]
    return pa.table(
        [pa.array(c, f.type, from_pandas=True) for c, f in zip(cells, STATE_EVIDENCE, strict=True)],
        schema=STATE_EVIDENCE,
    )


def _states(told: Told, learnt: Learnt, users: pa.ChunkedArray, moment: datetime) -> Matrix:
    from tenure.sequence.states import user_states

    place = pc.index_in(users, value_set=told.users).to_numpy()
    found = user_states(learnt, told.histories(moment, learnt.normaliser).rows(place))
    return points_of(found.states, found.seconds, moment)


def points_of(states: NDArray[np.float32], seconds: NDArray[np.int64], moment: datetime) -> Matrix:
    """States [B, D] and the logarithm of the silence since their newest steps [B], which no state knows: [B, D + 1].

    Standardised; all of the state weighs like one theme of a profile, and the silence like a lone column.
    """
    silence = np.log1p(np.maximum(int(np.datetime64(moment, "s").astype(np.int64)) - seconds, 0))
    known = np.column_stack([states, silence]).astype(np.float64)
    scaled = (known - known.mean(axis=0)) / np.maximum(known.std(axis=0), 1e-9)
    weights = np.append(np.full(states.shape[1], states.shape[1] ** -0.5), _LONE**-0.5)
    return np.asarray(scaled * weights, dtype=np.float64)


def _unit(points: Matrix) -> Matrix:
    return np.asarray(points / np.maximum(np.linalg.norm(points, axis=1, keepdims=True), 1e-12))
