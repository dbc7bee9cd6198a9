"""What users looked like where a model was learnt, column by column, to be held against those of later."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from tenure.prediction.examples import Matrix, Vector
from tenure.prediction.training import Trained
from tenure.schema import TIME

N_KEPT = 1_000
"""Values kept of each column: enough to know it to a thousandth."""
FORECAST = "forecast"
"""The column beside the inputs: what the model forecasts of these users, before season and level, which are to move."""


def reference(trained: Trained) -> pa.Table:
    """What did inputs and forecasts look like at the newest cut-off learnt from? `as_of`, then the columns.

    Each column is spread as that of the users then (`marginals`), but every column for itself: a row is no user. The
    forecasts are those of the last model, as later ones will be: what an earlier one said differs by the model, too.
    """
    _, newest = trained.rehearsal
    (moment,) = newest.cutoffs
    said = trained.forecaster.model.predict(newest.inputs)
    columns = [*newest.inputs.names, FORECAST]
    kept = marginals(np.column_stack([newest.inputs.values, said]))
    return pa.table(
        {
            "as_of": pa.array([moment] * len(kept), TIME),
            **{name: pa.array(kept[:, i], pa.float64(), from_pandas=True) for i, name in enumerate(columns)},
        }
    )


def marginals(values: Matrix, n_kept: int = N_KEPT) -> Matrix:
    """So many values [n_kept, D] spread as each column of [B, D], in rising order, missing ones last.

    Order statistics in the middle of equal steps, so that of many users the extremes, by which somebody could be known,
    stay away; where there are not more than `n_kept`, all values.

    >>> marginals(np.array([[3.0], [np.nan], [1.0], [2.0], [0.0], [4.0], [5.0], [np.nan]]), 4).ravel().tolist()
    [1.0, 3.0, 5.0, nan]
    """
    n_rows = len(values)
    n_kept = min(n_rows, n_kept)
    return np.column_stack([_spread(np.sort(column), n_rows, n_kept) for column in values.T])


def _spread(ordered: Vector, n_rows: int, n_kept: int) -> Vector:
    n_known = n_rows - int(np.isnan(ordered).sum())  # sorting puts missing values last
    n_kept_known = round(n_kept * n_known / n_rows)
    place = ((np.arange(n_kept_known) + 0.5) * n_known / max(n_kept_known, 1)).astype(np.int64)
    return np.concatenate([ordered[place], np.full(n_kept - n_kept_known, np.nan)])
