"""What a recorded graph tells about the function: whether it is analytic, and which branches it took.

A function with branches (a comparison, a largest element, an `abs`) consists of several smooth functions,
one for each combination of branches.  The difference of two values tells a derivative only if both were
computed by the same branches.
"""

from __future__ import annotations

import inspect
import operator
import types
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np

import autograd.functions as f

from ...engine import Node
from ...functions import cast, kept
from ...graph.ancestors import ancestors
from ...ops import Function
from ...outputs import PICK
from ...rules.einsum import einsum
from ...rules.ufunc_methods import extreme, running_extreme

Array = Any

# The functions that NumPy extends to complex numbers analytically.  This leaves out functions that drop
# the imaginary part (abs, norm, var), take a conjugate (vdot, correlate, cholesky), or choose (max, sort),
# and the user's own functions, about which nothing is known.
ANALYTIC: set[Any] = {
    *(np.add, np.subtract, np.multiply, np.divide, np.negative, np.positive, np.reciprocal, np.square),
    *(np.power, np.float_power, np.sqrt, np.exp, np.exp2, np.expm1, np.log, np.log2, np.log10, np.log1p),
    *(np.sin, np.cos, np.tan, np.arcsin, np.arccos, np.arctan, np.sinh, np.cosh, np.tanh),
    *(np.arcsinh, np.arccosh, np.arctanh, np.sinc, np.where),
    *(np.sum, np.mean, np.prod, np.cumsum, np.cumprod),
    *(np.matmul, np.dot, np.inner, np.outer, np.tensordot, einsum, np.linalg.multi_dot, np.convolve),
    *(np.linalg.inv, np.linalg.solve, np.linalg.det, np.triu, np.tril),
    *(np.reshape, np.ravel, np.squeeze, np.expand_dims, np.copy, np.transpose, np.matrix_transpose),
    *(np.swapaxes, np.moveaxis, np.roll, np.flip, np.broadcast_to, np.concatenate, np.stack),
    *(np.take_along_axis, operator.getitem, operator.setitem, PICK.function),
    *(np.fft.fft, np.fft.fft2, np.fft.fftn, np.fft.ifft, np.fft.ifft2, np.fft.ifftn),
} | {
    inspect.unwrap(function)
    for function in (f.sigmoid, f.softmax, f.log_softmax, f.logsumexp, f.scatter, f.put)
}


def is_analytic(nodes: Iterable[Node]) -> bool:
    """Whether these operations, applied to complex numbers, make one analytic function.

    They do not if one has the option `dtype`: a real dtype drops the imaginary part.
    """
    return all(n.op.function in ANALYTIC and n.kwargs.get("dtype") is None for n in nodes)


# Which branch a function of floats took at each element, as numbers that are equal for equal branches.
# A comparison has three outcomes: a tie is on neither side, and any step leads away from it.

Decision = Callable[..., Any]


def sign_of(y: Array, x: Array) -> Array:
    """The sign of a real number; for a complex number, which can go around 0, only whether it is 0."""
    return np.sign(x) if x.dtype.kind != "c" else x == 0


def bounds(y: Array, a: Array, low: Any = None, high: Any = None) -> list[Array]:
    """On which side of each bound that is given an element is, or that it is on it."""
    return [np.sign(a - b) for b in (low, high) if b is not None]


def at_extreme(y: Array, a: Array, axis: Any = None, **_: Any) -> Array:
    """Which elements are the extreme of their axis: where several are, they share the gradient."""
    return a == y.reshape(kept(a.shape, axis))


def order(y: Array, a: Array, axis: Any = -1, **_: Any) -> list[Array]:
    """The sorting order, and where neighbours in it are equal."""
    a, axis = (a.reshape(-1), 0) if axis is None or not a.ndim else (a, axis)
    places = np.argsort(a, axis=axis, kind="stable")
    return [places, np.diff(np.take_along_axis(a, places, axis), axis=axis) == 0]


def norm_branch(y: Array, x: Array, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> list[Array]:  # noqa: A002
    """Where a norm is 0; for orders other than 2 also the signs, and where the largest elements are."""
    zero = y == 0
    if ord is None or ord == 2:
        return [zero]
    return [zero, sign_of(y, x), np.abs(x) == y.reshape(kept(x.shape, axis))]


# fmt: off
DECISIONS: dict[Function, Decision] = {
    **dict.fromkeys((np.absolute, np.fabs, inspect.unwrap(f.relu)), sign_of),
    **dict.fromkeys((np.maximum, np.minimum, np.fmax, np.fmin),  lambda y, a, b: np.sign(a - b)),
    **dict.fromkeys((np.max, np.min, np.amax, np.amin, np.nanmax, np.nanmin), at_extreme),
    inspect.unwrap(extreme): at_extreme,
    **dict.fromkeys((np.sort, np.partition), order),
    **dict.fromkeys((np.remainder, np.fmod), lambda y, a, b: np.rint((a - y) / b)),
    **dict.fromkeys((np.frexp, np.modf), lambda y, x: y[1]),
    np.divmod:              lambda y, a, b: y[0],
    np.copysign:            lambda y, a, b: [np.sign(a), np.sign(b)],
    np.heaviside:           lambda y, a, b: np.sign(a),
    np.nan_to_num:          lambda y, x, **_: np.isfinite(x),
    np.hypot:               lambda y, a, b: y == 0,
    np.std:                 lambda y, a, **_: y == 0,
    np.clip:                bounds,
    np.linalg.vector_norm:  norm_branch,
    inspect.unwrap(running_extreme): lambda y, a, **_: a == y,
}
# fmt: on


class Branch(NamedTuple):
    """One operation, and its decisions; `what` identifies the operation, and is the same at every point."""

    what: Any
    name: str
    decided: list[Array]


class Parting(NamedTuple):
    """An operation that branches differently in two evaluations, with a mask of the elements concerned."""

    name: str
    mask: Array


def branches(roots: Iterable[Node | None]) -> list[Branch]:
    """The branches that a computation took: its operations in order, each with what it decided.

    An operation's decisions are the result of a piecewise constant function, the entry in DECISIONS, and
    all integers and truth values that the operation was given: an index may have been computed.
    """
    with np.errstate(all="ignore"):
        return [Branch(what(n.op.function), n.op.name, decided(n)) for n in ancestors(roots)]


def what(function: Function) -> Any:
    """The identity of a function, equal for functions that are made anew at each call: the code.

    It includes the integers and strings that the function was made with, such as a chosen exponent.

    >>> def power(n):
    ...     return lambda x: x**n
    >>> what(power(2)) == what(power(2)), what(power(2)) == what(power(3))
    (True, False)
    """
    code = getattr(function, "__code__", None)
    if code is None:  # NumPy's functions, whose names are unique
        return type(function), function.__name__, getattr(function, "__module__", None)
    cells = [c.cell_contents for c in function.__closure__ or () if c != types.CellType()]  # not empty
    given = [*cells, *(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]
    return code, tuple(v for v in given if isinstance(v, int | str | np.integer | np.bool_))


def decided(node: Node) -> list[Array]:
    """The discrete values that one operation used or made."""
    rules, function = node.op.rules, node.op.function
    given = [v for v in (*node.args, *indices_in(node.kwargs.get("index"))) if is_discrete(v)]
    if rules and not any(rules) and function is not cast:
        given.append(node.data)
    if function in DECISIONS:
        decision = DECISIONS[function](node.data, *node.args, **node.kwargs)
        given += decision if isinstance(decision, list) else [decision]
    return given


def indices_in(index: Any) -> tuple[Any, ...]:
    """The index of each axis, in an index that is a tuple or stands alone."""
    return index if isinstance(index, tuple) else (index,)


def is_discrete(value: Any) -> bool:
    """Whether a value is an array of truth values or integers, which decide and have no derivative."""
    return isinstance(value, np.ndarray) and value.dtype.kind in "bui"


def differing(one: list[Branch], other: list[Branch]) -> list[Parting] | None:
    """The decisions in which two evaluations branch differently, each with a mask of its elements.

    The list is empty if they take the same branches, and None if they make different operations altogether.

    >>> one, other = ([Branch(np.sign, "sign", [np.array(a)])] for a in ([1, 0], [1, 1]))
    >>> differing(one, other)
    [Parting(name='sign', mask=array([False,  True]))]
    """
    if [branch.what for branch in one] != [branch.what for branch in other]:
        return None
    partings = []
    for branch, (_, _, theirs) in zip(one, other, strict=True):
        for a, b in zip(branch.decided, theirs, strict=False):
            if np.shape(a) != np.shape(b):
                return None
            mask = (a != b) & ~((a != a) & (b != b))  # NaN is the same as NaN
            if np.any(mask):
                partings.append(Parting(branch.name, np.asarray(mask)))
    return partings
