"""Windows that slide over an array: what NumPy's `sliding_window_view` is recorded as, recognised again.

It is recorded as a look-up by a large array of whole numbers, and goes back as a scattering by it.  But
the numbers follow the axes, and so say which windows they are.
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
        """For each axis of the windows the axis of an array of `shape` that it runs along."""
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
    """The windows that an array of places makes; None if it is another look-up."""
    if index.ndim < 2 or index.flat[0] != 0 or min(index.shape) < 1:
        return None
    ends = [np.take(index, 1, axis=i).flat[0] if n > 1 else 0 for i, n in enumerate(index.shape)]
    grid = np.zeros(index.shape, int)
    for i, step in enumerate(ends):
        places = np.arange(index.shape[i]) * step
        grid = grid + places.reshape([-1 if k == i else 1 for k in range(index.ndim)])
    return Windows(index.shape, tuple(map(int, ends))) if np.array_equal(grid, index) else None


def sliding(x: Any, sizes: tuple[int, ...], axis: tuple[int, ...]) -> Any:
    return np.lib.stride_tricks.sliding_window_view(x, sizes, axis)


def looked_up(x: Expr, windows: Windows) -> Expr | None:
    """The windows of an array."""
    axes = windows.axes_in(x.shape)
    if axes is None:
        return None
    n = len(x.shape)
    return call(sliding, (x,), windows.shape, sizes=windows.shape[n:], axis=tuple(axes[n:]))


def placed(v: Expr, windows: Windows, size: Shape) -> Expr:
    """What goes back to a flat array through its windows; `unfolded` says where in the array itself."""
    return call(flat_sum, (v,), size, windows=windows)


def flat_sum(v: Any, windows: Windows) -> Any:
    raise NotImplementedError  # it is always reshaped, and then `unfolded`


def unfolded(e: Expr, shape: Shape) -> Expr | None:
    """The sum over all places in a window of what goes back from there."""
    windows, v = options(e)["windows"], e.args[0]
    axes = windows.axes_in(shape)
    if axes is None:
        return None
    return add(*(one for one in parts(v, windows, axes, shape)))


def parts(v: Expr, windows: Windows, axes: list[int], shape: Shape) -> Iterator[Expr]:
    n = len(shape)
    for offsets in itertools.product(*(range(k) for k in windows.shape[n:])):
        there: list[Any] = [slice(None)] * n
        for axis, offset in zip(axes[n:], offsets, strict=True):
            there[axis] = slice(offset, offset + windows.shape[axis])
        here = [slice(None)] * n + list(offsets)
        taken = call(take, (v,), windows.shape[:n], index=frozen(here))
        yield call(scatter, (taken,), shape, index=frozen(there), shape=shape)
