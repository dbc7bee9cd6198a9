"""How good are the profiles: do they foretell what users do, whom and what do they cover, how well do they tell apart?

Accuracy is measured at a cut-off that lies one horizon before the end of the log, on what came after it; coverage and
diversity on the profiles of the day. Intervals come from a function that is passed in, such as a bootstrap of the mean.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy import stats

from tenure.domain import Domain
from tenure.profiles.normalise import numbers
from tenure.profiles.vector import Profiles
from tenure.wording import article, counted, plural

Vector = NDArray[np.float64]

QUALITY = pa.schema(
    [
        pa.field("aspect", pa.string(), nullable=False),  # accuracy, coverage or diversity
        pa.field("measure", pa.string(), nullable=False),
        pa.field("value", pa.float64()),
        pa.field("low", pa.float64()),
        pa.field("high", pa.float64()),  # where it could have been, had other users come by; null where not told
        pa.field("baseline", pa.float64()),  # the same without the profile; null where there is no such thing
        pa.field("meaning", pa.string(), nullable=False),
    ]
)
"""One row per measure."""


class Interval(Protocol):
    """A mean and how far it could be off."""

    @property
    def value(self) -> float: ...  # noqa: D102
    @property
    def low(self) -> float: ...  # noqa: D102
    @property
    def high(self) -> float: ...  # noqa: D102


IntervalOf = Callable[[Vector], Interval]
"""From one value per user (NaN = not defined) to their mean and its interval."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One row of QUALITY; NaN = not told."""

    aspect: str
    measure: str
    value: float
    meaning: str
    low: float = np.nan
    high: float = np.nan
    baseline: float = np.nan


def quality_table(measures: Iterable[Measure]) -> pa.Table:
    """The measures as a table of QUALITY."""
    rows = [{name: None if value != value else value for name, value in asdict(m).items()} for m in measures]  # noqa: PLR0124
    return pa.Table.from_pylist(rows, schema=QUALITY)


def accuracy(
    activity: pa.Table,
    taste: pa.Table,
    next_categories: pa.Table,
    next_value: pa.Table,
    *,
    interval: IntervalOf,
    domain: Domain,
    n_tastes: int = 10,
) -> list[Measure]:
    """Does the profile foretell what users do next, better than knowing only what is popular, or who came lately?

    Args:
        activity: features of everybody seen before one cut-off.
        taste: what they liked then.
        next_categories: `user_id, name, n_commitments` after it (`quality_evidence.next_categories`).
        next_value: `user_id, value` after it (`quality_evidence.next_value`).
        interval: from one value per user to mean and interval.
        domain: for its words and its horizon, over which "next" was taken.
        n_tastes: so many favourites are compared with as many popular categories.
    """
    users, days = activity["user_id"], domain.horizon_days
    own, popular = _shares_in_favourites(users, taste, next_categories, n_tastes)
    later = _per_user(users, next_value["user_id"], numbers(next_value, ["value"])[:, 0])
    spent, silence = numbers(activity, ["value_90", "recency_days"]).T
    return [
        _measure(
            "accuracy",
            "next categories",
            interval(own),
            f"Share of the {plural(domain.commitment_noun)} of the next {counted(days, 'day')} that are in the "
            f"{domain.user_noun}'s {n_tastes} favourite categories; baseline: in the {n_tastes} most popular ones.",
            interval(popular).value,
        ),
        _measure(
            "accuracy",
            "next value",
            interval(_rank_products(spent, later)),
            f"Rank correlation of the value of the last 90 days with that of the next {days}; baseline: of recency.",
            interval(_rank_products(-silence, later)).value,
        ),
    ]


def coverage(
    profiles: Profiles, taste: pa.Table, users: pa.Table, touched: pa.Table, *, interval: IntervalOf, domain: Domain
) -> list[Measure]:
    """How many users, features, items and categories do the profiles cover?

    `users` is of schema.USERS, `touched` the one row of `quality_evidence.touched`.
    """
    ids, noun = profiles.table["user_id"], domain.user_noun
    features = [column.is_valid().to_numpy() for column in profiles.table.columns[2:]]
    filled = np.mean(features, axis=0) if features else np.full(len(ids), np.nan)
    row = touched.to_pylist()[0]
    catalogue = [
        Measure(
            "coverage",
            things,
            row[f"n_{things}_touched"] / row[f"n_{things}"] if row[f"n_{things}"] else np.nan,
            f"Share of the catalogue's {things} that anybody has touched.",
        )
        for things in ("items", "categories")
    ]
    return [
        _measure(
            "coverage", "features", interval(filled), f"Share of the activity features defined for {article(noun)}."
        ),
        _measure("coverage", "taste", interval(_is_in(ids, taste)), f"Share of {plural(noun)} whose taste is known."),
        _measure("coverage", "attributes", interval(_is_in(ids, users)), f"Share of {plural(noun)} with attributes."),
        *catalogue,
    ]


def diversity(
    profiles: Profiles,
    taste: pa.Table,
    segment: NDArray[np.int64],
    n_segments: int,
    *,
    interval: IntervalOf,
    domain: Domain,
) -> list[Measure]:
    """How much do the profiles tell users apart? `segment`: [B], of `Segments.assign`."""
    shares = np.bincount(segment, minlength=n_segments) / max(len(segment), 1)
    # Entropy is the mean over users of -log(share of their segment): it has an interval like any mean.
    evenness = -np.log(shares[segment]) / np.log(max(n_segments, 2))
    own, everybody = _effective_tastes(taste)
    return [
        _measure(
            "diversity",
            "segments",
            interval(evenness),
            f"Evenness of {counted(n_segments, 'segment')}: entropy of their shares, 1 = all of the same size.",
        ),
        Measure(
            "diversity",
            "directions",
            effective_rank(profiles.matrix),
            "Effective number of independent directions in which profiles differ; baseline: columns of the vector.",
            baseline=float(len(profiles.names)),
        ),
        _measure(
            "diversity",
            "tastes",
            interval(own),
            f"Effective number of categories in the taste of one {domain.user_noun}; baseline: of all together.",
            everybody,
        ),
    ]


def effective_rank(matrix: NDArray[np.float64]) -> float:
    """In how many independent directions do the rows really differ? exp(entropy of the shares of variance).

    Source: Roy and Vetterli 2007, The effective rank, on the eigenvalues of the covariance.

    >>> effective_rank(np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]]))
    2.0
    """
    if len(matrix) == 0:
        return 0.0
    centred = matrix - matrix.mean(axis=0)
    variances = np.clip(np.linalg.eigvalsh(centred.T @ centred), 0, None)
    return _effective_number(variances) if variances.sum() > 0 else 0.0


def _measure(aspect: str, measure: str, found: Interval, meaning: str, baseline: float = np.nan) -> Measure:
    return Measure(aspect, measure, found.value, meaning, found.low, found.high, baseline)


def _shares_in_favourites(
    users: pa.ChunkedArray, taste: pa.Table, next_categories: pa.Table, n_tastes: int
) -> tuple[Vector, Vector]:
    """Share of each user's next commitments in their own favourites, and in what is popular; NaN without any."""
    liked = taste.filter(pc.equal(taste["dimension"], "category"))
    names = np.concatenate([_texts(liked["name"]), _texts(next_categories["name"])])
    known, codes = np.unique(names, return_inverse=True)
    liked_code, next_code = codes[: liked.num_rows], codes[liked.num_rows :]
    liked_user, next_user = _rows(users, liked["user_id"]), _rows(users, next_categories["user_id"])
    weight = numbers(liked, ["weight"])[:, 0]

    order = np.lexsort((liked_code, -weight, liked_user))
    ordered = liked_user[order]
    place = np.arange(len(order)) - np.searchsorted(ordered, ordered)
    favourite = order[place < n_tastes]
    favourites = liked_user[favourite] * len(known) + liked_code[favourite]
    popular = np.argsort(-np.bincount(liked_code, weight, minlength=len(known)), kind="stable")[:n_tastes]

    n = numbers(next_categories, ["n_commitments"])[:, 0]
    inside_own = np.isin(next_user * len(known) + next_code, favourites)
    inside_popular = np.isin(next_code, popular)
    is_user = next_user >= 0

    def share(inside: NDArray[np.bool_]) -> Vector:
        hits, all_ = (
            np.bincount(next_user[rows], n[rows], minlength=len(users)) for rows in (is_user & inside, is_user)
        )
        shares: Vector = np.divide(hits, all_, out=np.full(len(users), np.nan), where=all_ > 0)
        return shares

    return share(inside_own), share(inside_popular)


def _rank_products(x: Vector, y: Vector) -> Vector:
    """One number per user whose mean is Spearman's correlation, and whose spread is that of its estimate.

    With standardised ranks a, b and correlation r: ab - r (a^2 + b^2 - 2) / 2. The second part has mean 0; it says that
    the spreads of the ranks are estimated too (the influence function of a correlation).
    """
    both = ~np.isnan(x) & ~np.isnan(y)
    ranks = [stats.rankdata(v[both]) for v in (x, y)]
    if not both.any() or any(np.ptp(r) == 0 for r in ranks):
        return np.full(1, np.nan)
    a, b = ((r - r.mean()) / r.std() for r in ranks)
    products: Vector = a * b - (a * b).mean() * (a**2 + b**2 - 2) / 2
    return products


def _effective_tastes(taste: pa.Table) -> tuple[Vector, float]:
    """The effective number of liked categories of each user, and of everybody together."""
    liked = taste.filter(pc.equal(taste["dimension"], "category"))
    user = liked["user_id"].combine_chunks().dictionary_encode().indices.to_numpy()
    name = liked["name"].combine_chunks().dictionary_encode().indices.to_numpy()
    weight = numbers(liked, ["weight"])[:, 0]
    if not len(weight):
        return np.empty(0), np.nan
    share = weight / np.bincount(user, weight)[user]
    own = np.exp(np.bincount(user, -share * np.log(share)))
    return own, _effective_number(np.bincount(name, weight).astype(np.float64))


def _effective_number(amounts: Vector) -> float:
    shares = amounts[amounts > 0] / amounts.sum()
    return float(np.exp(-(shares * np.log(shares)).sum()))


def _rows(users: pa.ChunkedArray, user_ids: pa.ChunkedArray) -> NDArray[np.int64]:
    """The row of each id among the users; -1 where it is none of them."""
    found = pc.index_in(user_ids, value_set=users.combine_chunks())
    rows: NDArray[np.int64] = pc.fill_null(found, -1).to_numpy().astype(np.int64)
    return rows


def _per_user(users: pa.ChunkedArray, user_ids: pa.ChunkedArray, values: Vector) -> Vector:
    """The value of each user, 0 where there is none."""
    rows = _rows(users, user_ids)
    result = np.zeros(len(users))
    result[rows[rows >= 0]] = values[rows >= 0]
    return result


def _is_in(ids: pa.ChunkedArray, table: pa.Table) -> Vector:
    found: Vector = pc.is_in(ids, value_set=table["user_id"].combine_chunks()).to_numpy().astype(np.float64)
    return found


def _texts(column: pa.ChunkedArray) -> NDArray[np.object_]:
    texts: NDArray[np.object_] = column.to_numpy().astype(object)
    return texts
