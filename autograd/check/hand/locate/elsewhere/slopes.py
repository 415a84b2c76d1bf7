"""Helpers that are right by themselves: the derivative of another function, by differences."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from ...observe.probes.sites import Site
from ...observe.stage import Stage

POINTS = np.linspace(0.15, 0.85, 6)  # at which most functions have a value, a probability among them
STEP, LOOSE = 1e-5, 1e-7  # the differences err by the square of the step
OF_NUMPY = ("tanh", "exp", "log", "sin", "cos", "sqrt")
SHORTEST = 3  # name of a function that another one may be called after


def is_right_slope(site: Site, stage: Stage) -> bool:
    """Whether a line is of a function that is the derivative of another one which it is called after.

    It may take what the other takes, `sigmoid_prime(z)`, or what that makes, `dtanh(a)`.
    """
    outer = stage.backward or stage.forward
    scope: Mapping[str, Any] = getattr(getattr(outer, "__func__", outer), "__globals__", {})
    function = scope.get(site.function)
    if not inspect.isfunction(function) or function.__code__.co_filename != site.filename:
        return False
    return any(is_slope_of(function, base) for base in bases(site.function, scope))


def bases(name: str, scope: Mapping[str, Any]) -> Iterator[Callable[..., Any]]:
    """The functions of one variable, the user's and NumPy's, that a function may be called after.

    >>> [f.__name__ for f in bases("d_tanh", {"tan": len})]
    ['tanh']
    """
    for other, held in scope.items():
        is_within = len(other) >= SHORTEST and other != name and other.lower() in name.lower()
        if is_within and inspect.isfunction(held) and held.__module__ == scope.get("__name__"):
            yield held
    yield from (getattr(np, word) for word in OF_NUMPY if word in name.lower())


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
