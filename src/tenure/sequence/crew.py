"""Several processes that learn together: each reads its share of every batch, and all gradients are added up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor

from tenure.sequence.windows import Windows


@dataclass(frozen=True)
class Crew:
    """This process among `size`; alone where that is 1. The group of torch.distributed must be there already."""

    rank: int = 0
    size: int = 1

    def share(self, windows: Windows) -> Windows:
        """Every size-th window: a batch is sorted by length, so that all have the same to do."""
        return windows.some(np.arange(self.rank, len(windows), self.size))

    def total(self, counts: Sequence[float]) -> list[float]:
        """The counts of all processes added up."""
        if self.size == 1:
            return list(counts)
        together = torch.tensor(counts, dtype=torch.float64)
        dist.all_reduce(together)
        found: list[float] = together.tolist()
        return found

    def agreed(self, value: float) -> float:
        """What the first process says, for all: clocks differ, and all must stop together."""
        if self.size == 1:
            return value
        told = torch.tensor([value], dtype=torch.float64)
        dist.broadcast(told, src=0)
        return float(told.item())

    def add_gradients(self, weights: Sequence[Tensor]) -> None:
        """Make the gradients of all processes the sum of them."""
        if self.size == 1:
            return
        for weight in weights:
            if weight.grad is None:
                weight.grad = torch.zeros_like(weight)
        flat = torch.cat([weight.grad.flatten() for weight in weights if weight.grad is not None])
        dist.all_reduce(flat)
        place = 0
        for weight in weights:
            if weight.grad is not None:
                weight.grad.copy_(flat[place : place + weight.numel()].view_as(weight))
                place += weight.numel()
