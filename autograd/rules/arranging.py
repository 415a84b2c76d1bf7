"""Functions that move, repeat and surround the elements of an array, written in terms of simpler ones."""

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from ..errors import NoRuleError
from ..functions import flatten, put, scatter
from ..ops import Function, compose, rule
from ..record import joined
from ..tensor import Tensor
from .assembly import along, array_of, positive, with_axes

# Axes and broadcasting


def at_least(function: Function, *indices: Any) -> None:
    """New axes where NumPy puts them: the i-th index adds them to an array of i axes."""

    def one(a: Any) -> Any:
        a = joined(a)
        a = array_of(a) if type(a) is Tensor else np.asarray(a)
        if a.ndim == 0:
            return np.reshape(a, function(0).shape)
        return a[indices[a.ndim]] if a.ndim < len(indices) else a[...]

    compose(function)(lambda *arys: one(arys[0]) if len(arys) == 1 else tuple(map(one, arys)))


at_least(np.atleast_1d)
at_least(np.atleast_2d, ..., (None, ...))
at_least(np.atleast_3d, ..., (None, ..., None), (..., None))


@compose(np.broadcast_arrays)
def broadcast_arrays(*args: Any, subok: bool = False) -> tuple[Any, ...]:
    shape = np.broadcast_shapes(*map(np.shape, args))
    return tuple(array_of(a) if np.shape(a) == shape else np.broadcast_to(a, shape) for a in args)


@compose(np.meshgrid)
def meshgrid(*xi: Any, copy: bool = True, sparse: bool = False, indexing: str = "xy") -> tuple[Any, ...]:
    """Each array along an axis of its own, broadcast over the other axes; 'xy' swaps the first two axes."""
    if indexing not in ("xy", "ij"):
        raise ValueError("Valid values for `indexing` are 'xy' and 'ij'.")
    axes = list(range(len(xi)))
    if indexing == "xy" and len(xi) > 1:
        axes[:2] = 1, 0
    grids = tuple(
        np.reshape(x, [-1 if i == at else 1 for i in range(len(xi))]) for x, at in zip(xi, axes, strict=True)
    )
    grids = grids if sparse else np.broadcast_arrays(*grids)
    return tuple(np.copy(grid, order="C") for grid in grids) if copy else grids


@compose(np.rollaxis)
def rollaxis(a: Any, axis: int, start: int = 0) -> Any:
    """`axis` moved to where `start` was, counted before it is taken out."""
    axis = positive(axis, a)
    start += a.ndim * (start < 0)
    return np.moveaxis(a, axis, start - (axis < start))


@compose(np.rot90)
def rot90(m: Any, k: int = 1, axes: Any = (0, 1)) -> Any:
    """k quarter turns: one turn swaps the axes and flips one of them, two turns flip both axes."""
    if k % 4 % 2 == 0:
        return np.flip(m, axes if k % 4 else ())
    return np.flip(np.swapaxes(m, *axes), axes[0 if k % 4 == 1 else 1])


@compose(np.flipud)
def flipud(m: Any) -> Any:
    return np.flip(m, 0)


@compose(np.fliplr)
def fliplr(m: Any) -> Any:
    return np.flip(m, 1)


# Repeating


def picked(a: Any, choose: Function) -> Any:
    """`choose(a)`, for a function that only repeats, drops and moves elements.

    The function is called on the positions of the elements: its result says where each element comes from.
    """
    return a.reshape(-1)[choose(np.arange(a.size).reshape(a.shape))]


def chosen(function: Function) -> Function:
    """The rule of such a function: each element of g is added at the position that the output took."""

    def back(g: Any, y: Any, a: Any, **options: Any) -> Any:
        numbers = function(np.arange(a.size).reshape(a.shape), **options)
        return scatter(g, index=numbers, shape=(a.size,)).reshape(a.shape)

    return back


rule(sliding_window_view, chosen(sliding_window_view), view=True)


@compose(np.tile)
def tile(A: Any, reps: Any) -> Any:  # noqa: N803  (NumPy's name)
    """A broadcast along a new axis before each axis of A, and a reshape that merges the two."""
    reps = (reps,) if np.ndim(reps) == 0 else tuple(reps)
    A = with_axes(A, len(reps))  # noqa: N806
    reps = (1,) * (A.ndim - len(reps)) + reps
    wide = [k for pair in zip(reps, A.shape, strict=True) for k in pair]
    copies = np.broadcast_to(np.expand_dims(A, tuple(range(0, 2 * A.ndim, 2))), wide)
    return flatten(copies).reshape([k * n for k, n in zip(reps, A.shape, strict=True)])


@compose(np.repeat)
def repeat(a: Any, repeats: Any, axis: Any = None) -> Any:
    """Each element `repeats` times: broadcast along a new axis behind `axis`, which is merged with it."""
    a, axis = (np.ravel(a), 0) if axis is None or not a.ndim else (a, positive(axis, a))
    n = a.shape[axis]
    if np.ndim(repeats):
        return a[along(axis, np.repeat(np.arange(n), repeats))]
    before, after = a.shape[:axis], a.shape[axis + 1 :]
    copies = np.broadcast_to(np.expand_dims(a, axis + 1), (*before, n, repeats, *after))
    return flatten(copies).reshape(*before, n * repeats, *after)


@compose(np.resize)
def resize(a: Any, new_shape: Any) -> Any:
    return picked(a, lambda numbers: np.resize(numbers, new_shape))


@compose(np.pad)
def pad(array: Any, pad_width: Any, mode: Any = "constant", **kwargs: Any) -> Any:
    """The elements with constants around them, or with repeated elements, by the mode.

    Raises NoRuleError for the modes that compute new numbers from the elements.
    """
    if not array.ndim:
        return np.copy(array)  # which has no side to surround it on
    if mode == "constant":
        around = np.pad(np.ones((1,) * array.ndim, bool), pad_width)  # pad one element to see where it goes
        index = tuple(
            slice(k, k + n) for k, n in zip(np.argwhere(around)[0].tolist(), array.shape, strict=True)
        )
        if not kwargs:
            shape = tuple(k + n - 1 for k, n in zip(around.shape, array.shape, strict=True))
            return scatter(array, index=index, shape=shape)
        return put(np.pad(np.zeros_like(array.data), pad_width, **kwargs), array, index=index)
    if mode not in ("edge", "reflect", "symmetric", "wrap") or kwargs.get("reflect_type") == "odd":
        raise NoRuleError(
            f"np.pad(mode={mode!r}) with {kwargs or 'no options'} has no derivative here: "
            "use the modes constant, edge, reflect, symmetric or wrap, or np.concatenate"
        )
    return picked(array, lambda numbers: np.pad(numbers, pad_width, mode, **kwargs))


# Diagonals


rule(np.diagonal, chosen(np.diagonal), view=True)


@compose(np.trace)
def trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None) -> Any:
    return np.sum(np.diagonal(a, offset, axis1, axis2), axis=-1, dtype=dtype)


@compose(np.diag)
def diag(v: Any, k: int = 0) -> Any:
    """The diagonal of a matrix, or the matrix with the diagonal v."""
    if v.ndim == 2:
        return np.diagonal(v, k)
    i, n = np.arange(v.size), v.size + abs(k)
    return scatter(v, index=(i + max(-k, 0), i + max(k, 0)), shape=(n, n))


@compose(np.diagflat)
def diagflat(v: Any, k: int = 0) -> Any:
    return np.diag(np.ravel(v), k)


@compose(np.astype)
def astype(x: Any, dtype: Any, /, *, copy: bool = True) -> Any:
    return x.astype(dtype, copy=copy)
