"""Users who buy at their own rate, more in busy seasons, until they stay away for good: with every truth known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa

from tenure.prediction.examples import Examples, Inputs
from tenure.prediction.season import Daily

FIRST = np.datetime64("2021-01-01")


@dataclass(frozen=True)
class SeasonalLog:
    """Purchases, sorted by user and day."""

    user: np.ndarray
    """[N]"""
    day: np.ndarray
    """Days since FIRST, as a fraction [N]."""
    value: np.ndarray
    """[N]"""
    joined: np.ndarray
    """Day of the first purchase of each user [U]."""
    rate: np.ndarray
    """Purchases per day while there, before the season [U]."""
    gone: np.ndarray
    """Day from which a user stays away [U]."""
    intensity: np.ndarray
    """How busy each day is [days]."""

    def daily(self, until: float, amount: str) -> Daily:
        """What known users did on each whole day before `until`."""
        n_days = int(until)
        known = (self.day < n_days) & (self.day.astype(int) > self.joined.astype(int)[self.user])
        days = self.day[known].astype(int)
        if amount == "value":
            sums = np.bincount(days, weights=self.value[known], minlength=n_days)
        else:
            pairs = np.unique(days * len(self.joined) + self.user[known])
            sums = np.bincount(pairs // len(self.joined), minlength=n_days).astype(float)
        joins = np.bincount(self.joined[self.joined < n_days].astype(int), minlength=n_days)
        return Daily(FIRST, sums, np.cumsum(joins).astype(float) - joins)

    def expected(self, start: float, days: int) -> np.ndarray:
        """Purchases that each user there was to be expected to make in a window [U], its future fate known."""
        cumulated = np.concatenate([[0.0], np.cumsum(self.intensity)])
        end = np.clip(self.gone, start, start + days)
        place = np.arange(len(cumulated))
        return self.rate * (np.interp(end, place, cumulated) - np.interp(start, place, cumulated))

    def examples(self, days: np.ndarray, horizon: int, outcome: str) -> Examples:
        """Users seen before each of these days: their counts, recency and spend, and what they did in the horizon."""
        parts = [self._at(float(day), horizon, outcome) for day in days]
        values = np.vstack([X for X, _, _ in parts])
        users = np.concatenate([who for _, who, _ in parts])
        as_of = np.concatenate([np.full(len(who), FIRST + int(t)) for (_, who, _), t in zip(parts, days, strict=True)])
        names = ("recency_days", "tenure_days", "n", "n_30", "n_90", "value", "value_90")
        ids = pa.array([f"u{who}" for who in users])
        inputs = Inputs(ids, as_of.astype("datetime64[us]"), names, values)
        return Examples(inputs, np.concatenate([y for _, _, y in parts]), horizon)

    def _at(self, t: float, horizon: int, outcome: str):
        n_users = len(self.joined)
        past = self.day < t
        age = t - self.day

        def count(chosen, weights=None):
            return np.bincount(self.user[chosen], None if weights is None else weights[chosen], minlength=n_users)

        last = np.full(n_users, -np.inf)
        np.maximum.at(last, self.user[past], self.day[past])
        seen = self.joined < t
        X = np.column_stack(
            [
                t - last,
                t - self.joined,
                count(past),
                count(past & (age <= 30)),
                count(past & (age <= 90)),
                count(past, self.value),
                count(past & (age <= 90), self.value),
            ]
        )
        later = (self.day >= t) & (self.day < t + horizon)
        y = (count(later) > 0).astype(float) if outcome == "committed" else count(later, self.value)
        return X[seen], np.flatnonzero(seen), y[seen]


def seasonal_log(
    *,
    n_users: int = 3000,
    n_days: int = 850,
    season: float = 0.0,
    peak: float = 0.0,
    drift_per_week: float = 0.0,
    mean_rate: float = 1 / 40,
    stay_days: float = 500.0,
    seed: int = 1,
) -> SeasonalLog:
    """Rates gamma, stays exponential, arrivals even over time.

    `season`: amplitude of a yearly sine on the logarithm, highest at the end of October; `peak`: further rise around
    15 December (two weeks wide); `drift_per_week`: change of the logarithm per week.
    """
    rng = np.random.default_rng(seed)
    day = np.arange(n_days)
    of_year = (FIRST + day - (FIRST + day).astype("datetime64[Y]")).astype(float)
    weekend = np.isin((day + 4) % 7, (5, 6)) * 0.3
    log_intensity = season * np.sin(2 * np.pi * (of_year - 210) / 365.25) + weekend + drift_per_week * day / 7
    intensity = np.exp(log_intensity + peak * np.exp(-0.5 * ((of_year - 349) / 10) ** 2))
    joined = np.sort(rng.uniform(0, n_days, n_users) * (rng.random(n_users) < 0.7))
    rate = rng.gamma(1.5, mean_rate / 1.5, n_users)
    gone = joined + rng.exponential(stay_days, n_users)
    cumulated = np.concatenate([[0.0], np.cumsum(intensity)])
    place = np.arange(n_days + 1)
    begin, end = (np.interp(np.minimum(t, n_days), place, cumulated) for t in (joined, gone))
    n = rng.poisson(rate * (end - begin))
    user = np.repeat(np.arange(n_users), n)
    when = np.interp(begin[user] + rng.random(len(user)) * (end - begin)[user], cumulated, place)
    user = np.concatenate([np.arange(n_users), user])
    when = np.concatenate([joined, when])
    order = np.lexsort((when, user))
    spend = rng.lognormal(3, 0.5, n_users)[user] * rng.lognormal(0, 0.5, len(user))
    return SeasonalLog(user[order], when[order], spend[order], joined, rate, gone, intensity)


def time_of(day: float) -> datetime:
    """The moment of a day."""
    return (FIRST + int(day)).astype("datetime64[us]").item()
