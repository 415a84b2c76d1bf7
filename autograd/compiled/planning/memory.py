"""The memory in which each result of a step is made: of the array that it is written into, or a buffer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ..program import Call, Effect, Guard, Value
from ..recording.tape import filled
from .quicker import exp_quietly


def straight(steps: list[Call | Guard], writes: list[Effect], kept: set[Value]) -> dict[Value, Value]:
    """The values that can be put straight into the array to which they belong.

    Their calls are made after all others, and none reads an array that one before it has written to.
    """
    used = {value for step in steps for value in step.operands()}
    found: dict[Value, Value] = {}
    gone: set[Value | None] = set()
    for effect in writes:
        value, array = effect.value, effect.array
        call = value.made
        if (
            takes_out(call)
            and value.base is None
            and value not in kept
            and value not in used
            and layout(value) == layout(array)
            and not any(operand.root in gone for operand in call.operands())
            and (elementwise(call) or all(operand.root is not array for operand in call.operands()))
        ):
            found[value] = array  # type: ignore[assignment]
        gone.add(array)
    return found


def sunk(steps: list[Call | Guard], into: dict[Value, Value], kept: set[Value]) -> list[Call | Guard]:
    """The steps with the calls of `into` at the end, each after the elementwise calls for it alone."""
    uses: dict[Value, int] = {}
    for step in steps:
        for value in {value.root for value in step.operands()}:
            uses[value] = uses.get(value, 0) + 1
    end: list[Call] = []
    for last in into:
        for value in dict.fromkeys(last.made.operands()):  # type: ignore[union-attr]
            made = value.made
            alone = made is not None and value not in kept and uses[value] == 1 and elementwise(made)
            if alone and not any(operand.root in into.values() for operand in made.operands()):
                end.append(made)
        end.append(last.made)  # type: ignore[arg-type]
    moved = set(end)
    return [step for step in steps if step not in moved] + end


def buffers(steps: list[Call | Guard], writes: list[Effect], kept: set[Value]) -> dict[Value, Any]:
    """Memory for the values that do not outlive a step: arrays that are used again once they are free."""
    last: dict[Value, int] = {}
    for i, step in enumerate(steps):
        for value in step.operands():
            last[value.root] = i
    for effect in writes:
        last[effect.value.root] = len(steps)
    free: dict[Any, list[Any]] = {}
    memory: dict[Value, Any] = {}

    def release(values: Iterable[Value], i: int) -> None:
        """Free the memory of the values that step i is the last to read."""
        for value in values:
            if last.get(value) == i and value in memory:
                free.setdefault(layout(value), []).append(memory[value])

    for i, step in enumerate(steps):
        roots = dict.fromkeys(value.root for value in step.operands())
        whole = (
            [v for v in roots if v in step.operands()] if isinstance(step, Call) and elementwise(step) else []
        )
        release(whole, i)
        if isinstance(step, Call) and has_buffer(step) and step.result not in kept:
            found = free.get(layout(step.result))
            memory[step.result] = found.pop() if found else np.empty_like(step.result.data)
            last.setdefault(step.result, i)
        release([value for value in roots if value not in whole], i)
    return memory


def has_buffer(step: Any) -> bool:
    """Whether a step is a call that can put its result into an array with axes."""
    return (
        isinstance(step, Call)
        and takes_out(step)
        and step.result.base is None
        and np.ndim(step.result.data) > 0
    )


def layout(value: Any) -> Any:
    """What two arrays have in common if one can be kept in the other's memory."""
    return value.data.shape, value.data.dtype, value.data.strides


def elementwise(call: Call) -> bool:
    """Whether element i of the result depends on element i of the arguments alone."""
    return call.function is exp_quietly or (
        isinstance(call.function, np.ufunc) and call.function.signature is None
    )


def takes_out(call: Call | None) -> bool:
    """Whether a call can put its result into a given array."""
    if call is None or "out" in call.kwargs:
        return False
    if isinstance(call.function, np.ufunc):
        return call.function.nout == 1
    return call.function in WITH_OUT and isinstance(call.result.data, np.ndarray)


WITH_OUT: set[Callable[..., Any]] = {
    *(np.ndarray.dot, np.dot, np.add.reduce, np.ndarray.sum, np.ndarray.max, np.ndarray.min, np.ndarray.any),
    *(np.ndarray.all, np.ndarray.prod, np.ndarray.cumsum, np.ndarray.cumprod, np.sum, np.max, np.min),
    *(
        filled,
        exp_quietly,
        np.mean,
        np.ndarray.mean,
        np.var,
        np.random.Generator.random,
        np.concatenate,
        np.stack,
    ),
}
