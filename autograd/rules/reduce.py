"""Derivatives of the reductions and scans: `g` is spread back over the axes that were reduced.

Ties share the gradient of `max` and `min` equally; that of a NaN, which is the result of all elements
beside it, is NaN for all of them.  The gradient of `std` is 0 where all is equal.
"""

from typing import Any

import numpy as np

from ..functions import conj, divided, in_dtype_of, kept, spread, summing
from ..ops import Function, compose, rule
from .versions import has


def sum_call(a: Any, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> Any:
    return np.add.reduce(a, axis, dtype, None, keepdims)  # type: ignore[call-overload]


def mean_call(a: Any, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> Any:
    if a.dtype.kind != "f" or dtype is not None or not a.size or not a.ndim or a.dtype == np.float16:
        return np.mean(a, axis=axis, dtype=dtype, keepdims=keepdims)
    total = np.add.reduce(a, axis, None, None, keepdims)  # type: ignore[call-overload]
    return total / (a.size / total.size)


def mean_rule(g: Any, y: Any, a: Any, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> Any:
    """g / n, spread over the n elements of each mean."""
    return spread(divided(g, max(a.size, 1) / max(y.size, 1)), a, axis)


def extreme_rule(g: Any, y: Any, a: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """g in equal parts to all elements at the extreme; NaN to all, where that is NaN."""
    shape = kept(a.shape, axis)
    return parted(g.reshape(shape), a == y.reshape(shape), axis)


def nan_extreme_rule(g: Any, y: Any, a: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """g in equal parts to all elements at the extreme, which a NaN never is: it gets 0."""
    shape = kept(a.shape, axis)
    return parted(g.reshape(shape), a == y.reshape(shape), axis, none=1)


def parted(g: Any, at: Any, axis: Any, none: float = np.nan) -> Any:
    """g in equal parts to the elements along an axis that are meant; NaN to all, where none is."""
    count = np.sum(at, axis=axis, keepdims=True)
    return divided(g, np.where(count, count, none)) * at


def prod_rule(g: Any, y: Any, a: Any, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> Any:
    """g times the product of all other elements; by division where no element is 0."""
    shape, a = kept(a.shape, axis), multiplied(a, y)
    if np.all(a != 0):
        return g.reshape(shape) * y.reshape(shape) / a
    stay = [i for i, n in enumerate(shape) if n == a.shape[i]]
    order = stay + [i for i, n in enumerate(shape) if n != a.shape[i]]
    rows = np.transpose(a, order).reshape(*(shape[i] for i in stay), -1)
    others = products_of_others(rows).reshape([a.shape[i] for i in order])
    return g.reshape(shape) * np.transpose(others, np.argsort(order))


def multiplied(a: Any, y: Any) -> Any:
    """What was multiplied to make y: only the real part of a complex `a`, if a real dtype was asked for."""
    return np.real(a) if a.dtype.kind == "c" and y.dtype.kind != "c" else a


def products_of_others(a: Any) -> Any:
    """For each element, the product of all others along the last axis."""
    ones = np.ones_like(a[..., :1])
    before = np.cumprod(np.concatenate([ones, a[..., :-1]], axis=-1), axis=-1)
    after = np.cumprod(np.concatenate([ones, a[..., :0:-1]], axis=-1), axis=-1)[..., ::-1]
    return before * after


def cumprod_rule(g: Any, y: Any, a: Any, axis: Any = None, dtype: Any = None) -> Any:
    """Sum over i >= k of g[i] y[i] / a[k]; where an element is 0, by the recurrence below."""
    if axis is None or not a.ndim:
        return cumprod_rule(g, y, a.reshape(-1), axis=0).reshape(a.shape)
    a = multiplied(a, y)
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
    return in_dtype_of(g, np.flip(np.cumsum(np.flip(g, axis), axis=axis, dtype=summing(g)), axis))


def cumsum_rule(g: Any, y: Any, a: Any, axis: Any = None, dtype: Any = None) -> Any:
    """Sum over i >= k of g[i]."""
    return backward_cumsum(g, 0 if axis is None else axis).reshape(a.shape)


def centred(a: Any, axis: Any) -> Any:
    """`a` less its mean; of complex numbers, whose |a|² is a a*, the conjugate of that."""
    return conj(a - np.mean(a, axis=axis, keepdims=True))


def var_rule(
    g: Any, y: Any, a: Any, axis: Any = None, ddof: Any = 0, keepdims: bool = False, correction: Any = 0
) -> Any:
    """2 g (a - mean) / (n - ddof), for n elements that were reduced to one; a correction is a ddof."""
    part = divided(2 * g, freedom(a, y, ddof + correction))
    return part.reshape(kept(a.shape, axis)) * centred(a, axis)


def freedom(a: Any, y: Any, ddof: Any) -> float:
    """n - ddof, for n elements that were reduced to one; NaN, as the gradient, where NumPy divides by 0."""
    n = a.size // max(y.size, 1) - ddof
    return n if n > 0 else np.nan


def std_rule(
    g: Any, y: Any, a: Any, axis: Any = None, ddof: Any = 0, keepdims: bool = False, correction: Any = 0
) -> Any:
    """g (a - mean) / ((n - ddof) y); 0 where all is equal, even if y is not quite 0 for a rounded mean."""
    if not a.size:
        return np.zeros_like(a)
    shape = kept(a.shape, axis)
    equal = np.max(a, axis=axis, keepdims=True) == np.min(a, axis=axis, keepdims=True)
    flat = equal | (y.reshape(shape) == 0)
    part = divided(g, freedom(a, y, ddof + correction)).reshape(shape)
    return part / (y.reshape(shape) + flat) * (centred(a, axis) * ~flat)


# fmt: off
rule(np.sum,     lambda g, y, a, axis=None, dtype=None, keepdims=False: spread(g, a, axis), call=sum_call)
rule(np.mean,    mean_rule, call=mean_call)
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

# Over one axis after the other


@compose(np.apply_over_axes)
def apply_over_axes(func: Function, a: Any, axes: Any) -> Any:
    """func(... func(a, axes[0]) ..., axes[n]), with axes that are gone put back."""
    for axis in np.atleast_1d(axes).tolist():
        result = func(a, axis % a.ndim)
        a = result if result.ndim == a.ndim else np.expand_dims(result, axis % a.ndim)
    return a


# The scans by other names, which can begin with an empty sum or product


def with_start(scan: Function, start: float) -> Function:
    """The scan of an array with `start` before its first elements."""

    def composition(x: Any, /, *, axis: Any = None, dtype: Any = None, include_initial: bool = False) -> Any:
        if axis is None and x.ndim > 1:
            raise ValueError("For arrays which have more than one dimension ``axis`` argument is required.")
        y = scan(x, axis=axis or 0, dtype=dtype)
        if not include_initial:
            return y
        first = [1 if i == (axis or 0) % y.ndim else n for i, n in enumerate(y.shape)]
        return np.concatenate([np.full(first, start, y.dtype), y], axis=axis or 0)

    return composition


if has("cumulative_sum"):
    compose(np.cumulative_sum)(with_start(np.cumsum, 0))
    compose(np.cumulative_prod)(with_start(np.cumprod, 1))
