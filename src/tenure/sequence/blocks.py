"""The blocks of the network: attention over earlier positions, and three ways to add what it finds.

Shapes: b windows, Q positions that ask, the newest of P; D the width, H heads.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, scaled_dot_product_attention, silu

from tenure.sequence.config import HeartConfig

N_DISTANCES = 32
"""Distances between steps are told apart up to 16 steps, and by ever wider ranges above."""
N_GAPS = 32
"""Times between steps are told apart by powers of two, from a second to a lifetime."""
_NEVER = -1e9

Kept = tuple[Tensor, Tensor]
"""Keys and values of the positions that a block has read: [b, H, P, D / H] each."""


@dataclass(frozen=True)
class Nearness:
    """How far apart positions are: Q that ask, the newest of P."""

    distance: Tensor
    """[Q, P]: bucket of the distance in steps"""
    ahead: Tensor
    """[Q, P]: does the position lie ahead of the one that asks?"""
    gap: Tensor | None
    """[b, Q, P]: bucket of the time between; None where times mean nothing"""

    @classmethod
    def of(cls, seconds: Tensor, n_asking: int, *, knows_time: bool) -> Nearness:
        """Of positions at these times [b, P], of which the newest so many ask."""
        P = seconds.shape[1]
        place = torch.arange(P, device=seconds.device)
        apart = place[P - n_asking :, None] - place[None]
        gap = None
        if knows_time:
            passed = (seconds[:, P - n_asking :, None] - seconds[:, None, :]).clamp_min(0)
            gap = torch.log2(1.0 + passed).long().clamp_max(N_GAPS - 1)
        return cls(distance_bucket(apart), apart < 0, gap)


def distance_bucket(steps: Tensor) -> Tensor:
    """Exact up to 16 steps, then a bucket per quarter of a doubling; what lies ahead falls into 0."""
    far = 16 + (4 * torch.log2(steps.clamp_min(16) / 16)).long()
    return torch.where(steps < 16, steps.clamp_min(0), far).clamp_max(N_DISTANCES - 1)


class Dropout(nn.Module):
    """While learning, a share of the numbers is hidden and the others are as much larger.

    One random byte for each number, drawn eight at a time: a sixth of the time that `nn.Dropout` takes on a CPU.
    """

    def __init__(self, share: float) -> None:
        super().__init__()
        self.hidden = round(share * 256)

    def forward(self, x: Tensor) -> Tensor:
        """[..] -> [..]."""
        if not (self.training and self.hidden):
            return x
        n = x.numel()
        drawn = torch.empty(n // 8 + 1, dtype=torch.int64, device=x.device).random_(-(1 << 63), None)
        kept = drawn.view(torch.uint8)[:n].view(x.shape) >= self.hidden
        return x * kept.to(x.dtype).mul_(256 / (256 - self.hidden))


class Attention(nn.Module):
    """What is read from earlier positions: causal, with a learnt bias by distance and by time between steps."""

    def __init__(self, c: HeartConfig, *, knows_time: bool) -> None:
        super().__init__()
        D, self.n_heads = c.width, c.n_heads
        self.mix = nn.Linear(D, 3 * D, bias=False)
        self.distance = nn.Parameter(torch.zeros(c.n_heads, N_DISTANCES))
        self.gap = nn.Parameter(torch.zeros(c.n_heads, N_GAPS)) if knows_time else None
        self.out = nn.Linear(D, D, bias=False)

    def bias(self, near: Nearness) -> Tensor:
        """[1 or b, H, Q, P]; far below 0 for what lies ahead."""
        found = self.distance[:, near.distance].masked_fill(near.ahead, _NEVER)[None]
        if self.gap is not None and near.gap is not None:
            found = found + self.gap.T[near.gap].permute(0, 3, 1, 2)
        return found

    def heads(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys and values of positions [b, Q, D]: [b, H, Q, D / H] each."""
        b, Q, D = x.shape
        q, k, v = self.mix(x).view(b, Q, 3, self.n_heads, D // self.n_heads).permute(2, 0, 3, 1, 4)
        return q, k, v

    def forward(self, x: Tensor, near: Nearness, kept: Kept | None) -> tuple[Tensor, Kept]:
        """[b, Q, D] -> [b, Q, D], and what is kept of all positions."""
        q, k, v = self.heads(x)
        k, v = joined(kept, (k, v))
        bias = self.bias(near).expand(x.shape[0], -1, -1, -1)  # len(x) would fix it in an export
        # No dropout of attention itself: it cost a fifth of the time and brought nothing.
        read = scaled_dot_product_attention(q, k, v, attn_mask=bias)
        mixed: Tensor = self.out(read.transpose(1, 2).reshape(x.shape))
        return mixed, (k, v)


def joined(kept: Kept | None, new: Kept) -> Kept:
    """Keys and values of the positions read before and of the new ones."""
    return new if kept is None else (torch.cat([kept[0], new[0]], dim=2), torch.cat([kept[1], new[1]], dim=2))


class PlainBlock(nn.Module):
    """Pre-norm attention and MLP, added to what they read. Source: Kang & McAuley (2018), SASRec, ICDM."""

    def __init__(self, c: HeartConfig, *, knows_time: bool) -> None:
        super().__init__()
        D = c.width
        self.norm_1, self.norm_2 = nn.LayerNorm(D), nn.LayerNorm(D)
        self.attention = Attention(c, knows_time=knows_time)
        self.up, self.down = nn.Linear(D, 4 * D), nn.Linear(4 * D, D)
        self.dropout = Dropout(c.dropout)

    def forward(self, x: Tensor, near: Nearness, kept: Kept | None) -> tuple[Tensor, Kept]:
        """[b, Q, D] -> [b, Q, D], and what is kept of all positions."""
        read, now = self.attention(self.norm_1(x), near, kept)
        x = x + self.dropout(read)
        return x + self.dropout(self.down(self.dropout(gelu(self.up(self.norm_2(x)))))), now


class GatedBlock(nn.Module):
    """What is added passes a gate opened by what was there; SwiGLU. Source: LiGR (Borisyuk et al. 2025)."""

    def __init__(self, c: HeartConfig, *, knows_time: bool) -> None:
        super().__init__()
        D = c.width
        self.norm_1, self.norm_2 = nn.LayerNorm(D), nn.LayerNorm(D)
        self.attention = Attention(c, knows_time=knows_time)
        self.up, self.down = nn.Linear(D, 8 * D, bias=False), nn.Linear(4 * D, D, bias=False)
        self.gate_1, self.gate_2 = nn.Linear(D, D), nn.Linear(D, D)
        self.dropout = Dropout(c.dropout)

    def forward(self, x: Tensor, near: Nearness, kept: Kept | None) -> tuple[Tensor, Kept]:
        """[b, Q, D] -> [b, Q, D], and what is kept of all positions."""
        read, now = self.attention(self.norm_1(x), near, kept)
        x = x + torch.sigmoid(self.gate_1(x)) * self.dropout(read)
        u, v = self.up(self.norm_2(x)).chunk(2, dim=-1)
        return x + torch.sigmoid(self.gate_2(x)) * self.dropout(self.down(self.dropout(silu(u) * v))), now


class HstuBlock(nn.Module):
    """Pointwise attention without softmax, gated, no MLP. Source: Zhai et al. (2024), HSTU, ICML, equations 1 to 3.

    Divided by the window, not by the padded length: a state must not depend on whom it is read with.
    """

    def __init__(self, c: HeartConfig, *, knows_time: bool) -> None:
        super().__init__()
        D, self.scale = c.width, 1 / (c.window + 1)
        self.norm_1, self.norm_2 = nn.LayerNorm(D), nn.LayerNorm(D)
        self.attention = Attention(c, knows_time=knows_time)
        self.gate = nn.Linear(D, D, bias=False)
        self.dropout = Dropout(c.dropout)

    def forward(self, x: Tensor, near: Nearness, kept: Kept | None) -> tuple[Tensor, Kept]:
        """[b, Q, D] -> [b, Q, D], and what is kept of all positions."""
        y = self.norm_1(x)
        q, k, v = (silu(part) for part in self.attention.heads(y))
        k, v = joined(kept, (k, v))
        bias = self.attention.bias(near)
        weights = silu(q @ k.transpose(-1, -2) + bias.clamp_min(-50.0)) * self.scale
        weights = weights.masked_fill(bias < _NEVER / 2, 0.0)
        read = (weights @ v).transpose(1, 2).reshape(x.shape)
        return x + self.dropout(self.attention.out(self.norm_2(read) * silu(self.gate(y)))), (k, v)


BLOCKS = {"plain": PlainBlock, "gated": GatedBlock, "hstu": HstuBlock}
