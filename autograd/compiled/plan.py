"""Planning: what of a recorded step is needed, in which order, and in whose memory.

The numbers stay bit for bit what they were: nothing is reassociated, and a call is left out only if no
one looks at its result, or an equal call was made before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .program import CONSTANT, FIXED, Call, Effect, Guard, Program, Value, mapped, values_in
from .recording.tape import filled
from .signs import with_signs_moved


@dataclass(slots=True)
class Plan:
    """A program in the order in which it is to run.

    still    the calls and guards that do the same as in the step before while some arrays are the same
    sources  those arrays
    steps    the other calls and guards that are needed
    into     the values that are put straight into an array that was there before, and which
    writes   the effects that write into such arrays
    effects  the others
    result   what is returned
    memory   for each other value that does not own new memory: the array that it is put into
    """

    still: list[Call | Guard]
    sources: list[Value]
    steps: list[Call | Guard]
    into: dict[Value, Value]
    writes: list[Effect]
    effects: list[Effect]
    result: Any
    memory: dict[Value, Any]


def plan(program: Program) -> Plan:
    """The plan of a program."""
    outliving = {*values_in([program.result, *(e.value for e in program.effects)])}
    written = {effect.array for effect in program.effects}
    steps, replaced = shared(spelled_out(with_signs_moved(program.steps, outliving)), outliving, written)

    def replace(tree: Any) -> Any:
        return mapped(tree, lambda leaf: replaced.get(leaf, leaf) if type(leaf) is Value else leaf)

    result = replace(program.result)
    effects = [Effect(e.target, replace(e.value), e.array) for e in program.effects]
    steps = needed(steps, [result, *(effect.value for effect in effects)])
    writes, stores = [e for e in effects if not e.target], [e for e in effects if e.target]
    kept = {value.root for value in values_in([result, *(e.value for e in stores)])}
    into = straight(steps, writes, kept)
    still, sources = unchanging(steps, {*kept, *written})
    steps = sunk([step for step in steps if step not in still], into, kept)
    memory = {
        step.result: np.empty_like(step.result.data)
        for step in still
        if isinstance(step, Call) and has_buffer(step)
    }
    memory |= buffers(steps, writes, {*kept, *into})
    return Plan(still, sources, steps, into, writes, stores, result, memory)


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


ARITHMETIC = {np.add, np.subtract, np.multiply, np.divide, np.maximum, np.minimum}
SMALL = 1000


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


def shared(
    steps: list[Call | Guard], outliving: set[Value], written: set[Value | None]
) -> tuple[list[Call | Guard], dict[Value, Value]]:
    """The steps without those that were made before, and what takes the place of their results.

    A copy is the same value as what it is of, unless that is written into.  But two values that outlive
    the step have memory of their own, if they had it in the step.
    """
    found: dict[Any, Value] = {}
    replaced: dict[Value, Value] = {}
    kept: list[Call | Guard] = []
    owned = {value.root for value in outliving}  # what has an owner already that outlives the step

    def current(leaf: Any) -> Any:
        return replaced.get(leaf, leaf) if type(leaf) is Value else leaf

    def take_place(value: Value, other: Value) -> bool:
        """Let another value take the place of one, if it may."""
        if value in outliving:
            if other.root.made is None or other.root in owned or not isinstance(other.data, np.ndarray):
                return False
            owned.add(other.root)
        replaced[value] = other
        return True

    for step in steps:
        if isinstance(step, Guard):
            step.value = current(step.value)
            kept.append(step)
            continue
        assert isinstance(step, Call)
        step.args, step.kwargs = mapped(step.args, current), mapped(step.kwargs, current)
        if step.result.base is not None:
            step.result.base = current(step.result.base)
        is_copy = step.function in COPIES and len(step.args) == 1 and step.args[0].root not in written
        if is_copy and take_place(step.result, step.args[0]):
            continue
        key = (step.function, identity(step.args), identity(step.kwargs)) if step.pure else step
        if key not in found or not take_place(step.result, found[key]):
            found.setdefault(key, step.result)
            kept.append(step)
    return kept, replaced


COPIES = {np.ndarray.copy, np.copy}


def identity(tree: Any) -> Any:
    """What tells one argument from another."""
    if type(tree) in (tuple, list):
        return type(tree), tuple(map(identity, tree))
    if type(tree) is dict:
        return tuple((key, identity(part)) for key, part in tree.items())
    if type(tree) is slice:
        return slice, identity((tree.start, tree.stop, tree.step))
    if isinstance(tree, bool | int | float | complex | str | np.generic | type(None)):
        return type(tree), repr(tree)
    return id(tree)


def needed(steps: list[Call | Guard], roots: list[Any]) -> list[Call | Guard]:
    """The steps on which the roots depend, those that decide, and those that draw."""
    wanted = set(values_in(roots))
    kept = []
    for step in reversed(steps):
        if isinstance(step, Guard) or not step.pure or step.result in wanted:
            wanted |= set(step.operands())
            kept.append(step)
    return kept[::-1]


def unchanging(steps: list[Call | Guard], moving: set[Any]) -> tuple[list[Call | Guard], list[Value]]:
    """The steps that depend on small arrays alone which the program does not change, and those arrays.

    They are made again only where the bytes of an array are others than in the step before: a target that
    is closed over is checked, and brought to rows, once.  None, where that would not save enough.
    """
    sources: dict[Value, None] = {}
    made: set[Value] = set()
    found: list[Call | Guard] = []
    for step in steps:
        if isinstance(step, Call) and (not step.pure or step.errors or step.result.root in moving):
            continue
        roots = [value.root for value in step.operands()]
        if roots and all(root in made or is_small(root, moving) for root in roots):
            found.append(step)
            if isinstance(step, Guard) or step.result.base is None:  # a view costs nothing
                sources |= {root: None for root in roots if root.made is None and root.load == FIXED}
            if isinstance(step, Call):
                made.add(step.result.root)
    work = sum(isinstance(step, Guard) or step.result.base is None for step in found)
    return (found, [*sources]) if work > 2 * len(sources) else ([], [])


def is_small(value: Value, moving: set[Any]) -> bool:
    """Whether a value is an array that is there in every step, and small enough to compare its bytes."""
    array = value.data
    fixed = value.made is None and value.load in (FIXED, CONSTANT) and isinstance(array, np.ndarray)
    return fixed and array.nbytes <= 4096 and value not in moving


def straight(steps: list[Call | Guard], writes: list[Effect], kept: set[Value]) -> dict[Value, Value]:
    """The values that can be put straight into the array that they belong in.

    Their calls are made when all else has been, and none reads an array that one before it has written to.
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
    """The steps with the calls of `into` at the end, each after what is made elementwise for it alone."""
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
    """Memory for the values that do not outlive a step: arrays that are used again when done with."""
    last: dict[Value, int] = {}
    for i, step in enumerate(steps):
        for value in step.operands():
            last[value.root] = i
    for effect in writes:
        last[effect.value.root] = len(steps)
    free: dict[Any, list[Any]] = {}
    memory: dict[Value, Any] = {}

    def release(values: Iterable[Value], i: int) -> None:
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


def exp_quietly(x: Any, out: Any = None) -> Any:
    """`np.exp(x, out)` where overflow is to be ignored: on small arrays, it is quicker to look for it."""
    if x.item(x.argmax()) < LARGEST[x.dtype.char]:
        return np.exp(x, out)
    with np.errstate(over="ignore"):
        return np.exp(x, out)


LARGEST = {"e": 11.0, "f": 88.0, "d": 709.0}  # whose exponential is finite


def has_buffer(step: Any) -> bool:
    """Whether a step is a call that can put its result into an array with axes."""
    return (
        isinstance(step, Call)
        and takes_out(step)
        and step.result.base is None
        and np.ndim(step.result.data) > 0
    )


def layout(value: Any) -> Any:
    """What two arrays have in common where one can be kept in the other's memory."""
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
