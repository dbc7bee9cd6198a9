"""How well do models of repeats foresee the second half of CDNOW, and could its level have been foreseen?

    python benchmarks/holdout.py --cdnow ../shared/data/cdnow/CDNOW_sample.txt
    python benchmarks/holdout.py --cdnow ../shared/data/cdnow/CDNOW_sample.txt --worlds 30

Fitted on the 2,357 customers of the sample to 1997-09-30, judged on the 39 weeks after it (1,882 repeat purchases). The
champion and every adjustment are chosen without a look at these weeks. Prints Markdown tables:

1. each candidate: total, error of the total, MAE of the expected numbers, MAE of each customer's median (of 400
   futures), RMSE, correlation, and the interval in which it saw the total;
2. the inner holdout that chose the champion;
3. by number of repeats in the past, and cumulated by four weeks, for the champion;
4. with --worlds N: N simulated shops of each of several kinds, as large as the sample: the error of the total (RMSE of
   its logarithm), as forecast and after learning the level (actual / expected) from holdouts inside the past.

PDO/NBD is the periodic death opportunity model of Jerath, Fader & Hardie (2011), Marketing Science 30(5): a Pareto/NBD
whose customers can leave only every tau weeks, here fitted over a grid of tau.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy.optimize import minimize
from scipy.special import gammaln, logsumexp

from tenure.lifecycle.repeats.bgnbd import BGNBD
from tenure.lifecycle.repeats.champion import InnerHoldout, choose, inner_share
from tenure.lifecycle.repeats.fitting import FitConfig
from tenure.lifecycle.repeats.futures import simulate_counts
from tenure.lifecycle.repeats.history import History
from tenure.lifecycle.repeats.holdout import holdout_scores, holdout_table, tracking_curve
from tenure.lifecycle.repeats.mbgnbd import MBGNBD
from tenure.lifecycle.repeats.paretonbd import ParetoNBD

START = np.datetime64("1997-01-01")
LAST_DAY, WEEKS = 272, 39.0  # 1997-09-30, and the length of past and holdout
ML = FitConfig(prior=0.0)
N_DRAWS = 400


class Shop:
    """Customers by the days on which they bought, counted from the first day of the shop."""

    def __init__(self, customer: np.ndarray, day: np.ndarray) -> None:
        pairs = np.unique(np.stack([customer, day]), axis=1)
        self.customer, self.day = pairs
        self.first = np.full(self.customer.max() + 1, np.iinfo(np.int64).max)
        np.minimum.at(self.first, self.customer, self.day)

    def history(self, last_day: int) -> History:
        seen, known = self.first <= last_day, self.day <= last_day
        n = np.bincount(self.customer[known], minlength=len(self.first))[seen]
        last = np.zeros(len(self.first), np.int64)
        np.maximum.at(last, self.customer[known], self.day[known])
        return History(n - 1, (last[seen] - self.first[seen]) / 7, (last_day - self.first[seen]) / 7)

    def bought(self, after: int, last_day: int) -> np.ndarray:
        """Purchases in between, of each customer seen by `after`."""
        between = (self.day > after) & (self.day <= last_day)
        return np.bincount(self.customer[between], minlength=len(self.first))[self.first <= after].astype(float)

    def inner(self, last_day: int) -> InnerHoldout:
        return InnerHoldout(self.history(last_day), self.bought(last_day, LAST_DAY), (LAST_DAY - last_day) / 7)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cdnow", type=Path, required=True, help="CDNOW_sample.txt")
    parser.add_argument("--worlds", type=int, default=0, help="simulated shops of each kind")
    options = parser.parse_args()
    shop = cdnow(options.cdnow)
    history, actual = shop.history(LAST_DAY), shop.bought(LAST_DAY, LAST_DAY + 273)
    champion = choose(shop.inner(inner_day()), history)
    print_candidates(shop, history, actual, champion.model)
    print_rows("The inner holdout that chose the champion", champion.candidates.to_pylist())
    print_rows("Champion, by repeats in the past", holdout_table(champion.model, history, actual, WEEKS).to_pylist())
    later = shop.day[(shop.day > LAST_DAY) & (shop.first <= LAST_DAY)[shop.customer]]
    curve = tracking_curve(champion.model, history, (later - LAST_DAY) / 7, WEEKS, step=4)
    print_rows("Champion, by four weeks", curve.to_pylist())
    if options.worlds:
        print_worlds(options.worlds)


def inner_day() -> int:
    return int(LAST_DAY * inner_share(WEEKS, WEEKS))


def cdnow(path: Path) -> Shop:
    rows = [line.split() for line in path.read_text().splitlines() if line.strip()]
    day = np.array([f"{row[2][:4]}-{row[2][4:6]}-{row[2][6:]}" for row in rows], dtype="datetime64[D]") - START
    return Shop(np.array([int(row[1]) - 1 for row in rows]), day.astype(int))


def print_candidates(shop: Shop, history: History, actual: np.ndarray, champion) -> None:
    print(f"\nThe 39 weeks after 1997-09-30: {actual.sum():,.0f} purchases of {len(history):,} customers\n")
    print("| candidate | total | off by | MAE | MAE of medians | RMSE | correlation | 80 % of total | 95 % of total |")
    print("|---|---|---|---|---|---|---|---|---|")
    kinds = {"BG/NBD": BGNBD, "MBG/NBD": MBGNBD, "Pareto/NBD": ParetoNBD}
    fitted = {f"{name}, maximum likelihood": kind.fit(history, config=ML) for name, kind in kinds.items()}
    for name, model in {**fitted, f"champion ({type(champion).__name__}, default prior)": champion}.items():
        print_candidate(name, model.expected(WEEKS, history), actual, futures(model, history))
    print_candidate("PDO/NBD, maximum likelihood", PDO(history).expected(WEEKS, history), actual)
    print_candidate("mean of the three", sum(m.expected(WEEKS, history) for m in fitted.values()) / 3, actual)
    for name, kind in kinds.items():
        expected = kind.fit(history).expected(WEEKS, history)
        print_candidate(f"{name} x level of the half", level(shop, kind, [inner_day()]) * expected, actual)
        print_candidate(f"{name} x level of 8 cut-offs", level(shop, kind, inner_days()) * expected, actual)
    print("\nThe ceiling for MAE: each candidate scaled to the actual total, which nobody could know")
    for name, model in fitted.items():
        expected = model.expected(WEEKS, history)
        print(f"- {name}: {np.abs(actual - expected * actual.sum() / expected.sum()).mean():.3f}")


def print_candidate(name: str, expected: np.ndarray, actual: np.ndarray, drawn: np.ndarray | None = None) -> None:
    class Given:
        def expected(self, _t: float, _history: History) -> np.ndarray:
            return expected

    rows = History(np.arange(len(actual)), np.arange(len(actual)), np.full(len(actual), len(actual)))  # all distinct
    scores = holdout_scores(Given(), rows, actual, WEEKS)
    limits, medians = ["", ""], ""
    if drawn is not None:
        medians = f"{np.abs(actual - np.median(drawn, axis=0)).mean():.3f}"
        totals = drawn.sum(axis=1)
        limits = ["{:,.0f} to {:,.0f}".format(*np.quantile(totals, tails)) for tails in ((0.1, 0.9), (0.025, 0.975))]
    print(
        f"| {name} | {scores['total_expected']:,.0f} | {scores['total_ratio'] - 1:+.1%} | {scores['mae']:.3f} "
        f"| {medians} | {scores['rmse']:.3f} | {scores['correlation']:.3f} | {limits[0]} | {limits[1]} |"
    )


def futures(model, history: History) -> np.ndarray:
    """How often each customer might buy [draws, customers], with other parameters that the data allow in each."""
    rng, edges = np.random.default_rng(1), np.array([0.0, WEEKS])
    draws = model.draws(N_DRAWS, seed=1)
    return np.array([simulate_counts(m, history, m.p_alive(history), edges, rng)[0] for m in draws])


def inner_days() -> list[int]:
    """Eight cut-offs from the half of the past to seven eighths of it."""
    return [int(LAST_DAY * share) for share in np.linspace(0.5, 0.875, 8)]


def level(shop: Shop, kind: type, days: list[int]) -> float:
    """Purchases seen over those expected, in holdouts inside the past."""
    inner = [shop.inner(day) for day in days]
    expected = [kind.fit(one.history).expected(one.t, one.history).sum() for one in inner]
    return sum(one.actual.sum() for one in inner) / sum(expected)


class PDO:
    """L = Gamma(r + x) / Gamma(r) alpha^r [alive + sum over the chances to leave between t_x and T]."""

    TAUS = (0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4, 5, 6, 8, 10, 13)

    def __init__(self, history: History) -> None:
        fits = [(self.fitted(history, tau + 1e-6), tau + 1e-6) for tau in self.TAUS]
        found, self.tau = min(fits, key=lambda fit: fit[0].fun)
        self.r, self.alpha, self.s, self.beta = np.exp(found.x)

    def fitted(self, history: History, tau: float):
        def loss(theta: np.ndarray) -> float:
            return -self.likelihood(np.exp(theta), tau, history)[0].sum()

        return minimize(loss, np.log([0.5, 10, 0.5, 7]), method="L-BFGS-B", bounds=[(-6, 8)] * 4)

    @staticmethod
    def likelihood(parameters, tau: float, history: History) -> tuple[np.ndarray, np.ndarray]:
        r, alpha, s, beta = parameters
        x, first, last = history.x, np.floor(history.t_x / tau), np.floor(history.T / tau)
        j = np.arange(1, int(last.max(initial=1)) + 1)
        stay = s * (np.log(beta) - np.log(beta + np.arange(len(j) + 1) * tau))
        leave = stay[:-1] + np.log(-np.expm1(np.diff(stay)))
        chance = (j > first[:, None]) & (j <= last[:, None])
        ways = np.where(chance, leave - (r + x)[:, None] * np.log(alpha + j * tau), -np.inf)
        base = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
        alive = stay[last.astype(int)] - (r + x) * np.log(alpha + history.T)
        return base + np.logaddexp(alive, logsumexp(ways, axis=1)), base + alive

    def expected(self, t: float, history: History) -> np.ndarray:
        whole, alive = self.likelihood((self.r, self.alpha, self.s, self.beta), self.tau, history)
        moments = (np.arange(2_000) + 0.5) * t / 2_000
        passed = self.beta + np.floor((history.T[:, None] + moments) / self.tau) * self.tau
        at_T = self.beta + np.floor(history.T / self.tau) * self.tau
        life = ((at_T[:, None] / passed) ** self.s).mean(axis=1) * t
        return np.exp(alive - whole) * (self.r + history.x) / (self.alpha + history.T) * life


def print_worlds(n_worlds: int) -> None:
    print(
        "\nSimulated shops: RMSE (and mean) of ln(forecast total / actual total) of BG/NBD, and of it times a level\n"
    )
    print("| kind of shop | n | as forecast | x level of the half | x level of 8 cut-offs |\n|---|---|---|---|---|")
    everything = []
    for name, world in WORLDS.items():
        errors = np.array([world_errors(world, seed) for seed in range(n_worlds)])
        everything.append(errors)
        print_errors(name, errors)
    print_errors("all", np.concatenate(everything))


def print_errors(name: str, errors: np.ndarray) -> None:
    cells = [f"{np.sqrt((column**2).mean()):.3f} ({column.mean():+.3f})" for column in errors.T]
    print(f"| {name} | {len(errors)} | {' | '.join(cells)} |")


def world_errors(world: Callable[[np.random.Generator], Shop], seed: int) -> list[float]:
    shop = world(np.random.default_rng(seed))
    history = shop.history(LAST_DAY)
    base = np.log(BGNBD.fit(history).expected(WEEKS, history).sum() / shop.bought(LAST_DAY, LAST_DAY + 273).sum())
    levels = [level(shop, BGNBD, days) for days in ([inner_day()], inner_days())]
    return [base, *(base + np.log(found) for found in levels)]


def shop_of(rng: np.random.Generator, rate, life, last, *, shock: float = 0.2, trend: float = 0.0) -> Shop:
    """Customers with these rates per week, lives in weeks and numbers of repeats; busy and quiet weeks; a trend."""
    n, ceiling, end = len(rate), 3.0, (LAST_DAY + 274) / 7
    first = rng.uniform(0, 12, n)
    busy = np.exp(rng.normal(0, shock, 90) - shock**2 / 2 + trend * (np.arange(90) - 20))
    customer, day = [np.arange(n)], [(first * 7).astype(int)]
    for one in range(n):
        weeks = end - first[one]
        moments = first[one] + np.sort(rng.uniform(0, weeks, rng.poisson(rate[one] * weeks * ceiling)))
        moments = moments[rng.random(len(moments)) < busy[moments.astype(int)] / ceiling]
        moments = moments[moments < first[one] + life[one]][: int(last[one])]
        customer.append(np.full(len(moments), one))
        day.append((moments * 7).astype(int))
    return Shop(np.concatenate(customer), np.concatenate(day))


def bg_shop(rng: np.random.Generator, **options: float) -> Shop:
    n = 2357
    rate, p = rng.gamma(0.2426, 1 / 4.4136, n), rng.beta(0.793, 2.426, n)
    return shop_of(rng, rate, np.full(n, np.inf), np.minimum(rng.geometric(np.maximum(p, 1e-9)), 10**6), **options)


def pareto_shop(rng: np.random.Generator) -> Shop:
    n = 2357
    life = rng.exponential(size=n) / rng.gamma(0.606, 1 / 11.669, n)
    return shop_of(rng, rng.gamma(0.553, 1 / 10.578, n), life, np.full(n, 10**6))


def faithful_shop(rng: np.random.Generator) -> Shop:
    """A third of the customers never leave: a tail longer than any of the models has."""
    n = 2357
    p = np.where(rng.random(n) < 1 / 3, 1e-9, rng.beta(1.5, 2.0, n))
    last = np.minimum(rng.geometric(p), 10**6)
    return shop_of(rng, rng.gamma(0.35, 1 / 7.0, n), np.full(n, np.inf), last)


WORLDS: dict[str, Callable[[np.random.Generator], Shop]] = {
    "BG/NBD, all weeks alike": lambda rng: bg_shop(rng, shock=0.0),
    "BG/NBD, busy and quiet weeks": bg_shop,
    "Pareto/NBD, busy and quiet weeks": pareto_shop,
    "a third never leave": faithful_shop,
    "BG/NBD that grows 0.6 % a week": lambda rng: bg_shop(rng, trend=0.006),
}


def print_rows(title: str, rows: list[dict]) -> None:
    print(f"\n{title}\n\n| {' | '.join(rows[0])} |\n|{'---|' * len(rows[0])}")
    for row in rows:
        print(
            "| " + " | ".join(f"{cell:,.3f}" if isinstance(cell, float) else str(cell) for cell in row.values()) + " |"
        )


if __name__ == "__main__":
    main()
