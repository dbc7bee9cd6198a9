"""What the heart learns to foretell beside the next item: when, of what kind, and worth how much.

An objective is a value. It says what its head gives out and where that begins, and tells the loss of what was said.
Shapes: A states that are asked, J numbers of a head.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Literal, Protocol, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, from_numpy, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from tenure.sequence.batches import Ahead
from tenure.sequence.hazards import Stretches
from tenure.sequence.histories import Histories
from tenure.sequence.steps import KINDS
from tenure.sequence.windows import all_windows

LEVELS = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
LEAST = 50
"""Times or values from which an objective is worth having."""


class Objective(Protocol):
    """One thing to foretell."""

    @property
    def name(self) -> str:
        """As its head is called."""

    def start(self) -> list[float]:
        """What the head says of everybody before it learnt anything [J]."""

    def loss(self, said: Tensor, ahead: Ahead) -> tuple[Tensor, int]:
        """The summed loss of what was said [A, J], and over how many of the states."""


@dataclass(frozen=True)
class NextTime:
    """When the next step comes, or the next commitment: -log f(t), or -log S(t) where it had not come.

    A hazard for each stretch of time (`hazards.Stretches`); "not yet" is used, not dropped. Source: Friedman (1982),
    Annals of Statistics 10; Kvamme & Borgan (2021), Lifetime Data Analysis 27.
    """

    of: Literal["step", "commitment"]
    edges: tuple[float, ...]
    """Days at which the stretches begin [J]."""
    usual: tuple[float, ...]
    """The theta of everybody [J]."""

    kind: ClassVar[str] = "log_time"

    @property
    def name(self) -> str:
        """time_step or time_commitment."""
        return f"time_{self.of}"

    @classmethod
    def learn(cls, of: Literal["step", "commitment"], ahead: Ahead) -> Self:
        """The stretches and the usual hazard, from what came after all states learnt from."""
        came, days = (ahead.came, ahead.days) if of == "step" else (ahead.committed, ahead.commit_days)
        stretches = Stretches.of(days[came])
        return cls(of, tuple(stretches.edges.tolist()), tuple(stretches.usual(days, came).tolist()))

    @property
    def stretches(self) -> Stretches:
        """The stretches of time."""
        return Stretches(np.array(self.edges))

    def start(self) -> list[float]:
        """What everybody's is."""
        return list(self.usual)

    def loss(self, said: Tensor, ahead: Ahead) -> tuple[Tensor, int]:
        """-log f(t) without the fall of the hazard within a stretch, which is no part of the gradient."""
        came, days = (ahead.came, ahead.days) if self.of == "step" else (ahead.committed, ahead.commit_days)
        stretches, device = self.stretches, said.device
        lived = from_numpy(stretches.exposure(days).astype(np.float32)).to(device)
        hazard = said.clamp(-20.0, 20.0)
        lived_through = (hazard.exp() * lived).sum()
        rows = np.flatnonzero(came)
        at = hazard[from_numpy(rows).to(device), from_numpy(stretches.stretch(days)[rows]).to(device)]
        return lived_through - at.sum(), len(days)


@dataclass(frozen=True)
class NextKinds:
    """Of what kinds the events of the next step are: a cross-entropy for each kind, since a step may hold several."""

    kinds: tuple[str, ...]
    """Those that occur, but not always [J]."""
    usual: tuple[float, ...]
    """Log-odds of each in general [J]."""

    kind: ClassVar[str] = "kinds"
    name: ClassVar[str] = "kinds"

    @classmethod
    def learn(cls, ahead: Ahead) -> Self:
        """The kinds that differ between steps."""
        share = (ahead.kinds[ahead.came].sum(axis=0) + 0.5) / (ahead.came.sum() + 1.0)
        differs = np.flatnonzero((share > 0.001) & (share < 0.999))
        odds = np.log(share[differs] / (1 - share[differs]))
        return cls(tuple(str(KINDS[i]) for i in differs), tuple(odds.tolist()))

    def start(self) -> list[float]:
        """How often each kind occurs."""
        return list(self.usual)

    def loss(self, said: Tensor, ahead: Ahead) -> tuple[Tensor, int]:
        """Summed over the kinds."""
        rows = np.flatnonzero(ahead.came)
        places = [list(map(str, KINDS)).index(kind) for kind in self.kinds]
        truth = from_numpy(np.ascontiguousarray(ahead.kinds[rows][:, places])).to(said.device)
        told = said[from_numpy(rows).to(said.device)]
        return binary_cross_entropy_with_logits(told, truth, reduction="sum"), len(rows)


@dataclass(frozen=True)
class NextValue:
    """What the next step is worth: whether anything, and if so the quantiles of its logarithm (pinball loss)."""

    centre: float
    spread: float
    usual: tuple[float, ...]
    """Log-odds of a value above 0, then the quantiles of the scaled logarithm [1 + Q]."""

    kind: ClassVar[str] = "value"
    name: ClassVar[str] = "value"

    @classmethod
    def learn(cls, ahead: Ahead) -> Self:
        """The usual value."""
        has = _is_worth(ahead)
        logs = np.log(ahead.values[has])
        centre, spread = float(logs.mean()), float(max(logs.std(), 1e-3))
        share = (has.sum() + 0.5) / (ahead.came.sum() + 1.0)
        quantiles = (np.quantile(logs, LEVELS) - centre) / spread
        return cls(centre, spread, (float(np.log(share / (1 - share))), *quantiles.tolist()))

    def start(self) -> list[float]:
        """How often it is worth something, and how much then."""
        return list(self.usual)

    def loss(self, said: Tensor, ahead: Ahead) -> tuple[Tensor, int]:
        """Cross-entropy of the hurdle, and the mean pinball loss where it was taken."""
        rows, has = np.flatnonzero(ahead.came), _is_worth(ahead)
        device = said.device
        told = said[from_numpy(rows).to(device)]
        hurdle = binary_cross_entropy_with_logits(
            told[:, 0], from_numpy(has[rows].astype(np.float32)).to(device), reduction="sum"
        )
        worth = np.flatnonzero(has)
        z = from_numpy(((np.log(ahead.values[worth]) - self.centre) / self.spread).astype(np.float32)).to(device)
        levels = torch.tensor(LEVELS, device=device)
        miss = z[:, None] - said[from_numpy(worth).to(device), 1:]
        pinball = torch.maximum(levels * miss, (levels - 1) * miss).mean(dim=1).sum()
        return hurdle + pinball, len(rows)


KINDS_OF_OBJECTIVES: dict[str, Any] = {kind.kind: kind for kind in (NextTime, NextKinds, NextValue)}


def objectives_for(histories: Histories, window: int, *, knows_time: bool) -> tuple[Objective, ...]:
    """Everything that these histories can teach beside the next item."""
    found: list[Objective] = []
    ahead = histories.ahead(all_windows(histories.n_steps, window))
    if knows_time and ahead.came.sum() >= LEAST:
        found.append(NextTime.learn("step", ahead))
        commits, steps = ahead.committed.sum(), ahead.came.sum()
        if commits >= LEAST and not (commits == steps and np.array_equal(ahead.commit_days, ahead.days)):
            found.append(NextTime.learn("commitment", ahead))
    if ahead.came.sum() >= LEAST and (kinds := NextKinds.learn(ahead)).kinds:
        found.append(kinds)
    if _is_worth(ahead).sum() >= LEAST:
        found.append(NextValue.learn(ahead))
    return tuple(found)


def heads_of(objectives: tuple[Objective, ...], width: int) -> dict[str, nn.Module]:
    """A head for each: it begins by saying the same of everybody."""
    heads: dict[str, nn.Module] = {}
    for objective in objectives:
        start = torch.tensor(objective.start())
        head = nn.Linear(width, len(start))
        nn.init.zeros_(head.weight)
        with torch.no_grad():
            head.bias.copy_(start)
        heads[objective.name] = head
    return heads


def described(objectives: tuple[Objective, ...]) -> list[dict[str, Any]]:
    """The objectives as plain data, for JSON."""
    return [{"kind": getattr(objective, "kind"), **asdict(objective)} for objective in objectives]  # type: ignore[call-overload]  # noqa: B009


def from_description(told: list[Mapping[str, Any]]) -> Iterator[Objective]:
    """The objectives that `described` described."""
    for entry in told:
        fields = {name: tuple(v) if isinstance(v, list) else v for name, v in entry.items() if name != "kind"}
        yield KINDS_OF_OBJECTIVES[entry["kind"]](**fields)


def _is_worth(ahead: Ahead) -> NDArray[np.bool_]:
    return ahead.came & (np.nan_to_num(ahead.values) > 0)
