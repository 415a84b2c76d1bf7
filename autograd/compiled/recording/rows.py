"""The rows of the table, whose functions and rules go on the tape while a step is recorded."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ...engine import project, row_of_ones
from ...ops import Op, table, unknown
from .standin import StandIn
from .tape import Tape


@contextlib.contextmanager
def rows_on(tape: Tape) -> Iterator[None]:
    """A block in which the functions and rules of the table write calls with stand-ins on the tape.

    Other threads may use the table meanwhile, as a call without stand-ins does what it always does.
    """
    before = [(op, op.call, op.rules) for op in table.values() if not op.each]
    try:
        for op, call, rules in before:
            op.call = on_tape(tape, call)
            if not op.several:
                op.rules = tuple(rule_on_tape(tape, op, i, r) for i, r in enumerate(rules))
        yield
    finally:
        for op, call, rules in before:
            op.call, op.rules = call, rules


def on_tape(tape: Tape, function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of the table that puts calls with stand-ins on the tape, and makes the others."""

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        """The call, written on the tape if a stand-in takes part."""
        if any(type(a) is StandIn for a in args):
            return tape.function(function, args, kwargs)
        return function(*args, **kwargs)

    return call


def rule_on_tape(tape: Tape, op: Op, index: int, rule: Any) -> Any:
    """A rule that sums over broadcast axes itself, so that the sum is on the tape too."""
    if rule is None or rule is unknown:
        return rule
    on = on_tape(tape, rule)
    onto = on_tape(tape, projected)

    @functools.wraps(rule)
    def call(g: Any, y: Any, *args: Any, **kwargs: Any) -> Any:
        """The cotangent of the argument, in its shape and dtype."""
        gi, a = on(g, y, *args, **kwargs), args[index]
        return onto(gi, a) if op.broadcasts and (gi.shape != a.shape or gi.dtype != a.dtype) else gi

    return call


def projected(g: Any, a: Any) -> Any:
    """`project(g, a)` in calls that can be recorded: its fast way calls a method of an array of ones."""
    if a.ndim == g.ndim == 2 and len(a) == 1 and g.shape[1] == a.shape[1] and len(g) < 999:
        summed = np.dot(row_of_ones(len(g), g.dtype), g)
        return project(summed, a)
    return project(g, a)
