"""Functions that expressions call and NumPy has no name for: indexing, and functions of sequences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .expressions import Expr, Shape


class Hole:
    """The place of an array in an index that is frozen."""

    def __repr__(self) -> str:
        return "HOLE"


HOLE = Hole()


def frozen(index: list[Any]) -> tuple[Any, ...]:
    """An index that can be compared, with tuples for slices and a hole for each array."""
    while len(index) > 1 and index[-1] == slice(None):
        index = index[:-1]
    return tuple(
        HOLE if isinstance(i, Expr) else ("slice", i.start, i.stop, i.step) if isinstance(i, slice) else i
        for i in index
    )


def thawed(index: tuple[Any, ...], arrays: tuple[Any, ...]) -> tuple[Any, ...]:
    """A frozen index with arrays in its holes, as NumPy takes it."""
    rest = iter(arrays)
    return tuple(next(rest) if i is HOLE else slice(*i[1:]) if isinstance(i, tuple) else i for i in index)


def take(a: Any, *arrays: Any, index: tuple[Any, ...]) -> Any:
    """The part of an array at an index: the function that expressions call."""
    return a[thawed(index, arrays)]


def scatter(v: Any, *arrays: Any, index: tuple[Any, ...], shape: Shape) -> Any:
    """Zeros, to which `v` is added at an index: the transpose of `take`."""
    result = np.zeros(shape)
    np.add.at(result, thawed(index, arrays), v)
    return result


def eye(labels: Any, n: int) -> Any:
    """One-hot rows for labels."""
    return np.eye(n)[labels]


def np_einsum(*operands: Any, subscripts: str) -> Any:
    """`np.einsum` with the subscripts as an option."""
    return np.einsum(subscripts, *operands)


SEQUENCES: dict[Any, Callable[..., Any]] = {}  # for a function of a sequence, the same of single arrays
ONE_BY_ONE: dict[Any, Callable[..., Any]] = {}  # and back


def sequence(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of a sequence of arrays, as a function of the arrays one by one."""
    if function not in SEQUENCES:

        def spread(*arrays: Any, **options: Any) -> Any:
            """The function of the sequence of its arguments."""
            return function(arrays, **options)

        spread.__name__ = function.__name__
        SEQUENCES[function], ONE_BY_ONE[spread] = spread, function
    return SEQUENCES[function]


def index_of(part: Any, whole: Any) -> list[Any] | None:
    """The index of numbers and slices by which one array is a part of another; None if it is no such part."""
    if not (part.base is not None and part.size and np.may_share_memory(part, whole)):
        return None
    if min(whole.strides, default=0) <= 0 or whole.shape == part.shape:
        return None
    offset = part.__array_interface__["data"][0] - whole.__array_interface__["data"][0]
    starts = []
    for step, n in sorted(zip(whole.strides, range(whole.ndim), strict=True), reverse=True):
        starts.append((n, offset // step))
        offset %= step
    if offset:
        return None
    begin, rest = dict(starts), list(zip(part.shape, part.strides, strict=True))
    index: list[Any] = []
    for axis in range(whole.ndim):
        if rest and rest[0][1] == whole.strides[axis] and whole.ndim - axis >= len(rest):
            n = rest.pop(0)[0]
            full = n == whole.shape[axis]
            index.append(slice(None) if full else slice(int(begin[axis]), int(begin[axis]) + n))
        else:
            index.append(int(begin[axis]))
    valid = not rest and whole[tuple(index)].shape == part.shape and np.array_equal(whole[tuple(index)], part)
    return index if valid else None
