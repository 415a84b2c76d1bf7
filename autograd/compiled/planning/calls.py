"""Which calls of a step are made: none twice, none in vain, and some only if an array has changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..program import CONSTANT, FIXED, Call, Guard, Value, mapped, values_in


def shared(
    steps: list[Call | Guard], outliving: set[Value], written: set[Value | None]
) -> tuple[list[Call | Guard], dict[Value, Value]]:
    """The steps without those that were made before, and what takes the place of their results.

    A copy is the same value as its original, unless that is written into.  But two values that outlive the
    step have memory of their own if they had it in the step.
    """
    found: dict[Any, Value] = {}
    replaced: dict[Value, Value] = {}
    kept: list[Call | Guard] = []
    owned = {value.root for value in outliving}  # memory that a value which outlives the step owns already

    def current(leaf: Any) -> Any:
        """The value that has taken the place of a leaf, or the leaf itself."""
        return replaced.get(leaf, leaf) if type(leaf) is Value else leaf

    def take_place(value: Value, other: Value) -> bool:
        """Let another value take the place of one, if it may; the result says whether it may."""
        if value in outliving:
            if other.root.made is None or other.root in owned or not isinstance(other.data, np.ndarray):
                return False
            owned.add(other.root)
        replaced[value] = other
        return True

    for step in steps:
        redirect(step, current)
        if isinstance(step, Guard):
            kept.append(step)
            continue
        if is_copy(step, written) and take_place(step.result, step.args[0]):
            continue
        key = (step.function, identity(step.args), identity(step.kwargs)) if step.pure else step
        if key not in found or not take_place(step.result, found[key]):
            found.setdefault(key, step.result)
            kept.append(step)
    return kept, replaced


def redirect(step: Call | Guard, current: Callable[[Any], Any]) -> None:
    """Let a step read, in the place of each value, the `current` one."""
    if isinstance(step, Guard):
        step.value = current(step.value)
        return
    step.args, step.kwargs = mapped(step.args, current), mapped(step.kwargs, current)
    if step.result.base is not None:
        step.result.base = current(step.result.base)


def is_copy(call: Call, written: set[Value | None]) -> bool:
    """Whether a call copies an array that is never written into, so that the copy is the same value."""
    return call.function in COPIES and len(call.args) == 1 and call.args[0].root not in written


COPIES = {np.ndarray.copy, np.copy}


def identity(tree: Any) -> Any:
    """A key that is equal for equal arguments: of numbers by their value, of arrays by their identity."""
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
    """The steps on which the roots depend, and all guards and draws of random numbers."""
    wanted = set(values_in(roots))
    kept = []
    for step in reversed(steps):
        if isinstance(step, Guard) or not step.pure or step.result in wanted:
            wanted |= set(step.operands())
            kept.append(step)
    return kept[::-1]


def unchanging(steps: list[Call | Guard], moving: set[Any]) -> tuple[list[Call | Guard], list[Value]]:
    """The steps that depend only on small arrays which the program does not change, and these arrays.

    They are made again only if an array has other bytes than in the step before: a target that the step
    closes over is checked, and brought to rows, once.  Both lists are empty where that would not save enough.
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
    """Whether a value is an array that is the same in every step, and small enough to compare its bytes."""
    array = value.data
    fixed = value.made is None and value.load in (FIXED, CONSTANT) and isinstance(array, np.ndarray)
    return fixed and array.nbytes <= 4096 and value not in moving
