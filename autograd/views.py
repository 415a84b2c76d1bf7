"""Writing through views: a write to `m[0]` also writes to `m` and to the other views of `m`, as in NumPy.

Results that were computed from a Tensor keep the old values, because a write gives the tensor a new array
and a new node.  So the tensor that was viewed gets a new array too, with the written part replaced, and
then all of its views are made again.

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
    """Give `tensor` the values of `result`, and update the tensors it is a view of, and all their views.

    Each array keeps its order in memory, because whether NumPy can make a view depends on that order.
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
    """Give `tensor` the node and the values of `result`, in the memory order that `tensor` had."""
    data = result.data
    if isinstance(tensor.data, np.ndarray):
        data = laid_out(data if isinstance(data, np.ndarray) else np.asarray(data), tensor.data)
    tensor.data = data
    tensor.node = result.node


def remake_views(path: list[Tensor]) -> None:
    """Make all views of the first tensor on the path again, except those on the path, which are right."""
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
    """`base`, with `view` written to the part that it is a view of.

    For other functions than indexing, `op` is called on the positions of the elements: its result says
    where each element of the view comes from.
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
    """Whether `value` is already the view `tensor[index]`, as in the last step of `t[i] += 1`."""
    link = base_of(value) if type(value) is Tensor else None
    if link is None or link[0] is not tensor or link[1].function is not operator.getitem:
        return False
    return same_index(link[2]["index"], index)


def same_index(one: Any, other: Any) -> bool:
    """Whether two indices are the same; False if they contain arrays or lists."""
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(same_index, one, other))
    return type(one) is type(other) and not isinstance(one, np.ndarray | list) and bool(one == other)
