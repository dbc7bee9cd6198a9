"""The network: a causal transformer over steps. Batches in, states out. Files that import it need PyTorch.

Shapes: b windows, L steps, position 0 the past and position i step i, so P = L + 1 positions; D the width, H heads,
F features of a step, E items read, I items in all, K items asked about. The state at position i has seen the past and
the first i steps, and nothing later.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, from_numpy, nn
from torch.nn.functional import embedding_bag, gelu, scaled_dot_product_attention, silu

from tenure.sequence.batches import Batch
from tenure.sequence.config import HeartConfig

N_DISTANCES = 32
"""Distances between steps are told apart up to 16 steps, and by ever wider ranges above."""
N_GAPS = 32
"""Times between steps are told apart by powers of two, from a second to a lifetime."""
ITEM_SPREAD = 0.02
START_OF_AGES = 0.7
"""An item met n steps ago begins with the weight .7^n, as recency-weighted neighbours have it."""
START_OF_NEIGHBOURS = 10.0
START_OF_REPEATS = 5.0
"""Of the item itself, whose likeness is 1; that of a near neighbour is about .3."""

_NEVER = -1e9


@dataclass(frozen=True)
class Shape:
    """What must be known to build the network."""

    config: HeartConfig
    n_items: int
    n_features: int
    knows_time: bool
    """Do the times of steps mean anything, beyond their order?"""
    may_repeat: bool
    """Do users meet an item again?"""


class Heart(nn.Module):
    """Item vectors, the reading of steps, blocks of attention, and the weights of neighbours."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape, c = shape, shape.config
        D = c.width
        self.items = nn.Embedding(shape.n_items, D)
        self.read = nn.Linear(shape.n_features, D)
        self.past = nn.Parameter(torch.zeros(D))
        self.past_items = nn.Linear(D, D, bias=False)
        self.blocks = nn.ModuleList(BLOCKS[c.trunk](c, knows_time=shape.knows_time) for _ in range(c.n_blocks))
        self.norm = nn.LayerNorm(D)
        self.dropout = nn.Dropout(c.dropout)
        # In logarithms, so that weights stay above 0: how much an item so many steps ago speaks for its neighbours,
        # and for itself.
        self.neighbour_ages = nn.Parameter(torch.empty(c.n_recent))
        self.repeat_ages = nn.Parameter(torch.empty(c.n_recent))
        self.begin()

    def begin(self) -> None:
        """All initial values, in one place."""
        nn.init.normal_(self.items.weight, std=ITEM_SPREAD)
        nn.init.zeros_(self.read.weight)
        nn.init.zeros_(self.read.bias)
        nn.init.zeros_(self.past_items.weight)
        ages = torch.arange(1, self.shape.config.n_recent + 1)
        with torch.no_grad():
            self.neighbour_ages.copy_(math.log(START_OF_NEIGHBOURS) + ages * math.log(START_OF_AGES))
            self.repeat_ages.copy_(math.log(START_OF_REPEATS) + ages * math.log(START_OF_AGES))

    def begin_items(self, vectors: np.ndarray) -> None:
        """Let the item vectors begin at these [I, D], brought to the usual spread, with a little chance."""
        known = from_numpy(vectors)
        with torch.no_grad():
            spread = known.std().clamp_min(1e-9)
            self.items.weight.mul_(0.2).add_(known / spread * 2 * ITEM_SPREAD)

    def states(self, batch: Batch) -> Tensor:
        """The states [b, P, D]."""
        b, L = batch.shape
        D = self.shape.config.width
        device = self.past.device
        items, cells = from_numpy(batch.items).to(device), from_numpy(batch.cells).to(device)
        if self.training and self.shape.config.item_dropout:
            kept = torch.rand(len(items), device=device) >= self.shape.config.item_dropout
            items, cells = items[kept], cells[kept]
        met = self._mean(items, cells, b * L).view(b, L, D)
        step = met + self.read(from_numpy(batch.features).to(device))
        past = self.past + self.past_items(
            self._mean(from_numpy(batch.past_items).to(device), from_numpy(batch.past_rows).to(device), b)
        )
        x = self.dropout(torch.cat([past[:, None], step], dim=1))  # [b, P, D]
        near = self._nearness(batch)
        for block in self.blocks:
            x = block(x, near)
        states: Tensor = self.norm(x)
        return states

    def vectors(self, items: Tensor) -> Tensor:
        """The vectors of items [.., D]: what a state is multiplied with to score them."""
        found: Tensor = self.items(items)
        return found

    def _mean(self, items: Tensor, cells: Tensor, n: int) -> Tensor:
        """The mean vector of the items of each of n cells [n, D], scaled to the spread of states; 0 where none is.

        `cells` rise, so the items of a cell are neighbours.
        """
        offsets = torch.searchsorted(cells, torch.arange(n, device=cells.device))
        return embedding_bag(items, self.items.weight, offsets, mode="mean") * math.sqrt(self.shape.config.width)

    def _nearness(self, batch: Batch) -> tuple[Tensor, Tensor | None]:
        """Buckets of distance [P, P] and of time between positions [b, P, P]; None where times mean nothing."""
        device = self.past.device
        P = batch.shape[1] + 1
        place = torch.arange(P, device=device)
        distance = distance_bucket(place[:, None] - place[None])
        if not self.shape.knows_time:
            return distance, None
        seconds = from_numpy(batch.seconds).to(device)
        seconds = torch.cat([seconds[:, :1], seconds], dim=1)  # the past is as old as the first step
        gap = (seconds[:, :, None] - seconds[:, None, :]).clamp_min(0)
        return distance, torch.log2(1.0 + gap).long().clamp_max(N_GAPS - 1)


def distance_bucket(steps: Tensor) -> Tensor:
    """Exact up to 16 steps, then a bucket per quarter of a doubling; what lies ahead falls into 0."""
    far = 16 + (4 * torch.log2(steps.clamp_min(16) / 16)).long()
    return torch.where(steps < 16, steps.clamp_min(0), far).clamp_max(N_DISTANCES - 1)


Nearness = tuple[Tensor, Tensor | None]


class Attention(nn.Module):
    """What is read from earlier positions: causal, with a learnt bias by distance and by time between steps."""

    def __init__(self, c: HeartConfig, *, knows_time: bool) -> None:
        super().__init__()
        D, self.n_heads, self.p = c.width, c.n_heads, c.dropout
        self.mix = nn.Linear(D, 3 * D, bias=False)
        self.distance = nn.Parameter(torch.zeros(c.n_heads, N_DISTANCES))
        self.gap = nn.Parameter(torch.zeros(c.n_heads, N_GAPS)) if knows_time else None
        self.out = nn.Linear(D, D, bias=False)

    def bias(self, near: Nearness) -> Tensor:
        """[1 or b, H, P, P]; far below 0 for what lies ahead."""
        distance, gap = near
        P = distance.shape[0]
        ahead = torch.ones(P, P, dtype=torch.bool, device=distance.device).triu(1)
        found = self.distance[:, distance].masked_fill(ahead, _NEVER)[None]
        if self.gap is not None and gap is not None:
            found = found + self.gap.T[gap].permute(0, 3, 1, 2)
        return found

    def heads(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys and values of positions [b, P, D]: [b, H, P, D / H] each."""
        b, P, D = x.shape
        q, k, v = self.mix(x).view(b, P, 3, self.n_heads, D // self.n_heads).permute(2, 0, 3, 1, 4)
        return q, k, v

    def forward(self, x: Tensor, near: Nearness) -> Tensor:
        """[b, P, D] -> [b, P, D]."""
        q, k, v = self.heads(x)
        bias = self.bias(near).expand(len(x), -1, -1, -1)
        read = scaled_dot_product_attention(q, k, v, attn_mask=bias, dropout_p=self.p if self.training else 0.0)
        mixed: Tensor = self.out(read.transpose(1, 2).reshape(x.shape))
        return mixed


class PlainBlock(nn.Module):
    """Pre-norm attention and MLP, added to what they read. Source: Kang & McAuley (2018), SASRec, ICDM."""

    def __init__(self, c: HeartConfig, *, knows_time: bool) -> None:
        super().__init__()
        D = c.width
        self.norm_1, self.norm_2 = nn.LayerNorm(D), nn.LayerNorm(D)
        self.attention = Attention(c, knows_time=knows_time)
        self.up, self.down = nn.Linear(D, 4 * D), nn.Linear(4 * D, D)
        self.dropout = nn.Dropout(c.dropout)

    def forward(self, x: Tensor, near: Nearness) -> Tensor:
        """[b, P, D] -> [b, P, D]."""
        x = x + self.dropout(self.attention(self.norm_1(x), near))
        added: Tensor = self.dropout(self.down(self.dropout(gelu(self.up(self.norm_2(x))))))
        return x + added


class GatedBlock(nn.Module):
    """What is added passes a gate opened by what was there; SwiGLU. Source: LiGR (Borisyuk et al. 2025)."""

    def __init__(self, c: HeartConfig, *, knows_time: bool) -> None:
        super().__init__()
        D = c.width
        self.norm_1, self.norm_2 = nn.LayerNorm(D), nn.LayerNorm(D)
        self.attention = Attention(c, knows_time=knows_time)
        self.up, self.down = nn.Linear(D, 8 * D, bias=False), nn.Linear(4 * D, D, bias=False)
        self.gate_1, self.gate_2 = nn.Linear(D, D), nn.Linear(D, D)
        self.dropout = nn.Dropout(c.dropout)

    def forward(self, x: Tensor, near: Nearness) -> Tensor:
        """[b, P, D] -> [b, P, D]."""
        x = x + torch.sigmoid(self.gate_1(x)) * self.dropout(self.attention(self.norm_1(x), near))
        u, v = self.up(self.norm_2(x)).chunk(2, dim=-1)
        added: Tensor = self.dropout(self.down(self.dropout(silu(u) * v)))
        return x + torch.sigmoid(self.gate_2(x)) * added


class HstuBlock(nn.Module):
    """Pointwise attention without softmax, gated, no MLP. Source: Zhai et al. (2024), HSTU, ICML, equations 1 to 3."""

    def __init__(self, c: HeartConfig, *, knows_time: bool) -> None:
        super().__init__()
        D = c.width
        self.norm_1, self.norm_2 = nn.LayerNorm(D), nn.LayerNorm(D)
        self.attention = Attention(c, knows_time=knows_time)
        self.gate = nn.Linear(D, D, bias=False)
        self.dropout = nn.Dropout(c.dropout)

    def forward(self, x: Tensor, near: Nearness) -> Tensor:
        """[b, P, D] -> [b, P, D]."""
        y = self.norm_1(x)
        q, k, v = (silu(part) for part in self.attention.heads(y))
        bias = self.attention.bias(near)
        weights = silu(q @ k.transpose(-1, -2) + bias.clamp_min(-50.0)) / x.shape[1]
        weights = weights.masked_fill(bias < _NEVER / 2, 0.0)
        read = (weights @ v).transpose(1, 2).reshape(x.shape)
        added: Tensor = self.dropout(self.attention.out(self.norm_2(read) * silu(self.gate(y))))
        return x + added


BLOCKS = {"plain": PlainBlock, "gated": GatedBlock, "hstu": HstuBlock}
