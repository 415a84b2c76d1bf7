"""Helpers that are right by themselves: a function that everybody knows, or the derivative of another one."""

from __future__ import annotations

import ast
import functools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from ...diagnose.repair import functions_in
from ...observe.probes.codes import text_of, tree_of
from ...observe.probes.sites import Site
from ...observe.stage import Stage
from ...source.nearby import function_around

POINTS = np.linspace(0.15, 0.85, 6)  # at which most functions have a value, a probability among them
STEP, LOOSE = 1e-5, 1e-7  # the differences err by the square of the step
OF_NUMPY = ("tanh", "exp", "log", "sin", "cos", "sqrt")
SHORTEST = 3  # name of a function that another one may be called after


# Functions of one variable that are the same wherever they have these names
WELL_KNOWN = {
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)), "logistic": lambda x: 1 / (1 + np.exp(-x)),
    "sigm": lambda x: 1 / (1 + np.exp(-x)), "softplus": lambda x: np.log1p(np.exp(x)),
    "relu": lambda x: np.maximum(x, 0.0), "softsign": lambda x: x / (1 + np.abs(x)),
}  # fmt: skip


def is_right_by_itself(site: Site, stage: Stage) -> bool:
    """Whether a line is of a function that is what it is called, or the derivative of another one.

    A derivative may take what the other takes, `sigmoid_prime(z)`, or what that makes, `dtanh(a)`.
    """
    scope = {function.__name__: function for function in stage.reach.functions}
    own = {k: scope[k] for k, signature in functions_in(scope, "").items() if signature.required == 1}
    function = own.get(site.function)
    if function is None or function.__code__.co_filename != site.filename or loops(function):
        return False
    known = WELL_KNOWN.get(site.function.strip("_").lower())
    if known is not None and is_same_function(function, known):
        return True
    return any(is_slope_of(function, base) for base in bases(site.function, own))


def is_same_function(function: Callable[..., Any], other: Callable[..., Any]) -> bool:
    """Whether two functions of one variable are equal on both sides of 0.

    >>> [is_same_function(f, WELL_KNOWN["relu"]) for f in (lambda x: x * (x > 0), np.tanh)]
    [True, False]
    """
    points = np.concatenate((-POINTS, POINTS))
    try:
        with np.errstate(all="ignore"):
            return bool(np.allclose(function(points.copy()), other(points), LOOSE, LOOSE))
    except Exception:  # it takes no arrays
        return False


def bases(name: str, functions: Mapping[str, Any]) -> Iterator[Callable[..., Any]]:
    """The functions of one variable, the user's and NumPy's, that a function may be called after.

    None is run that loops: it trains, perhaps.

    >>> [f.__name__ for f in bases("d_tanh", {"square": lambda x: x**2})]
    ['tanh']
    """
    for other, held in functions.items():
        is_within = len(other) >= SHORTEST and other != name and other.lower() in name.lower()
        if is_within and not loops(held):
            yield held
    yield from (getattr(np, word) for word in OF_NUMPY if word in name.lower())


def loops(function: Any) -> bool:
    """Whether there is a loop in a function's source."""
    code = function.__code__
    tree = function_around(tree_of(code.co_filename, text_of(code.co_filename)), code.co_firstlineno)
    return any(isinstance(n, ast.For | ast.While) for n in ast.walk(tree))


@functools.lru_cache(maxsize=256)
def is_slope_of(function: Callable[..., Any], base: Callable[..., Any]) -> bool:
    """Whether a function is the derivative of another one, of its variable or of its value.

    >>> is_slope_of(lambda y: 1 - y**2, np.tanh), is_slope_of(np.cos, np.sin), is_slope_of(np.sin, np.cos)
    (True, True, False)
    """
    try:
        with np.errstate(all="ignore"):
            slope = (base(POINTS + STEP) - base(POINTS - STEP)) / (2 * STEP)
            made = (function(POINTS.copy()), function(base(POINTS)))
        return any(np.shape(m) == np.shape(slope) and np.allclose(m, slope, LOOSE, LOOSE) for m in made)
    except Exception:  # they take no arrays, or several arguments
        return False
