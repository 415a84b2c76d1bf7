"""The table: which function has which derivative rules.

A row is an `Op`: a function, usually NumPy's own, and one rule for each of its array arguments.
A rule takes the cotangent `g` of the output, the output `y`, then the function's own arguments,
and returns the cotangent of its argument, in plain NumPy:

    rule(np.multiply, lambda g, y, a, b: g * b,
                      lambda g, y, a, b: g * a)

`None` in the place of a rule says that the function is piecewise constant in that argument, `unknown`
that it is not, but that the table does not have the derivative: such an argument must be a constant.
Rules need not mention broadcasting: the engine sums it away.
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
    """In the place of a rule: the derivative in this argument is not known here, and is refused."""
    raise NoRuleError("the derivative in this argument is not known: pass .detach() of it")


class Op:
    """One row of the table: a function and how to differentiate it.

    rules       one for each array argument; none at all for a function that has no derivative here
    call        computes the function on arrays: the function itself, or a faster way to the same
    each        of a function of a sequence of arrays: the one rule for all of them
    broadcasts  whether a cotangent may have to be summed or cast back to its argument
    several     whether it has several outputs: then `g` and `y` are tuples of as many
    view        whether it moves elements only, so that NumPy's result may be a view of its argument
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
untracked: set[Function] = set()  # functions that only ask about an array, and answer with no array
composed: dict[Function, Function] = {}  # functions written in terms of others, for Tensors
methods: dict[str, Function] = {}  # what a ufunc's method of a name does with Tensors, given the ufunc


def compose(function: Function) -> Callable[[Function], Function]:
    """A decorator: for Tensors, `function` is what the decorated one computes with other functions.

    That is the way of functions whose derivative follows from those of simpler ones, which
    `np.vstack` has in `np.concatenate`.
    """

    def register(composition: Function) -> Function:
        composed[function] = composition
        return composition

    return register


latecomers: dict[str, Callable[[], object]] = {}  # what fills the rows of another library's functions


def row(function: Function) -> Op:
    """The row of `function`; an empty one, if the table has none yet.

    The first function of a library that has rules of its own, but is no business of `import
    autograd`, fills the rows of all of them.
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

    `call` is a faster way to the same numbers, if there is one; `broadcasts=False` promises that
    the rules' results have their arguments' shapes and dtypes already; `several` says that the
    function has several outputs, so that `g` and `y` are tuples; `view` that it moves elements only, and
    NumPy may return a view: what is written to the result is then written to the argument.

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
    """The row of a `function` of a sequence of arrays, such as `np.concatenate`.

    `each(g, y, i, *arrays, **options)` is the cotangent of `arrays[i]`.
    """
    op = row(function)
    op.each = each
    op.call = lambda *arrays, **options: function(arrays, **options)
    return op


@functools.cache
def of_length(op: Op, n: int) -> Op:
    """The row of a sequence function for `n` arrays: an ordinary row with `n` rules."""

    def rule_of(i: int) -> Rule:
        return lambda g, y, *arrays, **options: op.each(g, y, i, *arrays, **options)  # type: ignore[misc]

    fixed = Op(op.function)
    fixed.rules, fixed.call, fixed.each = tuple(map(rule_of, range(n))), op.call, op.each
    fixed.view = op.view and n == 1
    return fixed


@functools.cache
def parameters(function: Function) -> tuple[str, ...]:
    """The names of a function's parameters, in order; a ufunc's inputs have none of their own."""
    if isinstance(function, np.ufunc):
        return tuple(f"x{i + 1}" for i in range(function.nin))
    return PARAMETERS.get(function) or tuple(inspect.signature(function).parameters)


# NumPy's functions in C, which tell their parameters only since NumPy 2.4
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
    """The options that the rules of `op` know: what follows the array arguments.  None for any.

    An option that no rule knows would be ignored in the backward pass, and the gradient wrong.
    """
    f = op.each or next(f for f in op.rules if f not in (None, unknown))
    taken = list(inspect.signature(f).parameters.values())
    if any(p.kind is p.VAR_KEYWORD for p in taken):
        return None
    return frozenset(p.name for p in taken if p.kind is p.KEYWORD_ONLY) or frozenset(
        p.name for p in taken[2 + len(op.rules) :]
    )


def bind(op: Op, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """A call's arguments, sorted into array arguments and options by name.

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


# What newer NumPy calls an argument, in older NumPy's words.
SYNONYMS = {"min": "a_min", "max": "a_max"}
