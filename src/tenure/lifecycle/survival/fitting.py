"""Fits a hazard that is constant within bins of time: Fisher scoring of a Poisson likelihood, block by block.

User i at risk for e_ik days in bin k returns there (d_ik = 1) with hazard exp(eta_ik), where
    eta_ik = o_ik + a_k + s_k (x_i . b + z_ik . g),   s_k = 1 + phi t_k,
and o is a given offset, x are inputs that stay, z such that change with time, t is a given measure of the bin's time by
which their effects fade (phi < 0). Up to a constant the log-likelihood is that of independent Poisson counts d_ik with
means m_ik = e_ik exp(eta_ik):
    l = sum_ik d_ik eta_ik - m_ik,   dl/d eta = d - m,   E[-d2l/d eta2] = m.
Steps are halved where they go too far; without fading (t = 0) the likelihood is concave and has one maximum.
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
_WARM_STEPS = 8
_SAMPLE = 16  # a sixteenth of many users is enough to come close
_TOLERANCE = 1e-6  # of the log-likelihood: a thousandth of a standard error before the last step, far less after it


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
    """(a, b, g, phi), one after the other [P]."""
    covariance: Matrix
    """Inverse of the penalised information [P, P]."""


Users = Callable[[int], Iterator[Block]]
"""Gives every n-th block of the users; of 1, all."""


def blocks(
    X: Matrix,
    days: Vector,
    returned: NDArray[np.bool_],
    edges: Vector,
    *,
    varying: Callable[[slice], Array],
    offset: Callable[[slice], Matrix],
) -> Users:
    """The users in blocks of rows, with their time cut at the edges [K + 1]."""

    def every(n: int) -> Iterator[Block]:
        for start in range(0, len(days), n * _ROWS_AT_ONCE):
            rows = slice(start, start + _ROWS_AT_ONCE)
            yield Block(X[rows], varying(rows), offset(rows), *cut(days[rows], returned[rows], edges))

    return every


def cut(days: Vector, returned: NDArray[np.bool_], edges: Vector) -> tuple[Matrix, Matrix]:
    """Days at risk in each bin [b, K], and 1 in the bin (open to the left) in which the return lies [b, K]."""
    exposure = np.clip(days[:, None] - edges[:-1], 0.0, np.diff(edges))
    in_bin = np.zeros_like(exposure)
    last = np.clip(np.searchsorted(edges, days[returned], side="left") - 1, 0, len(edges) - 2)
    in_bin[np.flatnonzero(returned), last] = 1.0
    return exposure, in_bin


def maximise(users: Users, start: Vector, penalty: Matrix, times: Vector) -> Fitted:
    """Which parameters make the returns most likely, less theta' penalty theta / 2? `times` is t above [K].

    Many users are first climbed with a part of them, which leaves few steps for all.

    Raises:
        EvidenceError: no maximum was found, which takes an outcome that the penalty leaves without a limit.
    """
    near, _ = _climb(lambda: users(_SAMPLE), start, penalty, times, most_steps=_WARM_STEPS)
    theta, information = _climb(lambda: users(1), near, penalty, times, most_steps=_MAX_STEPS)
    if information is None:
        raise EvidenceError(f"hazard: no maximum after {_MAX_STEPS} steps; raise the penalty or bring more returns")
    return Fitted(theta, cho_solve(information, np.eye(len(theta))))


def _climb(
    make_blocks: Callable[[], Iterator[Block]], theta: Vector, penalty: Matrix, times: Vector, *, most_steps: int
) -> tuple[Vector, tuple[Matrix, bool] | None]:
    """The highest point found, and the Cholesky factor of the information there, None where it is no maximum."""
    value, score, information = _derivatives(make_blocks(), theta, penalty, times)
    for _ in range(most_steps):
        factor = cho_factor(information)
        step = cho_solve(factor, score)
        promised = float(score @ step)
        if promised < _TOLERANCE:
            return theta + step, factor
        length, found = 1.0, _derivatives(make_blocks(), theta + step, penalty, times)
        while found[0] < value + 1e-4 * length * promised:
            length /= 2
            found = _derivatives(make_blocks(), theta + length * step, penalty, times)
        theta, (value, score, information) = theta + length * step, found
    return theta, None


def _derivatives(parts: Iterator[Block], theta: Vector, penalty: Matrix, times: Vector) -> tuple[float, Vector, Matrix]:
    value, score, information = -float(theta @ penalty @ theta) / 2, -(penalty @ theta), penalty.copy()
    for block in parts:
        (n_rows, n_bins), n_fixed, n_varying = block.exposure.shape, block.X.shape[1], block.varying.shape[2]
        a, b, g, phi = np.split(theta, np.cumsum([n_bins, n_fixed, n_varying]))
        A, B, G, F = (np.arange(len(theta))[part] for part in _parts(n_bins, n_fixed, n_varying))
        s = 1 + phi * times
        known = (block.X @ b)[:, None] + block.varying @ g
        eta = np.minimum(block.offset + a + s * known, _MAX_LOG_HAZARD)
        m = block.exposure * np.exp(eta)
        value += float((block.returned * eta).sum() - m.sum())
        z = block.varying.reshape(n_rows * n_bins, n_varying)
        residual = block.returned - m
        score[A] += residual.sum(axis=0)
        score[B] += block.X.T @ (residual @ s)
        score[G] += z.T @ (residual * s).ravel()
        score[F] += (residual * known).sum(axis=0) @ times
        ms, mss = m * s, m * s**2
        mz = mss[..., None] * block.varying
        fade = m * times * known
        for rows, columns, found in (
            (A, A, np.diag(m.sum(axis=0))),
            (A, B, ms.T @ block.X),
            (A, G, np.einsum("bk,bkj->kj", ms, block.varying)),
            (A, F, fade.sum(axis=0)[:, None]),
            (B, B, (block.X * mss.sum(axis=1)[:, None]).T @ block.X),
            (B, G, block.X.T @ mz.sum(axis=1)),
            (B, F, (block.X.T @ (fade @ s))[:, None]),
            (G, G, mz.reshape(z.shape).T @ z),
            (G, F, (z.T @ (fade * s).ravel())[:, None]),
            (F, F, np.atleast_2d((fade * known).sum(axis=0) @ times)),
        ):
            information[np.ix_(rows, columns)] += found
            if rows is not columns:
                information[np.ix_(columns, rows)] += found.T
    return value, score, information


def _parts(*lengths: int) -> tuple[slice, ...]:
    ends = np.cumsum(lengths)
    return (*(slice(end - length, end) for end, length in zip(ends, lengths, strict=True)), slice(ends[-1], None))


def difference_penalty(n: int, order: int) -> Matrix:
    """What n numbers cost for not lying on a level (order 1) or a line (order 2): D'D of their differences [n, n]."""
    if n <= order:
        return np.zeros((n, n))
    D = np.diff(np.eye(n), n=order, axis=0)
    return D.T @ D
