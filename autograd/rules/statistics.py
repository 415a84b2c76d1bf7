"""Reductions composed of others: without NaNs, by order (quantiles), and weighted."""

from typing import Any

import numpy as np

from ..errors import NoRuleError
from ..functions import divided, kept, squared_modulus, summing
from ..ops import compose, rule
from ..refusals import refuse_complex
from ..tensor import Tensor
from .choosing import raw
from .reduce import nan_extreme_rule

# Without NaNs. A neutral number replaces each NaN, whose gradient is 0, even where there is nothing but NaNs.

rule(np.nanmax, nan_extreme_rule)
rule(np.nanmin, nan_extreme_rule)


def has_no_gradient(a: Any) -> bool:
    """Whether `a` is empty or of integers: it has no gradient, and NumPy's own function is called."""
    return not a.size or a.dtype.kind not in "fc"


def without_nan(a: Any, value: float) -> Any:
    """`a` with `value` in place of each NaN."""
    return np.where(np.isnan(a), value, a)


def count(a: Any, axis: Any, keepdims: bool, like: Any) -> Any:
    """The number of elements that are not NaN, in the dtype of the floats `like` if that can count them."""
    dtype = summing(like) or (like.dtype if like.dtype.kind in "fc" else None)
    return np.sum(~np.isnan(raw(a)), axis=axis, keepdims=keepdims, dtype=dtype)


@compose(np.nansum)
def nansum(a: Any, axis: Any = None, dtype: Any = None, *, keepdims: bool = False) -> Any:
    return np.sum(without_nan(a, 0), axis=axis, dtype=dtype, keepdims=keepdims)


@compose(np.nanprod)
def nanprod(a: Any, axis: Any = None, dtype: Any = None, *, keepdims: bool = False) -> Any:
    return np.prod(without_nan(a, 1), axis=axis, dtype=dtype, keepdims=keepdims)


@compose(np.nancumsum)
def nancumsum(a: Any, axis: Any = None, dtype: Any = None) -> Any:
    return np.cumsum(without_nan(a, 0), axis=axis, dtype=dtype)


@compose(np.nancumprod)
def nancumprod(a: Any, axis: Any = None, dtype: Any = None) -> Any:
    return np.cumprod(without_nan(a, 1), axis=axis, dtype=dtype)


@compose(np.nanmean)
def nanmean(a: Any, axis: Any = None, dtype: Any = None, *, keepdims: bool = False) -> Any:
    """The sum of all that is no NaN, divided by its number."""
    total = np.nansum(a, axis=axis, dtype=dtype, keepdims=keepdims)
    return divided(total, count(a, axis, keepdims, like=a))


@compose(np.nanvar)
def nanvar(a: Any, axis: Any = None, *, ddof: Any = 0, keepdims: bool = False) -> Any:
    """The sum of |a - nanmean(a)|^2 over all that is no NaN, divided by its number less ddof."""
    centred = without_nan(a - np.nanmean(a, axis=axis, keepdims=True), 0)
    squares = squared_modulus(centred)
    n = count(a, axis, keepdims, like=squares) - ddof
    return divided(np.sum(squares, axis=axis, keepdims=keepdims), np.where(n > 0, n, np.nan))


@compose(np.nanstd)
def nanstd(a: Any, axis: Any = None, *, ddof: Any = 0, keepdims: bool = False) -> Any:
    """The square root of nanvar; its gradient is 0 where all elements are equal."""
    if has_no_gradient(a):
        return Tensor(np.nanstd(raw(a), axis=axis, ddof=ddof, keepdims=keepdims))
    variance = np.nanvar(a, axis=axis, ddof=ddof, keepdims=keepdims)
    flat = np.nanmax(raw(a), axis=axis, keepdims=keepdims) == np.nanmin(raw(a), axis=axis, keepdims=keepdims)
    return np.where(flat, 0, np.sqrt(np.where(flat, 1, variance)))


# By order. A quantile is interpolated in the sorted array, so equal elements share its gradient, as in sort.


def rows(a: Any, axis: Any) -> Any:
    """`a` with the axes of a reduction merged into one last axis."""
    gone = list(range(a.ndim)) if axis is None else [i % a.ndim for i in np.atleast_1d(axis).tolist()]
    stay = [i for i in range(a.ndim) if i not in gone]
    return np.transpose(a, stay + gone).reshape(*(a.shape[i] for i in stay), -1)


# The constants (a, b) of the methods that interpolate, by Hyndman and Fan, Sample Quantiles in Statistical
# Packages (1996), definitions 4 to 9; and how the other methods round the place that "linear" finds.
INTERPOLATING = {
    "interpolated_inverted_cdf": (0, 1),
    "hazen": (0.5, 0.5),
    "weibull": (0, 0),
    "linear": (1, 1),
    "median_unbiased": (1 / 3, 1 / 3),
    "normal_unbiased": (3 / 8, 3 / 8),
}
STEPPING: dict[str, Any] = {
    "lower": np.floor,
    "higher": np.ceil,
    "midpoint": lambda at: (np.floor(at) + np.ceil(at)) / 2,
}


def place(n: Any, q: Any, method: str) -> Any:
    """The place of the q-quantile among n sorted elements, counted from 0; it may be a fraction."""
    if method in STEPPING:
        return STEPPING[method]((n - 1) * q)
    a, b = INTERPOLATING[method]
    return np.clip(n * q + (a + q * (1 - a - b)) - 1, 0, np.maximum(n - 1, 0))


def interpolated(rising: Any, n: Any, at: Any, dtype: Any) -> Any:
    """The value at the place `at` among the first n elements of each sorted row."""
    below = np.floor(at).astype(int)
    above = np.minimum(below + 1, np.maximum(n - 1, 0)).astype(int)
    low, high = (np.take_along_axis(rising, i[..., None], axis=-1)[..., 0] for i in (below, above))
    part = (at - below).astype(dtype)
    step = high - low
    return np.where(part < 0.5, low + step * part, high - step * (1 - part))


def quantiles(
    a: Any, q: Any, axis: Any, keepdims: bool, skip_nan: bool, dtype: Any, method: str = "linear"
) -> Any:
    """The quantiles of `a`; the axes of an array q come first.

    Unless NaNs are skipped, a quantile of elements with a NaN among them is NaN, and so are all of their
    gradients.
    """
    flat = rows(a, axis)
    missing, length = np.isnan(raw(flat)).sum(axis=-1), flat.shape[-1]
    n = length - missing if skip_nan else np.full_like(missing, length)
    if not skip_nan and missing.any():
        flat = flat * np.where(missing > 0, np.nan, 1).astype(flat.dtype)[..., None]
    rising = np.sort(flat, axis=-1)
    found = [interpolated(rising, n, place(n, p, method), dtype) for p in np.ravel(q).tolist()]
    if not n.all():
        found = [np.where(n > 0, f, np.nan) for f in found]
    shape = kept(a.shape, axis) if keepdims else found[0].shape
    if np.ndim(q) == 0:
        return found[0].reshape(shape)
    stack = np.moveaxis(np.stack(found, axis=-1), -1, 0) if skip_nan else np.stack(found)  # as NumPy does
    return stack.reshape(np.shape(q) + shape)


def quantile_of(function: Any, scale: float, skip_nan: bool) -> None:
    """The composition of `np.quantile` and its relatives, where q runs from 0 to `scale`.

    Raises NoRuleError for the methods by which the result jumps as q changes, except NumPy's oldest ones:
    lower, higher and midpoint.
    """

    def composition(
        a: Any,
        q: Any,
        axis: Any = None,
        *,
        overwrite_input: bool = False,
        method: str = "linear",
        keepdims: bool = False,
    ) -> Any:
        if method not in INTERPOLATING | STEPPING:
            known = ", ".join(INTERPOLATING | STEPPING)
            raise NoRuleError(
                f"np.{function.__name__}(method={method!r}) has no derivative here: use one of {known}"
            )
        refuse_complex(function, a)
        if has_no_gradient(a):
            return Tensor(function(raw(a), raw(q), axis=axis, method=method, keepdims=keepdims))
        # NumPy's own, which depends on its version; and NumPy raises for a q out of range
        dtype = function(np.zeros(1, a.dtype), raw(q), method=method).dtype
        q = raw(q) / scale if type(q) in (float, int) else np.true_divide(raw(q), scale)
        return quantiles(a, q, axis, keepdims, skip_nan, dtype, method)

    compose(function)(composition)


quantile_of(np.quantile, 1, skip_nan=False)
quantile_of(np.nanquantile, 1, skip_nan=True)
quantile_of(np.percentile, 100, skip_nan=False)
quantile_of(np.nanpercentile, 100, skip_nan=True)


@compose(np.median)
def median(a: Any, axis: Any = None, *, overwrite_input: bool = False, keepdims: bool = False) -> Any:
    if has_no_gradient(a):
        return Tensor(np.median(raw(a), axis=axis, keepdims=keepdims))
    return quantiles(a, 0.5, axis, keepdims, skip_nan=False, dtype=a.dtype)


@compose(np.nanmedian)
def nanmedian(a: Any, axis: Any = None, *, overwrite_input: bool = False, keepdims: bool = False) -> Any:
    if has_no_gradient(a):
        return Tensor(np.nanmedian(raw(a), axis=axis, keepdims=keepdims))
    return quantiles(a, 0.5, axis, keepdims, skip_nan=True, dtype=a.dtype)


@compose(np.ptp)
def ptp(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    return np.max(a, axis=axis, keepdims=keepdims) - np.min(a, axis=axis, keepdims=keepdims)


# Weighted


@compose(np.average)
def average(
    a: Any, axis: Any = None, weights: Any = None, returned: bool = False, *, keepdims: bool = False
) -> Any:
    """The sum of a w over the sum of w, where the weights w belong to some axes or to all elements."""
    if weights is None:
        mean = np.mean(a, axis=axis, keepdims=keepdims)
        total = np.full(mean.shape, a.size / max(mean.size, 1), mean.dtype if returned else float)
    else:
        w = fitted(weights if type(weights) is Tensor else np.asarray(weights), a, axis)
        total = np.sum(np.broadcast_to(w, np.shape(a)), axis=axis, keepdims=keepdims)
        mean = np.sum(a * w, axis=axis, keepdims=keepdims) / total
    return (mean, np.broadcast_to(total, mean.shape)) if returned else mean


def fitted(weights: Any, a: Any, axis: Any) -> Any:
    """Weights that broadcast with `a`: weights for some axes only are reshaped to lie on these axes."""
    if weights.shape == np.shape(a):
        return weights
    if axis is None:
        raise TypeError("Axis must be specified when shapes of a and weights differ.")
    axes = [i % np.ndim(a) for i in np.atleast_1d(axis).tolist()]
    if weights.shape != tuple(np.shape(a)[i] for i in axes):
        raise ValueError("Shape of weights must be consistent with shape of a along specified axis.")
    ordered = np.transpose(weights, np.argsort(axes))
    return ordered.reshape([n if i in axes else 1 for i, n in enumerate(np.shape(a))])
