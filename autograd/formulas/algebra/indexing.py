"""Functions that expressions call and NumPy has no name for: indexing, and functions of sequences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .expressions import Expr, Shape


class Hole:
    """Where in an index an array stands."""

    def __repr__(self) -> str:
        return "HOLE"


HOLE = Hole()


def frozen(index: list[Any]) -> tuple[Any, ...]:
    """An index that can be compared: slices as tuples, a hole for each array."""
    while len(index) > 1 and index[-1] == slice(None):
        index = index[:-1]
    return tuple(
        HOLE if isinstance(i, Expr) else ("slice", i.start, i.stop, i.step) if isinstance(i, slice) else i
        for i in index
    )


def thawed(index: tuple[Any, ...], arrays: tuple[Any, ...]) -> tuple[Any, ...]:
    rest = iter(arrays)
    return tuple(next(rest) if i is HOLE else slice(*i[1:]) if isinstance(i, tuple) else i for i in index)


def take(a: Any, *arrays: Any, index: tuple[Any, ...]) -> Any:
    return a[thawed(index, arrays)]


def scatter(v: Any, *arrays: Any, index: tuple[Any, ...], shape: Shape) -> Any:
    result = np.zeros(shape)
    np.add.at(result, thawed(index, arrays), v)
    return result


def eye(labels: Any, n: int) -> Any:
    return np.eye(n)[labels]


def np_einsum(*operands: Any, subscripts: str) -> Any:
    return np.einsum(subscripts, *operands)


SEQUENCES: dict[Any, Callable[..., Any]] = {}  # by function: the same, taking arrays one by one
ONE_BY_ONE: dict[Any, Callable[..., Any]] = {}  # and back


def sequence(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of a sequence of arrays, taking them one by one."""
    if function not in SEQUENCES:

        def spread(*arrays: Any, **options: Any) -> Any:
            return function(arrays, **options)

        spread.__name__ = function.__name__
        SEQUENCES[function], ONE_BY_ONE[spread] = spread, function
    return SEQUENCES[function]


def index_of(part: Any, whole: Any) -> list[Any] | None:
    """The index by which NumPy made one array of another, of numbers and slices; None if it did not."""
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
