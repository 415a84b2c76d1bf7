"""Differences, sums of areas, and convolutions."""

from typing import Any

import numpy as np

from ..functions import conj, scatter
from ..ops import compose, rule
from ..refusals import refuse_complex
from ..tensor import Tensor
from .assembly import along, positive


def arr(a: Any) -> Any:
    """A tensor as it is, anything else converted to an array."""
    return a if type(a) is Tensor else np.asarray(a)


# Differences


def edge(value: Any, a: Any, axis: int) -> Any:
    """The array to join before or after `a` in `np.diff`: a number becomes one more element on the axis."""
    value = arr(value)
    return value if value.ndim else np.broadcast_to(value, (*a.shape[:axis], 1, *a.shape[axis + 1 :]))


@compose(np.diff)
def diff(a: Any, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Any:
    """a[i+1] - a[i] along an axis, n times."""
    if n < 0:
        raise ValueError(f"order must be non-negative but got {n}")
    a = arr(a)
    if not n:
        return a
    axis = positive(axis, a)
    joined = [edge(t, a, axis) if t is not a else t for t in (prepend, a, append) if is_given(t)]
    a = np.concatenate(joined, axis=axis) if len(joined) > 1 else a
    for _ in range(n):
        a = a[along(axis, slice(1, None))] - a[along(axis, slice(None, -1))]
    return a


def is_given(value: Any) -> bool:
    """Whether an optional argument was given: it is neither None nor NumPy's mark for a missing value."""
    return value is not None and value is not np._NoValue


@compose(np.ediff1d)
def ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    """The differences of neighbours in the flattened array, between the values to begin and to end with."""
    between = np.diff(np.ravel(ary))
    around = [[] if t is None else [as_one_of(between, t)] for t in (to_begin, to_end)]
    joined = [*around[0], between, *around[1]]
    return np.concatenate(joined) if len(joined) > 1 else between


def as_one_of(a: Any, values: Any) -> Any:
    """The values as a 1-d array in the dtype of `a`.  Raises TypeError if they cannot be cast to it."""
    values = np.ravel(values)
    if not np.can_cast(values.dtype, a.dtype, casting="same_kind"):
        raise TypeError(f"{values.dtype} does not fit beside the differences of {a.dtype}")
    return values.astype(a.dtype)


@compose(np.trapezoid)
def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    """The sum of dx (y[i] + y[i+1]) / 2, where dx is given or is the differences of x."""
    y = arr(y)
    axis = positive(axis, y)
    if x is not None:
        x = arr(x)
        dx = np.diff(x, axis=axis) if x.ndim > 1 else on_axis(np.diff(x), axis, y.ndim)
    return np.sum(dx * (y[along(axis, slice(1, None))] + y[along(axis, slice(None, -1))]) / 2.0, axis=axis)


def on_axis(a: Any, axis: int, ndim: int) -> Any:
    """A 1-d array, reshaped to lie along one of `ndim` axes."""
    return a.reshape([-1 if i == axis else 1 for i in range(ndim)])


@compose(np.gradient)
def gradient(f: Any, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    """Finite differences, of second order inside and of order `edge_order` at the ends."""
    f = arr(f)
    axes = [positive(i, f) for i in (range(f.ndim) if axis is None else np.atleast_1d(axis).tolist())]
    if edge_order not in (1, 2):
        raise ValueError("'edge_order' greater than 2 not supported")
    if len(varargs) not in (0, 1, len(axes)):
        raise TypeError("invalid number of arguments")
    spacings = [*varargs] * (len(axes) // len(varargs)) if varargs else [1.0] * len(axes)
    slopes = [slopes_along(f, arr(h), i, edge_order) for h, i in zip(spacings, axes, strict=True)]
    return slopes[0] if len(slopes) == 1 else tuple(slopes)


def slopes_along(f: Any, spacing: Any, axis: int, edge_order: int) -> Any:
    """The differences along one axis.  The spacing is one number, or the coordinates of all points."""
    refuse_complex(np.gradient, spacing)
    n = f.shape[axis]
    if n < edge_order + 1:
        raise ValueError(
            "Shape of array too small to calculate a numerical gradient, "
            "at least (edge_order + 1) elements are required."
        )
    if spacing.ndim and spacing.shape != (n,):
        raise ValueError("when 1d, distances must match the length of the corresponding dimension")
    h = np.diff(spacing) if spacing.ndim else np.broadcast_to(spacing, (n - 1,))
    h = on_axis(h, axis, f.ndim)

    def at(a: Any, start: int, stop: int | None) -> Any:
        return a[along(axis, slice(start, stop))]

    h = h.astype(np.finfo(f.dtype).dtype if f.dtype.kind in "fc" else float)
    rises = (at(f, 1, None) - at(f, 0, -1)) / h
    first, last = at(rises, 0, 1), at(rises, -1, None)
    if edge_order == 2:
        first = first - at(h, 0, 1) * (at(rises, 1, 2) - first) / (at(h, 0, 1) + at(h, 1, 2))
        last = last + at(h, -1, None) * (last - at(rises, -2, -1)) / (at(h, -1, None) + at(h, -2, -1))
    before, after = at(h, 0, -1), at(h, 1, None)
    inner = (after * at(rises, 0, -1) + before * at(rises, 1, None)) / (before + after)
    return np.concatenate([first, inner, last], axis=axis)


# Convolutions: `g` is padded with zeros to a cotangent of the full convolution.


def in_full(g: Any, a: Any, v: Any, mode: Any, reverse: bool = False) -> Any:
    """The cotangent of the full convolution of a and v, given the cotangent g of its part in `mode`."""
    n, shorter = a.size + v.size - 1, min(a.size, v.size)
    starts = {"full": 0, "same": (shorter - 1) // 2, "valid": shorter - 1}
    start = starts[mode if isinstance(mode, str) else ("valid", "same", "full")[mode]]
    start = n - g.size - start if reverse else start
    return scatter(g, index=slice(start, start + g.size), shape=(n,))


def as_convolved(g: Any, a: Any, v: Any, mode: Any) -> Any:
    """The same for `np.correlate`: it convolves a with v*[::-1], and if v is longer, reverses the result."""
    return in_full(g, a, v, mode, reverse=a.size < v.size)


# fmt: off
rule(np.convolve,
     lambda g, y, a, v, mode="full": np.convolve(in_full(g, a, v, mode), v[::-1], "valid"),
     lambda g, y, a, v, mode="full": np.convolve(in_full(g, a, v, mode), a[::-1], "valid"))
rule(np.correlate,
     lambda g, y, a, v, mode="valid": np.convolve(as_convolved(g, a, v, mode), conj(v), "valid"),
     lambda g, y, a, v, mode="valid": conj(np.convolve(as_convolved(g, a, v, mode)[::-1], a, "valid")))
# fmt: on
