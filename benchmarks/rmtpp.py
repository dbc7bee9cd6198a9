"""An RMTPP, the usual recurrent model of when the next event comes: for `heart_time.py`.

A GRU reads what is known of every event; the logarithm of the hazard is linear in the time since the newest one, with
one slope for everybody: log h(t) = v . state + b + w t. Fitted by its likelihood, waits that were not over included.
Source: Du et al. (2016), Recurrent marked temporal point processes, KDD.
"""

from __future__ import annotations

import time
from functools import cache

import numpy as np
import torch
from torch import Tensor, from_numpy, nn

from tenure.sequence.histories import Histories
from tenure.sequence.steps import FEATURES

Vector = np.ndarray
DAY = 86_400
COLUMNS = ("gap_days", "value", "n_before")
MOST_STEPS = 200


class Network(nn.Module):
    """Features of the events in, v . state + b after each out."""

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        self.gru = nn.GRU(len(COLUMNS), width, batch_first=True)
        self.rate = nn.Linear(width, 1)
        self.slope = nn.Parameter(torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        return self.rate(self.gru(x)[0])[..., 0]

    def cumulative(self, level: Tensor, low: Tensor, high: Tensor) -> Tensor:
        """The hazard lived through between two times since the event."""
        w = torch.where(self.slope.abs() < 1e-6, torch.full_like(self.slope, 1e-6), self.slope)
        return level.exp() * ((w * high).clamp(max=30).exp() - (w * low).clamp(max=30).exp()) / w


class Rmtpp:
    """What users [U] of some histories say of the time after `end`, learnt from what they did before it."""

    def __init__(self, histories: Histories, users: Vector, end: int) -> None:
        torch.manual_seed(0)
        torch.set_num_threads(2)
        gaps = histories.steps.features[:, list(FEATURES).index("gap_days")]
        self.histories, self.users, self.end = histories, users, end
        self.scale = max(float(np.nanmean(gaps)), 1e-3)
        known = np.log1p(np.nan_to_num(histories.steps.features[:, [list(FEATURES).index(name) for name in COLUMNS]]))
        self.known = ((known - known.mean(axis=0)) / np.maximum(known.std(axis=0), 1e-6)).astype(np.float32)
        order = np.argsort(histories.n_steps[users], kind="stable")
        self.blocks = [users[part] for part in np.array_split(order, max(len(order) // 128, 1))]
        self.read = cache(self._read)
        self.network = Network()
        n, lived = 0, 0.0
        for number in range(len(self.blocks)):
            _, wait, came, mask, _ = self.read(number, end)
            n, lived = n + came[mask].sum().item(), lived + wait[mask].sum().item()
        with torch.no_grad():
            self.network.rate.bias.fill_(float(np.log(n / lived)))
        self.optimiser = torch.optim.AdamW(self.network.parameters(), lr=2e-3)

    def fit(self, valid: int, minutes: float) -> None:
        """Learn from the time before `valid` until that from there to the end is told no better; then go on."""
        best, best_epoch, began = np.inf, 0, time.perf_counter()
        for epoch in range(200):
            self.epoch(epoch, valid)
            with torch.no_grad():
                parts = [self.loss(number, valid, self.end) for number in range(len(self.blocks))]
            loss = sum(part[0].item() for part in parts) / max(sum(part[1] for part in parts), 1)
            if loss < best:
                best, best_epoch = loss, epoch + 1
            if epoch + 1 - best_epoch >= 6 or time.perf_counter() - began > 60 * minutes:
                break
        for epoch in range(max(1, best_epoch // 4)):
            self.epoch(epoch, self.end)

    def epoch(self, number: int, until: int) -> None:
        for i in np.random.default_rng(number).permutation(len(self.blocks)):
            loss, n = self.loss(int(i), until, until)
            if n:
                self.optimiser.zero_grad()
                (loss / n).backward()
                nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
                self.optimiser.step()

    def loss(self, number: int, low: int, high: int) -> tuple[Tensor, int]:
        """Of the waits up to `high`; where low < high, of what was left at `low` of those that had begun by then."""
        x, wait, came, mask, begun = self.read(number, high)
        level = self.network(x)
        since = torch.zeros_like(wait)
        if low < high:
            since = torch.clamp((low - begun) / DAY / self.scale, min=0).float()
            mask = mask & (begun < low) & (wait > since)
            since = torch.where(mask, since, torch.zeros_like(since))
        wait = torch.where(mask, wait, torch.zeros_like(wait))
        at = torch.where(came, level + self.network.slope * wait, torch.zeros_like(level))
        return -((at - self.network.cumulative(level, since, wait)) * mask).sum(), int(mask.sum())

    def told(self) -> tuple[Vector, float, Vector]:
        """Of every user: v . state + b, the slope, both per day, and the days waited by the end."""
        level, waited = np.zeros(len(self.users)), np.zeros(len(self.users))
        place = {user: i for i, user in enumerate(self.users)}
        slope = self.network.slope.item()
        for number, block in enumerate(self.blocks):
            x, _, _, mask, begun = self.read(number, self.end)
            rows, last = torch.arange(len(block)), mask.sum(dim=1) - 1
            to = [place[user] for user in block]
            with torch.no_grad():
                level[to] = self.network(x)[rows, last].numpy() - np.log(self.scale)
            waited[to] = ((self.end - begun[rows, last]) / DAY).numpy()
        return level, (slope if abs(slope) > 1e-6 else 1e-6) / self.scale, waited

    def _read(self, number: int, until: int) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Features [b, L, F] of the newest steps, waits after each, was one over, which count, and when they began."""
        histories, users = self.histories, self.blocks[number]
        low, high = histories.steps.starts[users], histories.steps.ends[users]
        shape = len(users), min(int((high - low).max()), MOST_STEPS)
        x, wait, begun = np.zeros((*shape, len(COLUMNS)), np.float32), np.zeros(shape), np.zeros(shape)
        came, mask = np.zeros(shape, bool), np.zeros(shape, bool)
        for i in range(len(users)):
            seconds = histories.steps.seconds[low[i] : high[i]][-shape[1] :]
            n = len(seconds)
            x[i, :n] = self.known[low[i] : high[i]][-shape[1] :]
            after = np.append(seconds[1:], np.iinfo(np.int64).max)
            mask[i, :n] = seconds < until
            came[i, :n] = (after < until) & mask[i, :n]
            wait[i, :n] = np.where(mask[i, :n], (np.minimum(after, until) - seconds) / DAY / self.scale, 0.0)
            begun[i, :n] = seconds
        return from_numpy(x), from_numpy(wait).float(), from_numpy(came), from_numpy(mask), from_numpy(begun)
