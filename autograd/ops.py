"""The table of functions and their derivative rules.

This file says what a rule is and where it is kept; the rules themselves are in `rules/`.  A row of the
table is an `Op`: a function, usually NumPy's own, and one rule for each of its array arguments.

The cotangent of an array is the gradient of the final result with respect to that array.  A rule takes
the cotangent `g` of the output, the output `y`, and then the function's own arguments.  It returns the
cotangent of its argument, in plain NumPy:

    rule(np.multiply, lambda g, y, a, b: g * b,
                      lambda g, y, a, b: g * a)

Two values can take the place of a rule.  `None` says that the function is piecewise constant in that
argument, so nothing is passed back.  `unknown` says that the table lacks this derivative, so the argument
must be a constant.  Rules need not mention broadcasting: the engine sums it away.
"""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from .errors import NoRuleError

Function = Callable[..., Any]
Rule = Callable[..., Any] | None


def unknown(g: Any, y: Any, *args: Any) -> Any:
    """Stands in for a missing rule.  Raises NoRuleError."""
    raise NoRuleError("the derivative in this argument is not known: pass .detach() of it")


class Op:
    """One row of the table: a function and how to differentiate it.

    rules       one rule for each array argument; empty if the function has no derivative here
    call        computes the function on arrays: the function itself, or a faster equivalent
    each        the one rule for all arrays, if the function takes a sequence of arrays
    broadcasts  whether a rule's result may have to be summed or cast to match its argument
    several     whether the function has several outputs: `g` and `y` are then tuples
    view        whether the function only moves elements: NumPy's result may be a view of its argument
    """

    __slots__ = ("broadcasts", "call", "each", "function", "name", "rules", "several", "view")

    def __init__(self, function: Function) -> None:
        self.function = function
        self.name = function.__name__
        self.rules: tuple[Rule, ...] = ()
        self.call = function
        self.each: Rule = None
        self.broadcasts = True
        self.several = False
        self.view = False

    def __repr__(self) -> str:
        return f"Op({self.name})"


table: dict[Function, Op] = {}
untracked: set[Function] = set()  # functions that only ask about an array, such as np.shape
composed: dict[Function, Function] = {}  # functions that are computed by other functions on Tensors
methods: dict[str, Function] = {}  # ufunc methods on Tensors, by name: "reduce", "accumulate", ...


def compose(function: Function) -> Callable[[Function], Function]:
    """A decorator that makes a composition stand for `function` when it is called with Tensors.

    A composition computes the same result with simpler functions, so it needs no rule of its own.  For
    example, `np.vstack` is composed of `np.concatenate`.
    """

    def register(composition: Function) -> Function:
        composed[function] = composition
        return composition

    return register


latecomers: dict[str, Callable[[], object]] = {}  # by module: a function that fills in the rows for it


def row(function: Function) -> Op:
    """The row of `function`, which is empty if the table has no rules for it.

    Rules for `np.fft` and `scipy.special` are not loaded by `import autograd`: the first of their
    functions to be looked up here loads them all.
    """
    if function not in table:
        table[function] = Op(function)
        for module in tuple(latecomers):
            if getattr(sys.modules.get(module), function.__name__, None) is function:
                latecomers.pop(module)()
    return table[function]


def rule(
    function: Function,
    *rules: Rule,
    call: Function | None = None,
    broadcasts: bool = True,
    several: bool = False,
    view: bool = False,
) -> Op:
    """The row of `function`, filled with one rule for each array argument.

    `call` computes the same numbers faster.  `broadcasts=False` promises that each rule's result already
    has the shape and dtype of its argument.  `several` says that the function has several outputs, so
    that `g` and `y` are tuples.  `view` says that the function only moves elements and that NumPy may
    return a view: writing to the result then writes to the argument.

    >>> from scipy.special import wrightomega  # the y for which y + log(y) is x
    >>> from autograd import Tensor, rule
    >>> rule(wrightomega, lambda g, y, x: g * y / (1 + y))
    Op(wrightomega)
    >>> x = Tensor(1.0, requires_grad=True)
    >>> wrightomega(x).backward()
    >>> print(x.grad)
    0.5
    """
    op = row(function)
    op.rules, op.call = rules, call or function
    op.broadcasts, op.several, op.view = broadcasts, several, view
    return op


def rule_each(function: Function, each: Function) -> Op:
    """The row of a function that takes a sequence of arrays, such as `np.concatenate`.

    `each(g, y, i, *arrays, **options)` returns the cotangent of `arrays[i]`.
    """
    op = row(function)
    op.each = each
    op.call = lambda *arrays, **options: function(arrays, **options)
    return op


@functools.cache
def of_length(op: Op, n: int) -> Op:
    """An ordinary row with `n` rules, for a call of a sequence function on `n` arrays."""

    def rule_of(i: int) -> Rule:
        return lambda g, y, *arrays, **options: op.each(g, y, i, *arrays, **options)  # type: ignore[misc]

    fixed = Op(op.function)
    fixed.rules, fixed.call, fixed.each = tuple(map(rule_of, range(n))), op.call, op.each
    fixed.view = op.view and n == 1
    return fixed


@functools.cache
def parameters(function: Function) -> tuple[str, ...]:
    """The names of a function's parameters, in order; x1, x2, ... for a ufunc, which does not name them."""
    if isinstance(function, np.ufunc):
        return tuple(f"x{i + 1}" for i in range(function.nin))
    return PARAMETERS.get(function) or tuple(inspect.signature(function).parameters)


# These functions are written in C: inspect.signature works on them only from NumPy 2.4 on.
PARAMETERS: dict[Function, tuple[str, ...]] = {
    np.concatenate: ("arrays", "axis", "out", "dtype", "casting"),
    np.dot: ("a", "b", "out"),
    np.empty_like: ("prototype", "dtype", "order", "subok", "shape", "device"),
    np.inner: ("a", "b"),
    np.vdot: ("a", "b"),
    np.where: ("condition", "x", "y"),
}


@functools.cache
def options(op: Op) -> frozenset[str] | None:
    """The names of the options that the rules of `op` accept; None if they accept any.

    An option that no rule accepts would be ignored in the backward pass, and the gradient would be wrong.
    """
    f = op.each or next(f for f in op.rules if f not in (None, unknown))
    taken = list(inspect.signature(f).parameters.values())
    if any(p.kind is p.VAR_KEYWORD for p in taken):
        return None
    return frozenset(p.name for p in taken if p.kind is p.KEYWORD_ONLY) or frozenset(
        p.name for p in taken[2 + len(op.rules) :]
    )


def bind(op: Op, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The array arguments of a call, as a tuple, and its options, as a dict by name.

    >>> bind(row(np.sum), (1.0, 0), {"keepdims": True})
    ((1.0,), {'keepdims': True, 'axis': 0})
    """
    names, n = parameters(op.function), len(op.rules) or 1
    if not kwargs and len(args) <= n:
        return args, kwargs
    named = {SYNONYMS.get(name, name): value for name, value in kwargs.items()}
    named |= zip(names[n:], args[n:], strict=False)
    arrays = [*args[:n], *(named.pop(name, None) for name in names[len(args) : n])]
    while arrays and arrays[-1] is None:
        arrays.pop()
    return tuple(arrays), named


# Newer names of arguments, and the older names that the rules use.
SYNONYMS = {"min": "a_min", "max": "a_max"}
