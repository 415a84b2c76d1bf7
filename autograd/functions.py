"""Differentiable functions that NumPy lacks, and `op`, which makes more of them."""

from __future__ import annotations

import functools
import inspect
import operator
from collections.abc import Callable, Sequence
from typing import Any, overload

import numpy as np

from .engine import NO_OPTIONS
from .errors import DTypeError, ShapeError
from .ops import Function, Rule, parameters, row, rule
from .record import apply, record, recorders


@overload
def op(function: Function, /, *positional: Rule) -> Function: ...
@overload
def op(*, rules: Sequence[Rule]) -> Callable[[Function], Function]: ...
def op(function: Function | None = None, /, *positional: Rule, rules: Sequence[Rule] = ()) -> Any:
    """A differentiable version of `function`, given one rule for each of its array arguments.

    A rule is `lambda g, y, *arguments: ...`.  It returns the cotangent of its argument, given the cotangent
    `g` of the output, the output `y`, and the arguments.  Write None for an argument in which the function
    is piecewise constant.  The returned function takes arrays, on which it is just `function`, and Tensors.

    >>> from autograd import Tensor
    >>> cube = op(lambda x: x * x * x, lambda g, y, x: 3 * g * x**2)
    >>> x = Tensor(2.0, requires_grad=True)
    >>> cube(x).backward()
    >>> print(x.grad, cube(2.0))
    12.0 8.0

    As a decorator it takes the rules by name:

    >>> @op(rules=[lambda g, y, a, b: g * b, lambda g, y, a, b: g * a])
    ... def product(a, b):
    ...     return a * b
    """
    if function is None:
        return lambda f: op(f, *rules)
    if not positional:
        raise TypeError(
            f"op({function.__name__}) needs a rule for each array argument, or None in its place: "
            "op(function, rule, ...), or @op(rules=[rule, ...]) as a decorator"
        )
    rule(function, *positional)
    return functools.update_wrapper(entrance(function, len(positional)), function)


def entrance(function: Function, n: int) -> Function:
    """The function that users call, for a `function` of n arrays: fast if all arguments are positional."""
    op, short = row(function), recorders[function]
    options = len(parameters(function)) > n

    def one(a: Any = None, /, **named: Any) -> Any:
        return record(function, () if a is None else (a,), named) if named else short(a)

    def two(a: Any = None, b: Any = None, /, **named: Any) -> Any:
        return record(function, tuple(v for v in (a, b) if v is not None), named) if named else short(a, b)

    def many(*args: Any, **named: Any) -> Any:
        return record(function, args, named) if named or len(args) > n else apply(op, args, NO_OPTIONS)

    return many if options or n > 2 else (one, two)[n - 1]


# The backward pass of a reduction: put back the axes that it removed, and spread g over them.


def kept(shape: tuple[int, ...], axis: Any) -> tuple[int, ...]:
    """The shape after a reduction of `shape` over `axis` with `keepdims=True`."""
    axes = range(len(shape)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    gone = {operator.index(i) % len(shape) for i in axes} if shape else ()
    return tuple(1 if i in gone else n for i, n in enumerate(shape))


def spread(g: Any, a: Any, axis: Any = None) -> Any:
    """The cotangent `g` of a sum of `a` over `axis`, spread back over the shape of `a`.

    >>> spread(np.array([1.0, 2.0]), np.zeros((2, 3)), axis=1)
    array([[1., 1., 1.],
           [2., 2., 2.]])
    """
    if g.ndim:
        g = g.reshape(kept(a.shape, axis))
    if a.size > 4096 or (not isinstance(g, np.generic) and type(g) is not np.ndarray):
        return np.broadcast_to(g, a.shape)
    result = np.empty(a.shape, g.dtype)  # for small arrays, five times as fast as np.broadcast_to
    result[...] = g
    return result


# Sums and quotients in short floats.  Adding 1 again and again, float16 gets to 2^11 and float32 to 2^24;
# the largest float16 is 65,504.

COUNTED = {"e": 2**11, "f": 2**24, "F": 2**24}


def summing(a: Any) -> Any:
    """The dtype for a sum of the elements of `a`: None, for their own, if that can count them.

    >>> summing(np.zeros(1000, np.float16)), summing(np.zeros(3000, np.float16))
    (None, dtype('float64'))
    """
    return None if a.size <= COUNTED.get(a.dtype.char, a.size) else np.result_type(a.dtype, np.float64)


def total(a: Any, axis: Any = None) -> Any:
    """The sum of `a` over `axis`, with the axis kept.  Very many short floats are summed in float64."""
    return np.sum(a, axis=axis, keepdims=True, dtype=summing(a))


def divided(a: Any, n: Any) -> Any:
    """a / n in the dtype of the floats `a`, even if n, a number or an array, is too large for that dtype.

    >>> divided(np.float16(2), 100_000)
    np.float16(2e-05)
    """
    if not hasattr(n, "dtype"):
        if a.dtype.char != "e":
            return a / n
        n = np.float64(n)
    return in_dtype_of(a, a / n) if a.dtype.kind in "fc" else a / n


def in_dtype_of(a: Any, result: Any) -> Any:
    """`result` in the dtype of `a`; `result` itself if it has that dtype."""
    return result if result.dtype == a.dtype else result.astype(a.dtype)


def conj(a: Any) -> Any:
    """The conjugate of `a`.  For real numbers it is `a` itself, and nothing is recorded."""
    return np.conjugate(a) if a.dtype.kind == "c" else a


def squared_modulus(a: Any) -> Any:
    """|a|², which is real for complex `a` too."""
    return np.real(a * np.conjugate(a)) if a.dtype.kind == "c" else a * a


# Activations and related functions, which do not overflow for any finite input.


def signed(x: Any) -> Any:
    """`x`, with unsigned integers and booleans converted to floats: negated, they would wrap around."""
    x = x if hasattr(x, "dtype") else np.asarray(x)
    return x.astype(float) if x.dtype.kind in "bu" else x


# NumPy makes an array of the Python number 1 each time, which takes longer than adding it to a few elements.
ONES = {c: np.ones((), c) for c in np.typecodes["Float"]}


@op(rules=[lambda g, y, x: g * (y - y * y)])
def sigmoid(x: Any) -> Any:
    """1 / (1 + exp(-x)), elementwise.

    >>> sigmoid(np.array([-1000.0, 0.0, 1000.0]))
    array([0. , 0.5, 1. ])
    """
    if type(x) is np.ndarray and x.dtype.kind == "f" and x.size and x.item(x.argmin()) > -11:
        e = np.exp(-x)  # finite in every dtype; np.errstate would take as long as the rest
        e += ONES[x.dtype.char]
        return np.reciprocal(e)
    z = -signed(x)
    with np.errstate(over="ignore"):  # where exp(z) is inf, the result is 0, as it should be
        e = np.exp(z)
    return 1 / (1 + e)


@op(rules=[lambda g, y, x: g * (x > 0)])
def relu(x: Any) -> Any:
    """max(x, 0), elementwise; its gradient at 0 is 0.

    >>> relu(np.array([-2.0, 0.0, 3.0]))
    array([0., 0., 3.])
    """
    return np.maximum(x, 0)


@op(rules=[lambda g, y, x: g * sigmoid(x)])
def softplus(x: Any) -> Any:
    """log(1 + exp(x)), elementwise.

    >>> softplus(np.array([-1000.0, 1000.0]))
    array([   0., 1000.])
    """
    return np.logaddexp(0, x)


def logsumexp_rule(g: Any, y: Any, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """g times the softmax; 0 where all of x is -inf, because no finite step changes the result there."""
    shape = kept(x.shape, axis)
    return g.reshape(shape) * np.exp(x - np.where(y == -np.inf, 0, y).reshape(shape))


@op(rules=[logsumexp_rule])
def logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """log(sum(exp(x))) over `axis`; its gradient is the softmax.

    >>> logsumexp(np.array([1000.0, 1000.0])).round(4)
    np.float64(1000.6931)
    """
    x = signed(x)
    top = np.max(x, axis=axis, keepdims=True)
    top = np.where(np.isfinite(top), top, np.zeros_like(top))
    e = np.exp(x - top)
    with np.errstate(divide="ignore"):  # log(0) = -inf is right where all of x is -inf
        result = in_dtype_of(e, np.log(total(e, axis)) + top)
    return result if keepdims else result.reshape(np.shape(np.sum(x, axis=axis)))


@op(rules=[lambda g, y, x, axis=-1: y * in_dtype_of(g, g - total(g * y, axis))])
def softmax(x: Any, axis: Any = -1) -> Any:
    """exp(x) / sum(exp(x)) over `axis`: positive, with sum 1.

    >>> softmax(np.array([0.0, 1000.0, 1000.0]))
    array([0. , 0.5, 0.5])
    """
    x = signed(x)
    e = np.exp(x - np.max(x, axis=axis, keepdims=True))
    return divided(e, total(e, axis))


@op(rules=[lambda g, y, x, axis=-1: in_dtype_of(g, g - np.exp(y) * total(g, axis))])
def log_softmax(x: Any, axis: Any = -1) -> Any:
    """x - log(sum(exp(x))) over `axis`: the logarithm of the softmax.

    >>> log_softmax(np.array([0.0, 1000.0]))
    array([-1000.,     0.])
    """
    x = signed(x)
    shifted = x - np.max(x, axis=axis, keepdims=True)
    e = np.exp(shifted)
    return in_dtype_of(e, shifted - np.log(total(e, axis)))


def cast(a: Any, dtype: Any) -> Any:
    """`a` in another dtype."""
    return a.astype(dtype)


def flatten(a: Any, order: str = "C") -> Any:
    """A copy of `a` with one axis."""
    return a.flatten(order)


# Reading at an index and adding at an index are each other's derivatives.


@op(rules=[lambda g, y, v, index, shape: g[index]])
def scatter(v: Any, index: Any, shape: tuple[int, ...]) -> Any:
    """Zeros of `shape`, with `v` added at `index`.  Values for the same place are summed.

    >>> scatter(np.array([1.0, 2.0, 3.0]), np.array([0, 2, 0]), (4,))
    array([4., 0., 2., 0.])
    """
    v = np.asarray(v)
    if not may_repeat(index):
        result = np.zeros(shape, v.dtype)
        result[index] = v
        return result
    result = np.zeros(shape, summing(v) or v.dtype)
    np.add.at(result, index, v)
    return result.astype(v.dtype, copy=False)


def may_repeat(index: Any) -> bool:
    """Whether an index could name a place twice: only an index with arrays or lists in it can."""
    parts = index if isinstance(index, tuple) else (index,)
    return not all(i is None or i is Ellipsis or isinstance(i, slice | int | np.integer) for i in parts)


def put_rule(g: Any, y: Any, a: Any, v: Any, index: Any) -> Any:
    """g at the index; 0 for a value that was overwritten by a later one at the same place."""
    taken = g[index]
    if not may_repeat(index):
        return taken
    order = np.arange(taken.size).reshape(taken.shape)
    last = np.zeros(a.shape, int)
    last[index] = order
    lasting = last[index] == order
    return taken if lasting.all() else taken * lasting


def passed_by(g: Any, y: Any, a: Any, v: Any, index: Any) -> Any:
    """g, with 0 at the index: the elements there were overwritten."""
    return put(g, 0, index=index)


@op(rules=[passed_by, put_rule])
def put(a: Any, v: Any, index: Any) -> Any:
    """A copy of `a` with `v` written at `index`; `v` broadcasts.

    Raises DTypeError for floats written to integers, which would truncate them.

    >>> put(np.zeros(3), 5.0, index=1)
    array([0., 5., 0.])
    """
    result = np.array(a)
    if result.dtype.kind in "biu" and np.asarray(v).dtype.kind in "fc":
        raise DTypeError(
            f"floats written into a tensor of dtype {result.dtype} would be truncated: "
            "make it a float tensor first, t.astype(float)"
        )
    result[index] = v
    return result


rule(operator.setitem, *row(inspect.unwrap(put)).rules, call=inspect.unwrap(put))


# So are taking the windows that slide over an array, and adding windows where they were taken.


def windows_rule(g: Any, y: Any, x: Any, size: Any, stride: Any, dilation: Any) -> Any:
    return fold(g, shape=x.shape, stride=stride, dilation=dilation)


@op(rules=[windows_rule])
def windows(x: Any, size: Sequence[int], stride: Sequence[int], dilation: Sequence[int]) -> Any:
    """The windows of x that begin at every stride-th place, each of every dilation-th element from there.

    x has the shape (..., *n), where n has as many axes as size, stride and dilation have numbers.  The result
    is a read-only view of x with the shape (..., *size, *m), m = (n - dilation (size - 1) - 1) // stride + 1.

    Raises ShapeError for a window larger than x.

    >>> windows(np.arange(5), (2,), (1,), (3,))
    array([[0, 1],
           [3, 4]])
    """
    lead, n = x.ndim - len(size), x.shape[x.ndim - len(size) :]
    m = [(a - d * (k - 1) - 1) // s + 1 for a, k, s, d in zip(n, size, stride, dilation, strict=True)]
    if min(m) < 1:
        raise ShapeError(f"windows of size {tuple(size)} and dilation {tuple(dilation)} do not fit into {n}")
    steps = x.strides[lead:]
    strides = (
        *x.strides[:lead],
        *(d * step for d, step in zip(dilation, steps, strict=True)),
        *(s * step for s, step in zip(stride, steps, strict=True)),
    )
    return np.lib.stride_tricks.as_strided(x, (*x.shape[:lead], *size, *m), strides, writeable=False)


row(inspect.unwrap(windows)).view = True


def fold_rule(g: Any, y: Any, v: Any, shape: Any, stride: Any, dilation: Any) -> Any:
    k = len(stride)
    return windows(g, size=v.shape[-2 * k : -k], stride=stride, dilation=dilation)


@op(rules=[fold_rule])
def fold(v: Any, shape: Sequence[int], stride: Sequence[int], dilation: Sequence[int]) -> Any:
    """Zeros of `shape`, with each window in v added at the place where `windows` takes it.

    v has the shape (..., *size, *m); the result has the shape (..., *n), which is `shape`.

    >>> fold(np.array([[1.0, 2.0, 3.0], [10.0, 20.0, 30.0]]), (4,), (1,), (1,))
    array([ 1., 12., 23., 30.])
    """
    k = len(stride)
    result, size, m = np.zeros(shape, v.dtype), v.shape[-2 * k : -k], v.shape[-k:]
    for at in np.ndindex(*size):
        places: list[Any] = [
            slice(i * d, i * d + s * (n - 1) + 1, s)
            for i, d, s, n in zip(at, dilation, stride, m, strict=True)
        ]
        result[(..., *places)] += v[(..., *at, *(slice(None),) * k)]
    return result
