"""Convolutions in one and two dimensions, and their transposes: the functions with their checks."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd.errors import ShapeError

from ..errors import ArgumentError
from .columns import convolution, transposed_convolution
from .geometry import around, check, numbers, padding_pairs

__all__ = ["conv1d", "conv2d", "conv_transpose1d", "conv_transpose2d"]


def conv1d(
    x: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Any:
    """y[n, f, i] = bias[f] + Σ weight[f, c, k] x[n, c, stride i + dilation k - padding] over c and k.

    Like `conv2d` with one spatial axis: x: (n, channels, length), weight: (filters, channels/groups,
    k), bias: (filters,) or None; returns (n, filters, m).

    >>> conv1d(np.arange(6.0).reshape(1, 1, 6), np.ones((1, 1, 3)), stride=2, padding=1)
    array([[[ 1.,  6., 12.]]])
    """
    return conv(1, x, weight, bias, stride, padding, dilation, groups)


def conv2d(
    x: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Any:
    """y[n, f, i, j] = bias[f] + Σ weight[f, c, k, l] x[n, c, i + k, j + l] over c, k and l.

    x: (n, channels, height, width), or one image without n; weight: (filters, channels/groups, k, l);
    bias: (filters,) or None.  Returns (n, filters, m, ...), m = (height + 2 padding - dilation (k - 1)
    - 1) // stride + 1.

    stride: the step from one window to the next.  dilation: the step from one element of a window to the
    next.  padding: the number of zeros on each side of x, or "valid" for none, or "same" for as many as
    preserve height and width.  Each is one number, or one for each axis.  groups: the number of groups
    into which channels and filters are divided; each filter sees only the channels of its own group.

    Backward, with dy: dx[n, c, i, j] = Σ weight[f, c, k, l] dy[n, f, i - k, j - l] over f, k and l, which
    is `conv_transpose2d` of dy; dweight[f, c, k, l] = Σ dy[n, f, i, j] x[n, c, i + k, j + l] over n, i and
    j; dbias[f] = Σ dy[n, f, i, j].

    Raises autograd.errors.ShapeError for shapes that do not fit together, ArgumentError for options
    that do not.

    Source: LeCun et al., Gradient-Based Learning Applied to Document Recognition (1998), section II.A;
    the columns are from Chellapilla, Puri and Simard, High Performance Convolutional Neural Networks
    for Document Processing (2006), section 3.

    >>> conv2d(np.ones((1, 1, 3, 3)), np.ones((1, 1, 3, 3)), padding="same")
    array([[[[4., 6., 4.],
             [6., 9., 6.],
             [4., 6., 4.]]]])
    """
    return conv(2, x, weight, bias, stride, padding, dilation, groups)


def conv(
    k: int, x: Any, weight: Any, bias: Any, stride: Any, padding: Any, dilation: Any, groups: int
) -> Any:
    """The convolution over k spatial axes."""
    name = f"conv{k}d"
    x = x if hasattr(x, "ndim") else np.asarray(x)
    if x.ndim == k + 1:
        return conv(k, x.reshape(1, *x.shape), weight, bias, stride, padding, dilation, groups)[0]
    stride, dilation = numbers(name, "stride", stride, k, 1), numbers(name, "dilation", dilation, k, 1)
    weight = of_floats(weight)
    check(name, x, weight, bias, k, groups, weight.shape[1] * groups, len(weight))
    pairs = padding_pairs(name, padding, weight.shape[2:], stride, dilation)
    n = around(x.shape[2:], pairs)
    extent = [d * (m - 1) + 1 for d, m in zip(dilation, weight.shape[2:], strict=True)]
    if any(a < b for a, b in zip(n, extent, strict=True)):
        raise ShapeError(
            f"{name}: a window of {weight.shape[2:]} elements, {tuple(extent)} with its dilation, "
            f"does not fit into x of shape {x.shape}, {n} with its padding: pad x, or take a smaller kernel"
        )
    return convolution(x, weight, bias, stride=stride, padding=pairs, dilation=dilation, groups=groups)


def conv_transpose1d(
    x: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Any:
    """The transpose of `conv1d`, like `conv_transpose2d` with one spatial axis.

    x: (n, channels, length), weight: (channels, filters/groups, k), bias: (filters,) or None.

    >>> conv_transpose1d(np.array([[[1.0, 2.0]]]), np.ones((1, 1, 3)), stride=2)
    array([[[1., 1., 3., 2., 2.]]])
    """
    return conv_transpose(1, x, weight, bias, stride, padding, output_padding, groups, dilation)


def conv_transpose2d(
    x: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Any:
    """y[n, f, i + k, j + l] = bias[f] + Σ weight[c, f, k, l] x[n, c, i, j]: each x, spread over a window.

    The matrix of this linear map is the transpose of the matrix of `conv2d` with the same weight and
    options.  x: (n, channels, height, width), or one image without n; weight: (channels,
    filters/groups, k, l); bias: (filters,) or None.  Returns (n, filters, m, ...), m = (height - 1)
    stride - 2 padding + dilation (k - 1) + 1 + output_padding.

    output_padding: with a stride, inputs of several lengths have convolutions of the same length;
    this says how much longer than the shortest of them the result is; it is less than the stride.

    Raises autograd.errors.ShapeError for shapes that do not fit together, ArgumentError for options
    that do not.

    Source: Zeiler et al., Deconvolutional Networks (2010), section 2.

    >>> conv_transpose2d(np.ones((1, 1, 2, 2)), np.ones((1, 1, 2, 2)))
    array([[[[1., 2., 1.],
             [2., 4., 2.],
             [1., 2., 1.]]]])
    """
    return conv_transpose(2, x, weight, bias, stride, padding, output_padding, groups, dilation)


def conv_transpose(
    k: int,
    x: Any,
    weight: Any,
    bias: Any,
    stride: Any,
    padding: Any,
    output_padding: Any,
    groups: int,
    dilation: Any,
) -> Any:
    """The transposed convolution over k spatial axes."""
    name = f"conv_transpose{k}d"
    x = x if hasattr(x, "ndim") else np.asarray(x)
    if x.ndim == k + 1:
        options = stride, padding, output_padding, groups, dilation
        return conv_transpose(k, x.reshape(1, *x.shape), weight, bias, *options)[0]
    stride, dilation = numbers(name, "stride", stride, k, 1), numbers(name, "dilation", dilation, k, 1)
    before, extra = (
        numbers(name, "padding", padding, k, 0),
        numbers(name, "output_padding", output_padding, k, 0),
    )
    if any(e >= s for e, s in zip(extra, stride, strict=True)):
        raise ArgumentError(f"{name}: output_padding={extra} must be less than stride={stride}")
    weight = of_floats(weight)
    check(name, x, weight, bias, k, groups, len(weight), weight.shape[1] * groups)
    shape = tuple(
        (n - 1) * s - 2 * p + d * (m - 1) + 1 + e
        for n, s, p, d, m, e in zip(
            x.shape[2:], stride, before, dilation, weight.shape[2:], extra, strict=True
        )
    )
    if min(*shape, *x.shape[2:]) < 1:
        raise ShapeError(
            f"{name}: x of shape {x.shape} with padding={before} gives {shape}; neither may be empty"
        )
    geometry = {"stride": stride, "padding": tuple((p, p) for p in before), "dilation": dilation}
    y = transposed_convolution(x, weight, shape=shape, groups=groups, **geometry)
    return y if bias is None else y + bias.reshape(-1, *(1,) * k)


def of_floats(weight: Any) -> Any:
    """The weight; integers as floats, since sums of small integers, such as pixels, would wrap around."""
    weight = weight if hasattr(weight, "ndim") else np.asarray(weight)
    return weight.astype(float) if weight.dtype.kind in "biu" else weight
