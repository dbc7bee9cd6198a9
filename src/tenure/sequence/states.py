"""States of users: of all at once, or carried on by their newest events alone.

Shapes: B users, b of them at once; n steps of a window, Q of them new, P positions, position 0 the past; D the width.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from tenure.errors import ConfigError
from tenure.events.sequences import Sequences
from tenure.profiles.normalise import Normaliser
from tenure.schema import SECONDS_PER_DAY
from tenure.sequence.batches import Batch
from tenure.sequence.blocks import Kept
from tenure.sequence.catalogue import Best, Catalogue, Met, best_of_scores
from tenure.sequence.histories import MOST_PAST, Histories
from tenure.sequence.learnt import Learnt
from tenure.sequence.network import Heart
from tenure.sequence.scoring import catalogue_of, last_states
from tenure.sequence.steps import FEATURES, Steps, steps
from tenure.sequence.windows import newest, window_start

Numbers = NDArray[np.int64]
Floats = NDArray[np.float32]

_AT_ONCE = 256
_MOST_STEPS = 1 << 40
_PLACES = ("gap_days", "n_before", "mean_gap_days", "known_days")
_GAP, _N_BEFORE, _MEAN_GAP, _KNOWN = (list(FEATURES).index(name) for name in _PLACES)


@dataclass(frozen=True, eq=False)
class UserStates:
    """Where B users stand after all that they did."""

    states: Floats
    """[B, D]"""
    seconds: Numbers
    """[B]: time of the newest step, seconds since 1970 UTC; 0 where there is none"""


def user_states(learnt: Learnt, histories: Histories, at_once: int = _AT_ONCE) -> UserStates:
    """The state of each user after all that they did, read so many at a time."""
    windows = newest(histories.n_steps, learnt.heart.shape.config.window)
    order = np.argsort(windows.ends - windows.starts, kind="stable")  # so that little is padding
    found = np.zeros((len(windows), learnt.heart.shape.config.width), np.float32)
    for low in range(0, len(order), at_once):
        some = windows.some(order[low : low + at_once])
        with torch.inference_mode():
            found[some.rows] = last_states(learnt.heart, histories.read(some)).cpu().numpy()
    has_steps, last = histories.n_steps > 0, np.maximum(histories.steps.ends - 1, 0)
    seconds = np.zeros(len(windows), np.int64)
    seconds[has_steps] = histories.steps.seconds[last[has_steps]]
    return UserStates(found, seconds)


@dataclass(frozen=True, eq=False)
class Server:
    """A heart made ready to answer fast: what is the same for all users is computed once."""

    heart: Heart
    normaliser: Normaliser
    catalogue: Catalogue

    @classmethod
    def of(cls, learnt: Learnt) -> Server:
        """From a heart that has learnt."""
        heart = learnt.heart
        return cls(heart, learnt.normaliser, catalogue_of(heart, learnt.neighbours))


@dataclass(frozen=True, eq=False)
class _User:
    """All that must be known of one user to go on: the window, what it forgets only as counts and a summary."""

    start: int
    """The first step of the window."""
    since: int
    """Time of the very first step, seconds since 1970 UTC; 0 before there is one."""
    seconds: Numbers
    """[n]"""
    features: Floats
    """[n, F]"""
    items: Numbers
    """[N]: what was met in the window, step by step"""
    sizes: Numbers
    """[n]: items of each step"""
    past: Numbers
    """The newest items before the window, at most `MOST_PAST`."""
    met: Numbers
    """Different items ever met, rising."""
    last: Sequences
    """The events of the newest step: others of the same second may follow."""
    last_gap: float
    """Days from the step before the newest to it; NaN where there is none."""
    people: Floats
    """[U]"""
    state: Floats
    """[D]"""
    kept: tuple[Kept, ...] = ()
    """Keys and values of each block: [H, P, D / H]; of fewer positions than n + 1 while steps wait to be read."""

    @property
    def n_kept(self) -> int:
        """Positions that are read."""
        return self.kept[0][0].shape[1] if self.kept else 0


@dataclass(frozen=True, eq=False)
class Carried:
    """B users as they stand, with what the network keeps of their windows, so that only new events need be read."""

    server: Server
    users: tuple[_User, ...]

    def __len__(self) -> int:
        return len(self.users)

    @property
    def states(self) -> Floats:
        """The state of each user [B, D]."""
        width = self.server.heart.shape.config.width
        return np.stack([user.state for user in self.users]) if self.users else np.zeros((0, width), np.float32)

    @property
    def seconds(self) -> Numbers:
        """Time of the newest step of each user [B], seconds since 1970 UTC; 0 where there is none."""
        return np.array([user.seconds[-1] if len(user.seconds) else 0 for user in self.users], np.int64)

    def rows(self, chosen: Numbers) -> Carried:
        """Some of the users, by number."""
        return replace(self, users=tuple(self.users[i] for i in chosen))

    def after(self, new: Sequences | Histories) -> Carried:
        """The same users after further events, one sequence for each; it may be empty.

        The states are those of a full reading of all events, in the order in which they came. Only the new steps are
        read, with two exceptions: events of the second of the newest step join it, and it is read again; where the
        window moves on (once in half a window), all of it is read again.

        Raises:
            ConfigError: an event is older than the newest step of its user, or of an unknown item.
        """
        events = new.sequences if isinstance(new, Histories) else new
        n_items = self.server.heart.n_items
        if len(events) != len(self):
            raise ConfigError(f"heart: expected new events of {len(self)} users, got those of {len(events)}")
        if int(events.items.max(initial=-1)) >= n_items:
            raise ConfigError(f"heart: expected items below {n_items}, got {events.items.max()}; learn them first")
        moved = np.flatnonzero(events.ends > events.starts)
        if not len(moved):
            return self
        users = list(self.users)
        mini = _end_to_end([_joined(users[i].last, events, int(i)) for i in moved])
        done = steps(mini, _MOST_STEPS)
        _mend(done, [users[i] for i in moved])
        features = self.server.normaliser.transform(done.features).astype(np.float32)
        window = self.server.heart.shape.config.window
        for row, i in enumerate(moved):
            users[i] = _longer(users[i], mini, done, features, row, window=window)
        return Carried(self.server, _read(self.server.heart, users))


def carry(server: Server, histories: Histories) -> Carried:
    """The users of these histories, read once, ready to be carried on."""
    heart = server.heart
    windows = newest(histories.n_steps, heart.shape.config.window)
    nobody = np.zeros(heart.shape.config.width, np.float32)
    users = []
    for row in range(len(histories)):
        begin, end = histories.steps.starts[row], histories.steps.ends[row]
        low = begin + windows.starts[row]
        first, middle, last = histories.offsets[[begin, low, end]]
        has_steps = bool(end > begin)
        borders = (histories.steps.event_starts, histories.steps.event_ends)
        newest_step = slice(*(int(x[end - 1]) for x in borders)) if has_steps else slice(0, 0)
        users.append(
            _User(
                start=int(windows.starts[row]),
                since=int(histories.steps.seconds[begin]) if has_steps else 0,
                seconds=histories.steps.seconds[low:end].copy(),
                features=histories.features[low:end].copy(),
                items=histories.items[middle:last].copy(),
                sizes=np.diff(histories.offsets[low : end + 1]),
                past=histories.items[max(first, middle - MOST_PAST) : middle].copy(),
                met=np.unique(histories.items[first:last]),
                last=_one(histories.sequences, newest_step),
                last_gap=float(histories.steps.features[end - 1, _GAP]) if has_steps else np.nan,
                people=histories.people[row],
                state=nobody,
            )
        )
    return Carried(server, _read(heart, users))


def scores(carried: Carried) -> Floats:
    """The score of every item for each user [B, I]."""
    catalogue = carried.server.catalogue
    if not len(carried):
        return np.zeros((0, len(catalogue.vectors)), np.float32)
    return catalogue.scores(carried.states, _newest_met(carried.users, catalogue.n_recent))


def best_items(carried: Carried, k: int = 10) -> Best:
    """The k best items of each user, of the whole catalogue; not those met, where users do not meet items again."""
    parts = []
    for low in range(0, max(len(carried), 1), _AT_ONCE):
        some = replace(carried, users=carried.users[low : low + _AT_ONCE])
        said = scores(some)
        if not carried.server.heart.shape.may_repeat:
            for row, user in enumerate(some.users):
                said[row, user.met] = -np.inf
        parts.append(best_of_scores(said, k))
    return Best(np.concatenate([part.items for part in parts]), np.concatenate([part.scores for part in parts]))


def _newest_met(users: Sequence[_User], n_recent: int) -> Met:
    """What users met in their newest steps, the newest so many of each."""
    sizes = [user.sizes[-n_recent:] for user in users]
    counts = [some.sum() for some in sizes]
    return Met(
        rows=np.repeat(np.arange(len(users)), counts),
        items=np.concatenate([user.items[len(user.items) - n :] for user, n in zip(users, counts, strict=True)]),
        ages=np.concatenate([np.repeat(np.arange(len(some), 0, -1), some) for some in sizes]),
        sizes=np.concatenate([np.repeat(some, some) for some in sizes]),
    )


def _one(sequences: Sequences, events: slice) -> Sequences:
    """Some neighbouring events as one sequence of their own; a view would hold the events of everybody."""
    seconds = sequences.seconds[events].copy()
    return Sequences(
        np.zeros(1, np.int64),
        np.array([len(seconds)]),
        seconds,
        sequences.roles[events].copy(),
        sequences.items[events].copy(),
        sequences.values[events].copy(),
    )


def _joined(last: Sequences, new: Sequences, row: int) -> Sequences:
    """The events of a user's newest step, and the new ones behind them.

    Raises:
        ConfigError: these are older, or out of order.
    """
    more = _one(new, slice(new.starts[row], new.ends[row]))
    both = _end_to_end([last, more])
    if (np.diff(both.seconds) < 0).any():
        raise ConfigError(
            f"heart: expected new events of user {row} in order and none older than their newest step; carry the user "
            "anew from all events"
        )
    return replace(both, starts=both.starts[:1], ends=both.ends[-1:])


def _end_to_end(parts: Sequence[Sequences]) -> Sequences:
    """Single sequences one after the other, at least one."""
    lengths = np.array([len(part.seconds) for part in parts])
    ends = np.cumsum(lengths)
    return Sequences(
        ends - lengths,
        ends,
        np.concatenate([part.seconds for part in parts]),
        np.concatenate([part.roles for part in parts]),
        np.concatenate([part.items for part in parts]),
        np.concatenate([part.values for part in parts]),
    )


def _mend(done: Steps, users: Sequence[_User]) -> None:
    """Put right, in place, what steps say of those before them: they were cut off from all but the newest of these."""
    for row, user in enumerate(users):
        here = slice(done.starts[row], done.ends[row])
        features, seconds = done.features[here], done.seconds[here]
        n_done = user.start + len(user.seconds)
        if not n_done:
            continue  # nothing was cut off
        n_before = n_done - 1 + np.arange(len(seconds), dtype=np.float64)
        known = (seconds - user.since) / SECONDS_PER_DAY
        features[0, _GAP] = user.last_gap
        features[:, _N_BEFORE], features[:, _KNOWN] = n_before, known
        features[:, _MEAN_GAP] = np.divide(known, n_before, out=np.full(len(known), np.nan), where=n_before > 0)


def _longer(user: _User, mini: Sequences, done: Steps, features: Floats, row: int, *, window: int) -> _User:
    """A user with the steps of a row behind those that were known, still to be read.

    The first of the row is the newest that was known; it is new only if further events joined it.
    """
    low, end = int(done.starts[row]), int(done.ends[row])
    n = len(user.seconds)
    if n and done.event_ends[low] - done.event_starts[low] == len(user.last.seconds):
        low, n_same = low + 1, n
    else:
        n_same = max(n - 1, 0)
    events = slice(int(done.event_starts[low]), int(done.event_ends[end - 1]))
    step = np.repeat(np.arange(end - low), (done.event_ends - done.event_starts)[low:end])
    is_item = mini.items[events] >= 0
    new = mini.items[events][is_item].astype(np.int64)
    seconds = np.concatenate([user.seconds[:n_same], done.seconds[low:end]])
    sizes = np.concatenate([user.sizes[:n_same], np.bincount(step[is_item], minlength=end - low)])
    items = np.concatenate([user.items[: user.sizes[:n_same].sum()], new])
    start = int(window_start(np.array([user.start + len(seconds)]), window)[0])
    n_out = start - user.start
    n_items_out = sizes[:n_out].sum()
    return replace(
        user,
        start=start,
        since=user.since if n else int(seconds[0]),
        seconds=seconds[n_out:],
        features=np.concatenate([user.features[:n_same], features[low:end]])[n_out:],
        items=items[n_items_out:],
        sizes=sizes[n_out:],
        past=np.concatenate([user.past, items[:n_items_out]])[-MOST_PAST:],
        met=np.union1d(user.met, new),
        last=_one(mini, slice(int(done.event_starts[end - 1]), int(done.event_ends[end - 1]))),
        last_gap=float(done.features[end - 1, _GAP]),
        # The past has grown where the window moved: every state that has seen it is another one.
        kept=() if n_out else tuple((k[:, : n_same + 1], v[:, : n_same + 1]) for k, v in user.kept),
    )


def _read(heart: Heart, users: Sequence[_User]) -> tuple[_User, ...]:
    """The same users after the steps that wait to be read: of equal lengths together, so that nothing is padded."""
    alike = defaultdict(list)
    found = list(users)
    for i, user in enumerate(users):
        if user.n_kept <= len(user.seconds):
            alike[user.n_kept, len(user.seconds)].append(i)
    for (n_kept, n), rows in alike.items():
        for low in range(0, len(rows), _AT_ONCE):
            some = rows[low : low + _AT_ONCE]
            with torch.inference_mode():
                states, kept = _states(heart, [users[i] for i in some], n_kept, n)
            for place, i in enumerate(some):
                mine = tuple((k[place], v[place]) for k, v in kept)
                found[i] = replace(users[i], state=states[place], kept=mine)
    return tuple(found)


def _states(heart: Heart, users: Sequence[_User], n_kept: int, n: int) -> tuple[Floats, list[Kept]]:
    """The newest states of users with n steps each [b, D], and what is kept of all positions of them."""
    b, first = len(users), max(n_kept - 1, 0)
    L = max(n - first, 1)  # nothing but the past is read of a user without steps
    sizes = np.array([user.sizes[first:] for user in users], np.int64).reshape(-1)
    items = [user.items[user.sizes[:first].sum() :] for user in users]
    past = [user.past if not n_kept else user.past[:0] for user in users]
    features = np.zeros((b, L, users[0].features.shape[1]), np.float32)
    seconds = np.zeros((b, max(n, 1)), np.int64)
    if n:
        features[:], seconds[:] = [user.features[first:] for user in users], [user.seconds for user in users]
    x, _ = heart.inputs(
        Batch(
            n_steps=np.full(b, n - first),
            features=features,
            seconds=seconds[:, -L:],
            items=np.concatenate(items),
            cells=np.repeat(np.arange(len(sizes)), sizes),
            past_items=np.concatenate(past),
            past_rows=np.repeat(np.arange(b), [len(some) for some in past]),
            people=np.stack([user.people for user in users]),
        )
    )
    # The past is as old as the first step of the window.
    times = torch.from_numpy(np.concatenate([seconds[:, :1], seconds], axis=1)[:, : n + 1]).to(x.device)
    kept = None
    if n_kept:
        blocks = zip(*(user.kept for user in users), strict=True)
        kept = [(torch.stack([k for k, _ in pairs]), torch.stack([v for _, v in pairs])) for pairs in blocks]
    states, now = heart.run(x[:, 1 if n_kept else 0 : n - first + 1], times, kept)
    return states[:, -1].cpu().numpy(), now
