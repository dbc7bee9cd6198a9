"""The recurrent network and how it learns. The only file of this floor that needs PyTorch; arrays in, arrays out.

Shapes: b users of a batch, L steps of the longest of them, F features of a step, D of a profile, H the width.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from itertools import count, islice

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, from_numpy, nn
from torch.nn.functional import binary_cross_entropy_with_logits
from torch.nn.utils import clip_grad_norm_

from tenure.prediction.champion import log_losses
from tenure.prediction.learners.recurrent import RecurrentLearner
from tenure.prediction.reading import Batch, Floats, Numbers, Reading

Vector = NDArray[np.float64]

_CELLS = {"lstm": nn.LSTM, "gru": nn.GRU}
_SCORED_AT_ONCE = 4096


class RecurrentNetwork(nn.Module):
    """steps -> H -> LSTM or GRU -> last state [b, H]; state and profile [b, H + D] -> H -> log-odds [b]."""

    def __init__(self, learner: RecurrentLearner, n_features: int, n_profile: int) -> None:
        super().__init__()
        H = learner.width
        self.step = nn.Linear(n_features, H)
        self.cell = _CELLS[learner.cell](H, H, batch_first=True)
        self.mix = nn.Linear(H + n_profile, H)
        self.out = nn.Linear(H, 1)
        self.dropout = nn.Dropout(learner.dropout)

    def states(self, steps: Tensor, lengths: Tensor) -> Tensor:
        """The state after the last step of each user [b, H], from steps [b, L, F]; 0 for those without a step.

        The cell runs forward only, so the padding after the last step changes nothing.
        """
        after, _ = self.cell(torch.relu(self.step(steps)))  # [b, L, H]
        last = after[torch.arange(len(after)), (lengths - 1).clamp_min(0)]
        return torch.where(lengths[:, None] > 0, last, 0.0)

    def forward(self, batch: Batch) -> Tensor:
        """Log-odds [b]."""
        state = self.states(from_numpy(batch.steps), from_numpy(batch.lengths))
        seen = torch.cat([state, from_numpy(batch.profiles)], dim=1)
        mixed: Tensor = torch.relu(self.mix(self.dropout(seen)))
        log_odds: Tensor = self.out(self.dropout(mixed))
        return log_odds[:, 0]


def n_epochs(learner: RecurrentLearner, reading: Reading, outcome: Vector, taught: Numbers, held_out: Numbers) -> int:
    """For how long must a network learn from the rows `taught` to forecast those `held_out` best?

    It stops when they have not been forecast better for `patience` epochs.
    """
    best, least = 0, np.inf
    with _alone(learner):
        for epoch, network in enumerate(islice(_epochs(learner, reading, outcome, taught), learner.most_epochs), 1):
            loss = log_losses(outcome[held_out], _probabilities(network, reading, held_out)).mean()
            if loss < least:
                best, least = epoch, loss
            elif epoch - best >= learner.patience:
                break
    return best


def learn(learner: RecurrentLearner, reading: Reading, outcome: Vector, epochs: int) -> dict[str, Floats]:
    """The weights, by name, of a network that learnt so many epochs from all users [B] and what came of them [B]."""
    with _alone(learner):
        network = next(islice(_epochs(learner, reading, outcome, np.arange(len(reading))), epochs - 1, None))
    return {name: weight.numpy() for name, weight in network.state_dict().items()}


def forecast(learner: RecurrentLearner, weights: Mapping[str, Floats], reading: Reading) -> Vector:
    """What does the network of these weights say of each user? Probabilities [B]."""
    with _alone(learner):
        network = RecurrentNetwork(learner, reading.features.shape[1] + 1, reading.profiles.shape[1])
        network.load_state_dict({name: torch.tensor(weight) for name, weight in weights.items()})
        return _probabilities(network, reading, np.arange(len(reading)))


def _epochs(learner: RecurrentLearner, reading: Reading, outcome: Vector, rows: Numbers) -> Iterator[nn.Module]:
    """Learn from these rows without end: the network of averaged weights after each epoch.

    An average over the path of AdamW is as good as a learning rate that falls, and needs no end known beforehand.
    """
    torch.manual_seed(learner.seed)
    generator, y = np.random.default_rng(learner.seed), from_numpy(outcome.astype(np.float32))
    network = RecurrentNetwork(learner, reading.features.shape[1] + 1, reading.profiles.shape[1])
    share = (outcome[rows].sum() + 0.5) / (len(rows) + 1)
    nn.init.constant_(network.out.bias, math.log(share / (1 - share)))
    averaged, n_updates = deepcopy(network), count(1)
    optimiser = torch.optim.AdamW(
        network.parameters(), lr=learner.learning_rate, weight_decay=learner.weight_decay, fused=True
    )
    for drawn in _draws(rows, learner.rows_per_epoch, generator):
        network.train()
        for batch in reading.batches(drawn, learner.batch_size, generator):
            optimiser.zero_grad()
            loss = binary_cross_entropy_with_logits(network(reading.batch(batch)), y[batch])
            loss.backward()  # type: ignore[no-untyped-call]
            clip_grad_norm_(network.parameters(), learner.gradient_norm)
            optimiser.step()
            newest = max(2 / (next(n_updates) + 1), 1 / learner.memory)
            with torch.no_grad():
                for mean, weight in zip(averaged.parameters(), network.parameters(), strict=True):
                    mean.lerp_(weight, newest)
        yield averaged


def _draws(rows: Numbers, n: int, generator: np.random.Generator) -> Iterator[Numbers]:
    """So many rows at a time, without end; none comes again before all others came."""
    waiting = rows[:0]
    while True:
        while len(waiting) < n:
            waiting = np.concatenate([waiting, generator.permutation(rows)])
        yield waiting[:n]
        waiting = waiting[n:]


def _probabilities(network: nn.Module, reading: Reading, rows: Numbers) -> Vector:
    p = np.empty(len(reading))
    network.eval()
    with torch.inference_mode():
        for batch in reading.batches(rows, _SCORED_AT_ONCE, np.random.default_rng(0)):
            p[batch] = torch.sigmoid(network(reading.batch(batch)).double()).numpy()
    return p[rows]


@contextmanager
def _alone(learner: RecurrentLearner) -> Iterator[None]:
    """With the learner's threads, and a randomness that nobody else sees."""
    before = torch.get_num_threads()
    with torch.random.fork_rng(devices=[]):
        torch.set_num_threads(learner.n_threads)
        try:
            yield
        finally:
            torch.set_num_threads(before)
