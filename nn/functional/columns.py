"""The three products of a convolution as products of matrices: each is the derivative of the others.

A convolution arranges the windows of x as columns of a matrix, and multiplies the weight by it, for a
few images at a time.  It is bilinear, and so are both of its derivatives.  Take the sum
L = Σ y[n, f, p] w[f, c, q] x[n, c, p + q] over all n, f, c, positions p and offsets q.  The convolution
of x and w is dL/dy, the transposed convolution of y and w is dL/dx, and the correlation of x and y
is dL/dw.  So the rules of each of the three are the other two, to any order.

The functions here take arguments that have been checked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from autograd import Tensor, fold, op, windows

from .affine import ones
from .geometry import Pairs, around

__all__ = ["convolution", "correlation", "transposed_convolution"]

BLOCK = 2**19  # numbers: a block of columns of this size is still in the cache when it is multiplied


def taken(n: int, matrix: Sequence[int]) -> tuple[int, list[slice]]:
    """The number of images per block, of n images with such a matrix of columns each, and the blocks."""
    count = min(n, max(1, BLOCK // max(prod(matrix), 1)))
    return count, [slice(start, min(start + count, n)) for start in range(0, n, max(count, 1))]


def inside(places: Sequence[int], padding: Pairs) -> Any:
    """The index of the part without padding."""
    return (..., *(slice(before, before + n) for n, (before, _) in zip(places, padding, strict=True)))


Memory = dict[Any, Any] | None  # arrays to work in, by what for: a compiled step has them again in the next


def to_work_in(memory: Memory, what: str, make: Callable[[], Any]) -> Any:
    """The array that a call before has worked in, if it left one; else a new one."""
    if memory is None:
        return make()
    if what not in memory:
        memory[what] = make()
    return memory[what]


def columns_of(
    x: Any, size: Sequence[int], stride: Any, padding: Pairs, dilation: Any, groups: int, memory: Memory
) -> Iterator[tuple[slice, Any]]:
    """The images of x, a few at a time: their slice, and their windows as columns of matrices.

    The matrices are (images, groups, channels/groups · window, positions), in memory that is reused.
    """
    n, channels, *places = x.shape
    if any(map(any, padding)):
        wide = np.zeros((n, channels, *around(places, padding)), x.dtype)
        wide[inside(places, padding)] = x
        x = wide
    found = windows(x, size, stride, dilation)
    matrix = groups, channels // groups * prod(size), prod(found.shape[2 + len(size) :])
    count, blocks = taken(n, matrix)
    room = to_work_in(memory, "columns", lambda: np.empty((count, *found.shape[1:]), x.dtype))
    for images in blocks:
        columns = room[: images.stop - images.start]
        columns[...] = found[images]
        yield images, columns.reshape(-1, *matrix)


def convolution_by_x(g: Any, y: Any, x: Any, weight: Any, bias: Any = None, **geometry: Any) -> Any:
    """Each dy is spread over the window that it was computed from: the transposed convolution."""
    return transposed_convolution(g, weight, shape=x.shape[2:], **geometry)


def convolution_by_weight(g: Any, y: Any, x: Any, weight: Any, bias: Any = None, **geometry: Any) -> Any:
    """For each offset, the products of x there with dy, summed: their correlation."""
    return correlation(x, g, size=weight.shape[2:], **geometry)


def convolution_by_bias(g: Any, y: Any, x: Any, weight: Any, bias: Any = None, **geometry: Any) -> Any:
    """The sum over all images and positions; for arrays as a product, which takes a third of the time."""
    places = g.reshape(*g.shape[:2], prod(g.shape[2:]))
    if type(g) is Tensor:
        return places.sum(axis=(0, 2))
    return np.matmul(places, ones(places.shape[2], g.dtype)).sum(axis=0)


@op(rules=[convolution_by_x, convolution_by_weight, convolution_by_bias])
def convolution(
    x: Any,
    weight: Any,
    bias: Any = None,
    *,
    stride: Any,
    padding: Pairs,
    dilation: Any,
    groups: int,
    memory: Memory = None,
) -> Any:
    """dL/dy: the weight times the columns of x."""
    filters, _, *size = weight.shape
    extent = around(x.shape[2:], padding)
    m = [(n - d * (k - 1) - 1) // s + 1 for n, k, s, d in zip(extent, size, stride, dilation, strict=True)]
    matrix = weight.reshape(groups, filters // groups, prod(weight.shape[1:]))
    dtype = np.result_type(x, weight, *([] if bias is None else [bias]))
    y = np.empty((len(x), groups, filters // groups, prod(m)), dtype)
    for images, columns in columns_of(x, size, stride, padding, dilation, groups, memory):
        np.matmul(matrix, columns, out=y[images])
        if bias is not None:
            y[images] += bias.reshape(groups, -1, 1)
    return y.reshape(len(x), filters, *m)


def transposed_by_h(g: Any, y: Any, h: Any, weight: Any, *, shape: Any, **geometry: Any) -> Any:
    """The transpose of the transpose: the convolution."""
    return convolution(g, weight, **geometry)


def transposed_by_weight(g: Any, y: Any, h: Any, weight: Any, *, shape: Any, **geometry: Any) -> Any:
    """As for the convolution, with the two images in each other's roles."""
    return correlation(g, h, size=weight.shape[2:], **geometry)


@op(rules=[transposed_by_h, transposed_by_weight])
def transposed_convolution(
    h: Any,
    weight: Any,
    *,
    shape: Any,
    stride: Any,
    padding: Pairs,
    dilation: Any,
    groups: int,
    memory: Memory = None,
) -> Any:
    """dL/dx: the transposed weight times h, as columns that are added at their positions in `shape`."""
    filters, channels, *size = weight.shape
    matrix = weight.reshape(groups, filters // groups, channels * prod(size)).mT
    x = np.empty((len(h), groups * channels, *shape), np.result_type(h, weight))
    if max(stride) > 1:
        add_by_folding(x, matrix, h, size, padding, dilation, stride)
    else:
        add_by_skewing(x, matrix, h, size, padding, dilation, memory)
    return x


def add_by_folding(
    x: Any, matrix: Any, h: Any, size: Sequence[int], padding: Pairs, dilation: Any, stride: Any
) -> None:
    """Fill x with the columns `matrix @ h`, folded, a few images at a time."""
    n, _, *m = h.shape
    groups, rows, filters = matrix.shape
    extent = around(x.shape[2:], padding)
    h = h.reshape(n, groups, filters, prod(m))
    for images in taken(n, (groups, rows, prod(m)))[1]:
        columns = np.matmul(matrix, h[images]).reshape(-1, x.shape[1], *size, *m)
        wide = fold(columns, (*columns.shape[:2], *extent), stride, dilation)
        x[images] = wide[inside(x.shape[2:], padding)]


def add_by_skewing(
    x: Any, matrix: Any, h: Any, size: Sequence[int], padding: Pairs, dilation: Any, memory: Memory
) -> None:
    """Fill x in half the time if the windows are at every position, by one sum for all offsets.

    h is surrounded by zeros, so that its positions are numbered like the positions of the sums.  (A weight
    that is not finite gives NaN with these zeros.)
    """
    n, _, *m = h.shape
    groups, rows, filters = matrix.shape
    extent = around(x.shape[2:], padding)
    count, blocks = taken(n, (groups, rows, prod(extent)))
    wide = to_work_in(memory, "wide", lambda: np.zeros((count, groups * filters, *extent), h.dtype))
    skew = (count, x.shape[1], *size, *extent), dilation, x.dtype
    columns, terms = to_work_in(memory, "columns and terms", lambda: skewed(*skew))
    columns = columns.reshape(count, groups, rows, prod(extent))
    last = np.ravel_multi_index([a - 1 for a in m], extent) + 1  # the end of h: zeros follow
    axes, padded = tuple(range(2, 2 + len(size))), any(map(any, padding))
    for images in blocks:
        k = images.stop - images.start
        wide[(slice(k), slice(None), *map(slice, m))] = h[images]
        flat = wide[:k].reshape(k, groups, filters, prod(extent))
        np.matmul(matrix, flat[..., :last], out=columns[:k, ..., :last])
        sums = terms[:k].sum(axis=axes, out=None if padded else x[images])
        if padded:
            x[images] = sums[inside(x.shape[2:], padding)]


def skewed(shape: Sequence[int], dilation: Sequence[int], dtype: Any) -> tuple[Any, Any]:
    """Memory for columns, (n, channels, *size, *extent), and a view whose sums over `size` fold the columns.

    For each offset, the sum at a position takes the element at position - offset.  These elements lie at
    regular distances even where position - offset is negative: there they are zeros, because the row
    before ends with as many zeros as an offset can reach back, and as many precede the first row.
    """
    k = len(dilation)
    size, extent = shape[2 : 2 + k], shape[2 + k :]
    offsets = [d * prod(extent[axis + 1 :]) for axis, d in enumerate(dilation)]
    reach = sum(offset * (m - 1) for offset, m in zip(offsets, size, strict=True))
    columns = np.zeros(reach + prod(shape), dtype)[reach:].reshape(shape)
    back = [0, 0, *(offset * columns.itemsize for offset in offsets), *(0,) * k]
    strides = [s - b for s, b in zip(columns.strides, back, strict=True)]
    return columns, as_strided(columns, shape, strides, writeable=False)


def correlation_by_x(g: Any, y: Any, x: Any, h: Any, *, size: Any, **geometry: Any) -> Any:
    """g stands for a weight, by which h is spread over the windows."""
    return transposed_convolution(h, g, shape=x.shape[2:], **geometry)


def correlation_by_h(g: Any, y: Any, x: Any, h: Any, *, size: Any, **geometry: Any) -> Any:
    """g stands for a weight, with which x is convolved."""
    return convolution(x, g, **geometry)


@op(rules=[correlation_by_x, correlation_by_h])
def correlation(
    x: Any,
    h: Any,
    *,
    size: Any,
    stride: Any,
    padding: Pairs,
    dilation: Any,
    groups: int,
    memory: Memory = None,
) -> Any:
    """dL/dw, for windows of this size: the columns of x times the transposed h, summed over all images."""
    n, filters, *m = h.shape
    h = h.reshape(n, groups, filters // groups, prod(m))
    channels = x.shape[1] // groups
    w = np.zeros((groups, channels * prod(size), filters // groups), np.result_type(x, h))
    for images, columns in columns_of(x, size, stride, padding, dilation, groups, memory):
        w += np.matmul(columns, h[images].mT).sum(axis=0)  # a sixth faster in this order
    return w.mT.reshape(filters, channels, *size)
