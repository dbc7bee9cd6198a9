"""What users did, in steps, ready to be read: ragged, and read only window by window. Shapes as in `batches`."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tenure.domain import Role
from tenure.events.sequences import Sequences
from tenure.profiles.normalise import Normaliser
from tenure.schema import SECONDS_PER_DAY
from tenure.sequence.batches import Ahead, Batch, Targets
from tenure.sequence.neighbours import Neighbours
from tenure.sequence.steps import FEATURES, KINDS, Steps, steps
from tenure.sequence.windows import Windows

Numbers = NDArray[np.int64]
Floats = NDArray[np.float32]

MOST_PAST = 256
"""Of the items before the window, the newest so many make up the summary."""
MOST_TARGETS = 8192
"""Of one batch; of more, so many are drawn."""
_MOST_STEPS = 1 << 40
_VALUE = list(FEATURES).index("value")


@dataclass(frozen=True, eq=False)
class Histories:
    """Sequences in steps, ready to be read."""

    sequences: Sequences
    steps: Steps
    normaliser: Normaliser
    """Makes what is known of steps comparable."""
    features: Floats
    """[S, F]"""
    offsets: Numbers
    """[S + 1]: the items of step s are items[offsets[s]:offsets[s + 1]]"""
    items: Numbers
    """[N]: what was met, without events that name no item"""
    first_met: Numbers
    """[N]: the step in which the user met this item first"""
    n_met: Numbers
    """[B]: different items of each sequence"""
    until: Numbers
    """[B]: up to here it is known what each user did, seconds since 1970 UTC"""
    commitments: Numbers
    """[S + 1]: the first step from here on with a commitment, of whichever sequence; S where there is none"""
    people: Floats
    """[B, U]: attributes of the users, made comparable; U = 0 where nobody asked for them"""

    @classmethod
    def of(
        cls,
        sequences: Sequences,
        normaliser: Normaliser | None = None,
        *,
        until: Numbers | None = None,
        people: Floats | None = None,
    ) -> Histories:
        """The histories of sequences [B].

        Args:
            sequences: what users did.
            normaliser: that of the steps learnt from; None = of these.
            until: to when each user was watched [B], seconds since 1970; None = all until the last event.
            people: attributes of the users [B, U].
        """
        done = steps(sequences, _MOST_STEPS)
        known = normaliser or usual(done)
        lengths = done.event_ends - done.event_starts
        event = np.repeat(done.event_starts - np.cumsum(lengths) + lengths, lengths) + np.arange(lengths.sum())
        step = np.repeat(np.arange(len(lengths)), lengths)
        items = sequences.items[event].astype(np.int64)
        is_item = items >= 0
        offsets = np.concatenate([[0], np.cumsum(np.bincount(step[is_item], minlength=len(lengths)))])
        items, step = items[is_item], step[is_item]
        place, who = spans(offsets[done.starts], offsets[done.ends])
        pairs = who * (items.max(initial=0) + 1) + items[place]
        _, first, which = np.unique(pairs, return_index=True, return_inverse=True)
        first_met = step.copy()
        first_met[place] = step[place][first][which]
        last = done.seconds.max(initial=0)
        return cls(
            sequences=sequences,
            steps=done,
            normaliser=known,
            features=known.transform(done.features).astype(np.float32),
            offsets=offsets,
            items=items,
            first_met=first_met,
            n_met=np.bincount(who[first], minlength=len(sequences)),
            until=np.full(len(sequences), last) if until is None else until,
            commitments=_next_true(done.features[:, KINDS.index(Role.COMMITMENT)] > 0),
            people=np.zeros((len(sequences), 0), np.float32) if people is None else people,
        )

    def __len__(self) -> int:
        return len(self.steps.starts)

    def known(self, n_steps: Numbers) -> Histories:
        """The same users when only their first so many steps [B] were known; what is usual stays."""
        ends = self.steps.starts + n_steps
        last = np.append(self.steps.event_starts, len(self.sequences.seconds))
        events = np.where(n_steps > 0, last[np.minimum(ends, len(last) - 1)], self.sequences.starts)
        cut = replace(self.sequences, ends=np.minimum(self.sequences.ends, events))
        return Histories.of(cut, self.normaliser, until=self.until, people=self.people)

    def rows(self, chosen: Numbers) -> Histories:
        """Some of the sequences, by number; they share the steps."""
        steps = replace(self.steps, starts=self.steps.starts[chosen], ends=self.steps.ends[chosen])
        return replace(
            self,
            sequences=self.sequences.rows(chosen),
            steps=steps,
            n_met=self.n_met[chosen],
            until=self.until[chosen],
            people=self.people[chosen],
        )

    @property
    def n_steps(self) -> Numbers:
        """Steps of each sequence [B]."""
        return self.steps.ends - self.steps.starts

    def met(self, rows: Numbers | slice = slice(None)) -> tuple[Numbers, Numbers]:
        """Who met what, of all sequences or some: (place among them, item) of every event with an item."""
        first, last = self.offsets[self.steps.starts[rows]], self.offsets[self.steps.ends[rows]]
        place, row = spans(first, last)
        return row, self.items[place]

    def meetings(self) -> tuple[Numbers, Numbers, Numbers]:
        """Who met what in which step, of all sequences: (user, step, item) of every event with an item."""
        place, row = spans(self.offsets[self.steps.starts], self.offsets[self.steps.ends])
        step = np.repeat(np.arange(len(self.offsets) - 1), np.diff(self.offsets))
        return row, step[place], self.items[place]

    def items_per_step(self) -> float:
        """How many items a step that holds any has, on average; 1 where there is none."""
        sizes = np.diff(self.offsets)
        return float(sizes[sizes > 0].mean()) if (sizes > 0).any() else 1.0

    def share_of_repeats(self) -> float:
        """Of all that was met, what share had its user met before?"""
        n = len(self.met()[0])
        return 1 - float(self.n_met.sum()) / n if n else 0.0

    def read(self, windows: Windows) -> Batch:
        """The windows as the network sees them."""
        b = len(windows)
        begin = self.steps.starts[windows.rows]
        low, high = begin + windows.starts, begin + windows.ends
        n_steps = high - low
        L = max(int(n_steps.max(initial=0)), 1)
        step, row = spans(low, high)
        cell = row * L + step - low[row]
        features = np.zeros((b * L, self.features.shape[1]), np.float32)
        features[cell] = self.features[step]
        seconds = np.zeros(b * L, np.int64)
        seconds[cell] = self.steps.seconds[step]
        item, of_step = spans(self.offsets[step], self.offsets[step + 1])
        end = self.offsets[low]
        past, past_row = spans(np.maximum(self.offsets[begin], end - MOST_PAST), end)
        return Batch(
            n_steps=n_steps,
            features=features.reshape(b, L, -1),
            seconds=seconds.reshape(b, L),
            items=self.items[item],
            cells=cell[of_step],
            past_items=self.items[past],
            past_rows=past_row,
            people=self.people[windows.rows],
        )

    def targets(
        self, windows: Windows, n_recent: int, most: int, neighbours: Neighbours, generator: np.random.Generator
    ) -> Targets:
        """What the states of the windows have to foretell: of each next step at most so many items, drawn."""
        begin = self.steps.starts[windows.rows]
        L = max(int((windows.ends - windows.starts).max(initial=0)), 1)
        # The state after n steps foretells step n, which must lie in the window itself or just behind it.
        last = np.minimum(windows.ends + 1, self.n_steps[windows.rows])
        step, row = spans(begin + np.minimum(windows.first_asked, last), begin + last)
        size = self.offsets[step + 1] - self.offsets[step]
        place, of = spans(self.offsets[step], self.offsets[step + 1])
        if (size > most).any():
            chosen = _ranks_within(of, generator.random(len(of))) < most
            place, of = place[chosen], of[chosen]
        if len(place) > MOST_TARGETS:
            chosen = np.sort(generator.choice(len(place), MOST_TARGETS, replace=False))
            place, of = place[chosen], of[chosen]
        asked, who = step[of], row[of]
        cells = who * (L + 1) + (asked - begin[who] - windows.starts[who])
        items = self.items[place]
        target, age, met, share = self._met_before(asked, begin[who] + windows.starts[who], n_recent)
        goal, other = items[target], self.items[met]
        apart = self.first_met[place[target]] - self.first_met[met]
        likeness = neighbours.without_own(other, goal, apart, self.n_met[windows.rows[who[target]]])
        again, again_age = self._met_again(windows, items, who, asked)
        return Targets(
            cells, items, target, age, np.where(other == goal, np.float32(0), likeness) * share, again, again_age
        )

    def ahead(self, windows: Windows) -> Ahead:
        """What came after the states of the windows that are asked for, or how long nothing did."""
        rows, begin = windows.rows, self.steps.starts[windows.rows]
        L = max(int((windows.ends - windows.starts).max(initial=0)), 1)
        # Before the first step there is no clock that runs.
        next_step, row = spans(begin + np.maximum(windows.first_asked, 1), begin + windows.ends + 1)
        end, since, limit = self.steps.ends[rows][row], self.steps.seconds[next_step - 1], self.until[rows][row]

        def wait(step: Numbers) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
            came = step < end
            then = np.where(came, np.append(self.steps.seconds, 0)[np.minimum(step, len(self.steps.seconds))], limit)
            return came, np.maximum(then - since, 0) / SECONDS_PER_DAY

        came, days = wait(next_step)
        committed, commit_days = wait(self.commitments[next_step])
        known = np.minimum(next_step, len(self.steps.seconds) - 1)
        did = self.steps.features[known][:, : len(KINDS)] > 0
        return Ahead(
            cells=row * (L + 1) + next_step - begin[row] - windows.starts[row],
            came=came,
            days=days,
            committed=committed,
            commit_days=commit_days,
            kinds=np.where(came[:, None], did, 0.0).astype(np.float32),
            values=np.where(came, self.steps.features[known, _VALUE], np.nan),
        )

    def _met_again(self, windows: Windows, items: Numbers, who: Numbers, asked: Numbers) -> tuple[Numbers, Numbers]:
        """Earlier meetings of items [T] in their windows, before the steps asked for: (target, age in steps)."""
        begin = self.steps.starts[windows.rows]
        step, row = spans(begin + windows.starts, begin + windows.ends)
        place, of = spans(self.offsets[step], self.offsets[step + 1])
        n_items = int(self.items.max(initial=0)) + 1
        key = row[of] * n_items + self.items[place]
        order = np.argsort(key, kind="stable")
        wanted = who * n_items + items
        low, high = (np.searchsorted(key[order], wanted, side) for side in ("left", "right"))
        event, target = spans(low, high)
        age = asked[target] - step[of[order[event]]]
        return target[age > 0], age[age > 0]

    def _met_before(self, asked: Numbers, first: Numbers, n_recent: int) -> tuple[Numbers, Numbers, Numbers, Floats]:
        """The items of the steps before those asked for, from `first` on: target, age in steps, place, share."""
        step, target = spans(np.maximum(first, asked - n_recent), asked)
        place, of = spans(self.offsets[step], self.offsets[step + 1])
        size = (self.offsets[step + 1] - self.offsets[step])[of]
        return target[of], (asked[target] - step)[of], place, (1 / size).astype(np.float32)


def usual(done: Steps) -> Normaliser:
    """What is usual in the steps learnt from."""
    return Normaliser.fit(list(FEATURES), list(FEATURES.values()), done.features)


def spans(low: Numbers, high: Numbers) -> tuple[Numbers, Numbers]:
    """The numbers low[i] to high[i] of every span i, one span after the other, and the span of each."""
    lengths = np.maximum(high - low, 0)
    of = np.repeat(np.arange(len(low)), lengths)
    return np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths - low, lengths), of


def _next_true(flags: NDArray[np.bool_]) -> Numbers:
    """[S + 1]: of every place the first true one from there on, S where there is none."""
    n = len(flags)
    places = np.append(np.where(flags, np.arange(n), n), n)
    return np.minimum.accumulate(places[::-1])[::-1]


def _ranks_within(group: Numbers, key: NDArray[np.float64]) -> Numbers:
    """The place of each entry among those of its group, groups in rising order, by key."""
    order = np.lexsort((key, group))
    ranks = np.empty(len(group), np.int64)
    counts = np.bincount(group)
    ranks[order] = np.arange(len(group)) - np.repeat(np.cumsum(counts) - counts, counts)
    return ranks
