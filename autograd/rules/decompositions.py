"""Derivatives of inverses, determinants, and the decompositions by elimination, also for stacks of matrices.

`cholesky` assumes that its matrix is symmetric and reads only one triangle of it.  So only this triangle
has a gradient: an element off the diagonal also counts for its mirror image, whose own gradient is 0.
`slogdet` of a singular matrix has no gradient: the inverse raises.  a* is the conjugate of a, which for a
real matrix is a itself.

Sources: Giles, Collected Matrix Derivative Results for Forward and Reverse Mode Algorithmic
Differentiation (2008), and the sources named at single rules.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..functions import conj, op, squared_modulus
from ..ops import compose, rule
from ..record import record
from ..tensor import Tensor
from .reduce import products_of_others
from .refused import refusal

# Symmetric matrices: NumPy reads one triangle


def lower_half_rule(g: Any, y: Any, a: Any) -> Any:
    """lower_half(g): the function multiplies each element by a number, and so does its transpose."""
    return lower_half(g)


@op(rules=[lower_half_rule])
def lower_half(a: Any) -> Any:
    """The lower triangle of a matrix, with half of its diagonal.

    >>> lower_half(np.array([[2.0, 1.0], [3.0, 4.0]]))
    array([[1., 0.],
           [3., 2.]])
    """
    return (np.tril(a) + np.tril(a, -1)) / 2


def of_triangle(g: Any, upper: bool = False) -> Any:
    """The cotangent of the triangle that was read, given the cotangent g of the whole Hermitian matrix.

    Off the diagonal it is g + g*ᵀ.  On the diagonal it is Re g, because the imaginary part is not read.
    """
    lower = lower_half(g + conj(g).mT)
    return conj(lower).mT if upper else lower


def mirrored(a: Any) -> Any:
    """The Hermitian matrix with the lower triangle of `a`.

    >>> mirrored(np.array([[2.0, 1.0], [3.0, 4.0]]))
    array([[2., 3.],
           [3., 4.]])
    """
    half = lower_half(a)
    return half + conj(half).mT


# Inverses and systems of equations


def solve_a(g: Any, y: Any, a: Any, b: Any) -> Any:
    """-a⁻ᵀ g yᵀ (Giles, section 2.3.1).  As in NumPy, b is a single vector only if it has one axis."""
    gb = solve_b(g, y, a, b)
    return -gb[..., None] * y[..., None, :] if b.ndim == 1 else -gb @ y.mT


def solve_b(g: Any, y: Any, a: Any, b: Any) -> Any:
    """a⁻ᵀ g."""
    return np.linalg.solve(a.mT, g[..., None])[..., 0] if b.ndim == 1 else np.linalg.solve(a.mT, g)


def pinv_rule(g: Any, y: Any, a: Any, *, rcond: Any = None, hermitian: bool = False, rtol: Any = None) -> Any:
    """-yᵀ g yᵀ + ((1 - a y) gᵀ y y*ᵀ + y*ᵀ y gᵀ (1 - y a))*, where the rank of a is locally constant.

    Source: Golub and Pereyra, The Differentiation of Pseudo-Inverses and Nonlinear Least Squares
    Problems Whose Variables Separate, SIAM J. Numer. Anal. 10 (1973), equation 4.12.
    """
    a = mirrored(a) if hermitian else a
    left, right = g.mT @ (y @ conj(y).mT), (conj(y).mT @ y) @ g.mT
    whole = conj(left - a @ (y @ left) + right - (right @ y) @ a) - y.mT @ g @ y.mT
    return of_triangle(whole) if hermitian else whole


@compose(np.linalg.lstsq)
def lstsq(a: Any, b: Any, rcond: Any = None) -> tuple[Any, Any, Any, Any]:
    """x = pinv(a) b; the sums of |b - a x|² if NumPy returns them; the rank and singular values of a."""
    plain_a, plain_b = (t.data if type(t) is Tensor else t for t in (a, b))
    _, sums, rank, s = np.linalg.lstsq(plain_a, plain_b, rcond=rcond)
    if rcond is None:
        rcond = float(np.finfo(s.dtype).eps) * max(np.shape(a))
    x = np.linalg.pinv(a, rtol=rcond) @ b
    of_columns = np.sum(squared_modulus(b - a @ x), axis=0).reshape(-1)
    return x, of_columns if sums.size else of_columns[:0], rank, np.linalg.svdvals(a)


@compose(np.linalg.matrix_power)
def matrix_power(a: Any, n: int) -> Any:
    """The n-th power by repeated squaring; a power of the inverse if n is negative."""
    if n < 0:
        return matrix_power(np.linalg.inv(a), -n)
    if n == 0:
        return np.zeros_like(a) + np.eye(a.shape[-1], dtype=a.dtype)
    if n == 1:
        return a
    half = matrix_power(a, n // 2) if n > 3 else a
    return half @ half @ a if n % 2 else half @ half


@compose(np.linalg.tensorinv)
def tensorinv(a: Any, ind: int = 2) -> Any:
    """The inverse of the matrix whose rows are the first `ind` axes of a and whose columns are the others."""
    rows, columns = a.shape[:ind], a.shape[ind:]
    return np.linalg.inv(a.reshape(int(np.prod(rows)), -1)).reshape(*columns, *rows)


@compose(np.linalg.tensorsolve)
def tensorsolve(a: Any, b: Any, axes: Any = None) -> Any:
    """The solution for the matrix whose rows are the first axes of a, after `axes` were moved to the end."""
    if axes is not None:
        a = np.moveaxis(a, axes, range(-len(axes), 0))
    b, unknown = np.reshape(b, -1), a.shape[np.ndim(b) :]
    return np.linalg.solve(a.reshape(b.size, -1), b).reshape(unknown)


# Determinants


def det_rule(g: Any, y: Any, a: Any) -> Any:
    """g det(a) a⁻ᵀ, computed as g times the matrix of cofactors if a matrix is singular.

    The second derivative is a difference of inverses, so it loses digits where a is nearly singular.
    """
    g = g[..., None, None]
    return g * y[..., None, None] * np.linalg.inv(a).mT if np.all(y != 0) else g * cofactors(a)


def slogdet_rule(g: Any, y: Any, a: Any) -> Any:
    """(g + i Im(h sign)) a⁻ᵀ, with the cotangents g of log |det| and h of the sign; g a⁻ᵀ if a is real."""
    of_sign, g = g
    if a.dtype.kind == "c":
        g = g + 1j * np.imag(of_sign * y[0])
    return g[..., None, None] * np.linalg.inv(a).mT


def cofactors(a: Any) -> Any:
    """det(a) a⁻ᵀ = det(u v) u (products of all other singular values) v, where a = u s v.

    >>> cofactors(np.array([[1.0, 2.0], [2.0, 4.0]])).round(12)
    array([[ 4., -2.],
           [-2.,  1.]])
    """
    u, s, v = np.linalg.svd(a, full_matrices=False)
    sign = np.sign(np.linalg.det(u @ v))
    return sign[..., None, None] * (u * products_of_others(s)[..., None, :]) @ v


# Cholesky and QR


def cholesky_rule(g: Any, y: Any, a: Any, *, upper: bool = False) -> Any:
    """y⁻ᵀ lower_half(yᵀ g) y*⁻¹, brought to the triangle that is read: the upper one if `upper` is given.

    Source: Murray, Differentiation of the Cholesky Decomposition (2016), equation 10.
    """
    if upper:
        g, y = conj(g).mT, conj(y).mT
    inner = lower_half(y.mT @ g)
    return of_triangle(np.linalg.solve(y.mT, np.linalg.solve(conj(y).mT, inner.mT).mT), upper)


def tall_qr(a: Any) -> Any:
    """`np.linalg.qr(a)` of a matrix with at least as many rows as columns."""
    return np.linalg.qr(a)


@compose(np.linalg.qr)
def qr(a: Any, mode: str = "reduced") -> Any:
    """The decomposition by `tall_qr`; for a wide matrix by its first columns, and the rest of r is q*ᵀ a."""
    rows, columns = a.shape[-2:]
    if mode == "raw" or (mode == "complete" and rows > columns):
        return np_qr(a, mode)
    found = record(tall_qr, (a if rows >= columns else a[..., :rows],), {})
    if rows < columns:
        q, r = found
        found = type(found)(q, np.concatenate([r, conj(q).mT @ a[..., rows:]], axis=-1))
    return found.R if mode == "r" else found


np_qr = refusal(np.linalg.qr, "in the mode 'complete' of a tall matrix, or 'raw': use mode='reduced'")


def qr_rule(g: Any, y: Any, a: Any) -> Any:
    """(gq + q* (h* + hᵀ)) r⁻ᵀ, h = lower_half(r grᵀ - gqᵀ q); infinite, or an error, where r is singular.

    Source: Walter and Lehmann, Algorithmic Differentiation of Linear Algebra Functions with
    Application in Optimum Experimental Design (2010), section 3; Seeger et al., Auto-Differentiating
    Linear Algebra (2017), the LQ decomposition.
    """
    (gq, gr), (q, r) = g, y
    half = lower_half(r @ gr.mT - gq.mT @ q)
    return np.linalg.solve(r, (gq + conj(q) @ (conj(half) + half.mT)).mT).mT


# fmt: off
rule(np.linalg.inv,      lambda g, y, a: -y.mT @ g @ y.mT)
rule(np.linalg.solve,    solve_a, solve_b)
rule(np.linalg.pinv,     pinv_rule)
rule(np.linalg.det,      det_rule)
rule(np.linalg.slogdet,  slogdet_rule, several=True)
rule(np.linalg.cholesky, cholesky_rule)
rule(tall_qr,            qr_rule, several=True)
# fmt: on
