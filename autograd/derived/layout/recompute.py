"""What a backward pass needs of the forward pass, and finds nowhere: the lines that compute it again.

A variable that was bound again holds its last value only, and so does that of a loop, if f keeps no list.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...engine import Node
from ..algebra.expressions import ZERO, Expr, Ref, name, walk
from ..reading.naming import Names, Variable
from ..reading.read import Reader
from ..reading.walk import Line
from .alike import Alike, NotAlikeError
from .loops import Item, Loop


def missing(values: Sequence[Expr], names: Names) -> list[Line]:
    """The lines that compute what values are made of and no variable holds any more, the oldest first."""
    by_ref = {v.ref: (key, v) for key, v in names.variables.items() if not v.available}
    needed: dict[Any, Variable] = {}
    lines: list[Line] = []
    waiting = list(values)
    while True:
        used = {e.data for value in waiting for e in walk(value) if e.head == "name"}
        new = {key: v for ref, (key, v) in by_ref.items() if ref in used and key not in needed}
        if not new:
            return sorted(lines, key=lambda x: x.node.index if x.node else -1)
        needed |= new
        known = {n: e for n, e in names.exprs.items() if names.variables[n].available or n in needed}
        reader = Reader(known, names.constant)
        made = [line_of(key, v, reader, names) for key, v in new.items()]
        lines += made
        waiting = [x.value for x in made]


def line_of(key: Any, variable: Variable, reader: Reader, names: Names) -> Line:
    """The line of one value."""
    if isinstance(key, Node):
        value, shape, node = reader.definition(key), np.shape(key.data), key
    else:
        data = next(
            e.value
            for e in names.run.events
            if id(getattr(e.value, "data", None)) == key or id(e.value) == key
        )
        data = np.asarray(getattr(data, "data", data) if not isinstance(data, np.ndarray) else data)
        value, shape, node = names.spelled(data), data.shape, None
    return Line(name(variable.ref, shape), value, shape, variable, node)


def folded_again(
    lines: list[Line], loop: int, counter: str, aliases: Mapping[Expr, Sequence[Ref]]
) -> list[Item]:
    """The lines with a loop that fills lists in the place of its rounds.  Raises NotAlikeError."""
    inside = [(x, x.variable.turn) for x in lines if x.variable and x.variable.loop == loop]
    if not inside:
        return list(lines)
    rounds_ = [x for x, _ in inside]
    bases: dict[str, dict[int, Line]] = {}
    for line, turn in inside:
        bases.setdefault(line.target.data[0], {})[turn or 0] = line
    turns = 1 + max(t for rounds in bases.values() for t in rounds)
    starts, body = [], []
    initial = {x.target.data[0]: x for x in lines if len(x.target.data) > 1 and x not in rounds_}
    for base, rounds in bases.items():
        if sorted(rounds) != list(range(turns)):
            raise NotAlikeError
        value = Alike((counter,), [(t,) for t in range(turns)], aliases)(
            [rounds[t].value for t in range(turns)]
        )
        first = initial.get(base)
        offset = rounds[0].target.data[1]
        held = (
            first.value
            if first
            else name((initial_name(base, aliases),), rounds[0].shape)
            if offset
            else ZERO
        )
        starts.append(Line(name((base,), ()), held, rounds[0].shape, sign="values" if offset else "empty"))
        body.append(Line(name((base,), ()), value, rounds[0].shape, rounds[0].variable, sign="append"))
    others = [x for x in lines if x not in rounds_ and x not in initial.values()]
    begin = min(x.node.index for x, _ in inside if x.node)
    before = [x for x in others if x.node is None or x.node.index < begin]
    after = [x for x in others if x not in before]
    return [*before, *starts, Loop([(counter, turns)], False, body), *after]


def initial_name(base: str, aliases: Mapping[Expr, Sequence[Ref]]) -> str:
    """The variable that holds what a list of values begins with."""
    return next(str(e.data[0]) for e, refs in aliases.items() if (base, 0) in refs and len(e.data) == 1)
