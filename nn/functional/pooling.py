"""Pooling: the largest element or the mean of each window that slides over x, channel by channel."""

from __future__ import annotations

from math import inf
from typing import Any

import numpy as np

from autograd import fold, op, windows
from autograd.errors import ShapeError

from ..errors import ArgumentError
from .arguments import floats
from .geometry import PLACES, numbers

__all__ = ["avg_pool1d", "avg_pool2d", "max_pool1d", "max_pool2d"]


def max_pool1d(x: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1) -> Any:
    """y[..., i] = max over k of x[..., stride i + dilation k - padding], like `max_pool2d` with one axis.

    >>> max_pool1d(np.array([[3.0, 1.0, 2.0, 5.0]]), 2)
    array([[3., 5.]])
    """
    return max_pool(1, x, kernel_size, stride, padding, dilation)


def max_pool2d(x: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1) -> Any:
    """y[..., i, j] = max over k and l of x[..., i + k, j + l], with strides as `conv2d`.

    x: (..., height, width); returns (..., m, ...), m = (height + 2 padding - dilation (kernel_size - 1)
    - 1) // stride + 1.  kernel_size, stride, padding, dilation: one number, or one for each axis; the
    stride is the kernel_size by default.  Padding never counts as the largest element.

    Equal maxima in a window share its gradient, as in `np.max`.  (PyTorch gives all of it to the first.)

    Raises autograd.errors.ShapeError if no window fits into x, ArgumentError for options that do not fit
    together, such as a padding of more than half the kernel_size.

    >>> max_pool2d(np.arange(16.0).reshape(1, 4, 4), 2)
    array([[[ 5.,  7.],
            [13., 15.]]])
    """
    return max_pool(2, x, kernel_size, stride, padding, dilation)


def avg_pool1d(
    x: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, count_include_pad: bool = True
) -> Any:
    """y[..., i] = mean over k of x[..., stride i + k - padding], like `avg_pool2d` with one axis.

    >>> avg_pool1d(np.array([[3.0, 1.0, 2.0, 5.0]]), 2)
    array([[2. , 3.5]])
    """
    return avg_pool(1, x, kernel_size, stride, padding, count_include_pad)


def avg_pool2d(
    x: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, count_include_pad: bool = True
) -> Any:
    """y[..., i, j] = mean over k and l of x[..., i + k, j + l], with strides as `conv2d`.

    The arguments are the same as for `max_pool2d`.  Unless count_include_pad is true, the zeros of the
    padding are not counted: the sum is divided by the number of elements of x in the window.

    Raises the errors of `max_pool2d`.

    Source: LeCun et al., Gradient-Based Learning Applied to Document Recognition (1998), section II.B.

    >>> avg_pool2d(np.arange(16.0).reshape(1, 4, 4), 2)
    array([[[ 2.5,  4.5],
            [10.5, 12.5]]])
    """
    return avg_pool(2, x, kernel_size, stride, padding, count_include_pad)


def max_pool(k: int, x: Any, kernel_size: Any, stride: Any, padding: Any, dilation: Any) -> Any:
    """The largest elements of windows over the last k axes."""
    name = f"max_pool{k}d"
    x, size, stride, before = given(name, k, x, kernel_size, stride, padding)
    dilation = numbers(name, "dilation", dilation, k, 1)
    x = padded(x, before, -inf)
    refuse_unless_fits(name, x, [d * (n - 1) + 1 for n, d in zip(size, dilation, strict=True)])
    return largest(x, size=size, stride=stride, dilation=dilation)


def avg_pool(k: int, x: Any, kernel_size: Any, stride: Any, padding: Any, count_include_pad: bool) -> Any:
    """The means of windows over the last k axes."""
    name = f"avg_pool{k}d"
    x, size, stride, before = given(name, k, x, kernel_size, stride, padding)
    places, axes = x.shape[-k:], tuple(range(-2 * k, -k))
    x = padded(x, before, 0)
    refuse_unless_fits(name, x, size)
    found = windows(x, size=size, stride=stride, dilation=(1,) * k)
    if count_include_pad or not any(before):
        return found.mean(axis=axes)
    ones = padded(np.ones(places, x.dtype), before, 0)
    return found.sum(axis=axes) / windows(ones, size, stride, (1,) * k).sum(axis=axes)


def given(name: str, k: int, x: Any, kernel_size: Any, stride: Any, padding: Any) -> Any:
    """x as an array or tensor of floats, and the options, expanded for each axis."""
    size = numbers(name, "kernel_size", kernel_size, k, 1)
    before = numbers(name, "padding", padding, k, 0)
    if any(2 * p > n for p, n in zip(before, size, strict=True)):
        raise ArgumentError(f"{name}: padding={before} is more than half of kernel_size={size}")
    x = floats(name, x)
    if x.ndim < k + 1:
        raise ShapeError(f"{name} expects x of shape (n, channels, {PLACES[k][0]}), not {x.shape}")
    return x, size, size if stride is None else numbers(name, "stride", stride, k, 1), before


def padded(x: Any, padding: Any, value: float) -> Any:
    """x with `value` around its last axes, as far as `padding` says for each of them."""
    if not any(padding):
        return x
    return np.pad(x, [(0, 0)] * (x.ndim - len(padding)) + [(p, p) for p in padding], constant_values=value)


def refuse_unless_fits(name: str, x: Any, extent: Any) -> None:
    """Raise ShapeError unless a window of this extent, gaps included, fits into x as it is padded."""
    places = x.shape[-len(extent) :]
    if any(a < b for a, b in zip(places, extent, strict=True)):
        raise ShapeError(f"{name}: no window of {tuple(extent)} fits into x, {places} with its padding")


def in_window(y: Any, k: int) -> Any:
    """One number for each window, in a shape that broadcasts to the elements of the windows."""
    return y.reshape(*y.shape[:-k], *(1,) * k, *y.shape[-k:])


def largest_rule(g: Any, y: Any, x: Any, size: Any, stride: Any, dilation: Any) -> Any:
    """g in equal parts for all largest elements of a window."""
    k = len(size)
    at = windows(x, size=size, stride=stride, dilation=dilation) == in_window(y, k)
    share = in_window(g / at.sum(axis=tuple(range(-2 * k, -k)), dtype=g.dtype), k)
    return fold(share * at, shape=x.shape, stride=stride, dilation=dilation)


@op(rules=[largest_rule])
def largest(x: Any, size: Any, stride: Any, dilation: Any) -> Any:
    """The largest element of each window, found by going through the offsets."""
    k, found = len(size), windows(x, size, stride, dilation)
    result = np.full((*found.shape[: -2 * k], *found.shape[-k:]), -inf, x.dtype)
    for at in np.ndindex(*size):
        np.maximum(result, found[(..., *at, *(slice(None),) * k)], out=result)
    return result
