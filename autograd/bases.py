"""Which tensor is a view of which, and how the arrays of tensors lie in memory, as NumPy's do.

Whether NumPy copies an array or returns a view of it depends on the order of its elements in memory.  So a
write reaches what it reaches in NumPy only if each array has the order that it has there.
"""

from __future__ import annotations

from typing import Any
from weakref import ref

import numpy as np
from numpy.lib.array_utils import byte_bounds

from .ops import Function, Op
from .tensor import Tensor


def note_view(view: Tensor, base: Tensor, op: Op, kwargs: dict[str, Any]) -> None:
    """Let a tensor whose array is NumPy's view of another's know whose, and how it came from it.

    The base knows its views weakly, so that they die as ever.
    """
    x, y = base.data, view.data
    if type(x) is not np.ndarray or not (y is x or np.may_share_memory(x, y)):
        return  # a number, or NumPy copied after all
    view._base = base, op, kwargs
    views = getattr(base, "_views", None)
    if views is None:
        base._views = [ref(view)]
        return
    if len(views) & (len(views) - 1) == 0:  # as often as their number doubles, forget those that are gone
        views[:] = [v for v in views if v() is not None]
    views.append(ref(view))


def base_of(view: Tensor) -> tuple[Tensor, Op, dict[str, Any]] | None:
    """What a tensor is a view of, by which operation and options; None if it is no view."""
    return getattr(view, "_base", None)


def root(tensor: Tensor) -> Tensor:
    """The tensor that `tensor` is a view of, or a view of a view; itself, if it is none."""
    while (link := base_of(tensor)) is not None:
        tensor = link[0]
    return tensor


def is_in(tensor: Tensor, args: Any) -> bool:
    """Whether a tensor is among some arguments, or one of them a view of it."""
    if type(args) is Tensor:
        return args is tensor or root(args) is tensor
    return type(args) in (list, tuple) and any(is_in(tensor, a) for a in args)


# The order of elements in memory


def empty_like(like: Any) -> Any:
    """A new array, where elements are as far apart in memory as in another one.

    >>> empty_like(np.ones((3, 4))[:, ::-2].T).strides
    (-16, 32)
    """
    low, high = byte_bounds(like)
    start = like.__array_interface__["data"][0] - low
    return np.ndarray(like.shape, like.dtype, np.empty(high - low, np.uint8), start, like.strides)


def laid_out(data: Any, like: Any) -> Any:
    """The elements of an array, as far apart in memory as those of another one; itself, if they are."""
    if data.strides == like.strides or data.dtype != like.dtype:
        return data
    if not (data.size and data.flags.writeable and like.flags.writeable):  # no write depends on it
        return data
    array = empty_like(like)
    array[...] = data
    return array


def settled(result: Any, function: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What a composition returns, with its arrays laid out as NumPy's function has them.

    What is a view of an argument stays one; nothing else is a view.  NumPy is asked only where some array
    is not in order C, and not if the user has given a function, which is called once.
    """
    given = (*args, *kwargs.values())
    own = [t for t in leaves_of(result) if is_array(t) and not is_in(root(t), given)]
    for t in own:
        if base_of(t) is not None:
            del t._base
    if own and not (all(map(is_plain, own)) and all(map(in_order, given))) and not any(map(callable, given)):
        with np.errstate(all="ignore"):
            model = function(*map(copied, args), **{name: copied(value) for name, value in kwargs.items()})
        ours = set(map(id, own))
        for t, like in zip(leaves_of(result), leaves_of(model), strict=True):
            if id(t) in ours:
                t.data = laid_out(t.data, like) if isinstance(like, np.ndarray) else t.data[()]
    return result


def is_array(value: Any) -> bool:
    """Whether a value is a tensor with an array, and not with a number."""
    return type(value) is Tensor and type(value.data) is np.ndarray


def is_plain(tensor: Tensor) -> bool:
    """Whether an array has axes, and its elements lie in order C."""
    return tensor.data.ndim > 0 and bool(tensor.data.flags.c_contiguous)


def in_order(value: Any) -> bool:
    """Whether all arrays among arguments are in order C."""
    if type(value) in (list, tuple):
        return all(map(in_order, value))
    data = value.data if type(value) is Tensor else value
    return type(data) is not np.ndarray or bool(data.flags.c_contiguous)


def copied(value: Any) -> Any:
    """A value with arrays for the tensors in it, which a function may write to, as np.median does if told."""
    if type(value) in (list, tuple):
        return type(value)(map(copied, value))
    data = value.data if type(value) is Tensor else value
    if type(data) is not np.ndarray:
        return data
    array = empty_like(data)
    array[...] = data
    return array


def leaves_of(result: Any) -> list[Any]:
    """What a result is made of, without the lists and tuples around it."""
    if isinstance(result, list | tuple):
        return [leaf for part in result for leaf in leaves_of(part)]
    return [result]
