"""Calls at which NumPy is slow, in a form that is quicker and gives the same numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..program import Call, Guard, Value
from ..recording.tape import filled

ARITHMETIC = {np.add, np.subtract, np.multiply, np.divide, np.maximum, np.minimum}
SMALL = 1000  # the number of elements below which the overhead of a call outweighs its arithmetic
LARGEST = {"e": 11.0, "f": 88.0, "d": 709.0}  # by dtype, a number whose exponential is finite


def spelled_out(steps: list[Call | Guard]) -> list[Call | Guard]:
    """The steps, where broadcasting and conversions come before the elementwise functions that need them.

    On small arrays broadcasting costs more than the arithmetic, and on all arrays a conversion does: an array
    that is first written into one of the result's shape and dtype is read like any other.
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
    """Whether it is quicker to bring an operand to the shape and dtype of the result first."""
    if np.ndim(a) == 0 or result.dtype.kind != "f":
        return False
    if a.shape == result.shape:
        return bool(a.dtype != result.dtype and np.can_cast(a.dtype, result.dtype, "safe"))
    return bool(1 < a.size < result.size < SMALL and a.dtype == result.dtype)


def quiet(call: Call) -> bool:
    """Whether a call of exp takes a small array and ignores overflow."""
    (x,) = call.args
    small = type(x) is Value and x.data.dtype.char in LARGEST and 0 < x.data.size < SMALL
    return small and call.errors is not None and call.errors["over"] == "ignore"


def exp_quietly(x: Any, out: Any = None) -> Any:
    """`np.exp(x, out)` without warnings of overflow: on small arrays it is quicker to look for it first."""
    if x.item(x.argmax()) < LARGEST[x.dtype.char]:
        return np.exp(x, out)
    with np.errstate(over="ignore"):
        return np.exp(x, out)
