"""The lines that compute again what a backward pass needs of the forward pass, and finds nowhere.

A variable that was bound again holds only its last value, and so does a variable of a loop if f keeps no
list of its values.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence, Set
from dataclasses import replace
from typing import Any

import numpy as np

from ...engine import LEAF, Node
from ...errors import DerivationError
from ...formulas.algebra.expressions import ZERO, Expr, Ref, name, walk
from ...formulas.reading.read import Reader
from ...tensor import Tensor
from ..reading.naming import Names, Variable, held
from ..reading.observe import Run
from ..reading.walk import Line
from .alike import Alike, NotAlikeError
from .items import Item, Loop
from .loops import Aliases, Counter
from .order import after_what_they_use


def missing(values: Sequence[Expr], names: Names, lists: Set[Any] = frozenset()) -> list[Line]:
    """The lines that compute what values need and no variable holds any more, the oldest first.

    `lists` are read by loops, and so need all of their entries.
    """
    by_ref = {v.ref: (key, v) for key, v in names.variables.items() if not v.available}
    lines: dict[Ref, Line] = {}
    needed: set[Any] = set()
    waiting = {e.data for value in values for e in walk(value) if e.head == "name"}
    if lists:
        by_ref |= (beside := entries_beside(waiting, lists, names))
        waiting |= {*beside}
    while new := {ref: by_ref[ref] for ref in waiting if ref in by_ref and ref not in lines}:
        needed |= {key for key, _ in new.values()}
        known = {n: e for n, e in names.exprs.items() if names.variables[n].available or n in needed}
        reader = Reader(known, names.constant)
        lines |= {ref: line_of(key, v, reader, names) for ref, (key, v) in new.items()}
        beside = entries_beside(lines, lists, names) if lists else {}
        by_ref |= beside
        waiting = {e.data for ref in new for e in walk(lines[ref].value) if e.head == "name"} | {*beside}
    return after_what_they_use(sorted(lines.values(), key=lambda x: x.variable.event if x.variable else -1))


def entries_beside(refs: Iterable[Ref], lists: Set[Any], names: Names) -> dict[Ref, tuple[Any, Variable]]:
    """The other entries of lists, where several are needed: all entries before the last of these.

    If a loop in a loop fills a list, all its entries are needed: else the inner loop would be shorter in the
    last round of the outer one.
    """
    known: dict[Any, list[int]] = {}
    for ref in refs:
        if len(ref) == 2 and type(ref[1]) is int:
            known.setdefault(ref[0], []).append(ref[1])
    nested = {ref[0] for ref, (_, v) in names.entries.items() if len(v.turns) > 1}
    last = {base: float("inf") if base in nested else max(ks) for base, ks in known.items() if len(ks) > 1}
    last |= {base: float("inf") for base in lists - last.keys()}
    return {ref: entry for ref, entry in names.entries.items() if ref[1] <= last.get(ref[0], -1)}


def line_of(key: Any, variable: Variable, reader: Reader, names: Names) -> Line:
    """The line that computes one value again.

    Raises DerivationError for the first value of an input that f binds again.
    """
    node, data = (key, key.data) if isinstance(key, Node) else made_as(key, names.run)
    own, shape = names.variables[key], np.shape(data)
    given = next((ref[0] for ref, leaf in names.run.leaves.items() if leaf is key), None)
    if given is not None:
        raise DerivationError(
            f"{given} is an input that the function binds again, so that its first value has no name in the "
            f"end: begin with another name, {given}_t = {given}"
        )
    if own.ref != variable.ref and own.series != variable.ref[0]:  # an entry that another variable holds
        value = name(own.ref, shape)
    else:
        value = names.constant.spelled(data) if node is None else reader.definition(node)
    return Line(name(variable.ref, shape), value, shape, variable, node, turns=variable.turns)


def made_as(key: int, one: Run) -> tuple[Node | None, Any]:
    """The node that computed an array with this identity, if one was recorded, and the array."""
    value = next(event.value for event in one.events if id(held(event.value)) == key)
    node = value.node if type(value) is Tensor else None
    return (node if node is not None and node.op is not LEAF else None), held(value)


def folded_again(lines: Sequence[Line], counter: Counter, aliases: Aliases) -> list[Item]:
    """The lines with loops, which fill lists, in the place of rounds.

    Raises NotAlikeError if no line computes an entry of a list.
    """
    found: list[Line] = []
    begin, around, length = 0, None, dict[Any, int]()
    for line in lines:
        base, *index = line.target.data
        if around != (loop := line.turns[0][0] if line.turns else None):
            begin, around = len(found), loop
        if index != [length.get(base, 0)] and index:
            raise NotAlikeError
        if index:
            is_begun, length[base] = base in length, index[0] + 1
            target = name((base,), ())
            if not is_begun and line.turns:
                found.insert(begin, Line(target, ZERO, line.shape, sign="empty"))
                begin += 1
            is_first = not is_begun and not line.turns
            line = replace(line, target=target, sign="values" if is_first else "append")
        found.append(line)
    return in_loops(found, counter, aliases)


def in_loops(
    lines: Sequence[Line], counter: Counter, aliases: Aliases, around: tuple[str, ...] = ()
) -> list[Item]:
    """Lines with a loop in the place of each run of rounds that are alike."""
    found: list[Item] = []
    for loop, run in itertools.groupby(lines, lambda x: x.turns[0][0] if x.turns else None):
        if loop is None:
            found += run
            continue
        rounds = [list(one) for _, one in itertools.groupby(run, lambda x: x.turns[0][1])]
        inner = (*around, counter(loop, around))
        try:
            body = alike_lines(rounds, Alike(inner[-1:], [(t,) for t in range(len(rounds))], aliases))
        except NotAlikeError:
            found += in_loops([x for one in rounds for x in inside(one)], counter, aliases, around)
        else:
            found.append(Loop([(inner[-1], len(rounds))], False, in_loops(body, counter, aliases, inner)))
    return found


def inside(lines: Sequence[Line]) -> list[Line]:
    """Lines of a round, as they are inside of it, without its turn."""
    return [replace(x, turns=x.turns[1:]) for x in lines]


def alike_lines(rounds: Sequence[Sequence[Line]], alike: Alike) -> list[Line]:
    """The lines of one round that stand for all rounds.  Raises NotAlikeError if the rounds differ."""
    if len({tuple((x.target, x.sign, x.turns[1:]) for x in one) for one in rounds}) > 1:
        raise NotAlikeError
    columns = zip(*rounds, strict=True)
    return [replace(c[0], value=alike([x.value for x in c]), turns=c[0].turns[1:]) for c in columns]
