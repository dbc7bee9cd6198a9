"""The integrals that the models of repeats rest on, by Gaussian quadrature: accurate for all parameters, no overflow.

The papers write them as differences of hypergeometric functions 2F1, which cancel, overflow for long histories and have
no derivative in their parameters at hand. Their integrands are positive and smooth, so a sum over few nodes gives the
value to some 11 digits, and its derivatives with it.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import xlogy

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

_NEGLIGIBLE = 37.0  # e^-37 = 1e-16: what lies beyond adds nothing to a double
_ROWS_AT_ONCE = 8192  # a block of rows times nodes stays in the processor's cache
_CELLS_AT_ONCE = 2_000_000  # of Jacobi matrices, decomposed together
_MOST_BETA_NODES = 512
_PANELS = 24  # narrow against any peak of the integrand of counts


Power = tuple[Vector, Vector]
"""alpha and p, of a factor (alpha + u)^-p."""


class PowerIntegral(NamedTuple):
    """The integral of (alpha + u)^-p (beta + u)^-q over u in (low, high), and means under its integrand, each [B]."""

    log_value: Vector
    log_alpha: Vector
    """Mean of ln(alpha + u): minus the derivative of log_value in p."""
    log_beta: Vector
    """Mean of ln(beta + u): minus the derivative in q."""
    inverse_alpha: Vector
    """Mean of 1 / (alpha + u): -1/p times the derivative in alpha."""
    inverse_beta: Vector
    """Mean of 1 / (beta + u): -1/q times the derivative in beta."""


def power_integral(first: Power, second: Power, low: Vector, high: Vector) -> PowerIntegral:
    """What is the integral of (alpha + u)^-p (beta + u)^-q over u from low to high? All arguments broadcast to [B].

    In t = ln((c + u) / (c + low)), c the smaller of alpha and beta, the integrand is analytic within a distance of pi
    of the real line, whatever the parameters, so that Gauss-Legendre nodes converge fast; where it has fallen by e^-37
    the interval is cut. An empty interval has the log_value -inf.
    """
    alpha, p, beta, q, low, high = np.broadcast_arrays(*first, *second, low, high)
    # c = the smaller of alpha and beta, with its power p_c; C = the larger
    swap = alpha > beta
    c, C = np.where(swap, beta, alpha) + low, np.where(swap, alpha, beta) + low
    p_c, p_C = np.where(swap, q, p), np.where(swap, p, q)
    end = _end((c, p_c), (C, p_C), np.log1p((high - low) / c))
    n_nodes = _n_nodes(end, p_c * end + p_C * np.log1p(c * np.expm1(end) / C))
    result = np.empty((5, len(end)))
    for n in np.unique(n_nodes):
        rows = np.flatnonzero(n_nodes == n)
        for start in range(0, len(rows), _ROWS_AT_ONCE):
            block = rows[start : start + _ROWS_AT_ONCE]
            result[:, block] = _legendre(int(n), (c[block], p_c[block]), (C[block], p_C[block]), end[block])
    log_value, mean_t, mean_T, inverse_c, inverse_C = result
    log_value -= (p_c - 1) * np.log(c) + p_C * np.log(C)
    of_c, of_C = (np.log(c) + mean_t, inverse_c / c), (np.log(C) + mean_T, inverse_C / C)
    return PowerIntegral(
        log_value,
        np.where(swap, of_C[0], of_c[0]),
        np.where(swap, of_c[0], of_C[0]),
        np.where(swap, of_C[1], of_c[1]),
        np.where(swap, of_c[1], of_C[1]),
    )


def _end(small: Power, large: Power, length: Vector) -> Vector:
    """Where in t the integrand has become negligible, at most `length`.

    Its fall G(t) = (p_c - 1) t + p_C ln(1 + c (e^t - 1) / C) is convex with G(0) = 0, so Newton's steps from the far
    end move towards the point where G = 37 and never beyond it.
    """
    (c, p_c), (C, p_C) = small, large
    end = length.copy()
    rows = np.arange(len(end))
    for _ in range(50):
        ratio, t = c[rows] / C[rows], end[rows]
        grown = ratio * np.expm1(t)
        excess = (p_c[rows] - 1) * t + p_C[rows] * np.log1p(grown) - _NEGLIGIBLE
        slope = p_c[rows] - 1 + p_C[rows] * (ratio + grown) / (1 + grown)
        far = excess > 1.0
        rows = rows[far]
        if not len(rows):
            break
        end[rows] = t[far] - excess[far] / slope[far]
    return end


def _n_nodes(length: Vector, fall: Vector) -> NDArray[np.int64]:
    """How many nodes give 11 digits, for an interval of that length in t over which the integrand falls by e^-fall?"""
    need = 5 + 2.2 * length + 0.55 * fall
    return np.asarray(8 * np.ceil(need / 8), dtype=np.int64)


def _legendre(n: int, small: Power, large: Power, end: Vector) -> Matrix:
    """The log of the integral relative to its integrand at t = 0, and means of t, ln((C+u)/C), c/(c+u), C/(C+u)."""
    (c, p_c), (C, p_C) = small, large
    nodes, weights = _legendre_nodes(n)
    t = nodes[:, None] * end
    e_t = np.exp(t)
    ratio = 1 + (e_t - 1) * (c / C)
    log_ratio = np.log(ratio)
    fall = (1 - p_c) * t - p_C * log_ratio
    top = fall.max(axis=0)
    mass = np.exp(fall - top) * weights[:, None]
    total = mass.sum(axis=0)
    mass /= total
    with np.errstate(divide="ignore"):  # an empty interval has no mass
        log_value = np.log(end) + np.log(total) + top
    return np.stack(
        [
            log_value,
            np.einsum("nb,nb->b", mass, t),
            np.einsum("nb,nb->b", mass, log_ratio),
            np.einsum("nb,nb->b", mass, 1 / e_t),
            np.einsum("nb,nb->b", mass, 1 / ratio),
        ]
    )


@cache
def _legendre_nodes(n: int) -> tuple[Vector, Vector]:
    """Nodes in (0, 1) and weights that sum to 1."""
    nodes, weights = np.polynomial.legendre.leggauss(n)
    return (nodes + 1) / 2, weights / 2


def mean_commitments(shape: Vector, scale: Vector, a: Vector, b: Vector, t: Vector) -> Vector:
    """How many commitments within t, when each ends the matter with probability p ~ Beta(a, b)? [B].

    The rate is lambda ~ Gamma(shape, scale). Mean over p of (1 - (1 + p t / scale)^-shape) / p, which is the papers'
    (a + b - 1) / (a - 1) * [1 - (scale / (scale + t))^shape 2F1(shape, b; a + b - 1; t / (scale + t))], also at a = 1.
    Gauss-Jacobi nodes are those of the Beta law itself. All arguments broadcast to [B].
    """
    shape, scale, a, b, t = np.broadcast_arrays(shape, scale, a, b, t)
    growth = t / scale
    n_nodes = _n_beta_nodes(shape, growth, b)
    result = np.empty(len(growth))
    for n in np.unique(n_nodes):
        rows = np.flatnonzero(n_nodes == n)
        laws, law_of_row = np.unique(a[rows] + 1j * b[rows], return_inverse=True)
        by_law = np.argsort(law_of_row, kind="stable")
        rows, law_of_row = rows[by_law], law_of_row[by_law]
        step = max(1, _CELLS_AT_ONCE // int(n) ** 2)  # one decomposition per law, however many rows share it
        for first in range(0, len(laws), step):
            some = laws[first : first + step]
            p, weights = _beta_nodes(int(n), some.real, some.imag)
            begin, end = np.searchsorted(law_of_row, [first, first + step])
            for start in range(begin, end, _ROWS_AT_ONCE):
                block = slice(start, min(start + _ROWS_AT_ONCE, end))
                users, which = rows[block], law_of_row[block] - first
                ended = -np.expm1(-shape[users, None] * np.log1p(p[which] * growth[users, None]))
                result[users] = np.einsum("bn,bn->b", weights[which] / p[which], ended)
    return result


def _n_beta_nodes(shape: Vector, growth: Vector, b: Vector) -> NDArray[np.int64]:
    """How many nodes give 11 digits; from 100 times the time observed on, the most we take give 5.

    The integrand falls over p = 1 / (shape growth), and needs nodes there beside those for the Beta law, on 1 / b.
    """
    need = 14 + 2 * np.sqrt(growth) + np.minimum(5 * np.sqrt(shape * growth), 4.5 * shape * growth / b)
    return np.asarray(2 ** np.ceil(np.log2(np.clip(need, 16, _MOST_BETA_NODES))), dtype=np.int64)


def _beta_nodes(n: int, a: Vector, b: Vector) -> tuple[Matrix, Matrix]:
    """Gauss nodes in (0, 1) and weights [U, n] of the laws Beta(a, b) [U].

    Source: Golub & Welsch (1969), Calculation of Gauss quadrature rules: eigenvalues of the Jacobi matrix.
    """
    S = (a + b - 2)[:, None]
    k = np.arange(1, n, dtype=np.float64)
    matrix = np.zeros((len(a), n, n))
    even = 2 * k + S
    matrix[:, 0, 0] = a / (a + b)
    matrix[:, k.astype(int), k.astype(int)] = (2 * k * (k + 1 + S) + S * a[:, None]) / (even * (even + 2))
    A, B = (b - 1)[:, None], (a - 1)[:, None]
    # at k = 1 the factor (k + S) / (even - 1) is 1, also where S = -1 would make it 0 / 0
    last = np.where(k == 1, 1.0, (k + S) / np.where(k == 1, 1.0, even - 1))
    beside = np.sqrt(k * (k + A) * (k + B) * last / (even**2 * (even + 1)))
    matrix[:, k.astype(int), k.astype(int) - 1] = beside  # eigh reads the lower triangle
    nodes, vectors = np.linalg.eigh(matrix)
    return nodes, vectors[:, 0, :] ** 2


def count_integral(n: Vector, first: tuple[float, float], second: tuple[float, float], t: Vector) -> Vector:
    """What is ln of the integral of u^n (alpha + u)^-(r + n) (beta + u)^-q over u in (0, t)? Of n's shape.

    In ln(c + u), c the smaller of alpha and beta, as in `power_integral`; u^n asks for dense nodes near t.
    """
    (alpha, r), (beta, q) = first, second
    c, p_c, C, p_C = (alpha, r + n, beta, q) if alpha <= beta else (beta, q, alpha, r + n)
    nodes, weights = _dense_at_end()
    length = np.log1p(t / c)
    w = length[..., None] * nodes
    grown = np.expm1(w)
    power_c, power_C = np.broadcast_to(p_c, n.shape)[..., None], np.broadcast_to(p_C, n.shape)[..., None]
    with np.errstate(divide="ignore"):  # at t = 0 nothing comes
        log_f = xlogy(n[..., None], c * grown) + (1 - power_c) * w - power_C * np.log1p(grown * (c / C))
        top = np.maximum(log_f.max(axis=-1), np.finfo(float).min)
        log_sum = top + np.log(length * (np.exp(log_f - top[..., None]) @ weights))
    return np.asarray(log_sum + (1 - p_c) * np.log(c) - p_C * np.log(C))


@cache
def _dense_at_end() -> tuple[Vector, Vector]:
    """Nodes on (0, 1) and weights that sum to 1: even panels, the last one halved again and again towards 1."""
    even = np.linspace(0, 1, _PANELS + 1)
    edges = np.concatenate([even[:-1], 1 - 0.5 ** np.arange(1, 26) / _PANELS, [1.0]])
    nodes, weights = _legendre_nodes(12)
    lengths = np.diff(edges)[:, None]
    return (edges[:-1, None] + lengths * nodes).ravel(), (lengths * weights).ravel()
