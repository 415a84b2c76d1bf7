"""Which tensor is a view of which, and the order of arrays in memory.

Whether NumPy returns a copy or a view depends on the order of the elements in memory.  So a write reaches
the same arrays as in NumPy only if each array has the same memory order as in NumPy.
"""

from __future__ import annotations

from typing import Any
from weakref import ref

import numpy as np
from numpy.lib.array_utils import byte_bounds

from .ops import Function, Op
from .tensor import Tensor


def note_view(view: Tensor, base: Tensor, op: Op, kwargs: dict[str, Any]) -> None:
    """Note in `view` that `op` made it from `base`, and in `base` that it has this view.

    Nothing is noted if NumPy copied after all.  `base` holds a weak reference, so it does not keep the view
    alive.
    """
    x, y = base.data, view.data
    if not isinstance(x, np.ndarray) or not (y is x or np.may_share_memory(x, y)):
        return  # a number, or a copy
    view._base = base, op, kwargs
    views = getattr(base, "_views", None)
    if views is None:
        base._views = [ref(view)]
        return
    if len(views) & (len(views) - 1) == 0:  # whenever the number has doubled, drop the dead references
        views[:] = [v for v in views if v() is not None]
    views.append(ref(view))


def base_of(view: Tensor) -> tuple[Tensor, Op, dict[str, Any]] | None:
    """The tensor that `view` is a view of, and the operation and options that made it; None for no view."""
    return getattr(view, "_base", None)


def root(tensor: Tensor) -> Tensor:
    """The tensor at the root of a chain of views; `tensor` itself if it is not a view."""
    while (link := base_of(tensor)) is not None:
        tensor = link[0]
    return tensor


def is_in(tensor: Tensor, args: Any) -> bool:
    """Whether `tensor` is one of the arguments, or one of them is a view of it."""
    if type(args) is Tensor:
        return args is tensor or root(args) is tensor
    return type(args) in (list, tuple) and any(is_in(tensor, a) for a in args)


# The order of elements in memory


def empty_like(like: Any) -> Any:
    """A new array with the shape, dtype and strides of another one.

    >>> empty_like(np.ones((3, 4))[:, ::-2].T).strides
    (-16, 32)
    """
    low, high = byte_bounds(like)
    start = like.__array_interface__["data"][0] - low
    return np.ndarray(like.shape, like.dtype, np.empty(high - low, np.uint8), start, like.strides)


def laid_out(data: Any, like: Any) -> Any:
    """The elements of `data` in an array with the strides of `like`; `data` itself if it has them."""
    if data.strides == like.strides or data.dtype != like.dtype:
        return data
    if not (data.size and data.flags.writeable and like.flags.writeable):  # nobody can write to it
        return data
    array = empty_like(like)
    array[...] = data
    return array


def settled(result: Any, function: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The result of a composition, with its arrays in the memory order that NumPy's function gives them.

    A view of an argument stays a view; nothing else is one.  NumPy's function is called only if some array
    is not in order C, and never if an argument is a function, because that must be called only once.
    """
    given = (*args, *kwargs.values())
    own = [t for t in leaves_of(result) if is_array(t) and not is_in(root(t), given)]
    for t in own:
        if base_of(t) is not None:
            del t._base
    plain = all(map(is_plain, own)) and all(map(in_order, given)) and function.__name__ not in REORDERING
    if own and not plain and not any(map(callable, given)):
        with np.errstate(all="ignore"):
            model = function(*map(copied, args), **{name: copied(value) for name, value in kwargs.items()})
        ours = set(map(id, own))
        for t, like in zip(leaves_of(result), leaves_of(model), strict=True):
            if id(t) in ours:
                t.data = laid_out(t.data, like) if isinstance(like, np.ndarray) else t.data[()]
    return result


# They lay out what they return by the axes that they transform, one after the other.  (By name, as NumPy
# loads its transforms only when they are used.)
REORDERING = {"rfft2", "rfftn", "irfft2", "irfftn"}


def is_array(value: Any) -> bool:
    """Whether a value is a tensor that holds an array, not a NumPy scalar."""
    return type(value) is Tensor and type(value.data) is np.ndarray


def is_plain(tensor: Tensor) -> bool:
    """Whether the array of a tensor has axes and is in order C."""
    return tensor.data.ndim > 0 and bool(tensor.data.flags.c_contiguous)


def in_order(value: Any) -> bool:
    """Whether all arrays in a value are in order C."""
    if type(value) in (list, tuple):
        return all(map(in_order, value))
    data = value.data if type(value) is Tensor else value
    return type(data) is not np.ndarray or bool(data.flags.c_contiguous)


def copied(value: Any) -> Any:
    """A value with copies of the tensors and arrays in it, as arrays, to which np.median, say, may write.

    The elements of a copy lie in memory as the elements of the original do, with the same gaps: NumPy lays
    out some results by its arguments' strides, which a plain copy does not keep.
    """
    if type(value) in (list, tuple):
        return type(value)(map(copied, value))
    data = value.data if type(value) is Tensor else value
    if type(data) is not np.ndarray:
        return data
    first, end = byte_bounds(data)
    start = data.__array_interface__["data"][0] - first
    array = np.ndarray(data.shape, data.dtype, np.empty(end - first, np.uint8), start, data.strides)
    array[...] = data
    return array


def leaves_of(result: Any) -> list[Any]:
    """The items of a result, without the lists and tuples around them."""
    if isinstance(result, list | tuple):
        return [leaf for part in result for leaf in leaves_of(part)]
    return [result]
