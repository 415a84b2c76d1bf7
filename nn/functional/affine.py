"""The affine map, y = x W^T + b, as one node with three rules.

NumPy's fastest product is `dot` of two matrices, so all leading axes are merged into one axis of rows.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from autograd import Tensor, op
from autograd.errors import ShapeError

__all__ = ["linear"]


def by_x(g: Any, y: Any, x: Any, weight: Any, bias: Any = None) -> Any:
    """g W, with the leading axes of g."""
    return g.dot(weight) if g.ndim == 2 else product(g, weight)


def by_weight(g: Any, y: Any, x: Any, weight: Any, bias: Any = None) -> Any:
    """g^T x, which sums over all leading axes."""
    return g.T.dot(x) if g.ndim == 2 else rows(g).T.dot(rows(x))


def by_bias(g: Any, y: Any, x: Any, weight: Any, bias: Any = None) -> Any:
    """The sum of the rows of g; for a small g as a product, which takes a third of the time."""
    g = g if g.ndim == 2 else rows(g)
    if type(g) is Tensor or g.size > 4096:
        return g.sum(axis=0)
    return g.T.dot(ones(len(g), g.dtype))


@functools.lru_cache(maxsize=64)
def ones(n: int, dtype: Any) -> Any:
    """A cached vector of ones, never to be written to: a layer asks for the same one in every step."""
    return np.ones(n, dtype)


@op(rules=[by_x, by_weight, by_bias])
def linear(x: Any, weight: Any, bias: Any = None) -> Any:
    """x @ weight.T + bias.

    x: (..., in), weight: (out, in), bias: (out,) or None; returns (..., out).

    Backward, with dy: dx = dy weight, dweight = dy^T x, and dbias is the sum of the rows of dy.

    Raises autograd.errors.ShapeError for other shapes.

    >>> x, weight, bias = np.ones((4, 2)), Tensor([[1.0, 2.0]]), Tensor([0.5])
    >>> linear(x, weight, bias).shape
    (4, 1)
    >>> linear(np.ones(2), weight)
    Tensor([3.], dtype=float64)
    """
    try:
        y = x.dot(weight.T) if x.ndim == 2 else product(x, weight.T)
    except (ValueError, IndexError):
        y = None
    if y is None or weight.ndim != 2 or (bias is not None and bias.shape != weight.shape[:1]):
        raise misfit(x, weight, bias)
    if bias is None:
        return y
    if y.dtype is not bias.dtype:
        return y + bias
    y += bias  # y is a new array that nothing else refers to
    return y


def rows(x: Any) -> Any:
    """`x` as a matrix, with the last axis of x as rows."""
    return x.reshape(-1, x.shape[-1])


def product(x: Any, matrix: Any) -> Any:
    """x @ matrix, as one product of matrices."""
    return rows(x).dot(matrix).reshape(*x.shape[:-1], matrix.shape[1])


def misfit(x: Any, weight: Any, bias: Any) -> ShapeError:
    """The error for `linear` with arguments whose shapes do not fit; it names the first that does not."""
    if np.ndim(weight) != 2:
        return ShapeError(
            f"linear takes a weight of shape (out_features, in_features), not {np.shape(weight)}"
        )
    n_out, n_in = np.shape(weight)
    if np.shape(x)[-1:] != (n_in,):
        return ShapeError(
            f"linear expects in_features={n_in}, the last axis of x, and x has shape {np.shape(x)}: "
            "reshape or transpose x, or make the weight to fit"
        )
    return ShapeError(
        f"linear takes a bias of shape ({n_out},) with a weight of {n_out, n_in}, not {np.shape(bias)}"
    )
