"""How large the heart is, and how it learns. Every default is written here, once, beside its meaning."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from tenure.errors import ConfigError, nearest

Size = Literal["xs", "s", "m", "l", "xl"]
Trunk = Literal["plain", "gated", "hstu"]

SIZES: dict[Size, tuple[int, int, int]] = {
    "xs": (32, 1, 1),
    "s": (64, 2, 2),
    "m": (128, 4, 4),
    "l": (256, 8, 8),
    "xl": (768, 12, 12),
}
"""Size -> width, blocks, attention heads. Beside the item vectors: 0.02, 0.1, 0.8, 6 and 85 million numbers."""


@dataclass(frozen=True, kw_only=True)
class HeartConfig:
    """The shape of the network. D = `width`, H = `n_heads`, L = `window`."""

    width: int = 64
    n_blocks: int = 2
    n_heads: int = 2
    trunk: Trunk = "plain"
    """plain: softmax attention and MLP (SASRec, pre-norm); gated: LiGR; hstu: pointwise attention."""
    window: int = 64
    """The newest steps that are read one by one; older ones are read as one summary (see `batches`)."""
    dropout: float = 0.5
    """Share of numbers hidden at random while learning: .5 suits sparse data, .1 dense data."""
    item_dropout: float = 0.2
    """Share of the read items hidden while learning, as if they had not been met."""
    n_recent: int = 50
    """Of the newest so many steps, the neighbours of their items speak for the next item."""

    def __post_init__(self) -> None:
        for name in ("width", "n_blocks", "n_heads", "window", "n_recent"):
            if getattr(self, name) < 1:
                raise ConfigError(f"heart: {name}: expected at least 1, got {getattr(self, name)}")
        if self.width % self.n_heads:
            raise ConfigError(f"heart: width: expected a multiple of the {self.n_heads} heads, got {self.width}")
        if not (0 <= self.dropout < 1 and 0 <= self.item_dropout < 1):
            raise ConfigError(
                f"heart: expected shares of dropout from 0 to below 1, got {self.dropout}, {self.item_dropout}"
            )

    @classmethod
    def of_size(cls, size: str) -> HeartConfig:
        """The shape that a size stands for.

        Raises:
            ConfigError: there is no such size, with the nearest one.

        >>> HeartConfig.of_size("m").width
        128
        """
        if size not in SIZES:
            raise ConfigError(f"heart: there is no size '{size}'; {nearest(size, SIZES)}")
        width, n_blocks, n_heads = SIZES[size]
        return replace(cls(), width=width, n_blocks=n_blocks, n_heads=n_heads)


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """How the network learns."""

    batch_size: int = 128
    """Windows that are learnt from at once, at most."""
    batch_steps: int = 1536
    """Where windows are long, fewer are learnt from at once, so that they hold about so many steps."""
    n_negatives: int = 1024
    """Items drawn per batch that the next item is told from; all positions of the batch share them."""
    negatives_by_popularity: float = 0.0
    """0: drawn evenly; 1: as often as they are met; between: by the count to this power. The draw is corrected for."""
    most_targets: int = 4
    """Of a step of many items, so many are learnt to be foretold at a time."""
    learning_rate: float = 1e-3
    scalar_rate: float = 5e-3
    """For the few numbers that weigh neighbours and distances."""
    weight_decay: float = 0.5
    memory: int = 500
    """The weights that are kept are the mean over about so many updates; 1 = the newest."""
    warm_up: int = 200
    """Updates over which the rate rises."""
    gradient_norm: float = 1.0
    most_epochs: int = 200
    most_updates: int = 1_000_000
    """Learning ends after so many, within an epoch or not."""
    most_minutes: float = 15.0
    patience: int = 5
    """Learning ends when the held-out time was not foretold better for so many looks."""
    epochs_per_look: int = 4
    next_item: bool = True
    """Learn the next item, where the histories name two or more."""
    objectives: bool = True
    """Learn also when the next step comes, of what kind it is and what it is worth, where the histories tell."""
    n_threads: int = 2
    device: str = "cpu"
    """As PyTorch calls it: cpu, cuda, cuda:1."""
    low_precision: bool = False
    """Read in bfloat16: twice the speed on graphics cards."""
    compiles: bool = False
    """Let PyTorch compile the network: slow to start, worth it on graphics cards."""
    seed: int = 0

    def __post_init__(self) -> None:
        for name in (
            "batch_size",
            "batch_steps",
            "n_negatives",
            "most_targets",
            "memory",
            "most_updates",
            "patience",
            "epochs_per_look",
            "n_threads",
        ):
            if getattr(self, name) < 1:
                raise ConfigError(f"heart: {name}: expected at least 1, got {getattr(self, name)}")
        if not (self.learning_rate > 0 and self.most_minutes > 0):
            raise ConfigError("heart: expected a learning rate and a time to learn above 0")


@dataclass(frozen=True, kw_only=True)
class AlongConfig:
    """How hearts learn along the cut-offs, for forecasts (`sequence.along`)."""

    n_first: int = 800
    """Updates at the first cut-off."""
    n_more: int = 80
    """Updates at every further one."""
    shape: HeartConfig = field(default_factory=lambda: HeartConfig(dropout=0.1))
    learning_rate: float = 2e-3
    weight_decay: float = 0.05
    warm_up: int = 30
    memory: int = 100
    n_threads: int = 2
    seed: int = 0

    def training(self, number: int, *, is_first: bool) -> TrainingConfig:
        """Of the heart of the cut-off of this number."""
        return TrainingConfig(
            next_item=False,
            batch_size=512,
            learning_rate=self.learning_rate,
            weight_decay=self.weight_decay,
            warm_up=self.warm_up,
            memory=self.memory,
            most_updates=self.n_first if is_first else self.n_more,
            most_epochs=1_000_000,
            epochs_per_look=1_000_000,
            most_minutes=60.0,
            n_threads=self.n_threads,
            seed=self.seed + number,
        )
