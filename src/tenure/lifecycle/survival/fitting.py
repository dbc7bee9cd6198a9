"""Fits a hazard that is constant within bins of time: Newton's method on a Poisson likelihood, block by block.

User i at risk for e_ik days in bin k returns there (d_ik = 1) with hazard exp(eta_ik), where
    eta_ik = o_ik + a_k + x_i . b + z_ik . g
and o is a given offset, x are covariates that stay, z such that change with time. Up to a constant the log-likelihood
is that of independent Poisson counts d_ik with means m_ik = e_ik exp(eta_ik):
    l = sum_ik d_ik eta_ik - m_ik,   dl/d eta = d - m,   -d2l/d eta2 = m.
It is concave, so that Newton's steps, halved where they go too far, end in its one maximum.
Source: Holford (1980), Biometrics 36; Laird & Olivier (1981), JASA 76.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

from tenure.errors import EvidenceError

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Array = NDArray[np.float64]

_ROWS_AT_ONCE = 8192  # some MB of cells: they stay in the processor's cache
_MAX_LOG_HAZARD = 50.0  # a step far too long must be seen as such, not overflow
_MAX_STEPS = 100
_TOLERANCE = 1e-9


@dataclass(frozen=True, eq=False)
class Block:
    """Some users: their covariates and their fate, bin by bin."""

    X: Matrix
    """[b, D]"""
    varying: Array
    """[b, K, J]"""
    offset: Matrix
    """[b, K], or anything that spreads to it"""
    exposure: Matrix
    """Days at risk in each bin [b, K]."""
    returned: Matrix
    """1 in the bin of the return [b, K]."""


@dataclass(frozen=True, eq=False)
class Fitted:
    """The maximum of the penalised likelihood."""

    theta: Vector
    """(a, b, g), one after the other [P]."""
    covariance: Matrix
    """Inverse of the penalised information [P, P]."""
    log_likelihood: float
    """Without the penalty."""
    n_steps: int


def blocks(
    X: Matrix,
    days: Vector,
    returned: NDArray[np.bool_],
    edges: Vector,
    *,
    varying: Callable[[slice], Array],
    offset: Callable[[slice], Matrix],
) -> Iterator[Block]:
    """The users in blocks of rows, with their time cut at the edges [K + 1]."""
    for start in range(0, len(days), _ROWS_AT_ONCE):
        rows = slice(start, start + _ROWS_AT_ONCE)
        yield Block(X[rows], varying(rows), offset(rows), *cut(days[rows], returned[rows], edges))


def cut(days: Vector, returned: NDArray[np.bool_], edges: Vector) -> tuple[Matrix, Matrix]:
    """Days at risk in each bin [b, K], and 1 in the bin (open to the left) in which the return lies [b, K]."""
    exposure = np.clip(days[:, None] - edges[:-1], 0.0, np.diff(edges))
    in_bin = np.zeros_like(exposure)
    last = np.clip(np.searchsorted(edges, days[returned], side="left") - 1, 0, len(edges) - 2)
    in_bin[np.flatnonzero(returned), last] = 1.0
    return exposure, in_bin


def maximise(make_blocks: Callable[[], Iterator[Block]], start: Vector, penalty: Matrix) -> Fitted:
    """Which parameters make the returns most likely, less theta' penalty theta / 2?

    Raises:
        EvidenceError: no maximum was found, which takes an outcome that the penalty leaves without a limit.
    """
    theta, step, decrement = start, np.zeros_like(start), np.inf
    value, score, information = _derivatives(make_blocks(), theta, penalty)
    for n_steps in range(_MAX_STEPS):
        factor = cho_factor(information)
        step = cho_solve(factor, score)
        decrement = float(score @ step)
        if decrement < _TOLERANCE:
            covariance = cho_solve(factor, np.eye(len(theta)))
            return Fitted(theta, covariance, value + float(theta @ penalty @ theta) / 2, n_steps)
        length = 1.0
        while True:
            trial = theta + length * step
            found = _derivatives(make_blocks(), trial, penalty)
            if found[0] >= value + 1e-4 * length * decrement - 1e-12 * abs(value):
                break
            length /= 2
        theta, (value, score, information) = trial, found
    raise EvidenceError(
        f"hazard: no maximum after {_MAX_STEPS} steps (the next one promises {decrement:.3g}); raise the penalty"
    )


def _derivatives(parts: Iterator[Block], theta: Vector, penalty: Matrix) -> tuple[float, Vector, Matrix]:
    value, score, information = -float(theta @ penalty @ theta) / 2, -(penalty @ theta), penalty.copy()
    for block in parts:
        n_bins, n_fixed = block.exposure.shape[1], block.X.shape[1]
        a, b, g = np.split(theta, [n_bins, n_bins + n_fixed])
        eta = block.offset + a + (block.X @ b)[:, None] + block.varying @ g
        np.minimum(eta, _MAX_LOG_HAZARD, out=eta)
        m = block.exposure * np.exp(eta)
        value += float((block.returned * eta).sum() - m.sum())
        z = block.varying.reshape(m.size, len(g))
        residual = block.returned - m
        score += np.concatenate([residual.sum(axis=0), block.X.T @ residual.sum(axis=1), z.T @ residual.ravel()])
        mz = m[..., None] * block.varying  # [b, K, J]
        A, B, G = slice(n_bins), slice(n_bins, n_bins + n_fixed), slice(n_bins + n_fixed, None)
        information[A, A] += np.diag(m.sum(axis=0))
        information[A, B] += m.T @ block.X
        information[A, G] += mz.sum(axis=0)
        information[B, B] += (block.X * m.sum(axis=1)[:, None]).T @ block.X
        information[B, G] += block.X.T @ mz.sum(axis=1)
        information[G, G] += mz.reshape(m.size, len(g)).T @ z
        information[B, A], information[G, A], information[G, B] = (
            information[A, B].T,
            information[A, G].T,
            information[B, G].T,
        )
    return value, score, information


def difference_penalty(n: int, order: int) -> Matrix:
    """What n numbers cost for not lying on a level (order 1) or a line (order 2): D'D of their differences [n, n]."""
    if n <= order:
        return np.zeros((n, n))
    D = np.diff(np.eye(n), n=order, axis=0)
    return D.T @ D
