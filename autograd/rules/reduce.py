"""Derivatives of the reductions and scans: `g` is spread back over the axes that were reduced.

Ties share the gradient of `max` and `min` equally.  The gradient of `std` is 0 where all is equal.
"""

from typing import Any

import numpy as np

from ..functions import kept, spread
from ..ops import rule


def sum_call(a: Any, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> Any:
    return np.add.reduce(a, axis, dtype, None, keepdims)


def mean_call(a: Any, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> Any:
    if a.dtype.kind != "f" or dtype is not None or not a.size or a.dtype == np.float16:
        return np.mean(a, axis=axis, dtype=dtype, keepdims=keepdims)
    total = np.add.reduce(a, axis, None, None, keepdims)
    return total / (a.size / total.size)


def extreme_rule(g: Any, y: Any, a: Any, axis: Any = None, keepdims: bool = False) -> Any:
    shape = kept(a.shape, axis)
    at = a == y.reshape(shape)
    return g.reshape(shape) * at / np.sum(at, axis=axis, keepdims=True, dtype=g.dtype)


def prod_rule(g: Any, y: Any, a: Any, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> Any:
    """g times the product of all other elements; by division where no element is 0."""
    shape = kept(a.shape, axis)
    if np.all(a != 0):
        return g.reshape(shape) * y.reshape(shape) / a
    axes = [i for i, n in enumerate(shape) if n != a.shape[i]]
    others = [i for i in range(a.ndim) if i not in axes]
    rows = np.transpose(a, others + axes).reshape(*(a.shape[i] for i in others), -1)
    back = np.transpose(products_of_others(rows).reshape([a.shape[i] for i in others + axes]), np.argsort(others + axes))
    return g.reshape(shape) * back


def products_of_others(a: Any) -> Any:
    """For each element, the product of all others along the last axis."""
    ones = np.ones_like(a[..., :1])
    before = np.cumprod(np.concatenate([ones, a[..., :-1]], axis=-1), axis=-1)
    after = np.cumprod(np.concatenate([ones, a[..., :0:-1]], axis=-1), axis=-1)[..., ::-1]
    return before * after


def cumprod_rule(g: Any, y: Any, a: Any, axis: Any = None, dtype: Any = None) -> Any:
    """Sum over i >= k of g[i] y[i] / a[k]; where an element is 0, by the recurrence below."""
    if axis is None:
        return cumprod_rule(g, y, a.reshape(-1), axis=0).reshape(a.shape)
    if np.all(a != 0):
        return backward_cumsum(g * y, axis) / a
    g, y, a = (np.moveaxis(t, axis, 0) for t in (g, y, a))
    arriving = [g[-1]]  # r[k] = g[k] + a[k+1] r[k+1]: what reaches the k-th product from all later ones
    for k in range(len(a) - 2, -1, -1):
        arriving.append(g[k] + a[k + 1] * arriving[-1])
    before = np.concatenate([np.ones_like(y[:1]), y[:-1]])
    return np.moveaxis(np.stack(arriving[::-1]) * before, 0, axis)


def backward_cumsum(g: Any, axis: int) -> Any:
    """The cumulative sum from the end."""
    return np.flip(np.cumsum(np.flip(g, axis), axis=axis), axis)


def cumsum_rule(g: Any, y: Any, a: Any, axis: Any = None, dtype: Any = None) -> Any:
    return backward_cumsum(g, 0 if axis is None else axis).reshape(a.shape)


def centred(a: Any, axis: Any) -> Any:
    """`a` less its mean."""
    return a - np.mean(a, axis=axis, keepdims=True)


def var_rule(g: Any, y: Any, a: Any, axis: Any = None, ddof: Any = 0, keepdims: bool = False) -> Any:
    n = a.size // max(y.size, 1)
    return g.reshape(kept(a.shape, axis)) * centred(a, axis) * (2 / (n - ddof))


def std_rule(g: Any, y: Any, a: Any, axis: Any = None, ddof: Any = 0, keepdims: bool = False) -> Any:
    n = a.size // max(y.size, 1)
    return (g / (y + (y == 0)) / (n - ddof)).reshape(kept(a.shape, axis)) * centred(a, axis)


# fmt: off
rule(np.sum,     lambda g, y, a, axis=None, dtype=None, keepdims=False: spread(g, a, axis), call=sum_call)
rule(np.mean,    lambda g, y, a, axis=None, dtype=None, keepdims=False: spread(g * (y.size / a.size), a, axis), call=mean_call)
rule(np.max,     extreme_rule)
rule(np.min,     extreme_rule)
rule(np.amax,    extreme_rule)
rule(np.amin,    extreme_rule)
rule(np.prod,    prod_rule)
rule(np.var,     var_rule)
rule(np.std,     std_rule)
rule(np.cumsum,  cumsum_rule)
rule(np.cumprod, cumprod_rule)
# fmt: on
