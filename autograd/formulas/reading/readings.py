"""How NumPy's functions are read as arithmetic, sums, products and views.

Each reading takes the arguments, their shapes, the shape of the result, and the options.  It returns None
where the function has to stay a call.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from fractions import Fraction
from math import prod
from typing import Any

import numpy as np

from ... import functions as ours
from ...rules.einsum import einsum
from ..algebra.arrays import counted, exact, matmul, places_of, summed, transposed, view
from ..algebra.expressions import MINUS, ZERO, Expr, Shape, Words, add, call, is_call, mul, number, power
from ..algebra.indexing import eye, frozen, np_einsum, scatter, take
from .windows import Windows, flat_sum, looked_up, placed, unfolded


def axes_of(axis: Any, shape: Shape) -> tuple[int, ...]:
    """The axes of a reduction as numbers from 0 on; None stands for all."""
    if axis is None:
        return tuple(range(len(shape)))
    return tuple(i % len(shape) for i in (axis if isinstance(axis, tuple) else (axis,)))


def read_sum(args: Any, shapes: Any, shape: Shape, options: Any) -> Expr:
    """The sum over axes, which are taken away unless `keepdims` is true."""
    axes = axes_of(options.get("axis"), shapes[0])
    total = summed(args[0], axes, shapes[0])
    return total if options.get("keepdims") else without(total, axes, len(shapes[0]))


def without(e: Expr, axes: tuple[int, ...], n: int) -> Expr:
    """An expression without some of its n axes."""
    return view(e, tuple(i - n for i in range(n) if i not in axes))


def read_mean(args: Any, shapes: Any, shape: Shape, options: Any) -> Expr:
    """The sum over axes, divided by the number of elements."""
    n = prod(shapes[0][i] for i in axes_of(options.get("axis"), shapes[0]))
    return mul(read_sum(args, shapes, shape, options), power(counted(n), -1))


def read_var(args: Any, shapes: Any, shape: Shape, options: Any) -> Expr | None:
    """The sum of squares of what is left without the mean, divided by the number of elements."""
    axis = options.get("axis")
    n = prod(shapes[0][i] for i in axes_of(axis, shapes[0]))
    mean = read_mean(args, shapes, shape, {"axis": axis, "keepdims": True})
    centred = add(args[0], mul(MINUS, mean))
    squares = read_sum([power(centred, 2)], shapes, shape, options)
    less = options.get("ddof", 0) + options.get("correction", 0)
    return mul(squares, power(number(n - less) if less else counted(n), -1))


def read_reshape(args: Any, shapes: Any, shape: Shape, options: Any) -> Expr | None:
    """A view where only axes of length 1 come or go; else a call of `np.reshape`."""
    if is_call(args[0], flat_sum):
        return unfolded(args[0], shape)
    places = places_of(shapes[0], shape)
    if places is not None:
        return view(args[0], places)
    extra = {"order": "F"} if options.get("order") == "F" else {}
    return call(np.reshape, (exact(args[0], shapes[0]),), shape, shape=shape, **extra)


def read_transpose(args: Any, shapes: Any, shape: Shape, options: Any) -> Expr:
    """The array with its axes permuted."""
    n = len(shapes[0])
    axes = options.get("axes")
    order = range(n)[::-1] if axes is None else [int(i) % n for i in axes]
    return permuted(args[0], shapes[0], tuple(order))


def permuted(e: Expr, shape: Shape, axes: tuple[int, ...]) -> Expr:
    """An expression with permuted axes; a single number stays what it is."""
    if all(n == 1 for n in e.shape):
        return e
    return transposed(exact(e, shape), axes)


def read_swap(args: Any, shapes: Any, shape: Shape, options: Any) -> Expr:
    """The array with two axes swapped: by default the last two, as in `np.matrix_transpose`."""
    n = len(shapes[0])
    axes = list(range(n))
    i, j = options.get("axis1", n - 2), options.get("axis2", n - 1)
    axes[i], axes[j] = axes[j], axes[i]
    return permuted(args[0], shapes[0], tuple(axes))


def read_moveaxis(args: Any, shapes: Any, shape: Shape, options: Any) -> Expr:
    """The array with some axes moved, in the order that NumPy itself gives them."""
    counted = np.broadcast_to(0, range(2, 2 + len(shapes[0])))  # its lengths tell the axes apart
    order = np.moveaxis(counted, options["source"], options["destination"]).shape
    return permuted(args[0], shapes[0], tuple(n - 2 for n in order))


def read_dot(args: Any, shapes: Any, shape: Shape, options: Any) -> Expr | None:
    """A product of matrices or vectors, or a multiple; None for more axes, where `np.dot` is no `@`."""
    if not all(shapes):
        return mul(*args)
    if len(shapes[1]) > 2:
        return None
    return matmul(*(exact(e, s) for e, s in zip(args, shapes, strict=True)))


def read_power(args: Any, shapes: Any, shape: Shape, options: Any) -> Expr | None:
    """A power if the exponent is a whole or half number."""
    base, n = args
    short = n.head == "number" and isinstance(n.data, Fraction) and n.data.denominator <= 2
    return power(base, n.data) if short else None


def read_getitem(args: list[Expr], shapes: Any, shape: Shape, options: Any) -> Expr | None:
    """What an index takes: windows, a view, or a part of the array."""
    index = full_index(options["index"], shapes[0])
    if isinstance(index[0], Windows) and is_call(args[0], np.reshape):
        return looked_up(args[0].args[0], index[0])
    if all(kept or i is None for i, kept in zip(index, whole_parts(index, shapes[0]), strict=True)):
        return view(args[0], view_places(index))
    arrays = [i for i in index if isinstance(i, Expr)]
    if not arrays and not args[0].shape:
        return args[0]
    if (
        is_call(args[0], np.transpose)
        and type(index[0]) is int
        and index[1:] == [slice(None)] * (len(index) - 1)
    ):
        return untransposed(args[0], index[0])
    return call(take, (exact(args[0], shapes[0]), *arrays), shape, index=frozen(index))


def untransposed(e: Expr, k: int) -> Expr:
    """One part along the first axis of a transposed array: the part is taken first, and then transposed."""
    axes, inner = dict(e.data[1])["axes"], e.args[0]
    index = [slice(None)] * axes[0] + [k]
    shape = tuple(n for i, n in enumerate(inner.shape) if i != axes[0])
    rest = tuple(i - (i > axes[0]) for i in axes[1:])
    return transposed(call(take, (inner,), shape, index=frozen(index)), rest)


def whole_parts(index: list[Any], shape: Shape) -> list[bool]:
    """For each part of an index, whether it takes an axis whole: all of it, or its only element."""
    lengths = iter(shape)
    taken = [(i, 0 if i is None else next(lengths)) for i in index]
    return [i is not None and (i == slice(None) or (n == 1 and type(i) is int)) for i, n in taken]


def view_places(index: list[Any]) -> tuple[int | None, ...]:
    """The places for `view`: the axes that an index keeps, and None where it puts new ones."""
    count = iter(range(-sum(i is not None for i in index), 0))
    axes = [(i, None if i is None else next(count)) for i in index]
    return tuple(axis for i, axis in axes if i is None or i == slice(None))


def full_index(index: tuple[Any, ...], shape: Shape) -> list[Any]:
    """An index with a part for each axis."""
    taken = sum(i is not None and i is not Ellipsis for i in index)
    rest = [slice(None)] * (len(shape) - taken)
    parts = list(index)
    if any(i is Ellipsis for i in parts):
        at = next(k for k, i in enumerate(parts) if i is Ellipsis)
        return parts[:at] + rest + parts[at + 1 :]
    return parts + rest


def read_scatter(args: Any, shapes: Any, shape: Shape, options: Any) -> Expr:
    """What is put at an index of zeros: back from windows, a view, one-hot rows, or parts of an array."""
    index = full_index(options["index"], options["shape"])
    if isinstance(index[0], Windows):
        return placed(exact(args[0], shapes[0]), index[0], shape)
    arrays = [i for i in index if isinstance(i, Expr)]
    if all(i is None or i == slice(None) for i in index):
        back = [i for i in index if i is not None]
        kept = [k - len(index) for k, i in enumerate(index) if i is not None]
        return view(args[0], tuple(kept)) if back else args[0]
    if len(index) == 2 and len(arrays) == 2 and is_count(arrays[0], shape[0]):
        onehot = call(eye, (arrays[1],), shape, n=shape[1])
        return mul(view(args[0], (-1, None)), onehot)
    return call(scatter, (exact(args[0], shapes[0]), *arrays), shape, index=frozen(index), shape=shape)


def is_count(e: Expr, n: int) -> bool:
    """Whether e is 0, 1, …, n - 1."""
    if e.head == "name":
        return isinstance(e.data[0], Words) and e.data[0].startswith("np.arange(") and e.shape == (n,)
    return is_call(e, np.arange) and e.shape == (n,)


def read_where(args: list[Expr], shapes: Any, shape: Shape, options: Any) -> Expr | None:
    """A product with the condition where the other choice is 0."""
    condition, a, b = args
    if b is ZERO and condition.head in ("call", "name"):
        return mul(a, condition)
    if (
        a is condition and b.head == "number" and np.isnan(float(b.data))
    ):  # a rule guards a value in this way that is never 0
        return a
    return None


def read_einsum(args: Any, shapes: Any, shape: Shape, options: Any) -> Expr:
    """A call of `np.einsum` with the subscripts as an option."""
    whole = [exact(e, s) for e, s in zip(args, shapes, strict=True)]
    return call(np_einsum, whole, shape, subscripts=options["subscripts"])


def same(args: list[Expr], shapes: Any, shape: Shape, options: Any) -> Expr:
    """The first argument, which the function returns with the same numbers."""
    return args[0]


READINGS: dict[Any, Callable[[Any, Any, Shape, dict[str, Any]], Expr | None]] = {
    np.add: lambda a, *_: add(*a),
    np.subtract: lambda a, *_: add(a[0], mul(MINUS, a[1])),
    np.multiply: lambda a, *_: mul(*a),
    np.divide: lambda a, *_: mul(a[0], power(a[1], -1)),
    np.negative: lambda a, *_: mul(MINUS, a[0]),
    np.square: lambda a, *_: power(a[0], 2),
    np.reciprocal: lambda a, *_: power(a[0], -1),
    np.sqrt: lambda a, *_: power(a[0], Fraction(1, 2)),
    np.power: read_power,
    np.float_power: read_power,
    np.positive: same,
    np.copy: same,
    np.conjugate: same,
    np.real: same,
    ours.cast: same,
    np.broadcast_to: same,
    np.sum: read_sum,
    np.mean: read_mean,
    np.var: read_var,
    np.std: lambda a, s, shape, o: power(read_var(a, s, shape, o), Fraction(1, 2)),  # type: ignore[arg-type]
    np.reshape: read_reshape,
    np.ravel: read_reshape,
    np.squeeze: read_reshape,
    np.expand_dims: read_reshape,
    np.transpose: read_transpose,
    np.matrix_transpose: read_swap,
    np.swapaxes: read_swap,
    np.moveaxis: read_moveaxis,
    np.dot: read_dot,
    np.matmul: read_dot,
    np.where: read_where,
    einsum: read_einsum,
    operator.getitem: read_getitem,
    ours.scatter.__wrapped__: read_scatter,  # type: ignore[attr-defined]
}
