"""Planning: what of a recorded step is needed, in which order, and in whose memory.

The numbers stay bit for bit what they were: nothing is reassociated, and a call is left out only if no
one looks at its result, or an equal call was made before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..program import Call, Effect, Guard, Program, Value, mapped, values_in
from .calls import needed, shared, unchanging
from .memory import buffers, has_buffer, straight, sunk
from .quicker import spelled_out
from .signs import with_signs_moved


@dataclass(slots=True)
class Plan:
    """A program in the order in which it is to run.

    still    the calls and guards that do the same in every step while the arrays in `sources` are the same
    sources  these arrays
    steps    the other calls and guards that are needed
    into     the values that are put straight into an array that was there before, with this array
    writes   the effects that write into such arrays
    effects  the others
    result   what is returned
    memory   for each other value that does not get new memory, the array into which it is put
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
    """The plan of a program: its calls in order, with the memory for each result."""
    outliving = {*values_in([program.result, *(e.value for e in program.effects)])}
    written = {effect.array for effect in program.effects}
    steps, replaced = shared(spelled_out(with_signs_moved(program.steps, outliving)), outliving, written)

    def replace(tree: Any) -> Any:
        """Nested values, where each is replaced by the one that has taken its place."""
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
