"""Derivatives of products and norms.  The rule of a product multiplies `g` by the other factor."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import NoRuleError
from ..functions import kept
from ..ops import compose, rule, rule_each
from .reduce import parted
from .versions import has

# Most products are of two matrices, and `.dot` is NumPy's fastest call for them.


def rank(a: Any) -> int:
    """The number of axes, also of a Python number; six times as fast as `np.ndim`."""
    return getattr(a, "ndim", 0)


def two_matrices(a: Any, b: Any) -> bool:
    """Whether both have two axes: then `dot` does what `matmul` does, and is called in less time."""
    return getattr(a, "ndim", 0) == 2 and getattr(b, "ndim", 0) == 2


def matmul_call(a: Any, b: Any) -> Any:
    """`a @ b`, for two matrices by the quicker way to the same numbers."""
    return a.dot(b) if two_matrices(a, b) else np.matmul(a, b)


def matmul_a(g: Any, y: Any, a: Any, b: Any) -> Any:
    if two_matrices(a, b):
        return g.dot(b.T)
    if b.ndim == 1:
        return g[..., None] * b
    if a.ndim == 1:
        return (b @ g[..., None])[..., 0]
    return g @ b.mT


def matmul_b(g: Any, y: Any, a: Any, b: Any) -> Any:
    if two_matrices(a, b):
        return a.T.dot(g)
    if a.ndim == 1:
        return a[:, None] * g[..., None, :] if b.ndim > 1 else a * g
    if b.ndim == 1:
        return (a.mT @ g[..., None])[..., 0]
    return a.mT @ g


rule(np.matmul, matmul_a, matmul_b, call=matmul_call)


# tensordot sums over pairs of axes.  `g` has the free axes of a, then the free axes of b.

Axes = tuple[list[int], list[int]]


def summed(a: Any, b: Any, axes: Any) -> Axes:
    """The axes of a and of b that `np.tensordot(a, b, axes)` sums over, as lists."""
    if isinstance(axes, int | np.integer):
        return list(range(rank(a) - axes, rank(a))), list(range(axes))
    of_a, of_b = (np.atleast_1d(i).tolist() for i in axes)
    return [i % rank(a) for i in of_a], [i % rank(b) for i in of_b]


def free(a: Any, of_a: Sequence[int]) -> list[int]:
    """The axes of a that are not summed over."""
    return [i for i in range(rank(a)) if i not in of_a]


def contraction_a(g: Any, a: Any, b: Any, axes: Axes) -> Any:
    """The cotangent of a: g times b, summed over b's free axes, with the axes in the order of a's."""
    of_a, of_b = axes
    free_a, free_b = free(a, of_a), free(b, of_b)
    back = np.tensordot(g, b, (list(range(len(free_a), g.ndim)), free_b))
    order = free_a + [of_a[of_b.index(i)] for i in sorted(of_b)]
    return np.transpose(back, np.argsort(order))


def contraction_b(g: Any, a: Any, b: Any, axes: Axes) -> Any:
    """The cotangent of b: a times g, summed over a's free axes, with the axes in the order of b's."""
    of_a, of_b = axes
    free_a, free_b = free(a, of_a), free(b, of_b)
    back = np.tensordot(a, g, (free_a, list(range(len(free_a)))))
    order = [of_b[of_a.index(i)] for i in sorted(of_a)] + free_b
    return np.transpose(back, np.argsort(order))


def tensordot_a(g: Any, y: Any, a: Any, b: Any, axes: Any = 2) -> Any:
    return contraction_a(g, a, b, summed(a, b, axes))


def tensordot_b(g: Any, y: Any, a: Any, b: Any, axes: Any = 2) -> Any:
    return contraction_b(g, a, b, summed(a, b, axes))


rule(np.tensordot, tensordot_a, tensordot_b)


# dot sums over the last axis of a and the second to last axis of b, or its only one


def dot_call(a: Any, b: Any) -> Any:
    """`np.dot(a, b)`; an array's own method is found sooner."""
    return a.dot(b) if isinstance(a, np.ndarray) else np.dot(a, b)


def dot_axes(a: Any, b: Any) -> Axes:
    """The last axis of a, and the second to last axis of b or its only one."""
    return [a.ndim - 1], [max(b.ndim - 2, 0)]


def dot_a(g: Any, y: Any, a: Any, b: Any) -> Any:
    if two_matrices(a, b):
        return g.dot(b.T)
    return contraction_a(g, a, b, dot_axes(a, b)) if rank(a) and rank(b) else g * b


def dot_b(g: Any, y: Any, a: Any, b: Any) -> Any:
    if two_matrices(a, b):
        return a.T.dot(g)
    return contraction_b(g, a, b, dot_axes(a, b)) if rank(a) and rank(b) else g * a


rule(np.dot, dot_a, dot_b, call=dot_call)


# inner sums over the last axes of both


def inner_a(g: Any, y: Any, a: Any, b: Any) -> Any:
    return contraction_a(g, a, b, ([a.ndim - 1], [b.ndim - 1])) if rank(a) and rank(b) else g * b


def inner_b(g: Any, y: Any, a: Any, b: Any) -> Any:
    return contraction_b(g, a, b, ([a.ndim - 1], [b.ndim - 1])) if rank(a) and rank(b) else g * a


rule(np.inner, inner_a, inner_b)

# outer flattens both

rule(
    np.outer,
    lambda g, y, a, b: (g.dot(b.reshape(-1)) if rank(b) else g * b).reshape(a.shape),
    lambda g, y, a, b: (a.reshape(-1).dot(g) if rank(a) else g * a).reshape(b.shape),
)


# multi_dot: the rule multiplies g by all factors before and after the argument


def multi_dot_rule(g: Any, y: Any, i: int, *arrays: Any) -> Any:
    """bᵀ g cᵀ, where b is the product of the arrays before arrays[i], and c of those after it.

    NumPy finds the fastest order.  The first array may be a single row and the last a single column.
    """
    matrices = [arrays[0].reshape(-1, arrays[0].shape[-1]), *arrays[1:-1]]
    matrices.append(arrays[-1].reshape(len(arrays[-1]), -1))
    before, after = [m.T for m in matrices[:i][::-1]], [m.T for m in matrices[:i:-1]]
    g = g.reshape(len(matrices[0]), matrices[-1].shape[1])
    return np.linalg.multi_dot([*before, g, *after]).reshape(arrays[i].shape)


rule_each(np.linalg.multi_dot, multi_dot_rule)


# Products that are composed of others


@compose(np.vdot)
def vdot(a: Any, b: Any) -> Any:
    return np.dot(np.conjugate(a).reshape(-1), np.reshape(b, -1))


@compose(np.vecdot)
def vecdot(x1: Any, x2: Any, axis: int = -1) -> Any:
    if axis != -1:
        x1, x2 = np.moveaxis(x1, axis, -1), np.moveaxis(x2, axis, -1)
    return np.sum(np.conjugate(x1) * x2, axis=-1)


if has("matvec"):
    compose(np.matvec)(lambda a, x: (a @ x[..., None])[..., 0])
    compose(np.vecmat)(lambda x, a: (np.conjugate(x)[..., None, :] @ a)[..., 0, :])


@compose(np.cross)
def cross(a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: Any = None) -> Any:
    """(a1 b2 - a2 b1, a2 b0 - a0 b2, a0 b1 - a1 b0).  Raises NoRuleError unless both have 3 components."""
    if axis is not None:
        axisa = axisb = axisc = axis
    a, b = np.moveaxis(a, axisa, -1), np.moveaxis(b, axisb, -1)
    if a.shape[-1] != 3 or b.shape[-1] != 3:
        raise NoRuleError(f"np.cross of {a.shape[-1]} and {b.shape[-1]} components: both must have three")
    a, b = [a[..., i] for i in range(3)], [b[..., i] for i in range(3)]
    vectors = np.stack([a[i - 2] * b[i - 1] - a[i - 1] * b[i - 2] for i in range(3)], axis=-1)
    return np.moveaxis(vectors, -1, axisc)


@compose(np.linalg.diagonal)
def diagonal(x: Any, offset: int = 0) -> Any:
    """x[..., i, i + offset]."""
    return np.diagonal(x, offset, -2, -1)


@compose(np.linalg.trace)
def trace(x: Any, offset: int = 0, dtype: Any = None) -> Any:
    return np.sum(np.linalg.diagonal(x, offset=offset), axis=-1, dtype=dtype)


compose(np.linalg.matmul)(lambda x1, x2: np.matmul(x1, x2))
compose(np.linalg.outer)(lambda x1, x2: np.outer(x1, x2))
compose(np.linalg.tensordot)(lambda x1, x2, axes=2: np.tensordot(x1, x2, axes=axes))
compose(np.linalg.cross)(lambda x1, x2, axis=-1: np.cross(x1, x2, axis=axis))
compose(np.linalg.matrix_transpose)(lambda x: np.matrix_transpose(x))
compose(np.linalg.vecdot)(vecdot)


# Norms.  The gradient is 0 at 0.  Elements that tie for the largest or smallest share it equally.


def vector_norm_rule(
    g: Any,
    y: Any,
    x: Any,
    *,
    axis: Any = None,
    keepdims: bool = False,
    ord: Any = 2,  # noqa: A002
) -> Any:
    """g sign(x) (|x| / y)^(p - 1), which is g x / y for p = 2; 0 where y is 0, and for p = 0."""
    if ord == 0:
        return np.zeros_like(x)
    if x.dtype.kind == "c":
        m = np.abs(x)
        g = vector_norm_rule(g, y, m, axis=axis, keepdims=keepdims, ord=ord)
        return g * np.conjugate(x) / (m + (m == 0))
    g, y = g.reshape(kept(x.shape, axis)), y.reshape(kept(x.shape, axis))
    if ord is None or ord == 2:
        return g * (x / (y + (y == 0)))
    if abs(ord) == np.inf:
        return np.sign(x) * parted(g, np.abs(x) == y, axis)
    if ord == 1:
        return g * np.sign(x)
    ratio = np.abs(x) / (y + (y == 0))
    if ord < 1:  # the exponent is negative: avoid dividing by 0
        ratio = ratio + (x == 0)
    return g * (y != 0) * np.sign(x) * ratio ** (ord - 1)


rule(np.linalg.vector_norm, vector_norm_rule)


OF_VALUES: dict[Any, Any] = {"nuc": np.sum, 2: np.max, -2: np.min}


def matrix_norm(x: Any, p: Any, axes: tuple[int, int], keepdims: bool) -> Any:
    """The norm of matrices over two axes, from their singular values, or from sums over rows or columns."""
    x, shape = np.moveaxis(x, axes, (-2, -1)), kept(x.shape, axes)
    if p in OF_VALUES:
        result = OF_VALUES[p](np.linalg.svdvals(x), axis=-1)
    elif p in (1, -1, np.inf, -np.inf):
        sums = np.sum(np.abs(x), axis=-2 if abs(p) == 1 else -1)
        result = np.max(sums, axis=-1) if p > 0 else np.min(sums, axis=-1)
    else:
        raise ValueError(f"np.linalg.norm: a matrix has no norm of order {p!r}")
    return result.reshape(shape) if keepdims else result


@compose(np.linalg.norm)
def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:  # noqa: A002
    """The norm of vectors along one axis, or of matrices along two; the norm of all of x without an axis.

    The norm of order 0 counts elements, so it is piecewise constant.
    """
    if isinstance(axis, tuple) and len(axis) not in (1, 2):
        raise ValueError(f"np.linalg.norm takes one axis or two, not {axis}")
    if ord is None or (ord == "fro" and (axis is not None or x.ndim == 2)):
        return np.linalg.vector_norm(x, axis=axis, keepdims=keepdims)
    axes = tuple(range(x.ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    if len(axes) == 1 and not isinstance(ord, str):
        if ord == 0:
            return np.sum(x != 0, axis=axes, keepdims=keepdims).astype(x.dtype)
        return np.linalg.vector_norm(x, ord=ord, axis=axes[0], keepdims=keepdims)
    if len(axes) == 2:
        return matrix_norm(x, ord, axes, keepdims)
    raise ValueError(f"np.linalg.norm of order {ord!r} takes one or two axes, not {len(axes)}")


compose(np.linalg.matrix_norm)(lambda x, **options: norm(x, **{"ord": "fro", "axis": (-2, -1)} | options))


@compose(np.linalg.cond)
def cond(x: Any, p: Any = None) -> Any:
    """The norm of x times the norm of its inverse; for order 2, a quotient of singular values."""
    if p is None or abs(p if isinstance(p, int) else 0) == 2:
        s = np.linalg.svdvals(x)
        return s[..., -1] / s[..., 0] if p == -2 else s[..., 0] / s[..., -1]
    return norm(x, p, axis=(-2, -1)) * norm(np.linalg.inv(x), p, axis=(-2, -1))
