"""The layout of a whole derivation: lines, loops, and what has to be computed again."""

from __future__ import annotations

from dataclasses import replace

from ..algebra.arrays import lean, replaced, writable
from ..algebra.expressions import Expr, is_call, name, walk
from ..algebra.indexing import take
from ..reading.naming import Names
from ..reading.observe import Run
from ..reading.walk import Line
from .alike import NotAlikeError
from .lines import named, with_names
from .loops import Folding, Item, Loop, spread
from .recompute import folded_again, missing


def laid_out(lines: list[Line], names: Names, first: Run, remarks: list[str], fold: bool) -> list[Item]:
    """Loops folded, sums of alike terms spread over loops, and names for what is used twice."""
    for base in {line.target.data[0] for line in lines if line.variable and line.variable.turn is not None}:
        alone = [x for x in lines if x.target.data[0] == base]
        if len(alone) == 1:
            renamed(alone[0].target, name((base,), alone[0].target.shape), lines)
            alone[0].variable = replace(alone[0].variable, turn=None, loop=None)  # type: ignore[type-var]
    loops = sorted({v.loop for line in lines if (v := line.variable) and v.loop is not None})
    again = missing([line.value for line in lines], names)
    try:
        if len(loops) != 1 or not fold:
            raise NotAlikeError
        counter = first.counters.get(loops[0], "t")
        ahead = folded_again(again, loops[0], counter, names.aliases)
        items = [*ahead, *Folding(loops[0], counter, lines, names.aliases).folded()]
    except NotAlikeError:
        items = written_out([*again, *lines])
        if loops:
            remarks.append("the rounds of the loop are not alike, so each is written out")
    found: list[Item] = []
    for item in items:
        found += (None if isinstance(item, Loop) else spread(item, names.aliases)) or [item]
    for item in found:
        if isinstance(item, Loop):
            item.over = length_of(item, first)
            item.body = with_names(item.body)
    found = merged(found, with_names([i for i in found if not isinstance(i, Loop)]))
    named(found, {str(ref[0]) for ref in first.available})
    every = [line for item in found for line in (item.body if isinstance(item, Loop) else [item])]
    passing = {line.target for line in every if not line.wanted}
    for line in every:
        line.value = lean(line.value)
        if line.wanted and line.sign == "=" and not passing & set(walk(line.value)):
            line.value = writable(line.value)  # what is returned shares no memory with what was given
    return found


def merged(items: list[Item], lines: list[Line]) -> list[Item]:
    """The items with the lines in between that were added to theirs."""
    rest, result = iter(lines), list[Item]()
    for item in items:
        if isinstance(item, Loop):
            result.append(item)
        else:
            for line in rest:
                result.append(line)
                if line is item:
                    break
    return [*result, *rest]


def written_out(lines: list[Line]) -> list[Item]:
    """The lines of rounds with names of their own: dh3, h3."""
    for line in list(lines):
        ref = line.target.data
        if len(ref) > 1 and line.variable is not None and line.variable.turn is not None:
            root = ref[0] if line.target.data[0].startswith("d") else line.variable.base
            renamed(line.target, name((f"{root}_{ref[1]}",), line.target.shape), lines)
    return list(lines)


def renamed(old: Expr, new: Expr, lines: list[Line]) -> None:
    for line in lines:
        line.value = replaced(line.value, {old: new})
        line.target = new if line.target is old else line.target


def length_of(loop: Loop, first: Run) -> str:
    """What a loop runs over: the length of an array that each turn takes one part of."""
    counter, n = loop.counters[0]
    if len(loop.counters) > 1:
        return ""
    for line in loop.body:
        for e in walk(line.value):
            if e.head == "name" and len(e.data) == 2 and str(e.data[1]) == counter:
                held = first.available.get((e.data[0],))
                if isinstance(held, list | tuple) and len(held) == n:
                    return f"len({e.data[0]})"
            if is_call(e, take) and e.args[0].head == "name" and len(e.args[0].data) == 1:
                index = dict(e.data[1])["index"]
                if str(index[0]) == counter and e.args[0].shape[0] == n:
                    return f"len({e.args[0].data[0]})"
    return ""
