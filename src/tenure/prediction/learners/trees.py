"""Boosted trees (LightGBM): thresholds and interactions that a weighted sum cannot express."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from tenure.lifecycle.repeats.bgnbd import BGNBD
from tenure.prediction.examples import Examples, Inputs, Matrix, Vector
from tenure.prediction.learner import Arrays
from tenure.prediction.learners.columns import HISTORY, expect_examples, finite
from tenure.prediction.learners.repeats import REPEAT_INPUTS, fit_bgnbd, repeat_inputs
from tenure.prediction.learners.tree_text import averaged, booster_of, text_of


@dataclass(frozen=True, eq=False)
class Trees:
    """A sum of trees in log-odds."""

    booster: lgb.Booster
    columns: tuple[str, ...]
    """The columns of the inputs that it looks at."""
    bgnbd: BGNBD | None
    """What it knows of repeats, as further inputs; None where the inputs have no repeat history."""
    horizon_days: int
    surest: float
    """No forecast is nearer to 0 or 1 than this: half a case among all that were learnt from."""
    n_threads: int

    @property
    def names(self) -> tuple[str, ...]:
        """Of the columns of `matrix` [D]."""
        return self.columns if self.bgnbd is None else (*self.columns, *REPEAT_INPUTS)

    def matrix(self, inputs: Inputs) -> Matrix:
        """What the trees look at [B, D], in the units of each column.

        Raises:
            ConfigError: a column is missing.
        """
        return _matrix(inputs, self.columns, self.bgnbd, self.horizon_days)

    def predict(self, inputs: Inputs) -> Vector:
        """The probability of each row [B]."""
        X = self.matrix(inputs)
        p = self.booster.predict(X, num_threads=self.n_threads) if len(X) else np.empty(0)
        return np.clip(np.asarray(p, dtype=np.float64), self.surest, 1 - self.surest)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """The model as arrays: LightGBM's own text, as bytes."""
        return {
            "text": np.frombuffer(text_of(self.booster).encode(), np.uint8),
            "columns": np.array(self.columns, dtype=np.str_),
            "horizon_days": np.array(self.horizon_days),
            "surest": np.array(self.surest),
            **({} if self.bgnbd is None else {f"bgnbd.{k}": array for k, array in self.bgnbd.to_arrays().items()}),
        }


@dataclass(frozen=True, kw_only=True)
class TreesLearner:
    """Boosting that stops where the newest cut-offs are forecast best, then learns once more from everything."""

    name: str = "trees"
    complexity: int = 6
    n_leaves: int = 15
    learning_rate: float = 0.05
    n_rounds_most: int = 200
    n_rounds_default: int = 90
    """Where no cut-off was complete before the newest, so that nothing can say when to stop."""
    patience: int = 30
    """Rounds without progress after which boosting stops."""
    min_leaf: int = 100
    """Users in a leaf, at least; with few users a hundredth of them."""
    column_share: float = 0.2
    """Share of the columns that each tree may look at, at least `least_columns`: trees that see different columns err
    differently."""
    least_columns: int = 10
    row_share: float = 0.7
    """Share of the rows that each tree learns from."""
    n_bags: int = 3
    """So many boosters are grown from other draws of rows and columns, and their log-odds averaged."""
    l2: float = 10.0
    """Penalty on the log-odds of a leaf."""
    n_bins: int = 63
    """Thresholds per column that are tried."""
    n_threads: int = 2
    """No more than there are free cores: waiting for each other makes boosting many times slower."""
    seed: int = 0

    def fit(self, examples: Examples) -> Trees:
        """Which thresholds separate those to whom it happened?

        Where the inputs hold a repeat history, BG/NBD's forecasts become further inputs.

        Raises:
            EvidenceError: there is no example.
        """
        expect_examples(examples, self.name)
        inputs, y = examples.inputs, (examples.outcome > 0).astype(np.float64)
        bgnbd = fit_bgnbd(inputs) if set(HISTORY) <= set(inputs.names) else None
        X = _matrix(inputs, inputs.names, bgnbd, examples.horizon_days)
        settings = self._settings(*X.shape)
        data = lgb.Dataset(X, y, params=settings, free_raw_data=False)
        n_rounds = self._n_rounds(examples, data, settings)
        booster = averaged([lgb.train(settings | {"seed": self.seed + i}, data, n_rounds) for i in range(self.n_bags)])
        surest = 0.5 / (len(y) + 1)
        return Trees(booster, inputs.names, bgnbd, examples.horizon_days, surest, self.n_threads)

    def load(self, arrays: Arrays) -> Trees:
        """The model that `to_arrays` described.

        Raises:
            SourceError: the text of the trees is damaged.
        """
        of_bgnbd = {key.removeprefix("bgnbd."): array for key, array in arrays.items() if key.startswith("bgnbd.")}
        bgnbd = BGNBD.from_arrays(of_bgnbd) if of_bgnbd else None
        columns = tuple(arrays["columns"].tolist())
        n_columns = len(columns) + (len(REPEAT_INPUTS) if bgnbd else 0)
        booster = booster_of(arrays["text"].tobytes().decode(errors="replace"), n_columns)
        return Trees(booster, columns, bgnbd, int(arrays["horizon_days"]), float(arrays["surest"]), self.n_threads)

    def _n_rounds(self, examples: Examples, data: lgb.Dataset, settings: Mapping[str, Any]) -> int:
        """How many trees forecast the newest cut-off best, grown on what was complete by then?"""
        as_of = examples.inputs.as_of
        newest = as_of.max()
        earlier, here = as_of + np.timedelta64(examples.horizon_days, "D") <= newest, as_of == newest
        if not earlier.any():
            return self.n_rounds_default
        data.construct()
        known, held_out = (data.subset(np.flatnonzero(rows).tolist()) for rows in (earlier, here))
        stop = lgb.early_stopping(self.patience, verbose=False)
        booster = lgb.train(dict(settings), known, self.n_rounds_most, valid_sets=[held_out], callbacks=[stop])
        return max(booster.best_iteration, 1)

    def _settings(self, n_rows: int, n_columns: int) -> dict[str, Any]:
        return {
            "objective": "binary",
            "num_leaves": self.n_leaves,
            "learning_rate": self.learning_rate,
            "min_data_in_leaf": max(1, min(self.min_leaf, n_rows // 100)),
            "feature_fraction": min(max(self.column_share, self.least_columns / n_columns), 1.0),
            "bagging_fraction": self.row_share,
            "bagging_freq": int(self.row_share * n_rows >= 1),  # of one row no share is left
            "lambda_l2": self.l2,
            "max_bin": self.n_bins,
            "bin_construct_sample_cnt": 50_000,  # thresholds need no more rows, and finding them takes longest
            "num_threads": self.n_threads,
            "seed": self.seed,
            "deterministic": True,
            "force_row_wise": True,
            "verbosity": -1,
        }


def _matrix(inputs: Inputs, columns: tuple[str, ...], bgnbd: BGNBD | None, horizon_days: int) -> Matrix:
    X = finite(inputs.columns(columns))
    return X if bgnbd is None else np.hstack([X, repeat_inputs(bgnbd, inputs, horizon_days)])
