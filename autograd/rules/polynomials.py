"""Polynomials, as 1-d arrays of coefficients from the highest power down, and their roots."""

import warnings
from typing import Any

import numpy as np

from ..engine import project
from ..functions import put
from ..ops import Function, compose, rule
from .assembly import array_of
from .calculus import arr
from .choosing import raw

# Sums and products


@compose(np.polyval)
def polyval(p: Any, x: Any) -> Any:
    """(...(p[0] x + p[1]) x + ...) x + p[n], by Horner's rule, as in NumPy."""
    x = arr(x)
    y = np.zeros_like(x)
    for coefficient in arr(p):
        y = y * x + coefficient
    return y


def of_equal_length(function: Function) -> Function:
    """`function` of the coefficients of equal powers: zeros are put before the shorter polynomial."""

    def composition(a1: Any, a2: Any) -> Any:
        a1, a2 = np.atleast_1d(arr(a1), arr(a2))
        n = max(len(a1), len(a2))
        return function(*(np.pad(a, (n - len(a), 0)) if len(a) < n else a for a in (a1, a2)))

    return composition


compose(np.polyadd)(of_equal_length(np.add))
compose(np.polysub)(of_equal_length(np.subtract))


@compose(np.polymul)
def polymul(a1: Any, a2: Any) -> Any:
    """The convolution of the coefficients.  NumPy drops leading zeros, so their gradient is 0."""
    return np.convolve(from_first(a1), from_first(a2))


def from_first(p: Any) -> Any:
    """The coefficients from the first one that is not 0; only the last one if all are 0."""
    p = np.atleast_1d(arr(p))
    there = np.flatnonzero(raw(p))
    return p[there[0] if there.size else -1 :]


@compose(np.polydiv)
def polydiv(u: Any, v: Any) -> tuple[Any, Any]:
    """The quotient and the remainder, by long division.  As in NumPy, leading near-zeros are dropped."""
    u, v = np.atleast_1d(arr(u)) + 0.0, np.atleast_1d(arr(v)) + 0.0
    r, n = u.astype(np.result_type(u.dtype, v.dtype)), len(v)
    quotients = []
    for k in range(len(u) - n + 1):
        d = 1.0 / v[0] * r[k]
        quotients.append(d)
        r = put(r, r[k : k + n] - d * v, index=slice(k, k + n))
    q = np.stack(quotients) if quotients else np.zeros_like(r[:1])
    large = np.flatnonzero(~np.isclose(raw(r), 0, rtol=1e-14))
    return q, r[large[0] if large.size else -1 :]


# Derivatives and integrals


@compose(np.polyder)
def polyder(p: Any, m: Any = 1) -> Any:
    """n p[0], (n-1) p[1], ..., p[n-1]; repeated m times."""
    if m < 0:
        raise ValueError("Order of derivative must be positive (see polyint)")
    p = arr(p)
    for _ in range(int(m)):
        p = p[:-1] * np.arange(len(p) - 1, 0, -1)
    return p


@compose(np.polyint)
def polyint(p: Any, m: Any = 1, k: Any = None) -> Any:
    """p[0] / (n+1), p[1] / n, ..., p[n], k; repeated m times."""
    if m < 0:
        raise ValueError("Order of integral must be positive (see polyder)")
    p, k = array_of(arr(p)), np.atleast_1d(np.zeros(int(m)) if k is None else arr(k))
    if len(k) == 1 and m > 1:
        k = np.broadcast_to(k, (int(m),))
    if len(k) < m:
        raise ValueError("k must be a scalar or a rank-1 array of length 1 or >m.")
    for i in range(int(m)):
        p = np.concatenate([p / np.arange(len(p), 0, -1), k[i : i + 1]])
    return p


# Roots


@compose(np.poly)
def poly(seq_of_zeros: Any) -> Any:
    """The product of (x - zero) over all zeros; for a matrix, over its eigenvalues."""
    zeros = np.atleast_1d(seq_of_zeros)
    if zeros.ndim == 2 and zeros.shape[0] == zeros.shape[1] != 0:
        zeros = np.linalg.eigvals(zeros)
    elif zeros.ndim != 1:
        raise ValueError("input must be 1d or non-empty square 2d array.")
    if not zeros.size:
        return 1.0
    row = np.ones_like(zeros, shape=1)
    for zero in zeros:
        row = np.convolve(row, np.stack([np.ones_like(zero), -zero]))
    values = raw(zeros)
    in_pairs = values.dtype.kind == "c" and np.all(np.sort(values) == np.sort(values.conj()))
    return np.real(row) if in_pairs else row


def roots_rule(g: Any, y: Any, p: Any) -> Any:
    """-g y^(n-k) / p'(y) for p[k], because p(y) stays 0.  A double root has an infinite derivative."""
    return project(-(g / np.polyval(np.polyder(p), y)) @ np.vander(y, len(p)), p)


rule(np.roots, roots_rule)


# Fitting


@compose(np.polyfit)
def polyfit(
    x: Any, y: Any, deg: Any, rcond: Any = None, full: bool = False, w: Any = None, cov: Any = False
) -> Any:
    """The least squares solution for the columns of `np.vander`, with each column scaled to length 1."""
    x, y, order = arr(x) + 0.0, arr(y) + 0.0, int(deg) + 1
    weights = None if w is None else np.ones(np.shape(w))
    np.polyfit(np.zeros(x.shape), np.zeros(y.shape), min(order - 1, 0), w=weights)  # raises what NumPy raises
    rcond = len(x) * np.finfo(x.dtype).eps if rcond is None else rcond
    columns, b = np.vander(x, order), y
    if w is not None:
        w = arr(w) + 0.0
        columns, b = columns * w[:, None], b * (w[:, None] if b.ndim == 2 else w)
    scale = np.sqrt(np.sum(columns * columns, axis=0))
    columns = columns / scale
    solution, sums, rank, s = np.linalg.lstsq(columns, b, rcond)
    coefficients = (solution.T / scale).T
    if full:
        return coefficients, sums, rank, s, rcond
    if rank != order:
        warnings.warn("Polyfit may be poorly conditioned", np.exceptions.RankWarning, stacklevel=2)
    return (coefficients, covariances(columns, scale, sums, b, cov)) if cov else coefficients


def covariances(columns: Any, scale: Any, sums: Any, b: Any, cov: Any) -> Any:
    """The covariances of the coefficients: (aᵀ a)⁻¹, times the residuals' variance unless "unscaled"."""
    base = np.linalg.inv(columns.T @ columns) / np.outer(scale, scale)
    if cov == "unscaled":
        return base if b.ndim == 1 else base[:, :, None]
    freedom = len(b) - columns.shape[1]
    if freedom <= 0:
        raise ValueError("the number of data points must exceed order to scale the covariance matrix")
    return (base if b.ndim == 1 else base[:, :, None]) * (sums / freedom)
