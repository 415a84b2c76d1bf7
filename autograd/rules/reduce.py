"""Derivatives of the reductions and scans: `g` is spread back over the axes that were reduced.

Equal elements at the extreme share the gradient of `max` and `min` equally.  If the result is NaN, the
gradient of every element in that reduction is NaN.  The gradient of `std` is 0 where all elements are equal.
"""

from typing import Any

import numpy as np

from ..functions import conj, divided, in_dtype_of, kept, spread, summing
from ..ops import Function, compose, rule
from .versions import has


def sum_call(a: Any, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> Any:
    """What `np.sum` comes to for an array, called without its wrapper."""
    return np.add.reduce(a, axis, dtype, None, keepdims)  # type: ignore[call-overload]


def mean_call(a: Any, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> Any:
    """The mean: for floats as a sum and a division, which is what `np.mean` does, without its wrapper."""
    if a.dtype.kind != "f" or dtype is not None or not a.size or not a.ndim or a.dtype == np.float16:
        return np.mean(a, axis=axis, dtype=dtype, keepdims=keepdims)
    total = np.add.reduce(a, axis, None, None, keepdims)  # type: ignore[call-overload]
    return total / (a.size / total.size)


def mean_rule(g: Any, y: Any, a: Any, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> Any:
    """g / n, spread over the n elements of each mean."""
    return spread(divided(g, max(a.size, 1) / max(y.size, 1)), a, axis)


def extreme_rule(g: Any, y: Any, a: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """g in equal parts for the elements at the extreme; NaN for all elements if the extreme is NaN."""
    shape = kept(a.shape, axis)
    return parted(g.reshape(shape), a == y.reshape(shape), axis)


def nan_extreme_rule(g: Any, y: Any, a: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """g in equal parts for the elements at the extreme; 0 for the others, NaNs among them."""
    shape = kept(a.shape, axis)
    return parted(g.reshape(shape), a == y.reshape(shape), axis, none=1)


def parted(g: Any, at: Any, axis: Any, none: float = np.nan) -> Any:
    """g in equal parts for the elements marked in `at`; if none is marked, NaN for all, or 0 with none=1."""
    count = np.sum(at, axis=axis, keepdims=True)
    return divided(g, np.where(count, count, none)) * at


def prod_rule(g: Any, y: Any, a: Any, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> Any:
    """g times the product of all other elements, which is y / a if no element is 0."""
    shape, a = kept(a.shape, axis), multiplied(a, y)
    if np.all(a != 0):
        return g.reshape(shape) * y.reshape(shape) / a
    stay = [i for i, n in enumerate(shape) if n == a.shape[i]]
    order = stay + [i for i, n in enumerate(shape) if n != a.shape[i]]
    rows = np.transpose(a, order).reshape(*(shape[i] for i in stay), -1)
    others = products_of_others(rows).reshape([a.shape[i] for i in order])
    return g.reshape(shape) * np.transpose(others, np.argsort(order))


def multiplied(a: Any, y: Any) -> Any:
    """The numbers whose product is y: only the real parts of a complex `a` if y is real, by its dtype."""
    return np.real(a) if a.dtype.kind == "c" and y.dtype.kind != "c" else a


def products_of_others(a: Any) -> Any:
    """For each element, the product of all other elements along the last axis."""
    ones = np.ones_like(a[..., :1])
    before = np.cumprod(np.concatenate([ones, a[..., :-1]], axis=-1), axis=-1)
    after = np.cumprod(np.concatenate([ones, a[..., :0:-1]], axis=-1), axis=-1)[..., ::-1]
    return before * after


def cumprod_rule(g: Any, y: Any, a: Any, axis: Any = None, dtype: Any = None) -> Any:
    """The sum over i >= k of g[i] y[i] / a[k]; if an element is 0, the same without a division."""
    if axis is None or not a.ndim:
        return cumprod_rule(g, y, a.reshape(-1), axis=0).reshape(a.shape)
    a = multiplied(a, y)
    if np.all(a != 0):
        return backward_cumsum(g * y, axis) / a
    g, y, a = (np.moveaxis(t, axis, 0) for t in (g, y, a))
    arriving = [g[-1]]  # the whole cotangent of the k-th product: r[k] = g[k] + a[k+1] r[k+1]
    for k in range(len(a) - 2, -1, -1):
        arriving.append(g[k] + a[k + 1] * arriving[-1])
    before = np.concatenate([np.ones_like(y[:1]), y[:-1]])
    return np.moveaxis(np.stack(arriving[::-1]) * before, 0, axis)


def backward_cumsum(g: Any, axis: int) -> Any:
    """The cumulative sum of `g` from the end."""
    return in_dtype_of(g, np.flip(np.cumsum(np.flip(g, axis), axis=axis, dtype=summing(g)), axis))


def cumsum_rule(g: Any, y: Any, a: Any, axis: Any = None, dtype: Any = None) -> Any:
    """The sum of g[i] over i >= k."""
    return backward_cumsum(g, 0 if axis is None else axis).reshape(a.shape)


def centred(a: Any, axis: Any) -> Any:
    """The conjugate of `a` - mean, because |a|² is a a*; for real numbers, `a` - mean itself."""
    return conj(a - np.mean(a, axis=axis, keepdims=True))


def var_rule(
    g: Any, y: Any, a: Any, axis: Any = None, ddof: Any = 0, keepdims: bool = False, correction: Any = 0
) -> Any:
    """2 g (a - mean) / (n - ddof), where n elements were reduced to one; `correction` is added to ddof."""
    part = divided(2 * g, freedom(a, y, ddof + correction))
    return part.reshape(kept(a.shape, axis)) * centred(a, axis)


def freedom(a: Any, y: Any, ddof: Any) -> float:
    """n - ddof, where n elements were reduced to one.  If it is not positive, NaN, so the gradient is NaN."""
    n = a.size // max(y.size, 1) - ddof
    return n if n > 0 else np.nan


def std_rule(
    g: Any, y: Any, a: Any, axis: Any = None, ddof: Any = 0, keepdims: bool = False, correction: Any = 0
) -> Any:
    """g (a - mean) / ((n - ddof) y); 0 where all elements are equal, even if rounding makes y not quite 0."""
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
    """func(... func(a, axes[0]) ..., axes[n]), with removed axes put back."""
    for axis in np.atleast_1d(axes).tolist():
        axis %= max(a.ndim, 1)
        result = func(a, axis)
        a = result if result.ndim == a.ndim else np.expand_dims(result, axis)
    return a


# cumulative_sum and cumulative_prod, which can begin with an empty sum or product


def with_start(scan: Function, start: float) -> Function:
    """`scan`, with `start` before the first element if include_initial=True."""

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
