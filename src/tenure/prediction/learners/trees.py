"""Boosted trees (LightGBM): thresholds and interactions that a weighted sum cannot express."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from tenure.prediction.examples import Examples, Inputs, Matrix, Vector
from tenure.prediction.learner import Arrays
from tenure.prediction.learners.columns import expect_examples, finite


@dataclass(frozen=True, eq=False)
class Trees:
    """A sum of trees in log-odds."""

    booster: lgb.Booster
    names: tuple[str, ...]
    """The columns it looks at, in its order."""
    n_threads: int

    def predict(self, inputs: Inputs) -> Vector:
        """The probability of each row [B]."""
        X = finite(inputs.columns(self.names))
        if not len(X):
            return np.empty(0)
        return np.asarray(self.booster.predict(X, num_threads=self.n_threads), dtype=np.float64)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """The model as arrays: LightGBM's own text, as bytes."""
        text = self.booster.model_to_string()
        return {"text": np.frombuffer(text.encode(), np.uint8), "names": np.array(self.names, dtype=np.str_)}


@dataclass(frozen=True, kw_only=True)
class TreesLearner:
    """Boosting that stops where the newest cut-off is forecast best, then learns once more from everything."""

    name: str = "trees"
    complexity: int = 6
    n_leaves: int = 15
    learning_rate: float = 0.03
    n_rounds_most: int = 600
    n_rounds_default: int = 150
    """Where no cut-off was complete before the newest, so that nothing can say when to stop."""
    patience: int = 50
    """Rounds without progress after which boosting stops."""
    min_leaf: int = 100
    """Users in a leaf, at least; with few users a hundredth of them."""
    feature_share: float = 0.5
    row_share: float = 0.7
    l2: float = 10.0
    n_threads: int = 2
    seed: int = 0

    def fit(self, examples: Examples) -> Trees:
        """Which thresholds separate those to whom it happened?

        Raises:
            EvidenceError: there is no example.
        """
        expect_examples(examples, self.name)
        names = examples.inputs.names
        X, y = finite(examples.inputs.columns(names)), (examples.outcome > 0).astype(np.float64)
        n_rounds = self._n_rounds(examples, X, y)
        return Trees(self._boost(X, y, n_rounds), names, self.n_threads)

    def load(self, arrays: Arrays) -> Trees:
        """The model that `to_arrays` described."""
        booster = lgb.Booster(model_str=arrays["text"].tobytes().decode())
        return Trees(booster, tuple(arrays["names"].tolist()), self.n_threads)

    def _n_rounds(self, examples: Examples, X: Matrix, y: Vector) -> int:
        as_of = examples.inputs.as_of
        newest = as_of.max()
        earlier, here = as_of + np.timedelta64(examples.horizon_days, "D") <= newest, as_of == newest
        if not earlier.any():
            return self.n_rounds_default
        stop = lgb.early_stopping(self.patience, verbose=False)
        held_out = lgb.Dataset(X[here], y[here])
        booster = self._boost(X[earlier], y[earlier], self.n_rounds_most, valid_sets=[held_out], callbacks=[stop])
        return max(booster.best_iteration, 1)

    def _boost(self, X: Matrix, y: Vector, n_rounds: int, **options: Any) -> lgb.Booster:
        settings = {
            "objective": "binary",
            "num_leaves": self.n_leaves,
            "learning_rate": self.learning_rate,
            "min_data_in_leaf": max(1, min(self.min_leaf, len(y) // 100)),
            "feature_fraction": self.feature_share,
            "bagging_fraction": self.row_share,
            "bagging_freq": 1,
            "lambda_l2": self.l2,
            "num_threads": self.n_threads,
            "seed": self.seed,
            "deterministic": True,
            "force_row_wise": True,
            "verbosity": -1,
        }
        return lgb.train(settings, lgb.Dataset(X, y), n_rounds, **options)
