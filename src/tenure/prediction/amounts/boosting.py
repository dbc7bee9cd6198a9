"""Boosted trees (LightGBM) for amounts: what their settings are, and how they are kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from tenure.prediction.amounts.base import AmountLearner, M, part
from tenure.prediction.examples import Inputs, Vector
from tenure.prediction.learner import Arrays
from tenure.prediction.learners.columns import finite
from tenure.prediction.learners.tree_text import booster_of, text_of


@dataclass(frozen=True, eq=False)
class Boosted:
    """A sum of trees on the scale of its objective: logarithms of amounts, or log-odds."""

    booster: lgb.Booster | None
    """None where too few users, or outcomes all alike, gave no reason for any tree."""
    start: float
    """What the trees are added to."""
    columns: tuple[str, ...]
    """The columns of the inputs that it looks at."""
    n_threads: int

    def raw(self, inputs: Inputs) -> Vector:
        """The sum for each row [B].

        Raises:
            ConfigError: a column is missing.
        """
        X = finite(inputs.columns(self.columns))
        if self.booster is None or not len(X):
            return np.full(len(X), self.start)
        trees = self.booster.predict(X, raw_score=True, num_threads=self.n_threads)
        return np.asarray(trees, dtype=np.float64) + self.start

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """The trees as arrays: LightGBM's own text, as bytes; none where there is no tree."""
        text = "" if self.booster is None else text_of(self.booster)
        return {
            "text": np.frombuffer(text.encode(), np.uint8),
            "start": np.array(self.start),
            "columns": np.array(self.columns, dtype=np.str_),
        }

    @classmethod
    def from_arrays(cls, arrays: Arrays, n_threads: int) -> Boosted:
        """The trees that `to_arrays` described.

        Raises:
            SourceError: the text of the trees is damaged.
        """
        columns, text = tuple(arrays["columns"].tolist()), arrays["text"].tobytes().decode(errors="replace")
        return cls(booster_of(text, len(columns)) if text else None, float(arrays["start"]), columns, n_threads)


@dataclass(frozen=True, kw_only=True)
class BoostingLearner(AmountLearner[M]):
    """How trees are grown. Amounts are noisy: few leaves, many users in each."""

    n_leaves: int = 15
    learning_rate: float = 0.09
    n_rounds: int = 80
    min_leaf: int = 100
    """Users in a leaf, at least; with few users a hundredth of them."""
    column_share: float = 0.5
    """Share of the columns that each tree may look at."""
    row_share: float = 0.7
    """Share of the rows that each tree learns from."""
    l2: float = 5.0
    """Penalty on the value of a leaf."""
    n_bins: int = 63
    """Thresholds per column that are tried."""
    least_users: int = 50
    """With fewer, no tree is grown."""
    n_threads: int = 2
    """No more than there are free cores: waiting for each other makes boosting many times slower."""
    seed: int = 0

    def grow(
        self,
        objective: Literal["binary", "poisson", "tweedie"],
        inputs: Inputs,
        y: Vector,
        *,
        start: float,
        offset: Vector | None = None,
        weights: Vector,
        **settings: float,
    ) -> Boosted:
        """Which thresholds explain y [B], over `start` and, of logarithms, over an `offset` [B] of each row?

        `settings` are further ones of LightGBM.
        """
        if len(y) < self.least_users or y.max() <= 0 or (offset is None and y.min() == y.max()):
            return Boosted(None, start, inputs.names, self.n_threads)
        chosen = {
            "objective": objective,
            "num_leaves": self.n_leaves,
            "learning_rate": self.learning_rate,
            "min_data_in_leaf": max(1, min(self.min_leaf, len(y) // 100)),
            "feature_fraction": self.column_share,
            "bagging_fraction": self.row_share,
            "bagging_freq": 1,
            "lambda_l2": self.l2,
            "max_bin": self.n_bins,
            "num_threads": self.n_threads,
            "seed": self.seed,
            "deterministic": True,
            "force_row_wise": True,
            "verbosity": -1,
            **settings,
        }
        before = np.full(len(y), start) if offset is None else offset + start
        data = lgb.Dataset(finite(inputs.values), y, weight=weights, init_score=before)
        return Boosted(lgb.train(chosen, data, self.n_rounds), start, inputs.names, self.n_threads)

    def grown(self, arrays: Arrays, name: str) -> Boosted:
        """The trees of this name among the arrays of a model.

        Raises:
            SourceError: the text of the trees is damaged.
        """
        return Boosted.from_arrays(part(arrays, f"{name}."), self.n_threads)
