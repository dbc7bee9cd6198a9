"""What is really true of the simulated users: the standard against which every prediction can be held.

Derivation of `p_commit`. In busy time a user's visits are every k-th point (phase) of a Poisson process of rate mu.
Silent for a since the last visit, the number j < k of phases passed has probability proportional to Poisson(j; mu a).
In the horizon h, M ~ Poisson(mu h) more come, hence N = floor((j + M) / k) visits, unless the user leaves before. Each
visit ends with no commitment and the user staying (s), or with no commitment and the user leaving (d), so with N
visits ahead P(no commitment) = s^N + d (1 + s + ... + s^(N-1)). Everything is a finite sum: no simulation is needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.special import gammaincc, gammaln, xlogy

from tenure.errors import ConfigError
from tenure.events.simulate.catalogue import Catalogue
from tenure.events.simulate.clock import Clock
from tenure.events.simulate.config import SimulationConfig
from tenure.events.simulate.users import RESPONSE_TYPES, Users, user_ids
from tenure.events.simulate.visits import Visits
from tenure.schema import TIME
from tenure.seeds import uniforms

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

_CHUNK = 4_096


@dataclass(frozen=True)
class Truth:
    """The latent state of every simulated user, and what follows from it. B users, I items."""

    config: SimulationConfig
    clock: Clock
    catalogue: Catalogue
    users: Users
    visits: Visits

    def to_table(self) -> pa.Table:
        """Who is each user really? One row per user; `left_at` is null for those who stay beyond the window.

        Columns: `user_id, joined_at, left_at, visits_per_day, regularity, p_pleased, p_commit_per_visit,
        p_leave_per_visit, response_type, favourite_category (number), favourite_brand (number)`.
        """
        users = self.users
        last = self.visits.is_last
        left = np.full(len(users), np.nan)
        left[self.visits.user[last]] = self.visits.at[last]
        mood = np.column_stack([1 - users.p_pleased, users.p_pleased])
        return pa.table(
            {
                "user_id": user_ids(0, len(users)),
                "joined_at": self._times(users.joined),
                "left_at": self._times(left),
                "visits_per_day": users.rate / users.shape,
                "regularity": users.shape,
                "p_pleased": users.p_pleased,
                "p_commit_per_visit": (mood * users.p_commit).sum(axis=1),
                "p_leave_per_visit": (mood * users.p_leave).sum(axis=1),
                "response_type": pa.array(RESPONSE_TYPES).take(pa.array(users.response_type)),
                "favourite_category": users.taste.argmax(axis=1),
                "favourite_brand": users.brand,
            }
        )

    def p_commit(self, as_of: datetime, horizon_days: float, *, knows_departure: bool = False) -> pa.Table:
        """How likely is a commitment of each user within the horizon, to somebody who knows all their parameters?

        One row per user who has joined before `as_of`: `user_id, p_alive, p_commit, p_commit_if_contacted,
        expected_commitments` (visits with a commitment). `knows_departure=False` knows what happened up to `as_of` but
        not who has silently left: no model can do better on the log alone. `True` knows that too. A contact works as
        the user's response type says.
        """
        age, horizon, row, last = self._state(as_of, horizon_days)
        users, visits = self.users, self.visits
        if knows_departure:
            p_alive = 1.0 - visits.is_last[last]
        else:
            q = users.p_leave[row, visits.is_pleased[last].astype(np.int64)]
            stays = (1 - q) * gammaincc(users.shape[row], users.rate[row] * age)
            leaves = q * (1 - self.config.p_goodbye)
            with np.errstate(invalid="ignore"):
                p_alive = np.where(visits.has_goodbye[last] | (stays == 0), 0.0, stays / (stays + leaves))
        p_if_alive, n_if_alive = commitments_ahead(users, row, age, horizon)
        p = p_alive * p_if_alive
        kind = users.response_type[row]
        persuadable, sleeping_dog = RESPONSE_TYPES.index("persuadable"), RESPONSE_TYPES.index("sleeping dog")
        gain = np.where(kind == persuadable, 1 - p, np.where(kind == sleeping_dog, -p, 0.0)) * self.config.response
        return pa.table(
            {
                "user_id": user_ids(0, len(users)).take(pa.array(row)),
                "p_alive": p_alive,
                "p_commit": p,
                "p_commit_if_contacted": p + gain,
                "expected_commitments": p_alive * n_if_alive,
            }
        )

    def outcomes(self, as_of: datetime, horizon_days: float, contacted: BoolArray) -> BoolArray:
        """Who would commit within the horizon if these were contacted? One draw per row of `p_commit`.

        The draw of a user is the same whether contacted or not, so that the two outcomes can be compared user by user.

        Raises:
            ConfigError: `contacted` has not one entry per row of `p_commit`.
        """
        table = self.p_commit(as_of, horizon_days)
        if len(contacted) != len(table):
            raise ConfigError(
                f"contacted: expected {len(table)} entries, one per row of p_commit, got {len(contacted)}"
            )
        chosen = np.where(contacted, table["p_commit_if_contacted"].to_numpy(), table["p_commit"].to_numpy())
        draws = uniforms(self.config.seed, f"outcomes {as_of.isoformat()} {horizon_days}", table["user_id"].to_pylist())
        return np.asarray(draws < chosen)

    def p_items(self, rows: IntArray, as_of: datetime) -> FloatArray:
        """How likely is each item to be each user's next choice at that time? Shape [len(rows), I]; rows sum to 1.

        Companions, which follow from the choice of another item, are not counted.
        """
        config, catalogue, users = self.config, self.catalogue, self.users
        day = self.clock.days_of(as_of)
        drift = min(config.taste_drift * day / config.days, 1.0)
        taste = (1 - drift) * users.taste[rows] + drift * users.later_taste[rows]
        is_there = catalogue.arrived <= day
        by_brand = catalogue.brand_shelf.p * (catalogue.brand == np.arange(config.n_brands)[:, None])
        free = np.where(is_there, config.loyalty * by_brand + (1 - config.loyalty) * catalogue.shelf.p, 0.0)
        in_category = catalogue.category[:, None] == np.arange(catalogue.n_categories)
        absent = 1 - free @ in_category.astype(np.float64)
        free += absent[:, catalogue.category] * catalogue.old_shelf.p  # [brands, I]
        p = (1 - config.habit) * taste[:, catalogue.category] * free[users.brand[rows]]
        p[np.arange(len(rows))[:, None], users.usual[rows]] += config.habit * taste
        return np.asarray(p)

    def best_items(self, as_of: datetime, k: int = 10, users: IntArray | None = None) -> pa.Table:
        """What should be recommended to each user? `user_id, rank, item_id, p`, the k most likely choices of each.

        `users` are row numbers; None = everybody.
        """
        rows = np.arange(len(self.users)) if users is None else users
        k = min(k, len(self.catalogue.category))
        best, p = np.empty((len(rows), k), dtype=np.int64), np.empty((len(rows), k))
        for first in range(0, len(rows), _CHUNK):
            chunk = slice(first, first + _CHUNK)
            everything = self.p_items(rows[chunk], as_of)
            best[chunk] = np.argsort(-everything, axis=1, kind="stable")[:, :k]
            p[chunk] = np.take_along_axis(everything, best[chunk], axis=1)
        return pa.table(
            {
                "user_id": user_ids(0, len(self.users)).take(pa.array(np.repeat(rows, k))),
                "rank": np.tile(np.arange(1, k + 1), len(rows)),
                "item_id": self.catalogue.ids.take(pa.array(best.ravel())),
                "p": p.ravel(),
            }
        )

    def _state(self, as_of: datetime, horizon_days: float) -> tuple[FloatArray, float, IntArray, IntArray]:
        """Busy days of silence, busy days ahead, row of each user who has joined, row of their last visit."""
        day = self.clock.days_of(as_of)
        if day > self.config.days:
            raise ConfigError(f"as_of: expected a time within the simulated window, got {as_of.isoformat()}")
        furthest = self.clock.n_days - day
        if not 0 < horizon_days <= furthest:
            raise ConfigError(f"horizon_days: expected a number above 0 and up to {furthest:.0f}, got {horizon_days}")
        now, then = self.clock.to_busy(np.array([day, day + horizon_days]))
        past = np.flatnonzero(self.visits.at < day)
        user = self.visits.user[past]
        last = past[np.flatnonzero(np.diff(user, append=-1))]
        return np.maximum(now - self.visits.busy[last], 0.0), float(then - now), self.visits.user[last], last

    def _times(self, days: FloatArray) -> pa.Array:
        known = np.nan_to_num(days)
        times = np.datetime64(self.config.start, "us") + (known * 86_400e6).astype(np.int64).astype("timedelta64[us]")
        return pa.array(times, TIME, mask=np.isnan(days))


def commitments_ahead(users: Users, rows: IntArray, age: FloatArray, horizon: float) -> tuple[FloatArray, FloatArray]:
    """P(a commitment) and expected visits with a commitment in the busy days ahead, of users who have not left.

    Shapes: rows [n], age [n] (busy days of silence) -> [n], [n].
    """
    mood = np.column_stack([1 - users.p_pleased, users.p_pleased])
    commit = (mood * users.p_commit).sum(axis=1)
    leave = (mood * users.p_leave).sum(axis=1)
    s = (mood * (1 - users.p_commit) * (1 - users.p_leave)).sum(axis=1)
    d = (mood * (1 - users.p_commit) * users.p_leave).sum(axis=1)
    p, n = np.empty(len(rows)), np.empty(len(rows))
    for first in range(0, len(rows), _CHUNK):
        chunk = slice(first, first + _CHUNK)
        row = rows[chunk]
        visits_ahead = _visits_ahead(users.rate[row], users.shape[row], age[chunk], horizon)  # [n, N + 1]
        count = np.arange(visits_ahead.shape[1])
        no_commitment = s[row, None] ** count + d[row, None] * _geometric(s[row, None], count)
        p[chunk] = 1 - (visits_ahead * no_commitment).sum(axis=1)
        n[chunk] = commit[row] * (visits_ahead * _geometric(1 - leave[row, None], count)).sum(axis=1)
    return np.clip(p, 0.0, 1.0), n


def _visits_ahead(rate: FloatArray, shape: IntArray, age: FloatArray, horizon: float) -> FloatArray:
    """P(N visits in the horizon) of users who never leave, N = 0, 1, ... Shape [n, N + 1]."""
    k = int(shape.max(initial=1))
    mean = rate * horizon
    largest = float(mean.max(initial=0.0))
    m = np.arange(int(largest + 10 * np.sqrt(largest) + 20))
    p_ahead = np.exp(xlogy(m, mean[:, None]) - mean[:, None] - gammaln(m + 1))  # P(M = m)
    j = np.arange(k)
    log_passed = xlogy(j, (rate * age)[:, None]) - gammaln(j + 1)
    log_passed = np.where(j < shape[:, None], log_passed, -np.inf)
    p_passed = np.exp(log_passed - log_passed.max(axis=1, keepdims=True))
    p_passed /= p_passed.sum(axis=1, keepdims=True)  # P(j phases passed | no visit since)
    p_total = np.zeros((len(rate), len(m) + k))
    for passed in range(k):
        p_total[:, passed : passed + len(m)] += p_passed[:, [passed]] * p_ahead
    p_visits = np.zeros_like(p_total)
    for each in np.unique(shape):
        rows = np.flatnonzero(shape == each)
        starts = np.arange(0, p_total.shape[1], each)
        p_visits[rows, : len(starts)] = np.add.reduceat(p_total[rows], starts, axis=1)
    return p_visits


def _geometric(ratio: FloatArray, n: IntArray) -> FloatArray:
    """1 + ratio + ... + ratio^(n - 1); n where the ratio is 1."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(ratio == 1, n, (1 - ratio**n) / (1 - ratio)))
