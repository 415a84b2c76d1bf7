"""NumPy's functions that write into an array, as the assignments to a Tensor that they are.

The assignment is recorded, and the views of the Tensor know of it; so do `t[index] = values`.
"""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import NoRuleError
from ..ops import Function, compose, row
from ..record import plain
from ..refusals import full_name
from ..tensor import Tensor
from .calculus import arr


def writes(function: Function) -> Callable[[Function], Function]:
    """A decorator that makes a function which assigns to a Tensor stand for NumPy's, which writes.

    Into an array NumPy writes itself, unless a Tensor would leave its history behind: then NoRuleError is
    raised.
    """

    def register(assign: Function) -> Function:
        @compose(function)
        @functools.wraps(assign)
        def write(a: Any, *args: Any, **kwargs: Any) -> None:
            if isinstance(a, Tensor):
                assign(a, *args, **kwargs)
                return
            try:
                args, kwargs = plain(row(function), args), plain(row(function), kwargs)
            except NoRuleError:
                raise NoRuleError(
                    f"{full_name(function)} would write a Tensor into an array, which leaves its history "
                    "behind: make the array a tensor, t = Tensor(array), and use t[index] = values; for "
                    "np.full_like(a, t) there is np.broadcast_to(t, a.shape)"
                ) from None
            function(a, *args, **kwargs)

        return write

    return register


@writes(np.copyto)
def copyto(dst: Any, src: Any, casting: str = "same_kind", where: Any = True) -> None:
    """dst[where] = src, broadcast to the shape of dst."""
    if where is True:
        dst[...] = src
    else:
        chosen = np.broadcast_to(np.asarray(arr(where)), dst.shape)
        dst[chosen] = np.broadcast_to(src, dst.shape)[chosen]


@writes(np.put)
def put(a: Any, ind: Any, v: Any, mode: str = "raise") -> None:
    """a.flat[ind] = v, where v is repeated as often as is needed."""
    places = np.asarray(arr(ind)).ravel()
    if mode != "raise":
        places = places % a.size if mode == "wrap" else np.clip(places, 0, a.size - 1)
    if places.size:
        counted = np.where(places < 0, places + a.size, places)
        a[np.unravel_index(counted, a.shape)] = np.resize(v, places.shape)


@writes(np.putmask)
def putmask(a: Any, mask: Any, values: Any) -> None:
    """a[mask] = values[mask], where the values are repeated to the size of a."""
    chosen = np.asarray(arr(mask), bool).reshape(a.shape)
    a[chosen] = np.resize(values, a.shape)[chosen]


@writes(np.place)
def place(a: Any, mask: Any, vals: Any) -> None:
    """a[mask] = vals, the first of them, repeated as often as is needed."""
    chosen = np.asarray(mask, bool).reshape(a.shape)
    a[chosen] = np.resize(vals, int(chosen.sum()))


@writes(np.put_along_axis)
def put_along_axis(a: Any, indices: Any, values: Any, axis: int | None) -> None:
    """a[..., indices, ...] = values, with the indices along one axis."""
    where = np.asarray(indices)
    if axis is None:
        put(a, where, values)
        return
    places: list[Any] = list(np.ogrid[tuple(map(slice, a.shape))])
    places[axis] = where
    a[tuple(places)] = values


@writes(np.fill_diagonal)
def fill_diagonal(a: Any, val: Any, wrap: bool = False) -> None:
    """a[i, i, ...] = val, where val is repeated as often as is needed."""
    if a.ndim < 2 or (a.ndim > 2 and len(set(a.shape)) > 1):
        np.fill_diagonal(a.data, arr(val))  # NumPy's own error
    step = a.shape[1] + 1 if a.ndim == 2 else 1 + int(np.sum(np.cumprod(a.shape[:-1])))
    end = a.shape[1] ** 2 if a.ndim == 2 and not wrap else a.size
    put(a, np.arange(0, min(end, a.size), step), val)
