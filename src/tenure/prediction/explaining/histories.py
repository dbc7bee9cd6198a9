"""Keeps repeat histories possible when single numbers in them are changed."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from tenure.prediction.explaining.catalogue import HISTORY, TOGETHER

Matrix = NDArray[np.float64]


def possible(values: Matrix, names: Sequence[str], changed: Collection[str]) -> Matrix:
    """The rows [B, D] with a repeat history (x, t_x, T) that somebody could have: the changed numbers stay.

    No repeats: the last commitment is the first, t_x = 0. Repeats whose time is not told: spread evenly over the time
    known, t_x = T x / (x + 1). The last repeat is never later than the cut-off, t_x <= T.

    >>> possible(np.array([[3.0, 0.0, 80.0]]), ("x", "t_x_days", "T_days"), {"x"}).tolist()
    [[3.0, 60.0, 80.0]]
    """
    if not set(TOGETHER[HISTORY]) <= set(names):
        return values
    values = values.copy()
    places = [names.index(name) for name in TOGETHER[HISTORY]]
    x, t_x, T = values[:, places].T
    x = np.rint(np.maximum(x, 0.0))
    if "t_x_days" in changed:
        x = np.where(t_x > 0, np.maximum(x, 1.0), 0.0 * x)
        T = np.maximum(T, t_x)
    else:
        t_x = np.where(x > 0, np.where(t_x > 0, np.minimum(t_x, T), T * x / (x + 1)), 0.0 * t_x)
        x = np.where(T > 0, x, 0.0 * x)
    values[:, places] = np.stack([x, t_x, T], axis=1)
    return values
