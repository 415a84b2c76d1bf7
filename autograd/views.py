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
from typing import Any

import numpy as np

from .ops import Op, row
from .record import apply
from .tensor import Tensor


def root(tensor: Tensor) -> Tensor:
    """The tensor that `tensor` is a view of, or a view of a view; itself, if it is none."""
    while (link := getattr(tensor, "_base", None)) is not None:
        tensor = link[0]
    return tensor


def write_through(tensor: Tensor) -> None:
    """Bring what `tensor` is a view of, and all other views of that, to what `tensor` now holds."""
    current = {id(tensor)}
    while (link := getattr(tensor, "_base", None)) is not None:
        base, op, kwargs = link
        become(base, with_part(base, tensor, op, kwargs))
        tensor = base
        current.add(id(tensor))
    waiting = [tensor]
    while waiting:
        base = waiting.pop()
        for view in [v for v in (r() for r in getattr(base, "_views", ())) if v is not None]:
            if id(view) not in current:
                become(view, apply(view._base[1], (base,), view._base[2]))
            waiting.append(view)


def become(tensor: Tensor, other: Tensor) -> None:
    """Give `tensor` the array and the node of another, in its own dtype."""
    tensor.data, tensor.node = other.data, other.node


def with_part(base: Tensor, view: Tensor, op: Op, kwargs: dict[str, Any]) -> Any:
    """`base` with `view` in the place that it is a view of.

    The derivative of a mere rearrangement is the way back to the places that the elements came from.
    """
    if op.function is operator.getitem:
        return apply(row(operator.setitem), (base, view), kwargs)
    if base.dtype.kind == "c" and op.function in (np.real, np.imag):
        parts = (view, np.imag(base)) if op.function is np.real else (np.real(base), view)
        return apply(row(complex), parts, {})
    back: Any = op.rules[0]
    return back(view, view, base, **kwargs)


def is_in_place(tensor: Tensor, index: Any, value: Any) -> bool:
    """Whether `value` is what `tensor` holds at `index` already, as at the end of `t[i] += 1`."""
    link = getattr(value, "_base", None) if type(value) is Tensor else None
    if link is None or link[0] is not tensor or link[1].function is not operator.getitem:
        return False
    return same_index(link[2]["index"], index)


def same_index(one: Any, other: Any) -> bool:
    """Whether two basic indices are the same."""
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(same_index, one, other))
    return type(one) is type(other) and not isinstance(one, np.ndarray | list) and bool(one == other)
