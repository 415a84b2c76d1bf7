"""The methods of NumPy's ufuncs of two arrays: `np.add.reduce`, `accumulate`, `reduceat` and `outer`.

Some methods stand for a function that has a rule: `np.add.reduce` is `np.sum`.  For the others each step
is recorded: `np.subtract.reduce` is one subtraction after the other.  NumPy computes the result first,
which raises NumPy's errors and gives the shape and dtype.  Its numbers are not used: NumPy 2.4 leaves out
steps of `np.power.reduce` and `np.arctan2.reduce` on some processors.
"""

from collections.abc import Callable
from functools import reduce as fold
from itertools import accumulate as scan
from itertools import pairwise
from typing import Any

import numpy as np

from ..errors import NoRuleError
from ..functions import divided, in_dtype_of, logsumexp, op
from ..ops import methods
from ..refusals import full_name, refuse_ufunc_use
from ..tensor import Tensor
from .assembly import along, positive
from .calculus import arr, is_given
from .choosing import raw
from .reduce import backward_cumsum, nan_extreme_rule
from .statistics import rows


def method(composition: Callable[..., Any]) -> Callable[..., Any]:
    """A decorator that makes a composition stand for the ufunc method of the same name on Tensors.

    The composition gets the ufunc, NumPy's result on arrays, and the arguments.  It is not called for a
    result of integers, which has no gradient.
    """
    name = composition.__name__

    def checked(ufunc: np.ufunc, *args: Any, **options: Any) -> Any:
        if options.get("out") is not None:
            raise NoRuleError(
                f"{full_name(ufunc)}.{name}(..., out=) cannot be recorded on a Tensor: a result is always new"
            )
        plain = {option: raw(value) for option, value in options.items()}
        expected = getattr(ufunc, name)(*map(raw, args), **plain)
        if not isinstance(expected, tuple) and expected.dtype.kind not in "fc":
            return Tensor(expected)
        return composition(ufunc, expected, *args, **options)

    methods[name] = checked
    return composition


# Reductions


@op(rules=[lambda g, y, a, ufunc, axis=None: nan_extreme_rule(g, y, a, axis)])
def extreme(a: Any, ufunc: np.ufunc, axis: Any = None) -> Any:
    """The largest element that is not NaN for `np.fmax`, or the smallest one for `np.fmin`.

    >>> extreme(np.array([3.0, np.nan, 1.0]), ufunc=np.fmin)
    np.float64(1.0)
    """
    return ufunc.reduce(a, axis=axis)


REDUCTIONS: dict[np.ufunc, Callable[..., Any]] = {
    np.add: np.sum,
    np.multiply: np.prod,
    np.maximum: np.max,
    np.minimum: np.min,
    np.fmax: lambda a, axis: extreme(a, ufunc=np.fmax, axis=axis),
    np.fmin: lambda a, axis: extreme(a, ufunc=np.fmin, axis=axis),
    np.logaddexp: lambda a, axis: logsumexp(a, axis=axis),
}
# The number that changes no other: it replaces the elements that `where` leaves out.
NEUTRAL: dict[np.ufunc, float] = {
    **dict.fromkeys((np.add, np.hypot), 0.0),
    np.multiply: 1.0,
    **dict.fromkeys((np.maximum, np.logaddexp, np.logaddexp2), -np.inf),
    np.minimum: np.inf,
    **dict.fromkeys((np.fmax, np.fmin), np.nan),
}


@method
def reduce(
    ufunc: np.ufunc,
    expected: Any,
    a: Any,
    axis: Any = 0,
    dtype: Any = None,
    keepdims: bool = False,
    initial: Any = None,
    where: Any = True,
) -> Any:
    """The elements along an axis, combined by the ufunc one after the other, after `initial` if given."""
    a, first = in_dtype_of(expected, arr(a)), []
    if is_given(initial):
        first = [in_dtype_of(expected, arr(initial))]
    if where is not True:
        a = np.where(raw(where), a, neutral(ufunc))
    if not a.size:
        return np.broadcast_to(initial, expected.shape) if type(initial) is Tensor else Tensor(expected)
    axis = axis if a.ndim else ()
    terms = [REDUCTIONS[ufunc](a, axis=axis)] if ufunc in REDUCTIONS else np.moveaxis(rows(a, axis), -1, 0)
    joined = fold(ufunc, [*first, *terms])
    return joined if joined.shape == expected.shape else joined.reshape(expected.shape)


def neutral(ufunc: np.ufunc) -> float:
    """The number that changes no reduction, to put where `where` leaves an element out."""
    if ufunc not in NEUTRAL:
        raise NoRuleError(
            f"{full_name(ufunc)}.reduce(..., where=) has no derivative here: reduce t[mask], or np.where(...)"
        )
    return NEUTRAL[ufunc]


@method
def reduceat(ufunc: np.ufunc, expected: Any, a: Any, indices: Any, axis: Any = 0, dtype: Any = None) -> Any:
    """The reductions from each index to the next; if the next is not larger, the element at the index."""
    a = in_dtype_of(expected, arr(a))
    axis, bounds = positive(axis, a), [*np.asarray(raw(indices)).astype(int).tolist(), a.shape[axis]]
    if len(bounds) == 1:
        return Tensor(expected)
    cuts = [slice(i, j if i < j else i + 1) for i, j in pairwise(bounds)]
    return np.stack([ufunc.reduce(a[along(axis, cut)], axis=axis) for cut in cuts], axis=axis)


# Scans


def running_rule(g: Any, y: Any, a: Any, ufunc: np.ufunc, axis: int) -> Any:
    """Each g in equal parts for the elements so far that are equal to the extreme.

    As long as the extreme stays the same, an element equal to it gets the sum of g[i] / count[i] over its
    own place and all later places i, where count[i] is the number of such elements up to i.  After a NaN,
    the gradient of `np.maximum` and `np.minimum` is NaN.
    """
    g, y, a = np.moveaxis(g, axis, 0), np.moveaxis(raw(y), axis, 0), np.moveaxis(raw(a), axis, 0)
    at, last, place = a == y, len(y), np.arange(len(y)).reshape(-1, *(1,) * (y.ndim - 1))
    changes = np.concatenate([np.ones_like(at[:1]), y[1:] != y[:-1]])
    start = np.maximum.accumulate(np.where(changes, place, 0), axis=0)
    starts = np.concatenate([np.where(changes, place, last)[1:], np.full_like(start[:1], last)])
    end = np.minimum.accumulate(starts[::-1], axis=0)[::-1]
    count = np.cumsum(at, axis=0)
    count = count - np.take_along_axis(count, start, axis=0) + 1
    parts = divided(g, np.where(np.isnan(y), np.nan, count) if ufunc in (np.maximum, np.minimum) else count)
    from_here = backward_cumsum(parts, 0)
    from_end = np.take_along_axis(np.concatenate([from_here, np.zeros_like(parts[:1])]), end, axis=0)
    return np.moveaxis((from_here - from_end) * at, 0, axis)


@op(rules=[running_rule])
def running_extreme(a: Any, ufunc: np.ufunc, axis: int) -> Any:
    """The largest or smallest element so far, for `np.maximum`, `np.minimum`, `np.fmax` or `np.fmin`.

    >>> running_extreme(np.array([1, 3, 2]), ufunc=np.maximum, axis=0)
    array([1, 3, 3])
    """
    return ufunc.accumulate(a, axis=axis)


@method
def accumulate(ufunc: np.ufunc, expected: Any, a: Any, axis: Any = 0, dtype: Any = None) -> Any:
    """The elements along an axis, each combined by the ufunc with all elements before it."""
    a = in_dtype_of(expected, arr(a))
    axis = positive(axis or 0, a)
    if ufunc in (np.add, np.multiply):
        return (np.cumsum if ufunc is np.add else np.cumprod)(a, axis=axis)
    if ufunc in (np.maximum, np.minimum, np.fmax, np.fmin):
        return running_extreme(a, ufunc=ufunc, axis=axis)
    steps = list(scan(np.moveaxis(a, axis, 0), ufunc))
    return np.stack(steps, axis=axis) if steps else Tensor(expected)


# All pairs


@method
def outer(ufunc: np.ufunc, expected: Any, a: Any, b: Any, **options: Any) -> Any:
    """The ufunc of each element of a with each element of b, by broadcasting."""
    if options:
        raise refuse_ufunc_use(ufunc, "__call__", options)
    a, b = arr(a), arr(b)
    return ufunc(np.reshape(a, a.shape + (1,) * b.ndim), b)
