"""Calls that NumPy is slow at, in a form in which it is quicker, to the same numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..program import Call, Guard, Value
from ..recording.tape import filled

ARITHMETIC = {np.add, np.subtract, np.multiply, np.divide, np.maximum, np.minimum}
SMALL = 1000  # elements, up to which the overhead of a call outweighs its arithmetic
LARGEST = {"e": 11.0, "f": 88.0, "d": 709.0}  # by dtype, a number whose exponential is finite


def spelled_out(steps: list[Call | Guard]) -> list[Call | Guard]:
    """The steps, with what NumPy is slow at inside of an elementwise function made before it.

    On small arrays broadcasting costs more than the arithmetic, and so does, on all, a conversion: an
    array that is written into one of the result's shape and dtype first is read like any other.
    """
    found: list[Call | Guard] = []
    for step in steps:
        if isinstance(step, Call) and step.function is np.exp and quiet(step):
            step.function, step.errors = exp_quietly, None
        elif isinstance(step, Call) and step.function in ARITHMETIC and np.ndim(step.result.data):
            args = []
            for a in step.args:
                if type(a) is Value and differs(a.data, step.result.data):
                    options = {"shape": step.result.data.shape, "dtype": step.result.data.dtype}
                    call = Call(filled, (a,), options)
                    call.result = Value(np.empty_like(step.result.data), call)
                    found.append(call)
                    a = call.result
                args.append(a)
            step.args = tuple(args)
        found.append(step)
    return found


def differs(a: Any, result: Any) -> bool:
    """Whether an operand is better brought to the shape and dtype of the result first."""
    if np.ndim(a) == 0 or result.dtype.kind != "f":
        return False
    if a.shape == result.shape:
        return bool(a.dtype != result.dtype and np.can_cast(a.dtype, result.dtype, "safe"))
    return bool(1 < a.size < result.size < SMALL and a.dtype == result.dtype)


def quiet(call: Call) -> bool:
    """Whether a call of exp ignores overflow, on a small array."""
    (x,) = call.args
    small = type(x) is Value and x.data.dtype.char in LARGEST and 0 < x.data.size < SMALL
    return small and call.errors is not None and call.errors["over"] == "ignore"


def exp_quietly(x: Any, out: Any = None) -> Any:
    """`np.exp(x, out)` where overflow is to be ignored: on small arrays, it is quicker to look for it."""
    if x.item(x.argmax()) < LARGEST[x.dtype.char]:
        return np.exp(x, out)
    with np.errstate(over="ignore"):
        return np.exp(x, out)
