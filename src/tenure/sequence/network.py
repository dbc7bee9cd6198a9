"""The network: a causal transformer over steps. Batches in, states out. Files that import it need PyTorch.

Shapes: b windows, L steps, position 0 the past and position i step i, so P = L + 1 positions; D the width, H heads,
F features of a step, E items read, I items in all, U attributes of a user. The state at position i has seen the past
and the first i steps, and nothing later.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, from_numpy, nn
from torch.nn.functional import embedding_bag

from tenure.sequence.batches import Batch
from tenure.sequence.blocks import BLOCKS, Dropout, Kept, Nearness
from tenure.sequence.config import HeartConfig
from tenure.sequence.items import ItemTokens

ITEM_SPREAD = 0.02
START_OF_AGES = 0.7
"""An item met n steps ago begins with the weight .7^n, as recency-weighted neighbours have it."""
START_OF_NEIGHBOURS = 10.0
START_OF_REPEATS = 1.0
"""An item met n steps ago begins to speak for itself with n^(-1/2): habits are made of many meetings."""
OWN_HIDDEN = 0.1
"""While learning, so many items are known by their content alone, as new ones are."""


@dataclass(frozen=True)
class Shape:
    """What must be known to build the network."""

    config: HeartConfig
    n_features: int
    knows_time: bool
    """Do the times of steps mean anything, beyond their order?"""
    may_repeat: bool
    """Do users meet an item again?"""
    n_people: int = 0
    """U"""
    knows_items: bool = True
    """Does it foretell the next item? Not where fewer than two are named, or nobody asked for it."""


class Heart(nn.Module):
    """Item vectors, the reading of steps, blocks of attention, the weights of neighbours, and heads that foretell."""

    token_offsets: Tensor
    token_numbers: Tensor
    token_weights: Tensor

    def __init__(self, shape: Shape, tokens: ItemTokens, heads: dict[str, nn.Module] | None = None) -> None:
        super().__init__()
        self.shape, self.tokens, c = shape, tokens, shape.config
        D = c.width
        self.items = nn.Embedding(max(tokens.n_tokens, 1), D)  # PyTorch knows no empty table
        for name, array in (("offsets", tokens.offsets), ("numbers", tokens.tokens), ("weights", tokens.weights)):
            self.register_buffer(f"token_{name}", from_numpy(array), persistent=False)
        self.read = nn.Linear(shape.n_features, D) if shape.n_features else None
        self.people = nn.Linear(shape.n_people, D, bias=False) if shape.n_people else None
        self.past = nn.Parameter(torch.zeros(D))
        self.past_items = nn.Linear(D, D, bias=False)
        self.blocks = nn.ModuleList(BLOCKS[c.trunk](c, knows_time=shape.knows_time) for _ in range(c.n_blocks))
        self.norm = nn.LayerNorm(D)
        self.dropout = Dropout(c.dropout)
        # In logarithms, so that weights stay above 0: how much an item so many steps ago speaks for its neighbours,
        # and for itself, of all the window.
        self.neighbour_ages = nn.Parameter(torch.empty(c.n_recent))
        self.repeat_ages = nn.Parameter(torch.empty(c.window))
        self.heads = nn.ModuleDict(heads or {})
        self.begin()

    @property
    def n_items(self) -> int:
        """I."""
        return len(self.tokens)

    def begin(self) -> None:
        """All initial values, in one place; heads begin where they were made to."""
        nn.init.normal_(self.items.weight, std=ITEM_SPREAD)
        for layer in (self.read, self.past_items, self.people):
            for weight in () if layer is None else layer.parameters():
                nn.init.zeros_(weight)
        ages = torch.arange(1, self.shape.config.n_recent + 1)
        with torch.no_grad():
            self.neighbour_ages.copy_(math.log(START_OF_NEIGHBOURS) + ages * math.log(START_OF_AGES))
            all_ages = torch.arange(1, self.shape.config.window + 1)
            self.repeat_ages.copy_(math.log(START_OF_REPEATS) - 0.5 * torch.log(all_ages))

    def begin_items(self, vectors: np.ndarray) -> None:
        """Let the items' own vectors begin at these [I, D], brought to the usual spread, with a little chance."""
        known = from_numpy(vectors)
        with torch.no_grad():
            spread = known.std().clamp_min(1e-9)
            self.items.weight.mul_(0.2)
            if not self.tokens.is_hashed:
                self.items.weight[: len(known)].add_(known / spread * 2 * ITEM_SPREAD)

    def states(self, batch: Batch) -> Tensor:
        """The states [b, P, D]."""
        x, seconds = self.inputs(batch)
        states, _ = self.run(x, seconds, None)
        return states

    def inputs(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """What the blocks read [b, P, D], and the times of the positions [b, P]."""
        b, L = batch.shape
        device = self.past.device
        items, cells = from_numpy(batch.items).to(device), from_numpy(batch.cells).to(device)
        if self.training and self.shape.config.item_dropout:
            kept = torch.rand(len(items), device=device) >= self.shape.config.item_dropout
            items, cells = items[kept], cells[kept]
        met = self._mean(items, cells, b * L).view(b, L, -1)
        step = met if self.read is None else met + self.read(from_numpy(batch.features).to(device))
        past_items, past_rows = from_numpy(batch.past_items).to(device), from_numpy(batch.past_rows).to(device)
        past = self.past + self.past_items(self._mean(past_items, past_rows, b))
        if self.people is not None:
            past = past + self.people(from_numpy(batch.people).to(device))
        seconds = from_numpy(batch.seconds).to(device)
        # The past is as old as the first step.
        return torch.cat([past[:, None], step], dim=1), torch.cat([seconds[:, :1], seconds], dim=1)

    def run(self, x: Tensor, seconds: Tensor, kept: list[Kept] | None) -> tuple[Tensor, list[Kept]]:
        """Read the newest Q positions [b, Q, D] after those that were read before.

        Args:
            x: what is read.
            seconds: times of all P positions, those read before first [b, P].
            kept: what each block kept of the positions before; None = there are none.

        Returns:
            The states of the Q positions, and what each block keeps of all P.
        """
        near = Nearness.of(seconds, x.shape[1], knows_time=self.shape.knows_time)
        x = self.dropout(x)
        now = []
        for i, block in enumerate(self.blocks):
            x, pair = block(x, near, None if kept is None else kept[i])
            now.append(pair)
        states: Tensor = self.norm(x)
        return states, now

    def vectors(self, items: Tensor) -> Tensor:
        """The vectors of items [..]: what a state is multiplied with to score them [.., D]."""
        if self.tokens.is_plain:
            found: Tensor = self.items(items)
            return found
        flat = items.reshape(-1)
        first = self.token_offsets[flat]
        lengths = self.token_offsets[flat + 1] - first
        offsets = torch.cumsum(lengths, 0) - lengths
        place = torch.arange(int(lengths.sum()), device=flat.device)
        place = place + torch.repeat_interleave(first - offsets, lengths)
        numbers, weights = self.token_numbers[place], self.token_weights[place]
        if self.training and self.tokens.words:
            hidden = torch.rand(len(flat), device=flat.device) < OWN_HIDDEN
            is_hidden = torch.repeat_interleave(hidden, lengths) & (numbers < self.tokens.n_own)
            weights = weights.masked_fill(is_hidden, 0.0)
        summed = embedding_bag(numbers, self.items.weight, offsets, mode="sum", per_sample_weights=weights)
        return summed.view(*items.shape, self.shape.config.width)

    def all_vectors(self) -> Tensor:
        """The vectors of all items [I, D]."""
        return self.vectors(torch.arange(self.n_items, device=self.past.device))

    def _mean(self, items: Tensor, cells: Tensor, n: int) -> Tensor:
        """The mean vector of the items of each of n cells [n, D], scaled to the spread of states; 0 where none is.

        `cells` rise, so the items of a cell are neighbours.
        """
        offsets = torch.searchsorted(cells, torch.arange(n, device=cells.device))
        table, rows = self.items.weight, items
        if not self.tokens.is_plain:
            which, rows = torch.unique(items, return_inverse=True)
            table = self.vectors(which)
        return embedding_bag(rows, table, offsets, mode="mean") * math.sqrt(self.shape.config.width)
