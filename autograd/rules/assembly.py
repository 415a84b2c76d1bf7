"""Functions that split and join arrays, composed of simpler functions.

A composition takes NumPy's arguments and returns a list, a tuple or an array, as NumPy does.
"""

import operator
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from ..bases import note_view
from ..ops import Function, Op, compose, row
from ..record import apply, joined
from ..tensor import Tensor
from .versions import has


def along(axis: int, index: Any) -> tuple[Any, ...]:
    """The index that selects `index` on one axis, counted from 0, and everything on the other axes."""
    return (slice(None),) * axis + (index,)


def positive(axis: Any, a: Any) -> int:
    """`axis` as a number from 0 on.  Raises AxisError if `a` has no such axis."""
    return int(np.lib.array_utils.normalize_axis_index(axis, np.ndim(a)))


# Joining


@compose(np.hstack)
def hstack(tup: Sequence[Any], *, dtype: None = None, casting: str = "same_kind") -> Any:
    arrays = [np.atleast_1d(a) for a in map(joined, tup)]
    return np.concatenate(arrays, axis=0 if arrays[0].ndim == 1 else 1)


@compose(np.vstack)
def vstack(tup: Sequence[Any], *, dtype: None = None, casting: str = "same_kind") -> Any:
    return np.concatenate([np.atleast_2d(a) for a in map(joined, tup)], axis=0)


@compose(np.dstack)
def dstack(tup: Sequence[Any]) -> Any:
    return np.concatenate([np.atleast_3d(a) for a in map(joined, tup)], axis=2)


@compose(np.column_stack)
def column_stack(tup: Sequence[Any]) -> Any:
    return np.concatenate([a if np.ndim(a) > 1 else np.reshape(a, (-1, 1)) for a in map(joined, tup)], axis=1)


@compose(np.append)
def append(arr: Any, values: Any, axis: Any = None) -> Any:
    arr, values = joined(arr), joined(values)
    if axis is None:
        arr, values, axis = np.ravel(arr), np.ravel(values), 0
    return np.concatenate([arr, values], axis=axis)


def array_of(a: Any) -> Any:
    """`a`, or of a number an array, which can be written to, as what NumPy's np.asanyarray makes of it."""
    return np.copy(a) if isinstance(a.data if type(a) is Tensor else a, np.generic) else a


def depth(arrays: Any) -> int:
    """How deep lists are nested."""
    return 1 + max(map(depth, arrays)) if isinstance(arrays, list) else 0


def with_axes(a: Any, n: int) -> Any:
    """`a` with at least `n` axes; new axes come first."""
    return np.reshape(a, (1,) * max(n - np.ndim(a), 0) + np.shape(a))


@compose(np.block)
def block(arrays: Any) -> Any:
    """The innermost lists joined along the last axis, the lists around them along the axis before it, ..."""

    def rank(part: Any) -> int:
        return max(map(rank, part)) if isinstance(part, list) else np.ndim(part)

    n = max(depth(arrays), rank(arrays))

    def in_place(part: Any, axis: int) -> Any:
        if not isinstance(part, list):
            return with_axes(array_of(part), n)
        return np.concatenate([in_place(p, axis + 1) for p in part], axis=axis)

    return in_place(arrays, n - depth(arrays))


@compose(np.insert)
def insert(arr: Any, obj: Any, values: Any, axis: Any = None) -> Any:
    """`arr` and the values joined, then put into the order that `np.insert` gives to their positions."""
    if axis is None:
        arr, axis = np.ravel(arr), 0
    axis = positive(axis, arr)
    values, n = with_axes(joined(values), arr.ndim), arr.shape[axis]
    if np.ndim(obj) == 0 and not isinstance(obj, slice):  # NumPy then takes the values' first axis as `axis`
        values = np.moveaxis(values, 0, axis)
        order = np.insert(np.arange(n), obj, n + np.arange(values.shape[axis]))
    else:
        order = np.insert(np.arange(n), obj, -1)
        order = np.insert(np.arange(n), obj, n + np.arange(len(order) - n))
    new = (*arr.shape[:axis], len(order) - n, *arr.shape[axis + 1 :])
    return np.concatenate([arr, np.broadcast_to(values, new).astype(arr.dtype)], axis=axis)[
        along(axis, order)
    ]


@compose(np.kron)
def kron(a: Any, b: Any) -> Any:
    """The blocks a[i, j] b, for any number of axes."""
    n = max(np.ndim(a), np.ndim(b))
    a, b = with_axes(a, n), with_axes(b, n)
    rows = np.expand_dims(a, tuple(range(1, 2 * n, 2))) * np.expand_dims(b, tuple(range(0, 2 * n, 2)))
    return rows.reshape([k * m for k, m in zip(a.shape, b.shape, strict=True)])


# Taking apart


def pieces(a: Any, bounds: Sequence[int], axis: int) -> tuple[Any, ...]:
    """The pieces of `a` between each bound and the next, along an axis.

    >>> pieces(np.arange(5), [0, 2, 5], axis=0)
    (array([0, 1]), array([2, 3, 4]))
    """
    return tuple(a[along(axis, slice(start, stop))] for start, stop in pairwise(bounds))


def pieces_rule(g: Any, y: Any, a: Any, bounds: Sequence[int], axis: int) -> Any:
    """The cotangents of all pieces joined: one rule for all pieces, however many there are."""
    return np.concatenate(list(g), axis=axis)


PIECES = Op(pieces)
PIECES.rules, PIECES.several = (pieces_rule,), True


def parts(a: Any, axis: int, of_numbers: Sequence[Any]) -> list[Any]:
    """The parts of `a` along an axis, given the parts of its positions as NumPy split them."""
    bounds = [0, *np.cumsum([len(p) for p in of_numbers]).tolist()]
    if np.array_equal(np.concatenate(of_numbers), np.arange(a.shape[axis])):
        pieces = list(apply(PIECES, (a,), {"bounds": bounds, "axis": axis}))
        for piece, (start, stop) in zip(pieces, pairwise(bounds), strict=True):
            note_view(piece, a, row(operator.getitem), {"index": along(axis, slice(start, stop))})
        return pieces
    cuts = [slice(int(p[0]), int(p[-1]) + 1) if len(p) else slice(0, 0) for p in of_numbers]
    return [a[along(axis, cut)] for cut in cuts]


@compose(np.array_split)
def array_split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    axis = positive(axis, ary)
    return parts(ary, axis, np.array_split(np.arange(ary.shape[axis]), indices_or_sections))


@compose(np.split)
def split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    axis = positive(axis, ary)
    return parts(ary, axis, np.split(np.arange(ary.shape[axis]), indices_or_sections))


def split_along(function: Function, axis: int) -> None:
    """`np.split` along the axis that the function always splits."""

    def composition(ary: Any, indices_or_sections: Any) -> Any:
        function(np.broadcast_to(0, ary.shape), indices_or_sections)  # raises what NumPy raises
        return np.split(ary, indices_or_sections, axis=min(axis, ary.ndim - 1))

    compose(function)(composition)


split_along(np.hsplit, 1)
split_along(np.vsplit, 0)
split_along(np.dsplit, 2)


def unstack(x: Any, /, *, axis: int = 0) -> tuple[Any, ...]:
    return tuple(np.moveaxis(x, axis, 0))


if has("unstack"):
    compose(np.unstack)(unstack)


@compose(np.delete)
def delete(arr: Any, obj: Any, axis: Any = None) -> Any:
    arr, axis = (np.ravel(arr), 0) if axis is None else (arr, positive(axis, arr))
    return arr[along(axis, np.delete(np.arange(arr.shape[axis]), obj))]
