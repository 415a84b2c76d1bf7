"""Writing through views: what is written to `m[0]` is written to `m`, and to other views of it, as in NumPy.

A Tensor is never changed under those who computed with it: writing gives it a new array and a new node.
So the write goes up to the tensor that was viewed, which gets a new array too, with the part exchanged;
and from there down again to all of its views, which are made anew.

>>> m = Tensor(np.zeros((2, 2)))
>>> row, corner = m[0], m[:1, :1]
>>> row[0] = 5
>>> m.tolist(), corner.tolist()
([[5.0, 0.0], [0.0, 0.0]], [[5.0]])
"""

from __future__ import annotations

import operator
from itertools import pairwise
from typing import Any

import numpy as np

from .bases import base_of, laid_out
from .ops import Op, row
from .record import apply
from .tensor import Tensor


def write(tensor: Tensor, result: Tensor) -> None:
    """Give `tensor` what `result` holds, and what it is a view of, and all other views of that.

    Whether NumPy can make a view depends on the order of an array in memory, so each keeps its own.
    """
    replace(tensor, result)
    path = [tensor]
    while (link := base_of(path[-1])) is not None:
        base, op, kwargs = link
        replace(base, with_part(base, path[-1], op, kwargs))
        path.append(base)
    path.reverse()
    for base, view in pairwise(path):
        view.data = view._base[1].call(base.data, **view._base[2])
    remake_views(path)


def replace(tensor: Tensor, result: Tensor) -> None:
    """Give `tensor` the array and the node of another one, the array in the order of the old one."""
    is_array = isinstance(tensor.data, np.ndarray)
    tensor.data = laid_out(np.asarray(result.data), tensor.data) if is_array else result.data
    tensor.node = result.node


def remake_views(path: list[Tensor]) -> None:
    """Make all views of the first tensor anew, and views of views, but those on the path, which are right."""
    right, waiting = set(map(id, path)), path[:1]
    while waiting:
        base = waiting.pop()
        for view in [view for view in (known() for known in getattr(base, "_views", ())) if view is not None]:
            if id(view) not in right:
                _, op, kwargs = view._base
                fresh = apply(op, (base,), kwargs)
                view.data, view.node = fresh.data, fresh.node
            waiting.append(view)


def with_part(base: Tensor, view: Tensor, op: Op, kwargs: dict[str, Any]) -> Any:
    """`base` with `view` in the place that it is a view of.

    A function that only moves elements says by their numbers where each one came from.
    """
    if op.function is operator.getitem:
        return apply(row(operator.setitem), (base, view), kwargs)
    if base.dtype.kind == "c" and op.function in (np.real, np.imag):
        parts = (view, np.imag(base)) if op.function is np.real else (np.real(base), view)
        return apply(row(complex), parts, {})
    numbers = op.call(np.arange(base.size).reshape(base.shape), **kwargs)
    index = np.unravel_index(numbers, base.shape) if base.ndim else (None,) * numbers.ndim
    return apply(row(operator.setitem), (base, view), {"index": index})


def is_in_place(tensor: Tensor, index: Any, value: Any) -> bool:
    """Whether `value` is what `tensor` holds at `index` already, as at the end of `t[i] += 1`."""
    link = base_of(value) if type(value) is Tensor else None
    if link is None or link[0] is not tensor or link[1].function is not operator.getitem:
        return False
    return same_index(link[2]["index"], index)


def same_index(one: Any, other: Any) -> bool:
    """Whether two basic indices are the same."""
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(same_index, one, other))
    return type(one) is type(other) and not isinstance(one, np.ndarray | list) and bool(one == other)
