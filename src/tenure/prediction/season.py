"""How busy is every day of the year? A smooth season and a rhythm of the week, learnt from daily sums."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

import ibis
import numpy as np
import pyarrow as pa
from ibis.expr.types import Table
from numpy.typing import NDArray

from tenure.domain import Role
from tenure.errors import EvidenceError
from tenure.events.log import before, has_role

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Days = NDArray[np.datetime64]

YEAR_DAYS = 365.2425
LEAST_DAYS = 438
"""A season is told from a trend only after 1.2 years."""

_HARMONICS = 10
_SEASON_SD = 0.5  # of the first harmonic; the k-th is expected to be k times smaller, so the year is smooth
_WEEKDAY_SD = 0.5
_TREND_SD = 2.0  # change of the slope at a knot, per year
_KNOT_DAYS = 182.0
_TRIAL_DAYS, _MOST_TRIALS = 7, 52
_CONFIRMED = 0.5
_STEPS = 60
_CLOSE = 1e-9


@dataclass(frozen=True, eq=False)
class Daily:
    """What users did each day, one row per day [N], none left out: quiet days are zeros."""

    first: np.datetime64
    """The first day."""
    amount: Vector
    """Users with a commitment that day, or their value [N]."""
    n_known: Vector
    """Users seen before that day [N]."""

    @classmethod
    def from_table(cls, table: pa.Table, amount: str, *, until: datetime) -> Daily:
        """The rows of `daily_commitments`, for one of its columns n_users and value; days up to `until` are filled.

        Raises:
            EvidenceError: there is no row.
        """
        if not table.num_rows:
            raise EvidenceError("daily: expected at least one day with a commitment by a user known before, got none")
        days = table["day"].cast(pa.timestamp("us")).to_numpy().astype("datetime64[D]")
        first, end = days.min(), np.datetime64(until, "D")
        place = (days - first).astype(np.int64)
        n_days = max(int((end - first).astype(np.int64)), int(place.max()) + 1)
        amounts = np.bincount(place, weights=table[amount].to_numpy().astype(np.float64), minlength=n_days)
        joined = np.bincount(place, weights=table["n_joined"].to_numpy().astype(np.float64), minlength=n_days).astype(
            np.float64
        )
        return cls(first, np.maximum(amounts, 0.0), np.cumsum(joined) - joined)

    @property
    def days(self) -> Days:
        """Every day [N]."""
        return self.first + np.arange(len(self.amount))

    def before(self, moment: np.datetime64) -> Daily:
        """The whole days that were over by this moment."""
        n_days = max(0, int((moment.astype("datetime64[D]") - self.first).astype(np.int64)))
        return Daily(self.first, self.amount[:n_days], self.n_known[:n_days])


def daily_commitments(events: Table, as_of: datetime, *, of: str = Role.COMMITMENT) -> Table:
    """How many users who were known already committed on each day before the cut-off, and for how much?

    One row per day (UTC) on which anything happened: `day, n_users` (of those seen on an earlier day, with a
    commitment), `value` (theirs, net of reversals), `n_joined` (users seen for the first time). A forecast is made of
    known users, so the first day of a user, which is busy by nature, does not count. Days not over are left out.
    """
    known = before(events, as_of.replace(hour=0, minute=0, second=0, microsecond=0))
    known = known.mutate(day=known.timestamp.truncate("D"))
    joined = known.group_by("user_id").aggregate(first_day=known.day.min())
    counted = [Role(of), Role.REVERSAL] if of == Role.COMMITMENT else []
    is_counted = has_role(known, *counted) if counted else _is(known, of)
    acts = known.filter(is_counted).join(joined, "user_id")
    acts = acts.filter(acts.day > acts.first_day)
    did = _is(acts, of)
    sums = acts.group_by("day").aggregate(n_users=acts.user_id.nunique(where=did), value=acts.value.sum())
    joins = joined.group_by(day=joined.first_day).aggregate(n_joined=joined.count())
    both = joins.outer_join(sums, "day")
    return both.select(
        day=ibis.coalesce(both.day, both.day_right),
        n_users=both.n_users.fill_null(0),
        value=both.value.fill_null(0.0),
        n_joined=both.n_joined.fill_null(0),
    ).order_by("day")


def _is(events: Table, of: str) -> ibis.expr.types.BooleanValue:
    return has_role(events, Role(of)) if of in set(Role) else (events.event_type == of).fill_null(False)


@dataclass(frozen=True, eq=False)
class Season:
    """How busy a day is against the average one, by day of the year and of the week: exp(Fourier + weekday).

    Promotions and other one-off events are not foreseen; a feast that moves through the year is blurred.
    """

    fourier: Vector
    """Cosine and sine of each harmonic, on the logarithm [2 K]."""
    weekday: Vector
    """On the logarithm, from Monday on [7]."""

    @classmethod
    def fit(cls, daily: Daily) -> Season:
        """Which part of the ups and downs of these days is the calendar's?

        Log-linear quasi-Poisson regression of the amount per known user on a trend (straight lines, joined at a knot
        every half year), the season and the weekday, with normal priors: a season is believed as far as it rises
        above the noise, whose size (overdispersion) is estimated from the days themselves.

        Raises:
            EvidenceError: fewer than `LEAST_DAYS` days, or nothing ever happened.
        """
        busy = daily.n_known > 0
        if busy.sum() < LEAST_DAYS or not daily.amount[busy].sum() > 0:
            raise EvidenceError(
                f"season: expected at least {LEAST_DAYS} days with known users and some commitments, got "
                f"{int(busy.sum())} days with {daily.amount[busy].sum():g} in all"
            )
        days, n_known = daily.days[busy], daily.n_known[busy]
        scale = daily.amount[busy].mean()
        y = daily.amount[busy] / scale
        X, sds = _design(days)
        dispersion = 1.0 / scale
        for _ in range(3):
            weights, mean = _fit(X, y, np.log(n_known), dispersion / sds**2)
            dispersion = float(((y - mean) ** 2 / mean).sum() / len(y))
        weekday = weights[-7:]
        return cls(weights[-7 - 2 * _HARMONICS : -7], weekday - weekday.mean())

    @classmethod
    def confirmed(cls, daily: Daily, horizon_days: int) -> Season | None:
        """The season of these days, if seasons learnt from less have foreseen what came next; else None.

        Every week, a season learnt from the days before foresees how much busier the next `horizon_days` will be than
        the last. Against "no busier" it must at least halve the mean squared error: a log that only wanders passes in
        about one of twenty cases, one with a clear season nearly always (`benchmarks/drift.py`). None also where such
        trials would not span a whole horizon: a log of `LEAST_DAYS` and two horizons is needed.
        """
        amount, n_known = (np.asarray(days, np.float64).tobytes() for days in (daily.amount, daily.n_known))
        return _confirmed(daily.first, amount, n_known, horizon_days)

    def index(self, days: Days) -> Vector:
        """How busy is each day [N], 1 being the average?"""
        log_index = _fourier(days) @ self.fourier + self.weekday[_weekday(days)]
        return np.asarray(np.exp(log_index), dtype=np.float64)

    def mean(self, starts: NDArray[np.datetime64], n_days: float) -> Vector:
        """How busy are the `n_days` from each of these moments on [N]? Cut to the second, not to whole days."""
        if not len(starts):
            return np.empty(0)
        first = starts.min().astype("datetime64[D]")
        last = starts.max().astype("datetime64[D]") + np.timedelta64(int(np.ceil(n_days)) + 1, "D")
        days = np.arange(first, last + 1)
        sums = np.concatenate([[0.0], np.cumsum(self.index(days))])
        begin = (starts - first) / np.timedelta64(1, "D")
        place = np.arange(len(sums))
        mean: Vector = (np.interp(begin + n_days, place, sums) - np.interp(begin, place, sums)) / n_days
        return mean

    def to_arrays(self) -> dict[str, NDArray[np.float64]]:
        """The season as named arrays."""
        return {"fourier": self.fourier, "weekday": self.weekday}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.float64]]) -> Season:
        """The season that `to_arrays` described."""
        return cls(arrays["fourier"], arrays["weekday"])


@lru_cache(maxsize=128)  # every model of a task asks for the season of the same days
def _confirmed(first: np.datetime64, amount: bytes, n_known: bytes, horizon_days: int) -> Season | None:
    daily = Daily(first, np.frombuffer(amount), np.frombuffer(n_known))
    with_season, without = [], []
    n_days = len(daily.amount)
    n_busy_from = n_days - int((daily.n_known > 0).sum())  # who was seen stays known
    ends = range(n_days - horizon_days, n_busy_from + LEAST_DAYS - 1, -_TRIAL_DAYS)[:_MOST_TRIALS]
    for end in ends:
        next_, last = daily.amount[end : end + horizon_days].sum(), daily.amount[end - horizon_days : end].sum()
        if not (next_ > 0 and last > 0):
            continue
        moment = daily.first + end
        season = Season.fit(daily.before(moment))
        starts = np.array([moment, moment - horizon_days]).astype("datetime64[us]")
        said_next, said_last = np.log(season.mean(starts, horizon_days))
        came = np.log(next_ / last)
        with_season.append((came - (said_next - said_last)) ** 2)
        without.append(came**2)
    if len(without) * _TRIAL_DAYS < horizon_days:
        return None
    return Season.fit(daily) if np.mean(with_season) < _CONFIRMED * np.mean(without) else None


def _design(days: Days) -> tuple[Matrix, Vector]:
    """Columns of level, slope, knots, season, weekday [N, D], and how large each weight is expected to be [D]."""
    years = (days - days[0]).astype(np.float64) / YEAR_DAYS
    knots = np.arange(_KNOT_DAYS, years[-1] * YEAR_DAYS - _KNOT_DAYS / 2, _KNOT_DAYS) / YEAR_DAYS
    trend = np.column_stack([np.ones(len(days)), years, *(np.maximum(years - knot, 0) for knot in knots)])
    harmonics = np.repeat(np.arange(1, _HARMONICS + 1), 2)
    X = np.hstack([trend, _fourier(days), np.eye(7)[_weekday(days)]])
    sds = np.concatenate(
        [[100.0, 10.0], np.full(len(knots), _TREND_SD), _SEASON_SD / harmonics, np.full(7, _WEEKDAY_SD)]
    )
    return X, sds


def _fit(X: Matrix, y: Vector, offset: Vector, penalty: Vector) -> tuple[Vector, Vector]:
    """Poisson regression with a ridge: weights [D] and means [N], by iteratively re-weighted least squares."""
    weights = np.zeros(X.shape[1])
    weights[0] = np.log(y.sum()) - np.log(np.exp(offset).sum())
    objective = np.inf
    for _ in range(_STEPS):
        mean = np.exp(np.clip(offset + X @ weights, -50, 50))
        gradient = X.T @ (y - mean) - penalty * weights
        step = np.linalg.solve((X * mean[:, None]).T @ X + np.diag(penalty), gradient)
        size = 1.0
        while True:  # a full Newton step may overshoot where days are sparse
            tried = weights + size * step
            value = _objective(X, y, offset, penalty, tried)
            if value <= objective or size < 1e-6:
                break
            size /= 2
        weights, change, objective = tried, objective - value, value
        if change < _CLOSE * len(y):
            break
    return weights, np.exp(np.clip(offset + X @ weights, -50, 50))


def _objective(X: Matrix, y: Vector, offset: Vector, penalty: Vector, weights: Vector) -> float:
    linear = np.clip(offset + X @ weights, -50, 50)
    return float(np.exp(linear).sum() - y @ linear + (penalty * weights**2).sum() / 2)


def _fourier(days: Days) -> Matrix:
    angle = 2 * np.pi * days.astype("datetime64[D]").astype(np.float64) / YEAR_DAYS
    return np.column_stack([f(k * angle) for k in range(1, _HARMONICS + 1) for f in (np.cos, np.sin)])


def _weekday(days: Days) -> NDArray[np.int64]:
    return (days.astype("datetime64[D]").astype(np.int64) + 3) % 7  # 1970-01-01 was a Thursday
