"""Sums, means, products, and axes: the functions of whole arrays that expressions call.

Sums keep their axes, and `view` takes axes of length 1 away or adds them, so the two cancel where a rule
puts back what a reduction took away.  A factor that does not change along an axis is taken out of its sum.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from math import prod
from typing import Any

import numpy as np

from .expressions import (
    ELEMENTWISE,
    ONE,
    Expr,
    Shape,
    add,
    call,
    expr,
    is_call,
    is_elementwise,
    length,
    mul,
    number,
    options,
    power,
    walk,
)
from .indexing import take


def rebuilt(e: Expr, args: Iterable[Expr]) -> Expr:
    """The same operation on other arguments."""
    args = tuple(args)
    if args == e.args:
        return e
    if e.head == "add":
        return add(*args)
    if e.head == "mul":
        return mul(*args)
    if e.head == "pow":
        return power(args[0], e.data)
    function, opts = e.data
    make = MAKERS.get(function)
    if make:
        return make(e, args)
    whole = (
        args
        if function.__name__ in ELEMENTWISE
        else [exact(a, b.shape) for a, b in zip(args, e.args, strict=True)]
    )
    return call(function, whole, e.shape, **dict(opts))


# Sums, whose axes are counted from the last, and kept


def summed(e: Expr, axes: Iterable[int], shape: Shape) -> Expr:
    """The sum of e, spread over `shape`, along axes, which are kept with length 1.

    Factors that do not change along them are taken out.
    """
    axes = sorted({i - len(shape) if i >= 0 else i for i in axes})
    still = [i for i in axes if length(e, i) == 1]
    times = prod(shape[i] for i in still)
    axes = [i for i in axes if i not in still]
    if not axes:
        return mul(counted(times), e)
    parts = e.args if e.head == "mul" else (e,)
    out = [p for p in parts if all(length(p, i) == 1 for i in axes)]
    inside = mul(*(p for p in parts if p not in out))
    if inside.head == "add" and any(all(length(t, i) == 1 for i in axes) for t in inside.args):
        terms = [summed(t, axes, inside.shape) for t in inside.args]
        return mul(counted(times), *out, add(*terms))
    if is_call(inside, sum_):
        axes, inside = sorted({*axes, *options(inside)["axis"]}), inside.args[0]
    lengths = tuple(1 if i - len(inside.shape) in axes else n for i, n in enumerate(inside.shape))
    return mul(counted(times), *out, call(sum_, (inside,), lengths, axis=tuple(axes)))


counts: ContextVar[Mapping[float, Expr]] = ContextVar("counts", default={})  # noqa: B039  (never written to)


def counted(n: int) -> Expr:
    """A number of elements, under the user's name for it in the derivation that is being made."""
    return counts.get().get(n) or number(n)


def mean_(a: Any, axis: tuple[int, ...]) -> Any:
    """The mean along axes that are kept: the function that expressions call."""
    return np.mean(a, axis=axis, keepdims=True)


def sum_(a: Any, axis: tuple[int, ...]) -> Any:
    """The sum along axes that are kept: the function that expressions call."""
    return np.sum(a, axis=axis, keepdims=True)


def averaged(e: Expr, axes: Iterable[int], shape: Shape) -> Expr:
    """The mean of e, spread over `shape`, along axes, which are kept with length 1."""
    axes = tuple(i for i in axes if length(e, i) > 1)
    parts = e.args if e.head == "mul" else (e,)
    out = [p for p in parts if all(length(p, i) == 1 for i in axes)]
    inside = mul(*(p for p in parts if p not in out))
    if not axes or inside is ONE:
        return e
    lengths = tuple(1 if i - len(inside.shape) in axes else n for i, n in enumerate(inside.shape))
    return mul(*out, call(mean_, (inside,), lengths, axis=axes))


# Views, which put in axes of length 1 or take them away


def view(e: Expr, places: tuple[int | None, ...]) -> Expr:
    """e with other axes: `places` has for each the old one, counted from the last, or None for length 1.

    Axes that are left out have length 1.
    """
    if all(length(e, i) == 1 or (i + len(places) >= 0 and places[i] == i) for i in range(-len(e.shape), 0)):
        return e
    if is_elementwise(e):
        return rebuilt(e, (view(a, places) for a in e.args))
    if is_call(e, np.matmul) and is_column(e) and places == (-2,):
        a, column = e.args
        return matmul(a, exact(view(column, (-2,)), column.shape[:1]))
    if is_call(e, view_):
        inner = options(e)["places"]
        places = tuple(None if i is None or -i > len(inner) else inner[i] for i in places)
        return view(e.args[0], places)
    shape = tuple(1 if i is None else length(e, i) for i in places)
    return call(view_, (e,), shape, places=places)


def is_column(e: Expr) -> bool:
    """Whether a product of matrices has one column, so that it is a matrix times a vector."""
    return all(len(a.shape) == 2 for a in e.args) and e.shape[1] == 1


def view_(a: Any, places: tuple[int | None, ...]) -> Any:
    """The array with other axes, each an old one or of length 1: see `view`."""
    return np.reshape(a, [1 if i is None or -i > a.ndim else a.shape[i] for i in places])


def places_of(old: Shape, new: Shape) -> tuple[int | None, ...] | None:
    """The places by which `view` turns one shape into another; None if other axes than of length 1 differ."""
    kept = [i - len(old) for i, n in enumerate(old) if n != 1]
    if [old[i] for i in kept] != [n for n in new if n != 1]:
        return None
    rest = iter(kept)
    return tuple(None if n == 1 else next(rest) for n in new)


def exact(e: Expr, shape: Shape) -> Expr:
    """e in this very shape, to which it broadcasts."""
    shape = tuple(shape)
    if e.shape == shape:
        return e
    e = cut(e, len(shape))
    return e if e.shape == shape else call(np.broadcast_to, (e,), shape, shape=shape)


def cut(e: Expr, n: int) -> Expr:
    """e with its last n axes only; the axes before them have length 1."""
    if len(e.shape) <= n:
        return e
    if is_elementwise(e):
        return rebuilt(e, (cut(a, n) for a in e.args))
    places = options(e)["places"][-n:] if is_call(e, view_) and n else tuple(range(-n, 0))
    inner = e.args[0] if is_call(e, view_) and n else e
    return call(view_, (inner,), e.shape[len(e.shape) - n :], places=places)


def lean(e: Expr) -> Expr:
    """e without `keepdims=True` where another operand beside a sum has the axes in front."""
    found: dict[Expr, Expr] = {}
    for part in walk(e):
        args = [found[a] for a in part.args]
        if is_elementwise(part):
            n = len(part.shape)
            whole = any(len(a.shape) == n and a.shape[0] > 1 for a in part.args) if n else False
            args = [
                without_front(a) if whole and a.shape[:1] == (1,) and len(a.shape) == n else a for a in args
            ]
        found[part] = expr(part.head, args, part.data, part.shape)
    return found[e]


def without_front(e: Expr) -> Expr:
    """e without the axes of length 1 in front, if they come from sums."""
    n = len(e.shape)
    while n and e.shape[len(e.shape) - n] == 1:
        n -= 1
    new = cut(e, n)
    views = [p for p in walk(new) if is_call(p, view_) and p not in walk(e)]
    return new if all(is_call(v.args[0], sum_, mean_) for v in views) else e


def writable(e: Expr) -> Expr:
    """e as an array that may be written to, which a variable or a view is not."""
    base = e
    while is_call(base, view_, take, np.transpose, np.reshape):
        base = base.args[0]
    is_view = base.head == "name" or is_call(base, np.broadcast_to)
    return call(np.copy, (e,), e.shape) if is_view else e


# Products


def matmul(a: Expr, b: Expr) -> Expr:
    """`a @ b`, with factors that are single numbers taken out."""
    (c, a), (d, b) = parted(a), parted(b)
    if a is ONE or b is ONE:  # there are only numbers
        return mul(c, d, a, b)
    n, m = a.shape, b.shape
    if len(n) == 1 or len(m) == 1:
        shape = (*n[:-1], *m[:-2], *(m[-1:] if len(m) > 1 else ()))
    else:
        shape = (*np.broadcast_shapes(n[:-2], m[:-2]), n[-2], m[-1])
    return mul(c, d, call(np.matmul, (a, b), shape))


def parted(e: Expr) -> tuple[Expr, Expr]:
    """The factors of e that are single numbers, and the others in the shape of e, each as a product."""
    if e.head != "mul":
        return ONE, e
    single = [p for p in e.args if prod(p.shape) == 1]
    rest = mul(*(p for p in e.args if p not in single))
    return (mul(*single), rest) if rest.shape == e.shape else (ONE, e)


def transposed(e: Expr, axes: tuple[int, ...]) -> Expr:
    """e with its axes in another order."""
    if axes == tuple(range(len(axes))):
        return e
    if is_call(e, np.transpose):
        inner = options(e)["axes"]
        return transposed(e.args[0], tuple(inner[i] for i in axes))
    swap = (*range(len(axes) - 2), len(axes) - 1, len(axes) - 2)
    if is_call(e, np.matmul) and axes == swap and all(len(a.shape) == len(axes) for a in e.args):
        return matmul(*(transposed(a, axes) for a in reversed(e.args)))
    if e.head == "mul":
        c, rest = parted(e)
        if c is not ONE:
            return mul(c, transposed(rest, axes))
    if e.head == "add" and all(is_call(parted(t)[1], np.matmul) for t in e.args):
        return add(*(transposed(t, axes) for t in e.args))
    return call(np.transpose, (e,), tuple(e.shape[i] for i in axes), axes=axes)


MAKERS: dict[Any, Callable[[Expr, tuple[Expr, ...]], Expr]] = {
    sum_: lambda e, args: summed(args[0], options(e)["axis"], e.args[0].shape),
    mean_: lambda e, args: averaged(args[0], options(e)["axis"], e.args[0].shape),
    view_: lambda e, args: exact_view(args[0], e),
    np.matmul: lambda e, args: matmul(*(exact(a, b.shape) for a, b in zip(args, e.args, strict=True))),
    np.transpose: lambda e, args: transposed(exact(args[0], e.args[0].shape), options(e)["axes"]),
    np.broadcast_to: lambda e, args: exact(args[0], e.shape),
}


def exact_view(a: Expr, e: Expr) -> Expr:
    """The view that e is, but of another array, with as many axes as e."""
    new = view(a, options(e)["places"])
    return cut(new, len(e.shape))


def replaced(e: Expr, new: Mapping[Expr, Expr]) -> Expr:
    """e with some of its parts replaced."""
    found: dict[Expr, Expr] = {}
    for part in walk(e):
        if part in new:
            found[part] = new[part]
        else:
            found[part] = rebuilt(part, [found[a] for a in part.args]) if part.args else part
    return found[e]
