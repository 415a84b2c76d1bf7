"""Derivatives of the products: each one is a product of the cotangent with the other factor."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..ops import rule

# Most products are of two matrices, for which `.dot` is the fastest call NumPy has.


def rank(a: Any) -> int:
    """The number of axes, of a number too: in a sixth of the time of `np.ndim`."""
    return getattr(a, "ndim", 0)


def two_matrices(a: Any, b: Any) -> bool:
    return getattr(a, "ndim", 0) == 2 and getattr(b, "ndim", 0) == 2


def matmul_call(a: Any, b: Any) -> Any:
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


# tensordot sums over pairs of axes.  `g` has the free axes of a, then those of b.

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
    """The cotangent of a: g summed with b over b's free axes, its axes then put where a has them."""
    of_a, of_b = axes
    free_a, free_b = free(a, of_a), free(b, of_b)
    back = np.tensordot(g, b, (list(range(len(free_a), g.ndim)), free_b))
    order = free_a + [of_a[of_b.index(i)] for i in sorted(of_b)]
    return np.transpose(back, np.argsort(order))


def contraction_b(g: Any, a: Any, b: Any, axes: Axes) -> Any:
    """The cotangent of b: a summed with g over a's free axes, its axes then put where b has them."""
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


# dot sums the last axis of a with the second to last of b (its only one, if it has one)


def dot_call(a: Any, b: Any) -> Any:
    return a.dot(b) if isinstance(a, np.ndarray) else np.dot(a, b)


def dot_axes(a: Any, b: Any) -> Axes:
    """The last of a, and the second to last of b or its only one."""
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


# inner sums the last axes of both


def inner_a(g: Any, y: Any, a: Any, b: Any) -> Any:
    return contraction_a(g, a, b, ([a.ndim - 1], [b.ndim - 1])) if rank(a) and rank(b) else g * b


def inner_b(g: Any, y: Any, a: Any, b: Any) -> Any:
    return contraction_b(g, a, b, ([a.ndim - 1], [b.ndim - 1])) if rank(a) and rank(b) else g * a


rule(np.inner, inner_a, inner_b)

# outer takes both as rows of numbers

rule(
    np.outer,
    lambda g, y, a, b: (g.dot(b.reshape(-1)) if rank(b) else g * b).reshape(a.shape),
    lambda g, y, a, b: (a.reshape(-1).dot(g) if rank(a) else g * a).reshape(b.shape),
)
