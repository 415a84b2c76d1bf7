"""Functions that choose among elements: by index, by condition, by order.

Equal values in `sort` and `partition` share their gradients equally, because each of them could stand in
any of their places.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import NoRuleError
from ..functions import divided, scatter
from ..ops import compose, rule
from ..refusals import refuse_complex
from ..tensor import Tensor
from .assembly import along, positive


def raw(a: Any) -> Any:
    """The array of a tensor, and anything else as it is: for arguments that have no gradient."""
    return a.data if type(a) is Tensor else a


def flat_if_none(a: Any, axis: Any) -> tuple[Any, int]:
    """The array, and the axis as a number from 0 on.  If `axis` is None, the array is flattened."""
    return (a.reshape(-1), 0) if axis is None or not a.ndim else (a, positive(axis, a))


# By index


def every_index(indices: Any, axis: int, shape: tuple[int, ...]) -> tuple[Any, ...]:
    """The index that reads `indices` along an axis, and each element's own position on the other axes."""
    index = list(np.ogrid[tuple(map(slice, shape))])
    index[axis] = np.asarray(raw(indices))
    return tuple(index)


def take_along_axis_rule(g: Any, y: Any, arr: Any, indices: Any, axis: Any = -1) -> Any:
    """Each element of g, added at the position that was read."""
    if axis is None:
        return scatter(g, index=raw(indices), shape=(arr.size,)).reshape(arr.shape)
    return scatter(g, index=every_index(indices, positive(axis, arr), arr.shape), shape=arr.shape)


rule(np.take_along_axis, take_along_axis_rule, None)


@compose(np.take)
def take(a: Any, indices: Any, axis: Any = None, *, mode: str = "raise") -> Any:
    a, axis = flat_if_none(a, axis)
    return a[along(axis, limited(indices, a.shape[axis], mode))]


def limited(indices: Any, n: int, mode: str) -> Any:
    """Indices of n elements, brought into range as `mode` says.  Booleans count as 0 and 1."""
    indices = np.asarray(raw(indices))
    indices = indices.astype(int) if indices.dtype == bool else indices
    if mode == "raise":
        return indices
    return indices % n if mode == "wrap" else np.clip(indices, 0, n - 1)


@compose(np.choose)
def choose(a: Any, choices: Any, *, mode: Any = "raise") -> Any:
    """In each place the element of choices[a] there: `np.take_along_axis` of the choices, stacked."""
    np.choose(raw(a), [0] * len(choices), mode=mode)  # raises what NumPy raises
    dtype = np.result_type(*map(raw, choices))  # a Python number does not promote an array
    choices = [in_dtype(c, dtype) for c in choices]
    which, *choices = np.broadcast_arrays(limited(a, len(choices), mode), *choices)
    return np.take_along_axis(np.stack(choices), which[None], axis=0)[0]


def in_dtype(a: Any, dtype: Any) -> Any:
    """A tensor, or anything else as an array, in `dtype`; a tensor that has this dtype is returned itself."""
    if type(a) is not Tensor:
        return np.asarray(a, dtype)
    return a if a.dtype == dtype else a.astype(dtype)


# By condition


@compose(np.select)
def select(condlist: Sequence[Any], choicelist: Sequence[Any], default: Any = 0) -> Any:
    """The first choice whose condition holds: one `np.where` for each, which falls back on the next."""
    np.select([np.asarray(raw(c)) for c in condlist], [0] * len(choicelist))  # raises what NumPy raises
    for condition, choice in reversed(list(zip(condlist, choicelist, strict=True))):
        default = np.where(condition, choice, default)
    return default


@compose(np.compress)
def compress(condition: Any, a: Any, axis: Any = None) -> Any:
    a, axis = flat_if_none(a, axis)
    return a[along(axis, np.flatnonzero(raw(condition)))]


@compose(np.extract)
def extract(condition: Any, arr: Any) -> Any:
    return arr.reshape(-1)[np.flatnonzero(raw(condition))]


# By order


def arranged(g: Any, y: Any, a: Any, axis: Any = -1) -> Any:
    """g in the order of a, where y has the elements of a in another order.

    The n-th smallest element of y came from the n-th smallest element of a.
    """
    if axis is None or not a.ndim:
        return arranged(g, y, a.reshape(-1), axis=0).reshape(a.shape)
    ordered = np.argsort(y, axis=axis, kind="stable")
    ranks = np.argsort(np.argsort(a, axis=axis, kind="stable"), axis=axis)
    rising, g = (np.take_along_axis(t, ordered, axis=axis) for t in (y, g))
    return np.take_along_axis(shared(g, rising, positive(axis, a)), ranks, axis=axis)


def shared(g: Any, y: Any, axis: int) -> Any:
    """g, with the mean of g for elements that are equal in the sorted y."""
    y = raw(y)
    differ = y[along(axis, slice(1, None))] != y[along(axis, slice(None, -1))]
    if differ.all():
        return g
    first = np.zeros_like(y[along(axis, slice(0, 1))], int)
    group = every_index(np.concatenate([first, np.cumsum(differ, axis=axis)], axis=axis), axis, y.shape)
    count = scatter(np.ones(y.shape), index=group, shape=y.shape)
    return divided(scatter(g, index=group, shape=y.shape), np.maximum(count, 1))[group]


def sort_rule(g: Any, y: Any, a: Any, axis: Any = -1, kind: Any = None, stable: Any = None) -> Any:
    return arranged(g, y, a, axis)


def partition_rule(g: Any, y: Any, a: Any, kth: Any = 0, axis: Any = -1, kind: Any = "introselect") -> Any:
    return arranged(g, y, a, axis)


rule(np.sort, sort_rule)
rule(np.partition, partition_rule)


@compose(np.sort_complex)
def sort_complex(a: Any) -> Any:
    """Sorted along the last axis, as complex numbers."""
    return np.sort(a, axis=-1).astype(np.sort_complex(raw(a)).dtype)


# Between elements


@compose(np.interp)
def interp(x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None) -> Any:
    """fp[i] + (x - xp[i]) (fp[i+1] - fp[i]) / (xp[i+1] - xp[i]), where x is between xp[i] and xp[i+1].

    At a point xp[i] it has the derivative to the right; at the last point, the derivative to the left.
    Outside the points the derivative is 0.

    Raises NoRuleError if xp requires a gradient.
    """
    refuse_complex(np.interp, x)
    if type(xp) is Tensor and xp.requires_grad:
        raise NoRuleError("np.interp has no derivative rule for xp: pass .detach() or .data of it")
    xp = np.asarray(raw(xp), float)
    if period is not None:
        return np.interp(np.remainder(x, abs(period)), *extended(xp, fp, abs(period)))
    at, last = np.asarray(raw(x)), len(xp) - 1
    i = np.clip(np.searchsorted(xp, at, side="right") - 1, 0, max(last - 1, 0))
    fp = fp if type(fp) is Tensor else np.asarray(fp)
    after = np.minimum(i + 1, last)
    slope = (fp[after] - fp[i]) / np.where(after > i, xp[after] - xp[i], 1)
    y = slope * (x - xp[i]) + fp[i]
    y = np.where(at < xp[0], fp[0] if left is None else left, y)
    return np.where(
        at > xp[-1], fp[-1] if right is None else right, np.where(at == xp[-1], y - raw(y) + raw(fp)[-1], y)
    )


def extended(xp: Any, fp: Any, period: Any) -> tuple[Any, Any]:
    """The points of a periodic function in one period, and one more point on either side."""
    xp = xp % period
    order = np.argsort(xp)
    xp, order = xp[order], np.concatenate([order[-1:], order, order[:1]])
    return np.concatenate([xp[-1:] - period, xp, xp[:1] + period]), np.asarray(fp)[order] if type(
        fp
    ) is not Tensor else fp[order]


@compose(np.bincount)
def bincount(x: Any, /, weights: Any = None, minlength: int = 0) -> Any:
    """Zeros, with each weight added to the bin that x names."""
    refuse_complex(np.bincount, weights)
    counts = np.bincount(raw(x), minlength=minlength)
    if weights is None:
        return Tensor(counts)
    return scatter(weights.astype(float), index=raw(x), shape=counts.shape)
