"""Windows that slide over an array, recognised in what NumPy's `sliding_window_view` is recorded as.

It is recorded as a look-up by a large array of whole numbers, and its gradient is scattered by them.  But
the numbers follow the axes, and so they say which windows they are.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..algebra.expressions import Expr, Shape, add, call, options
from ..algebra.indexing import frozen, scatter, take


@dataclass(frozen=True, slots=True)
class Windows:
    """Places in a flat array that grow by a step along each axis."""

    shape: Shape
    steps: tuple[int, ...]

    def axes_in(self, shape: Shape) -> list[int] | None:
        """For each axis of the windows, the axis of an array of this shape along which it runs, or None."""
        lengths = [int(np.prod(shape[i + 1 :])) for i in range(len(shape))]
        found: list[int] = []
        for step in self.steps:
            axis = next((i for i, n in enumerate(lengths) if n == step and found.count(i) < 2 and
                         (i not in found or len(found) >= len(shape))), None)  # fmt: skip
            if axis is None:
                return None
            found.append(axis)
        return found if found[: len(shape)] == list(range(len(shape))) else None


def windows_of(index: Any) -> Windows | None:
    """The windows whose places an array holds; None if it holds other places."""
    if index.ndim < 2 or index.flat[0] != 0 or min(index.shape) < 1:
        return None
    ends = [np.take(index, 1, axis=i).flat[0] if n > 1 else 0 for i, n in enumerate(index.shape)]
    grid = np.zeros(index.shape, int)
    for i, step in enumerate(ends):
        places = np.arange(index.shape[i]) * step
        grid = grid + places.reshape([-1 if k == i else 1 for k in range(index.ndim)])
    return Windows(index.shape, tuple(map(int, ends))) if np.array_equal(grid, index) else None


def sliding(x: Any, sizes: tuple[int, ...], axis: tuple[int, ...]) -> Any:
    """The windows of an array: the function that expressions call."""
    return np.lib.stride_tricks.sliding_window_view(x, sizes, axis)


def looked_up(x: Expr, windows: Windows) -> Expr | None:
    """The windows of an array."""
    axes = windows.axes_in(x.shape)
    if axes is None:
        return None
    n = len(x.shape)
    return call(sliding, (x,), windows.shape, sizes=windows.shape[n:], axis=tuple(axes[n:]))


def placed(v: Expr, windows: Windows, size: Shape) -> Expr:
    """The gradient of a flat array by its windows; `unfolded` gives it the shape of the array itself."""
    return call(flat_sum, (v,), size, windows=windows)


def flat_sum(v: Any, windows: Windows) -> Any:
    """The gradient of a flat array by its windows, which is never computed in this form."""
    raise NotImplementedError  # it is always reshaped, and then `unfolded`


def unfolded(e: Expr, shape: Shape) -> Expr | None:
    """The gradient of an array by its windows: a sum over all places in a window."""
    windows, v = options(e)["windows"], e.args[0]
    axes = windows.axes_in(shape)
    if axes is None:
        return None
    return add(*(one for one in parts(v, windows, axes, shape)))


def parts(v: Expr, windows: Windows, axes: list[int], shape: Shape) -> Iterator[Expr]:
    """For each place in a window, the gradients of all elements that were in this place."""
    n = len(shape)
    for offsets in itertools.product(*(range(k) for k in windows.shape[n:])):
        there: list[Any] = [slice(None)] * n
        for axis, offset in zip(axes[n:], offsets, strict=True):
            there[axis] = slice(offset, offset + windows.shape[axis])
        here = [slice(None)] * n + list(offsets)
        taken = call(take, (v,), windows.shape[:n], index=frozen(here))
        yield call(scatter, (taken,), shape, index=frozen(there), shape=shape)
