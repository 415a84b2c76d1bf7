"""Minus signs moved along a program, until two of them meet: a backward pass is full of them.

-a b is -(a b), a + (-b) is a - b, and -(a - b) is b - a, to the last bit but for the sign of a zero.  So a
negation is not made where it stands: it is noted, moves along with products and sums, and is made only where
something else looks at the number.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..program import Call, Guard, Value


def with_signs_moved(steps: list[Call | Guard], outliving: set[Value]) -> list[Call | Guard]:
    """The steps with fewer negations.  The values in `outliving` stay what they are."""
    signs = Signs()
    for step in steps:
        if type(step) is Call and step.function in (*MOVING, np.negative) and is_real(step):
            signs.move(step)
            if step.result in outliving:  # if its sign was moved, `made` is of another value by now
                signs.settled(step.result)
        else:
            for value in list(step.operands()):
                signs.settled(value)
            signs.steps.append(step)
    for value in outliving:
        signs.settled(value)
    return signs.steps


MOVING = {np.multiply, np.divide, np.add, np.subtract}


def is_real(call: Call) -> bool:
    """Whether a call takes only arrays of floats and numbers."""
    kinds = {v.data.dtype.kind if hasattr(v.data, "dtype") else "f" for v in call.operands()}
    return kinds == {"f"} and not call.kwargs and not call.errors and np.ndim(call.result.data) > 0


class Signs:
    """The steps so far, and the values whose minus sign is still to be made, each with its negative."""

    def __init__(self) -> None:
        self.steps: list[Call | Guard] = []
        self.minus: dict[Value, Value] = {}

    def move(self, call: Call) -> None:
        """Note a negation, or make an operation on operands without their minus signs."""
        negated = [type(a) is Value and a in self.minus for a in call.args]
        args = [self.minus.get(a, a) if type(a) is Value else a for a in call.args]
        if call.function is np.negative:
            if negated[0] and not isinstance(call.args[0], int | float):
                self.same(call, args[0])
            elif type(args[0]) is Value:
                self.minus[call.result] = args[0]
            return
        if call.function in (np.multiply, np.divide):
            self.make(call, call.function, args, negated[0] != negated[1])
            return
        one, other = negated[0], negated[1] != (call.function is np.subtract)  # a + b, or a - b as a + (-b)
        if one == other:
            self.make(call, np.add, args, one)
        else:
            self.make(call, np.subtract, args if other else args[::-1], False)

    def make(self, call: Call, function: Any, args: list[Any], negated: bool) -> None:
        """Let a call compute its result without minus signs, and note whether one is still to be made."""
        call.function, call.args = function, tuple(args)
        if negated:
            positive = Value(call.result.data, call)
            self.minus[call.result] = positive
            call.result = positive
        self.steps.append(call)

    def same(self, call: Call, value: Value) -> None:
        """Let the result of a second negation be a copy of the value that was negated first."""
        copy = Call(np.ndarray.copy, (value,), {})
        copy.result, call.result.made = call.result, copy
        self.steps.append(copy)

    def settled(self, value: Value) -> None:
        """Make the minus sign of a value, if it is still to be made."""
        if value.base is not None:
            self.settled(value.base)
        if value in self.minus:
            call = Call(np.negative, (self.minus.pop(value),), {})
            of = call.args[0].made
            if of is not None and of.function is np.subtract and of in self.steps and self.alone(of):
                self.steps.remove(of)
                call = Call(np.subtract, of.args[::-1], {})
            call.result, value.made = value, call
            self.steps.append(call)

    def alone(self, call: Call) -> bool:
        """Whether nothing but the value whose sign is being made looks at a result."""
        return call.result not in self.minus.values() and not any(
            call.result in step.operands() for step in self.steps
        )
