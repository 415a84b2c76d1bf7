"""Derivatives of the functions that rearrange elements: each rule undoes the rearrangement."""

from typing import Any

import numpy as np

from ..engine import unbroadcast
from ..errors import NoRuleError
from ..functions import flatten
from ..ops import Function, rule, rule_each


def as_before(g: Any, y: Any, a: Any, **_: Any) -> Any:
    """g in the shape of `a`, for functions that change only the shape."""
    return g.reshape(a.shape)


def reordered(g: Any, y: Any, a: Any, order: str = "C", **_: Any) -> Any:
    """g in the shape of `a`, for functions that read the elements row by row (C) or column by column (F)."""
    return g.reshape(a.shape, order=order)


def in_order(function: Function) -> Function:
    """`function`, which raises NoRuleError for an order that depends on the memory layout, as A and K do."""

    def call(a: Any, order: str = "C", **shape: Any) -> Any:
        if order not in ("C", "F"):
            name = f"{function.__name__}(order={order!r})"
            raise NoRuleError(f"{name} depends on the memory layout: give order='C' or order='F'")
        return function(a, order=order, **shape)

    return call


def transpose_rule(g: Any, y: Any, a: Any, axes: Any = None) -> Any:
    """g with its axes put back.  NumPy takes `axes` as a tuple, a list, an array or a number."""
    return np.transpose(g, None if axes is None else np.argsort(np.atleast_1d(axes) % max(a.ndim, 1)))


def concatenate_rule(g: Any, y: Any, i: int, *arrays: Any, axis: Any = 0) -> Any:
    """The part of g where arrays[i] was put."""
    if axis is None:
        start = sum(np.size(a) for a in arrays[:i])
        return g[start : start + arrays[i].size].reshape(arrays[i].shape)
    start = sum(a.shape[axis] for a in arrays[:i])
    return g[(slice(None),) * (axis % g.ndim) + (slice(start, start + arrays[i].shape[axis]),)]


# fmt: off
rule(np.reshape,      reordered, call=in_order(np.reshape), view=True)
rule(np.ravel,        reordered, call=in_order(np.ravel), view=True)
rule(np.squeeze,      as_before, view=True)
rule(np.expand_dims,  as_before, view=True)
rule(flatten,         reordered)
rule(np.copy,         lambda g, y, a, order="K": g)
rule(np.transpose,    transpose_rule, view=True)
rule(np.matrix_transpose, lambda g, y, x: np.matrix_transpose(g), view=True)
rule(np.swapaxes,     lambda g, y, a, axis1=0, axis2=1: np.swapaxes(g, axis1, axis2), view=True)
rule(np.moveaxis,     lambda g, y, a, source=0, destination=0: np.moveaxis(g, destination, source), view=True)
rule(np.roll,         lambda g, y, a, shift=0, axis=None: np.roll(g, np.negative(shift), axis))
rule(np.triu,         lambda g, y, m, k=0: np.triu(g, k))
rule(np.tril,         lambda g, y, m, k=0: np.tril(g, k))
rule(np.flip,         lambda g, y, m, axis=None: np.flip(g, axis), view=True)
rule(np.broadcast_to, lambda g, y, a, shape=None: unbroadcast(g, a.shape), view=True)
rule(np.full_like,    None, lambda g, y, a, fill_value, **_: g)
rule_each(np.concatenate, concatenate_rule)
rule_each(np.stack,       lambda g, y, i, *arrays, axis=0: np.moveaxis(g, axis, 0)[i])
# fmt: on
