"""Derivatives of inverses, determinants and decompositions of matrices, and of stacks of them.

Where NumPy takes a matrix to be symmetric and reads one half of it (`cholesky`, `eigh`), the gradient
is the symmetric one: equal parts to an element and its mirror image.  All but `inv`, `solve` and
`det` are for real matrices.  `slogdet` of a singular matrix has no gradient: the inverse raises.

Sources: Giles, Collected Matrix Derivative Results for Forward and Reverse Mode Algorithmic
Differentiation (2008); others where they are used.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import GradientError, NoRuleError
from ..functions import op
from ..ops import Function, compose, rule
from ..tensor import Tensor, record
from .reduce import products_of_others


def of_real(function: Function, name: str = "") -> Function:
    """`function`, but not of complex matrices, for which its rule would be wrong."""

    def call(a: Any, *args: Any, **options: Any) -> Any:
        if a.dtype.kind == "c":
            name_ = f"np.linalg.{name or function.__name__}"
            raise NoRuleError(f"{name_} of a complex tensor has no derivative rule: use .data of it")
        return function(a, *args, **options)

    return call


def symmetric(a: Any) -> Any:
    """The symmetric part of a matrix."""
    return (a + a.mT) / 2


# Inverses and systems of equations


def solve_a(g: Any, y: Any, a: Any, b: Any) -> Any:
    """-a⁻ᵀ g yᵀ (Giles, section 2.3.1).  NumPy takes b for a single vector only if it has one axis."""
    gb = solve_b(g, y, a, b)
    return -gb[..., None] * y[..., None, :] if b.ndim == 1 else -gb @ y.mT


def solve_b(g: Any, y: Any, a: Any, b: Any) -> Any:
    """a⁻ᵀ g."""
    return np.linalg.solve(a.mT, g[..., None])[..., 0] if b.ndim == 1 else np.linalg.solve(a.mT, g)


def pinv_rule(g: Any, y: Any, a: Any, **_: Any) -> Any:
    """-yᵀ g yᵀ + (1 - a y) gᵀ y yᵀ + yᵀ y gᵀ (1 - y a), as long as the rank of a stays what it is.

    Source: Golub and Pereyra, The Differentiation of Pseudo-Inverses and Nonlinear Least Squares
    Problems Whose Variables Separate, SIAM J. Numer. Anal. 10 (1973), equation 4.12.
    """
    left, right = g.mT @ (y @ y.mT), (y.mT @ y) @ g.mT
    return left - a @ (y @ left) + right - (right @ y) @ a - y.mT @ g @ y.mT


@compose(np.linalg.lstsq)
def lstsq(a: Any, b: Any, rcond: Any = None) -> tuple[Any, Any, Any, Any]:
    """The solution pinv(a) b; the residuals, rank and singular values are constants."""
    plain_a, plain_b = (t.data if type(t) is Tensor else t for t in (a, b))
    _, *others = np.linalg.lstsq(plain_a, plain_b, rcond=rcond)
    if rcond is None:
        rcond = float(np.finfo(others[2].dtype).eps) * max(np.shape(a))
    return np.linalg.pinv(a, rtol=rcond) @ b, *others


@compose(np.linalg.matrix_power)
def matrix_power(a: Any, n: int) -> Any:
    """a² as often as n has binary digits, and of the inverse if n is negative."""
    if n < 0:
        return matrix_power(np.linalg.inv(a), -n)
    if n == 0:
        return np.zeros_like(a) + np.eye(a.shape[-1], dtype=a.dtype)
    if n == 1:
        return np.copy(a)
    half = matrix_power(a, n // 2) if n > 3 else a
    return half @ half @ a if n % 2 else half @ half


@compose(np.linalg.tensorinv)
def tensorinv(a: Any, ind: int = 2) -> Any:
    """The inverse of a matrix whose rows are the first `ind` axes of a, and its columns the others."""
    rows, columns = a.shape[:ind], a.shape[ind:]
    return np.linalg.inv(a.reshape(int(np.prod(rows)), -1)).reshape(*columns, *rows)


@compose(np.linalg.tensorsolve)
def tensorsolve(a: Any, b: Any, axes: Any = None) -> Any:
    """The solution for a matrix whose rows are the first axes of a, after moving `axes` to its end."""
    if axes is not None:
        a = np.moveaxis(a, axes, range(-len(axes), 0))
    b, unknown = np.reshape(b, -1), a.shape[np.ndim(b) :]
    return np.linalg.solve(a.reshape(b.size, -1), b).reshape(unknown)


# Determinants


def det_rule(g: Any, y: Any, a: Any) -> Any:
    """g det(a) a⁻ᵀ, which is g times the matrix of the cofactors, and defined at singular matrices too.

    The second derivative loses digits where a is nearly singular: it is a difference of inverses.
    """
    g = g[..., None, None]
    return g * y[..., None, None] * np.linalg.inv(a).mT if np.all(y != 0) else g * cofactors(a)


def cofactors(a: Any) -> Any:
    """det(a) a⁻ᵀ from a = u s v: ± u (products of the other singular values) v, as |det u| = |det v| = 1.

    >>> cofactors(np.array([[1.0, 2.0], [2.0, 4.0]])).round(12)
    array([[ 4., -2.],
           [-2.,  1.]])
    """
    u, s, v = np.linalg.svd(a, full_matrices=False)
    sign = np.sign(np.linalg.det(u @ v))
    return sign[..., None, None] * (u * products_of_others(s)[..., None, :]) @ v


# Cholesky and QR


def lower_half_rule(g: Any, y: Any, a: Any) -> Any:
    """lower_half is its own transpose, as a matrix that multiplies the elements of another."""
    return lower_half(g)


@op(rules=[lower_half_rule])
def lower_half(a: Any) -> Any:
    """The lower triangle of a matrix, its diagonal halved: with its transpose, a symmetric matrix.

    >>> lower_half(np.array([[2.0, 1.0], [3.0, 4.0]]))
    array([[1., 0.],
           [3., 2.]])
    """
    return (np.tril(a) + np.tril(a, -1)) / 2


def cholesky_rule(g: Any, y: Any, a: Any, *, upper: bool = False) -> Any:
    """The symmetric part of y⁻ᵀ lower_half(yᵀ g) y⁻¹.

    Source: Murray, Differentiation of the Cholesky Decomposition (2016), equation 10.
    """
    if upper:
        g, y = g.mT, y.mT
    inner = lower_half(y.mT @ g)
    return symmetric(np.linalg.solve(y.mT, np.linalg.solve(y.mT, inner.mT).mT))


def tall_qr(a: Any, mode: str = "reduced") -> Any:
    """The decomposition with a rule: reduced, of a matrix with at least as many rows as columns."""
    if mode != "reduced" or a.shape[-2] < a.shape[-1]:
        raise NoRuleError(
            f"np.linalg.qr(mode={mode!r}) of shape {a.shape} has no derivative rule: it has one for "
            "mode='reduced' and at least as many rows as columns; or use .data of the tensor"
        )
    return np.linalg.qr(a)


def qr_rule(g: Any, y: Any, a: Any, mode: str = "reduced") -> Any:
    """(gq + q (h + hᵀ)) r⁻ᵀ with h = lower_half(r grᵀ - gqᵀ q).  inf or an error where r is singular.

    Source: Walter and Lehmann, Algorithmic Differentiation of Linear Algebra Functions with
    Application in Optimum Experimental Design (2010), section 3; Seeger et al., Auto-Differentiating
    Linear Algebra (2017), the LQ decomposition.
    """
    (gq, gr), (q, r) = g, y
    half = lower_half(r @ gr.mT - gq.mT @ q)
    return np.linalg.solve(r, (gq + q @ (half + half.mT)).mT).mT


# Eigenvalues and singular values


def inverse_gaps(values: Any, used: bool) -> Any:
    """1/(value j - value i), and 0 on the diagonal.

    Raises GradientError if two values are equal up to rounding, and the result will be `used` on them.

    >>> inverse_gaps(np.array([1.0, 3.0]), used=True)
    array([[ 0. ,  0.5],
           [-0.5,  0. ]])
    >>> inverse_gaps(np.array([1.0, 1.0]), used=True)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    autograd.errors.GradientError: eigenvectors or singular vectors of equal values have no derivative...
    """
    gaps = values[..., None, :] - values[..., :, None]
    rounding = 4 * float(np.finfo(values.dtype).eps) * np.sum(np.abs(values), axis=-1)
    near = np.abs(gaps) <= rounding[..., None, None]
    if used and np.sum(near) > values.size:
        raise GradientError(
            "eigenvectors or singular vectors of equal values have no derivative, as they can be any "
            "basis of their space: use the values alone, eigvalsh or svdvals, or make them different"
        )
    return ~near / (gaps + near)


def arrived(*cotangents: Any) -> bool:
    """Whether there is any cotangent but 0."""
    return any(bool(np.any(g != 0)) for g in cotangents)


def eigh_rule(g: Any, y: Any, a: Any, **_: Any) -> Any:
    """v (gw + (vᵀ gv) / (wj - wi)) vᵀ, made symmetric (Giles, section 3.1).

    Equal eigenvalues have a gradient, but their eigenvectors have none: GradientError.
    """
    (gw, gv), (w, v) = g, y
    inner = inverse_gaps(w, arrived(gv)) * (v.mT @ gv)
    return symmetric((v * gw[..., None, :] + v @ inner) @ v.mT)


def eigvalsh_rule(g: Any, y: Any, a: Any, **options: Any) -> Any:
    """v g vᵀ, with the eigenvectors v.  Where eigenvalues are equal, each has the gradient of its v."""
    v = np.linalg.eigh(a, **options)[1]
    return (v * g[..., None, :]) @ v.mT


def svdvals_rule(g: Any, y: Any, x: Any) -> Any:
    """u g v.  Where singular values are equal, each has the gradient of its u and v."""
    u, _, v = np.linalg.svd(x, full_matrices=False)
    return (u * g[..., None, :]) @ v


def thin_svd_rule(g: Any, y: Any, a: Any) -> Any:
    """The gradient of a = u s v by all three; GradientError where singular values are equal.

    u [(f (uᵀgu - guᵀu)) s + gs + s (f (v gvᵀ - gv vᵀ))] v, with f = 1/(sj² - si²), and for a matrix that
    is not square (1 - u uᵀ) (gu / s) v + u (gv / s) (1 - vᵀ v), which is infinite where an s is 0.

    Source: Townsend, Differentiating the Singular Value Decomposition (2016), equations 26 to 31.
    """
    (gu, gs, gv), (u, s, v) = g, y
    total = s[..., None, :] + s[..., :, None]
    f = inverse_gaps(s, arrived(gu, gv)) / (total + (total == 0))
    of_u, of_v = u.mT @ gu, v @ gv.mT
    inner = f * (of_u - of_u.mT) * s[..., None, :] + s[..., None] * f * (of_v - of_v.mT)
    result = (u * gs[..., None, :] + u @ inner) @ v
    if a.shape[-2] > a.shape[-1]:
        result = result + ((gu - u @ of_u) / s[..., None, :]) @ v
    if a.shape[-2] < a.shape[-1]:
        result = result + u @ ((gv - of_v.mT @ v) / s[..., None])
    return result


def thin_svd(a: Any) -> Any:
    """`np.linalg.svd(a, full_matrices=False)`."""
    return np.linalg.svd(a, full_matrices=False)


@compose(np.linalg.svd)
def svd(a: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False) -> Any:
    """The decomposition by `thin_svd`, or its values alone."""
    if not compute_uv:
        return np.linalg.svdvals(a)
    if full_matrices and a.shape[-1] != a.shape[-2]:
        raise NoRuleError(
            f"np.linalg.svd of shape {a.shape} has no derivative rule for the vectors that complete "
            "a basis: give full_matrices=False, or use .data of the tensor"
        )
    return record(thin_svd, (a,), {})


# fmt: off
rule(np.linalg.inv,      lambda g, y, a: -y.mT @ g @ y.mT)
rule(np.linalg.solve,    solve_a, solve_b)
rule(np.linalg.pinv,     pinv_rule, call=of_real(np.linalg.pinv))
rule(np.linalg.det,      det_rule)
rule(np.linalg.slogdet,  lambda g, y, a: g[1][..., None, None] * np.linalg.inv(a).mT,
     call=of_real(np.linalg.slogdet), several=True)
rule(np.linalg.cholesky, cholesky_rule, call=of_real(np.linalg.cholesky))
rule(np.linalg.qr,       qr_rule, call=of_real(tall_qr, "qr"), several=True)
rule(np.linalg.eigh,     eigh_rule, call=of_real(np.linalg.eigh), several=True)
rule(np.linalg.eigvalsh, eigvalsh_rule, call=of_real(np.linalg.eigvalsh))
rule(np.linalg.svdvals,  svdvals_rule, call=of_real(np.linalg.svdvals))
rule(thin_svd,           thin_svd_rule, call=of_real(thin_svd), several=True)
rule(np.linalg.matrix_rank, None)
# fmt: on
